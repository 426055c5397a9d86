//! Patients who wait for a time, and the times that are offered to them.
use super::appointment::Hidden;
use super::interval::Interval;
use super::slots::Slot;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use platform::caller::{Role, User};
use proto::ids::{AppointmentId, DoctorId, LocationId, PatientId, VisitTypeId, WaitlistEntryId};

mod offer; // a time that is offered to somebody
mod terms; // how long an offer stands
mod matching; // who is offered a time
pub mod commands; // what callers ask for

pub use matching::{Made, Waiter};
pub use offer::{Offer, OfferState};
pub use terms::{BadQuietHours, QuietHours, Terms};

/// Entries in which one patient waits at once, at most.
pub const MOST: i64 = 10;
/// After so many offers without an answer nothing more is offered.
pub const MOST_UNANSWERED: i32 = 3;
/// How often one free time may lead to the next: by patients who are moved from a later one.
pub const DEEPEST: i16 = 5;

/// A patient who waits for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: WaitlistEntryId,
    pub patient_id: PatientId,
    pub visit_type_id: VisitTypeId,
    pub wishes: Wishes,
    pub priority: Priority,
    /// The visit that the patient would have earlier.
    pub appointment_id: Option<AppointmentId>,
    pub state: EntryState,
    /// Offers without an answer since the last that had one.
    pub unanswered: i32,
    /// The visit that came of it.
    pub fulfilled_by: Option<AppointmentId>,
    pub expires_at: Timestamp,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What would do. What is empty does not narrow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    pub doctors: Vec<DoctorId>,
    pub locations: Vec<LocationId>,
    pub earliest: Option<Date>,
    pub latest: Option<Date>,
    pub windows: Vec<Window>,
    /// How long before a visit the patient needs to know of it.
    pub notice: SignedDuration,
}

/// Part of a weekday, as seconds since its civil midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub weekday: Weekday,
    pub start: u32,
    pub end: u32,
}

/// How soon a patient is to be seen, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    Urgent,
    Soon,
    Routine,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryState {
    Waiting,
    Paused,
    Fulfilled,
    Cancelled,
    Expired,
}

impl Entry {
    /// Whether `user` may see and change this entry: patients their own, doctors those that name them alone.
    pub fn check_access(&self, user: &User) -> Result<(), Hidden> {
        may_see(user, self.patient_id, &self.wishes.doctors)
    }

    /// The entry as it stands at `now`: one whose time is over waits no more, whoever has noticed.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        if self.state.is_open() && self.expires_at <= now {
            self.state = EntryState::Expired;
        }
        self
    }
}

/// Whether `user` may put `patient` on the list for `doctors`, and see that.
pub fn may_see(user: &User, patient: PatientId, doctors: &[DoctorId]) -> Result<(), Hidden> {
    match user.role {
        Role::Admin | Role::Staff => Ok(()),
        Role::Patient(own) if own == patient => Ok(()),
        Role::Doctor(own) if doctors == [own] => Ok(()),
        Role::Patient(_) => Err(Hidden::Unknown),
        Role::Doctor(_) | Role::Auditor => Err(Hidden::Forbidden),
    }
}

impl Wishes {
    /// Whether `slot` at a place in `zone` would do when the patient learns of it at `told`.
    pub fn admit(&self, slot: &Slot, zone: &TimeZone, told: Timestamp) -> bool {
        let Interval { start, end } = slot.visit;
        let (first, last) = (zone.to_datetime(start), zone.to_datetime(end));
        let at_place = self.locations.is_empty()
            || slot.location.is_some_and(|location| self.locations.contains(&location));
        let on_date = self.earliest.is_none_or(|earliest| earliest <= first.date())
            && self.latest.is_none_or(|latest| first.date() <= latest);
        let in_window = self.windows.is_empty()
            || self.windows.iter().any(|window| {
                let of_day = |at: jiff::civil::DateTime| {
                    at.duration_since(first.date().to_datetime(jiff::civil::Time::midnight())).as_secs()
                };
                window.weekday == first.weekday()
                    && i64::from(window.start) <= of_day(first)
                    && of_day(last) <= i64::from(window.end)
            });
        told + self.notice <= start && at_place && on_date && in_window
    }
}

impl Priority {
    pub const ALL: [Self; 3] = [Self::Urgent, Self::Soon, Self::Routine];

    /// As the database sorts it.
    pub fn rank(self) -> i16 {
        match self {
            Self::Urgent => 1,
            Self::Soon => 2,
            Self::Routine => 3,
        }
    }

    pub fn ranked(rank: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|priority| priority.rank() == rank)
    }
}

impl EntryState {
    const ALL: [Self; 5] = [Self::Waiting, Self::Paused, Self::Fulfilled, Self::Cancelled, Self::Expired];

    /// Whether something may still come of it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Paused)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Paused => "paused",
            Self::Fulfilled => "fulfilled",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(start: &str, minutes: i64) -> Slot {
        let start: Timestamp = start.parse().unwrap();
        let visit = Interval { start, end: start + SignedDuration::from_mins(minutes) };
        Slot { visit, location: None, left: 0 }
    }

    fn berlin() -> TimeZone {
        TimeZone::get("Europe/Berlin").unwrap()
    }

    fn would_do(wishes: &Wishes, start: &str) -> bool {
        wishes.admit(&slot(start, 30), &berlin(), "2030-01-07T07:00:00Z".parse().unwrap())
    }

    #[test]
    fn anything_does_for_whoever_wishes_nothing() {
        assert!(would_do(&Wishes::default(), "2030-01-07T07:00:00Z"));
    }

    #[test]
    fn notice_counts_real_time_and_its_end_is_enough() {
        let wishes = Wishes { notice: SignedDuration::from_hours(2), ..Wishes::default() };
        assert!(!would_do(&wishes, "2030-01-07T08:55:00Z"));
        assert!(would_do(&wishes, "2030-01-07T09:00:00Z"));
    }

    #[test]
    fn dates_are_those_of_the_place() {
        let date = Some("2030-01-08".parse().unwrap());
        let wishes = Wishes { earliest: date, latest: date, ..Wishes::default() };
        assert!(!would_do(&wishes, "2030-01-07T22:30:00Z"), "still the 7th in Berlin");
        assert!(would_do(&wishes, "2030-01-07T23:30:00Z"), "the 8th in Berlin");
        assert!(!would_do(&wishes, "2030-01-08T23:30:00Z"), "the 9th in Berlin");
    }

    #[test]
    fn the_whole_visit_lies_in_a_window_of_its_day() {
        let window =
            |start: u32, end: u32| Window { weekday: Weekday::Monday, start: start * 3600, end: end * 3600 };
        let wishes = Wishes { windows: vec![window(9, 11), window(14, 15)], ..Wishes::default() };
        assert!(would_do(&wishes, "2030-01-07T08:00:00Z"), "9:00 in Berlin");
        assert!(would_do(&wishes, "2030-01-07T09:30:00Z"), "until 11:00");
        assert!(!would_do(&wishes, "2030-01-07T09:45:00Z"), "ends too late");
        assert!(!would_do(&wishes, "2030-01-07T07:45:00Z"), "starts too early");
        assert!(would_do(&wishes, "2030-01-07T13:30:00Z"), "the other window");
        assert!(!would_do(&wishes, "2030-01-08T08:00:00Z"), "Tuesday");
        let evening = Wishes { windows: vec![window(22, 24)], ..Wishes::default() };
        assert!(would_do(&evening, "2030-01-07T22:30:00Z"), "until midnight");
        assert!(!would_do(&evening, "2030-01-07T22:45:00Z"), "past midnight");
    }

    #[test]
    fn a_place_that_is_wished_for_is_not_anywhere() {
        let here = LocationId::random();
        let wishes = Wishes { locations: vec![here], ..Wishes::default() };
        assert!(!would_do(&wishes, "2030-01-07T09:00:00Z"));
        let slot = Slot { location: Some(here), ..slot("2030-01-07T09:00:00Z", 30) };
        assert!(wishes.admit(&slot, &berlin(), Timestamp::UNIX_EPOCH));
    }

    #[test]
    fn the_most_urgent_come_first() {
        let ranks = Priority::ALL.map(Priority::rank);
        assert!(ranks.is_sorted() && Priority::Urgent < Priority::Routine);
        assert_eq!(ranks.map(Priority::ranked), Priority::ALL.map(Some));
    }
}
