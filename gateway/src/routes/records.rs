//! Medical records.
use crate::app::App;
use crate::body::Json;
use crate::caller::Caller;
use crate::problem::{Conflict, Forbidden, NotFound, PreconditionRequired, Problem, Stale};
use crate::query::{FromPath, IfMatch, Paging, Query, RequiredIfMatch};
use crate::reply::{Created, Found, Page};
use axum::extract::{DefaultBodyLimit, State};
use http::{StatusCode, Uri};
use model::{AmendMedicalRecord, CreateMedicalRecord, MarkEnteredInError, MedicalRecord};
use proto::ids::{AppointmentId, MedicalRecordId, PatientId};
use proto::patient as pb;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;

pub mod model;

/// Largest body of a record, in bytes: clinical texts are long.
const MAX_BODY: usize = 256 * 1024;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list, create).layer(DefaultBodyLimit::max(MAX_BODY)))
        .routes(routes!(get, amend).layer(DefaultBodyLimit::max(MAX_BODY)))
        .routes(routes!(sign))
        .routes(routes!(cosign))
        .routes(routes!(mark_entered_in_error))
        .routes(routes!(list_revisions))
        .routes(routes!(list_of_appointment))
}

/// List a patient's records
///
/// The latest revisions, newest first, for the patient and the doctors who treat them.
#[utoipa::path(get, path = "/api/patients/{id}/records", operation_id = "ListMedicalRecords", tag = "records",
    params(("id" = Uuid, Path, description = "The patient"), Paging), responses(Forbidden, NotFound))]
async fn list(
    State(app): State<App>,
    uri: Uri,
    FromPath(id): FromPath<PatientId>,
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Page<MedicalRecord>, Problem> {
    let message = pb::ListMedicalRecordsRequest { patient_id: id.to_string(), ..paged(paging) };
    page(&app, &caller, &uri, message).await
}

/// List the records of a visit
///
/// The latest revisions, newest first.
#[utoipa::path(get, path = "/api/appointments/{id}/records", operation_id = "ListMedicalRecordsOfAppointment",
    tag = "records", params(("id" = Uuid, Path, description = "The visit"), Paging), responses(Forbidden, NotFound))]
async fn list_of_appointment(
    State(app): State<App>,
    uri: Uri,
    FromPath(id): FromPath<AppointmentId>,
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Page<MedicalRecord>, Problem> {
    let message = pb::ListMedicalRecordsRequest { appointment_id: id.to_string(), ..paged(paging) };
    page(&app, &caller, &uri, message).await
}

fn paged(paging: Paging) -> pb::ListMedicalRecordsRequest {
    let (page_size, page_token) = paging.into_wire();
    pb::ListMedicalRecordsRequest { page_size, page_token, ..pb::ListMedicalRecordsRequest::default() }
}

async fn page(
    app: &App,
    caller: &Caller,
    asked: &Uri,
    message: pb::ListMedicalRecordsRequest,
) -> Result<Page<MedicalRecord>, Problem> {
    let message = caller.asks(message);
    let pb::ListMedicalRecordsResponse { medical_records, next_page_token } =
        app.clients.patients.clone().list_medical_records(message).await?.into_inner();
    Ok(Page::of(medical_records, asked, &next_page_token)?)
}

/// Write a record
///
/// The author is the calling doctor, who must treat the patient. It is signed at once, unless its `state` is `draft`:
/// drafts are for their author and co-signer only, and not for the patient.
#[utoipa::path(post, path = "/api/patients/{id}/records", operation_id = "CreateMedicalRecord",
    tag = "records", params(("id" = Uuid, Path, description = "The patient")),
    responses(Forbidden, NotFound, Conflict))]
async fn create(
    State(app): State<App>,
    FromPath(id): FromPath<PatientId>,
    caller: Caller,
    Json(body): Json<CreateMedicalRecord>,
) -> Result<Created<MedicalRecord>, Problem> {
    let message = caller.asks(body.of(id));
    let record = app.clients.patients.clone().create_medical_record(message).await?.into_inner();
    Ok(Created(record.try_into()?))
}

/// Get a record
///
/// The latest revision. Patients read what was signed and not withheld. 403 `restricted_record` when its
/// `confidentiality` keeps a doctor who treats the patient from it; lists leave such records out. Breaking the glass
/// opens them.
#[utoipa::path(get, path = "/api/records/{id}", operation_id = "GetMedicalRecord", tag = "records",
    params(("id" = Uuid, Path, description = "The record")), responses(Forbidden, NotFound))]
async fn get(
    State(app): State<App>,
    FromPath(id): FromPath<MedicalRecordId>,
    caller: Caller,
) -> Result<Found<MedicalRecord>, Problem> {
    let message = caller.asks(pb::GetMedicalRecordRequest { id: id.to_string() });
    let record = app.clients.patients.clone().get_medical_record(message).await?.into_inner();
    Ok(Found(record.try_into()?))
}

/// Amend a record
///
/// Writes a new revision; only its author may. What is absent stays, null clears. `If-Match` is required. Once the
/// record was signed, this is an amendment, which needs a `reason`; a draft stays a draft. 409 `entered_in_error`.
#[utoipa::path(put, path = "/api/records/{id}", operation_id = "AmendMedicalRecord", tag = "records",
    params(("id" = Uuid, Path, description = "The record"), RequiredIfMatch),
    responses(Forbidden, NotFound, Conflict, Stale, PreconditionRequired))]
async fn amend(
    State(app): State<App>,
    FromPath(id): FromPath<MedicalRecordId>,
    caller: Caller,
    RequiredIfMatch(version): RequiredIfMatch,
    Json(body): Json<AmendMedicalRecord>,
) -> Result<Found<MedicalRecord>, Problem> {
    let message = caller.asks(body.of(id, revision(version)?));
    let record = app.clients.patients.clone().amend_medical_record(message).await?.into_inner();
    Ok(Found(record.try_into()?))
}

/// Sign a draft
///
/// For its author, in a revision with the same words. `If-Match` is required: one signs what one has seen. Signing twice
/// is signing once. 409 `entered_in_error`.
#[utoipa::path(post, path = "/api/records/{id}/sign", tag = "records", operation_id = "SignMedicalRecord",
    params(("id" = Uuid, Path, description = "The record"), RequiredIfMatch),
    responses(Forbidden, NotFound, Conflict, Stale, PreconditionRequired))]
async fn sign(
    State(app): State<App>,
    FromPath(id): FromPath<MedicalRecordId>,
    caller: Caller,
    RequiredIfMatch(version): RequiredIfMatch,
) -> Result<Found<MedicalRecord>, Problem> {
    let expected_revision = revision(version)?;
    let message = caller.asks(pb::SignMedicalRecordRequest { id: id.to_string(), expected_revision });
    let record = app.clients.patients.clone().sign_medical_record(message).await?.into_inner();
    Ok(Found(record.try_into()?))
}

/// Co-sign a record
///
/// For the doctor whom its author named. It holds for this revision: an amendment waits for another. `If-Match` is
/// required. Co-signing twice is co-signing once. 409 `not_signed` while it is a draft, `entered_in_error`.
#[utoipa::path(post, path = "/api/records/{id}/cosign", tag = "records", operation_id = "CosignMedicalRecord",
    params(("id" = Uuid, Path, description = "The record"), RequiredIfMatch),
    responses(Forbidden, NotFound, Conflict, Stale, PreconditionRequired))]
async fn cosign(
    State(app): State<App>,
    FromPath(id): FromPath<MedicalRecordId>,
    caller: Caller,
    RequiredIfMatch(version): RequiredIfMatch,
) -> Result<Found<MedicalRecord>, Problem> {
    let expected_revision = revision(version)?;
    let message = caller.asks(pb::CosignMedicalRecordRequest { id: id.to_string(), expected_revision });
    let record = app.clients.patients.clone().cosign_medical_record(message).await?.into_inner();
    Ok(Found(record.try_into()?))
}

/// Say that a record was entered in error
///
/// For its author; 409 `not_signed` for a draft, which is changed instead. The record stays to be read, with a last revision that says so and why; its words are those of the
/// one before. Marking twice is marking once.
#[utoipa::path(post, path = "/api/records/{id}/entered-in-error", tag = "records",
    operation_id = "MarkMedicalRecordEnteredInError",
    params(("id" = Uuid, Path, description = "The record"), IfMatch),
    responses(Forbidden, NotFound, Conflict, Stale))]
async fn mark_entered_in_error(
    State(app): State<App>,
    FromPath(id): FromPath<MedicalRecordId>,
    caller: Caller,
    if_match: IfMatch,
    Json(body): Json<MarkEnteredInError>,
) -> Result<Found<MedicalRecord>, Problem> {
    let message = caller.asks(body.of(id, revision(if_match.expected_version())?));
    let record =
        app.clients.patients.clone().mark_medical_record_entered_in_error(message).await?.into_inner();
    Ok(Found(record.try_into()?))
}

/// The revision with this version.
fn revision(version: i64) -> Result<i32, Problem> {
    i32::try_from(version).map_err(|_| {
        Problem::new(StatusCode::PRECONDITION_FAILED, "version_mismatch", "the record has no such revision")
    })
}

/// List the revisions of a record
///
/// Newest first.
#[utoipa::path(get, path = "/api/records/{id}/revisions", operation_id = "ListMedicalRecordRevisions",
    tag = "records", params(("id" = Uuid, Path, description = "The record"), Paging), responses(Forbidden, NotFound))]
async fn list_revisions(
    State(app): State<App>,
    uri: Uri,
    FromPath(id): FromPath<MedicalRecordId>,
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Page<MedicalRecord>, Problem> {
    let (page_size, page_token) = paging.into_wire();
    let message =
        caller.asks(pb::ListMedicalRecordRevisionsRequest { id: id.to_string(), page_size, page_token });
    let pb::ListMedicalRecordsResponse { medical_records, next_page_token } =
        app.clients.patients.clone().list_medical_record_revisions(message).await?.into_inner();
    Ok(Page::of(medical_records, &uri, &next_page_token)?)
}
