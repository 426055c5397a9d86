//! Visits: how they change, and who is told.
use jiff::Zoned;
use proto::ids::{AppointmentId, DoctorId, PatientId};
use uuid::Uuid;

/// What a message tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Booked,
    Rescheduled,
    Cancelled,
    StatusChanged,
}

/// Where a visit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VisitStatus {
    Held,
    Requested,
    Scheduled,
    Confirmed,
    Arrived,
    CheckedIn,
    InProgress,
    Completed,
    Cancelled,
    NoShow,
    Expired,
    EnteredInError,
}

/// Whom a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipient {
    Patient(PatientId),
    Doctor(DoctorId),
}

/// A change of a visit that patient and doctor are told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub kind: Kind,
    pub appointment_id: AppointmentId,
    pub patient_id: PatientId,
    pub doctor_id: DoctorId,
    /// The version that the change made.
    pub version: i64,
    /// Where the visit stood after it.
    pub status: VisitStatus,
}

/// A visit as it stands now, in the clinic's zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    pub doctor_id: DoctorId,
    pub version: i64,
    pub status: VisitStatus,
    pub starts_at: Zoned,
    pub ends_at: Zoned,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Booked, Self::Rescheduled, Self::Cancelled, Self::StatusChanged];

    pub fn name(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Rescheduled => "rescheduled",
            Self::Cancelled => "cancelled",
            Self::StatusChanged => "status_changed",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl VisitStatus {
    const ALL: [Self; 12] = [
        Self::Held,
        Self::Requested,
        Self::Scheduled,
        Self::Confirmed,
        Self::Arrived,
        Self::CheckedIn,
        Self::InProgress,
        Self::Completed,
        Self::Cancelled,
        Self::NoShow,
        Self::Expired,
        Self::EnteredInError,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Requested => "requested",
            Self::Scheduled => "scheduled",
            Self::Confirmed => "confirmed",
            Self::Arrived => "arrived",
            Self::CheckedIn => "checked_in",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::NoShow => "no_show",
            Self::Expired => "expired",
            Self::EnteredInError => "entered_in_error",
        }
    }

    /// Whether patient and doctor are told that a visit has come to this, `from` another status if one is known.
    ///
    /// They see for themselves what happens in the house, and that it is put right there.
    pub fn is_news(self, from: Option<Self>) -> bool {
        match self {
            Self::Requested | Self::Completed | Self::Cancelled | Self::NoShow => true,
            Self::Scheduled | Self::Confirmed => !matches!(
                from,
                Some(Self::Arrived | Self::CheckedIn | Self::InProgress | Self::Completed | Self::NoShow)
            ),
            // Of times that were only held nobody was told.
            Self::Expired => from == Some(Self::Requested),
            Self::Held | Self::Arrived | Self::CheckedIn | Self::InProgress | Self::EnteredInError => false,
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

impl Recipient {
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
}

impl Change {
    pub fn recipients(&self) -> [Recipient; 2] {
        [Recipient::Patient(self.patient_id), Recipient::Doctor(self.doctor_id)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back() {
        assert!(Kind::ALL.into_iter().all(|kind| Kind::named(kind.name()) == Some(kind)));
        assert!(VisitStatus::ALL.into_iter().all(|status| VisitStatus::named(status.name()) == Some(status)));
        assert_eq!(Kind::named("notes_edited"), None);
    }

    #[test]
    fn what_happens_in_the_house_is_no_news() {
        use VisitStatus::{
            Arrived, Cancelled, CheckedIn, Confirmed, EnteredInError, Expired, Held, InProgress, NoShow,
            Requested, Scheduled,
        };
        for (from, to, expected) in [
            (Scheduled, Confirmed, true),
            (Requested, Scheduled, true),
            (Requested, Expired, true),
            (Held, Expired, false),
            (Cancelled, Scheduled, true),
            (Confirmed, NoShow, true),
            (Confirmed, Arrived, false),
            (Arrived, CheckedIn, false),
            (CheckedIn, InProgress, false),
            (Arrived, Confirmed, false),
            (NoShow, Scheduled, false),
            (Scheduled, EnteredInError, false),
        ] {
            assert_eq!(to.is_news(Some(from)), expected, "{from:?} to {to:?}");
        }
        assert!(Scheduled.is_news(None));
    }
}
