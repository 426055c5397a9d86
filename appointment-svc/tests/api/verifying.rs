use crate::clinic::Clinic;
use crate::ledger;
use crate::offers::{apply_clinic, book_type, visit_type};
use crate::process::verify;
use crate::wishes::{at, book, cancel, hours, refusal, reschedule};
use jiff::Timestamp;
use proto::appointment::Appointment;
use proto::doctor::{ClinicRules, Location, Room, VisitType};
use proto::ids::{DoctorId, LocationId, PatientId, RoomId};
use uuid::Uuid;

const LANES: &str = "no lane of a doctor has two visits at once";
const SESSIONS: &str = "no doctor and no room has two sessions at once";
const ROOMS: &str = "every visit that takes a room has that one";
const CONTAINED: &str = "the time taken for a visit is all of it";
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

/// The checks that are to find these visits wrong, and no other.
async fn finds<const N: usize>(clinic: &Clinic, promises: [&str; N], visits: &[&String]) {
    let (is_sound, written) = verify(clinic).await;
    assert!(!is_sound, "{written}");
    let failed: Vec<_> = written.lines().filter(|line| line.starts_with("FAIL")).collect();
    assert_eq!(failed.len(), N, "{written}");
    let mut visits: Vec<_> = visits.iter().map(|visit| visit.as_str()).collect();
    visits.sort_unstable();
    for (failed, promise) in failed.into_iter().zip(promises) {
        assert!(failed.contains(promise), "{written}");
        assert!(failed.ends_with(&format!("{} wrong: {}", visits.len(), visits.join(", "))), "{written}");
    }
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
    assert_eq!(written.lines().count(), 8);
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
    finds(&clinic, [LANES, SESSIONS], &[&visits[0], &visits[1]]).await;
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
    finds(&clinic, [PATIENTS], &[&one, &other]).await;
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
            CONTAINED,
            "UPDATE appointment.claims SET busy_until = busy_until - interval '1 minute' WHERE appointment_id = $1",
        ),
        (CONTAINED, "UPDATE appointment.claims SET patient_id = gen_random_uuid() WHERE appointment_id = $1"),
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
        finds(&clinic, [promise], &[&visit]).await;
    }
}

#[tokio::test]
async fn time_that_a_cancelled_visit_keeps_is_found() {
    let clinic = Clinic::open().await;
    let visit = booked(&clinic, clinic.patient().await, clinic.doctor().await, at(3, 9, 0)).await;
    cancel(&mut clinic.staff(), &visit).await.unwrap();
    clinic.sql.execute("UPDATE appointment.claims SET active = true", &[]).await.unwrap();
    finds(&clinic, ["no visit that is over or off has time"], &[&visit]).await;
}

/// A clinic with two rooms and two doctors, and a class to which two come at once.
async fn teaching() -> (Clinic, VisitType, [DoctorId; 2]) {
    let class = VisitType { needs_room: true, capacity: 2, ..visit_type() };
    let clinic = Clinic::open().await;
    let place = LocationId::random().to_string();
    let room = |name: &str| Room {
        id: RoomId::random().to_string(),
        location_id: place.clone(),
        name: name.to_owned(),
    };
    let rooms = vec![room("Left"), room("Right")];
    let location = Location { id: place.clone(), time_zone: "UTC".to_owned(), rooms, ..Location::default() };
    let (visit_types, locations) = (vec![class.clone()], vec![location]);
    let rules = ClinicRules { version: 1, visit_types, locations, ..ClinicRules::default() };
    apply_clinic(&clinic, rules, false).await.unwrap();
    let mut there = [(); 2].map(|()| hours("UTC", "09:00", "17:00"));
    there
        .iter_mut()
        .flat_map(|rules| &mut rules.windows)
        .for_each(|window| window.location_id.clone_from(&place));
    let [one, other] = there;
    let doctors = [clinic.hire(one).await, clinic.hire(other).await];
    (clinic, class, doctors)
}

/// A visit in a class.
async fn attends(clinic: &Clinic, class: &VisitType, doctor: DoctorId, start: Timestamp) -> Appointment {
    book_type(&mut clinic.staff(), clinic.patient().await, doctor, class, start).await.unwrap()
}

#[tokio::test]
async fn those_who_come_at_once_are_found_sound_and_two_sessions_at_once_are_not() {
    let (clinic, class, [doctor, other]) = teaching().await;
    let mut visits = Vec::new();
    for (doctor, start) in [
        (doctor, at(3, 9, 0)),
        (doctor, at(3, 9, 0)),
        (doctor, at(3, 9, 30)),
        (doctor, at(3, 9, 30)),
        (other, at(3, 9, 0)),
    ] {
        visits.push(attends(&clinic, &class, doctor, start).await.id);
    }
    let (is_sound, written) = verify(&clinic).await;
    assert!(is_sound, "{written}");
    // Three classes, each with a doctor and in a room.
    assert!(written.contains(&format!("{SESSIONS}: 6 looked at, at most 1 at once, 0 wrong")), "{written}");

    // The later class begins earlier, in lanes of its own.
    without(&clinic, ["no_two_sessions"]).await;
    for visit in &visits[2..4] {
        let lanes = "UPDATE appointment.claims SET lane = lane + 2 WHERE appointment_id = $1";
        clinic.sql.execute(lanes, &[&visit.parse::<Uuid>().unwrap()]).await.unwrap();
        shift(&clinic, visit).await;
    }
    finds(&clinic, [SESSIONS], &visits[..4].iter().collect::<Vec<_>>()).await;
    // What is booked over others on purpose is in nobody's way.
    let over = "UPDATE appointment.claims SET lane = lane + 100 WHERE lane >= 2";
    clinic.sql.execute(over, &[]).await.unwrap();
    let (is_sound, written) = verify(&clinic).await;
    assert!(is_sound, "{written}");
}

#[tokio::test]
async fn a_room_that_is_missing_or_not_its_own_is_found() {
    for (promise, fault) in [
        (ROOMS, "DELETE FROM appointment.claims WHERE resource_id = $2 AND appointment_id = $1"),
        (
            ROOMS,
            "UPDATE appointment.claims SET active = false WHERE resource_id = $2 AND appointment_id = $1",
        ),
        (ROOMS, "UPDATE appointment.appointments SET room_id = NULL WHERE room_id = $2 AND id = $1"),
        (
            ROOMS,
            "UPDATE appointment.claims SET resource_id = gen_random_uuid() WHERE resource_id = $2 AND appointment_id = $1",
        ),
        (
            ROOMS,
            "INSERT INTO appointment.claims (appointment_id, resource_id, busy_from, busy_until)
             SELECT appointment_id, gen_random_uuid(), busy_from, busy_until
               FROM appointment.claims WHERE resource_id = $2 AND appointment_id = $1",
        ),
        (
            CONTAINED,
            "UPDATE appointment.claims SET busy_from = busy_from + interval '1 minute'
              WHERE resource_id = $2 AND appointment_id = $1",
        ),
    ] {
        let (clinic, class, [doctor, _]) = teaching().await;
        attends(&clinic, &class, doctor, at(3, 9, 0)).await;
        let visit = attends(&clinic, &class, doctor, at(3, 10, 0)).await;
        let ids = [&visit.id, &visit.room_id].map(|id| id.parse::<Uuid>().unwrap());
        assert_eq!(clinic.sql.execute(fault, &[&ids[0], &ids[1]]).await.unwrap(), 1);
        finds(&clinic, [promise], &[&visit.id]).await;
    }
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
