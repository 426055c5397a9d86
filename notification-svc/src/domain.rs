//! What a message is, when it is tried again, and when it is no longer true. Pure: no clock, no I/O, no async.
mod attempt; // how attempts end, and when the next one is
mod visit; // how visits change, and who is told

pub use attempt::{Failure, Outcome};
pub use visit::{Change, Kind, Recipient, Visit, VisitStatus};

use jiff::Timestamp;
use proto::ids::{AppointmentId, NotificationId};

/// One message to one recipient. Holds neither address nor text: both are looked up when it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    pub id: NotificationId,
    pub kind: Kind,
    pub appointment_id: AppointmentId,
    pub appointment_version: i64,
    pub visit_status: VisitStatus,
    pub recipient: Recipient,
    pub state: State,
    /// How often sending was tried.
    pub attempts: u32,
    /// The class of the last failure: see [`Failure::name`].
    pub last_error: Option<String>,
    pub created_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Pending {
        next_attempt_at: Timestamp,
    },
    /// Taken by a sender, which has until then to tell what came of it.
    Sending {
        leased_until: Timestamp,
    },
    /// Accepted by the mail server.
    Sent {
        at: Timestamp,
    },
    Failed,
    Superseded,
    Skipped,
}

/// A [`State`] without its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Pending,
    Sending,
    Sent,
    Failed,
    Superseded,
    Skipped,
}

impl Notification {
    /// Whether `visit` has gone on to something else since the change that this message tells of.
    ///
    /// A newer version alone does not say so: edited notes make one too, and nobody is told of them. Another
    /// status does, and its own message is on the way. A visit that was moved and kept its status leaves the
    /// message true, because times are looked up when it is sent; once the move has a message of its own, the
    /// store knows a later message, and that supersedes this one.
    pub fn is_outdated_by(&self, visit: &Visit) -> bool {
        // That a request has run out is seen before it is written down.
        let is_later = visit.version > self.appointment_version || visit.status == VisitStatus::Expired;
        is_later && visit.status != self.visit_status
    }

    /// What becomes of this message after an attempt ended with `failure`.
    pub fn after(&self, failure: Failure) -> Outcome {
        match attempt::pause(self.attempts) {
            Some(after) if !failure.is_permanent() => Outcome::Retry { after, failure },
            _ => Outcome::GivenUp(failure),
        }
    }
}

impl Stage {
    const ALL: [Self; 6] =
        [Self::Pending, Self::Sending, Self::Sent, Self::Failed, Self::Superseded, Self::Skipped];

    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Superseded => "superseded",
            Self::Skipped => "skipped",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Zoned;
    use proto::ids::{DoctorId, PatientId};
    use std::time::Duration;

    fn message(kind: Kind, visit_status: VisitStatus) -> Notification {
        Notification {
            id: NotificationId::random(),
            kind,
            appointment_id: AppointmentId::random(),
            appointment_version: 3,
            visit_status,
            recipient: Recipient::Patient(PatientId::random()),
            state: State::Sending { leased_until: Timestamp::UNIX_EPOCH },
            attempts: 0,
            last_error: None,
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn visit(version: i64, status: VisitStatus) -> Visit {
        let starts_at: Zoned = "2030-01-07T09:00[Europe/Berlin]".parse().unwrap();
        Visit { doctor_id: DoctorId::random(), version, status, ends_at: starts_at.clone(), starts_at }
    }

    #[test]
    fn nobody_hears_of_a_booking_after_it_was_cancelled() {
        let booked = message(Kind::Booked, VisitStatus::Scheduled);
        assert!(booked.is_outdated_by(&visit(4, VisitStatus::Cancelled)));
        assert!(!booked.is_outdated_by(&visit(3, VisitStatus::Scheduled)));
    }

    #[test]
    fn edited_notes_do_not_silence_a_message() {
        let confirmed = message(Kind::StatusChanged, VisitStatus::Confirmed);
        assert!(!confirmed.is_outdated_by(&visit(9, VisitStatus::Confirmed)));
    }

    #[test]
    fn a_message_is_tried_for_about_a_day() {
        let mut tried = message(Kind::Booked, VisitStatus::Scheduled);
        let mut waited = Duration::ZERO;
        while let Outcome::Retry { after, .. } = tried.after(Failure::SmtpRefused) {
            waited += after;
            tried.attempts += 1;
        }
        let day = Duration::from_secs(24 * 3600);
        assert!((day..day * 11 / 10).contains(&waited), "{waited:?}");
        assert_eq!(tried.after(Failure::SmtpRefused), Outcome::GivenUp(Failure::SmtpRefused));
    }

    #[test]
    fn what_a_server_refuses_for_good_is_not_tried_again() {
        let fresh = message(Kind::Booked, VisitStatus::Scheduled);
        assert_eq!(fresh.after(Failure::SmtpPermanent), Outcome::GivenUp(Failure::SmtpPermanent));
        let soon = Outcome::Retry { after: Duration::from_secs(1), failure: Failure::SmtpTransient };
        assert_eq!(fresh.after(Failure::SmtpTransient), soon);
    }

    #[test]
    fn every_name_leads_back() {
        assert!(Stage::ALL.into_iter().all(|stage| Stage::named(stage.name()) == Some(stage)));
    }
}
