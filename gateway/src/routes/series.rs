//! Visits that recur.
use crate::app::App;
use crate::body::Json;
use crate::caller::Caller;
use crate::once::{IdempotencyKey, Once};
use crate::problem::{Conflict, FieldProblem, Forbidden, NotFound, Problem, Stale};
use crate::query::{FromPath, IfMatch, Query};
use crate::reply::{Created, Found, Plain};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use model::{CancelSeries, CreateSeries, Series, SeriesOutcome, UpdateSeries};
use platform::caller::Role;
use proto::appointment as pb;
use proto::ids::SeriesId;
use std::collections::BTreeMap;
use utoipa::IntoResponses;
use utoipa::openapi::{self, RefOr};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub mod model;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(create)).routes(routes!(get, update, cancel))
}

/// A series that was booked, or that would be.
enum Booked {
    Really(SeriesOutcome),
    Dry(SeriesOutcome),
}

impl Booked {
    fn of(outcome: SeriesOutcome) -> Self {
        if outcome.series.is_some() { Self::Really(outcome) } else { Self::Dry(outcome) }
    }
}

impl IntoResponse for Booked {
    fn into_response(self) -> Response {
        match self {
            Self::Really(outcome) => Created(outcome).into_response(),
            Self::Dry(outcome) => Plain(outcome).into_response(),
        }
    }
}

impl IntoResponses for Booked {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        let mut responses = Created::<SeriesOutcome>::responses();
        responses.extend(Plain::<SeriesOutcome>::responses());
        responses
    }
}

/// Book visits that recur
///
/// At one civil time, also when clocks change, in one transaction. 409 `series_conflict`, with every time in
/// `occurrences` and nothing booked, when not every visit can be booked or, with `skip_conflicts`, none. With
/// `dry_run` nothing is booked, the answer is 200, and a key is not remembered.
#[utoipa::path(
    post,
    path = "/api/appointments/series",
    operation_id = "CreateSeries",
    tag = "appointments",
    params(IdempotencyKey),
    responses(Forbidden, NotFound, Conflict)
)]
async fn create(
    State(app): State<App>,
    caller: Caller,
    key: IdempotencyKey,
    Json(body): Json<CreateSeries>,
) -> Result<Once<Booked>, Problem> {
    let patient_id = match (body.patient_id, caller.user.role) {
        (Some(id), _) | (None, Role::Patient(id)) => id,
        (None, Role::Admin | Role::Staff | Role::Auditor | Role::Doctor(_)) => {
            return Err(Problem::invalid(vec![FieldProblem::new("/patient_id", "missing", "is required")]));
        }
    };
    let message = caller.asks(body.of(patient_id, key.into()));
    Once::of(app.clients.appointments.clone().create_series(message).await?, Booked::of)
}

/// Get a series
///
/// With its visits.
#[utoipa::path(get, path = "/api/appointments/series/{id}", operation_id = "GetSeries", tag = "appointments",
    params(("id" = Uuid, Path, description = "The series")), responses(Forbidden, NotFound))]
async fn get(
    State(app): State<App>,
    FromPath(id): FromPath<SeriesId>,
    caller: Caller,
) -> Result<Found<Series>, Problem> {
    let message = caller.asks(pb::GetSeriesRequest { id: id.to_string() });
    let series = app.clients.appointments.clone().get_series(message).await?.into_inner();
    Ok(Found(series.try_into()?))
}

/// Move the visits of a series
///
/// Those that are still ahead and were not moved on their own, in one transaction; one visit is moved by itself. Each
/// keeps its id. 409 `series_conflict` as for booking; `series_closed` when none is left. With `dry_run` nothing is
/// moved, and a key is not remembered.
#[utoipa::path(put, path = "/api/appointments/series/{id}", operation_id = "UpdateSeries", tag = "appointments",
    params(("id" = Uuid, Path, description = "The series"), IfMatch, IdempotencyKey),
    responses(Forbidden, NotFound, Conflict, Stale))]
async fn update(
    State(app): State<App>,
    FromPath(id): FromPath<SeriesId>,
    caller: Caller,
    if_match: IfMatch,
    key: IdempotencyKey,
    Json(body): Json<UpdateSeries>,
) -> Result<Once<Found<SeriesOutcome>>, Problem> {
    let message = caller.asks(body.of(id, if_match.expected_version(), key.into()));
    Once::of(app.clients.appointments.clone().update_series(message).await?, Found)
}

/// Cancel the visits of a series
///
/// Those that are still ahead, in one transaction; one visit is cancelled by itself. Answers the series, also the
/// second time.
#[utoipa::path(delete, path = "/api/appointments/series/{id}", operation_id = "CancelSeries", tag = "appointments",
    params(("id" = Uuid, Path, description = "The series"), IfMatch, IdempotencyKey, CancelSeries),
    responses(Forbidden, NotFound, Conflict, Stale))]
async fn cancel(
    State(app): State<App>,
    FromPath(id): FromPath<SeriesId>,
    caller: Caller,
    if_match: IfMatch,
    key: IdempotencyKey,
    Query(query): Query<CancelSeries>,
) -> Result<Once<Found<Series>>, Problem> {
    let message = caller.asks(query.of(id, if_match.expected_version(), key.into()));
    Once::of(app.clients.appointments.clone().cancel_series(message).await?, Found)
}
