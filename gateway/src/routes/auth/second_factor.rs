//! Codes from an authenticator, besides the password.
use super::model::{
    CompleteLogin, ConfirmTotp, EnrolTotp, RecoveryCodes, Tokens, TotpEnrolment, WithSecondFactor,
};
use crate::app::App;
use crate::body::Json;
use crate::caller::{Caller, Origin};
use crate::challenge::Challenge;
use crate::limits::Attempt;
use crate::problem::{Conflict, Forbidden, NotFound, Problem, Unauthorized};
use crate::query::FromPath;
use crate::reply::{Done, Plain};
use axum::Extension;
use axum::extract::State;
use http::StatusCode;
use platform::fault;
use proto::auth as pb;
use proto::ids::UserId;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(complete))
        .routes(routes!(enrol, remove))
        .routes(routes!(confirm))
        .routes(routes!(renew_recovery_codes))
        .routes(routes!(remove_of_user))
}

/// The password was right, and a code is awaited.
const REQUIRED: &str = "SECOND_FACTOR_REQUIRED";

/// Whether an attempt to log in counts as a guess.
pub(super) fn is_guess(status: &Status) -> bool {
    status.code() == Code::Unauthenticated && fault::reason(status).as_deref() != Some(REQUIRED)
}

/// `status` for front ends: with what they answer with a code, if one is awaited.
pub(super) fn told(app: &App, username: String, status: Status) -> Problem {
    let details = status.get_error_details();
    let challenge = details.error_info().filter(|info| info.reason == REQUIRED);
    let challenge = challenge.and_then(|info| info.metadata.get("challenge").cloned());
    let problem = Problem::from(status);
    match challenge {
        Some(challenge) => problem.with_challenge(app.challenges.seal(&Challenge { challenge, username })),
        None => problem,
    }
}

/// Log in: the second step
///
/// For whoever was answered 401 `second_factor_required`: exchanges the `challenge`, and a code from the authenticator
/// or a recovery code, for tokens. 401 `wrong_code`, also for one that was used before; wrong codes are counted as wrong
/// passwords are. 401 `challenge_expired` after five wrong codes or five minutes: log in again.
#[utoipa::path(post, path = "/api/auth/login/totp", operation_id = "CompleteLogin", tag = "auth", security(()),
    responses(Unauthorized))]
async fn complete(
    State(app): State<App>,
    Extension(Origin(address)): Extension<Origin>,
    Json(body): Json<CompleteLogin>,
) -> Result<Plain<Tokens>, Problem> {
    let (challenge, proof) = body.parts()?;
    let expired = "nobody waits for this code any more: log in again";
    let Challenge { challenge, username } = app
        .challenges
        .open(&challenge)
        .ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "challenge_expired", expired))?;
    let attempt = app.limits.attempt(&username, address).await?;
    let message = pb::CompleteLoginRequest { challenge, proof: Some(proof) };
    let answer = app.clients.second_factor.clone().complete_login(message).await;
    match &answer {
        Ok(_) => attempt.succeeded().await,
        Err(status) if is_guess(status) => {}
        Err(_) => attempt.give_back().await,
    }
    Ok(Plain(answer?.into_inner().into()))
}

/// Set up an authenticator
///
/// Answers a new secret, once: as text, and as a URI for a QR code. Log-ins ask for codes only once it is confirmed;
/// until then, asking again answers another. 403 `wrong_password`, 409 `totp_enabled`.
#[utoipa::path(
    post,
    path = "/api/auth/totp",
    operation_id = "EnrolTotp",
    tag = "auth",
    responses(Forbidden, Conflict)
)]
async fn enrol(
    State(app): State<App>,
    caller: Caller,
    Extension(Origin(address)): Extension<Origin>,
    Json(body): Json<EnrolTotp>,
) -> Result<Plain<TotpEnrolment>, Problem> {
    let attempt = app.limits.attempt_within(caller.user.session_id, address).await?;
    let message = caller.asks(pb::EnrolTotpRequest { current_password: body.current_password });
    let answer = settled(attempt, app.clients.second_factor.clone().enrol_totp(message).await).await?;
    Ok(Plain(answer.into()))
}

/// Turn on the second factor
///
/// Shown the first code of the authenticator, answers ten recovery codes, once. Ends all sessions of the caller but the
/// one that asks. 403 `wrong_code`, 409 `totp_not_enrolled`, `totp_enabled`.
#[utoipa::path(
    post,
    path = "/api/auth/totp/confirm",
    operation_id = "ConfirmTotp",
    tag = "auth",
    responses(Forbidden, Conflict)
)]
async fn confirm(
    State(app): State<App>,
    caller: Caller,
    Extension(Origin(address)): Extension<Origin>,
    Json(body): Json<ConfirmTotp>,
) -> Result<Plain<RecoveryCodes>, Problem> {
    let attempt = app.limits.attempt_within(caller.user.session_id, address).await?;
    let message = caller.asks(pb::ConfirmTotpRequest { code: body.code });
    let answer = settled(attempt, app.clients.second_factor.clone().confirm_totp(message).await).await?;
    Ok(Plain(answer.into()))
}

/// Turn off the second factor
///
/// Takes the password, and a code or a recovery code. Ends all sessions of the caller but the one that asks.
/// 403 `wrong_password`, `wrong_code`, 409 `totp_not_enabled`.
#[utoipa::path(
    delete,
    path = "/api/auth/totp",
    operation_id = "RemoveTotp",
    tag = "auth",
    responses(Forbidden, Conflict)
)]
async fn remove(
    State(app): State<App>,
    caller: Caller,
    Extension(Origin(address)): Extension<Origin>,
    Json(body): Json<WithSecondFactor>,
) -> Result<Done, Problem> {
    let message = caller.asks(pb::RemoveTotpRequest::try_from(body)?);
    let attempt = app.limits.attempt_within(caller.user.session_id, address).await?;
    settled(attempt, app.clients.second_factor.clone().remove_totp(message).await).await?;
    Ok(Done)
}

/// Get other recovery codes
///
/// Instead of all those before. Takes the password, and a code or a recovery code. 403 `wrong_password`,
/// `wrong_code`, 409 `totp_not_enabled`.
#[utoipa::path(
    post,
    path = "/api/auth/totp/recovery-codes",
    operation_id = "RenewRecoveryCodes",
    tag = "auth",
    responses(Forbidden, Conflict)
)]
async fn renew_recovery_codes(
    State(app): State<App>,
    caller: Caller,
    Extension(Origin(address)): Extension<Origin>,
    Json(body): Json<WithSecondFactor>,
) -> Result<Plain<RecoveryCodes>, Problem> {
    let message = caller.asks(pb::RenewRecoveryCodesRequest::try_from(body)?);
    let attempt = app.limits.attempt_within(caller.user.session_id, address).await?;
    let answer =
        settled(attempt, app.clients.second_factor.clone().renew_recovery_codes(message).await).await?;
    Ok(Plain(answer.into()))
}

/// Turn off the second factor of an account
///
/// For admins, when its owner lost their device; ends the account's sessions. One's own takes the password:
/// 409 `own_second_factor`.
#[utoipa::path(delete, path = "/api/users/{id}/totp", operation_id = "RemoveUserTotp", tag = "users",
    params(("id" = Uuid, Path, description = "The account")), responses(Forbidden, NotFound, Conflict))]
async fn remove_of_user(
    State(app): State<App>,
    FromPath(id): FromPath<UserId>,
    caller: Caller,
) -> Result<Done, Problem> {
    let message = caller.asks(pb::RemoveUserTotpRequest { user_id: id.to_string() });
    app.clients.second_factor.clone().remove_user_totp(message).await?;
    Ok(Done)
}

/// Counts an attempt only if it was a wrong password or code.
async fn settled<T>(attempt: Attempt, answer: Result<tonic::Response<T>, Status>) -> Result<T, Problem> {
    if !answer.as_ref().is_err_and(|status| status.code() == Code::PermissionDenied) {
        attempt.give_back().await;
    }
    Ok(answer?.into_inner())
}
