//! Times that are kept for whoever is about to book them.
use crate::app::App;
use crate::body::Json;
use crate::caller::Caller;
use crate::once::{IdempotencyKey, Once};
use crate::problem::{Conflict, Forbidden, Gone, NotFound, Problem};
use crate::query::FromPath;
use crate::reply::{Done, Plain};
use crate::routes::appointments;
use axum::extract::State;
use model::{CreateHold, Hold, HoldTokenHeader, Kept, ReleaseHold, RenewHold};
use proto::appointment as pb;
use proto::ids::AppointmentId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub mod model;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(create)).routes(routes!(renew)).routes(routes!(release))
}

/// Keep a time
///
/// For five minutes, unless configured otherwise; others neither see nor get it. Refusals as for booking. 429
/// `too_many_holds` while two times are kept for the patient, until the first runs out. What the caller holds with the same doctor at that time
/// is given up for it.
#[utoipa::path(
    post,
    path = "/api/appointments/holds",
    operation_id = "CreateHold",
    tag = "appointments",
    params(IdempotencyKey),
    responses(Forbidden, NotFound, Conflict)
)]
async fn create(
    State(app): State<App>,
    caller: Caller,
    key: IdempotencyKey,
    Json(body): Json<CreateHold>,
) -> Result<Once<Kept>, Problem> {
    let patient_id = appointments::patient(body.patient_id, &caller)?;
    let message = caller.asks(body.of(patient_id, key.into()));
    Once::of(app.clients.appointments.clone().create_hold(message).await?, Kept)
}

/// Keep a time on
///
/// Once, and to 15 minutes in total. 410 `hold_expired` when it has run out, 409 `hold_renewed` the second time.
#[utoipa::path(post, path = "/api/appointments/holds/{id}/renew", operation_id = "RenewHold", tag = "appointments",
    params(("id" = Uuid, Path, description = "The hold")), responses(Forbidden, NotFound, Conflict, Gone))]
async fn renew(
    State(app): State<App>,
    FromPath(id): FromPath<AppointmentId>,
    caller: Caller,
    Json(RenewHold { hold_token }): Json<RenewHold>,
) -> Result<Plain<Hold>, Problem> {
    let message = caller.asks(pb::RenewHoldRequest { id: id.to_string(), hold_token });
    let hold = app.clients.appointments.clone().renew_hold(message).await?.into_inner();
    Ok(Plain(hold.try_into()?))
}

/// Give up a time
///
/// The token stands in the header or in the body. The second time nothing happens. Answers 204: nothing is left to show.
#[utoipa::path(delete, path = "/api/appointments/holds/{id}", operation_id = "ReleaseHold", tag = "appointments",
    params(("id" = Uuid, Path, description = "The hold"), HoldTokenHeader), responses(Forbidden, NotFound))]
async fn release(
    State(app): State<App>,
    FromPath(id): FromPath<AppointmentId>,
    caller: Caller,
    HoldTokenHeader(header): HoldTokenHeader,
    body: Option<Json<ReleaseHold>>,
) -> Result<Done, Problem> {
    let hold_token = header.or(body.map(|Json(ReleaseHold { hold_token })| hold_token)).unwrap_or_default();
    let message = caller.asks(pb::ReleaseHoldRequest { id: id.to_string(), hold_token });
    app.clients.appointments.clone().release_hold(message).await?;
    Ok(Done)
}
