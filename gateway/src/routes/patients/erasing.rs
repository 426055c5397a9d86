//! Patients of whom nothing is to be known any more.
use super::model::{ErasePatient, PatientErasure};
use crate::app::App;
use crate::body::Json;
use crate::caller::Caller;
use crate::problem::{Conflict, Forbidden, NotFound, Problem};
use crate::query::FromPath;
use crate::reply::Plain;
use axum::extract::State;
use proto::ids::PatientId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(erase))
}

/// Erase a patient
///
/// For admins, of a patient who was deleted, with all who were merged into them; this cannot be undone. The keys of
/// their medical records are destroyed, so that nobody reads them any more; names, contacts, numbers, the account and
/// what was written about visits are blanked. What is left are ids and times. 409 `not_deleted`, `patient_merged`,
/// `legal_hold`. Erasing twice is erasing once.
#[utoipa::path(post, path = "/api/patients/{id}/erase", operation_id = "ErasePatient", tag = "patients",
    params(("id" = Uuid, Path, description = "The patient")), responses(Forbidden, NotFound, Conflict))]
async fn erase(
    State(app): State<App>,
    FromPath(id): FromPath<PatientId>,
    caller: Caller,
    Json(body): Json<ErasePatient>,
) -> Result<Plain<PatientErasure>, Problem> {
    let message = caller.asks(body.of(id));
    let erasure = app.clients.patients.clone().erase_patient(message).await?.into_inner();
    Ok(Plain(erasure.try_into()?))
}
