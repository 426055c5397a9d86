//! Everything about one patient, for programs.
use super::model::{PatientExport, bundle};
use crate::app::App;
use crate::caller::Caller;
use crate::problem::{Forbidden, NotFound, Problem};
use crate::query::FromPath;
use crate::reply::Plain;
use axum::extract::State;
use http::StatusCode;
use platform::caller::Role;
use proto::ids::PatientId;
use proto::{appointment, patient as pb};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// As many as there are on a page.
const PAGE: i32 = 200;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(export))
}

/// Export everything about a patient
///
/// A FHIR R4 Bundle of type `collection`: the `Patient`, with the insurance contained as `Coverage`; every visit as an
/// `Appointment`; for the patient, every revision of every medical record that they read as a `Composition`. Staff,
/// admins, and whoever acts for the patient without leave to read them get it without medical records. Each part is
/// what the caller reads elsewhere, asked for in their name.
/// Messages are not in it: their words are not kept.
#[utoipa::path(get, path = "/api/patients/{id}/export", operation_id = "ExportPatient", tag = "patients",
    params(("id" = Uuid, Path, description = "The patient")), responses(Forbidden, NotFound))]
async fn export(
    State(app): State<App>,
    FromPath(id): FromPath<PatientId>,
    caller: Caller,
) -> Result<Plain<PatientExport>, Problem> {
    let reads_records = match caller.user.role {
        Role::Patient(_) => caller.user.scopes.allow("records.read"),
        Role::Admin | Role::Staff => false,
        Role::Doctor(_) | Role::Auditor => {
            return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", "not for this role"));
        }
    };
    let message = caller.asks(pb::GetPatientRequest { id: id.to_string() });
    let patient = app.clients.patients.clone().get_patient(message).await?.into_inner();
    let visits = visits(&app, &caller, id).await?;
    let records = if reads_records { records(&app, &caller, id).await? } else { Vec::new() };
    Ok(Plain(bundle(&patient, &visits, &records)?))
}

async fn visits(app: &App, caller: &Caller, id: PatientId) -> Result<Vec<appointment::Appointment>, Problem> {
    let mut client = app.clients.appointments.clone();
    let mut visits = Vec::new();
    let mut page_token = String::new();
    loop {
        let message = appointment::ListAppointmentsRequest {
            patient_id: id.to_string(),
            page_size: PAGE,
            page_token,
            ..appointment::ListAppointmentsRequest::default()
        };
        let page = client.list_appointments(caller.asks(message)).await?.into_inner();
        visits.extend(page.appointments);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(visits);
        }
    }
}

/// Every revision, newest first.
async fn records(app: &App, caller: &Caller, id: PatientId) -> Result<Vec<pb::MedicalRecord>, Problem> {
    let mut client = app.clients.patients.clone();
    let mut records = Vec::new();
    let mut page_token = String::new();
    loop {
        let message = pb::ListMedicalRecordsRequest {
            patient_id: id.to_string(),
            page_size: PAGE,
            page_token,
            ..pb::ListMedicalRecordsRequest::default()
        };
        let page = client.list_medical_records(caller.asks(message)).await?.into_inner();
        for record in page.medical_records {
            if record.revision == 1 {
                records.push(record);
            } else {
                records.extend(revisions(app, caller, record.id).await?);
            }
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(records);
        }
    }
}

async fn revisions(app: &App, caller: &Caller, id: String) -> Result<Vec<pb::MedicalRecord>, Problem> {
    let mut client = app.clients.patients.clone();
    let mut revisions = Vec::new();
    let mut page_token = String::new();
    loop {
        let message = pb::ListMedicalRecordRevisionsRequest { id: id.clone(), page_size: PAGE, page_token };
        let page = client.list_medical_record_revisions(caller.asks(message)).await?.into_inner();
        revisions.extend(page.medical_records);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(revisions);
        }
    }
}
