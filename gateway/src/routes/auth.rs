//! Accounts and sessions.
use crate::app::App;
use crate::body::{Json, JsonOrForm};
use crate::caller::{Caller, Origin};
use crate::patch::Clearable;
use crate::problem::{Conflict, Forbidden, NotFound, Problem, Unauthorized};
use crate::query::{FromPath, Paging, Query};
use crate::reply::{Accepted, Created, Done, Found, Kept, Page, Plain};
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Uri, header};
use model::{ChangePassword, Jwks, LogIn, MessageSent, Refresh, Register, Tokens, UpdateUser, User};
use platform::caller::Role;
use proto::auth as pb;
use proto::doctor::GetDoctorRequest;
use proto::ids::{DoctorId, PatientId, UserId};
use proto::patient::{GetPatientRequest, Patient};
use second_factor::{is_guess, told};
use std::collections::BTreeMap;
use tonic::Code;
use utoipa::IntoResponses;
use utoipa::openapi::{self, RefOr};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub mod model;
mod claims; // records that the practice made
mod invitations; // accounts for colleagues
mod recovery; // passwords that were forgotten
mod verification; // addresses that their owners prove
mod second_factor; // codes besides the password
mod proxies; // who acts for a patient
mod sessions; // those that are open, and their end

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(log_in))
        .routes(routes!(register))
        .routes(routes!(current_user))
        .routes(routes!(change_password))
        .routes(routes!(refresh))
        .routes(routes!(log_out))
        .routes(routes!(jwks))
        .routes(routes!(list_users))
        .routes(routes!(get_user, update_user))
        .merge(claims::routes())
        .merge(invitations::routes())
        .merge(recovery::routes())
        .merge(verification::routes())
        .merge(second_factor::routes())
        .merge(proxies::routes())
        .merge(sessions::routes())
}

/// Log in
///
/// Exchanges a user name and password for an access token and a refresh token. The answer is the same for an
/// unknown name, a wrong password and a disabled account: 401 `invalid_credentials`. 403 `email_unverified` when the
/// password is right and the address has to be verified first; a link was sent to it. Failed attempts are limited
/// for each account and address, and for each account in a day; addresses that the owner logged in from lately are
/// counted apart, so that strangers keep nobody out.
///
/// An account with a second factor is answered 401 `second_factor_required` with a `challenge`, which is for
/// `POST /api/auth/login/totp` within five minutes. A program may send the code as `totp` at once; a wrong one is 401
/// `wrong_code` and counts as a wrong password does.
#[utoipa::path(post, path = "/api/auth/login", operation_id = "Login", tag = "auth", security(()),
    request_body(content((LogIn = "application/x-www-form-urlencoded"), (LogIn = "application/json"))),
    responses(Unauthorized, Forbidden))]
async fn log_in(
    State(app): State<App>,
    Extension(Origin(address)): Extension<Origin>,
    headers: HeaderMap,
    JsonOrForm(body): JsonOrForm<LogIn>,
) -> Result<Plain<Tokens>, Problem> {
    let attempt = app.limits.attempt(&body.username, address).await?;
    let user_agent =
        headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let username = body.username.clone();
    let answer = app.clients.auth.clone().login(body.of(user_agent)).await;
    match &answer {
        Ok(_) => attempt.succeeded().await,
        Err(status) if is_guess(status) => {}
        Err(_) => attempt.give_back().await,
    }
    let tokens = answer.map_err(|status| told(&app, username, status))?;
    Ok(Plain(tokens.into_inner().into()))
}

/// Register
///
/// Creates an account. Without an access token, or with one of a patient or doctor, only a patient's; staff may
/// link it to a patient, admins may create any role. An account that is linked to no patient yet gets the id under
/// which its owner may create the record, unless it comes with the `claim_code` of one. 409: `email_taken`, `username_taken`, `already_linked`.
///
/// Whoever registers without such a token is sent a link to verify the address. Where that has to be done before they
/// log in (`REGISTRATION=verify`), the answer is 202 whether or not the address has an account, whose owner is told so by
/// mail; user names are not taken then.
#[utoipa::path(post, path = "/api/auth/register", operation_id = "Register", tag = "auth",
    security((), ("oauth2" = []), ("token" = [])), responses(Forbidden, Conflict))]
async fn register(
    State(app): State<App>,
    caller: Option<Caller>,
    Extension(Origin(address)): Extension<Origin>,
    Json(body): Json<Register>,
) -> Result<Registered, Problem> {
    let body = body.resolved()?;
    if !caller.as_ref().is_some_and(Caller::registers_others) {
        // Its owner gets a mail, whoever registers.
        app.limits.count_mail(body.email.as_str(), address).await?;
    }
    let alias = body.alias();
    let user = register_resolved(&app, caller, body).await.map_err(|problem| match alias {
        Some(link) => problem.renamed(link, "/reference_id"),
        None => problem,
    })?;
    if user.id.is_empty() {
        return Ok(Registered::Later(Accepted(MessageSent::to_whom_it_concerns())));
    }
    Ok(Registered::Now(Box::new(Created(user.try_into()?))))
}

/// 201 and the account, or 202 where its owner has to prove the address first.
enum Registered {
    Now(Box<Created<User>>),
    Later(Accepted<MessageSent>),
}

impl IntoResponse for Registered {
    fn into_response(self) -> Response {
        match self {
            Self::Now(created) => (*created).into_response(),
            Self::Later(accepted) => accepted.into_response(),
        }
    }
}

impl IntoResponses for Registered {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        Created::<User>::responses().into_iter().chain(Accepted::<MessageSent>::responses()).collect()
    }
}

async fn register_resolved(app: &App, caller: Option<Caller>, body: Register) -> Result<pb::User, Problem> {
    let message = match caller {
        Some(caller) => {
            link_exists(app, &caller, body.patient_id, body.doctor_id).await?;
            caller.asks(pb::RegisterRequest::from(body))
        }
        None => tonic::Request::new(body.into()),
    };
    Ok(app.clients.auth.clone().register(message).await?.into_inner())
}

/// Whether what an account is to be linked to is there; auth-svc knows neither patients nor doctors.
async fn link_exists(
    app: &App,
    caller: &Caller,
    patient: Option<PatientId>,
    doctor: Option<DoctorId>,
) -> Result<(), Problem> {
    let may_link = matches!(caller.user.role, Role::Admin | Role::Staff);
    if !may_link {
        return Ok(());
    }
    if let Some(id) = patient {
        let message = caller.asks(GetPatientRequest { id: id.to_string() });
        stays(&exists("/patient_id", app.clients.patients.clone().get_patient(message).await)?)?;
    }
    if let Some(id) = doctor {
        let message = caller.asks(GetDoctorRequest { id: id.to_string() });
        exists("/doctor_id", app.clients.doctors.clone().get_doctor(message).await)?;
    }
    Ok(())
}

/// Nobody logs in as a patient who was merged into another.
fn stays(patient: &Patient) -> Result<(), Problem> {
    if patient.merged_into.is_empty() {
        Ok(())
    } else {
        Err(Problem::invalid_field("/patient_id", "was merged into another"))
    }
}

fn exists<T>(pointer: &str, answer: Result<tonic::Response<T>, tonic::Status>) -> Result<T, Problem> {
    match answer {
        Ok(answer) => Ok(answer.into_inner()),
        Err(status) if status.code() == Code::NotFound => {
            Err(Problem::invalid_field(pointer, "does not exist"))
        }
        Err(status) => Err(status.into()),
    }
}

/// Who am I
///
/// The account of the caller.
#[utoipa::path(
    get,
    path = "/api/auth/me",
    operation_id = "GetCurrentUser",
    tag = "auth",
    responses(Forbidden)
)]
async fn current_user(State(app): State<App>, caller: Caller) -> Result<Found<User>, Problem> {
    let message = caller.asks(pb::GetCurrentUserRequest {});
    let user = app.clients.auth.clone().get_current_user(message).await?.into_inner();
    Ok(Found(user.try_into()?))
}

/// Change my password
///
/// Ends all sessions of the caller but the one that asks. 403 `wrong_password` when the current one is another; such
/// attempts are limited as failed log-ins are. A new one that is too weak is named in `errors`.
#[utoipa::path(
    post,
    path = "/api/auth/change-password",
    operation_id = "ChangePassword",
    tag = "auth",
    responses(Forbidden)
)]
async fn change_password(
    State(app): State<App>,
    caller: Caller,
    Extension(Origin(address)): Extension<Origin>,
    Json(body): Json<ChangePassword>,
) -> Result<Done, Problem> {
    let attempt = app.limits.attempt_within(caller.user.session_id, address).await?;
    let message = caller.asks(pb::ChangePasswordRequest::from(body));
    let answer = app.clients.auth.clone().change_password(message).await;
    if !answer.as_ref().is_err_and(|status| status.code() == Code::PermissionDenied) {
        attempt.give_back().await;
    }
    answer?;
    Ok(Done)
}

/// Renew the access token
///
/// Exchanges a refresh token for a new pair; each works once. Using one a second time ends the session:
/// 401 `refresh_token_reused`.
#[utoipa::path(post, path = "/api/auth/refresh", operation_id = "RefreshToken", tag = "auth", security(()),
    responses(Unauthorized))]
async fn refresh(State(app): State<App>, Json(body): Json<Refresh>) -> Result<Plain<Tokens>, Problem> {
    let message = pb::RefreshTokenRequest { refresh_token: body.refresh_token };
    let tokens = app.clients.auth.clone().refresh_token(message).await?.into_inner();
    Ok(Plain(tokens.into()))
}

/// Log out
///
/// Ends the session that a refresh token belongs to; also when it has ended already.
#[utoipa::path(post, path = "/api/auth/logout", operation_id = "Logout", tag = "auth", security(()),
    responses(Unauthorized))]
async fn log_out(State(app): State<App>, Json(body): Json<Refresh>) -> Result<Done, Problem> {
    let message = pb::LogoutRequest { refresh_token: body.refresh_token };
    app.clients.auth.clone().logout(message).await?;
    Ok(Done)
}

/// Public keys
///
/// The keys that access tokens are verified with (RFC 7517). May be kept for five minutes.
#[utoipa::path(get, path = "/.well-known/jwks.json", operation_id = "GetJwks", tag = "auth", security(()))]
async fn jwks(State(app): State<App>) -> Result<Kept<Plain<Jwks>>, Problem> {
    let keys = app.clients.auth.clone().get_jwks(pb::GetJwksRequest {}).await?.into_inner();
    Ok(Kept(Plain(keys.into())))
}

/// List accounts
///
/// All accounts, newest first, for admins.
#[utoipa::path(
    get,
    path = "/api/users",
    operation_id = "ListUsers",
    tag = "users",
    params(Paging),
    responses(Forbidden)
)]
async fn list_users(
    State(app): State<App>,
    uri: Uri,
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Page<User>, Problem> {
    let (page_size, page_token) = paging.into_wire();
    let message = caller.asks(pb::ListUsersRequest { page_size, page_token });
    let pb::ListUsersResponse { users, next_page_token } =
        app.clients.auth.clone().list_users(message).await?.into_inner();
    Ok(Page::of(users, &uri, &next_page_token)?)
}

/// Get an account
///
/// For admins.
#[utoipa::path(get, path = "/api/users/{id}", operation_id = "GetUser", tag = "users",
    params(("id" = Uuid, Path, description = "The account")), responses(Forbidden, NotFound))]
async fn get_user(
    State(app): State<App>,
    FromPath(id): FromPath<UserId>,
    caller: Caller,
) -> Result<Found<User>, Problem> {
    let message = caller.asks(pb::GetUserRequest { id: id.to_string() });
    let user = app.clients.auth.clone().get_user(message).await?.into_inner();
    Ok(Found(user.try_into()?))
}

/// Change an account
///
/// Its role, links, name, or whether it may log in, for admins; staff may link accounts of patients. What is
/// absent stays, null clears. 409: `last_admin`, `own_role`, `already_linked`.
#[utoipa::path(put, path = "/api/users/{id}", operation_id = "UpdateUser", tag = "users",
    params(("id" = Uuid, Path, description = "The account")), responses(Forbidden, NotFound, Conflict))]
async fn update_user(
    State(app): State<App>,
    FromPath(id): FromPath<UserId>,
    caller: Caller,
    Json(body): Json<UpdateUser>,
) -> Result<Found<User>, Problem> {
    if let Clearable::Set(patient) = body.patient_id {
        // One who has no record yet makes it under this id.
        let message = caller.asks(GetPatientRequest { id: patient.to_string() });
        if let Ok(patient) = app.clients.patients.clone().get_patient(message).await {
            stays(patient.get_ref())?;
        }
    }
    let user = app.clients.auth.clone().update_user(caller.asks(body.of(id))).await?.into_inner();
    Ok(Found(user.try_into()?))
}
