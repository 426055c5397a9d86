use crate::clinic::Clinic;
use crate::ledger;
use crate::process::verify;
use crate::wishes::{at, book, cancel, refusal, reschedule};
use jiff::Timestamp;
use proto::ids::{DoctorId, PatientId};
use uuid::Uuid;

const LANES: &str = "no lane of a doctor has two visits at once";
const PATIENTS: &str = "no patient has two visits at once";

async fn without<const N: usize>(clinic: &Clinic, constraints: [&str; N]) {
    for constraint in constraints {
        let drop = format!("ALTER TABLE appointment.claims DROP CONSTRAINT {constraint}");
        clinic.owner_sql().await.batch_execute(&drop).await.unwrap();
    }
}

/// Lets a visit begin a quarter of an hour earlier, past the service, which would refuse it.
async fn shift(clinic: &Clinic, visit: &str) {
    let visit: Uuid = visit.parse().unwrap();
    for statement in [
        "UPDATE appointment.appointments
            SET start_time = start_time - interval '15 minutes', end_time = end_time - interval '15 minutes'
          WHERE id = $1",
        "UPDATE appointment.claims
            SET busy_from = busy_from - interval '15 minutes', busy_until = busy_until - interval '15 minutes',
                visit_from = visit_from - interval '15 minutes', visit_until = visit_until - interval '15 minutes'
          WHERE appointment_id = $1",
    ] {
        clinic.sql.execute(statement, &[&visit]).await.unwrap();
    }
}

/// A booked visit.
async fn booked(clinic: &Clinic, patient: PatientId, doctor: DoctorId, start: Timestamp) -> String {
    book(&mut clinic.staff(), patient, doctor, start).await.unwrap().id
}

/// The one check that is to find these visits wrong, and no other.
async fn finds(clinic: &Clinic, promise: &str, visits: &[&String]) {
    let (is_sound, written) = verify(clinic).await;
    assert!(!is_sound, "{written}");
    let failed: Vec<_> = written.lines().filter(|line| line.starts_with("FAIL")).collect();
    assert_eq!(failed.len(), 1, "{written}");
    assert!(failed[0].contains(promise), "{written}");
    let mut visits: Vec<_> = visits.iter().map(|visit| visit.as_str()).collect();
    visits.sort_unstable();
    assert!(failed[0].ends_with(&format!("{} wrong: {}", visits.len(), visits.join(", "))), "{written}");
}

#[tokio::test]
async fn what_the_service_does_is_found_sound() {
    let clinic = Clinic::open().await;
    let (doctor, patient) = (clinic.doctor().await, clinic.patient().await);
    let first = booked(&clinic, patient, doctor, at(3, 9, 0)).await;
    let second = booked(&clinic, patient, doctor, at(3, 9, 30)).await;
    cancel(&mut clinic.staff(), &first).await.unwrap();
    reschedule(&mut clinic.staff(), &second, at(3, 9, 0)).await.unwrap();
    let (is_sound, written) = verify(&clinic).await;
    assert!(is_sound, "{written}");
    assert_eq!(written.lines().count(), 6);
    assert!(written.lines().all(|line| line.starts_with("ok ")), "{written}");
    assert!(written.contains(&format!("{LANES}: 1 looked at, at most 1 at once, 0 wrong")), "{written}");
}

#[tokio::test]
async fn two_visits_in_one_lane_are_found() {
    let clinic = Clinic::open().await;
    let doctor = clinic.doctor().await;
    without(&clinic, ["no_double_booking", "no_two_sessions"]).await;
    booked(&clinic, clinic.patient().await, doctor, at(3, 9, 0)).await;
    let mut visits = Vec::new();
    for minute in [0, 30] {
        visits.push(booked(&clinic, clinic.patient().await, doctor, at(3, 10, minute)).await);
    }
    booked(&clinic, clinic.patient().await, doctor, at(3, 11, 0)).await;
    shift(&clinic, &visits[1]).await;
    finds(&clinic, LANES, &[&visits[0], &visits[1]]).await;
    let (_, written) = verify(&clinic).await;
    assert!(written.contains("at most 2 at once"), "{written}");
}

#[tokio::test]
async fn a_patient_in_two_visits_is_found() {
    let clinic = Clinic::open().await;
    let patient = clinic.patient().await;
    without(&clinic, ["no_patient_in_two_visits"]).await;
    let one = booked(&clinic, patient, clinic.doctor().await, at(3, 9, 0)).await;
    let other = booked(&clinic, patient, clinic.doctor().await, at(3, 9, 30)).await;
    shift(&clinic, &other).await;
    finds(&clinic, PATIENTS, &[&one, &other]).await;
}

#[tokio::test]
async fn a_row_that_is_missing_or_wrong_is_found() {
    for (promise, fault) in [
        ("every visit that takes time has it", "DELETE FROM appointment.claims WHERE appointment_id = $1"),
        (
            "every visit that takes time has it",
            "UPDATE appointment.claims SET active = false WHERE appointment_id = $1",
        ),
        (
            "the time taken for a visit is all of it",
            "UPDATE appointment.claims SET busy_until = busy_until - interval '1 minute' WHERE appointment_id = $1",
        ),
        (
            "the time taken for a visit is all of it",
            "UPDATE appointment.claims SET patient_id = gen_random_uuid() WHERE appointment_id = $1",
        ),
        (
            "every history leads to its visit without a gap",
            "UPDATE appointment.appointments SET version = version + 1 WHERE id = $1",
        ),
        (
            "every history leads to its visit without a gap",
            "UPDATE appointment.appointments SET status = 'confirmed' WHERE id = $1",
        ),
    ] {
        let clinic = Clinic::open().await;
        let (doctor, patient) = (clinic.doctor().await, clinic.patient().await);
        booked(&clinic, patient, doctor, at(3, 9, 0)).await;
        let visit = booked(&clinic, patient, doctor, at(3, 9, 30)).await;
        clinic.sql.execute(fault, &[&visit.parse::<Uuid>().unwrap()]).await.unwrap();
        finds(&clinic, promise, &[&visit]).await;
    }
}

#[tokio::test]
async fn time_that_a_cancelled_visit_keeps_is_found() {
    let clinic = Clinic::open().await;
    let visit = booked(&clinic, clinic.patient().await, clinic.doctor().await, at(3, 9, 0)).await;
    cancel(&mut clinic.staff(), &visit).await.unwrap();
    clinic.sql.execute("UPDATE appointment.claims SET active = true", &[]).await.unwrap();
    finds(&clinic, "no visit that is over or off has time", &[&visit]).await;
}

/// Somebody writes past the service, without the calendar's lock, and commits while it books the same time.
async fn overtaken(clinic: &Clinic, is_refused: bool) {
    let doctor = clinic.doctor().await;
    let (mine, theirs) = (clinic.patient().await, clinic.patient().await);
    let (from, until) = (at(3, 9, 0), at(3, 9, 30));
    let mut sql = clinic.another_sql().await;
    let tx = sql.transaction().await.unwrap();
    let visit = ledger::enter(&tx, (doctor, theirs), from, until).await;
    ledger::claim(&tx, visit, (doctor, theirs), 0, from, until).await.unwrap();

    let mut staff = clinic.staff();
    let booking = book(&mut staff, mine, doctor, from);
    if is_refused {
        let (refused, ()) = tokio::join!(booking, async {
            clinic.until_waiting(1).await;
            tx.commit().await.unwrap();
        });
        assert_eq!(refusal(refused).1, "SLOT_TAKEN");
    } else {
        booking.await.unwrap();
        tx.commit().await.unwrap();
    }
    let (_, written) = verify(clinic).await;
    let lanes = written.lines().find(|line| line.contains(LANES)).unwrap();
    assert_eq!(lanes.starts_with("ok "), is_refused, "{written}");
}

#[tokio::test]
async fn only_the_constraint_stops_one_who_does_not_lock_and_without_it_the_harm_is_found() {
    let clinic = Clinic::open().await;
    overtaken(&clinic, true).await;
    without(&clinic, ["no_double_booking", "no_two_sessions"]).await;
    overtaken(&clinic, false).await;
}
