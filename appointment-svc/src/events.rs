//! What this service tells the others: that a visit changed, not what it is about. The JSON is a contract:
//! fields are added, never changed.
use crate::domain::appointment::Appointment;
use platform::outbox::NewEvent;
use serde_json::json;

/// What happened to a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Booked,
    Imported,
    Rescheduled,
    NotesEdited,
    StatusChanged,
    Cancelled,
}

impl Change {
    /// As in the history.
    pub fn name(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Imported => "imported",
            Self::Rescheduled => "rescheduled",
            Self::NotesEdited => "notes_edited",
            Self::StatusChanged => "status_changed",
            Self::Cancelled => "cancelled",
        }
    }

    fn routing_key(self) -> &'static str {
        match self {
            Self::Booked => "appointment.booked",
            Self::Imported => "appointment.imported",
            Self::Rescheduled => "appointment.rescheduled",
            Self::NotesEdited => "appointment.notes_edited",
            Self::StatusChanged => "appointment.status_changed",
            Self::Cancelled => "appointment.cancelled",
        }
    }
}

/// The event of a change that made `appointment` what it is.
pub fn event(change: Change, appointment: &Appointment) -> NewEvent {
    NewEvent {
        aggregate_id: appointment.id.0,
        event_type: change.routing_key(),
        data: json!({
            "appointment_id": appointment.id,
            "patient_id": appointment.patient_id,
            "doctor_id": appointment.doctor_id,
            "version": appointment.version,
            "status": appointment.status.name(),
        }),
    }
}
