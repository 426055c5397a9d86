//! Where visits stand.
use super::model::{Appointment, CancelQuery, NewStatus, SetSubStatus, StatusQuery, UpdateStatus};
use crate::app::App;
use crate::body::Json;
use crate::caller::Caller;
use crate::once::{IdempotencyKey, Once};
use crate::problem::{Conflict, FieldProblem, Forbidden, NotFound, Problem, Stale};
use crate::query::{FromPath, IfMatch, Query};
use crate::reply::Found;
use axum::extract::State;
use proto::appointment as pb;
use proto::ids::AppointmentId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(cancel))
        .routes(routes!(update_status))
        .routes(routes!(undo))
        .routes(routes!(set_sub_status))
}

/// Cancel a visit
///
/// Frees its time. Answers the cancelled visit, also the second time. 409 when it cannot be cancelled any more. A
/// patient who is late is flagged, or gets 422 `policy_violation` where the visit was booked under such terms. To say why
/// in words, make its status `cancelled` instead.
#[utoipa::path(delete, path = "/api/appointments/{id}", operation_id = "CancelAppointment",
    tag = "appointments", params(("id" = Uuid, Path, description = "The visit"), IfMatch, IdempotencyKey, CancelQuery),
    responses(Forbidden, NotFound, Conflict, Stale))]
async fn cancel(
    State(app): State<App>,
    FromPath(id): FromPath<AppointmentId>,
    caller: Caller,
    if_match: IfMatch,
    key: IdempotencyKey,
    Query(query): Query<CancelQuery>,
) -> Result<Once<Found<Appointment>>, Problem> {
    let message = caller.asks(query.of(id, if_match.expected_version(), key.into()));
    let appointment = app.clients.appointments.clone().cancel_appointment(message).await;
    Once::of(appointment.map_err(told)?, Found)
}

/// Change the status of a visit
///
/// The new status stands in the query or in the body. 409 `invalid_transition`, with the present one in `current` and
/// those that the caller may choose now in `allowed`; 409 `too_early`, `too_late` or `already_started`; 403 when the
/// caller's role may not make the change; 409 `slot_taken` or `patient_conflict` when a visit is to have its time again
/// and that is taken; 422 `policy_violation` as for cancelling.
#[utoipa::path(put, path = "/api/appointments/{id}/status", operation_id = "UpdateAppointmentStatus",
    tag = "appointments", params(("id" = Uuid, Path, description = "The visit"), IfMatch, IdempotencyKey, StatusQuery),
    responses(Forbidden, NotFound, Conflict, Stale))]
async fn update_status(
    State(app): State<App>,
    FromPath(id): FromPath<AppointmentId>,
    caller: Caller,
    if_match: IfMatch,
    key: IdempotencyKey,
    Query(query): Query<StatusQuery>,
    body: Option<Json<UpdateStatus>>,
) -> Result<Once<Found<Appointment>>, Problem> {
    let body = body.map(|Json(body)| body).unwrap_or_default();
    let status = one_status(query.status, body.status)?;
    let message = caller.asks(body.of(id, status, if_match.expected_version(), key.into()));
    let appointment = app.clients.appointments.clone().update_appointment_status(message).await;
    Once::of(appointment.map_err(told)?, Found)
}

/// Take the last change of a visit back
///
/// For staff and admins, within 15 minutes: a change of status or of time. The visit is as it was before. 409
/// `nothing_to_undo` when that is not possible, `slot_taken` or `patient_conflict` when its time is taken.
#[utoipa::path(post, path = "/api/appointments/{id}/undo", operation_id = "UndoAppointmentChange",
    tag = "appointments", params(("id" = Uuid, Path, description = "The visit"), IfMatch, IdempotencyKey),
    responses(Forbidden, NotFound, Conflict, Stale))]
async fn undo(
    State(app): State<App>,
    FromPath(id): FromPath<AppointmentId>,
    caller: Caller,
    if_match: IfMatch,
    key: IdempotencyKey,
) -> Result<Once<Found<Appointment>>, Problem> {
    let (id, expected_version) = (id.to_string(), if_match.expected_version());
    let message =
        caller.asks(pb::UndoAppointmentChangeRequest { id, expected_version, request_id: key.into() });
    let appointment = app.clients.appointments.clone().undo_appointment_change(message).await;
    Once::of(appointment.map_err(told)?, Found)
}

/// Label a visit
///
/// For the doctor, staff and admins, who alone see it. It means what the practice wants it to mean, and stands in
/// nobody's way.
#[utoipa::path(put, path = "/api/appointments/{id}/sub-status", operation_id = "SetSubStatus",
    tag = "appointments", params(("id" = Uuid, Path, description = "The visit"), IfMatch, IdempotencyKey),
    responses(Forbidden, NotFound, Conflict, Stale))]
async fn set_sub_status(
    State(app): State<App>,
    FromPath(id): FromPath<AppointmentId>,
    caller: Caller,
    if_match: IfMatch,
    key: IdempotencyKey,
    Json(body): Json<SetSubStatus>,
) -> Result<Once<Found<Appointment>>, Problem> {
    let message = caller.asks(body.of(id, if_match.expected_version(), key.into()));
    Once::of(app.clients.appointments.clone().set_sub_status(message).await?, Found)
}

/// The status that is asked for, in the query or in the body; in both only if they agree.
fn one_status(query: Option<NewStatus>, body: Option<NewStatus>) -> Result<NewStatus, Problem> {
    if query.is_some() && body.is_some() && query != body {
        return Err(Problem::invalid_field("/status", "is one in the query and another in the body"));
    }
    query
        .or(body)
        .ok_or_else(|| Problem::invalid(vec![FieldProblem::new("/status", "missing", "is required")]))
}

/// What a service says of the reason, in our words. A start that breaks a rule is the visit's own.
fn told(status: tonic::Status) -> Problem {
    Problem::from(status).renamed("/reason_code", "/reason").without("/start_time")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_stands_in_the_query_or_in_the_body() {
        let (confirmed, completed) = (Some(NewStatus::Confirmed), Some(NewStatus::Completed));
        assert_eq!(one_status(confirmed, None).unwrap(), NewStatus::Confirmed);
        assert_eq!(one_status(None, confirmed).unwrap(), NewStatus::Confirmed);
        assert_eq!(one_status(confirmed, confirmed).unwrap(), NewStatus::Confirmed);
        for wrong in [one_status(confirmed, completed), one_status(None, None)] {
            assert_eq!(wrong.unwrap_err().errors()[0].pointer, "/status");
        }
    }
}
