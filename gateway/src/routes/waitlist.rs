//! Patients who wait for a time.
use crate::app::App;
use crate::body::Json;
use crate::caller::Caller;
use crate::once::{IdempotencyKey, Once};
use crate::problem::{Conflict, Forbidden, NotFound, Problem, Stale};
use crate::query::{FromPath, IfMatch, Query};
use crate::reply::{Created, Found, Page};
use crate::routes::appointments;
use axum::extract::State;
use http::Uri;
use model::{CreateWaitlistEntry, ListWaitlistEntries, UpdateWaitlistEntry, WaitlistEntry};
use proto::appointment as pb;
use proto::ids::WaitlistEntryId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub mod model;

mod offers; // what is offered to them

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(get, update, cancel))
        .routes(routes!(resume))
        .merge(offers::routes())
}

/// List who waits
///
/// In the order in which times are offered: by priority, then by how long somebody waits. Patients see their own
/// entries, doctors those that name them alone, staff and admins all; filters narrow that. Those that wait no more are
/// listed only when that is the state asked for.
#[utoipa::path(
    get,
    path = "/api/waitlist",
    operation_id = "ListWaitlistEntries",
    tag = "waitlist",
    params(ListWaitlistEntries),
    responses(Forbidden)
)]
async fn list(
    State(app): State<App>,
    uri: Uri,
    caller: Caller,
    Query(query): Query<ListWaitlistEntries>,
) -> Result<Page<WaitlistEntry>, Problem> {
    let message = caller.asks(pb::ListWaitlistEntriesRequest::from(query));
    let pb::ListWaitlistEntriesResponse { entries, next_page_token } =
        app.clients.waitlist.clone().list_waitlist_entries(message).await?.into_inner();
    Ok(Page::of(entries, &uri, &next_page_token)?)
}

/// Wait for a time
///
/// When a time that suits comes free, it is offered to whoever is first, and kept for them while they make up their
/// mind. 409 `too_many_waitlist_entries` while the patient waits in ten.
#[utoipa::path(
    post,
    path = "/api/waitlist",
    operation_id = "CreateWaitlistEntry",
    tag = "waitlist",
    params(IdempotencyKey),
    responses(Forbidden, NotFound, Conflict)
)]
async fn create(
    State(app): State<App>,
    caller: Caller,
    key: IdempotencyKey,
    Json(body): Json<CreateWaitlistEntry>,
) -> Result<Once<Created<WaitlistEntry>>, Problem> {
    let patient_id = appointments::patient(body.patient_id, &caller)?;
    let message = caller.asks(body.of(patient_id, key.into()));
    Once::of(app.clients.waitlist.clone().create_waitlist_entry(message).await?, Created)
}

/// Get an entry of the waitlist
///
/// With the offer that waits for an answer.
#[utoipa::path(get, path = "/api/waitlist/{id}", operation_id = "GetWaitlistEntry", tag = "waitlist",
    params(("id" = Uuid, Path, description = "The entry")), responses(Forbidden, NotFound))]
async fn get(
    State(app): State<App>,
    FromPath(id): FromPath<WaitlistEntryId>,
    caller: Caller,
) -> Result<Found<WaitlistEntry>, Problem> {
    let message = caller.asks(pb::GetWaitlistEntryRequest { id: id.to_string() });
    let entry = app.clients.waitlist.clone().get_waitlist_entry(message).await?.into_inner();
    Ok(Found(entry.try_into()?))
}

/// Change what is waited for
///
/// What is absent stays, null clears. The place in the order stays, unless the priority changes, which is for the
/// practice. 409 `waitlist_entry_closed` when it waits no more.
#[utoipa::path(put, path = "/api/waitlist/{id}", operation_id = "UpdateWaitlistEntry", tag = "waitlist",
    params(("id" = Uuid, Path, description = "The entry"), IfMatch),
    responses(Forbidden, NotFound, Conflict, Stale))]
async fn update(
    State(app): State<App>,
    FromPath(id): FromPath<WaitlistEntryId>,
    caller: Caller,
    if_match: IfMatch,
    Json(body): Json<UpdateWaitlistEntry>,
) -> Result<Found<WaitlistEntry>, Problem> {
    let message = caller.asks(body.of(id, if_match.expected_version()));
    let entry = app.clients.waitlist.clone().update_waitlist_entry(message).await?.into_inner();
    Ok(Found(entry.try_into()?))
}

/// Have times offered again
///
/// After a pause, which begins when three offers were not answered. Nothing happens when it waits already. 409
/// `waitlist_entry_closed` when it waits no more.
#[utoipa::path(post, path = "/api/waitlist/{id}/resume", operation_id = "ResumeWaitlistEntry", tag = "waitlist",
    params(("id" = Uuid, Path, description = "The entry"), IfMatch),
    responses(Forbidden, NotFound, Conflict, Stale))]
async fn resume(
    State(app): State<App>,
    FromPath(id): FromPath<WaitlistEntryId>,
    caller: Caller,
    if_match: IfMatch,
) -> Result<Found<WaitlistEntry>, Problem> {
    let expected_version = if_match.expected_version();
    let message = caller.asks(pb::ResumeWaitlistEntryRequest { id: id.to_string(), expected_version });
    let entry = app.clients.waitlist.clone().resume_waitlist_entry(message).await?.into_inner();
    Ok(Found(entry.try_into()?))
}

/// Wait no more
///
/// Withdraws the open offer, too. Answers the entry, also the second time.
#[utoipa::path(delete, path = "/api/waitlist/{id}", operation_id = "CancelWaitlistEntry", tag = "waitlist",
    params(("id" = Uuid, Path, description = "The entry"), IfMatch),
    responses(Forbidden, NotFound, Conflict, Stale))]
async fn cancel(
    State(app): State<App>,
    FromPath(id): FromPath<WaitlistEntryId>,
    caller: Caller,
    if_match: IfMatch,
) -> Result<Found<WaitlistEntry>, Problem> {
    let expected_version = if_match.expected_version();
    let message = caller.asks(pb::CancelWaitlistEntryRequest { id: id.to_string(), expected_version });
    let entry = app.clients.waitlist.clone().cancel_waitlist_entry(message).await?.into_inner();
    Ok(Found(entry.try_into()?))
}
