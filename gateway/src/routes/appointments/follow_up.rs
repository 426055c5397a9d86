//! Visits that are over, and how patients keep to them.
use super::model::{Appointment, ListUnresolved, PatientAttendance};
use crate::app::App;
use crate::caller::Caller;
use crate::problem::{Forbidden, NotFound, Problem};
use crate::query::{FromPath, Query};
use crate::reply::{Page, Plain};
use axum::extract::State;
use http::Uri;
use proto::appointment as pb;
use proto::ids::PatientId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_unresolved)).routes(routes!(get_attendance))
}

/// List the visits that nobody has finished
///
/// By start: visits that are over and of which nobody said how they ended. Doctors get those on their schedule, staff
/// and admins all.
#[utoipa::path(
    get,
    path = "/api/appointments/unresolved",
    operation_id = "ListUnresolvedAppointments",
    tag = "appointments",
    params(ListUnresolved),
    responses(Forbidden)
)]
async fn list_unresolved(
    State(app): State<App>,
    uri: Uri,
    caller: Caller,
    Query(query): Query<ListUnresolved>,
) -> Result<Page<Appointment>, Problem> {
    let message = caller.asks(pb::ListUnresolvedAppointmentsRequest::from(query));
    let pb::ListUnresolvedAppointmentsResponse { appointments, next_page_token } =
        app.clients.appointments.clone().list_unresolved_appointments(message).await?.into_inner();
    Ok(Page::of(appointments, &uri, &next_page_token)?)
}

/// Count how a patient kept to visits
///
/// For the patient, doctors who treat them, staff and admins. What the practice cancelled never counts.
#[utoipa::path(get, path = "/api/patients/{id}/attendance", operation_id = "GetPatientAttendance",
    tag = "appointments", params(("id" = Uuid, Path, description = "The patient")),
    responses(Forbidden, NotFound))]
async fn get_attendance(
    State(app): State<App>,
    FromPath(id): FromPath<PatientId>,
    caller: Caller,
) -> Result<Plain<PatientAttendance>, Problem> {
    let message = caller.asks(pb::GetPatientAttendanceRequest { patient_id: id.to_string() });
    let attendance = app.clients.appointments.clone().get_patient_attendance(message).await?.into_inner();
    Ok(Plain(attendance.try_into()?))
}
