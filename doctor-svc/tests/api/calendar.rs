use crate::clinic::Clinic;
use crate::peers::Mood;
use crate::wishes::{ada, add, fact, get, hire, on, refusal, reschedule, update};
use proto::doctor::{
    Availability, DeleteAvailabilityRequest, DeleteDoctorRequest, Doctor, GetDoctorRulesRequest,
};
use std::time::Duration;
use tokio::time::timeout;
use tonic::Code;

/// Longest wait for a repair; far longer than it takes.
const PATIENCE: Duration = Duration::from_secs(30);

fn removal(hours: &Availability) -> DeleteAvailabilityRequest {
    DeleteAvailabilityRequest { doctor_id: hours.doctor_id.clone(), id: hours.id.clone() }
}

#[tokio::test]
async fn what_is_added_can_be_booked_at_once() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let doctor = hire(&mut admin, ada()).await;
    let hired = clinic.calendars.in_force(&doctor.id).unwrap();
    assert!(hired.is_active && hired.windows.is_empty());

    add(&mut admin, on(&doctor, 2, "09:00", "24:00")).await.unwrap();
    let added = clinic.calendars.in_force(&doctor.id).unwrap();
    assert!(added.version > hired.version);
    let window = &added.windows[0];
    assert_eq!(
        (window.day_of_week, &window.start_time[..], &window.end_time[..]),
        (2, "09:00:00", "24:00:00")
    );
    assert!(clinic.calendars.asked().iter().all(|asked| !asked.refuse_if_booked));
    let mut appointments = clinic.service("appointment-svc");
    let rules = GetDoctorRulesRequest { doctor_id: doctor.id };
    assert!(appointments.get_doctor_rules(rules).await.unwrap().into_inner() == added);
}

#[tokio::test]
async fn adding_works_while_the_calendar_is_away_and_the_event_tells_it() {
    let mut clinic = Clinic::open().await;
    clinic.appointment_svc.stop().await;
    let mut admin = clinic.admin();
    let doctor = hire(&mut admin, ada()).await;
    let hours = add(&mut admin, on(&doctor, 0, "09:00", "12:00")).await.unwrap();
    assert!(get(&mut admin, &doctor.id).await.unwrap().availabilities == [hours]);

    let events = clinic.events().await;
    let types: Vec<_> = events.iter().map(|(event_type, _)| event_type.as_str()).collect();
    assert_eq!(types, ["doctor.created", "doctor.rules_changed", "doctor.updated", "doctor.rules_changed"]);
    assert_eq!(events[0].1, format!(r#"{{"version": 1, "doctor_id": "{}"}}"#, doctor.id));
    assert!(events[3].1.contains(&doctor.id) && events[3].1.contains("rules_version"));
}

#[tokio::test]
async fn what_is_booked_cannot_be_taken_away() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let doctor = hire(&mut admin, ada()).await;
    let hours = add(&mut admin, on(&doctor, 0, "09:00", "12:00")).await.unwrap();
    let before = get(&mut admin, &doctor.id).await.unwrap();
    let events = clinic.events().await;
    clinic.calendars.set(Mood::Booked("visit-1,visit-2".to_owned()));

    let shorter = Availability { end_time: "11:00".to_owned(), ..hours.clone() };
    let unused = Availability { is_available: false, ..hours.clone() };
    let elsewhere = Doctor { time_zone: "America/New_York".to_owned(), ..doctor.clone() };
    let delete = DeleteDoctorRequest { id: doctor.id.clone(), expected_version: 0 };
    let refused = [
        admin.delete_availability(removal(&hours)).await.err(),
        reschedule(&mut admin, shorter, &["end_time"]).await.err(),
        reschedule(&mut admin, unused, &["is_available"]).await.err(),
        update(&mut admin, elsewhere, &["time_zone"]).await.err(),
        admin.delete_doctor(delete).await.err(),
    ];
    for refused in refused {
        let refused: Result<(), _> = Err(refused.unwrap());
        let expected = (Code::FailedPrecondition, "HAS_ACTIVE_APPOINTMENTS".to_owned());
        assert_eq!(refusal(refused.clone()), expected);
        assert_eq!(fact(refused, "appointment_ids").as_deref(), Some("visit-1,visit-2"));
    }
    assert!(get(&mut admin, &doctor.id).await.unwrap() == before);
    assert_eq!(clinic.events().await, events);
    assert_eq!(clinic.narrowings().await, 0);

    // More hours, or slots of another length, exclude nobody.
    let longer = Availability { end_time: "13:00".to_owned(), ..hours };
    reschedule(&mut admin, longer, &["end_time"]).await.unwrap();
    update(&mut admin, Doctor { slot_minutes: 60, ..doctor }, &["slot_minutes"]).await.unwrap();
}

#[tokio::test]
async fn what_is_taken_away_is_out_of_the_calendar_first() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let doctor = hire(&mut admin, ada()).await;
    let hours = add(&mut admin, on(&doctor, 0, "09:00", "12:00")).await.unwrap();
    clinic.calendars.asked();
    admin.delete_availability(removal(&hours)).await.unwrap();
    let asked = clinic.calendars.asked();
    assert!(asked.len() == 1 && asked[0].refuse_if_booked);
    assert!(clinic.calendars.in_force(&doctor.id).unwrap().windows.is_empty());

    let delete = DeleteDoctorRequest { id: doctor.id.clone(), expected_version: 0 };
    admin.delete_doctor(delete).await.unwrap();
    let last = clinic.calendars.in_force(&doctor.id).unwrap();
    assert!(!last.is_active);
    let mut appointments = clinic.service("appointment-svc");
    let rules = GetDoctorRulesRequest { doctor_id: doctor.id };
    assert!(appointments.get_doctor_rules(rules).await.unwrap().into_inner() == last);
    assert_eq!(clinic.narrowings().await, 0);
}

#[tokio::test]
async fn nothing_is_taken_away_while_the_calendar_is_away() {
    let mut clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let doctor = hire(&mut admin, ada()).await;
    let hours = add(&mut admin, on(&doctor, 0, "09:00", "12:00")).await.unwrap();
    clinic.appointment_svc.stop().await;
    let refused = admin.delete_availability(removal(&hours)).await;
    assert_eq!(refusal(refused), (Code::Unavailable, "DEPENDENCY_UNAVAILABLE".to_owned()));
    assert!(get(&mut admin, &doctor.id).await.unwrap().availabilities == [hours.clone()]);

    clinic.appointment_svc.start_again().await;
    admin.delete_availability(removal(&hours)).await.unwrap();
}

#[tokio::test]
async fn a_calendar_that_was_left_narrower_is_repaired() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let doctor = hire(&mut admin, ada()).await;
    let hours = add(&mut admin, on(&doctor, 0, "09:00", "12:00")).await.unwrap();
    clinic.calendars.set(Mood::Mute);
    let refused = admin.delete_availability(removal(&hours)).await;
    assert_eq!(refusal(refused).0, Code::Unavailable);
    let narrower = clinic.calendars.in_force(&doctor.id).unwrap();
    assert!(narrower.windows.is_empty());
    assert_eq!(clinic.narrowings().await, 1);

    clinic.calendars.set(Mood::Fine);
    // Time passes.
    let older = "UPDATE doctor.narrowings SET begun_at = begun_at - interval '1 minute'";
    clinic.sql.execute(older, &[]).await.unwrap();
    let repaired = clinic.calendars.later_than(&doctor.id, narrower.version);
    let repaired = timeout(PATIENCE, repaired).await.expect("the calendar was not repaired");
    assert_eq!(repaired.windows.len(), 1);
    assert_eq!(clinic.narrowings().await, 0);
    let (event_type, data) = clinic.events().await.pop().unwrap();
    assert_eq!(event_type, "doctor.rules_changed");
    assert!(data.contains(&repaired.version.to_string()));
}
