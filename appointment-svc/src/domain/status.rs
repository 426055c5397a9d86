//! The status machine: what may follow what, by whom, and when.
use jiff::{SignedDuration, Timestamp};

/// Where a visit stands. The names are those of the database and of the REST face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Scheduled,
    Confirmed,
    Completed,
    Cancelled,
    NoShow,
}

/// Who makes a change, seen from the visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    Patient,
    Doctor,
    Staff,
    Admin,
}

/// A visit is a no-show at the earliest this long after its start.
pub const NO_SHOW_GRACE: SignedDuration = SignedDuration::from_mins(15);

/// Why a status cannot be changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("a visit that is {} cannot become {}", .from.name(), .to.name())]
    InvalidTransition { from: Status, to: Status },
    #[error("not a change that you may make")]
    NotYours,
    #[error("too early: possible from {0}")]
    TooEarly(Timestamp),
    #[error("the visit has already started")]
    AlreadyStarted,
}

impl Status {
    pub const ALL: [Self; 5] =
        [Self::Scheduled, Self::Confirmed, Self::Completed, Self::Cancelled, Self::NoShow];

    pub fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Confirmed => "confirmed",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::NoShow => "no_show",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Whether the visit takes its time from doctor and patient.
    pub fn occupies(self) -> bool {
        matches!(self, Self::Scheduled | Self::Confirmed | Self::Completed)
    }

    /// Whether the visit is still to come about.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Scheduled | Self::Confirmed)
    }

    /// What may follow at all.
    pub fn successors(self) -> &'static [Self] {
        match self {
            Self::Scheduled => &[Self::Confirmed, Self::Cancelled, Self::Completed, Self::NoShow],
            Self::Confirmed => &[Self::Cancelled, Self::Completed, Self::NoShow],
            Self::Completed | Self::Cancelled | Self::NoShow => &[],
        }
    }

    /// Whether `actor` may make a visit that starts at `start` become `to` at `now`.
    pub fn check(self, to: Self, actor: Actor, start: Timestamp, now: Timestamp) -> Result<(), Refusal> {
        use Actor::{Admin, Doctor, Patient, Staff};
        if !self.successors().contains(&to) {
            return Err(Refusal::InvalidTransition { from: self, to });
        }
        let (who, condition): (&[Actor], _) = match to {
            Self::Confirmed => (&[Doctor, Staff, Admin], before(start, now)),
            Self::Cancelled => (&[Patient, Doctor, Staff, Admin], before(start, now)),
            Self::Completed => (&[Doctor], from(start, now)),
            Self::NoShow => (&[Doctor, Staff], from(start + NO_SHOW_GRACE, now)),
            Self::Scheduled => (&[], Ok(())),
        };
        if who.contains(&actor) { condition } else { Err(Refusal::NotYours) }
    }
}

fn before(start: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    if now < start { Ok(()) } else { Err(Refusal::AlreadyStarted) }
}

fn from(start: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    if now >= start { Ok(()) } else { Err(Refusal::TooEarly(start)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Actor::{Admin, Doctor, Patient, Staff};
    use Status::{Cancelled, Completed, Confirmed, NoShow, Scheduled};

    const ACTORS: [Actor; 4] = [Patient, Doctor, Staff, Admin];

    fn noon() -> Timestamp {
        "2030-01-07T12:00:00Z".parse().unwrap()
    }

    fn allowed(from: Status, to: Status, now: Timestamp) -> Vec<Actor> {
        ACTORS.into_iter().filter(|actor| from.check(to, *actor, noon(), now).is_ok()).collect()
    }

    #[test]
    fn before_the_visit_everyone_may_cancel_and_the_practice_confirms() {
        let before = noon() - SignedDuration::from_hours(1);
        assert_eq!(allowed(Scheduled, Confirmed, before), [Doctor, Staff, Admin]);
        assert_eq!(allowed(Scheduled, Cancelled, before), ACTORS);
        assert_eq!(allowed(Confirmed, Cancelled, before), ACTORS);
        assert_eq!(allowed(Confirmed, Completed, before), []);
        assert_eq!(allowed(Confirmed, NoShow, before), []);
    }

    #[test]
    fn once_it_has_begun_the_doctor_completes_it_and_nobody_cancels() {
        assert_eq!(allowed(Confirmed, Completed, noon()), [Doctor]);
        assert_eq!(allowed(Scheduled, Completed, noon()), [Doctor]);
        assert_eq!(allowed(Scheduled, Cancelled, noon()), []);
        assert_eq!(Scheduled.check(Cancelled, Staff, noon(), noon()), Err(Refusal::AlreadyStarted));
    }

    #[test]
    fn a_no_show_needs_a_quarter_of_an_hour() {
        let nearly = noon() + NO_SHOW_GRACE - SignedDuration::from_secs(1);
        assert_eq!(allowed(Scheduled, NoShow, nearly), []);
        assert_eq!(allowed(Scheduled, NoShow, noon() + NO_SHOW_GRACE), [Doctor, Staff]);
    }

    #[test]
    fn nothing_follows_an_end() {
        for end in [Completed, Cancelled, NoShow] {
            for to in Status::ALL {
                let refusal = Err(Refusal::InvalidTransition { from: end, to });
                assert_eq!(end.check(to, Admin, noon(), noon()), refusal);
            }
        }
    }

    #[test]
    fn every_status_has_one_name() {
        assert!(Status::ALL.into_iter().all(|status| Status::parse(status.name()) == Some(status)));
        assert_eq!(Status::parse("held"), None);
    }
}
