//! Where the clinic is, and when it is closed: locations, rooms and holidays.
use crate::app::App;
use crate::body::Json;
use crate::caller::Caller;
use crate::problem::{Conflict, Forbidden, NotFound, Problem, Stale};
use crate::query::{FromPath, IfMatch};
use crate::reply::{Created, Found, Listed};
use axum::extract::State;
use model::{CreateHoliday, CreateLocation, CreateRoom, Holiday, Location, Room, UpdateLocation};
use proto::doctor as pb;
use proto::ids::{HolidayId, LocationId, RoomId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub mod model;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list_locations, create_location))
        .routes(routes!(get_location, update_location, delete_location))
        .routes(routes!(create_room))
        .routes(routes!(delete_room))
        .routes(routes!(list_holidays, create_holiday))
        .routes(routes!(delete_holiday))
}

/// List locations
///
/// By name, with their rooms; at most 50, with at most 400 rooms.
#[utoipa::path(
    get,
    path = "/api/locations",
    operation_id = "ListLocations",
    tag = "clinic",
    responses(Forbidden)
)]
async fn list_locations(State(app): State<App>, caller: Caller) -> Result<Listed<Location>, Problem> {
    let message = caller.asks(pb::ListLocationsRequest {});
    let answer = app.clients.doctors.clone().list_locations(message).await?.into_inner();
    Ok(Listed::of(answer.locations)?)
}

/// Create a location
///
/// For admins. 409: `location_name_taken`, `too_many`.
#[utoipa::path(
    post,
    path = "/api/locations",
    operation_id = "CreateLocation",
    tag = "clinic",
    responses(Forbidden, Conflict)
)]
async fn create_location(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<CreateLocation>,
) -> Result<Created<Location>, Problem> {
    let message = caller.asks(pb::CreateLocationRequest::from(body));
    let location = app.clients.doctors.clone().create_location(message).await?.into_inner();
    Ok(Created(location.try_into()?))
}

/// Get a location
///
/// With its rooms.
#[utoipa::path(get, path = "/api/locations/{id}", operation_id = "GetLocation", tag = "clinic",
    params(("id" = Uuid, Path, description = "The location")), responses(Forbidden, NotFound))]
async fn get_location(
    State(app): State<App>,
    FromPath(id): FromPath<LocationId>,
    caller: Caller,
) -> Result<Found<Location>, Problem> {
    let message = caller.asks(pb::GetLocationRequest { id: id.to_string() });
    let location = app.clients.doctors.clone().get_location(message).await?.into_inner();
    Ok(Found(location.try_into()?))
}

/// Change a location
///
/// What is absent stays, null clears. For admins. 409: `has_active_appointments` when booked visits would fall outside
/// the hours in another zone, `location_name_taken`.
#[utoipa::path(put, path = "/api/locations/{id}", operation_id = "UpdateLocation", tag = "clinic",
    params(("id" = Uuid, Path, description = "The location"), IfMatch),
    responses(Forbidden, NotFound, Conflict, Stale))]
async fn update_location(
    State(app): State<App>,
    FromPath(id): FromPath<LocationId>,
    caller: Caller,
    if_match: IfMatch,
    Json(body): Json<UpdateLocation>,
) -> Result<Found<Location>, Problem> {
    let message = caller.asks(body.of(id, if_match.expected_version()));
    let location = app.clients.doctors.clone().update_location(message).await?.into_inner();
    Ok(Found(location.try_into()?))
}

/// Delete a location
///
/// With its rooms and holidays. For admins. 409: `location_in_use` while hours are there,
/// `has_active_appointments`.
#[utoipa::path(delete, path = "/api/locations/{id}", operation_id = "DeleteLocation", tag = "clinic",
    params(("id" = Uuid, Path, description = "The location"), IfMatch),
    responses(Forbidden, NotFound, Conflict, Stale))]
async fn delete_location(
    State(app): State<App>,
    FromPath(id): FromPath<LocationId>,
    caller: Caller,
    if_match: IfMatch,
) -> Result<Found<Location>, Problem> {
    let expected_version = if_match.expected_version();
    let message = caller.asks(pb::DeleteLocationRequest { id: id.to_string(), expected_version });
    let location = app.clients.doctors.clone().delete_location(message).await?.into_inner();
    Ok(Found(location.try_into()?))
}

/// Add a room
///
/// Or a device that visits need. For admins. 409: `room_name_taken` where the location has another of that name,
/// `too_many`.
#[utoipa::path(post, path = "/api/locations/{id}/rooms", operation_id = "CreateRoom", tag = "clinic",
    params(("id" = Uuid, Path, description = "The location")), responses(Forbidden, NotFound, Conflict))]
async fn create_room(
    State(app): State<App>,
    FromPath(id): FromPath<LocationId>,
    caller: Caller,
    Json(body): Json<CreateRoom>,
) -> Result<Created<Room>, Problem> {
    let message = caller.asks(body.of(id));
    let room = app.clients.doctors.clone().create_room(message).await?.into_inner();
    Ok(Created(room.into()))
}

/// Remove a room
///
/// For admins. 409 `has_active_appointments` while it is booked.
#[utoipa::path(delete, path = "/api/locations/{id}/rooms/{room_id}", operation_id = "DeleteRoom", tag = "clinic",
    params(("id" = Uuid, Path, description = "The location"), ("room_id" = Uuid, Path, description = "The room")),
    responses(Forbidden, NotFound, Conflict))]
async fn delete_room(
    State(app): State<App>,
    FromPath((id, room_id)): FromPath<(LocationId, RoomId)>,
    caller: Caller,
) -> Result<Found<Room>, Problem> {
    let message = pb::DeleteRoomRequest { location_id: id.to_string(), id: room_id.to_string() };
    let room = app.clients.doctors.clone().delete_room(caller.asks(message)).await?.into_inner();
    Ok(Found(room.into()))
}

/// List holidays
///
/// By date, at most 400; what is over is left out.
#[utoipa::path(
    get,
    path = "/api/holidays",
    operation_id = "ListHolidays",
    tag = "clinic",
    responses(Forbidden)
)]
async fn list_holidays(State(app): State<App>, caller: Caller) -> Result<Listed<Holiday>, Problem> {
    let message = caller.asks(pb::ListHolidaysRequest {});
    let answer = app.clients.doctors.clone().list_holidays(message).await?.into_inner();
    Ok(Listed(answer.holidays.into_iter().map(Into::into).collect()))
}

/// Create a holiday
///
/// For admins. 409: `has_active_appointments` when visits are booked then, `holiday_exists`, `too_many`.
#[utoipa::path(
    post,
    path = "/api/holidays",
    operation_id = "CreateHoliday",
    tag = "clinic",
    responses(Forbidden, Conflict)
)]
async fn create_holiday(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<CreateHoliday>,
) -> Result<Created<Holiday>, Problem> {
    let message = caller.asks(pb::CreateHolidayRequest::from(body));
    let holiday = app.clients.doctors.clone().create_holiday(message).await?.into_inner();
    Ok(Created(holiday.into()))
}

/// Delete a holiday
///
/// For admins.
#[utoipa::path(delete, path = "/api/holidays/{id}", operation_id = "DeleteHoliday", tag = "clinic",
    params(("id" = Uuid, Path, description = "The holiday")), responses(Forbidden, NotFound))]
async fn delete_holiday(
    State(app): State<App>,
    FromPath(id): FromPath<HolidayId>,
    caller: Caller,
) -> Result<Found<Holiday>, Problem> {
    let message = caller.asks(pb::DeleteHolidayRequest { id: id.to_string() });
    let holiday = app.clients.doctors.clone().delete_holiday(message).await?.into_inner();
    Ok(Found(holiday.into()))
}
