//! What front ends send to change where a visit stands, and to follow that up.
use super::NewStatus;
use crate::query::Limit;
use crate::times::Moment;
use proto::appointment as pb;
use proto::cancellation::CancellationReason;
use proto::ids::{AppointmentId, DoctorId};
use proto::scalars::{ChangeNote, SubStatus};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// When a visit is to be seen.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GetAppointment {
    /// Status, times and version as they were then.
    #[param(inline)]
    pub as_of: Option<Moment>,
}

impl GetAppointment {
    pub fn of(self, id: AppointmentId) -> pb::GetAppointmentRequest {
        let as_of_time = self.as_of.map(Into::into);
        pb::GetAppointmentRequest { id: id.to_string(), as_of_time }
    }
}

/// Why a visit is cancelled.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CancelQuery {
    /// A code; `pat` for patients and `prov` for others when absent. Patients have `pat` and `pat-…`, `other` and
    /// `oth-…`.
    #[param(inline)]
    pub reason: Option<CancellationReason>,
}

impl CancelQuery {
    pub fn of(
        self,
        id: AppointmentId,
        expected_version: i64,
        request_id: String,
    ) -> pb::CancelAppointmentRequest {
        pb::CancelAppointmentRequest {
            id: id.to_string(),
            expected_version,
            reason_code: code(self.reason),
            // Words do not go into addresses.
            note: String::new(),
            request_id,
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
    pub status: Option<NewStatus>,
}

/// The new status of a visit, in the body.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateStatus {
    /// Either here or in the query.
    pub status: Option<NewStatus>,
    /// With `cancelled`: why, as a code.
    #[schema(inline)]
    pub reason: Option<CancellationReason>,
    /// Why, in words, for the practice. Required to correct a no-show and to enter in error.
    pub note: Option<ChangeNote>,
}

impl UpdateStatus {
    pub fn of(
        self,
        id: AppointmentId,
        status: NewStatus,
        expected_version: i64,
        request_id: String,
    ) -> pb::UpdateAppointmentStatusRequest {
        pb::UpdateAppointmentStatusRequest {
            id: id.to_string(),
            status: pb::AppointmentStatus::from(status).into(),
            expected_version,
            reason_code: code(self.reason),
            note: self.note.map(Into::into).unwrap_or_default(),
            request_id,
        }
    }
}

fn code(reason: Option<CancellationReason>) -> String {
    reason.map_or("", CancellationReason::code).to_owned()
}

/// What the practice notes beside a status.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetSubStatus {
    /// Null takes the label off.
    pub sub_status: Option<SubStatus>,
}

impl SetSubStatus {
    pub fn of(self, id: AppointmentId, expected_version: i64, request_id: String) -> pb::SetSubStatusRequest {
        let sub_status = self.sub_status.map(Into::into).unwrap_or_default();
        pb::SetSubStatusRequest { id: id.to_string(), sub_status, expected_version, request_id }
    }
}

/// A page of visits that nobody has finished.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListUnresolved {
    #[param(value_type = Option<Uuid>)]
    pub doctor_id: Option<DoctorId>,
    /// Items on a page; 50 when absent.
    #[param(value_type = Option<i32>, minimum = 1, maximum = 200)]
    pub limit: Option<Limit<200>>,
    /// Where the page begins: from the `Link` of the page before.
    pub cursor: Option<String>,
}

impl From<ListUnresolved> for pb::ListUnresolvedAppointmentsRequest {
    fn from(ListUnresolved { doctor_id, limit, cursor }: ListUnresolved) -> Self {
        Self {
            doctor_id: doctor_id.map(|id| id.to_string()).unwrap_or_default(),
            page_size: Limit::or_zero(limit),
            page_token: cursor.unwrap_or_default(),
        }
    }
}
