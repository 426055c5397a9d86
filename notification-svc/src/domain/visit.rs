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
    Scheduled,
    Confirmed,
    Completed,
    Cancelled,
    NoShow,
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
    const ALL: [Self; 5] = [Self::Scheduled, Self::Confirmed, Self::Completed, Self::Cancelled, Self::NoShow];

    pub fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Confirmed => "confirmed",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::NoShow => "no_show",
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
}
