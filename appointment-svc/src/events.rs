//! What this service tells the others: that a visit changed, not what it is about. The JSON is a contract:
//! fields are added, never changed.
use crate::domain::appointment::Appointment;
use crate::domain::status::Status;
use crate::domain::waitlist::Offer;
use platform::outbox::NewEvent;
use proto::ids::{AppointmentId, DoctorId, PatientId};
use serde_json::{Value, json};

/// What happened to a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Booked,
    Imported,
    Rescheduled,
    /// To another doctor than this one.
    Reassigned {
        from: DoctorId,
    },
    NotesEdited,
    StatusChanged,
    Cancelled,
    Undone,
    SubStatusSet,
}

impl Change {
    /// As in the history.
    pub fn name(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Imported => "imported",
            Self::Rescheduled => "rescheduled",
            Self::Reassigned { .. } => "reassigned",
            Self::NotesEdited => "notes_edited",
            Self::StatusChanged => "status_changed",
            Self::Cancelled => "cancelled",
            Self::Undone => "undone",
            Self::SubStatusSet => "sub_status_set",
        }
    }

    /// What has become of the visit, in one word: where it stands now when that is what changed.
    pub fn word(self, status: Status) -> &'static str {
        match self {
            Self::Booked if status == Status::Requested => status.name(),
            Self::StatusChanged => status.name(),
            _ => self.name(),
        }
    }

    /// Whether it can be taken back.
    pub fn is_undoable(self) -> bool {
        matches!(self, Self::Rescheduled | Self::StatusChanged | Self::Cancelled)
    }

    fn routing_key(self) -> &'static str {
        match self {
            Self::Booked => "appointment.booked",
            Self::Imported => "appointment.imported",
            // Whoever is told of visits that move is told of these.
            Self::Rescheduled | Self::Reassigned { .. } => "appointment.rescheduled",
            Self::NotesEdited => "appointment.notes_edited",
            Self::StatusChanged => "appointment.status_changed",
            Self::Cancelled => "appointment.cancelled",
            Self::Undone => "appointment.undone",
            Self::SubStatusSet => "appointment.sub_status_set",
        }
    }
}

/// How often a visit has changed, and how often as to when, with whom or where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    pub visit: i64,
    pub schedule: i64,
}

/// The event of a time that was kept and is free again. It names no patient: whoever waits for the doctor may look.
pub fn slot_released(hold: AppointmentId, doctor: DoctorId) -> NewEvent {
    NewEvent {
        aggregate_id: hold.0,
        event_type: "appointment.slot_released",
        data: json!({ "appointment_id": hold, "doctor_id": doctor }),
    }
}

/// The event of a time that is offered to a patient who waits.
pub fn offered(offer: &Offer) -> NewEvent {
    NewEvent {
        aggregate_id: offer.id.0,
        event_type: "appointment.offered",
        data: json!({
            "offer_id": offer.id,
            "entry_id": offer.entry_id,
            "patient_id": offer.patient_id,
            "doctor_id": offer.doctor_id,
        }),
    }
}

/// The event of a request that nobody answered in time.
pub fn expired(request: AppointmentId, patient: PatientId, doctor: DoctorId, versions: Versions) -> NewEvent {
    let mut data = visit(request, patient, doctor, versions, Status::Expired);
    data["from_status"] = Status::Requested.name().into();
    NewEvent { aggregate_id: request.0, event_type: "appointment.expired", data }
}

/// The event of a change that made `appointment` what it is.
pub fn event(change: Change, appointment: &Appointment) -> NewEvent {
    let Appointment { id, patient_id, doctor_id, version, schedule_version, status, .. } = *appointment;
    let versions = Versions { visit: version, schedule: schedule_version };
    let mut data = visit(id, patient_id, doctor_id, versions, status);
    if let Change::Reassigned { from } = change {
        data["previous_doctor_id"] = json!(from);
    }
    NewEvent { aggregate_id: id.0, event_type: change.routing_key(), data }
}

/// What is told of every change.
fn visit(
    id: AppointmentId,
    patient: PatientId,
    doctor: DoctorId,
    versions: Versions,
    status: Status,
) -> Value {
    json!({
        "appointment_id": id,
        "patient_id": patient,
        "doctor_id": doctor,
        "version": versions.visit,
        "schedule_version": versions.schedule,
        "status": status.name(),
    })
}

/// [`event`] of a change that led from another status, and whether it moved the visit.
pub fn transition(change: Change, appointment: &Appointment, from: Status, is_moved: bool) -> NewEvent {
    let mut event = event(change, appointment);
    event.data["from_status"] = from.name().into();
    event.data["is_moved"] = is_moved.into();
    event
}
