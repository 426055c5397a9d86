//! Patients.
use crate::app::App;
use crate::body::Json;
use crate::caller::Caller;
use crate::problem::{Conflict, Forbidden, NotFound, Problem, Stale};
use crate::query::{FromPath, IfMatch, Paging, Query};
use crate::reply::{Created, Found, Listed, Page};
use axum::extract::State;
use http::Uri;
use model::{CreatePatient, Patient, SearchPatients, SearchPatientsBody, UpdatePatient};
use proto::ids::PatientId;
use proto::patient as pb;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub mod model;
mod claim_codes; // codes by which patients get to their records
mod merging; // two records of one person
mod legal_holds; // patients who stay as they are
mod erasing; // patients of whom nothing is to be known any more

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(search, search_by_body))
        .routes(routes!(get, update, delete))
        .merge(claim_codes::routes())
        .merge(merging::routes())
        .merge(legal_holds::routes())
        .merge(erasing::routes())
}

/// List patients
///
/// By last and first name. Doctors get the patients they treat.
#[utoipa::path(
    get,
    path = "/api/patients",
    operation_id = "ListPatients",
    tag = "patients",
    params(Paging),
    responses(Forbidden)
)]
async fn list(
    State(app): State<App>,
    uri: Uri,
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Page<Patient>, Problem> {
    let (page_size, page_token) = paging.into_wire();
    let message = caller.asks(pb::ListPatientsRequest { page_size, page_token });
    let pb::ListPatientsResponse { patients, next_page_token } =
        app.clients.patients.clone().list_patients(message).await?.into_inner();
    Ok(Page::of(patients, &uri, &next_page_token)?)
}

/// Create a patient
///
/// Staff and admins create anyone; patients create themselves, once. 409: `patient_exists`, `identifier_taken`;
/// `possible_duplicate`, for staff and admins, when the name or a contact is much like that of somebody with the same
/// date of birth, in `patient_ids`, unless `confirm_new` says that it is somebody else.
#[utoipa::path(
    post,
    path = "/api/patients",
    operation_id = "CreatePatient",
    tag = "patients",
    responses(Forbidden, Conflict)
)]
async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<CreatePatient>,
) -> Result<Created<Patient>, Problem> {
    let message = caller.asks(pb::CreatePatientRequest::from(body));
    let patient = app.clients.patients.clone().create_patient(message).await?.into_inner();
    Ok(Created(patient.try_into()?))
}

/// Search for patients
///
/// Best match first. `POST` does the same without the words in the address.
#[utoipa::path(
    get,
    path = "/api/patients/search",
    operation_id = "SearchPatients",
    tag = "patients",
    params(SearchPatients),
    responses(Forbidden)
)]
async fn search(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<SearchPatients>,
) -> Result<Listed<Patient>, Problem> {
    found(&app, &caller, query.into()).await
}

/// Search for patients, privately
///
/// Best match first. What is looked for stands in the body, where no log of addresses sees it.
#[utoipa::path(
    post,
    path = "/api/patients/search",
    operation_id = "SearchPatientsByBody",
    tag = "patients",
    responses(Forbidden)
)]
async fn search_by_body(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<SearchPatientsBody>,
) -> Result<Listed<Patient>, Problem> {
    found(&app, &caller, body.into()).await
}

async fn found(
    app: &App,
    caller: &Caller,
    message: pb::SearchPatientsRequest,
) -> Result<Listed<Patient>, Problem> {
    let message = caller.asks(message);
    let answer = app.clients.patients.clone().search_patients(message).await?.into_inner();
    Ok(Listed::of(answer.patients)?)
}

/// Get a patient
///
/// What the caller may not know of is 404. One who was merged says so in `merged_into`. 403 `relationship_required`: the doctor does not treat the patient.
#[utoipa::path(get, path = "/api/patients/{id}", operation_id = "GetPatient", tag = "patients",
    params(("id" = Uuid, Path, description = "The patient")), responses(Forbidden, NotFound))]
async fn get(
    State(app): State<App>,
    FromPath(id): FromPath<PatientId>,
    caller: Caller,
) -> Result<Found<Patient>, Problem> {
    let message = caller.asks(pb::GetPatientRequest { id: id.to_string() });
    let patient = app.clients.patients.clone().get_patient(message).await?.into_inner();
    Ok(Found(patient.try_into()?))
}

/// Change a patient
///
/// What is absent stays, null clears. 403 `field_forbidden`: patients cannot change who they are.
#[utoipa::path(put, path = "/api/patients/{id}", operation_id = "UpdatePatient", tag = "patients",
    params(("id" = Uuid, Path, description = "The patient"), IfMatch),
    responses(Forbidden, NotFound, Conflict, Stale))]
async fn update(
    State(app): State<App>,
    FromPath(id): FromPath<PatientId>,
    caller: Caller,
    if_match: IfMatch,
    Json(body): Json<UpdatePatient>,
) -> Result<Found<Patient>, Problem> {
    let message = caller.asks(body.of(id, if_match.expected_version()));
    let patient = app.clients.patients.clone().update_patient(message).await?.into_inner();
    Ok(Found(patient.try_into()?))
}

/// Delete a patient
///
/// Hides the patient from now on, for admins. 409 `has_active_appointments` while visits are ahead,
/// `legal_hold`, `patient_merged`.
#[utoipa::path(delete, path = "/api/patients/{id}", operation_id = "DeletePatient", tag = "patients",
    params(("id" = Uuid, Path, description = "The patient"), IfMatch),
    responses(Forbidden, NotFound, Conflict, Stale))]
async fn delete(
    State(app): State<App>,
    FromPath(id): FromPath<PatientId>,
    caller: Caller,
    if_match: IfMatch,
) -> Result<Found<Patient>, Problem> {
    let message = caller
        .asks(pb::DeletePatientRequest { id: id.to_string(), expected_version: if_match.expected_version() });
    let patient = app.clients.patients.clone().delete_patient(message).await?.into_inner();
    Ok(Found(patient.try_into()?))
}
