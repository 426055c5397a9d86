//! Dead letters as the REST face shows them.
use crate::query::Limit;
use crate::routes::given;
use crate::times::{Garbled, Instant};
use proto::events as pb;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A service that takes the events of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
pub enum EventConsumer {
    #[serde(rename = "appointment-svc")]
    Appointment,
    #[serde(rename = "notification-svc")]
    Notification,
}

/// What was decided about an event that could not be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeadLetterState {
    /// Nothing yet.
    Dead,
    /// It is in its queue again.
    Replayed,
    /// It will have no effect.
    Discarded,
}

impl From<DeadLetterState> for pb::DeadLetterState {
    fn from(state: DeadLetterState) -> Self {
        match state {
            DeadLetterState::Dead => Self::Dead,
            DeadLetterState::Replayed => Self::Replayed,
            DeadLetterState::Discarded => Self::Discarded,
        }
    }
}

impl TryFrom<pb::DeadLetterState> for DeadLetterState {
    type Error = Garbled;

    fn try_from(state: pb::DeadLetterState) -> Result<Self, Garbled> {
        match state {
            pb::DeadLetterState::Dead => Ok(Self::Dead),
            pb::DeadLetterState::Replayed => Ok(Self::Replayed),
            pb::DeadLetterState::Discarded => Ok(Self::Discarded),
            pb::DeadLetterState::Unspecified => Err(Garbled("state")),
        }
    }
}

/// An event that a service could not take.
#[derive(Serialize, ToSchema)]
pub struct DeadLetter {
    #[schema(value_type = Uuid)]
    pub id: String,
    /// Where it waited.
    #[schema(example = "notification-svc.appointments")]
    pub queue: String,
    /// The id of the event, or what stands for it when it has none.
    #[schema(example = "0198c5a4-7c1e-7d3a-9d8e-2f1b6a5c4d3e")]
    pub message_id: String,
    /// Null when it is no event.
    #[schema(example = "healthcare.appointment.booked.v1")]
    pub event_type: Option<String>,
    /// Why it was put aside: `rejected` by the service, or the `delivery_limit` reached.
    #[schema(example = "rejected")]
    pub reason: String,
    /// What came, at most 64 KiB of it; what is no UTF-8 is replaced.
    #[schema(example = "{}")]
    pub body: String,
    pub state: DeadLetterState,
    /// How often it has died.
    #[schema(minimum = 1, example = 1)]
    pub deaths: i32,
    /// When it died last.
    pub died_at: Instant,
    /// When it was replayed or discarded.
    pub settled_at: Option<Instant>,
}

impl TryFrom<pb::DeadLetter> for DeadLetter {
    type Error = Garbled;

    fn try_from(letter: pb::DeadLetter) -> Result<Self, Garbled> {
        let state = letter.state().try_into()?;
        let pb::DeadLetter { id, queue, message_id, event_type, reason, body, deaths, .. } = letter;
        Ok(Self {
            id,
            queue,
            message_id,
            event_type: given(event_type),
            reason,
            body,
            state,
            deaths,
            died_at: Instant::utc("death_time", letter.death_time)?,
            settled_at: Instant::maybe_utc("settle_time", letter.settle_time)?,
        })
    }
}

/// Which dead letters, and how many.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListDeadLetters {
    #[param(inline)]
    pub state: Option<DeadLetterState>,
    /// Items on a page; 50 when absent.
    #[param(value_type = Option<i32>, minimum = 1, maximum = 200)]
    pub limit: Option<Limit<200>>,
    /// Where the page begins: from the `Link` of the page before.
    pub cursor: Option<String>,
}

impl From<ListDeadLetters> for pb::ListDeadLettersRequest {
    fn from(ListDeadLetters { state, limit, cursor }: ListDeadLetters) -> Self {
        let state = state.map_or(pb::DeadLetterState::Unspecified, Into::into);
        Self { state: state.into(), page_size: Limit::or_zero(limit), page_token: cursor.unwrap_or_default() }
    }
}
