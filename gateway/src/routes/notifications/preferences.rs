//! What patients want to be told of, and when not.
use super::model::{MessagePreferences, UpdateMessagePreferences};
use crate::app::App;
use crate::body::Json;
use crate::caller::Caller;
use crate::problem::{Forbidden, NotFound, Problem, Stale};
use crate::query::{FromPath, IfMatch};
use crate::reply::Found;
use axum::extract::State;
use proto::ids::PatientId;
use proto::notification as pb;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(get, update))
}

/// Get what a patient wants to be told of
///
/// For the patient and whoever acts for them, staff and admins. Everything by e-mail, nothing by SMS, and the usual quiet
/// hours, until they say otherwise.
#[utoipa::path(get, path = "/api/patients/{id}/message-preferences", operation_id = "GetPreferences",
    tag = "notifications", params(("id" = Uuid, Path, description = "The patient")),
    responses(Forbidden, NotFound))]
async fn get(
    State(app): State<App>,
    FromPath(id): FromPath<PatientId>,
    caller: Caller,
) -> Result<Found<MessagePreferences>, Problem> {
    let message = caller.asks(pb::GetPreferencesRequest { patient_id: id.to_string() });
    let preferences = app.clients.preferences.clone().get_preferences(message).await?.into_inner();
    Ok(Found(preferences.try_into()?))
}

/// Change what a patient wants to be told of
///
/// What is absent stays; `quiet_hours` that are null are none. That a visit will not take place is told by e-mail in any
/// case, and by SMS to whoever wants anything so; what concerns accounts goes by e-mail. Somebody whose
/// `contact_preference` is `phone` gets SMS that are wanted and no mail, and with `none` gets neither, whatever is said here.
/// Whoever wants reminders by SMS from now on gets those of visits that are booked, too.
#[utoipa::path(put, path = "/api/patients/{id}/message-preferences", operation_id = "UpdatePreferences",
    tag = "notifications", params(("id" = Uuid, Path, description = "The patient"), IfMatch),
    responses(Forbidden, NotFound, Stale))]
async fn update(
    State(app): State<App>,
    FromPath(id): FromPath<PatientId>,
    caller: Caller,
    if_match: IfMatch,
    Json(body): Json<UpdateMessagePreferences>,
) -> Result<Found<MessagePreferences>, Problem> {
    let message = caller.asks(body.of(id, if_match.expected_version()));
    let preferences = app.clients.preferences.clone().update_preferences(message).await?.into_inner();
    Ok(Found(preferences.try_into()?))
}
