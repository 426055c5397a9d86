//! Accounts linked to records that the practice made.
use super::model::{ClaimPatient, User};
use crate::app::App;
use crate::body::Json;
use crate::caller::{Caller, Origin};
use crate::problem::{Conflict, Forbidden, Problem};
use crate::reply::Found;
use axum::Extension;
use axum::extract::State;
use proto::auth as pb;
use tonic::Code;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(claim))
}

/// Claim my record
///
/// Links the caller's account, which is a patient's without a record, to the record whose code the practice gave out.
/// All sessions of the account end: log in again to act as that patient. Wrong codes, which are named in `errors`, are
/// limited as failed log-ins are; unknown, used and old ones look the same. 409 `has_record` when the account has a
/// record, `already_linked` when the record has an account.
#[utoipa::path(
    post,
    path = "/api/auth/claim",
    operation_id = "ClaimPatient",
    tag = "auth",
    responses(Forbidden, Conflict)
)]
async fn claim(
    State(app): State<App>,
    caller: Caller,
    Extension(Origin(address)): Extension<Origin>,
    Json(ClaimPatient { code }): Json<ClaimPatient>,
) -> Result<Found<User>, Problem> {
    let attempt = app.limits.attempt_claim(caller.user.id, address).await?;
    let message = caller.asks(pb::ClaimPatientRequest { code });
    let answer = app.clients.accounts.clone().claim_patient(message).await;
    if !answer.as_ref().is_err_and(|status| status.code() == Code::InvalidArgument) {
        attempt.give_back().await;
    }
    Ok(Found(answer?.into_inner().try_into()?))
}
