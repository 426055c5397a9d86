//! Free times and visits.
use crate::app::App;
use crate::body::Json;
use crate::caller::Caller;
use crate::problem::{Conflict, FieldProblem, Forbidden, NotFound, Problem, Stale};
use crate::query::{FromPath, IfMatch, Query};
use crate::reply::{Created, Found, Listed, Page};
use crate::times::{Slot, zone};
use axum::extract::State;
use http::Uri;
use model::{
    Appointment, AppointmentEvent, AppointmentStatus, BookAppointment, ListAppointments, ListAvailableSlots,
    StatusQuery, UpdateAppointment, UpdateStatus,
};
use platform::caller::Role;
use proto::appointment as pb;
use proto::ids::{AppointmentId, DoctorId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub mod model;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list, book))
        .routes(routes!(get, update, cancel))
        .routes(routes!(update_status))
        .routes(routes!(list_events))
        .routes(routes!(list_available_slots))
}

/// List visits
///
/// By start. Patients see their own, doctors those on their schedule, staff and admins all; filters narrow that.
#[utoipa::path(
    get,
    path = "/api/appointments",
    operation_id = "ListAppointments",
    tag = "appointments",
    params(ListAppointments),
    responses(Forbidden)
)]
async fn list(
    State(app): State<App>,
    uri: Uri,
    caller: Caller,
    Query(query): Query<ListAppointments>,
) -> Result<Page<Appointment>, Problem> {
    let message = caller.asks(pb::ListAppointmentsRequest::try_from(query)?);
    let pb::ListAppointmentsResponse { appointments, next_page_token } =
        app.clients.appointments.clone().list_appointments(message).await?.into_inner();
    Ok(Page::of(appointments, &uri, &next_page_token)?)
}

/// Book a visit
///
/// 409: `slot_taken`, with free times nearby in `alternatives`; `patient_conflict` when the patient has another
/// visit then; `no_patient_record` when a patient has none yet. 422 `outside_availability` when the doctor does not work then.
#[utoipa::path(
    post,
    path = "/api/appointments",
    operation_id = "BookAppointment",
    tag = "appointments",
    responses(Forbidden, NotFound, Conflict)
)]
async fn book(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<BookAppointment>,
) -> Result<Created<Appointment>, Problem> {
    let patient_id = match (body.patient_id, caller.user.role) {
        (Some(id), _) | (None, Role::Patient(id)) => id,
        (None, Role::Admin | Role::Staff | Role::Auditor | Role::Doctor(_)) => {
            return Err(Problem::invalid(vec![FieldProblem::new("/patient_id", "missing", "is required")]));
        }
    };
    let message = caller.asks(body.of(patient_id));
    let appointment = app.clients.appointments.clone().book_appointment(message).await?.into_inner();
    Ok(Created(appointment.try_into()?))
}

/// Get a visit
///
/// With the names of patient and doctor, and what the caller may do with it now.
#[utoipa::path(get, path = "/api/appointments/{id}", operation_id = "GetAppointment", tag = "appointments",
    params(("id" = Uuid, Path, description = "The visit")), responses(Forbidden, NotFound))]
async fn get(
    State(app): State<App>,
    FromPath(id): FromPath<AppointmentId>,
    caller: Caller,
) -> Result<Found<Appointment>, Problem> {
    let message = caller.asks(pb::GetAppointmentRequest { id: id.to_string() });
    let appointment = app.clients.appointments.clone().get_appointment(message).await?.into_inner();
    Ok(Found(appointment.try_into()?))
}

/// Move a visit or edit its notes
///
/// What is absent stays, null clears. A moved visit keeps its id and is `scheduled` again. 409 and 422 as for
/// booking.
#[utoipa::path(put, path = "/api/appointments/{id}", operation_id = "UpdateAppointment", tag = "appointments",
    params(("id" = Uuid, Path, description = "The visit"), IfMatch),
    responses(Forbidden, NotFound, Conflict, Stale))]
async fn update(
    State(app): State<App>,
    FromPath(id): FromPath<AppointmentId>,
    caller: Caller,
    if_match: IfMatch,
    Json(body): Json<UpdateAppointment>,
) -> Result<Found<Appointment>, Problem> {
    let message = caller.asks(body.of(id, if_match.expected_version()));
    let appointment = app.clients.appointments.clone().update_appointment(message).await?.into_inner();
    Ok(Found(appointment.try_into()?))
}

/// Cancel a visit
///
/// Frees its time. Answers the cancelled visit, also the second time. 409 when it cannot be cancelled any more.
#[utoipa::path(delete, path = "/api/appointments/{id}", operation_id = "CancelAppointment",
    tag = "appointments", params(("id" = Uuid, Path, description = "The visit"), IfMatch),
    responses(Forbidden, NotFound, Conflict, Stale))]
async fn cancel(
    State(app): State<App>,
    FromPath(id): FromPath<AppointmentId>,
    caller: Caller,
    if_match: IfMatch,
) -> Result<Found<Appointment>, Problem> {
    let expected_version = if_match.expected_version();
    let message = caller.asks(pb::CancelAppointmentRequest { id: id.to_string(), expected_version });
    let appointment = app.clients.appointments.clone().cancel_appointment(message).await?.into_inner();
    Ok(Found(appointment.try_into()?))
}

/// Change the status of a visit
///
/// The new status stands in the query or in the body. 409 `invalid_transition`, with the possible ones in
/// `allowed`; 403 when the caller's role may not make the change.
#[utoipa::path(put, path = "/api/appointments/{id}/status", operation_id = "UpdateAppointmentStatus",
    tag = "appointments", params(("id" = Uuid, Path, description = "The visit"), IfMatch, StatusQuery),
    responses(Forbidden, NotFound, Conflict, Stale))]
async fn update_status(
    State(app): State<App>,
    FromPath(id): FromPath<AppointmentId>,
    caller: Caller,
    if_match: IfMatch,
    Query(query): Query<StatusQuery>,
    body: Option<Json<UpdateStatus>>,
) -> Result<Found<Appointment>, Problem> {
    let status = one_status(query.status, body.map(|Json(UpdateStatus { status })| status))?;
    let message = caller.asks(pb::UpdateAppointmentStatusRequest {
        id: id.to_string(),
        status: pb::AppointmentStatus::from(status).into(),
        expected_version: if_match.expected_version(),
    });
    let appointment = app.clients.appointments.clone().update_appointment_status(message).await?.into_inner();
    Ok(Found(appointment.try_into()?))
}

/// The status that is asked for, in the query or in the body; in both only if they agree.
fn one_status(
    query: Option<AppointmentStatus>,
    body: Option<AppointmentStatus>,
) -> Result<AppointmentStatus, Problem> {
    if query.is_some() && body.is_some() && query != body {
        return Err(Problem::invalid_field("/status", "is one in the query and another in the body"));
    }
    query
        .or(body)
        .ok_or_else(|| Problem::invalid(vec![FieldProblem::new("/status", "missing", "is required")]))
}

/// List the history of a visit
///
/// Every change, oldest first.
#[utoipa::path(get, path = "/api/appointments/{id}/events", operation_id = "ListAppointmentEvents",
    tag = "appointments", params(("id" = Uuid, Path, description = "The visit")),
    responses(Forbidden, NotFound))]
async fn list_events(
    State(app): State<App>,
    FromPath(id): FromPath<AppointmentId>,
    caller: Caller,
) -> Result<Listed<AppointmentEvent>, Problem> {
    let message = caller.asks(pb::ListAppointmentEventsRequest { id: id.to_string() });
    let answer = app.clients.appointments.clone().list_appointment_events(message).await?.into_inner();
    Ok(Listed::of(answer.events)?)
}

/// List the free times of a doctor
///
/// Earliest first. Days are those of the doctor's zone; `tz` changes only how the times are shown.
#[utoipa::path(get, path = "/api/appointments/doctor/{doctor_id}/available-slots", tag = "appointments",
    operation_id = "ListAvailableSlots", params(("doctor_id" = Uuid, Path, description = "The doctor"), ListAvailableSlots),
    responses(Forbidden, NotFound))]
async fn list_available_slots(
    State(app): State<App>,
    FromPath(doctor_id): FromPath<DoctorId>,
    caller: Caller,
    Query(query): Query<ListAvailableSlots>,
) -> Result<Listed<Slot>, Problem> {
    let (message, tz) = query.of(doctor_id);
    let pb::ListAvailableSlotsResponse { slots, time_zone } =
        app.clients.appointments.clone().list_available_slots(caller.asks(message)).await?.into_inner();
    let shown_in = zone(tz.as_ref().map_or(&time_zone, |tz| tz.as_str()))?;
    let slots = slots.into_iter().map(|slot| Slot::new(slot, &shown_in)).collect::<Result<_, _>>()?;
    Ok(Listed(slots))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_stands_in_the_query_or_in_the_body() {
        let (confirmed, completed) = (Some(AppointmentStatus::Confirmed), Some(AppointmentStatus::Completed));
        assert_eq!(one_status(confirmed, None).unwrap(), AppointmentStatus::Confirmed);
        assert_eq!(one_status(None, confirmed).unwrap(), AppointmentStatus::Confirmed);
        assert_eq!(one_status(confirmed, confirmed).unwrap(), AppointmentStatus::Confirmed);
        for wrong in [one_status(confirmed, completed), one_status(None, None)] {
            assert_eq!(wrong.unwrap_err().errors()[0].pointer, "/status");
        }
    }
}
