//! Kinds of visits that are on offer.
use crate::app::App;
use crate::body::Json;
use crate::caller::Caller;
use crate::problem::{Conflict, Forbidden, NotFound, Problem, Stale};
use crate::query::{FromPath, IfMatch, Query};
use crate::reply::{Created, Found, Listed};
use axum::extract::State;
use model::{CreateVisitType, ListVisitTypes, UpdateVisitType, VisitType};
use proto::doctor as pb;
use proto::ids::VisitTypeId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub mod model;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list, create)).routes(routes!(get, update, delete))
}

/// List visit types
///
/// By name, at most 200. Those on offer; admins and staff may ask for all.
#[utoipa::path(
    get,
    path = "/api/visit-types",
    operation_id = "ListVisitTypes",
    tag = "clinic",
    params(ListVisitTypes),
    responses(Forbidden)
)]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListVisitTypes>,
) -> Result<Listed<VisitType>, Problem> {
    let message = caller.asks(pb::ListVisitTypesRequest::from(query));
    let answer = app.clients.doctors.clone().list_visit_types(message).await?.into_inner();
    Ok(Listed::of(answer.visit_types)?)
}

/// Create a visit type
///
/// For admins. 409: `visit_type_name_taken`, `too_many`.
#[utoipa::path(
    post,
    path = "/api/visit-types",
    operation_id = "CreateVisitType",
    tag = "clinic",
    responses(Forbidden, Conflict)
)]
async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<CreateVisitType>,
) -> Result<Created<VisitType>, Problem> {
    let message = caller.asks(pb::CreateVisitTypeRequest::from(body));
    let visit_type = app.clients.doctors.clone().create_visit_type(message).await?.into_inner();
    Ok(Created(visit_type.try_into()?))
}

/// Get a visit type
///
/// Also one that is not on offer.
#[utoipa::path(get, path = "/api/visit-types/{id}", operation_id = "GetVisitType", tag = "clinic",
    params(("id" = Uuid, Path, description = "The visit type")), responses(Forbidden, NotFound))]
async fn get(
    State(app): State<App>,
    FromPath(id): FromPath<VisitTypeId>,
    caller: Caller,
) -> Result<Found<VisitType>, Problem> {
    let message = caller.asks(pb::GetVisitTypeRequest { id: id.to_string() });
    let visit_type = app.clients.doctors.clone().get_visit_type(message).await?.into_inner();
    Ok(Found(visit_type.try_into()?))
}

/// Change a visit type
///
/// What is absent stays, null clears. Booked visits stay as they are. For admins. 409: `visit_type_name_taken`,
/// `too_many`.
#[utoipa::path(put, path = "/api/visit-types/{id}", operation_id = "UpdateVisitType", tag = "clinic",
    params(("id" = Uuid, Path, description = "The visit type"), IfMatch),
    responses(Forbidden, NotFound, Conflict, Stale))]
async fn update(
    State(app): State<App>,
    FromPath(id): FromPath<VisitTypeId>,
    caller: Caller,
    if_match: IfMatch,
    Json(body): Json<UpdateVisitType>,
) -> Result<Found<VisitType>, Problem> {
    let message = caller.asks(body.of(id, if_match.expected_version()));
    let visit_type = app.clients.doctors.clone().update_visit_type(message).await?.into_inner();
    Ok(Found(visit_type.try_into()?))
}

/// Delete a visit type
///
/// It is no longer on offer, and stays on record. Booked visits stay as they are. For admins.
#[utoipa::path(delete, path = "/api/visit-types/{id}", operation_id = "DeleteVisitType", tag = "clinic",
    params(("id" = Uuid, Path, description = "The visit type"), IfMatch),
    responses(Forbidden, NotFound, Stale))]
async fn delete(
    State(app): State<App>,
    FromPath(id): FromPath<VisitTypeId>,
    caller: Caller,
    if_match: IfMatch,
) -> Result<Found<VisitType>, Problem> {
    let expected_version = if_match.expected_version();
    let message = caller.asks(pb::DeleteVisitTypeRequest { id: id.to_string(), expected_version });
    let visit_type = app.clients.doctors.clone().delete_visit_type(message).await?.into_inner();
    Ok(Found(visit_type.try_into()?))
}
