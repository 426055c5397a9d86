//! Visits and free times as the REST face shows them.
use crate::patch::{Clearable, Edit, Mask};
use crate::query::{Limit, Within};
use crate::reply::Resource;
use crate::routes::given;
use crate::times::{Bound, DatePart, Garbled, Instant, When, zone};
use jiff::tz::TimeZone;
use proto::appointment as pb;
use proto::ids::{AppointmentId, DoctorId, PatientId};
use proto::scalars::{TimeZoneName, VisitNotes};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

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
    fn location(&self) -> String {
        format!("/api/appointments/{}", self.id)
    }

    fn version(&self) -> Option<i64> {
        Some(self.version)
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

/// A visit to be booked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BookAppointment {
    /// Patients may leave it out: they book for themselves.
    #[schema(value_type = Option<Uuid>)]
    pub patient_id: Option<PatientId>,
    #[schema(value_type = Uuid)]
    pub doctor_id: DoctorId,
    pub start_time: When,
    /// After the doctor's usual length when absent.
    pub end_time: Option<When>,
    pub notes: Option<VisitNotes>,
}

impl BookAppointment {
    pub fn of(self, patient_id: PatientId) -> pb::BookAppointmentRequest {
        let Self { patient_id: _, doctor_id, start_time, end_time, notes } = self;
        let (start_time, start_local) = start_time.into_wire();
        let (end_time, end_local) = end_time.map(When::into_wire).unwrap_or_default();
        pb::BookAppointmentRequest {
            patient_id: patient_id.to_string(),
            doctor_id: doctor_id.to_string(),
            start_time,
            end_time,
            start_local,
            end_local,
            notes: notes.map(Into::into).unwrap_or_default(),
        }
    }
}

/// Changes to a visit.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateAppointment {
    #[serde(default)]
    #[schema(value_type = When)]
    pub start_time: Edit<When>,
    /// With a new start and without a new end the visit keeps its length.
    #[serde(default)]
    #[schema(value_type = When)]
    pub end_time: Edit<When>,
    #[serde(default)]
    #[schema(value_type = Option<VisitNotes>)]
    pub notes: Clearable<VisitNotes>,
}

impl UpdateAppointment {
    pub fn of(self, id: AppointmentId, expected_version: i64) -> pb::UpdateAppointmentRequest {
        let Self { start_time, end_time, notes } = self;
        let mut mask = Mask::default();
        let (start_time, start_local) =
            mask.value("start_time", start_time).map(When::into_wire).unwrap_or_default();
        let (end_time, end_local) = mask.value("end_time", end_time).map(When::into_wire).unwrap_or_default();
        let notes = mask.text("notes", notes);
        pb::UpdateAppointmentRequest {
            id: id.to_string(),
            update_mask: Some(mask.into()),
            start_time,
            end_time,
            start_local,
            end_local,
            notes,
            expected_version,
        }
    }
}

/// The new status of a visit, in the query.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StatusQuery {
    /// Either here or in the body.
    #[param(inline)]
    pub status: Option<AppointmentStatus>,
}

/// The new status of a visit, in the body.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateStatus {
    pub status: AppointmentStatus,
}

/// A page of visits. Filters narrow what the caller may see.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListAppointments {
    /// Visits that start on this day, or at this instant, or later.
    #[param(inline)]
    pub start_date: Option<Bound>,
    /// Visits that start on this day or before; of an instant, before it.
    #[param(inline)]
    pub end_date: Option<Bound>,
    /// The zone in which days begin and end, IANA; UTC when absent.
    #[param(value_type = Option<String>, min_length = 1, max_length = 64, example = "Europe/Berlin")]
    pub tz: Option<TimeZoneName>,
    #[param(inline)]
    pub status: Option<AppointmentStatus>,
    #[param(value_type = Option<Uuid>)]
    pub doctor_id: Option<DoctorId>,
    #[param(value_type = Option<Uuid>)]
    pub patient_id: Option<PatientId>,
    /// Items on a page; 50 when absent.
    #[param(value_type = Option<i32>, minimum = 1, maximum = 200)]
    pub limit: Option<Limit<200>>,
    /// Where the page begins: from the `Link` of the page before.
    pub cursor: Option<String>,
}

impl From<ListAppointments> for pb::ListAppointmentsRequest {
    fn from(query: ListAppointments) -> Self {
        let ListAppointments { start_date, end_date, tz, status, doctor_id, patient_id, limit, cursor } =
            query;
        let zone = tz.and_then(|tz| TimeZone::get(tz.as_str()).ok()).unwrap_or(TimeZone::UTC);
        Self {
            doctor_id: doctor_id.map(|id| id.to_string()).unwrap_or_default(),
            patient_id: patient_id.map(|id| id.to_string()).unwrap_or_default(),
            status: status.map_or(pb::AppointmentStatus::Unspecified, Into::into).into(),
            start_time_from: start_date.and_then(|bound| bound.begin(&zone)),
            start_time_until: end_date.and_then(|bound| bound.end(&zone)),
            page_size: Limit::or_zero(limit),
            page_token: cursor.unwrap_or_default(),
        }
    }
}

/// When free times are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListAvailableSlots {
    #[param(inline)]
    pub date: DatePart,
    /// How many days from `date`; 1 when absent.
    #[param(value_type = Option<i32>, minimum = 1, maximum = 62)]
    pub days: Option<Within<1, 62>>,
    /// Length of the visit; the doctor's usual one when absent.
    #[param(value_type = Option<i32>, minimum = 5, maximum = 480)]
    pub duration_minutes: Option<Within<5, 480>>,
    /// The zone whose offset the times are shown with, IANA; the doctor's when absent.
    #[param(value_type = Option<String>, min_length = 1, max_length = 64, example = "Europe/Berlin")]
    pub tz: Option<TimeZoneName>,
}

impl ListAvailableSlots {
    pub fn of(self, doctor_id: DoctorId) -> (pb::ListAvailableSlotsRequest, Option<TimeZoneName>) {
        let Self { date, days, duration_minutes, tz } = self;
        let message = pb::ListAvailableSlotsRequest {
            doctor_id: doctor_id.to_string(),
            date: date.into(),
            days: Within::or_zero(days),
            duration_minutes: Within::or_zero(duration_minutes),
        };
        (message, tz)
    }
}
