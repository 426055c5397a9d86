//! What front ends send about visits.
use super::AppointmentStatus;
use crate::patch::{Clearable, Edit, Mask};
use crate::problem::Problem;
use crate::query::{Limit, range};
use crate::times::{Bound, When};
use proto::appointment as pb;
use proto::ids::{AppointmentId, DoctorId, PatientId, VisitTypeId};
use proto::scalars::{Reason, TimeZoneName, VisitNotes};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

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
    /// After the usual length when absent.
    pub end_time: Option<When>,
    /// Whose rules hold; without one, any start and length within the doctor's hours.
    #[schema(value_type = Option<Uuid>)]
    pub visit_type_id: Option<VisitTypeId>,
    pub notes: Option<VisitNotes>,
    /// Of a hold of the same time, which becomes the visit.
    #[schema(min_length = 22, max_length = 22, example = "mZ0uW3k9Qx2bJ7yR5tLhVg")]
    pub hold_token: Option<String>,
    /// For the practice: over other visits if the time is taken, as far as the visit type allows.
    pub overbook: Option<Overbook>,
    /// For the practice: why hours, grid and daily limit do not count for once.
    pub override_reason: Option<Reason>,
}

/// Booking over other visits on purpose.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Overbook {
    /// Kept in the history.
    pub reason: Reason,
}

impl BookAppointment {
    pub fn of(self, patient_id: PatientId, request_id: String) -> pb::BookAppointmentRequest {
        let Self {
            patient_id: _,
            doctor_id,
            start_time,
            end_time,
            visit_type_id,
            notes,
            hold_token,
            overbook,
            override_reason,
        } = self;
        let overbook = overbook.map(|Overbook { reason }| pb::Overbook { reason: reason.into() });
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
            visit_type_id: visit_type_id.map(|id| id.to_string()).unwrap_or_default(),
            hold_token: hold_token.unwrap_or_default(),
            overbook,
            override_reason: override_reason.map(Into::into).unwrap_or_default(),
            request_id,
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
    /// For the practice: why hours, grid and daily limit do not count for the new time.
    pub override_reason: Option<Reason>,
}

impl UpdateAppointment {
    pub fn of(
        self,
        id: AppointmentId,
        expected_version: i64,
        request_id: String,
    ) -> pb::UpdateAppointmentRequest {
        let Self { start_time, end_time, notes, override_reason } = self;
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
            override_reason: override_reason.map(Into::into).unwrap_or_default(),
            request_id,
        }
    }
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

impl TryFrom<ListAppointments> for pb::ListAppointmentsRequest {
    type Error = Problem;

    fn try_from(query: ListAppointments) -> Result<Self, Problem> {
        let ListAppointments { start_date, end_date, tz, status, doctor_id, patient_id, limit, cursor } =
            query;
        let (from, until) = range(start_date, end_date, tz)?;
        Ok(Self {
            doctor_id: doctor_id.map(|id| id.to_string()).unwrap_or_default(),
            patient_id: patient_id.map(|id| id.to_string()).unwrap_or_default(),
            status: status.map_or(pb::AppointmentStatus::Unspecified, Into::into).into(),
            start_time_from: from,
            start_time_until: until,
            page_size: Limit::or_zero(limit),
            page_token: cursor.unwrap_or_default(),
        })
    }
}
