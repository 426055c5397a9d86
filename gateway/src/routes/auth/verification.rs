//! Addresses that their owners prove.
use super::model::{MessageSent, VerifyEmail};
use crate::app::App;
use crate::body::Json;
use crate::caller::{Caller, Origin};
use crate::problem::{Forbidden, Problem};
use crate::reply::{Accepted, Done};
use axum::Extension;
use axum::extract::State;
use proto::auth as pb;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(verify)).routes(routes!(resend))
}

/// Verify an e-mail address
///
/// With the token of the link that is sent to whoever registers, which is what stands behind `#token=`. It works once,
/// for 24 hours. One that is unknown, was used or is too old is named in `errors`.
#[utoipa::path(
    post,
    path = "/api/auth/verify-email",
    operation_id = "VerifyEmail",
    tag = "auth",
    security(())
)]
async fn verify(
    State(app): State<App>,
    Json(VerifyEmail { token }): Json<VerifyEmail>,
) -> Result<Done, Problem> {
    app.clients.accounts.clone().verify_email(pb::VerifyEmailRequest { token }).await?;
    Ok(Done)
}

/// Send the link to verify my address again
///
/// It voids the one before. Nothing is sent when the address is verified. Limited as failed log-ins are.
#[utoipa::path(
    post,
    path = "/api/auth/verify-email/resend",
    operation_id = "ResendEmailVerification",
    tag = "auth",
    responses(Forbidden)
)]
async fn resend(
    State(app): State<App>,
    caller: Caller,
    Extension(Origin(address)): Extension<Origin>,
) -> Result<Accepted<MessageSent>, Problem> {
    app.limits.count_mail(&caller.user.id.to_string(), address).await?;
    let message = caller.asks(pb::ResendEmailVerificationRequest {});
    app.clients.accounts.clone().resend_email_verification(message).await?;
    Ok(Accepted(MessageSent::to_whom_it_concerns()))
}
