//! What the links in messages are for.
use super::channel::Channel;
use super::preferences::Category;
use proto::ids::{AppointmentId, PatientId};

/// What whoever has a link may do, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To see one visit and do with it what its patient may, until a day after its end.
    Visit { appointment_id: AppointmentId, patient_id: PatientId },
    /// To have messages of one kind no more, or again. Does not expire, for mails are kept for long, and ends with the
    /// patient's record.
    Subscription { patient_id: PatientId, category: Category, channel: Channel },
}

/// What a patient can do with a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VisitAction {
    Confirm,
    /// To say that they are there.
    Arrive,
    Move,
    Cancel,
}

impl VisitAction {
    /// In the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Confirm, Self::Arrive, Self::Move, Self::Cancel];

    pub fn name(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Arrive => "arrive",
            Self::Move => "move",
            Self::Cancel => "cancel",
        }
    }
}

/// Why something was not done with a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is no longer that patient's, or not there.
    Gone,
    /// It has changed since it was looked at.
    Changed,
    /// Somebody else has the time that was chosen, or it cannot be had.
    Taken,
    /// Only the practice may do it by now.
    TooLate,
    /// Not as the visit stands.
    Impossible,
    /// No time was chosen.
    NothingChosen,
}
