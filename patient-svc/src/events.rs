//! What the others are told: ids and versions. Whoever needs more asks for it, and is checked.
use crate::domain::break_glass::Grant;
use crate::domain::patient::Patient;
use platform::outbox::NewEvent;
use serde_json::json;

/// Facts about one patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    Created,
    Updated,
    Deleted,
    Merged,
    Unmerged,
    Erased,
}

impl Fact {
    /// The routing key; part of the contract.
    fn event_type(self) -> &'static str {
        match self {
            Self::Created => "patient.created",
            Self::Updated => "patient.updated",
            Self::Deleted => "patient.deleted",
            Self::Merged => "patient.merged",
            Self::Unmerged => "patient.unmerged",
            Self::Erased => "patient.erased",
        }
    }

    /// The event that tells the fact of `patient` as they now are.
    pub fn of(self, patient: &Patient) -> NewEvent {
        NewEvent {
            aggregate_id: patient.id.0,
            event_type: self.event_type(),
            data: json!({
                "patient_id": patient.id,
                "version": patient.version,
                "party_version": patient.party_version,
            }),
        }
    }
}

/// The event that tells that a doctor has broken the glass.
pub fn broken_glass(grant: &Grant) -> NewEvent {
    NewEvent {
        aggregate_id: grant.patient_id.0,
        event_type: "patient.break_glass",
        data: json!({
            "grant_id": grant.id,
            "patient_id": grant.patient_id,
            "doctor_id": grant.doctor_id,
            "includes_very_restricted": grant.includes_very_restricted,
        }),
    }
}
