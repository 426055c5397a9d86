//! Calendars that programs of others subscribe to.
use super::Visit;
use jiff::{SignedDuration, Timestamp};
use proto::ids::{DoctorId, PatientId, VisitTypeId};
use uuid::Uuid;

/// How long visits stay in a calendar after they have begun.
pub const BEHIND: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How far a calendar looks ahead.
pub const AHEAD: SignedDuration = SignedDuration::from_hours(365 * 24);
/// Most visits in a calendar: those furthest ahead are left out.
pub const MOST: usize = 5000;

/// Whose visits are in a calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedOwner {
    Patient(PatientId),
    Doctor(DoctorId),
}

/// What visits are called in a calendar, which others may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Titles {
    /// Patients see the doctor, doctors nothing.
    Private,
    /// The name of the visit type, too.
    VisitType,
}

/// That there is a calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    pub owner: FeedOwner,
    pub titles: Titles,
    /// Since when it has its address.
    pub created_at: Timestamp,
    /// When it was last read, to the minute.
    pub fetched_at: Option<Timestamp>,
}

/// A visit as calendars need it.
pub struct FeedVisit {
    pub visit: Visit,
    pub visit_type_id: Option<VisitTypeId>,
    pub changed_at: Timestamp,
}

impl FeedOwner {
    pub fn id(self) -> Uuid {
        match self {
            Self::Patient(PatientId(id)) | Self::Doctor(DoctorId(id)) => id,
        }
    }

    /// `patient` or `doctor`.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Patient(_) => "patient",
            Self::Doctor(_) => "doctor",
        }
    }

    pub fn of_kind(kind: &str, id: Uuid) -> Option<Self> {
        match kind {
            "patient" => Some(Self::Patient(PatientId(id))),
            "doctor" => Some(Self::Doctor(DoctorId(id))),
            _ => None,
        }
    }

    /// Whose data it is, if it is a patient's.
    pub fn subject(self) -> Option<Uuid> {
        match self {
            Self::Patient(PatientId(id)) => Some(id),
            Self::Doctor(_) => None,
        }
    }
}

impl Titles {
    pub fn name(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::VisitType => "visit_type",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        [Self::Private, Self::VisitType].into_iter().find(|titles| titles.name() == name)
    }
}
