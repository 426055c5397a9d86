//! People who act for a patient.
use super::model::{ActFor, GrantProxy, Proxy, Tokens};
use super::stays;
use crate::app::App;
use crate::body::Json;
use crate::caller::Caller;
use crate::problem::{Conflict, Forbidden, NotFound, Problem};
use crate::query::FromPath;
use crate::reply::{Created, Done, Listed, Plain};
use axum::extract::State;
use http::{HeaderMap, header};
use proto::auth as pb;
use proto::ids::{PatientId, ProxyId};
use proto::patient::{GetPatientRequest, Patient};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list, grant))
        .routes(routes!(revoke))
        .routes(routes!(acting_for))
        .routes(routes!(act_for))
}

/// The patient, whom auth-svc does not know: as the caller may see them.
async fn patient(app: &App, caller: &Caller, id: PatientId) -> Result<Patient, Problem> {
    let message = caller.asks(GetPatientRequest { id: id.to_string() });
    Ok(app.clients.patients.clone().get_patient(message).await?.into_inner())
}

/// List who acts for a patient
///
/// Guardians and proxies that are in force, for staff and admins, and for the patient.
#[utoipa::path(get, path = "/api/patients/{id}/proxies", operation_id = "ListProxies", tag = "patients",
    params(("id" = Uuid, Path, description = "The patient")), responses(Forbidden, NotFound))]
async fn list(
    State(app): State<App>,
    FromPath(id): FromPath<PatientId>,
    caller: Caller,
) -> Result<Listed<Proxy>, Problem> {
    patient(&app, &caller, id).await?;
    let message = caller.asks(pb::ListProxiesRequest { patient_id: id.to_string() });
    let answer = app.clients.proxies.clone().list_proxies(message).await?.into_inner();
    Ok(Listed::of(answer.proxies)?)
}

/// Let somebody act for a patient
///
/// For staff and admins. Whoever acts is a patient with an account of their own, whose `email` it is; medical records
/// are shown only with `may_read_records`. 409 `proxy_exists`.
#[utoipa::path(post, path = "/api/patients/{id}/proxies", operation_id = "GrantProxy", tag = "patients",
    params(("id" = Uuid, Path, description = "The patient")), responses(Forbidden, NotFound, Conflict))]
async fn grant(
    State(app): State<App>,
    FromPath(id): FromPath<PatientId>,
    caller: Caller,
    Json(body): Json<GrantProxy>,
) -> Result<Created<Proxy>, Problem> {
    stays(&patient(&app, &caller, id).await?)?;
    let proxy = app.clients.proxies.clone().grant_proxy(caller.asks(body.of(id))).await?.into_inner();
    Ok(Created(proxy.try_into()?))
}

/// Let somebody act for a patient no more
///
/// For staff and admins, and for the patient. Sessions that act end at once. The second time nothing happens.
#[utoipa::path(delete, path = "/api/patients/{id}/proxies/{proxy_id}", operation_id = "RevokeProxy", tag = "patients",
    params(("id" = Uuid, Path, description = "The patient"), ("proxy_id" = Uuid, Path, description = "The proxy")),
    responses(Forbidden, NotFound))]
async fn revoke(
    State(app): State<App>,
    FromPath((id, proxy_id)): FromPath<(PatientId, ProxyId)>,
    caller: Caller,
) -> Result<Done, Problem> {
    let message =
        caller.asks(pb::RevokeProxyRequest { patient_id: id.to_string(), id: proxy_id.to_string() });
    app.clients.proxies.clone().revoke_proxy(message).await?;
    Ok(Done)
}

/// List whom I may act for
///
/// Oldest first.
#[utoipa::path(
    get,
    path = "/api/auth/acting-for",
    operation_id = "ListActingFor",
    tag = "auth",
    responses(Forbidden)
)]
async fn acting_for(State(app): State<App>, caller: Caller) -> Result<Listed<Proxy>, Problem> {
    let message = caller.asks(pb::ListActingForRequest {});
    let answer = app.clients.proxies.clone().list_acting_for(message).await?.into_inner();
    Ok(Listed::of(answer.proxies)?)
}

/// Act for a patient
///
/// Begins a session of its own, whose tokens are the patient's: what they may do, the caller may do with them, but for
/// accounts, and for medical records unless that was granted. It ends with the proxy, and as any session does; the one
/// that asks goes on. 404 `proxy_not_found` for whomever the caller may not act for.
#[utoipa::path(
    post,
    path = "/api/auth/act-for",
    operation_id = "ActFor",
    tag = "auth",
    responses(Forbidden, NotFound)
)]
async fn act_for(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Json(body): Json<ActFor>,
) -> Result<Plain<Tokens>, Problem> {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let message = pb::ActForRequest { patient_id: body.patient_id.to_string(), user_agent: agent.to_owned() };
    let tokens = app.clients.proxies.clone().act_for(caller.asks(message)).await?.into_inner();
    Ok(Plain(tokens.into()))
}
