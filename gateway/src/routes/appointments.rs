//! Visits.
use crate::app::App;
use crate::body::Json;
use crate::caller::Caller;
use crate::once::{IdempotencyKey, Once};
use crate::problem::{Conflict, FieldProblem, Forbidden, Gone, NotFound, Problem, Stale};
use crate::query::{FromPath, IfMatch, Query};
use crate::reply::{Created, Found, Listed, Page};
use axum::extract::State;
use http::Uri;
use model::{
    Appointment, AppointmentEvent, BookAppointment, GetAppointment, ListAppointments, UpdateAppointment,
};
use platform::caller::Role;
use proto::appointment as pb;
use proto::ids::{AppointmentId, PatientId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub mod model;

mod statuses; // where visits stand
mod follow_up; // visits that are over, and how patients keep to them

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list, book))
        .routes(routes!(get, update))
        .merge(statuses::routes())
        .merge(follow_up::routes())
        .routes(routes!(list_events))
}

/// List visits
///
/// By start. Patients see their own, doctors those on their schedule, staff and admins all; filters narrow that. What
/// expired is listed only when that is the status asked for, and what was entered in error only then and for admins.
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
/// visit then; `no_patient_record` when a patient has none yet; `day_full`, `no_room`. 422 when the rules do not allow
/// the time: `outside_availability`, `too_soon`, `beyond_horizon`, `off_grid`, `visit_type_not_offered`.
///
/// With the token of a hold, the hold becomes the visit; 410 `hold_expired`, with `alternatives`, when it ran out and
/// the time is taken; 409 `hold_used` when it is a visit already. 409 `overbook_limit` when no more visits can be booked over others then.
#[utoipa::path(
    post,
    path = "/api/appointments",
    operation_id = "BookAppointment",
    tag = "appointments",
    params(IdempotencyKey),
    responses(Forbidden, NotFound, Conflict, Gone)
)]
async fn book(
    State(app): State<App>,
    caller: Caller,
    key: IdempotencyKey,
    Json(body): Json<BookAppointment>,
) -> Result<Once<Created<Appointment>>, Problem> {
    let patient_id = patient(body.patient_id, &caller)?;
    let message = caller.asks(body.of(patient_id, key.into()));
    Once::of(app.clients.appointments.clone().book_appointment(message).await?, Created)
}

/// Whom a visit is for: patients book for themselves.
pub fn patient(given: Option<PatientId>, caller: &Caller) -> Result<PatientId, Problem> {
    match (given, caller.user.role) {
        (Some(id), _) | (None, Role::Patient(id)) => Ok(id),
        (None, Role::Admin | Role::Staff | Role::Auditor | Role::Doctor(_)) => {
            Err(Problem::invalid(vec![FieldProblem::new("/patient_id", "missing", "is required")]))
        }
    }
}

/// Get a visit
///
/// With the names of patient and doctor, and what the caller may do with it now; or, with `as_of`, as it was then, 404
/// before it was there.
#[utoipa::path(get, path = "/api/appointments/{id}", operation_id = "GetAppointment", tag = "appointments",
    params(("id" = Uuid, Path, description = "The visit"), GetAppointment), responses(Forbidden, NotFound))]
async fn get(
    State(app): State<App>,
    FromPath(id): FromPath<AppointmentId>,
    caller: Caller,
    Query(query): Query<GetAppointment>,
) -> Result<Found<Appointment>, Problem> {
    let message = caller.asks(query.of(id));
    let appointment = app.clients.appointments.clone().get_appointment(message).await?.into_inner();
    Ok(Found(appointment.try_into()?))
}

/// Move a visit or edit its notes
///
/// What is absent stays, null clears. A moved visit keeps its id and is `scheduled` again. 409 and 422 as for
/// booking.
#[utoipa::path(put, path = "/api/appointments/{id}", operation_id = "UpdateAppointment", tag = "appointments",
    params(("id" = Uuid, Path, description = "The visit"), IfMatch, IdempotencyKey),
    responses(Forbidden, NotFound, Conflict, Stale))]
async fn update(
    State(app): State<App>,
    FromPath(id): FromPath<AppointmentId>,
    caller: Caller,
    if_match: IfMatch,
    key: IdempotencyKey,
    Json(body): Json<UpdateAppointment>,
) -> Result<Once<Found<Appointment>>, Problem> {
    let message = caller.asks(body.of(id, if_match.expected_version(), key.into()));
    Once::of(app.clients.appointments.clone().update_appointment(message).await?, Found)
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
