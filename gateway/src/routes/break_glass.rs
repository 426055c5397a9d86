//! Doctors who read what they may not, in an emergency, and what others thought of it.
use crate::app::App;
use crate::body::Json;
use crate::caller::Caller;
use crate::problem::{Conflict, Forbidden, NotFound, Problem};
use crate::query::{FromPath, Limit, Query};
use crate::reply::{Created, Found, Page};
use axum::extract::State;
use http::Uri;
use model::{BreakGlass, BreakGlassGrant, ReviewBreakGlass};
use proto::ids::{BreakGlassGrantId, PatientId};
use proto::patient as pb;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub mod model;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(smash))
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(review))
}

/// Break the glass
///
/// For doctors, in an emergency: for an hour, or as the clinic has set it, they read the patient and their records as
/// if they treated them, also those that are `restricted`, and `very_restricted` ones if they say that they need them.
/// The security contacts are told at once, and an admin or auditor has to review it. Asking again while it is in force
/// answers the same. What they write is noted as written so. 409 `review_pending` while nobody has reviewed an old one
/// of the doctor's, or five; 409 `glass_withdrawn` for 30 days after one that was not justified.
#[utoipa::path(post, path = "/api/patients/{id}/break-glass", operation_id = "BreakGlass", tag = "records",
    params(("id" = Uuid, Path, description = "The patient")), responses(Forbidden, NotFound, Conflict))]
async fn smash(
    State(app): State<App>,
    FromPath(id): FromPath<PatientId>,
    caller: Caller,
    Json(body): Json<BreakGlass>,
) -> Result<Created<BreakGlassGrant>, Problem> {
    let message = caller.asks(body.of(id));
    let grant = app.clients.break_glass.clone().break_glass(message).await?.into_inner();
    Ok(Created(grant.try_into()?))
}

/// Which of them are listed.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Listed {
    /// Also those that were reviewed.
    #[serde(default)]
    #[param(value_type = Option<bool>)]
    include_reviewed: bool,
    /// Items on a page; 50 when absent.
    #[param(value_type = Option<i32>, minimum = 1, maximum = 200)]
    limit: Option<Limit<200>>,
    /// Where the page begins: from the `Link` of the page before.
    cursor: Option<String>,
}

/// List when the glass was broken
///
/// What waits for a review, oldest first, for admins and auditors.
#[utoipa::path(
    get,
    path = "/api/break-glass",
    operation_id = "ListBreakGlassGrants",
    tag = "records",
    params(Listed),
    responses(Forbidden)
)]
async fn list(
    State(app): State<App>,
    uri: Uri,
    caller: Caller,
    Query(Listed { include_reviewed, limit, cursor }): Query<Listed>,
) -> Result<Page<BreakGlassGrant>, Problem> {
    let (page_size, page_token) = (Limit::or_zero(limit), cursor.unwrap_or_default());
    let message = caller.asks(pb::ListBreakGlassGrantsRequest { page_size, page_token, include_reviewed });
    let pb::ListBreakGlassGrantsResponse { grants, next_page_token } =
        app.clients.break_glass.clone().list_break_glass_grants(message).await?.into_inner();
    Ok(Page::of(grants, &uri, &next_page_token)?)
}

/// Get one time that the glass was broken
///
/// For admins and auditors.
#[utoipa::path(get, path = "/api/break-glass/{id}", operation_id = "GetBreakGlassGrant", tag = "records",
    params(("id" = Uuid, Path, description = "The grant")), responses(Forbidden, NotFound))]
async fn get(
    State(app): State<App>,
    FromPath(id): FromPath<BreakGlassGrantId>,
    caller: Caller,
) -> Result<Found<BreakGlassGrant>, Problem> {
    let message = caller.asks(pb::GetBreakGlassGrantRequest { id: id.to_string() });
    let grant = app.clients.break_glass.clone().get_break_glass_grant(message).await?.into_inner();
    Ok(Found(grant.try_into()?))
}

/// Review it
///
/// For admins and auditors; nobody reviews themselves. What is `unjustified` ends at once. The same review again answers
/// the same, another one 409 `already_reviewed`.
#[utoipa::path(post, path = "/api/break-glass/{id}/review", operation_id = "ReviewBreakGlassGrant",
    tag = "records", params(("id" = Uuid, Path, description = "The grant")),
    responses(Forbidden, NotFound, Conflict))]
async fn review(
    State(app): State<App>,
    FromPath(id): FromPath<BreakGlassGrantId>,
    caller: Caller,
    Json(body): Json<ReviewBreakGlass>,
) -> Result<Found<BreakGlassGrant>, Problem> {
    let message = caller.asks(body.of(id));
    let grant = app.clients.break_glass.clone().review_break_glass_grant(message).await?.into_inner();
    Ok(Found(grant.try_into()?))
}
