//! Messages to patients and doctors, and what became of them.
use crate::app::App;
use crate::caller::Caller;
use crate::problem::{Conflict, Forbidden, NotFound, Problem};
use crate::query::{FromPath, Query};
use crate::reply::{Found, Page};
use axum::extract::State;
use http::Uri;
use model::{ListNotifications, Notification};
use proto::ids::NotificationId;
use proto::notification as pb;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub mod model;
mod preferences; // what patients want to be told of
mod calendars; // calendars that programs subscribe to

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(resend))
        .merge(preferences::routes())
        .merge(calendars::routes())
}

/// List messages
///
/// Newest first, for staff and admins.
#[utoipa::path(
    get,
    path = "/api/notifications",
    operation_id = "ListNotifications",
    tag = "notifications",
    params(ListNotifications),
    responses(Forbidden)
)]
async fn list(
    State(app): State<App>,
    uri: Uri,
    caller: Caller,
    Query(query): Query<ListNotifications>,
) -> Result<Page<Notification>, Problem> {
    let message = caller.asks(pb::ListNotificationsRequest::from(query));
    let pb::ListNotificationsResponse { notifications, next_page_token } =
        app.clients.notifications.clone().list_notifications(message).await?.into_inner();
    Ok(Page::of(notifications, &uri, &next_page_token)?)
}

/// Get a message
///
/// For staff and admins.
#[utoipa::path(get, path = "/api/notifications/{id}", operation_id = "GetNotification",
    tag = "notifications", params(("id" = Uuid, Path, description = "The message")),
    responses(Forbidden, NotFound))]
async fn get(
    State(app): State<App>,
    FromPath(id): FromPath<NotificationId>,
    caller: Caller,
) -> Result<Found<Notification>, Problem> {
    let message = caller.asks(pb::GetNotificationRequest { id: id.to_string() });
    let notification = app.clients.notifications.clone().get_notification(message).await?.into_inner();
    Ok(Found(notification.try_into()?))
}

/// Send a failed message again
///
/// For staff and admins. 409 `not_failed` unless sending it has failed.
#[utoipa::path(post, path = "/api/notifications/{id}/resend", operation_id = "ResendNotification",
    tag = "notifications", params(("id" = Uuid, Path, description = "The message")),
    responses(Forbidden, NotFound, Conflict))]
async fn resend(
    State(app): State<App>,
    FromPath(id): FromPath<NotificationId>,
    caller: Caller,
) -> Result<Found<Notification>, Problem> {
    let message = caller.asks(pb::ResendNotificationRequest { id: id.to_string() });
    let notification = app.clients.notifications.clone().resend_notification(message).await?.into_inner();
    Ok(Found(notification.try_into()?))
}
