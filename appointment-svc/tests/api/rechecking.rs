use crate::clinic::Clinic;
use crate::process::command;
use crate::wishes::{at, book, hours};
use platform::clock::time_zone_database;
use uuid::Uuid;

#[tokio::test]
async fn a_visit_whose_zone_has_other_rules_now_is_listed_with_both_instants() {
    let clinic = Clinic::open().await;
    let doctor = clinic.hire(hours("Europe/Berlin", "00:00", "24:00")).await;
    let mut staff = clinic.staff();
    book(&mut staff, clinic.patient().await, doctor, at(3, 9, 0)).await.unwrap();
    let moved = book(&mut staff, clinic.patient().await, doctor, at(3, 10, 0)).await.unwrap().id;
    let (is_settled, written) = command(&clinic, "recheck-zones").await;
    assert!(is_settled, "{written}");
    assert_eq!(written, format!("2 visits ahead looked at with {}, 0 moved\n", time_zone_database()));

    // As if it had been booked when Berlin was to keep another time.
    let other =
        "UPDATE appointment.appointments SET start_local = start_local + interval '1 hour' WHERE id = $1";
    clinic.sql.execute(other, &[&moved.parse::<Uuid>().unwrap()]).await.unwrap();
    let (is_settled, written) = command(&clinic, "recheck-zones").await;
    assert!(!is_settled);
    let first = written.lines().next().unwrap();
    assert!(first.starts_with(&moved), "{written}");
    assert!(
        first.ends_with(&format!("in Europe/Berlin was {} and is {}", at(3, 10, 0), at(3, 11, 0))),
        "{written}"
    );
    assert!(written.ends_with(", 1 moved\n"), "{written}");
}
