use crate::clinic::Clinic;
use crate::ledger;
use crate::wishes::at;
use jiff::{SignedDuration, Timestamp};
use proto::ids::{AppointmentId, DoctorId, PatientId};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

/// Time taken in the table itself, by somebody who comes alone; the constraint that it breaks, if any.
async fn claim(
    sql: &Client,
    couple: (DoctorId, PatientId),
    lane: i16,
    from: Timestamp,
    until: Timestamp,
) -> Result<AppointmentId, String> {
    claim_in(sql, couple, lane, None, from, until).await
}

/// [`claim`], of somebody who comes to a session with others.
async fn claim_in(
    sql: &Client,
    (doctor, patient): (DoctorId, PatientId),
    lane: i16,
    session: Option<Uuid>,
    from: Timestamp,
    until: Timestamp,
) -> Result<AppointmentId, String> {
    let visit = ledger::enter(sql, (doctor, patient), from, until).await;
    let claim = "
        INSERT INTO appointment.claims
               (appointment_id, resource_id, lane, patient_id, busy_from, busy_until, session_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let claimed =
        sql.execute(claim, &[&visit.0, &doctor.0, &lane, &patient.0, &from, &until, &session]).await;
    claimed.map(|_| visit).map_err(|error| broken(&error))
}

fn broken(error: &tokio_postgres::Error) -> String {
    assert_eq!(error.code(), Some(&SqlState::EXCLUSION_VIOLATION), "{error}");
    error.as_db_error().unwrap().constraint().unwrap().to_owned()
}

fn couple() -> (DoctorId, PatientId) {
    (DoctorId::random(), PatientId::random())
}

#[tokio::test]
async fn the_database_itself_keeps_a_doctor_from_two_visits_at_once() {
    let clinic = Clinic::open().await;
    let (doctor, patient) = couple();
    claim(&clinic.sql, (doctor, patient), 0, at(3, 9, 0), at(3, 9, 30)).await.unwrap();
    let second = SignedDuration::from_micros(1);
    let overlapping = [
        (at(3, 9, 0), at(3, 9, 30)),
        (at(3, 8, 0), at(3, 10, 0)),
        (at(3, 9, 10), at(3, 9, 20)),
        (at(3, 8, 45), at(3, 9, 0) + second),
        (at(3, 9, 30) - second, at(3, 9, 45)),
    ];
    for (from, until) in overlapping {
        let refused = claim(&clinic.sql, (doctor, PatientId::random()), 0, from, until).await;
        assert_eq!(refused.unwrap_err(), "no_double_booking", "{from} to {until}");
    }
    // Somebody else's, and one that is booked over it on purpose.
    claim(&clinic.sql, couple(), 0, at(3, 9, 0), at(3, 9, 30)).await.unwrap();
    claim(&clinic.sql, (doctor, PatientId::random()), 100, at(3, 9, 0), at(3, 9, 30)).await.unwrap();
}

#[tokio::test]
async fn the_database_itself_lets_only_those_of_one_session_come_at_once() {
    let clinic = Clinic::open().await;
    let doctor = DoctorId::random();
    let session = Some(Uuid::now_v7());
    let take = |lane, session| {
        claim_in(&clinic.sql, (doctor, PatientId::random()), lane, session, at(3, 9, 0), at(3, 10, 0))
    };
    take(0, session).await.unwrap();
    take(1, session).await.unwrap();
    assert_eq!(take(1, session).await.unwrap_err(), "no_double_booking");
    for stranger in [None, Some(Uuid::now_v7())] {
        assert_eq!(take(2, stranger).await.unwrap_err(), "no_two_sessions");
    }
}

#[tokio::test]
async fn the_database_itself_keeps_a_patient_from_two_visits_at_once() {
    let clinic = Clinic::open().await;
    let (doctor, patient) = couple();
    claim(&clinic.sql, (doctor, patient), 0, at(3, 9, 0), at(3, 9, 30)).await.unwrap();
    for (doctor, lane) in [(DoctorId::random(), 0), (doctor, 100)] {
        let refused = claim(&clinic.sql, (doctor, patient), lane, at(3, 9, 15), at(3, 9, 45)).await;
        assert_eq!(refused.unwrap_err(), "no_patient_in_two_visits");
    }
}

#[tokio::test]
async fn visits_that_touch_do_not_overlap() {
    let clinic = Clinic::open().await;
    let (doctor, patient) = couple();
    for (from, until) in
        [(at(3, 9, 0), at(3, 9, 30)), (at(3, 9, 30), at(3, 10, 0)), (at(3, 8, 30), at(3, 9, 0))]
    {
        claim(&clinic.sql, (doctor, patient), 0, from, until).await.unwrap();
    }
}

#[tokio::test]
async fn time_that_was_freed_is_anyones_and_cannot_be_taken_back() {
    let clinic = Clinic::open().await;
    let (doctor, patient) = couple();
    let first = claim(&clinic.sql, (doctor, patient), 0, at(3, 9, 0), at(3, 9, 30)).await.unwrap();
    let set_active = "UPDATE appointment.claims SET active = $2 WHERE appointment_id = $1";
    clinic.sql.execute(set_active, &[&first.0, &false]).await.unwrap();
    claim(&clinic.sql, (doctor, PatientId::random()), 0, at(3, 9, 0), at(3, 9, 30)).await.unwrap();
    let taken_back = clinic.sql.execute(set_active, &[&first.0, &true]).await.unwrap_err();
    assert_eq!(broken(&taken_back), "no_double_booking");
}
