//! Visits and free times as the REST face shows them.
use crate::reply::Resource;
use crate::routes::given;
use crate::routes::visit_types::model::Modality;
use crate::times::{Garbled, Instant, zone};
use proto::appointment as pb;
use serde::Serialize;
use utoipa::ToSchema;

mod status; // where visits stand, and what may be done with them
mod attendance; // how patients keep to visits
mod changes; // what front ends send to change where a visit stands
mod requests; // what else front ends send

pub use attendance::PatientAttendance;
pub use changes::{CancelQuery, GetAppointment, ListUnresolved, SetSubStatus, StatusQuery, UpdateStatus};
pub use requests::{BookAppointment, ListAppointments, UpdateAppointment};
pub use status::{ActionWindow, AppointmentAction, AppointmentStatus, NewStatus};

/// What became of a hold that a visit was booked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HoldOutcome {
    /// It is the visit now.
    Converted,
    /// It had run out, and the time was still free.
    ExpiredReclaimed,
}

impl HoldOutcome {
    fn from_wire(outcome: pb::HoldOutcome) -> Option<Self> {
        match outcome {
            pb::HoldOutcome::Unspecified => None,
            pb::HoldOutcome::Converted => Some(Self::Converted),
            pb::HoldOutcome::ExpiredReclaimed => Some(Self::ExpiredReclaimed),
        }
    }
}

/// What a visit costs.
#[derive(Serialize, ToSchema)]
pub struct Price {
    /// In the smallest unit of the currency.
    #[schema(example = 4500)]
    pub minor: i64,
    /// ISO 4217.
    #[schema(example = "EUR")]
    pub currency: String,
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
    /// Null when it was booked without one.
    #[schema(value_type = Option<Uuid>)]
    pub visit_type_id: Option<String>,
    /// Null when at no location.
    #[schema(value_type = Option<Uuid>)]
    pub location_id: Option<String>,
    /// The room that it takes.
    #[schema(value_type = Option<Uuid>)]
    pub room_id: Option<String>,
    pub modality: Modality,
    /// The series that it belongs to; null when none.
    #[schema(value_type = Option<Uuid>)]
    pub series_id: Option<String>,
    /// The civil start that was agreed, in `time_zone`.
    #[schema(example = "2030-01-07T09:00:00")]
    pub start_local: String,
    /// Booked over another visit on purpose.
    pub is_overbooked: bool,
    /// As agreed at booking.
    pub price: Option<Price>,
    /// On bookings with a hold.
    pub hold_outcome: Option<HoldOutcome>,
    /// What the practice notes beside the status; for staff, doctors and admins.
    #[schema(example = "Room 3")]
    pub sub_status: Option<String>,
    /// Of a request: by when the practice answers.
    pub respond_by: Option<Instant>,
    /// Why it was cancelled, as a code of
    /// <http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason>.
    #[schema(example = "pat-fb")]
    pub cancellation_reason: Option<String>,
    /// Whether the patient cancelled it when it was late.
    pub is_late_cancel: bool,
    /// How often the patient moved it.
    #[schema(minimum = 0, example = 0)]
    pub reschedule_count: i32,
    /// What the caller may do now.
    pub allowed_actions: Vec<AppointmentAction>,
    /// When the caller may do what, of the things that are possible now or later as things are.
    pub action_windows: Vec<ActionWindow>,
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
        let modality = Modality::from_wire(appointment.modality()).unwrap_or(Modality::InPerson);
        let allowed_actions =
            appointment.allowed_actions().filter_map(AppointmentAction::from_wire).collect();
        let hold_outcome = HoldOutcome::from_wire(appointment.hold_outcome());
        let windows = appointment.action_windows.iter().filter_map(ActionWindow::from_wire);
        let action_windows = windows.collect::<Result<_, _>>()?;
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
            visit_type_id,
            location_id,
            room_id,
            modality: _,
            start_local,
            is_overbooked,
            series_id,
            price_minor,
            currency,
            sub_status,
            respond_by_time,
            cancellation_reason,
            is_late_cancel,
            reschedule_count,
            ..
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
            visit_type_id: given(visit_type_id),
            location_id: given(location_id),
            room_id: given(room_id),
            modality,
            series_id: given(series_id),
            start_local,
            is_overbooked,
            price: given(currency).map(|currency| Price { minor: price_minor, currency }),
            hold_outcome,
            sub_status: given(sub_status),
            respond_by: Instant::maybe_utc("respond_by_time", respond_by_time)?,
            cancellation_reason: given(cancellation_reason),
            is_late_cancel,
            reschedule_count,
            allowed_actions,
            action_windows,
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
    /// `booked`, `imported`, `rescheduled`, `reassigned`, `notes_edited`, `status_changed`, `cancelled`, `undone`,
    /// `sub_status_set` or `expired`.
    #[schema(example = "rescheduled")]
    pub kind: String,
    /// Null for the first entry.
    pub from_status: Option<AppointmentStatus>,
    pub to_status: AppointmentStatus,
    pub start_time: Instant,
    pub end_time: Instant,
    /// The account that did it; `ffffffff-ffff-ffff-ffff-ffffffffffff` is whoever had the link of a message.
    pub actor_id: Option<String>,
    #[schema(example = "patient")]
    pub actor_role: Option<String>,
    pub time: Instant,
    /// Why, as a code; `overbook` and `override` of visits that were booked against a rule.
    #[schema(example = "pat-fb")]
    pub reason: Option<String>,
    /// Why, in words; for staff, doctors and admins.
    pub note: Option<String>,
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
            reason_code,
            note,
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
            reason: given(reason_code),
            note: given(note),
        })
    }
}
