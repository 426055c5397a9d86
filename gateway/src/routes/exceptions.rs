//! When a doctor's weekly hours do not hold: other hours on one date, and time away.
use crate::app::App;
use crate::body::Json;
use crate::caller::Caller;
use crate::problem::{Conflict, Forbidden, NotFound, Problem};
use crate::query::FromPath;
use crate::reply::{Created, Found, Listed};
use crate::times::CivilDate;
use axum::extract::State;
use model::{AvailabilityOverride, CreateTimeOff, SetAvailabilityOverride, TimeOff};
use proto::doctor as pb;
use proto::ids::{DoctorId, TimeOffId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub mod model;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list_overrides))
        .routes(routes!(set_override, delete_override))
        .routes(routes!(list_time_off, create_time_off))
        .routes(routes!(delete_time_off))
}

/// List the dates on which a doctor works other hours
///
/// By date, at most 400; what is over is left out.
#[utoipa::path(get, path = "/api/doctors/{id}/overrides", operation_id = "ListAvailabilityOverrides",
    tag = "doctors", params(("id" = Uuid, Path, description = "The doctor")), responses(Forbidden, NotFound))]
async fn list_overrides(
    State(app): State<App>,
    FromPath(id): FromPath<DoctorId>,
    caller: Caller,
) -> Result<Listed<AvailabilityOverride>, Problem> {
    let message = caller.asks(pb::ListAvailabilityOverridesRequest { doctor_id: id.to_string() });
    let answer = app.clients.doctors.clone().list_availability_overrides(message).await?.into_inner();
    Ok(Listed(answer.overrides.into_iter().map(Into::into).collect()))
}

/// Set other hours on one date
///
/// They replace the weekly hours, and other ones set before; none close the date. For the doctor, staff and admins.
/// 409: `has_active_appointments` when booked visits would fall outside, `too_many`.
#[utoipa::path(put, path = "/api/doctors/{id}/overrides/{date}", operation_id = "SetAvailabilityOverride",
    tag = "doctors",
    params(("id" = Uuid, Path, description = "The doctor"), ("date" = CivilDate, Path, description = "The date")),
    responses(Forbidden, NotFound, Conflict))]
async fn set_override(
    State(app): State<App>,
    FromPath((id, date)): FromPath<(DoctorId, CivilDate)>,
    caller: Caller,
    Json(body): Json<SetAvailabilityOverride>,
) -> Result<Found<AvailabilityOverride>, Problem> {
    let message = caller.asks(body.of(id, date));
    let there = app.clients.doctors.clone().set_availability_override(message).await?.into_inner();
    Ok(Found(there.into()))
}

/// Let the weekly hours hold again on one date
///
/// For the doctor, staff and admins. 409 `has_active_appointments` when booked visits would fall outside.
#[utoipa::path(delete, path = "/api/doctors/{id}/overrides/{date}", operation_id = "DeleteAvailabilityOverride",
    tag = "doctors",
    params(("id" = Uuid, Path, description = "The doctor"), ("date" = CivilDate, Path, description = "The date")),
    responses(Forbidden, NotFound, Conflict))]
async fn delete_override(
    State(app): State<App>,
    FromPath((id, date)): FromPath<(DoctorId, CivilDate)>,
    caller: Caller,
) -> Result<Found<AvailabilityOverride>, Problem> {
    let message = pb::DeleteAvailabilityOverrideRequest { doctor_id: id.to_string(), date: date.into() };
    let removed =
        app.clients.doctors.clone().delete_availability_override(caller.asks(message)).await?.into_inner();
    Ok(Found(removed.into()))
}

/// List a doctor's time off
///
/// By start, at most 200; what has ended is left out.
#[utoipa::path(get, path = "/api/doctors/{id}/time-off", operation_id = "ListTimeOff", tag = "doctors",
    params(("id" = Uuid, Path, description = "The doctor")), responses(Forbidden, NotFound))]
async fn list_time_off(
    State(app): State<App>,
    FromPath(id): FromPath<DoctorId>,
    caller: Caller,
) -> Result<Listed<TimeOff>, Problem> {
    let message = caller.asks(pb::ListTimeOffRequest { doctor_id: id.to_string() });
    let answer = app.clients.doctors.clone().list_time_off(message).await?.into_inner();
    Ok(Listed::of(answer.time_off)?)
}

/// Take time off
///
/// For the doctor, staff and admins. 409: `has_active_appointments` when visits are booked then, `too_many`.
#[utoipa::path(post, path = "/api/doctors/{id}/time-off", operation_id = "CreateTimeOff", tag = "doctors",
    params(("id" = Uuid, Path, description = "The doctor")), responses(Forbidden, NotFound, Conflict))]
async fn create_time_off(
    State(app): State<App>,
    FromPath(id): FromPath<DoctorId>,
    caller: Caller,
    Json(body): Json<CreateTimeOff>,
) -> Result<Created<TimeOff>, Problem> {
    let message = caller.asks(body.of(id));
    let off = app.clients.doctors.clone().create_time_off(message).await?.into_inner();
    Ok(Created(off.try_into()?))
}

/// Remove time off
///
/// For the doctor, staff and admins.
#[utoipa::path(delete, path = "/api/doctors/{id}/time-off/{time_off_id}", operation_id = "DeleteTimeOff",
    tag = "doctors",
    params(("id" = Uuid, Path, description = "The doctor"), ("time_off_id" = Uuid, Path, description = "The time off")),
    responses(Forbidden, NotFound))]
async fn delete_time_off(
    State(app): State<App>,
    FromPath((id, time_off_id)): FromPath<(DoctorId, TimeOffId)>,
    caller: Caller,
) -> Result<Found<TimeOff>, Problem> {
    let message = pb::DeleteTimeOffRequest { doctor_id: id.to_string(), id: time_off_id.to_string() };
    let off = app.clients.doctors.clone().delete_time_off(caller.asks(message)).await?.into_inner();
    Ok(Found(off.try_into()?))
}
