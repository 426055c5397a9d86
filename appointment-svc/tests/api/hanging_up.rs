use crate::clinic::Clinic;
use crate::ledger;
use crate::wishes::{at, book, date_in, free, hours, refusal};
use jiff::SignedDuration;
use std::time::Duration;
use tokio::time::timeout;
use tonic::Code;

/// The row that a booking with any doctor waits for.
const LOCK_CALENDARS: &str = "SELECT 1 FROM appointment.calendars FOR UPDATE";

#[tokio::test]
async fn a_booking_whose_caller_hangs_up_is_made_whole() {
    let clinic = Clinic::open().await;
    let (doctor, patient, mut staff) = (clinic.doctor().await, clinic.patient().await, clinic.staff());
    let mut other = clinic.another_sql().await;
    let holding = other.transaction().await.unwrap();
    holding.execute(LOCK_CALENDARS, &[]).await.unwrap();
    tokio::select! {
        _ = book(&mut staff, patient, doctor, at(3, 9, 0)) => panic!("booked past a lock"),
        () = clinic.until_waiting(1) => {}
    }
    holding.commit().await.unwrap();
    clinic.close().await;
    assert_eq!(ledger::occupied(&clinic.sql).await, 1);
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test]
async fn a_booking_that_ran_out_of_time_leaves_nothing() {
    let clinic = Clinic::with([("--grpc-deadline-seconds", "1")]).await;
    let (doctor, patient, mut staff) = (clinic.doctor().await, clinic.patient().await, clinic.staff());
    let mut other = clinic.another_sql().await;
    let holding = other.transaction().await.unwrap();
    holding.execute(LOCK_CALENDARS, &[]).await.unwrap();
    let late = book(&mut staff, patient, doctor, at(3, 9, 0)).await;
    assert_eq!(refusal(late), (Code::DeadlineExceeded, "DEADLINE_EXCEEDED".to_owned()));
    holding.commit().await.unwrap();
    // What was given up holds nobody up.
    book(&mut staff, patient, doctor, at(3, 9, 0)).await.unwrap();
    clinic.close().await;
    assert_eq!(ledger::visits(&clinic.sql).await, 1);
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whenever_callers_hang_up_there_is_a_whole_booking_or_none() {
    let clinic = Clinic::open().await;
    let (doctor, patient) = (clinic.hire(hours("UTC", "00:00", "24:00")).await, clinic.patient().await);
    let mut staff = clinic.staff();
    free(&mut staff, doctor, date_in(3)).await;
    let mut answered = 0;
    for number in 0..96_u32 {
        let start = at(3, 0, 0) + SignedDuration::from_mins(30 * i64::from(number));
        let patience = Duration::from_micros(200) * number;
        match timeout(patience, book(&mut staff, patient, doctor, start)).await {
            Ok(booked) => {
                booked.unwrap();
                answered += 1;
            }
            Err(_hung_up) => {}
        }
    }
    clinic.close().await;
    let occupied = ledger::occupied(&clinic.sql).await;
    println!("of 96 bookings {occupied} were made, of which {answered} were answered");
    assert!(occupied >= answered);
    ledger::is_sound(&clinic.sql).await;
}
