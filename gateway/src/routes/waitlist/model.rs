//! The waitlist as the REST face shows it.
use crate::reply::Resource;
use crate::routes::given;
use crate::times::{Garbled, Instant};
use proto::appointment as pb;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

mod offer; // what is offered
mod requests; // what front ends send

pub use offer::{WaitlistOffer, WaitlistOfferMode, WaitlistOfferState};
pub use requests::{CreateWaitlistEntry, ListWaitlistEntries, ListWaitlistOffers, UpdateWaitlistEntry};

/// How soon a patient is to be seen. Whoever is more urgent is offered a time first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaitlistPriority {
    Routine,
    Soon,
    Urgent,
}

impl From<WaitlistPriority> for pb::WaitlistPriority {
    fn from(priority: WaitlistPriority) -> Self {
        match priority {
            WaitlistPriority::Routine => Self::Routine,
            WaitlistPriority::Soon => Self::Soon,
            WaitlistPriority::Urgent => Self::Urgent,
        }
    }
}

impl From<pb::WaitlistPriority> for WaitlistPriority {
    fn from(priority: pb::WaitlistPriority) -> Self {
        match priority {
            pb::WaitlistPriority::Unspecified | pb::WaitlistPriority::Routine => Self::Routine,
            pb::WaitlistPriority::Soon => Self::Soon,
            pb::WaitlistPriority::Urgent => Self::Urgent,
        }
    }
}

/// Where an entry of the waitlist stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaitlistEntryState {
    /// Times are offered.
    Waiting,
    /// Three offers were not answered: nothing is offered until it is resumed.
    Paused,
    /// An offer was accepted.
    Fulfilled,
    Cancelled,
    /// Its time is over.
    Expired,
}

impl From<WaitlistEntryState> for pb::WaitlistEntryState {
    fn from(state: WaitlistEntryState) -> Self {
        match state {
            WaitlistEntryState::Waiting => Self::Waiting,
            WaitlistEntryState::Paused => Self::Paused,
            WaitlistEntryState::Fulfilled => Self::Fulfilled,
            WaitlistEntryState::Cancelled => Self::Cancelled,
            WaitlistEntryState::Expired => Self::Expired,
        }
    }
}

impl TryFrom<pb::WaitlistEntryState> for WaitlistEntryState {
    type Error = Garbled;

    fn try_from(state: pb::WaitlistEntryState) -> Result<Self, Garbled> {
        match state {
            pb::WaitlistEntryState::Waiting => Ok(Self::Waiting),
            pb::WaitlistEntryState::Paused => Ok(Self::Paused),
            pb::WaitlistEntryState::Fulfilled => Ok(Self::Fulfilled),
            pb::WaitlistEntryState::Cancelled => Ok(Self::Cancelled),
            pb::WaitlistEntryState::Expired => Ok(Self::Expired),
            pb::WaitlistEntryState::Unspecified => Err(Garbled("state")),
        }
    }
}

/// When a patient can come: on one weekday, between two civil times of the place.
#[derive(Serialize, ToSchema)]
pub struct WaitlistWindow {
    /// 0 is Monday, 6 is Sunday.
    #[schema(minimum = 0, maximum = 6, example = 0)]
    pub day_of_week: i32,
    /// The visit starts no earlier.
    #[schema(example = "09:00:00")]
    pub start_time: String,
    /// The visit ends no later.
    #[schema(example = "12:00:00")]
    pub end_time: String,
}

impl From<pb::WaitlistWindow> for WaitlistWindow {
    fn from(window: pb::WaitlistWindow) -> Self {
        let pb::WaitlistWindow { day_of_week, start_time, end_time } = window;
        Self { day_of_week, start_time, end_time }
    }
}

/// A patient who waits for a time.
#[derive(Serialize, ToSchema)]
pub struct WaitlistEntry {
    #[schema(value_type = Uuid)]
    pub id: String,
    #[schema(value_type = Uuid)]
    pub patient_id: String,
    #[schema(value_type = Uuid)]
    pub visit_type_id: String,
    /// With any of these doctors; with anyone who offers the visit type when empty.
    #[schema(value_type = Vec<Uuid>)]
    pub doctor_ids: Vec<String>,
    /// At any of these places; anywhere when empty.
    #[schema(value_type = Vec<Uuid>)]
    pub location_ids: Vec<String>,
    /// The first date that will do, at the place; null when any will.
    #[schema(format = Date, example = "2030-01-07")]
    pub earliest_date: Option<String>,
    /// The last date that will do, at the place; null when any will.
    #[schema(format = Date, example = "2030-02-28")]
    pub latest_date: Option<String>,
    /// Any time will do when empty.
    pub windows: Vec<WaitlistWindow>,
    pub priority: WaitlistPriority,
    /// How long before a visit the patient needs to know of it.
    #[schema(minimum = 0, maximum = 43_200, example = 120)]
    pub notice_minutes: i32,
    /// The visit that the patient would have earlier: accepting moves it. Null when there is none.
    #[schema(value_type = Option<Uuid>)]
    pub appointment_id: Option<String>,
    pub state: WaitlistEntryState,
    /// Offers that were not answered, since the last that was or since it was resumed.
    #[schema(minimum = 0, example = 0)]
    pub unanswered_offers: i32,
    /// The visit that came of it; null while there is none.
    #[schema(value_type = Option<Uuid>)]
    pub fulfilled_appointment_id: Option<String>,
    /// From then on nothing is offered.
    pub expires_at: Instant,
    /// The offer that waits for an answer; null when there is none.
    pub open_offer: Option<WaitlistOffer>,
    /// Since when the patient waits.
    pub created_at: Instant,
    pub updated_at: Instant,
    /// Grows by one with each change; the ETag.
    #[schema(minimum = 0, example = 1)]
    pub version: i64,
}

impl Resource for WaitlistEntry {
    const VERSION: Option<fn(&Self) -> i64> = Some(|entry| entry.version);

    fn location(&self) -> String {
        format!("/api/waitlist/{}", self.id)
    }
}

impl TryFrom<pb::WaitlistEntry> for WaitlistEntry {
    type Error = Garbled;

    fn try_from(entry: pb::WaitlistEntry) -> Result<Self, Garbled> {
        let (priority, state) = (entry.priority().into(), entry.state().try_into()?);
        let pb::WaitlistEntry {
            id,
            patient_id,
            visit_type_id,
            doctor_ids,
            location_ids,
            earliest_date,
            latest_date,
            windows,
            priority: _,
            notice_minutes,
            appointment_id,
            state: _,
            unanswered_offers,
            fulfilled_appointment_id,
            expire_time,
            version,
            create_time,
            update_time,
            open_offer,
        } = entry;
        Ok(Self {
            id,
            patient_id,
            visit_type_id,
            doctor_ids,
            location_ids,
            earliest_date: given(earliest_date),
            latest_date: given(latest_date),
            windows: windows.into_iter().map(WaitlistWindow::from).collect(),
            priority,
            notice_minutes,
            appointment_id: given(appointment_id),
            state,
            unanswered_offers,
            fulfilled_appointment_id: given(fulfilled_appointment_id),
            expires_at: Instant::utc("expire_time", expire_time)?,
            open_offer: open_offer.map(WaitlistOffer::try_from).transpose()?,
            created_at: Instant::utc("create_time", create_time)?,
            updated_at: Instant::utc("update_time", update_time)?,
            version,
        })
    }
}
