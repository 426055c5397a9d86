//! Patients who are neither deleted nor merged, for a reason that is for admins only.
use super::model::{LegalHold, PlaceLegalHold};
use crate::app::App;
use crate::body::Json;
use crate::caller::Caller;
use crate::problem::{Conflict, Forbidden, NotFound, Problem};
use crate::query::FromPath;
use crate::reply::Found;
use axum::extract::State;
use proto::ids::PatientId;
use proto::patient as pb;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(get, place, lift))
}

/// Get the legal hold of a patient
///
/// The one in force, for admins. 404 `legal_hold_not_found` when there is none.
#[utoipa::path(get, path = "/api/patients/{id}/legal-hold", operation_id = "GetLegalHold", tag = "patients",
    params(("id" = Uuid, Path, description = "The patient")), responses(Forbidden, NotFound))]
async fn get(
    State(app): State<App>,
    FromPath(id): FromPath<PatientId>,
    caller: Caller,
) -> Result<Found<LegalHold>, Problem> {
    let message = caller.asks(pb::GetLegalHoldRequest { patient_id: id.to_string() });
    let hold = app.clients.patients.clone().get_legal_hold(message).await?.into_inner();
    Ok(Found(hold.try_into()?))
}

/// Place a legal hold
///
/// For admins. While it is in force, deleting, merging and erasing the patient, and taking apart who was merged into
/// them, answer 409 `legal_hold`, without the reason. Another reason replaces the one before. Patients who were deleted
/// are held as well, until they are erased.
#[utoipa::path(put, path = "/api/patients/{id}/legal-hold", operation_id = "PlaceLegalHold", tag = "patients",
    params(("id" = Uuid, Path, description = "The patient")), responses(Forbidden, NotFound, Conflict))]
async fn place(
    State(app): State<App>,
    FromPath(id): FromPath<PatientId>,
    caller: Caller,
    Json(body): Json<PlaceLegalHold>,
) -> Result<Found<LegalHold>, Problem> {
    let message = caller.asks(body.of(id));
    let hold = app.clients.patients.clone().place_legal_hold(message).await?.into_inner();
    Ok(Found(hold.try_into()?))
}

/// Lift a legal hold
///
/// For admins. 404 `legal_hold_not_found` when there is none.
#[utoipa::path(delete, path = "/api/patients/{id}/legal-hold", operation_id = "LiftLegalHold", tag = "patients",
    params(("id" = Uuid, Path, description = "The patient")), responses(Forbidden, NotFound, Conflict))]
async fn lift(
    State(app): State<App>,
    FromPath(id): FromPath<PatientId>,
    caller: Caller,
) -> Result<Found<LegalHold>, Problem> {
    let message = caller.asks(pb::LiftLegalHoldRequest { patient_id: id.to_string() });
    let hold = app.clients.patients.clone().lift_legal_hold(message).await?.into_inner();
    Ok(Found(hold.try_into()?))
}
