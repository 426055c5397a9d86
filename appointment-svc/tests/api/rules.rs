use crate::clinic::Clinic;
use crate::wishes::{
    apply, at, book, cancel, date_in, fact, free, hours, refusal, reschedule, slots, window, wrong_fields,
};
use platform::caller::Role;
use proto::doctor::DoctorRules;
use proto::ids::{DoctorId, PatientId};
use tonic::Code;

fn later(rules: &DoctorRules, version: i64, start: &str, end: &str) -> DoctorRules {
    let windows = (0..7).map(|day| window(day, start, end)).collect();
    DoctorRules { version, windows, ..rules.clone() }
}

fn booked() -> (Code, String) {
    (Code::FailedPrecondition, "HAS_ACTIVE_APPOINTMENTS".to_owned())
}

#[tokio::test]
async fn only_later_rules_count() {
    let clinic = Clinic::open().await;
    let (mut doctor_svc, mut staff) = (clinic.service("doctor-svc"), clinic.staff());
    let first = hours("UTC", "09:00", "10:00");
    let doctor = clinic.hire(first.clone()).await;
    assert_eq!(apply(&mut doctor_svc, later(&first, 7, "10:00", "11:00"), true).await.unwrap(), 7);
    for stale in [1, 6, 7] {
        let stale = later(&first, stale, "00:00", "24:00");
        assert_eq!(apply(&mut doctor_svc, stale, false).await.unwrap(), 7);
    }
    assert_eq!(free(&mut staff, doctor, date_in(3)).await, [at(3, 10, 0), at(3, 10, 30)]);
    assert_eq!(apply(&mut doctor_svc, later(&first, 8, "09:00", "09:30"), false).await.unwrap(), 8);
    assert_eq!(free(&mut staff, doctor, date_in(3)).await, [at(3, 9, 0)]);
}

#[tokio::test]
async fn rules_that_leave_out_visits_are_refused_with_their_ids_and_nothing_is_applied() {
    let clinic = Clinic::open().await;
    let (mut doctor_svc, mut staff) = (clinic.service("doctor-svc"), clinic.staff());
    let rules = hours("UTC", "09:00", "17:00");
    let doctor = clinic.hire(rules.clone()).await;
    let mut visits = Vec::new();
    // Within the later rules, across their end, after it, and after it on another day.
    for start in [at(3, 11, 0), at(3, 11, 45), at(3, 12, 15), at(4, 16, 30)] {
        visits.push(book(&mut staff, clinic.patient().await, doctor, start).await.unwrap().id);
    }
    let before = free(&mut staff, doctor, date_in(3)).await;

    let narrower = later(&rules, 2, "09:00", "12:00");
    let refused = apply(&mut doctor_svc, narrower.clone(), true).await;
    assert_eq!(refusal(refused.clone()), booked());
    assert_eq!(fact(refused, "appointment_ids").unwrap(), visits[1..].join(","));
    let elsewhere = DoctorRules { version: 2, time_zone: "Asia/Kathmandu".to_owned(), ..rules.clone() };
    assert_eq!(refusal(apply(&mut doctor_svc, elsewhere, true).await), booked());
    let left = DoctorRules { version: 2, is_active: false, ..rules };
    assert_eq!(refusal(apply(&mut doctor_svc, left, true).await), booked());
    assert_eq!(free(&mut staff, doctor, date_in(3)).await, before);

    for visit in &visits[1..] {
        cancel(&mut staff, visit).await.unwrap();
    }
    assert_eq!(apply(&mut doctor_svc, narrower, true).await.unwrap(), 2);
}

#[tokio::test]
async fn a_visit_that_the_old_rules_left_out_already_blocks_nothing() {
    let clinic = Clinic::open().await;
    let (mut doctor_svc, mut staff) = (clinic.service("doctor-svc"), clinic.staff());
    let rules = hours("UTC", "09:00", "17:00");
    let doctor = clinic.hire(rules.clone()).await;
    for start in [at(3, 9, 0), at(3, 16, 0)] {
        book(&mut staff, clinic.patient().await, doctor, start).await.unwrap();
    }
    // Nobody asked whether anything is booked: it was decided so.
    apply(&mut doctor_svc, later(&rules, 2, "09:00", "12:00"), false).await.unwrap();
    assert_eq!(apply(&mut doctor_svc, later(&rules, 3, "09:00", "11:00"), true).await.unwrap(), 3);
    assert_eq!(refusal(apply(&mut doctor_svc, later(&rules, 4, "10:00", "11:00"), true).await), booked());
}

#[tokio::test]
async fn a_doctor_who_left_cannot_be_booked() {
    let clinic = Clinic::open().await;
    let (mut doctor_svc, mut staff) = (clinic.service("doctor-svc"), clinic.staff());
    let rules = hours("UTC", "09:00", "17:00");
    let doctor = clinic.hire(rules.clone()).await;
    let visit = book(&mut staff, clinic.patient().await, doctor, at(3, 9, 0)).await.unwrap();
    let left = DoctorRules { version: 2, is_active: false, ..rules };
    clinic.doctors.put(&doctor, left.clone());
    apply(&mut doctor_svc, left, false).await.unwrap();

    let refused = book(&mut staff, clinic.patient().await, doctor, at(3, 10, 0)).await;
    assert_eq!(wrong_fields(refused), ["doctor_id"]);
    let refused = slots(&mut staff, doctor, date_in(3)).await;
    assert_eq!(refusal(refused), (Code::NotFound, "DOCTOR_NOT_FOUND".to_owned()));
    let refused = reschedule(&mut staff, &visit.id, at(3, 10, 0)).await;
    assert_eq!(refusal(refused), (Code::FailedPrecondition, "DOCTOR_INACTIVE".to_owned()));
    cancel(&mut staff, &visit.id).await.unwrap();
}

#[tokio::test]
async fn only_doctor_svc_says_what_doctors_offer() {
    let clinic = Clinic::open().await;
    let rules = hours("UTC", "09:00", "17:00");
    let doctor: DoctorId = rules.doctor_id.parse().unwrap();
    let mut others: Vec<_> = [Role::Admin, Role::Staff, Role::Auditor, Role::Doctor(doctor)]
        .map(|role| clinic.by(role))
        .into_iter()
        .chain([clinic.by(Role::Patient(PatientId::random()))])
        .chain(
            ["patient-svc", "notification-svc", "appointment-svc", "gateway"]
                .map(|name| clinic.service(name)),
        )
        .collect();
    for other in &mut others {
        let refused = apply(other, rules.clone(), false).await;
        assert_eq!(refusal(refused), (Code::PermissionDenied, "FORBIDDEN".to_owned()));
    }
    let refused = apply(&mut clinic.nobody(), rules.clone(), false).await;
    assert_eq!(refusal(refused), (Code::Unauthenticated, "UNAUTHENTICATED".to_owned()));
    let refused = slots(&mut clinic.staff(), doctor, date_in(3)).await;
    assert_eq!(refusal(refused).0, Code::NotFound, "nothing was applied");
}

#[tokio::test]
async fn rules_that_make_no_sense_are_refused_whole() {
    let clinic = Clinic::open().await;
    let wrong = DoctorRules {
        doctor_id: "x".to_owned(),
        time_zone: "Europe/Atlantis".to_owned(),
        slot_minutes: 0,
        windows: vec![window(7, "09:00", "12:00"), window(0, "09:00", "25:00")],
        ..hours("UTC", "09:00", "17:00")
    };
    let fields = ["doctor_id", "time_zone", "slot_minutes", "windows", "windows"];
    let refused = apply(&mut clinic.service("doctor-svc"), wrong, false).await;
    assert_eq!(wrong_fields(refused), fields.map(|field| format!("rules.{field}")));
}

#[tokio::test]
async fn rules_that_are_the_first_to_be_heard_of_are_not_overtaken_by_a_booking() {
    let clinic = Clinic::open().await;
    let rules = hours("UTC", "09:00", "17:00");
    let doctor: DoctorId = rules.doctor_id.parse().unwrap();
    clinic.doctors.put(&doctor, rules.clone());
    let patient = clinic.patient().await;
    let mut owner = clinic.owner_sql().await;
    let (mut doctor_svc, mut staff) = (clinic.service("doctor-svc"), clinic.staff());

    // The doctor's visits cannot be looked at yet.
    let holding = owner.transaction().await.unwrap();
    holding.execute("LOCK TABLE appointment.appointments", &[]).await.unwrap();
    let narrowing = apply(&mut doctor_svc, later(&rules, 2, "09:00", "12:00"), true);
    let booking = async {
        clinic.until_waiting(1).await;
        book(&mut staff, patient, doctor, at(3, 15, 0)).await
    };
    let releasing = async {
        clinic.until_waiting(2).await;
        holding.commit().await.unwrap();
    };
    let (narrowed, booked, ()) = tokio::join!(narrowing, booking, releasing);
    assert_eq!(narrowed.unwrap(), 2);
    assert_eq!(refusal(booked), (Code::FailedPrecondition, "OUTSIDE_AVAILABILITY".to_owned()));
}
