use crate::clinic::Clinic;
use crate::ledger;
use crate::wishes::{
    at, book, cancel, date_in, free, hours, party, refusal, reschedule, slots, wrong_fields,
};
use futures::future::join_all;
use proto::appointment::{GetAppointmentRequest, ListAppointmentsRequest};
use proto::doctor::DoctorRules;
use proto::ids::{DoctorId, PatientId};
use tonic::Code;

fn away() -> (Code, String) {
    (Code::Unavailable, "DEPENDENCY_UNAVAILABLE".to_owned())
}

/// A doctor and a patient of whom nobody has told appointment-svc.
fn strangers(clinic: &Clinic) -> (DoctorId, PatientId) {
    let (rules, patient) = (hours("UTC", "09:00", "17:00"), PatientId::random());
    let doctor = rules.doctor_id.parse().unwrap();
    clinic.doctors.put(&doctor, rules);
    clinic.patients.put(&patient, party(patient, 1, true));
    (doctor, patient)
}

#[tokio::test]
async fn what_was_not_heard_of_is_asked_for_once() {
    let clinic = Clinic::open().await;
    let mut staff = clinic.staff();
    let (doctor, patient) = strangers(&clinic);
    book(&mut staff, patient, doctor, at(3, 9, 0)).await.unwrap();
    assert_eq!(clinic.doctors.asked(), [doctor.to_string()]);
    assert_eq!(clinic.patients.asked(), [patient.to_string()]);
    book(&mut staff, patient, doctor, at(3, 10, 0)).await.unwrap();
    free(&mut staff, doctor, date_in(3)).await;
    assert!(clinic.doctors.asked().is_empty() && clinic.patients.asked().is_empty());

    let (doctor, _) = strangers(&clinic);
    assert_eq!(free(&mut staff, doctor, date_in(3)).await.len(), 16);
    assert_eq!(clinic.doctors.asked(), [doctor.to_string()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_may_be_the_first_to_ask() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff();
    let (doctor, patient) = strangers(&clinic);
    let booking = (0..16).map(|slot| {
        let mut staff = staff.clone();
        let start = at(3, 9, 0) + jiff::SignedDuration::from_mins(30 * slot);
        async move { book(&mut staff, patient, doctor, start).await.map(drop) }
    });
    for booked in join_all(booking).await {
        booked.unwrap();
    }
    assert_eq!(ledger::occupied(&clinic.sql).await, 16);
}

#[tokio::test]
async fn the_field_of_whom_nobody_knows_is_named() {
    let clinic = Clinic::open().await;
    let mut staff = clinic.staff();
    let (doctor, patient) = strangers(&clinic);
    let refused = book(&mut staff, patient, DoctorId::random(), at(3, 9, 0)).await;
    assert_eq!(wrong_fields(refused), ["doctor_id"]);
    let refused = book(&mut staff, PatientId::random(), doctor, at(3, 9, 0)).await;
    assert_eq!(wrong_fields(refused), ["patient_id"]);
    let refused = slots(&mut staff, DoctorId::random(), date_in(3)).await;
    assert_eq!(refusal(refused), (Code::NotFound, "DOCTOR_NOT_FOUND".to_owned()));

    // Known, but gone.
    let (gone, left) = (hours("UTC", "09:00", "17:00"), PatientId::random());
    let gone_id = gone.doctor_id.parse().unwrap();
    clinic.doctors.put(&gone_id, DoctorRules { is_active: false, ..gone });
    clinic.patients.put(&left, party(left, 2, false));
    assert_eq!(wrong_fields(book(&mut staff, patient, gone_id, at(3, 9, 0)).await), ["doctor_id"]);
    assert_eq!(wrong_fields(book(&mut staff, left, doctor, at(3, 9, 0)).await), ["patient_id"]);
    assert_eq!(ledger::visits(&clinic.sql).await, 0);
}

#[tokio::test]
async fn who_came_back_is_asked_about_although_nobody_told() {
    let clinic = Clinic::open().await;
    let mut staff = clinic.staff();
    let (doctor, patient) = strangers(&clinic);
    clinic.patients.put(&patient, party(patient, 2, false));
    assert_eq!(wrong_fields(book(&mut staff, patient, doctor, at(3, 9, 0)).await), ["patient_id"]);
    clinic.patients.put(&patient, party(patient, 3, true));
    book(&mut staff, patient, doctor, at(3, 9, 0)).await.unwrap();
}

#[tokio::test]
async fn who_cannot_be_asked_is_unavailable() {
    let mut clinic = Clinic::open().await;
    let mut staff = clinic.staff();
    let (doctor, patient) = strangers(&clinic);
    clinic.doctor_svc.stop().await;
    assert_eq!(refusal(book(&mut staff, patient, doctor, at(3, 9, 0)).await), away());
    assert_eq!(refusal(slots(&mut staff, doctor, date_in(3)).await), away());
    clinic.doctor_svc.start_again().await;
    clinic.patient_svc.stop().await;
    assert_eq!(refusal(book(&mut staff, patient, doctor, at(3, 9, 0)).await), away());
    clinic.patient_svc.start_again().await;
    assert_eq!(ledger::visits(&clinic.sql).await, 0);
    book(&mut staff, patient, doctor, at(3, 9, 0)).await.unwrap();
}

#[tokio::test]
async fn what_ails_a_neighbour_is_not_the_callers_fault() {
    let clinic = Clinic::open().await;
    let mut staff = clinic.staff();
    for ailment in [Code::Internal, Code::Unauthenticated, Code::PermissionDenied, Code::InvalidArgument] {
        let (doctor, patient) = strangers(&clinic);
        clinic.doctors.fail(Some(ailment));
        assert_eq!(refusal(book(&mut staff, patient, doctor, at(3, 9, 0)).await), away());
        clinic.doctors.fail(None);
        clinic.patients.fail(Some(ailment));
        assert_eq!(refusal(book(&mut staff, patient, doctor, at(3, 9, 0)).await), away());
        clinic.patients.fail(None);
    }
    let (_, patient) = strangers(&clinic);
    let later = DoctorRules { time_zone: "Europe/Atlantis".to_owned(), ..hours("UTC", "09:00", "17:00") };
    let unreadable = later.doctor_id.parse().unwrap();
    clinic.doctors.put(&unreadable, later);
    assert_eq!(refusal(book(&mut staff, patient, unreadable, at(3, 9, 0)).await), away());
}

#[tokio::test]
async fn those_who_are_known_need_no_neighbour() {
    let mut clinic = Clinic::open().await;
    let mut staff = clinic.staff();
    let (doctor, patient) = strangers(&clinic);
    book(&mut staff, patient, doctor, at(3, 9, 0)).await.unwrap();
    clinic.doctor_svc.stop().await;
    clinic.patient_svc.stop().await;

    let visit = book(&mut staff, patient, doctor, at(3, 10, 0)).await.unwrap();
    let moved = reschedule(&mut staff, &visit.id, at(3, 11, 0)).await.unwrap();
    assert_eq!(free(&mut staff, doctor, date_in(3)).await.len(), 14);
    let listed = staff.list_appointments(ListAppointmentsRequest::default()).await.unwrap().into_inner();
    assert_eq!(listed.appointments.len(), 2);
    let read = staff
        .get_appointment(GetAppointmentRequest { id: visit.id.clone(), as_of_time: None })
        .await
        .unwrap()
        .into_inner();
    assert_eq!((read.start_time, read.patient_name.as_str()), (moved.start_time, ""));
    cancel(&mut staff, &visit.id).await.unwrap();
}
