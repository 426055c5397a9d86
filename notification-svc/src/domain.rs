//! What a message is, when it is tried again, and when it is no longer true. Pure: no clock, no I/O, no async.
mod attempt; // how attempts end, and when the next one is
mod visit; // how visits change, and what of it is news
mod offer; // free times that are offered to those who wait
mod account; // what owners of accounts are told
mod alarm; // what those who watch are told
pub mod webhook; // programs of others that are told by HTTP
mod quiet; // hours in which nobody wants to be reminded
mod channel; // by which ways messages reach people
mod phone; // numbers that an SMS can go to
mod preferences; // what patients want to be told of
mod link; // what the links in messages are for
mod reminder; // visits that are near, and when that is told
mod language; // what it can be told in
mod wording; // words that the clinic puts in place of ours
mod feed; // calendars that programs of others subscribe to

pub use account::{Account, AccountKind, Token};
pub use alarm::{Alarm, ContactId};
pub use attempt::{Failure, Outcome};
pub use channel::Channel;
pub use feed::{AHEAD, BEHIND, Feed, FeedOwner, FeedVisit, MOST, Titles};
pub use language::{Language, NotSpoken};
pub use link::{Purpose, Refusal, VisitAction};
pub use offer::{Offer, OfferMode};
pub use phone::PhoneNumber;
pub use preferences::{Category, Edit, Preferences, QuietChoice};
pub use quiet::{BadQuietHours, Quiet, QuietHours, time_of_day};
pub use reminder::{Appointment, Moment, Plan, Reminder, plan};
pub use visit::{Change, Kind, Visit, VisitStatus};
pub use wording::Wording;

use jiff::Timestamp;
use proto::ids::{DoctorId, NotificationId, OneTimeTokenId, PatientId, UserId, WaitlistOfferId};
use uuid::Uuid;

/// One message to one recipient by one channel. Holds neither address nor text: both are looked up when it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    pub id: NotificationId,
    pub about: About,
    pub channel: Channel,
    pub state: State,
    /// How often sending was tried.
    pub attempts: u32,
    /// The class of the last failure: see [`Failure::name`].
    pub last_error: Option<String>,
    pub created_at: Timestamp,
}

/// What a message is about, and whom it tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Patient and doctor are told of a change, each by a message of their own.
    Visit { change: Change, recipient: Recipient },
    /// The patient is reminded of a visit, and nobody else.
    Reminder(Reminder),
    /// The patient is told of an offer, and nobody else.
    Offer { id: WaitlistOfferId, patient_id: PatientId },
    /// The owner of an account is told of it, perhaps with a token to send back.
    Account { kind: AccountKind, user_id: UserId, token_id: Option<OneTimeTokenId> },
    /// Whoever watches is told that a doctor broke the glass, each by a message of their own.
    Alarm { alarm: Alarm, recipient: Recipient },
}

/// Whom a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipient {
    Patient(PatientId),
    Doctor(DoctorId),
    /// The owner of an account.
    Account(UserId),
    /// An address of the settings.
    Contact(ContactId),
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
    /// Accepted by the mail server, or whoever sends what is short.
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
    /// What becomes of this message after an attempt that began at `now` ended with `failure`.
    pub fn after(&self, failure: Failure, now: Timestamp) -> Outcome {
        let is_of_use = |after| match self.about {
            About::Reminder(reminder) => now + after <= reminder.last(),
            _ => true,
        };
        match attempt::pause(self.attempts) {
            Some(after) if !failure.is_permanent() && is_of_use(after) => Outcome::Retry { after, failure },
            _ => Outcome::GivenUp(failure),
        }
    }
}

impl About {
    pub fn recipient(&self) -> Recipient {
        match *self {
            Self::Visit { recipient, .. } | Self::Alarm { recipient, .. } => recipient,
            Self::Reminder(Reminder { patient_id, .. }) | Self::Offer { patient_id, .. } => {
                Recipient::Patient(patient_id)
            }
            Self::Account { user_id, .. } => Recipient::Account(user_id),
        }
    }

    /// What the message tells: that of the change or of the account, `reminder`, `offered` or `glass_broken`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Visit { change, .. } => change.kind.name(),
            Self::Reminder(_) => "reminder",
            Self::Offer { .. } => "offered",
            Self::Account { kind, .. } => kind.name(),
            Self::Alarm { .. } => "glass_broken",
        }
    }

    /// The patient whom it tells, and as what they may silence it: nobody silences that a visit will not take place.
    pub fn to_patient(&self) -> Option<(PatientId, Option<Category>)> {
        match *self {
            Self::Visit { change, recipient: Recipient::Patient(id) } => {
                Some((id, (!change.is_notice()).then_some(Category::VisitChanges)))
            }
            Self::Reminder(Reminder { patient_id, .. }) => Some((patient_id, Some(Category::Reminders))),
            Self::Offer { patient_id, .. } => Some((patient_id, Some(Category::Offers))),
            Self::Visit { .. } | Self::Account { .. } | Self::Alarm { .. } => None,
        }
    }

    /// Whether it can be said in short: what patients are told, but for changes that need no answer of theirs.
    pub fn is_texted(&self) -> bool {
        match self {
            Self::Visit { change, recipient: Recipient::Patient(_) } => change.is_texted(),
            Self::Reminder(_) | Self::Offer { .. } => true,
            Self::Visit { .. } | Self::Account { .. } | Self::Alarm { .. } => false,
        }
    }
}

impl Recipient {
    pub fn id(self) -> Uuid {
        match self {
            Self::Patient(PatientId(id))
            | Self::Doctor(DoctorId(id))
            | Self::Account(UserId(id))
            | Self::Contact(ContactId(id)) => id,
        }
    }

    /// `patient`, `doctor`, `account` or `contact`.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Patient(_) => "patient",
            Self::Doctor(_) => "doctor",
            Self::Account(_) => "account",
            Self::Contact(_) => "contact",
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
    use proto::ids::AppointmentId;
    use std::time::Duration;

    fn message() -> Notification {
        Notification {
            id: NotificationId::random(),
            about: About::Offer { id: WaitlistOfferId::random(), patient_id: PatientId::random() },
            channel: Channel::Email,
            state: State::Sending { leased_until: Timestamp::UNIX_EPOCH },
            attempts: 0,
            last_error: None,
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_message_is_tried_for_about_a_day() {
        let mut tried = message();
        let mut waited = Duration::ZERO;
        let now = Timestamp::UNIX_EPOCH;
        while let Outcome::Retry { after, .. } = tried.after(Failure::SmtpRefused, now) {
            waited += after;
            tried.attempts += 1;
        }
        let day = Duration::from_secs(24 * 3600);
        assert!((day..day * 11 / 10).contains(&waited), "{waited:?}");
        assert_eq!(tried.after(Failure::SmtpRefused, now), Outcome::GivenUp(Failure::SmtpRefused));
    }

    #[test]
    fn what_a_server_refuses_for_good_is_not_tried_again() {
        let (fresh, now) = (message(), Timestamp::UNIX_EPOCH);
        assert_eq!(fresh.after(Failure::SmtpPermanent, now), Outcome::GivenUp(Failure::SmtpPermanent));
        let soon = Outcome::Retry { after: Duration::from_secs(1), failure: Failure::SmtpTransient };
        assert_eq!(fresh.after(Failure::SmtpTransient, now), soon);
    }

    #[test]
    fn a_reminder_is_not_tried_when_it_would_be_too_late() {
        let (now, hour) = (Timestamp::UNIX_EPOCH, jiff::SignedDuration::from_hours(1));
        let reminder = Reminder {
            appointment_id: AppointmentId::random(),
            schedule_version: 1,
            offset: 120,
            patient_id: PatientId::random(),
            starts_at: now + 2 * hour,
            due_at: now,
        };
        let about = About::Reminder(reminder);
        // After the seventh failure, the pause is two hours.
        let tried = Notification { about, attempts: 5, ..message() };
        assert!(matches!(tried.after(Failure::SmtpRefused, now), Outcome::Retry { .. }));
        let late = now + hour - jiff::SignedDuration::from_mins(29);
        assert_eq!(tried.after(Failure::SmtpRefused, late), Outcome::GivenUp(Failure::SmtpRefused));
    }

    #[test]
    fn nobody_silences_that_a_visit_will_not_take_place() {
        let told = |kind, status| {
            let change = Change { kind, appointment_id: AppointmentId::random(), version: 2, status };
            let recipient = Recipient::Patient(PatientId::random());
            About::Visit { change, recipient }.to_patient().and_then(|(_, category)| category)
        };
        assert_eq!(told(Kind::Booked, VisitStatus::Scheduled), Some(Category::VisitChanges));
        assert_eq!(told(Kind::Rescheduled, VisitStatus::Scheduled), Some(Category::VisitChanges));
        assert_eq!(told(Kind::Cancelled, VisitStatus::Cancelled), None);
        assert_eq!(told(Kind::StatusChanged, VisitStatus::Expired), None);
    }

    #[test]
    fn every_name_leads_back() {
        assert!(Stage::ALL.into_iter().all(|stage| Stage::named(stage.name()) == Some(stage)));
    }
}
