//! What calendars of others are told of the visits of one doctor or patient.
use crate::clinic::{Client, Clinic};
use crate::wishes::{at, book, cancel};
use proto::appointment::{AppointmentStatus, AppointmentSummary, ListAppointmentSummariesRequest};
use proto::time::to_wire;
use tonic::{Code, Status};

async fn listed(
    client: &mut Client,
    request: ListAppointmentSummariesRequest,
) -> Result<Vec<AppointmentSummary>, Status> {
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let page = ListAppointmentSummariesRequest { page_size: 2, page_token, ..request.clone() };
        let page = client.list_appointment_summaries(page).await?.into_inner();
        assert!(page.summaries.len() <= 2);
        all.extend(page.summaries);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(all);
        }
    }
}

#[tokio::test]
async fn the_visits_of_one_are_told_by_start_also_those_that_were_cancelled() {
    let clinic = Clinic::open().await;
    let (doctor, other) = (clinic.doctor().await, clinic.doctor().await);
    let (patient, mut staff) = (clinic.patient().await, clinic.staff());
    let mut asks = clinic.service("notification-svc");
    let mut expected = Vec::new();
    for day in [5, 3, 4] {
        expected.push(book(&mut staff, patient, doctor, at(day, 9, 0)).await.unwrap().id);
    }
    let elsewhere = book(&mut staff, patient, other, at(3, 12, 0)).await.unwrap().id;
    book(&mut staff, clinic.patient().await, other, at(3, 13, 0)).await.unwrap();
    cancel(&mut staff, &expected[2]).await.unwrap();
    expected.rotate_left(1);

    let of_doctor = ListAppointmentSummariesRequest { doctor_id: doctor.to_string(), ..Default::default() };
    let told = listed(&mut asks, of_doctor.clone()).await.unwrap();
    assert_eq!(told.iter().map(|visit| visit.id.clone()).collect::<Vec<_>>(), expected);
    assert_eq!(told[1].status(), AppointmentStatus::Cancelled);
    assert!(told.iter().all(|visit| visit.update_time.is_some()) && told[1].version == 2);

    let of_patient =
        ListAppointmentSummariesRequest { patient_id: patient.to_string(), ..Default::default() };
    let told = listed(&mut asks, of_patient).await.unwrap();
    let ids: Vec<&str> = told.iter().map(|visit| visit.id.as_str()).collect();
    assert_eq!(ids, [&expected[0], &elsewhere, &expected[1], &expected[2]]);

    let span = ListAppointmentSummariesRequest {
        start_time_from: Some(to_wire(at(4, 9, 0))),
        start_time_until: Some(to_wire(at(5, 9, 0))),
        ..of_doctor
    };
    let told = listed(&mut asks, span).await.unwrap();
    assert_eq!(told.iter().map(|visit| visit.id.as_str()).collect::<Vec<_>>(), [&expected[1]]);
}

#[tokio::test]
async fn visits_of_everybody_are_told_to_nobody() {
    let clinic = Clinic::open().await;
    let mut asks = clinic.service("notification-svc");
    let id = clinic.doctor().await.to_string();
    let both = ListAppointmentSummariesRequest {
        doctor_id: id.clone(),
        patient_id: id.clone(),
        ..Default::default()
    };
    for request in [ListAppointmentSummariesRequest::default(), both] {
        assert_eq!(listed(&mut asks, request).await.err().unwrap().code(), Code::InvalidArgument);
    }
    let of_one = ListAppointmentSummariesRequest { doctor_id: id, ..Default::default() };
    for mut others in [clinic.staff(), clinic.service("patient-svc")] {
        let refused = listed(&mut others, of_one.clone()).await.err().unwrap();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
}
