//! Who did what with whose data.
use crate::app::App;
use crate::caller::Caller;
use crate::problem::{Forbidden, NotFound, Problem};
use crate::query::{FromPath, Paging, Query};
use crate::reply::Page;
use axum::extract::State;
use http::Uri;
use model::{AuditEntry, ListAuditEntries, PatientAccess};
use proto::ids::PatientId;
use proto::patient as pb;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub mod model;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list)).routes(routes!(accesses))
}

/// List what was done
///
/// The audit log, newest first, for admins and auditors: ids, codes and the names of fields, never values. Nobody can
/// change it, and that somebody asked is noted in it, too.
#[utoipa::path(
    get,
    path = "/api/admin/audit",
    operation_id = "ListAuditEntries",
    tag = "audit",
    params(ListAuditEntries),
    responses(Forbidden)
)]
async fn list(
    State(app): State<App>,
    uri: Uri,
    caller: Caller,
    Query(query): Query<ListAuditEntries>,
) -> Result<Page<AuditEntry>, Problem> {
    let message = caller.asks(pb::ListAuditEntriesRequest::try_from(query)?);
    let pb::ListAuditEntriesResponse { entries, next_page_token } =
        app.clients.audit.clone().list_audit_entries(message).await?.into_inner();
    Ok(Page::of(entries, &uri, &next_page_token)?)
}

/// List what was done with a patient's data
///
/// Newest first: who looked at it or changed it, when, and why; for the patient, admins and auditors. People are told
/// by role and account.
#[utoipa::path(get, path = "/api/patients/{id}/access-log", operation_id = "ListPatientAccesses", tag = "audit",
    params(("id" = Uuid, Path, description = "The patient"), Paging), responses(Forbidden, NotFound))]
async fn accesses(
    State(app): State<App>,
    uri: Uri,
    FromPath(id): FromPath<PatientId>,
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Page<PatientAccess>, Problem> {
    let (page_size, page_token) = paging.into_wire();
    let message =
        caller.asks(pb::ListPatientAccessesRequest { patient_id: id.to_string(), page_size, page_token });
    let pb::ListPatientAccessesResponse { accesses, next_page_token } =
        app.clients.audit.clone().list_patient_accesses(message).await?.into_inner();
    Ok(Page::of(accesses, &uri, &next_page_token)?)
}
