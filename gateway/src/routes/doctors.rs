//! Doctors and their weekly hours.
use crate::app::App;
use crate::body::Json;
use crate::cache::Cached;
use crate::caller::Caller;
use crate::problem::{Conflict, Forbidden, NotFound, Problem, Stale};
use crate::query::{FromPath, IfMatch, Limit, Paging, Query};
use crate::reply::{Created, Found, Listed, Page};
use axum::extract::State;
use http::{StatusCode, Uri};
use model::{
    Availability, CreateAvailability, CreateDoctor, Doctor, ListDoctors, ListedDoctor, UpdateAvailability,
    UpdateDoctor,
};
use proto::doctor as pb;
use proto::ids::{AvailabilityId, DoctorId};
use proto::scalars::Specialization;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub mod model;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(list_by_specialization))
        .routes(routes!(get, update, delete))
        .routes(routes!(list_availabilities, create_availability))
        .routes(routes!(get_availability, update_availability, delete_availability))
}

/// List doctors
///
/// By last and first name.
#[utoipa::path(
    get,
    path = "/api/doctors",
    operation_id = "ListDoctors",
    tag = "doctors",
    params(ListDoctors),
    responses(Forbidden)
)]
async fn list(
    State(app): State<App>,
    uri: Uri,
    caller: Caller,
    Query(query): Query<ListDoctors>,
) -> Result<Cached<Page<ListedDoctor>>, Problem> {
    let ListDoctors { specialization, limit, cursor } = query;
    let message = pb::ListDoctorsRequest {
        specialization: specialization.map(Into::into).unwrap_or_default(),
        page_size: Limit::or_zero(limit),
        page_token: cursor.unwrap_or_default(),
    };
    page(&app, &caller, &uri, message).await
}

/// List the doctors of one specialization
///
/// Compared without case; nobody has an unknown one.
#[utoipa::path(get, path = "/api/doctors/specialization/{specialization}", tag = "doctors",
    operation_id = "ListDoctorsBySpecialization",
    params(("specialization" = Specialization, Path, description = "For instance `Cardiology`"), Paging),
    responses(Forbidden))]
async fn list_by_specialization(
    State(app): State<App>,
    uri: Uri,
    FromPath(specialization): FromPath<Specialization>,
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Cached<Page<ListedDoctor>>, Problem> {
    let (page_size, page_token) = paging.into_wire();
    let message = pb::ListDoctorsRequest { specialization: specialization.into(), page_size, page_token };
    page(&app, &caller, &uri, message).await
}

async fn page(
    app: &App,
    caller: &Caller,
    asked: &Uri,
    message: pb::ListDoctorsRequest,
) -> Result<Cached<Page<ListedDoctor>>, Problem> {
    let ask = async || {
        let pb::ListDoctorsResponse { doctors, next_page_token } =
            app.clients.doctors.clone().list_doctors(caller.asks(message)).await?.into_inner();
        Ok(Page::of(doctors, asked, &next_page_token)?)
    };
    app.directory.answer(caller, asked, ask).await
}

/// Create a doctor
///
/// For admins. 409 `email_taken`.
#[utoipa::path(
    post,
    path = "/api/doctors",
    operation_id = "CreateDoctor",
    tag = "doctors",
    responses(Forbidden, Conflict)
)]
async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<CreateDoctor>,
) -> Result<Created<Doctor>, Problem> {
    let message = caller.asks(pb::CreateDoctorRequest::from(body));
    let doctor = app.clients.doctors.clone().create_doctor(message).await?.into_inner();
    Ok(Created(doctor.try_into()?))
}

/// Get a doctor
///
/// With the weekly hours.
#[utoipa::path(get, path = "/api/doctors/{id}", operation_id = "GetDoctor", tag = "doctors",
    params(("id" = Uuid, Path, description = "The doctor")), responses(Forbidden, NotFound))]
async fn get(
    State(app): State<App>,
    uri: Uri,
    FromPath(id): FromPath<DoctorId>,
    caller: Caller,
) -> Result<Cached<Found<Doctor>>, Problem> {
    let ask = async || {
        let message = caller.asks(pb::GetDoctorRequest { id: id.to_string() });
        let doctor = app.clients.doctors.clone().get_doctor(message).await?.into_inner();
        Ok(Found(doctor.try_into()?))
    };
    app.directory.answer(&caller, &uri, ask).await
}

/// Change a doctor
///
/// What is absent stays, null clears. Doctors change their own `bio`, `languages` and `phone`, admins everything.
/// 403 `field_forbidden`. 409: `has_active_appointments`, `email_taken`.
#[utoipa::path(put, path = "/api/doctors/{id}", operation_id = "UpdateDoctor", tag = "doctors",
    params(("id" = Uuid, Path, description = "The doctor"), IfMatch),
    responses(Forbidden, NotFound, Conflict, Stale))]
async fn update(
    State(app): State<App>,
    FromPath(id): FromPath<DoctorId>,
    caller: Caller,
    if_match: IfMatch,
    Json(body): Json<UpdateDoctor>,
) -> Result<Found<Doctor>, Problem> {
    let message = caller.asks(body.of(id, if_match.expected_version()));
    let doctor = app.clients.doctors.clone().update_doctor(message).await?.into_inner();
    Ok(Found(doctor.try_into()?))
}

/// Delete a doctor
///
/// For admins. 409 `has_active_appointments` while visits are ahead.
#[utoipa::path(delete, path = "/api/doctors/{id}", operation_id = "DeleteDoctor", tag = "doctors",
    params(("id" = Uuid, Path, description = "The doctor"), IfMatch),
    responses(Forbidden, NotFound, Conflict, Stale))]
async fn delete(
    State(app): State<App>,
    FromPath(id): FromPath<DoctorId>,
    caller: Caller,
    if_match: IfMatch,
) -> Result<Found<Doctor>, Problem> {
    let message = caller
        .asks(pb::DeleteDoctorRequest { id: id.to_string(), expected_version: if_match.expected_version() });
    let doctor = app.clients.doctors.clone().delete_doctor(message).await?.into_inner();
    Ok(Found(doctor.try_into()?))
}

/// List a doctor's weekly hours
///
/// By day and time.
#[utoipa::path(get, path = "/api/doctors/{id}/availability", operation_id = "ListAvailabilities",
    tag = "doctors", params(("id" = Uuid, Path, description = "The doctor")), responses(Forbidden, NotFound))]
async fn list_availabilities(
    State(app): State<App>,
    uri: Uri,
    FromPath(id): FromPath<DoctorId>,
    caller: Caller,
) -> Result<Cached<Listed<Availability>>, Problem> {
    app.directory.answer(&caller, &uri, async || Ok(Listed(availabilities(&app, &caller, id).await?))).await
}

async fn availabilities(app: &App, caller: &Caller, id: DoctorId) -> Result<Vec<Availability>, Problem> {
    let message = caller.asks(pb::ListAvailabilitiesRequest { doctor_id: id.to_string() });
    let answer = app.clients.doctors.clone().list_availabilities(message).await?.into_inner();
    Ok(answer.availabilities.into_iter().map(Into::into).collect())
}

/// Add weekly hours
///
/// For the doctor, staff and admins. 409 `overlapping_availability`.
#[utoipa::path(post, path = "/api/doctors/{id}/availability", operation_id = "CreateAvailability",
    tag = "doctors", params(("id" = Uuid, Path, description = "The doctor")),
    responses(Forbidden, NotFound, Conflict))]
async fn create_availability(
    State(app): State<App>,
    FromPath(id): FromPath<DoctorId>,
    caller: Caller,
    Json(body): Json<CreateAvailability>,
) -> Result<Created<Availability>, Problem> {
    let message = caller.asks(body.of(id));
    let availability = app.clients.doctors.clone().create_availability(message).await?.into_inner();
    Ok(Created(availability.into()))
}

/// Get weekly hours
#[utoipa::path(get, path = "/api/doctors/{id}/availability/{availability_id}", tag = "doctors",
    operation_id = "GetAvailability",
    params(("id" = Uuid, Path, description = "The doctor"), ("availability_id" = Uuid, Path, description = "The hours")),
    responses(Forbidden, NotFound))]
async fn get_availability(
    State(app): State<App>,
    FromPath((id, availability_id)): FromPath<(DoctorId, AvailabilityId)>,
    caller: Caller,
) -> Result<Found<Availability>, Problem> {
    let wanted = availability_id.to_string();
    let mut all = availabilities(&app, &caller, id).await?.into_iter();
    all.find(|availability| availability.id == wanted).map(Found).ok_or_else(|| {
        Problem::new(StatusCode::NOT_FOUND, "availability_not_found", "the doctor has no such hours")
    })
}

/// Change weekly hours
///
/// What is absent stays. For the doctor, staff and admins. 409: `has_active_appointments` when booked visits would
/// fall outside, `overlapping_availability`.
#[utoipa::path(put, path = "/api/doctors/{id}/availability/{availability_id}", tag = "doctors",
    operation_id = "UpdateAvailability",
    params(("id" = Uuid, Path, description = "The doctor"), ("availability_id" = Uuid, Path, description = "The hours")),
    responses(Forbidden, NotFound, Conflict))]
async fn update_availability(
    State(app): State<App>,
    FromPath((id, availability_id)): FromPath<(DoctorId, AvailabilityId)>,
    caller: Caller,
    Json(body): Json<UpdateAvailability>,
) -> Result<Found<Availability>, Problem> {
    let message = caller.asks(body.of(id, availability_id));
    let availability = app.clients.doctors.clone().update_availability(message).await?.into_inner();
    Ok(Found(availability.into()))
}

/// Remove weekly hours
///
/// For the doctor, staff and admins. 409 `has_active_appointments` when booked visits would fall outside.
#[utoipa::path(delete, path = "/api/doctors/{id}/availability/{availability_id}", tag = "doctors",
    operation_id = "DeleteAvailability",
    params(("id" = Uuid, Path, description = "The doctor"), ("availability_id" = Uuid, Path, description = "The hours")),
    responses(Forbidden, NotFound, Conflict))]
async fn delete_availability(
    State(app): State<App>,
    FromPath((id, availability_id)): FromPath<(DoctorId, AvailabilityId)>,
    caller: Caller,
) -> Result<Found<Availability>, Problem> {
    let message = caller
        .asks(pb::DeleteAvailabilityRequest { doctor_id: id.to_string(), id: availability_id.to_string() });
    let availability = app.clients.doctors.clone().delete_availability(message).await?.into_inner();
    Ok(Found(availability.into()))
}
