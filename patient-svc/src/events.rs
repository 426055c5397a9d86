//! What the others are told: ids and versions. Whoever needs more asks for it, and is checked.
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
