//! A free time that is offered to somebody who waits.
use super::Priority;
use crate::domain::interval::Interval;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use proto::ids::{
    AppointmentId, DoctorId, LocationId, PatientId, VisitTypeId, WaitlistEntryId, WaitlistOfferId,
};

#[derive(Clone, Debug)]
pub struct Offer {
    pub id: WaitlistOfferId,
    pub entry_id: WaitlistEntryId,
    pub patient_id: PatientId,
    pub doctor_id: DoctorId,
    pub visit_type_id: VisitTypeId,
    pub visit: Interval,
    pub location_id: Option<LocationId>,
    /// Of the place.
    pub zone: TimeZone,
    /// What keeps the time; none when it was offered to several.
    pub hold: Option<AppointmentId>,
    pub state: OfferState,
    pub offered_at: Timestamp,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
    pub answered_at: Option<Timestamp>,
    /// Its entry's, when it was made.
    pub priority: Priority,
    pub waiting_since: Timestamp,
    /// Others before it in the order, whom this time did not suit.
    pub passed_over: i32,
    /// The visit whose time it was.
    pub freed_by: Option<AppointmentId>,
    /// How many visits moved before it on account of one that was cancelled.
    pub depth: i16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferState {
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

impl Offer {
    /// The offer as it stands at `now`, whoever has noticed that it is too late for it.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        if self.state == OfferState::Open && self.expires_at <= now {
            self.state = OfferState::Expired;
            self.answered_at = Some(self.expires_at);
        }
        self
    }
}

impl OfferState {
    const ALL: [Self; 6] =
        [Self::Open, Self::Accepted, Self::Declined, Self::Expired, Self::Withdrawn, Self::Lost];

    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Lost => "lost",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}
