//! Free times that are offered to those who wait.
use super::WaitlistPriority;
use crate::routes::given;
use crate::times::{Garbled, Instant, zone};
use proto::appointment as pb;
use serde::Serialize;
use utoipa::ToSchema;

/// How a time is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaitlistOfferMode {
    /// To one after another; it is kept for whoever has the offer.
    Cascade,
    /// To several at once; it is kept for nobody, and the first who accepts has it.
    Broadcast,
}

impl TryFrom<pb::WaitlistOfferMode> for WaitlistOfferMode {
    type Error = Garbled;

    fn try_from(mode: pb::WaitlistOfferMode) -> Result<Self, Garbled> {
        match mode {
            pb::WaitlistOfferMode::Cascade => Ok(Self::Cascade),
            pb::WaitlistOfferMode::Broadcast => Ok(Self::Broadcast),
            pb::WaitlistOfferMode::Unspecified => Err(Garbled("mode")),
        }
    }
}

/// What became of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaitlistOfferState {
    /// Waits for an answer.
    Open,
    Accepted,
    Declined,
    /// Nobody answered in time.
    Expired,
    /// The time is no longer on offer, or the entry no longer waits.
    Withdrawn,
    /// Another was first.
    Lost,
}

impl TryFrom<pb::WaitlistOfferState> for WaitlistOfferState {
    type Error = Garbled;

    fn try_from(state: pb::WaitlistOfferState) -> Result<Self, Garbled> {
        match state {
            pb::WaitlistOfferState::Open => Ok(Self::Open),
            pb::WaitlistOfferState::Accepted => Ok(Self::Accepted),
            pb::WaitlistOfferState::Declined => Ok(Self::Declined),
            pb::WaitlistOfferState::Expired => Ok(Self::Expired),
            pb::WaitlistOfferState::Withdrawn => Ok(Self::Withdrawn),
            pb::WaitlistOfferState::Lost => Ok(Self::Lost),
            pb::WaitlistOfferState::Unspecified => Err(Garbled("state")),
        }
    }
}

/// A free time that was offered to somebody who waits. Its instants have the offset of the place.
#[derive(Serialize, ToSchema)]
pub struct WaitlistOffer {
    #[schema(value_type = Uuid)]
    pub id: String,
    #[schema(value_type = Uuid)]
    pub entry_id: String,
    #[schema(value_type = Uuid)]
    pub patient_id: String,
    #[schema(value_type = Uuid)]
    pub doctor_id: String,
    #[schema(value_type = Uuid)]
    pub visit_type_id: String,
    pub start_time: Instant,
    pub end_time: Instant,
    /// Null when at no location.
    #[schema(value_type = Option<Uuid>)]
    pub location_id: Option<String>,
    /// The zone of the place, IANA.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
    pub mode: WaitlistOfferMode,
    pub state: WaitlistOfferState,
    pub offered_at: Instant,
    /// Until when it can be accepted.
    pub expires_at: Instant,
    /// When it was accepted, declined or given up; null before.
    pub answered_at: Option<Instant>,
    /// Why it went to this entry: this was its priority then.
    pub priority: WaitlistPriority,
    /// Why it went to this entry, among those of the same priority.
    pub waiting_since: Instant,
    /// Others who came first and whom this time did not suit. For the practice; 0 for others.
    #[schema(minimum = 0, example = 0)]
    pub passed_over: i32,
    /// The visit whose time this was; null when it became free otherwise. For the practice; null for others.
    #[schema(value_type = Option<Uuid>)]
    pub freed_appointment_id: Option<String>,
}

impl TryFrom<pb::WaitlistOffer> for WaitlistOffer {
    type Error = Garbled;

    fn try_from(offer: pb::WaitlistOffer) -> Result<Self, Garbled> {
        let (mode, state) = (offer.mode().try_into()?, offer.state().try_into()?);
        let priority = offer.priority().into();
        let pb::WaitlistOffer {
            id,
            entry_id,
            patient_id,
            doctor_id,
            visit_type_id,
            start_time,
            end_time,
            location_id,
            time_zone,
            mode: _,
            state: _,
            offer_time,
            expire_time,
            answer_time,
            priority: _,
            waiting_since,
            passed_over,
            freed_appointment_id,
        } = offer;
        let place = zone(&time_zone)?;
        let answered_at = answer_time.map(|at| Instant::in_zone("answer_time", Some(at), &place));
        Ok(Self {
            id,
            entry_id,
            patient_id,
            doctor_id,
            visit_type_id,
            start_time: Instant::in_zone("start_time", start_time, &place)?,
            end_time: Instant::in_zone("end_time", end_time, &place)?,
            location_id: given(location_id),
            time_zone,
            mode,
            state,
            offered_at: Instant::in_zone("offer_time", offer_time, &place)?,
            expires_at: Instant::in_zone("expire_time", expire_time, &place)?,
            answered_at: answered_at.transpose()?,
            priority,
            waiting_since: Instant::in_zone("waiting_since", waiting_since, &place)?,
            passed_over,
            freed_appointment_id: given(freed_appointment_id),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost_types::Timestamp;
    use serde_json::Value;

    #[test]
    fn an_offer_shows_the_time_of_its_place_and_null_for_what_is_empty() {
        let at = |seconds| Some(Timestamp { seconds, nanos: 0 });
        let offer = pb::WaitlistOffer {
            start_time: at(1_893_484_800),
            end_time: at(1_893_486_600),
            time_zone: "Europe/Berlin".to_owned(),
            mode: pb::WaitlistOfferMode::Cascade.into(),
            state: pb::WaitlistOfferState::Open.into(),
            offer_time: at(1_893_398_400),
            expire_time: at(1_893_400_200),
            waiting_since: at(1_893_000_000),
            ..pb::WaitlistOffer::default()
        };
        let shown = WaitlistOffer::try_from(offer.clone()).unwrap();
        let shown = serde_json::to_value(shown).unwrap();
        assert_eq!(shown["start_time"], "2030-01-01T09:00:00+01:00");
        assert_eq!(shown["expires_at"], "2029-12-31T09:30:00+01:00");
        assert_eq!((&shown["mode"], &shown["priority"]), (&"cascade".into(), &"routine".into()));
        for empty in ["location_id", "answered_at", "freed_appointment_id"] {
            assert_eq!(shown[empty], Value::Null, "{empty}");
        }
        let nowhere = pb::WaitlistOffer { time_zone: String::new(), ..offer };
        assert!(WaitlistOffer::try_from(nowhere).is_err());
    }
}
