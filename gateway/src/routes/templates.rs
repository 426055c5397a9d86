//! What messages say: previews, and the clinic's own words.
use crate::app::App;
use crate::body::Json;
use crate::caller::Caller;
use crate::problem::{Forbidden, NotFound, Problem};
use crate::query::{FromPath, Query};
use crate::reply::{Found, Listed, Plain};
use axum::extract::State;
use model::{
    ListMessageTemplates, MessageLanguage, MessageOverride, MessagePreview, MessageTemplate, PreviewMessage,
    SetMessageOverride,
};
use proto::notification as pb;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub mod model;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(preview))
        .routes(routes!(list_overrides))
        .routes(routes!(get_override, set_override, delete_override))
}

/// List what messages say
///
/// Every kind of message to every kind of recipients, with its words in one language; first the words that all have.
/// For staff and admins.
#[utoipa::path(
    get,
    path = "/api/message-templates",
    operation_id = "ListTemplates",
    tag = "notifications",
    params(ListMessageTemplates),
    responses(Forbidden)
)]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListMessageTemplates>,
) -> Result<Listed<MessageTemplate>, Problem> {
    let message = caller.asks(pb::ListTemplatesRequest { language: query.language() });
    let answer = app.clients.templates.clone().list_templates(message).await?.into_inner();
    let language = answer.language;
    let shown = |template| MessageTemplate::of(template, &language);
    Ok(Listed(answer.templates.into_iter().map(shown).collect::<Result<_, _>>()?))
}

/// Preview a message
///
/// As it would be sent, about people and visits that there are not. For staff and admins.
#[utoipa::path(get, path = "/api/message-templates/{kind}/preview", operation_id = "PreviewMessage",
    tag = "notifications",
    params(("kind" = String, Path, description = "What the message tells", example = "booked"), PreviewMessage),
    responses(Forbidden, NotFound))]
async fn preview(
    State(app): State<App>,
    FromPath(kind): FromPath<String>,
    caller: Caller,
    Query(query): Query<PreviewMessage>,
) -> Result<Plain<MessagePreview>, Problem> {
    let message = caller.asks(query.of(kind));
    let preview = app.clients.templates.clone().preview_message(message).await?.into_inner();
    Ok(Plain(preview.try_into()?))
}

/// List the clinic's own words
///
/// By message and language, for admins.
#[utoipa::path(
    get,
    path = "/api/message-overrides",
    operation_id = "ListTemplateOverrides",
    tag = "notifications",
    responses(Forbidden)
)]
async fn list_overrides(State(app): State<App>, caller: Caller) -> Result<Listed<MessageOverride>, Problem> {
    let message = caller.asks(pb::ListTemplateOverridesRequest {});
    let answer = app.clients.templates.clone().list_template_overrides(message).await?.into_inner();
    Ok(Listed::of(answer.overrides)?)
}

/// Get the clinic's own words for one message
///
/// For admins. 404 when those that are built in are in force.
#[utoipa::path(get, path = "/api/message-overrides/{message}/{language}", operation_id = "GetTemplateOverride",
    tag = "notifications",
    params(("message" = String, Path, description = "The `message` of words in a template", example = "greeting-patient"),
        ("language" = MessageLanguage, Path, description = "The language of the words")),
    responses(Forbidden, NotFound))]
async fn get_override(
    State(app): State<App>,
    FromPath((message, language)): FromPath<(String, MessageLanguage)>,
    caller: Caller,
) -> Result<Found<MessageOverride>, Problem> {
    let language = language.tag().to_owned();
    let message = caller.asks(pb::GetTemplateOverrideRequest { message, language });
    let there = app.clients.templates.clone().get_template_override(message).await?.into_inner();
    Ok(Found(there.try_into()?))
}

/// Set the clinic's own words for one message
///
/// Within seconds they stand in every message, instead of those that are built in or were set before. For admins. 422
/// says why they cannot, and in which line: a pattern of Fluent that comes out as one line whatever its variables are,
/// and names no others than the words have. What is seen before a mail is opened names nothing but the clinic.
#[utoipa::path(put, path = "/api/message-overrides/{message}/{language}", operation_id = "SetTemplateOverride",
    tag = "notifications",
    params(("message" = String, Path, description = "The `message` of words in a template", example = "greeting-patient"),
        ("language" = MessageLanguage, Path, description = "The language of the words")),
    responses(Forbidden, NotFound))]
async fn set_override(
    State(app): State<App>,
    FromPath((message, language)): FromPath<(String, MessageLanguage)>,
    caller: Caller,
    Json(body): Json<SetMessageOverride>,
) -> Result<Found<MessageOverride>, Problem> {
    let message = caller.asks(body.of(message, language));
    let set = app.clients.templates.clone().set_template_override(message).await?.into_inner();
    Ok(Found(set.try_into()?))
}

/// Put the words back that are built in
///
/// For admins.
#[utoipa::path(delete, path = "/api/message-overrides/{message}/{language}", operation_id = "DeleteTemplateOverride",
    tag = "notifications",
    params(("message" = String, Path, description = "The `message` of words in a template", example = "greeting-patient"),
        ("language" = MessageLanguage, Path, description = "The language of the words")),
    responses(Forbidden, NotFound))]
async fn delete_override(
    State(app): State<App>,
    FromPath((message, language)): FromPath<(String, MessageLanguage)>,
    caller: Caller,
) -> Result<Found<MessageOverride>, Problem> {
    let language = language.tag().to_owned();
    let message = caller.asks(pb::DeleteTemplateOverrideRequest { message, language });
    let removed = app.clients.templates.clone().delete_template_override(message).await?.into_inner();
    Ok(Found(removed.try_into()?))
}
