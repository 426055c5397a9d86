//! Codes by which patients get to the records that the practice made of them.
use super::model::ClaimCode;
use crate::app::App;
use crate::caller::Caller;
use crate::problem::{Conflict, Forbidden, NotFound, Problem};
use crate::query::FromPath;
use crate::reply::Issued;
use axum::extract::State;
use proto::ids::PatientId;
use proto::patient as pb;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(create))
}

/// Make a claim code
///
/// For staff and admins, to be given to the patient and to nobody else: with it they link an account of theirs to this
/// record, when they register (`claim_code`) or later (`POST /api/auth/claim`). It is shown once, works once, for 14
/// days, and voids the one before. 409 `has_account` when somebody logs in as the patient already, `patient_merged`.
#[utoipa::path(post, path = "/api/patients/{id}/claim-codes", operation_id = "CreateClaimCode", tag = "patients",
    params(("id" = Uuid, Path, description = "The patient")), responses(Forbidden, NotFound, Conflict))]
async fn create(
    State(app): State<App>,
    FromPath(id): FromPath<PatientId>,
    caller: Caller,
) -> Result<Issued<ClaimCode>, Problem> {
    let message = caller.asks(pb::CreateClaimCodeRequest { patient_id: id.to_string() });
    let code = app.clients.patients.clone().create_claim_code(message).await?.into_inner();
    Ok(Issued(code.try_into()?))
}
