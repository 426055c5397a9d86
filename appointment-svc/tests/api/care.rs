//! Who treats whom.
use crate::clinic::Clinic;
use crate::past::{People, begins_in, waits_for_answer};
use crate::wishes::{at, book, cancel, change};
use platform::caller::Role;
use proto::appointment::AppointmentStatus::{Confirmed, NoShow};
use proto::appointment::{CheckCareRelationshipRequest, ListCarePatientsRequest};
use proto::ids::{DoctorId, PatientId};

const DAY: i64 = 24 * 60;

/// Whether `doctor` treats `patient`, as both methods say.
async fn treats(clinic: &Clinic, doctor: DoctorId, patient: PatientId) -> bool {
    let mut service = clinic.service("patient-svc");
    let doctor_id = doctor.to_string();
    let asked =
        CheckCareRelationshipRequest { doctor_id: doctor_id.clone(), patient_id: patient.to_string() };
    let treats = service.check_care_relationship(asked).await.unwrap().into_inner().treats;
    let panel = service.list_care_patients(ListCarePatientsRequest { doctor_id }).await.unwrap().into_inner();
    assert_eq!(panel.patient_ids.contains(&patient.to_string()), treats);
    treats
}

#[tokio::test]
async fn a_doctor_treats_a_patient_for_a_year_before_and_after_a_visit() {
    let clinic = Clinic::open().await;
    let mut people = People::of(&clinic).await;
    let (doctor, patient) = (people.doctor_id, people.patient_id);
    assert!(!treats(&clinic, doctor, patient).await);
    let visit = people.visit_in(&clinic, 60).await;
    for (days, expected) in [(364, true), (366, false), (-364, true), (-366, false)] {
        begins_in(&clinic, &visit.id, days * DAY).await;
        assert_eq!(treats(&clinic, doctor, patient).await, expected, "{days} days");
    }
}

#[tokio::test]
async fn how_long_is_for_the_clinic_to_say() {
    let clinic = Clinic::with([("--care-relationship-days", "30")]).await;
    let mut people = People::of(&clinic).await;
    let visit = people.visit_in(&clinic, 29 * DAY).await;
    assert!(treats(&clinic, people.doctor_id, people.patient_id).await);
    begins_in(&clinic, &visit.id, -31 * DAY).await;
    assert!(!treats(&clinic, people.doctor_id, people.patient_id).await);
}

#[tokio::test]
async fn a_visit_that_is_cancelled_or_asked_for_opens_no_chart() {
    let clinic = Clinic::open().await;
    let (doctor, patient, mut staff) = (clinic.doctor().await, clinic.patient().await, clinic.staff());
    let visit = book(&mut staff, patient, doctor, at(3, 9, 0)).await.unwrap();
    assert!(treats(&clinic, doctor, patient).await);
    cancel(&mut staff, &visit.id).await.unwrap();
    assert!(!treats(&clinic, doctor, patient).await);

    let asked = book(&mut staff, patient, doctor, at(3, 10, 0)).await.unwrap();
    waits_for_answer(&clinic, &asked.id, 60).await;
    assert!(!treats(&clinic, doctor, patient).await);
}

#[tokio::test]
async fn who_did_not_come_is_still_ones_patient() {
    let clinic = Clinic::open().await;
    let mut people = People::of(&clinic).await;
    let visit = people.visit_in(&clinic, -45).await;
    change(&mut people.staff, &visit.id, NoShow).await.unwrap();
    assert!(treats(&clinic, people.doctor_id, people.patient_id).await);
}

#[tokio::test]
async fn a_doctor_does_not_book_their_way_into_a_chart() {
    let clinic = Clinic::open().await;
    let (doctor, patient) = (clinic.doctor().await, clinic.patient().await);
    let mut own = clinic.by(Role::Doctor(doctor));
    let visit = book(&mut own, patient, doctor, at(3, 9, 0)).await.unwrap();
    change(&mut own, &visit.id, Confirmed).await.unwrap();
    assert!(!treats(&clinic, doctor, patient).await, "not by confirming it either");
    let theirs = book(&mut clinic.by(Role::Patient(patient)), patient, doctor, at(3, 11, 0)).await.unwrap();
    assert!(treats(&clinic, doctor, patient).await);
    cancel(&mut clinic.staff(), &theirs.id).await.unwrap();
    assert!(!treats(&clinic, doctor, patient).await);
}
