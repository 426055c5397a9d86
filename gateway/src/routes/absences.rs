//! Plans for a doctor who will be away.
use crate::app::App;
use crate::body::Json;
use crate::caller::Caller;
use crate::problem::{Conflict, Forbidden, NotFound, Problem};
use crate::reply::{Listed, Plain};
use crate::routes::appointments::model::Appointment;
use axum::extract::State;
use model::{AbsencePlan, ApplyAbsencePlan, PlanAbsence};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub mod model;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(plan)).routes(routes!(apply))
}

/// Plan an absence
///
/// The visits that are booked in a time in which the doctor will be away, each with the nearest other time for it,
/// with the doctor or a substitute. Changes nothing.
#[utoipa::path(
    post,
    path = "/api/appointments/absence-plans",
    operation_id = "PlanAbsence",
    tag = "appointments",
    responses(Forbidden, NotFound)
)]
async fn plan(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<PlanAbsence>,
) -> Result<Plain<AbsencePlan>, Problem> {
    let message = caller.asks(body.into());
    let plan = app.clients.appointments.clone().plan_absence(message).await?.into_inner();
    Ok(Plain(plan.try_into()?))
}

/// Apply an absence plan
///
/// Moves and cancels visits as planned, all of them or none; enter the time off afterwards. 409 `plan_outdated`
/// when it no longer fits: plan again then.
#[utoipa::path(
    post,
    path = "/api/appointments/absence-plans/apply",
    operation_id = "ApplyAbsencePlan",
    tag = "appointments",
    responses(Forbidden, NotFound, Conflict)
)]
async fn apply(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<ApplyAbsencePlan>,
) -> Result<Listed<Appointment>, Problem> {
    let message = caller.asks(body.into());
    let answer = app.clients.appointments.clone().apply_absence_plan(message).await?.into_inner();
    Ok(Listed::of(answer.appointments)?)
}
