//! Programs that log in by themselves.
use crate::app::App;
use crate::body::{Json, JsonOrForm};
use crate::caller::Caller;
use crate::problem::{Conflict, Forbidden, NotFound, Problem, Unauthorized};
use crate::query::FromPath;
use crate::reply::{Created, Found, Listed, Plain};
use axum::extract::State;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderMap, header};
use model::{ApiClient, ApiClientSecret, ClientToken, CreateApiClient, NewApiClient, TokenRequest};
use proto::auth as pb;
use proto::ids::ApiClientId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub mod model;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(token))
        .routes(routes!(list, create))
        .routes(routes!(get))
        .routes(routes!(rotate))
        .routes(routes!(disable))
}

/// Get a token for a program
///
/// RFC 6749, section 4.4. A program proves itself by its secret, with HTTP Basic or in the body, or by an assertion
/// that it has signed (RFC 7523): `iss` and `sub` are its id, `aud` is `healthcare-auth`, `exp` at most five minutes
/// after `iat`, and each `jti` works once. The token lives for 15 minutes; there is none to renew it. Refuses as section
/// 5.2 says, with its word as `code`: 401 `invalid_client`, 400 `invalid_request`, `invalid_scope`,
/// `unsupported_grant_type`. Attempts are limited for each address.
#[utoipa::path(post, path = "/api/auth/token", operation_id = "IssueToken", tag = "auth", security(()),
    request_body(content((TokenRequest = "application/x-www-form-urlencoded"), (TokenRequest = "application/json"))),
    responses(Unauthorized))]
async fn token(
    State(app): State<App>,
    headers: HeaderMap,
    JsonOrForm(body): JsonOrForm<TokenRequest>,
) -> Result<Plain<ClientToken>, Problem> {
    let message = body.of(basic(&headers));
    let token = app.clients.api_clients.clone().issue_token(message).await?.into_inner();
    Ok(Plain(token.into()))
}

/// The id and the secret of an `Authorization: Basic …` header (RFC 7617).
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credentials) = value.split_once(' ')?;
    let credentials = BASE64_STANDARD.decode(credentials.trim()).ok()?;
    let credentials = String::from_utf8(credentials).ok()?;
    let (id, secret) = credentials.split_once(':')?;
    scheme.eq_ignore_ascii_case("basic").then(|| (id.to_owned(), secret.to_owned()))
}

/// List programs
///
/// Newest first, with those that are disabled, for admins.
#[utoipa::path(
    get,
    path = "/api/api-clients",
    operation_id = "ListApiClients",
    tag = "users",
    responses(Forbidden)
)]
async fn list(State(app): State<App>, caller: Caller) -> Result<Listed<ApiClient>, Problem> {
    let message = caller.asks(pb::ListApiClientsRequest {});
    let answer = app.clients.api_clients.clone().list_api_clients(message).await?.into_inner();
    Ok(Listed::of(answer.clients)?)
}

/// Add a program
///
/// For admins. Answers its secret, once, unless it has a key to prove itself by. It may do what its scopes say, of what
/// staff may do.
#[utoipa::path(
    post,
    path = "/api/api-clients",
    operation_id = "CreateApiClient",
    tag = "users",
    responses(Forbidden)
)]
async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<CreateApiClient>,
) -> Result<Created<NewApiClient>, Problem> {
    let message = caller.asks(pb::CreateApiClientRequest::from(body));
    let client = app.clients.api_clients.clone().create_api_client(message).await?.into_inner();
    Ok(Created(client.try_into()?))
}

/// Get a program
///
/// For admins.
#[utoipa::path(get, path = "/api/api-clients/{id}", operation_id = "GetApiClient", tag = "users",
    params(("id" = Uuid, Path, description = "The program")), responses(Forbidden, NotFound))]
async fn get(
    State(app): State<App>,
    FromPath(id): FromPath<ApiClientId>,
    caller: Caller,
) -> Result<Found<ApiClient>, Problem> {
    let message = caller.asks(pb::GetApiClientRequest { id: id.to_string() });
    let client = app.clients.api_clients.clone().get_api_client(message).await?.into_inner();
    Ok(Found(client.try_into()?))
}

/// Give a program another secret
///
/// For admins. Answers it once; the one before goes on for 24 hours, but not those before that. 409 `no_secret` for a
/// program with a key.
#[utoipa::path(post, path = "/api/api-clients/{id}/secret", operation_id = "RotateApiClientSecret", tag = "users",
    params(("id" = Uuid, Path, description = "The program")), responses(Forbidden, NotFound, Conflict))]
async fn rotate(
    State(app): State<App>,
    FromPath(id): FromPath<ApiClientId>,
    caller: Caller,
) -> Result<Plain<ApiClientSecret>, Problem> {
    let message = caller.asks(pb::RotateApiClientSecretRequest { id: id.to_string() });
    let client = app.clients.api_clients.clone().rotate_api_client_secret(message).await?.into_inner();
    Ok(Plain(ApiClientSecret { secret: client.secret }))
}

/// Disable a program
///
/// For admins, and for good. Its tokens are refused within seconds. The second time nothing happens.
#[utoipa::path(post, path = "/api/api-clients/{id}/disable", operation_id = "DisableApiClient", tag = "users",
    params(("id" = Uuid, Path, description = "The program")), responses(Forbidden, NotFound))]
async fn disable(
    State(app): State<App>,
    FromPath(id): FromPath<ApiClientId>,
    caller: Caller,
) -> Result<Found<ApiClient>, Problem> {
    let message = caller.asks(pb::DisableApiClientRequest { id: id.to_string() });
    let client = app.clients.api_clients.clone().disable_api_client(message).await?.into_inner();
    Ok(Found(client.try_into()?))
}
