//! Requests as they usually are, and what is asked of answers.
use crate::clinic::Client;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use platform::clock::Clock;
use platform::fault;
use prost_types::FieldMask;
use proto::appointment::{
    ApplyDoctorRulesRequest, ApplyPatientPartyRequest, Appointment, AppointmentStatus,
    BookAppointmentRequest, CancelAppointmentRequest, CreateHoldRequest, GetAppointmentRequest, Hold,
    ListAppointmentsRequest, ListAvailableSlotsRequest, Slot, UndoAppointmentChangeRequest,
    UpdateAppointmentRequest, UpdateAppointmentStatusRequest,
};
use proto::doctor::{DoctorRules, doctor_rules::Window};
use proto::ids::{DoctorId, PatientId};
use proto::patient::PatientParty;
use proto::time::{from_wire, to_wire};
use tonic::{Code, Response, Status};
use tonic_types::StatusExt as _;

/// A time in UTC, `days` from today.
pub(crate) fn at(days: i64, hour: i8, minute: i8) -> Timestamp {
    let time = date_in(days).at(hour, minute, 0, 0);
    time.to_zoned(TimeZone::UTC).unwrap().timestamp()
}

/// A date in UTC.
pub(crate) fn date_in(days: i64) -> Date {
    let day = Clock::system().now() + SignedDuration::from_hours(24 * days);
    TimeZone::UTC.to_datetime(day).date()
}

/// The first rules of a doctor who works from `start` to `end` every day, in slots of half an hour.
pub(crate) fn hours(zone: &str, start: &str, end: &str) -> DoctorRules {
    DoctorRules {
        doctor_id: DoctorId::random().to_string(),
        version: 1,
        is_active: true,
        time_zone: zone.to_owned(),
        slot_minutes: 30,
        windows: (0..7).map(|day| window(day, start, end)).collect(),
        ..DoctorRules::default()
    }
}

pub(crate) fn window(day_of_week: i32, start: &str, end: &str) -> Window {
    let (start_time, end_time) = (format!("{start}:00"), format!("{end}:00"));
    Window { day_of_week, start_time, end_time, ..Window::default() }
}

/// The version that is then in force.
pub(crate) async fn apply(
    client: &mut Client,
    rules: DoctorRules,
    refuse_if_booked: bool,
) -> Result<i64, Status> {
    let request = ApplyDoctorRulesRequest { rules: Some(rules), refuse_if_booked };
    client.apply_doctor_rules(request).await.map(|answer| answer.into_inner().version)
}

/// Says whether `patient` may be booked, asking nobody; the version that is then in force.
pub(crate) async fn declare(
    client: &mut Client,
    patient: PatientId,
    version: i64,
    is_active: bool,
) -> Result<i64, Status> {
    let party = Some(party(patient, version, is_active));
    let request = ApplyPatientPartyRequest { party, refuse_if_booked: false };
    client.apply_patient_party(request).await.map(|answer| answer.into_inner().version)
}

pub(crate) fn party(patient: PatientId, version: i64, is_active: bool) -> PatientParty {
    PatientParty { id: patient.to_string(), is_active, version }
}

/// Of the doctor's usual length.
pub(crate) fn wish(patient: PatientId, doctor: DoctorId, start: Timestamp) -> BookAppointmentRequest {
    BookAppointmentRequest {
        patient_id: patient.to_string(),
        doctor_id: doctor.to_string(),
        start_time: Some(to_wire(start)),
        ..BookAppointmentRequest::default()
    }
}

pub(crate) async fn book(
    client: &mut Client,
    patient: PatientId,
    doctor: DoctorId,
    start: Timestamp,
) -> Result<Appointment, Status> {
    client.book_appointment(wish(patient, doctor, start)).await.map(Response::into_inner)
}

pub(crate) async fn reschedule(
    client: &mut Client,
    id: &str,
    start: Timestamp,
) -> Result<Appointment, Status> {
    let request = UpdateAppointmentRequest {
        id: id.to_owned(),
        update_mask: Some(FieldMask { paths: vec!["start_time".to_owned()] }),
        start_time: Some(to_wire(start)),
        ..UpdateAppointmentRequest::default()
    };
    client.update_appointment(request).await.map(Response::into_inner)
}

pub(crate) async fn cancel(client: &mut Client, id: &str) -> Result<Appointment, Status> {
    let request = CancelAppointmentRequest { id: id.to_owned(), ..CancelAppointmentRequest::default() };
    client.cancel_appointment(request).await.map(Response::into_inner)
}

/// A hold of the doctor's usual length.
pub(crate) fn hold_of(patient: PatientId, doctor: DoctorId, start: Timestamp) -> CreateHoldRequest {
    CreateHoldRequest {
        patient_id: patient.to_string(),
        doctor_id: doctor.to_string(),
        start_time: Some(to_wire(start)),
        ..CreateHoldRequest::default()
    }
}

pub(crate) async fn hold(
    client: &mut Client,
    patient: PatientId,
    doctor: DoctorId,
    start: Timestamp,
) -> Result<Hold, Status> {
    client.create_hold(hold_of(patient, doctor, start)).await.map(Response::into_inner)
}

/// Makes a visit `status`, without a reason.
pub(crate) async fn change(
    client: &mut Client,
    id: &str,
    status: AppointmentStatus,
) -> Result<Appointment, Status> {
    change_because(client, id, status, "").await
}

/// Makes a visit `status`, and says why.
pub(crate) async fn change_because(
    client: &mut Client,
    id: &str,
    status: AppointmentStatus,
    note: &str,
) -> Result<Appointment, Status> {
    let request = UpdateAppointmentStatusRequest {
        id: id.to_owned(),
        status: status.into(),
        note: note.to_owned(),
        ..UpdateAppointmentStatusRequest::default()
    };
    client.update_appointment_status(request).await.map(Response::into_inner)
}

pub(crate) async fn undo(client: &mut Client, id: &str) -> Result<Appointment, Status> {
    let request = UndoAppointmentChangeRequest { id: id.to_owned(), ..Default::default() };
    client.undo_appointment_change(request).await.map(Response::into_inner)
}

pub(crate) async fn get(client: &mut Client, id: &str) -> Result<Appointment, Status> {
    let request = GetAppointmentRequest { id: id.to_owned(), as_of_time: None };
    client.get_appointment(request).await.map(Response::into_inner)
}

pub(crate) async fn list(client: &mut Client, request: ListAppointmentsRequest) -> Vec<String> {
    let list = client.list_appointments(request).await.unwrap().into_inner();
    list.appointments.into_iter().map(|visit| visit.id).collect()
}

/// The free times of one date.
pub(crate) async fn slots(client: &mut Client, doctor: DoctorId, date: Date) -> Result<Vec<Slot>, Status> {
    let request = ListAvailableSlotsRequest {
        doctor_id: doctor.to_string(),
        date: date.to_string(),
        ..ListAvailableSlotsRequest::default()
    };
    client.list_available_slots(request).await.map(|answer| answer.into_inner().slots)
}

/// When the free times of one date start.
pub(crate) async fn free(client: &mut Client, doctor: DoctorId, date: Date) -> Vec<Timestamp> {
    let slots = slots(client, doctor, date).await.unwrap();
    slots.into_iter().map(|slot| from_wire(slot.start_time).unwrap()).collect()
}

/// Code and reason of a refusal.
#[track_caller]
pub(crate) fn refusal<T>(answer: Result<T, Status>) -> (Code, String) {
    let status = answer.err().expect("the call was answered");
    (status.code(), fault::reason(&status).unwrap_or_default())
}

/// The fields that are wrong.
#[track_caller]
pub(crate) fn wrong_fields<T>(answer: Result<T, Status>) -> Vec<String> {
    violations(answer).into_iter().map(|(field, _)| field).collect()
}

/// The fields that are wrong, and why.
#[track_caller]
pub(crate) fn violations<T>(answer: Result<T, Status>) -> Vec<(String, String)> {
    let status = answer.err().expect("the call was answered");
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    let details = status.get_details_bad_request().unwrap();
    details.field_violations.into_iter().map(|wrong| (wrong.field, wrong.description)).collect()
}

/// A fact of a refusal.
#[track_caller]
pub(crate) fn fact<T>(answer: Result<T, Status>, name: &str) -> Option<String> {
    answer.err().expect("the call was answered").get_details_error_info()?.metadata.remove(name)
}
