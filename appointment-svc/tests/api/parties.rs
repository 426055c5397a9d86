use crate::clinic::{Client, Clinic};
use crate::wishes::{at, book, cancel, declare, fact, party, refusal, wrong_fields};
use platform::caller::Role;
use proto::appointment::ApplyPatientPartyRequest;
use proto::ids::{DoctorId, PatientId};
use tonic::{Code, Status};

/// Deactivates `patient` unless visits are ahead.
async fn dismiss(client: &mut Client, patient: PatientId, version: i64) -> Result<i64, Status> {
    let request =
        ApplyPatientPartyRequest { party: Some(party(patient, version, false)), refuse_if_booked: true };
    client.apply_patient_party(request).await.map(|answer| answer.into_inner().version)
}

fn booked() -> (Code, String) {
    (Code::FailedPrecondition, "HAS_ACTIVE_APPOINTMENTS".to_owned())
}

#[tokio::test]
async fn only_what_is_said_later_counts() {
    let clinic = Clinic::open().await;
    let (mut patient_svc, mut staff) = (clinic.service("patient-svc"), clinic.staff());
    let (doctor, patient) = (clinic.doctor().await, PatientId::random());
    clinic.patients.put(&patient, party(patient, 1, true));
    assert_eq!(declare(&mut patient_svc, patient, 5, false).await.unwrap(), 5);
    // What comes late, and what patient-svc answers from before, brings nobody back.
    for stale in [1, 4, 5] {
        assert_eq!(declare(&mut patient_svc, patient, stale, true).await.unwrap(), 5);
    }
    assert_eq!(wrong_fields(book(&mut staff, patient, doctor, at(3, 9, 0)).await), ["patient_id"]);
    assert_eq!(declare(&mut patient_svc, patient, 6, true).await.unwrap(), 6);
    book(&mut staff, patient, doctor, at(3, 9, 0)).await.unwrap();
}

#[tokio::test]
async fn a_patient_with_visits_ahead_stays_and_the_visits_are_named() {
    let clinic = Clinic::open().await;
    let (mut patient_svc, mut staff) = (clinic.service("patient-svc"), clinic.staff());
    let (doctor, patient) = (clinic.doctor().await, clinic.patient().await);
    let later = book(&mut staff, patient, doctor, at(4, 9, 0)).await.unwrap();
    let sooner = book(&mut staff, patient, doctor, at(3, 9, 0)).await.unwrap();
    let refused = dismiss(&mut patient_svc, patient, 2).await;
    assert_eq!(refusal(refused.clone()), booked());
    assert_eq!(fact(refused, "appointment_ids").unwrap(), format!("{},{}", sooner.id, later.id));
    let last = book(&mut staff, patient, doctor, at(5, 9, 0)).await.unwrap();

    for visit in [sooner, later, last] {
        cancel(&mut staff, &visit.id).await.unwrap();
    }
    assert_eq!(dismiss(&mut patient_svc, patient, 2).await.unwrap(), 2);
    clinic.patients.put(&patient, party(patient, 2, false));
    assert_eq!(wrong_fields(book(&mut staff, patient, doctor, at(6, 9, 0)).await), ["patient_id"]);
}

#[tokio::test]
async fn visits_of_others_and_cancelled_ones_block_nobody() {
    let clinic = Clinic::open().await;
    let (mut patient_svc, mut staff) = (clinic.service("patient-svc"), clinic.staff());
    let (doctor, ann, bob) = (clinic.doctor().await, clinic.patient().await, clinic.patient().await);
    book(&mut staff, bob, doctor, at(3, 9, 0)).await.unwrap();
    let visit = book(&mut staff, ann, doctor, at(3, 10, 0)).await.unwrap();
    cancel(&mut staff, &visit.id).await.unwrap();
    assert_eq!(dismiss(&mut patient_svc, ann, 2).await.unwrap(), 2);
    assert_eq!(refusal(dismiss(&mut patient_svc, bob, 2).await), booked());
}

#[tokio::test]
async fn only_patient_svc_says_who_may_be_booked() {
    let clinic = Clinic::open().await;
    let patient = PatientId::random();
    let roles =
        [Role::Admin, Role::Staff, Role::Auditor, Role::Doctor(DoctorId::random()), Role::Patient(patient)];
    let services = ["doctor-svc", "notification-svc", "appointment-svc", "gateway"];
    let people = roles.map(|role| clinic.by(role));
    for mut other in people.into_iter().chain(services.map(|name| clinic.service(name))) {
        let refused = declare(&mut other, patient, 1, true).await;
        assert_eq!(refusal(refused), (Code::PermissionDenied, "FORBIDDEN".to_owned()));
    }
    let refused = declare(&mut clinic.nobody(), patient, 1, true).await;
    assert_eq!(refusal(refused), (Code::Unauthenticated, "UNAUTHENTICATED".to_owned()));
    let refused = book(&mut clinic.staff(), patient, clinic.doctor().await, at(3, 9, 0)).await;
    assert_eq!(wrong_fields(refused), ["patient_id"], "nothing was applied");
}

#[tokio::test]
async fn a_patient_who_is_heard_of_only_when_they_leave_is_not_booked_meanwhile() {
    let clinic = Clinic::open().await;
    let (doctor, patient) = (clinic.doctor().await, PatientId::random());
    clinic.patients.put(&patient, party(patient, 1, true));
    let mut owner = clinic.owner_sql().await;
    let (mut patient_svc, mut staff) = (clinic.service("patient-svc"), clinic.staff());

    // The patient's visits cannot be looked at yet.
    let holding = owner.transaction().await.unwrap();
    holding.execute("LOCK TABLE appointment.appointments", &[]).await.unwrap();
    let dismissing = dismiss(&mut patient_svc, patient, 2);
    let booking = async {
        clinic.until_waiting(1).await;
        book(&mut staff, patient, doctor, at(3, 15, 0)).await
    };
    let releasing = async {
        clinic.until_waiting(2).await;
        holding.commit().await.unwrap();
    };
    let (dismissed, booked, ()) = tokio::join!(dismissing, booking, releasing);
    assert_eq!(dismissed.unwrap(), 2);
    assert_eq!(wrong_fields(booked), ["patient_id"]);
}
