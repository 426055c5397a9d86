//! Visits and free times as the REST face shows them.
use crate::reply::Resource;
use crate::routes::given;
use crate::times::{Garbled, Instant, zone};
use proto::appointment as pb;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

mod requests; // what front ends send

pub use requests::{
    BookAppointment, ListAppointments, ListAvailableSlots, StatusQuery, UpdateAppointment, UpdateStatus,
};

/// Where a visit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AppointmentStatus {
    /// Booked.
    Scheduled,
    /// The patient will come.
    Confirmed,
    /// Called off; its time is free again.
    Cancelled,
    /// The visit took place.
    Completed,
    /// The patient did not come.
    NoShow,
}

impl From<AppointmentStatus> for pb::AppointmentStatus {
    fn from(status: AppointmentStatus) -> Self {
        match status {
            AppointmentStatus::Scheduled => Self::Scheduled,
            AppointmentStatus::Confirmed => Self::Confirmed,
            AppointmentStatus::Cancelled => Self::Cancelled,
            AppointmentStatus::Completed => Self::Completed,
            AppointmentStatus::NoShow => Self::NoShow,
        }
    }
}

impl AppointmentStatus {
    fn from_wire(status: pb::AppointmentStatus) -> Option<Self> {
        match status {
            pb::AppointmentStatus::Scheduled => Some(Self::Scheduled),
            pb::AppointmentStatus::Confirmed => Some(Self::Confirmed),
            pb::AppointmentStatus::Cancelled => Some(Self::Cancelled),
            pb::AppointmentStatus::Completed => Some(Self::Completed),
            pb::AppointmentStatus::NoShow => Some(Self::NoShow),
            pb::AppointmentStatus::Unspecified => None,
        }
    }
}

/// What the caller may do with a visit now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AppointmentAction {
    Reschedule,
    Confirm,
    Cancel,
    Complete,
    MarkNoShow,
    EditNotes,
}

impl AppointmentAction {
    /// None for an action of a later contract, which front ends of this one could not take.
    fn from_wire(action: pb::AppointmentAction) -> Option<Self> {
        match action {
            pb::AppointmentAction::Reschedule => Some(Self::Reschedule),
            pb::AppointmentAction::Confirm => Some(Self::Confirm),
            pb::AppointmentAction::Cancel => Some(Self::Cancel),
            pb::AppointmentAction::Complete => Some(Self::Complete),
            pb::AppointmentAction::MarkNoShow => Some(Self::MarkNoShow),
            pb::AppointmentAction::EditNotes => Some(Self::EditNotes),
            pb::AppointmentAction::Unspecified => None,
        }
    }
}

/// One visit of a patient to a doctor.
#[derive(Serialize, ToSchema)]
pub struct Appointment {
    #[schema(value_type = Uuid)]
    pub id: String,
    #[schema(value_type = Uuid)]
    pub patient_id: String,
    #[schema(value_type = Uuid)]
    pub doctor_id: String,
    /// With the offset of the clinic.
    pub start_time: Instant,
    /// With the offset of the clinic.
    pub end_time: Instant,
    /// The zone of the clinic, IANA.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
    pub status: AppointmentStatus,
    #[schema(example = "Annual check-up")]
    pub notes: Option<String>,
    /// On reads; null while it cannot be found out.
    #[schema(example = "Ada Lovelace")]
    pub patient_name: Option<String>,
    /// On reads; null while it cannot be found out.
    #[schema(example = "Elizabeth Blackwell")]
    pub doctor_name: Option<String>,
    /// On reads; null while it cannot be found out.
    #[schema(example = "Cardiology")]
    pub doctor_specialization: Option<String>,
    pub allowed_actions: Vec<AppointmentAction>,
    pub created_at: Instant,
    pub updated_at: Instant,
    /// Grows by one with each change; the ETag.
    #[schema(minimum = 0, example = 3)]
    pub version: i64,
}

impl Resource for Appointment {
    const VERSION: Option<fn(&Self) -> i64> = Some(|appointment| appointment.version);

    fn location(&self) -> String {
        format!("/api/appointments/{}", self.id)
    }
}

impl TryFrom<pb::Appointment> for Appointment {
    type Error = Garbled;

    fn try_from(appointment: pb::Appointment) -> Result<Self, Garbled> {
        let status = AppointmentStatus::from_wire(appointment.status()).ok_or(Garbled("status"))?;
        let allowed_actions =
            appointment.allowed_actions().filter_map(AppointmentAction::from_wire).collect();
        let pb::Appointment {
            id,
            patient_id,
            doctor_id,
            start_time,
            end_time,
            status: _,
            notes,
            time_zone,
            version,
            create_time,
            update_time,
            allowed_actions: _,
            patient_name,
            doctor_name,
            doctor_specialization,
        } = appointment;
        let clinic = zone(&time_zone)?;
        Ok(Self {
            id,
            patient_id,
            doctor_id,
            start_time: Instant::in_zone("start_time", start_time, &clinic)?,
            end_time: Instant::in_zone("end_time", end_time, &clinic)?,
            time_zone,
            status,
            notes: given(notes),
            patient_name: given(patient_name),
            doctor_name: given(doctor_name),
            doctor_specialization: given(doctor_specialization),
            allowed_actions,
            created_at: Instant::utc("create_time", create_time)?,
            updated_at: Instant::utc("update_time", update_time)?,
            version,
        })
    }
}

/// One entry of a visit's history.
#[derive(Serialize, ToSchema)]
pub struct AppointmentEvent {
    /// The version that this change made.
    #[schema(minimum = 0, example = 2)]
    pub version: i64,
    /// `booked`, `imported`, `rescheduled`, `notes_edited`, `status_changed` or `cancelled`.
    #[schema(example = "rescheduled")]
    pub kind: String,
    /// Null for the first entry.
    pub from_status: Option<AppointmentStatus>,
    pub to_status: AppointmentStatus,
    pub start_time: Instant,
    pub end_time: Instant,
    /// The account that did it.
    pub actor_id: Option<String>,
    #[schema(example = "patient")]
    pub actor_role: Option<String>,
    pub time: Instant,
}

impl TryFrom<pb::AppointmentEvent> for AppointmentEvent {
    type Error = Garbled;

    fn try_from(event: pb::AppointmentEvent) -> Result<Self, Garbled> {
        let from_status = AppointmentStatus::from_wire(event.from_status());
        let to_status = AppointmentStatus::from_wire(event.to_status()).ok_or(Garbled("to_status"))?;
        let pb::AppointmentEvent {
            version,
            kind,
            from_status: _,
            to_status: _,
            start_time,
            end_time,
            actor_id,
            actor_role,
            time,
        } = event;
        Ok(Self {
            version,
            kind,
            from_status,
            to_status,
            start_time: Instant::utc("start_time", start_time)?,
            end_time: Instant::utc("end_time", end_time)?,
            actor_id: given(actor_id),
            actor_role: given(actor_role),
            time: Instant::utc("time", time)?,
        })
    }
}
