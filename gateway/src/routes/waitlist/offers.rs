//! Free times that are offered to those who wait.
use super::model::{ListWaitlistOffers, WaitlistOffer};
use crate::app::App;
use crate::caller::Caller;
use crate::once::{IdempotencyKey, Once};
use crate::problem::{Conflict, Forbidden, Gone, NotFound, Problem};
use crate::query::{FromPath, Paging, Query};
use crate::reply::{Found, Page, Plain};
use crate::routes::appointments::model::Appointment;
use axum::extract::State;
use http::Uri;
use proto::appointment as pb;
use proto::ids::{WaitlistEntryId, WaitlistOfferId};
use tonic::Status;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list_of_entry))
        .routes(routes!(list))
        .routes(routes!(accept))
        .routes(routes!(decline))
}

/// List what was offered to one who waits
///
/// Latest first.
#[utoipa::path(get, path = "/api/waitlist/{id}/offers", operation_id = "ListWaitlistOffersOfEntry",
    tag = "waitlist", params(("id" = Uuid, Path, description = "The entry"), Paging),
    responses(Forbidden, NotFound))]
async fn list_of_entry(
    State(app): State<App>,
    uri: Uri,
    FromPath(id): FromPath<WaitlistEntryId>,
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Page<WaitlistOffer>, Problem> {
    let (page_size, page_token) = paging.into_wire();
    let entry_id = id.to_string();
    let message = pb::ListWaitlistOffersRequest { entry_id, page_size, page_token, ..Default::default() };
    page(&app, &uri, caller.asks(message)).await
}

/// List who was offered what, and why
///
/// For staff and admins. Latest first: each offer tells the priority and since when that patient had waited, how many
/// others came first whom the time did not suit, and whose time it was.
#[utoipa::path(
    get,
    path = "/api/waitlist/offers",
    operation_id = "ListWaitlistOffers",
    tag = "waitlist",
    params(ListWaitlistOffers),
    responses(Forbidden)
)]
async fn list(
    State(app): State<App>,
    uri: Uri,
    caller: Caller,
    Query(query): Query<ListWaitlistOffers>,
) -> Result<Page<WaitlistOffer>, Problem> {
    page(&app, &uri, caller.asks(query.try_into()?)).await
}

async fn page(
    app: &App,
    asked: &Uri,
    message: tonic::Request<pb::ListWaitlistOffersRequest>,
) -> Result<Page<WaitlistOffer>, Problem> {
    // The query has other names for the range than the message.
    let named = |status: Status| {
        Problem::from(status).renamed("/start_time", "/start_date").renamed("/end_time", "/end_date")
    };
    let answer = app.clients.waitlist.clone().list_waitlist_offers(message).await.map_err(named)?;
    let pb::ListWaitlistOffersResponse { offers, next_page_token } = answer.into_inner();
    Ok(Page::of(offers, asked, &next_page_token)?)
}

/// Accept an offer
///
/// Books the time, or moves the visit there that the patient would have earlier; it keeps its id. Answers the visit,
/// also the second time. 410 `offer_expired` when it is too late; 409 `offer_closed` when it was declined or withdrawn,
/// `slot_taken` when another was first.
#[utoipa::path(post, path = "/api/waitlist/offers/{id}/accept", operation_id = "AcceptWaitlistOffer",
    tag = "waitlist", params(("id" = Uuid, Path, description = "The offer"), IdempotencyKey),
    responses(Forbidden, NotFound, Conflict, Gone))]
async fn accept(
    State(app): State<App>,
    FromPath(id): FromPath<WaitlistOfferId>,
    caller: Caller,
    key: IdempotencyKey,
) -> Result<Once<Found<Appointment>>, Problem> {
    let message = caller.asks(pb::AcceptWaitlistOfferRequest { id: id.to_string(), request_id: key.into() });
    Once::of(app.clients.waitlist.clone().accept_waitlist_offer(message).await?, Found)
}

/// Decline an offer
///
/// The time goes to whoever is next, and the patient goes on waiting. Answers the offer, also the second time. 409
/// `offer_closed` when it was accepted or withdrawn.
#[utoipa::path(post, path = "/api/waitlist/offers/{id}/decline", operation_id = "DeclineWaitlistOffer",
    tag = "waitlist", params(("id" = Uuid, Path, description = "The offer")),
    responses(Forbidden, NotFound, Conflict, Gone))]
async fn decline(
    State(app): State<App>,
    FromPath(id): FromPath<WaitlistOfferId>,
    caller: Caller,
) -> Result<Plain<WaitlistOffer>, Problem> {
    let message = caller.asks(pb::DeclineWaitlistOfferRequest { id: id.to_string() });
    let offer = app.clients.waitlist.clone().decline_waitlist_offer(message).await?.into_inner();
    Ok(Plain(offer.try_into()?))
}
