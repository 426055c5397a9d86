//! Events that a service could not take.
use crate::app::App;
use crate::caller::Caller;
use crate::problem::{Conflict, Forbidden, NotFound, Problem};
use crate::query::{FromPath, Query};
use crate::reply::{Page, Plain};
use axum::extract::State;
use http::Uri;
use model::{DeadLetter, EventConsumer, ListDeadLetters};
use platform::client::Peer;
use proto::events as pb;
use proto::events::dead_letter_service_client::DeadLetterServiceClient;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub mod model;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list)).routes(routes!(get, discard)).routes(routes!(replay))
}

impl App {
    fn dead_letters_of(&self, service: EventConsumer) -> DeadLetterServiceClient<Peer> {
        match service {
            EventConsumer::Appointment => self.clients.dead_appointment_events.clone(),
            EventConsumer::Notification => self.clients.dead_notification_events.clone(),
        }
    }
}

/// List events that a service could not take
///
/// Newest first, for admins. Events hold ids and versions, and no personal data.
#[utoipa::path(get, path = "/api/admin/dead-letters/{service}", operation_id = "ListDeadLetters", tag = "operations",
    params(("service" = EventConsumer, Path, description = "Who could not take them"), ListDeadLetters),
    responses(Forbidden))]
async fn list(
    State(app): State<App>,
    uri: Uri,
    FromPath(service): FromPath<EventConsumer>,
    caller: Caller,
    Query(query): Query<ListDeadLetters>,
) -> Result<Page<DeadLetter>, Problem> {
    let message = caller.asks(pb::ListDeadLettersRequest::from(query));
    let pb::ListDeadLettersResponse { dead_letters, next_page_token } =
        app.dead_letters_of(service).list_dead_letters(message).await?.into_inner();
    Ok(Page::of(dead_letters, &uri, &next_page_token)?)
}

/// Get an event that a service could not take
///
/// For admins.
#[utoipa::path(get, path = "/api/admin/dead-letters/{service}/{id}", operation_id = "GetDeadLetter", tag = "operations",
    params(("service" = EventConsumer, Path, description = "Who could not take it"),
        ("id" = Uuid, Path, description = "The dead letter")), responses(Forbidden, NotFound))]
async fn get(
    State(app): State<App>,
    FromPath((service, id)): FromPath<(EventConsumer, Uuid)>,
    caller: Caller,
) -> Result<Plain<DeadLetter>, Problem> {
    let message = caller.asks(pb::GetDeadLetterRequest { id: id.to_string() });
    let letter = app.dead_letters_of(service).get_dead_letter(message).await?.into_inner();
    Ok(Plain(letter.try_into()?))
}

/// Give a service an event again
///
/// For admins, once the reason is repaired. The event has its effect once, however often it is replayed; when it dies
/// again, it is `dead` again. 409 `not_dead` when it was discarded.
#[utoipa::path(post, path = "/api/admin/dead-letters/{service}/{id}/replay", operation_id = "ReplayDeadLetter",
    tag = "operations", params(("service" = EventConsumer, Path, description = "Who could not take it"),
        ("id" = Uuid, Path, description = "The dead letter")), responses(Forbidden, NotFound, Conflict))]
async fn replay(
    State(app): State<App>,
    FromPath((service, id)): FromPath<(EventConsumer, Uuid)>,
    caller: Caller,
) -> Result<Plain<DeadLetter>, Problem> {
    let message = caller.asks(pb::ReplayDeadLetterRequest { id: id.to_string() });
    let letter = app.dead_letters_of(service).replay_dead_letter(message).await?.into_inner();
    Ok(Plain(letter.try_into()?))
}

/// Discard an event that a service could not take
///
/// For admins: it will have no effect. It stays listed for 90 days. 409 `not_dead` when it was replayed.
#[utoipa::path(delete, path = "/api/admin/dead-letters/{service}/{id}", operation_id = "DiscardDeadLetter",
    tag = "operations", params(("service" = EventConsumer, Path, description = "Who could not take it"),
        ("id" = Uuid, Path, description = "The dead letter")), responses(Forbidden, NotFound, Conflict))]
async fn discard(
    State(app): State<App>,
    FromPath((service, id)): FromPath<(EventConsumer, Uuid)>,
    caller: Caller,
) -> Result<Plain<DeadLetter>, Problem> {
    let message = caller.asks(pb::DiscardDeadLetterRequest { id: id.to_string() });
    let letter = app.dead_letters_of(service).discard_dead_letter(message).await?.into_inner();
    Ok(Plain(letter.try_into()?))
}
