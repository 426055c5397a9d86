//! Passwords that were forgotten.
use super::model::{MessageSent, RequestPasswordReset, ResetPassword};
use crate::app::App;
use crate::body::Json;
use crate::caller::Origin;
use crate::problem::Problem;
use crate::reply::{Accepted, Done};
use axum::Extension;
use axum::extract::State;
use proto::auth as pb;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(request)).routes(routes!(reset))
}

/// Forgot my password
///
/// Sends a link to that address if there is an account with it. Whether there is makes no difference to the answer, nor
/// to the time it takes. The link works once, for half an hour; a new one voids the one before. Limited for each
/// account and address, as failed log-ins are.
#[utoipa::path(
    post,
    path = "/api/auth/password-reset",
    operation_id = "RequestPasswordReset",
    tag = "auth",
    security(())
)]
async fn request(
    State(app): State<App>,
    Extension(Origin(address)): Extension<Origin>,
    Json(RequestPasswordReset { email }): Json<RequestPasswordReset>,
) -> Result<Accepted<MessageSent>, Problem> {
    app.limits.count_mail(email.as_str(), address).await?;
    let message = pb::RequestPasswordResetRequest { email: email.into() };
    app.clients.accounts.clone().request_password_reset(message).await?;
    Ok(Accepted(MessageSent::to_whom_it_concerns()))
}

/// Set a new password
///
/// With the token of the link, which is what stands behind `#token=`. Ends all sessions of the account, whose owner is
/// told by mail. A token that is unknown, was used or is too old is named in `errors`, and so is a password that is too
/// weak; then the token can be used once more.
#[utoipa::path(
    post,
    path = "/api/auth/password-reset/confirm",
    operation_id = "ResetPassword",
    tag = "auth",
    security(())
)]
async fn reset(State(app): State<App>, Json(body): Json<ResetPassword>) -> Result<Done, Problem> {
    app.clients.accounts.clone().reset_password(pb::ResetPasswordRequest::from(body)).await?;
    Ok(Done)
}
