use crate::clinic::{Client, Clinic};
use crate::peers::Mood;
use crate::wishes::{ada, add, fact, hire, mask, on, place, refusal, wrong_fields};
use proto::doctor::{
    Availability, AvailabilityOverride, CreateHolidayRequest, CreateLocationRequest, CreateRoomRequest,
    DeleteDoctorRequest, DeleteHolidayRequest, DeleteLocationRequest, DeleteRoomRequest,
    GetClinicRulesRequest, GetLocationRequest, Holiday, ListHolidaysRequest, ListLocationsRequest, Location,
    Room, SetAvailabilityOverrideRequest, UpdateLocationRequest, availability_override::Hours,
};
use proto::ids::LocationId;
use std::time::Duration;
use tokio::time::timeout;
use tonic::{Code, Response, Status};

/// Longest wait for a repair; far longer than it takes.
const PATIENCE: Duration = Duration::from_secs(30);

fn forbidden() -> (Code, String) {
    (Code::PermissionDenied, "FORBIDDEN".to_owned())
}

async fn furnish(client: &mut Client, location: &str, name: &str) -> Result<Room, Status> {
    let room = Room { location_id: location.to_owned(), name: name.to_owned(), ..Room::default() };
    client.create_room(CreateRoomRequest { room: Some(room) }).await.map(Response::into_inner)
}

async fn close(client: &mut Client, date: &str, location: &str) -> Result<Holiday, Status> {
    let holiday = Holiday {
        date: date.to_owned(),
        name: "Holiday".to_owned(),
        location_id: location.to_owned(),
        ..Holiday::default()
    };
    client.create_holiday(CreateHolidayRequest { holiday: Some(holiday) }).await.map(Response::into_inner)
}

async fn move_to(client: &mut Client, location: &Location, time_zone: &str) -> Result<Location, Status> {
    let wish = Location { time_zone: time_zone.to_owned(), ..location.clone() };
    let request = UpdateLocationRequest {
        location: Some(wish),
        update_mask: Some(mask(&["time_zone"])),
        expected_version: 0,
    };
    client.update_location(request).await.map(Response::into_inner)
}

async fn remove(client: &mut Client, location: &Location) -> Result<Location, Status> {
    let request = DeleteLocationRequest { id: location.id.clone(), expected_version: 0 };
    client.delete_location(request).await.map(Response::into_inner)
}

async fn locations(client: &mut Client) -> Vec<Location> {
    client.list_locations(ListLocationsRequest {}).await.unwrap().into_inner().locations
}

fn days(holidays: &[Holiday]) -> Vec<&str> {
    holidays.iter().map(|holiday| holiday.date.as_str()).collect()
}

#[tokio::test]
async fn a_location_has_rooms_and_is_found_as_it_was_made() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let (north, main) = (place(&mut admin, "North").await, place(&mut admin, "Main Street").await);
    let second = furnish(&mut admin, &main.id, "Room 2").await.unwrap();
    let first = furnish(&mut admin, &main.id, "Room 1").await.unwrap();
    assert_eq!(first.location_id, main.id);
    let found = clinic.patient().get_location(GetLocationRequest { id: main.id.clone() }).await;
    let found = found.unwrap().into_inner();
    assert!(found.rooms == [first.clone(), second.clone()] && found.version == 3);
    assert!(locations(&mut clinic.patient()).await == [found.clone(), north]);

    let delete = DeleteRoomRequest { location_id: main.id.clone(), id: second.id.clone() };
    assert!(admin.delete_room(delete.clone()).await.unwrap().into_inner() == second);
    assert_eq!(refusal(admin.delete_room(delete).await), (Code::NotFound, "ROOM_NOT_FOUND".to_owned()));
    let late = UpdateLocationRequest {
        location: Some(Location {
            name: "High Street".to_owned(),
            address: "1 High Street".to_owned(),
            ..found
        }),
        update_mask: Some(mask(&["name", "address"])),
        expected_version: 3,
    };
    let stale = (Code::Aborted, "VERSION_MISMATCH".to_owned());
    assert_eq!(refusal(admin.update_location(late.clone()).await), stale);
    let renamed = admin.update_location(UpdateLocationRequest { expected_version: 4, ..late }).await.unwrap();
    let renamed = renamed.into_inner();
    assert_eq!((&renamed.address[..], renamed.version, renamed.rooms.len()), ("1 High Street", 5, 1));
    assert!(locations(&mut admin).await[0] == renamed);
    assert!(remove(&mut admin, &renamed).await.unwrap() == renamed);
    let missing = (Code::NotFound, "LOCATION_NOT_FOUND".to_owned());
    assert_eq!(refusal(remove(&mut admin, &renamed).await), missing);
    assert_eq!(refusal(furnish(&mut admin, &renamed.id, "Room 1").await), missing);
}

#[tokio::test]
async fn what_is_wrong_with_a_place_is_told_by_field() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let wrong = Location {
        name: " ".to_owned(),
        time_zone: "Mars/Olympus".to_owned(),
        rooms: vec![Room::default()],
        ..Location::default()
    };
    let refused = admin.create_location(CreateLocationRequest { location: Some(wrong) }).await;
    assert_eq!(wrong_fields(refused), ["location.rooms", "location.name", "location.time_zone"]);
    let main = place(&mut admin, "Main Street").await;
    assert_eq!(wrong_fields(move_to(&mut admin, &main, "Nowhere").await), ["location.time_zone"]);
    assert_eq!(wrong_fields(furnish(&mut admin, &main.id, "").await), ["room.name"]);
    assert_eq!(wrong_fields(furnish(&mut admin, "x", "Room 1").await), ["room.location_id"]);
    assert_eq!(
        wrong_fields(close(&mut admin, "2190-02-30", "x").await),
        ["holiday.date", "holiday.location_id"]
    );
    assert_eq!(wrong_fields(close(&mut admin, "2020-01-01", "").await), ["holiday.date"]);
    let nowhere = LocationId::random().to_string();
    assert_eq!(wrong_fields(close(&mut admin, "2190-01-01", &nowhere).await), ["holiday.location_id"]);
}

#[tokio::test]
async fn a_location_stays_while_hours_are_there() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let (ada, grace) =
        (hire(&mut admin, ada()).await, hire(&mut admin, crate::wishes::named("Grace", "Hopper")).await);
    let (weekly, dated) = (place(&mut admin, "Main Street").await, place(&mut admin, "North").await);
    let hours = Availability { location_id: weekly.id.clone(), ..on(&ada, 0, "09:00", "12:00") };
    add(&mut admin, hours).await.unwrap();
    let there =
        Hours { start_time: "09:00".to_owned(), end_time: "12:00".to_owned(), location_id: dated.id.clone() };
    let new = AvailabilityOverride {
        doctor_id: grace.id.clone(),
        date: "2190-01-05".to_owned(),
        hours: vec![there],
    };
    admin.set_availability_override(SetAvailabilityOverrideRequest { r#override: Some(new) }).await.unwrap();
    let in_use = (Code::FailedPrecondition, "LOCATION_IN_USE".to_owned());
    clinic.calendars.asked_of_clinic();
    for used in [&weekly, &dated] {
        assert_eq!(refusal(remove(&mut admin, used).await), in_use);
    }
    assert!(clinic.calendars.asked_of_clinic().is_empty());
    assert_eq!(clinic.narrowings().await, 0);

    // Doctors who left stand in nobody's way.
    admin.delete_doctor(DeleteDoctorRequest { id: ada.id, expected_version: 0 }).await.unwrap();
    remove(&mut admin, &weekly).await.unwrap();
    admin.delete_doctor(DeleteDoctorRequest { id: grace.id, expected_version: 0 }).await.unwrap();
    remove(&mut admin, &dated).await.unwrap();
}

#[tokio::test]
async fn what_is_added_reaches_the_calendar_and_is_told() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let main = place(&mut admin, "Main Street").await;
    furnish(&mut admin, &main.id, "Room 1").await.unwrap();
    assert!(clinic.calendars.asked_of_clinic().iter().all(|asked| !asked.refuse_if_booked));
    let in_force = clinic.calendars.clinic_in_force();
    assert_eq!((&in_force.locations[0].id, in_force.locations[0].rooms.len()), (&main.id, 1));
    let mut appointments = clinic.service("appointment-svc");
    let rules = appointments.get_clinic_rules(GetClinicRulesRequest {}).await.unwrap().into_inner();
    assert!(rules == in_force);

    let (event_type, data) = clinic.events().await.pop().unwrap();
    assert_eq!(event_type, "doctor.clinic_changed");
    assert_eq!(data, format!(r#"{{"rules_version": {}}}"#, in_force.version));
    let rows = clinic.sql.query("SELECT DISTINCT aggregate_id FROM doctor.outbox", &[]).await.unwrap();
    assert_eq!(
        rows.iter().map(|row| row.get::<_, uuid::Uuid>(0)).collect::<Vec<_>>(),
        [doctor_svc::events::CLINIC]
    );
}

#[tokio::test]
async fn a_holiday_is_asked_of_the_calendar_first() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let main = place(&mut admin, "Main Street").await;
    clinic.calendars.asked_of_clinic();
    let everywhere = close(&mut admin, "2190-12-25", "").await.unwrap();
    assert!(clinic.calendars.asked_of_clinic()[0].refuse_if_booked);
    assert_eq!(days(&clinic.calendars.clinic_in_force().holidays), ["2190-12-25"]);
    close(&mut admin, "2190-12-24", &main.id).await.unwrap();
    let exists = (Code::AlreadyExists, "HOLIDAY_EXISTS".to_owned());
    assert_eq!(refusal(close(&mut admin, "2190-12-25", "").await), exists);
    let listed = clinic.patient().list_holidays(ListHolidaysRequest {}).await.unwrap().into_inner().holidays;
    assert_eq!(days(&listed), ["2190-12-24", "2190-12-25"]);

    clinic.calendars.asked_of_clinic();
    let delete = DeleteHolidayRequest { id: everywhere.id.clone() };
    assert!(admin.delete_holiday(delete.clone()).await.unwrap().into_inner() == everywhere);
    assert!(!clinic.calendars.asked_of_clinic()[0].refuse_if_booked);
    let missing = (Code::NotFound, "HOLIDAY_NOT_FOUND".to_owned());
    assert_eq!(refusal(admin.delete_holiday(delete).await), missing);
    assert_eq!(days(&clinic.calendars.clinic_in_force().holidays), ["2190-12-24"]);
}

#[tokio::test]
async fn what_is_booked_stands_against_holidays_rooms_and_zones() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let main = place(&mut admin, "Main Street").await;
    let room = furnish(&mut admin, &main.id, "Room 1").await.unwrap();
    let before = locations(&mut admin).await;
    let events = clinic.events().await;
    clinic.calendars.set(Mood::Booked("visit-1,visit-2".to_owned()));
    let delete = DeleteRoomRequest { location_id: main.id.clone(), id: room.id };
    let refused = [
        close(&mut admin, "2190-12-25", "").await.err(),
        admin.delete_room(delete).await.err(),
        move_to(&mut admin, &main, "Europe/Lisbon").await.err(),
        remove(&mut admin, &main).await.err(),
    ];
    for refused in refused {
        let refused: Result<(), _> = Err(refused.unwrap());
        let expected = (Code::FailedPrecondition, "HAS_ACTIVE_APPOINTMENTS".to_owned());
        assert_eq!(refusal(refused.clone()), expected);
        assert_eq!(fact(refused, "appointment_ids").as_deref(), Some("visit-1,visit-2"));
    }
    assert!(locations(&mut admin).await == before);
    assert_eq!(clinic.events().await, events);
    assert_eq!(clinic.narrowings().await, 0);
    furnish(&mut admin, &main.id, "Room 2").await.unwrap();
}

#[tokio::test]
async fn nothing_is_taken_away_while_the_calendar_is_away_and_all_can_be_added() {
    let mut clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    clinic.appointment_svc.stop().await;
    let main = place(&mut admin, "Main Street").await;
    let away = (Code::Unavailable, "DEPENDENCY_UNAVAILABLE".to_owned());
    assert_eq!(refusal(close(&mut admin, "2190-12-25", "").await), away);
    assert!(locations(&mut admin).await == [main]);
    clinic.appointment_svc.start_again().await;
    close(&mut admin, "2190-12-25", "").await.unwrap();
}

#[tokio::test]
async fn a_calendar_that_was_left_with_a_holiday_is_repaired() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    clinic.calendars.set(Mood::Mute);
    assert_eq!(refusal(close(&mut admin, "2190-12-25", "").await).0, Code::Unavailable);
    let narrower = clinic.calendars.clinic_in_force();
    assert_eq!(narrower.holidays.len(), 1);
    assert_eq!(clinic.narrowings().await, 1);

    clinic.calendars.set(Mood::Fine);
    // Time passes.
    let older = "UPDATE doctor.clinic_narrowings SET begun_at = begun_at - interval '1 minute'";
    clinic.sql.execute(older, &[]).await.unwrap();
    let repaired = clinic.calendars.clinic_later_than(narrower.version);
    let repaired = timeout(PATIENCE, repaired).await.expect("the calendar was not repaired");
    assert!(repaired.holidays.is_empty());
    assert_eq!(clinic.narrowings().await, 0);
    let (event_type, data) = clinic.events().await.pop().unwrap();
    assert_eq!(event_type, "doctor.clinic_changed");
    assert!(data.contains(&repaired.version.to_string()));
}

#[tokio::test]
async fn places_are_for_admins_to_change_and_for_all_to_read() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let main = place(&mut admin, "Main Street").await;
    let room = furnish(&mut admin, &main.id, "Room 1").await.unwrap();
    let holiday = close(&mut admin, "2190-12-25", "").await.unwrap();
    let doctor = hire(&mut admin, ada()).await;
    for mut other in [clinic.staff(), clinic.doctor(&doctor.id), clinic.patient(), clinic.auditor()] {
        assert_eq!(refusal(other.create_location(CreateLocationRequest::default()).await), forbidden());
        assert_eq!(refusal(move_to(&mut other, &main, "UTC").await), forbidden());
        assert_eq!(refusal(remove(&mut other, &main).await), forbidden());
        assert_eq!(refusal(furnish(&mut other, &main.id, "").await), forbidden());
        let delete = DeleteRoomRequest { location_id: main.id.clone(), id: room.id.clone() };
        assert_eq!(refusal(other.delete_room(delete).await), forbidden());
        assert_eq!(refusal(close(&mut other, "", "").await), forbidden());
        let delete = DeleteHolidayRequest { id: holiday.id.clone() };
        assert_eq!(refusal(other.delete_holiday(delete).await), forbidden());
        assert_eq!(locations(&mut other).await.len(), 1);
        assert_eq!(refusal(other.get_clinic_rules(GetClinicRulesRequest {}).await), forbidden());
    }
    let mut nobody = clinic.nobody();
    assert_eq!(refusal(nobody.list_locations(ListLocationsRequest {}).await).0, Code::Unauthenticated);
    assert_eq!(refusal(nobody.get_clinic_rules(GetClinicRulesRequest {}).await).0, Code::Unauthenticated);
}
