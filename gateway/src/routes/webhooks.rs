//! Programs of others that are told of events.
use crate::app::App;
use crate::body::Json;
use crate::caller::Caller;
use crate::problem::{Conflict, Forbidden, NotFound, Problem, Stale};
use crate::query::{FromPath, IfMatch, Query};
use crate::reply::{Created, Found, Listed, Page, Plain};
use axum::extract::State;
use http::Uri;
use model::{
    CreateWebhook, ListWebhookDeliveries, NewWebhook, UpdateWebhook, Webhook, WebhookDelivery, WebhookSecret,
};
use proto::ids::{WebhookDeliveryId, WebhookId};
use proto::notification as pb;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub mod model;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(rotate))
        .routes(routes!(test))
        .routes(routes!(deliveries))
        .routes(routes!(replay))
}

/// List webhooks
///
/// Newest first, at most 100, for admins.
#[utoipa::path(
    get,
    path = "/api/webhooks",
    operation_id = "ListWebhooks",
    tag = "webhooks",
    responses(Forbidden)
)]
async fn list(State(app): State<App>, caller: Caller) -> Result<Listed<Webhook>, Problem> {
    let message = caller.asks(pb::ListWebhooksRequest {});
    let answer = app.clients.webhooks.clone().list_webhooks(message).await?.into_inner();
    Ok(Listed::of(answer.webhooks)?)
}

/// Register a webhook
///
/// For admins. Events are posted to it as Standard Webhooks 1.0 says, signed with the secret that is answered once. 409
/// `too_many` from the hundred and first on.
#[utoipa::path(
    post,
    path = "/api/webhooks",
    operation_id = "CreateWebhook",
    tag = "webhooks",
    responses(Forbidden, Conflict)
)]
async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<CreateWebhook>,
) -> Result<Created<NewWebhook>, Problem> {
    let message = caller.asks(pb::CreateWebhookRequest::from(body));
    let new = app.clients.webhooks.clone().create_webhook(message).await?.into_inner();
    Ok(Created(new.try_into()?))
}

/// Get a webhook
///
/// For admins.
#[utoipa::path(get, path = "/api/webhooks/{id}", operation_id = "GetWebhook", tag = "webhooks",
    params(("id" = Uuid, Path, description = "The webhook")), responses(Forbidden, NotFound))]
async fn get(
    State(app): State<App>,
    FromPath(id): FromPath<WebhookId>,
    caller: Caller,
) -> Result<Found<Webhook>, Problem> {
    let message = caller.asks(pb::GetWebhookRequest { id: id.to_string() });
    let webhook = app.clients.webhooks.clone().get_webhook(message).await?.into_inner();
    Ok(Found(webhook.try_into()?))
}

/// Change a webhook
///
/// What is absent stays, null clears. For admins. What waits for one that is disabled is cancelled.
#[utoipa::path(put, path = "/api/webhooks/{id}", operation_id = "UpdateWebhook", tag = "webhooks",
    params(("id" = Uuid, Path, description = "The webhook"), IfMatch),
    responses(Forbidden, NotFound, Stale))]
async fn update(
    State(app): State<App>,
    FromPath(id): FromPath<WebhookId>,
    caller: Caller,
    if_match: IfMatch,
    Json(body): Json<UpdateWebhook>,
) -> Result<Found<Webhook>, Problem> {
    let message = caller.asks(body.of(id, if_match.expected_version()));
    let webhook = app.clients.webhooks.clone().update_webhook(message).await?.into_inner();
    Ok(Found(webhook.try_into()?))
}

/// Delete a webhook
///
/// With its deliveries. For admins. Answers what it was.
#[utoipa::path(delete, path = "/api/webhooks/{id}", operation_id = "DeleteWebhook", tag = "webhooks",
    params(("id" = Uuid, Path, description = "The webhook"), IfMatch),
    responses(Forbidden, NotFound, Stale))]
async fn delete(
    State(app): State<App>,
    FromPath(id): FromPath<WebhookId>,
    caller: Caller,
    if_match: IfMatch,
) -> Result<Found<Webhook>, Problem> {
    let expected_version = if_match.expected_version();
    let message = caller.asks(pb::DeleteWebhookRequest { id: id.to_string(), expected_version });
    let webhook = app.clients.webhooks.clone().delete_webhook(message).await?.into_inner();
    Ok(Found(webhook.try_into()?))
}

/// Give a webhook another secret
///
/// For admins. Answers it once. For 24 hours there are two signatures, by it and by the one before.
#[utoipa::path(post, path = "/api/webhooks/{id}/secret", operation_id = "RotateWebhookSecret", tag = "webhooks",
    params(("id" = Uuid, Path, description = "The webhook")), responses(Forbidden, NotFound))]
async fn rotate(
    State(app): State<App>,
    FromPath(id): FromPath<WebhookId>,
    caller: Caller,
) -> Result<Plain<WebhookSecret>, Problem> {
    let message = caller.asks(pb::RotateWebhookSecretRequest { id: id.to_string() });
    let new = app.clients.webhooks.clone().rotate_webhook_secret(message).await?.into_inner();
    Ok(Plain(WebhookSecret { secret: new.secret }))
}

/// Try a webhook
///
/// For admins. Posts a `webhook.ping`, which tells of nothing; what became of it is in its deliveries. 409
/// `webhook_disabled`.
#[utoipa::path(post, path = "/api/webhooks/{id}/test", operation_id = "TestWebhook", tag = "webhooks",
    params(("id" = Uuid, Path, description = "The webhook")), responses(Forbidden, NotFound, Conflict))]
async fn test(
    State(app): State<App>,
    FromPath(id): FromPath<WebhookId>,
    caller: Caller,
) -> Result<Plain<WebhookDelivery>, Problem> {
    let message = caller.asks(pb::TestWebhookRequest { id: id.to_string() });
    let delivery = app.clients.webhooks.clone().test_webhook(message).await?.into_inner();
    Ok(Plain(delivery.try_into()?))
}

/// List what was posted to a webhook
///
/// Newest first, for admins. What is settled is kept for 30 days.
#[utoipa::path(get, path = "/api/webhooks/{id}/deliveries", operation_id = "ListWebhookDeliveries", tag = "webhooks",
    params(("id" = Uuid, Path, description = "The webhook"), ListWebhookDeliveries),
    responses(Forbidden, NotFound))]
async fn deliveries(
    State(app): State<App>,
    uri: Uri,
    FromPath(id): FromPath<WebhookId>,
    caller: Caller,
    Query(query): Query<ListWebhookDeliveries>,
) -> Result<Page<WebhookDelivery>, Problem> {
    let message = caller.asks(query.of(id));
    let pb::ListWebhookDeliveriesResponse { deliveries, next_page_token } =
        app.clients.webhooks.clone().list_webhook_deliveries(message).await?.into_inner();
    Ok(Page::of(deliveries, &uri, &next_page_token)?)
}

/// Post to a webhook again
///
/// For admins: the same bytes, under the same `webhook-id`. 409 `delivery_under_way` before it is settled,
/// `webhook_disabled`.
#[utoipa::path(post, path = "/api/webhooks/{id}/deliveries/{delivery_id}/replay",
    operation_id = "ReplayWebhookDelivery", tag = "webhooks",
    params(("id" = Uuid, Path, description = "The webhook"), ("delivery_id" = Uuid, Path, description = "The delivery")),
    responses(Forbidden, NotFound, Conflict))]
async fn replay(
    State(app): State<App>,
    FromPath((id, delivery)): FromPath<(WebhookId, WebhookDeliveryId)>,
    caller: Caller,
) -> Result<Plain<WebhookDelivery>, Problem> {
    let (webhook_id, delivery_id) = (id.to_string(), delivery.to_string());
    let message = caller.asks(pb::ReplayWebhookDeliveryRequest { webhook_id, delivery_id });
    let delivery = app.clients.webhooks.clone().replay_webhook_delivery(message).await?.into_inner();
    Ok(Plain(delivery.try_into()?))
}
