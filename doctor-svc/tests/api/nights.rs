use crate::clinic::Clinic;
use crate::wishes::{ada, add, get, hire, on, place, refusal, reschedule, wrong_fields};
use proto::doctor::availability::Break;
use proto::doctor::{Availability, Doctor, doctor_rules::Window};
use proto::ids::{DoctorId, LocationId};
use tokio_postgres::error::SqlState;
use tonic::Code;
use uuid::Uuid;

fn overlapping() -> (Code, String) {
    (Code::AlreadyExists, "OVERLAPPING_AVAILABILITY".to_owned())
}

fn pause(start: &str, end: &str) -> Break {
    Break { start_time: start.to_owned(), end_time: end.to_owned() }
}

fn during(from: &str, until: &str, hours: Availability) -> Availability {
    Availability { valid_from: from.to_owned(), valid_until: until.to_owned(), ..hours }
}

#[tokio::test]
async fn a_night_ends_on_the_next_day_and_reaches_into_no_other_hours() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let doctor = hire(&mut admin, ada()).await;
    let night = add(&mut admin, on(&doctor, 6, "22:00", "06:00")).await.unwrap();
    assert_eq!((&night.start_time[..], &night.end_time[..]), ("22:00:00", "06:00:00"));
    assert!(get(&mut admin, &doctor.id).await.unwrap().availabilities == [night.clone()]);
    let rules = clinic.calendars.in_force(&doctor.id).unwrap();
    assert_eq!((rules.windows[0].day_of_week, &rules.windows[0].end_time[..]), (6, "06:00:00"));

    // Sunday's night lasts into Monday.
    assert_eq!(refusal(add(&mut admin, on(&doctor, 0, "05:59", "09:00")).await), overlapping());
    let morning = add(&mut admin, on(&doctor, 0, "06:00", "09:00")).await.unwrap();
    let longer = Availability { end_time: "06:01".to_owned(), ..night };
    assert_eq!(refusal(reschedule(&mut admin, longer, &["end_time"]).await), overlapping());
    let earlier = Availability { start_time: "05:00".to_owned(), ..morning };
    assert_eq!(refusal(reschedule(&mut admin, earlier, &["start_time"]).await), overlapping());
    // Its end at midnight is said in one way.
    let evening = add(&mut admin, on(&doctor, 2, "18:00", "00:00")).await.unwrap();
    assert_eq!(evening.end_time, "24:00:00");
}

#[tokio::test]
async fn hours_of_different_dates_do_not_overlap() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let doctor = hire(&mut admin, ada()).await;
    let day = on(&doctor, 0, "09:00", "12:00");
    let spring = add(&mut admin, during("", "2030-06-30", day.clone())).await.unwrap();
    let autumn = add(&mut admin, during("2030-07-01", "", day.clone())).await.unwrap();
    assert_eq!(refusal(add(&mut admin, day.clone()).await), overlapping());
    let longer = during("", "2030-07-01", spring.clone());
    assert_eq!(refusal(reschedule(&mut admin, longer, &["valid_until"]).await), overlapping());
    let windows = clinic.calendars.in_force(&doctor.id).unwrap().windows;
    let dates: Vec<_> =
        windows.iter().map(|window| (&window.valid_from[..], &window.valid_until[..])).collect();
    assert_eq!(dates, [("", "2030-06-30"), ("2030-07-01", "")]);

    let backwards = during("2030-07-01", "2030-06-30", on(&doctor, 1, "09:00", "12:00"));
    assert_eq!(wrong_fields(add(&mut admin, backwards).await), ["availability.valid_until"]);
    let never = during("soon", "2030-02-30", on(&doctor, 1, "09:00", "12:00"));
    let fields = ["availability.valid_from", "availability.valid_until"];
    assert_eq!(wrong_fields(add(&mut admin, never).await), fields);

    // A shorter time takes something away, so the calendar is asked.
    clinic.calendars.asked();
    let shorter = during("2030-07-01", "2030-12-31", autumn);
    reschedule(&mut admin, shorter, &["valid_until"]).await.unwrap();
    assert!(clinic.calendars.asked()[0].refuse_if_booked);
}

#[tokio::test]
async fn the_database_knows_which_dates_hours_have() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let doctor = hire(&mut admin, ada()).await;
    add(&mut admin, during("", "2030-06-30", on(&doctor, 0, "22:00", "06:00"))).await.unwrap();
    let insert = "INSERT INTO doctor.availabilities
                         (id, doctor_id, day_of_week, start_second, end_second, is_available, valid_from)
                  VALUES ($1, $2, 0, 79200, 108000, true, $3)";
    let doctor_id: DoctorId = doctor.id.parse().unwrap();
    let from = |date: &str| date.parse::<jiff::civil::Date>().unwrap();
    let refused = clinic.sql.execute(insert, &[&Uuid::now_v7(), &doctor_id.0, &from("2030-06-30")]).await;
    assert_eq!(refused.unwrap_err().code(), Some(&SqlState::EXCLUSION_VIOLATION));
    clinic.sql.execute(insert, &[&Uuid::now_v7(), &doctor_id.0, &from("2030-07-01")]).await.unwrap();
}

#[tokio::test]
async fn nothing_is_offered_in_a_break() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let doctor = hire(&mut admin, ada()).await;
    let breaks = vec![pause("15:00", "15:15"), pause("12:00", "13:00")];
    let hours = Availability { breaks, ..on(&doctor, 0, "09:00", "17:00") };
    let mut hours = add(&mut admin, hours).await.unwrap();
    assert_eq!(hours.breaks[0].start_time, "12:00:00");
    let offered = |windows: &[Window]| -> Vec<(String, String)> {
        windows.iter().map(|window| (window.start_time.clone(), window.end_time.clone())).collect()
    };
    let pieces = [("09:00:00", "12:00:00"), ("13:00:00", "15:00:00"), ("15:15:00", "17:00:00")];
    let pieces = pieces.map(|(start, end)| (start.to_owned(), end.to_owned()));
    assert_eq!(offered(&clinic.calendars.in_force(&doctor.id).unwrap().windows), pieces);
    assert!(get(&mut admin, &doctor.id).await.unwrap().availabilities == [hours.clone()]);

    hours.breaks.clear();
    reschedule(&mut admin, hours.clone(), &["breaks"]).await.unwrap();
    assert_eq!(clinic.calendars.in_force(&doctor.id).unwrap().windows.len(), 1);
    for (breaks, field) in [
        (vec![pause("12:00", "12:00")], "availability.breaks[0].end_time"),
        (vec![pause("12:00", "13:00"), pause("16:30", "17:30")], "availability.breaks[1].start_time"),
        (vec![pause("12:00", "13:00"), pause("13:00", "14:00")], "availability.breaks[1].start_time"),
        (vec![pause("noon", "13:00")], "availability.breaks[0].start_time"),
        (vec![pause("12:00", "13:00"); 11], "availability.breaks"),
    ] {
        hours.breaks = breaks;
        assert_eq!(wrong_fields(reschedule(&mut admin, hours.clone(), &["breaks"]).await), [field]);
    }
    let late = Availability { breaks: vec![pause("23:30", "00:30")], ..on(&doctor, 3, "20:00", "06:00") };
    assert_eq!(wrong_fields(add(&mut admin, late).await), ["availability.breaks[0].end_time"]);
}

#[tokio::test]
async fn hours_are_at_a_location_that_exists_and_moving_them_is_asked() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let doctor = hire(&mut admin, ada()).await;
    let there = place(&mut admin, "Main Street").await;
    let nowhere =
        Availability { location_id: LocationId::random().to_string(), ..on(&doctor, 0, "09:00", "12:00") };
    assert_eq!(wrong_fields(add(&mut admin, nowhere.clone()).await), ["availability.location_id"]);
    let garbled = Availability { location_id: "x".to_owned(), ..nowhere.clone() };
    assert_eq!(wrong_fields(add(&mut admin, garbled).await), ["availability.location_id"]);

    let hours = Availability { location_id: there.id.clone(), ..nowhere.clone() };
    let hours = add(&mut admin, hours).await.unwrap();
    assert_eq!(clinic.calendars.in_force(&doctor.id).unwrap().windows[0].location_id, there.id);
    let moved = Availability { location_id: nowhere.location_id, ..hours.clone() };
    let refused = reschedule(&mut admin, moved, &["location_id"]).await;
    assert_eq!(wrong_fields(refused), ["availability.location_id"]);
    assert_eq!(clinic.narrowings().await, 0);
    clinic.calendars.asked();
    let home = Availability { location_id: String::new(), ..hours };
    assert_eq!(reschedule(&mut admin, home, &["location_id"]).await.unwrap().location_id, "");
    assert!(clinic.calendars.asked()[0].refuse_if_booked);
}

#[tokio::test]
async fn the_most_visits_of_a_day_are_published_and_exclude_nobody() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let doctor = hire(&mut admin, Doctor { max_daily_visits: 12, ..ada() }).await;
    assert_eq!(doctor.max_daily_visits, 12);
    clinic.calendars.asked();
    let fewer = Doctor { max_daily_visits: 3, ..doctor.clone() };
    let fewer = crate::wishes::update(&mut admin, fewer, &["max_daily_visits"]).await.unwrap();
    assert_eq!(fewer.max_daily_visits, 3);
    let asked = clinic.calendars.asked();
    let rules = asked[0].rules.clone().unwrap();
    assert!(!asked[0].refuse_if_booked);
    assert_eq!((rules.max_daily_visits, &rules.specialization[..]), (3, "Cardiology"));
    let wrong = Doctor { max_daily_visits: -1, ..doctor };
    let refused = crate::wishes::update(&mut admin, wrong, &["max_daily_visits"]).await;
    assert_eq!(wrong_fields(refused), ["doctor.max_daily_visits"]);
}
