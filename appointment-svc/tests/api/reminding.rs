//! What others are told so that they can remind patients.
use crate::clinic::{Client, Clinic};
use crate::offers::{book_type, offering, visit_type};
use crate::wishes::{at, book, cancel, change, reschedule, undo, wish};
use proto::appointment::AppointmentStatus::{Confirmed, Scheduled};
use proto::appointment::{AppointmentSummary, GetAppointmentSummaryRequest, UpdateAppointmentRequest};
use proto::doctor::{ReminderOffsets, VisitType};
use tonic::Response;

async fn summary(client: &mut Client, id: &str) -> AppointmentSummary {
    let request = GetAppointmentSummaryRequest { id: id.to_owned() };
    client.get_appointment_summary(request).await.map(Response::into_inner).unwrap()
}

#[tokio::test]
async fn the_version_of_the_schedule_grows_when_a_visit_takes_place_at_another_time_and_only_then() {
    let clinic = Clinic::open().await;
    let (doctor, patient, mut staff) = (clinic.doctor().await, clinic.patient().await, clinic.staff());
    let mut asks = clinic.service("notification-svc");
    let id = book(&mut staff, patient, doctor, at(3, 9, 0)).await.unwrap().id;
    let mut versions = Vec::new();
    let mut look = async || {
        let told = summary(&mut asks, &id).await;
        versions.push((told.version, told.schedule_version));
    };
    look().await;
    let notes = UpdateAppointmentRequest {
        id: id.clone(),
        notes: "brings a friend".to_owned(),
        update_mask: Some(prost_types::FieldMask { paths: vec!["notes".to_owned()] }),
        ..UpdateAppointmentRequest::default()
    };
    staff.update_appointment(notes).await.unwrap();
    look().await;
    change(&mut staff, &id, Confirmed).await.unwrap();
    look().await;
    reschedule(&mut staff, &id, at(3, 10, 0)).await.unwrap();
    look().await;
    undo(&mut staff, &id).await.unwrap();
    look().await;
    cancel(&mut staff, &id).await.unwrap();
    look().await;
    change(&mut staff, &id, Scheduled).await.unwrap();
    look().await;
    assert_eq!(versions, [(1, 1), (2, 1), (3, 1), (4, 2), (5, 3), (6, 3), (7, 3)]);

    let told = "SELECT data->>'schedule_version' FROM appointment.outbox ORDER BY position";
    let told = clinic.sql.query(told, &[]).await.unwrap();
    let told: Vec<String> = told.iter().map(|row| row.get(0)).collect();
    assert_eq!(told, ["1", "1", "1", "2", "3", "3", "3"]);
}

#[tokio::test]
async fn a_release_that_does_not_know_of_the_version_makes_it_grow_all_the_same() {
    let clinic = Clinic::open().await;
    let (doctor, patient, mut staff) = (clinic.doctor().await, clinic.patient().await, clinic.staff());
    let id = book(&mut staff, patient, doctor, at(3, 9, 0)).await.unwrap().id;
    let version = async |set: &str| {
        let update =
            format!("UPDATE appointment.appointments SET {set} WHERE id = '{id}' RETURNING schedule_version");
        clinic.sql.query_one(&update, &[]).await.unwrap().get::<_, i64>(0)
    };
    assert_eq!(version("start_time = start_time, doctor_id = doctor_id, notes = 'x'").await, 1);
    assert_eq!(version("start_time = start_time - interval '5 minutes'").await, 2);
    assert_eq!(version("end_time = end_time + interval '5 minutes'").await, 2);
    assert_eq!(version("location_id = gen_random_uuid()").await, 3);
    assert_eq!(version("doctor_id = gen_random_uuid(), location_id = NULL").await, 4);
}

#[tokio::test]
async fn a_visit_is_reminded_of_as_its_type_said_when_it_was_booked() {
    let offsets = |minutes: &[i32]| Some(ReminderOffsets { minutes: minutes.to_vec() });
    let types = [offsets(&[2880, 60]), offsets(&[]), None]
        .map(|reminder_offsets_minutes| VisitType { reminder_offsets_minutes, ..visit_type() });
    let clinic = offering(&types.each_ref()).await;
    let (doctor, patient, mut staff) = (clinic.doctor().await, clinic.patient().await, clinic.staff());
    let mut asks = clinic.service("notification-svc");
    for (hour, visit_type) in (9..).zip(&types) {
        let id = book_type(&mut staff, patient, doctor, visit_type, at(3, hour, 0)).await.unwrap().id;
        assert!(
            summary(&mut asks, &id).await.reminder_offsets_minutes == visit_type.reminder_offsets_minutes
        );
    }
    let plain = staff.book_appointment(wish(patient, doctor, at(3, 14, 0))).await.unwrap().into_inner();
    assert!(summary(&mut asks, &plain.id).await.reminder_offsets_minutes.is_none());
}
