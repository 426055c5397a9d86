//! Sessions that are open, and their end.
use super::model::Session;
use crate::app::App;
use crate::caller::Caller;
use crate::problem::{Forbidden, NotFound, Problem};
use crate::query::{FromPath, Paging, Query};
use crate::reply::{Done, Page};
use axum::extract::State;
use http::Uri;
use proto::auth as pb;
use proto::ids::{SessionId, UserId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(revoke))
        .routes(routes!(revoke_all))
        .routes(routes!(revoke_of_user))
}

/// List my sessions
///
/// Those that are open, newest first: one for each log-in that has neither ended nor run out.
#[utoipa::path(
    get,
    path = "/api/auth/sessions",
    operation_id = "ListSessions",
    tag = "auth",
    params(Paging),
    responses(Forbidden)
)]
async fn list(
    State(app): State<App>,
    uri: Uri,
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Page<Session>, Problem> {
    let (page_size, page_token) = paging.into_wire();
    let message = caller.asks(pb::ListSessionsRequest { page_size, page_token });
    let pb::ListSessionsResponse { sessions, next_page_token } =
        app.clients.auth.clone().list_sessions(message).await?.into_inner();
    Ok(Page::of(sessions, &uri, &next_page_token)?)
}

/// End one of my sessions
///
/// Whoever uses it has to log in again. The second time nothing happens. Answers 204: nothing is left to show.
#[utoipa::path(delete, path = "/api/auth/sessions/{id}", operation_id = "RevokeSession", tag = "auth",
    params(("id" = Uuid, Path, description = "The session")), responses(Forbidden, NotFound))]
async fn revoke(
    State(app): State<App>,
    FromPath(id): FromPath<SessionId>,
    caller: Caller,
) -> Result<Done, Problem> {
    let message = caller.asks(pb::RevokeSessionRequest { id: id.to_string() });
    app.clients.auth.clone().revoke_session(message).await?;
    Ok(Done)
}

/// Log out everywhere
///
/// Ends every session of the caller, also the one that asks.
#[utoipa::path(
    post,
    path = "/api/auth/logout-all",
    operation_id = "RevokeAllSessions",
    tag = "auth",
    responses(Forbidden)
)]
async fn revoke_all(State(app): State<App>, caller: Caller) -> Result<Done, Problem> {
    let message = caller.asks(pb::RevokeAllSessionsRequest {});
    app.clients.auth.clone().revoke_all_sessions(message).await?;
    Ok(Done)
}

/// End the sessions of an account
///
/// All of them, for admins. Its owner may log in again; `is_active` keeps them from it.
#[utoipa::path(post, path = "/api/users/{id}/revoke-sessions", operation_id = "RevokeUserSessions", tag = "users",
    params(("id" = Uuid, Path, description = "The account")), responses(Forbidden, NotFound))]
async fn revoke_of_user(
    State(app): State<App>,
    FromPath(id): FromPath<UserId>,
    caller: Caller,
) -> Result<Done, Problem> {
    let message = caller.asks(pb::RevokeUserSessionsRequest { user_id: id.to_string() });
    app.clients.auth.clone().revoke_user_sessions(message).await?;
    Ok(Done)
}
