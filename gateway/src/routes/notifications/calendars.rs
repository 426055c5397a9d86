//! Calendars that programs of patients and doctors subscribe to: whether there is one, and where.
use super::model::{CalendarFeed, NewCalendarFeed, RotateCalendarFeed};
use crate::app::App;
use crate::body::Json;
use crate::caller::Caller;
use crate::problem::{Forbidden, NotFound, Problem};
use crate::query::FromPath;
use crate::reply::{Done, Plain};
use axum::extract::State;
use proto::ids::{DoctorId, PatientId};
use proto::notification as pb;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(of_patient, rotate_of_patient, delete_of_patient))
        .routes(routes!(of_doctor, rotate_of_doctor, delete_of_doctor))
}

/// Get whether there is a calendar of a patient
///
/// For the patient and whoever acts for them, staff and admins. The address is told only when it is made.
#[utoipa::path(get, path = "/api/patients/{id}/calendar-feed", operation_id = "GetPatientCalendarFeed",
    tag = "notifications", params(("id" = Uuid, Path, description = "The patient")),
    responses(Forbidden, NotFound))]
async fn of_patient(
    State(app): State<App>,
    FromPath(id): FromPath<PatientId>,
    caller: Caller,
) -> Result<Plain<CalendarFeed>, Problem> {
    let message = caller.asks(pb::GetPatientCalendarFeedRequest { patient_id: id.to_string() });
    let feed = app.clients.calendars.clone().get_patient_calendar_feed(message).await?.into_inner();
    Ok(Plain(feed.try_into()?))
}

/// Give the calendar of a patient an address
///
/// For the patient, staff and admins, not for whoever acts for the patient: that ends, and an address does not. Whoever
/// has the address reads the visits of the last 30 days and the next year as iCalendar. The one before leads nowhere from
/// then on.
#[utoipa::path(put, path = "/api/patients/{id}/calendar-feed", operation_id = "RotatePatientCalendarFeed",
    tag = "notifications", params(("id" = Uuid, Path, description = "The patient")),
    responses(Forbidden, NotFound))]
async fn rotate_of_patient(
    State(app): State<App>,
    FromPath(id): FromPath<PatientId>,
    caller: Caller,
    Json(body): Json<RotateCalendarFeed>,
) -> Result<Plain<NewCalendarFeed>, Problem> {
    let titles = body.titles();
    let message = caller.asks(pb::RotatePatientCalendarFeedRequest { patient_id: id.to_string(), titles });
    let feed = app.clients.calendars.clone().rotate_patient_calendar_feed(message).await?.into_inner();
    Ok(Plain(feed.try_into()?))
}

/// End the calendar of a patient
///
/// For the patient and whoever acts for them, staff and admins. Its address leads nowhere from then on.
#[utoipa::path(delete, path = "/api/patients/{id}/calendar-feed", operation_id = "DeletePatientCalendarFeed",
    tag = "notifications", params(("id" = Uuid, Path, description = "The patient")),
    responses(Forbidden, NotFound))]
async fn delete_of_patient(
    State(app): State<App>,
    FromPath(id): FromPath<PatientId>,
    caller: Caller,
) -> Result<Done, Problem> {
    let message = caller.asks(pb::DeletePatientCalendarFeedRequest { patient_id: id.to_string() });
    app.clients.calendars.clone().delete_patient_calendar_feed(message).await?;
    Ok(Done)
}

/// Get whether there is a calendar of a doctor
///
/// For the doctor, staff and admins. The address is told only when it is made.
#[utoipa::path(get, path = "/api/doctors/{id}/calendar-feed", operation_id = "GetDoctorCalendarFeed",
    tag = "notifications", params(("id" = Uuid, Path, description = "The doctor")),
    responses(Forbidden, NotFound))]
async fn of_doctor(
    State(app): State<App>,
    FromPath(id): FromPath<DoctorId>,
    caller: Caller,
) -> Result<Plain<CalendarFeed>, Problem> {
    let message = caller.asks(pb::GetDoctorCalendarFeedRequest { doctor_id: id.to_string() });
    let feed = app.clients.calendars.clone().get_doctor_calendar_feed(message).await?.into_inner();
    Ok(Plain(feed.try_into()?))
}

/// Give the calendar of a doctor an address
///
/// For the doctor, staff and admins. Whoever has the address reads the visits of the last 30 days and the next year as
/// iCalendar, and never who comes. The one before leads nowhere from then on.
#[utoipa::path(put, path = "/api/doctors/{id}/calendar-feed", operation_id = "RotateDoctorCalendarFeed",
    tag = "notifications", params(("id" = Uuid, Path, description = "The doctor")),
    responses(Forbidden, NotFound))]
async fn rotate_of_doctor(
    State(app): State<App>,
    FromPath(id): FromPath<DoctorId>,
    caller: Caller,
    Json(body): Json<RotateCalendarFeed>,
) -> Result<Plain<NewCalendarFeed>, Problem> {
    let titles = body.titles();
    let message = caller.asks(pb::RotateDoctorCalendarFeedRequest { doctor_id: id.to_string(), titles });
    let feed = app.clients.calendars.clone().rotate_doctor_calendar_feed(message).await?.into_inner();
    Ok(Plain(feed.try_into()?))
}

/// End the calendar of a doctor
///
/// For the doctor, staff and admins. Its address leads nowhere from then on.
#[utoipa::path(delete, path = "/api/doctors/{id}/calendar-feed", operation_id = "DeleteDoctorCalendarFeed",
    tag = "notifications", params(("id" = Uuid, Path, description = "The doctor")),
    responses(Forbidden, NotFound))]
async fn delete_of_doctor(
    State(app): State<App>,
    FromPath(id): FromPath<DoctorId>,
    caller: Caller,
) -> Result<Done, Problem> {
    let message = caller.asks(pb::DeleteDoctorCalendarFeedRequest { doctor_id: id.to_string() });
    app.clients.calendars.clone().delete_doctor_calendar_feed(message).await?;
    Ok(Done)
}
