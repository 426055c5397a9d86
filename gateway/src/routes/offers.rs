//! Free times: of one doctor, among doctors, by date, and why not.
use crate::app::App;
use crate::caller::Caller;
use crate::problem::{Forbidden, NotFound, Problem};
use crate::query::{FromPath, Query};
use crate::reply::{Listed, Page, Plain};
use crate::times::{Slot, zone};
use axum::extract::State;
use http::Uri;
use model::{DaySummary, ExplainSlot, ListAvailableSlots, ListDaySummaries, SearchSlots, SlotExplanation};
use proto::appointment as pb;
use proto::ids::DoctorId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub mod model;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list_available_slots))
        .routes(routes!(list_day_summaries))
        .routes(routes!(search_slots))
        .routes(routes!(explain_slot))
}

/// List the free times of a doctor
///
/// Earliest first; each can be booked by the caller. Days are those of the doctor's zone; `tz` changes only how the
/// times are shown.
#[utoipa::path(get, path = "/api/appointments/doctor/{doctor_id}/available-slots", tag = "appointments",
    operation_id = "ListAvailableSlots", params(("doctor_id" = Uuid, Path, description = "The doctor"), ListAvailableSlots),
    responses(Forbidden, NotFound))]
async fn list_available_slots(
    State(app): State<App>,
    FromPath(doctor_id): FromPath<DoctorId>,
    caller: Caller,
    Query(query): Query<ListAvailableSlots>,
) -> Result<Listed<Slot>, Problem> {
    let (message, tz) = query.of(doctor_id);
    let pb::ListAvailableSlotsResponse { slots, time_zone } =
        app.clients.appointments.clone().list_available_slots(caller.asks(message)).await?.into_inner();
    let shown_in = zone(tz.as_ref().map_or(&time_zone, |tz| tz.as_str()))?;
    let slots = slots.into_iter().map(|slot| Slot::new(slot, &shown_in)).collect::<Result<_, _>>()?;
    Ok(Listed(slots))
}

/// Summarize the days of a doctor
///
/// For calendars that show a month: what is to be had on each date, or why nothing is.
#[utoipa::path(get, path = "/api/appointments/doctor/{doctor_id}/days", tag = "appointments",
    operation_id = "ListDaySummaries", params(("doctor_id" = Uuid, Path, description = "The doctor"), ListDaySummaries),
    responses(Forbidden, NotFound))]
async fn list_day_summaries(
    State(app): State<App>,
    FromPath(doctor_id): FromPath<DoctorId>,
    caller: Caller,
    Query(query): Query<ListDaySummaries>,
) -> Result<Listed<DaySummary>, Problem> {
    let message = caller.asks(query.of(doctor_id));
    let answer = app.clients.appointments.clone().list_day_summaries(message).await?.into_inner();
    Ok(Listed::of(answer.days)?)
}

/// Find the earliest free times
///
/// Among all doctors, or those that fit, and with a free room where the visit type needs one; by start. Each time
/// is shown in the zone of its place.
#[utoipa::path(
    get,
    path = "/api/appointments/search-slots",
    tag = "appointments",
    operation_id = "SearchSlots",
    params(SearchSlots),
    responses(Forbidden)
)]
async fn search_slots(
    State(app): State<App>,
    uri: Uri,
    caller: Caller,
    Query(query): Query<SearchSlots>,
) -> Result<Page<Slot>, Problem> {
    let message = caller.asks(pb::SearchSlotsRequest::from(query));
    let pb::SearchSlotsResponse { slots, next_page_token } =
        app.clients.appointments.clone().search_slots(message).await?.into_inner();
    Ok(Page::of(slots, &uri, &next_page_token)?)
}

/// Explain why a time can or cannot be booked
///
/// Every rule in the order in which booking asks, with the code that booking would answer, what stands in the way
/// (never whose), and the nearest start that could be booked.
#[utoipa::path(
    get,
    path = "/api/appointments/explain",
    tag = "appointments",
    operation_id = "ExplainSlot",
    params(ExplainSlot),
    responses(Forbidden, NotFound)
)]
async fn explain_slot(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ExplainSlot>,
) -> Result<Plain<SlotExplanation>, Problem> {
    let message = caller.asks(pb::ExplainSlotRequest::from(query));
    let answer = app.clients.appointments.clone().explain_slot(message).await?.into_inner();
    Ok(Plain(answer.try_into()?))
}
