use crate::clinic::{Client, Clinic};
use crate::peers::Mood;
use crate::wishes::{ada, add, fact, get, hire, on, place, refusal, wrong_fields};
use proto::doctor::availability_override::Hours;
use proto::doctor::{
    AvailabilityOverride, CreateTimeOffRequest, DeleteAvailabilityOverrideRequest, DeleteTimeOffRequest,
    Doctor, ListAvailabilityOverridesRequest, ListTimeOffRequest, SetAvailabilityOverrideRequest, TimeOff,
};
use proto::ids::{DoctorId, TimeOffId};
use tonic::{Code, Response, Status};

fn hours(start: &str, end: &str) -> Hours {
    Hours { start_time: start.to_owned(), end_time: end.to_owned(), location_id: String::new() }
}

fn forbidden() -> (Code, String) {
    (Code::PermissionDenied, "FORBIDDEN".to_owned())
}

fn instead(doctor: &Doctor, date: &str, hours: Vec<Hours>) -> AvailabilityOverride {
    AvailabilityOverride { doctor_id: doctor.id.clone(), date: date.to_owned(), hours }
}

async fn set(client: &mut Client, new: AvailabilityOverride) -> Result<AvailabilityOverride, Status> {
    let request = SetAvailabilityOverrideRequest { r#override: Some(new) };
    client.set_availability_override(request).await.map(Response::into_inner)
}

async fn overrides(client: &mut Client, doctor: &Doctor) -> Vec<AvailabilityOverride> {
    let request = ListAvailabilityOverridesRequest { doctor_id: doctor.id.clone() };
    client.list_availability_overrides(request).await.unwrap().into_inner().overrides
}

/// Time off from and until civil times.
fn away(doctor: &Doctor, start: &str, end: &str) -> TimeOff {
    TimeOff {
        doctor_id: doctor.id.clone(),
        start_local: start.to_owned(),
        end_local: end.to_owned(),
        reason: "Conference".to_owned(),
        ..TimeOff::default()
    }
}

async fn take(client: &mut Client, off: TimeOff) -> Result<TimeOff, Status> {
    client.create_time_off(CreateTimeOffRequest { time_off: Some(off) }).await.map(Response::into_inner)
}

async fn all_off(client: &mut Client, doctor: &Doctor) -> Vec<TimeOff> {
    let request = ListTimeOffRequest { doctor_id: doctor.id.clone() };
    client.list_time_off(request).await.unwrap().into_inner().time_off
}

#[tokio::test]
async fn other_hours_replace_those_of_a_date_and_are_published() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let doctor = hire(&mut admin, ada()).await;
    add(&mut admin, on(&doctor, 0, "09:00", "12:00")).await.unwrap();
    let there = place(&mut admin, "Main Street").await;
    let night = Hours { location_id: there.id.clone(), ..hours("22:00", "06:00") };
    let late = set(&mut admin, instead(&doctor, "2190-02-05", vec![night, hours("09:00", "10:00")])).await;
    let late = late.unwrap();
    assert_eq!((&late.hours[0].start_time[..], &late.hours[1].end_time[..]), ("09:00:00", "06:00:00"));
    let closed = set(&mut admin, instead(&doctor, "2190-01-05", Vec::new())).await.unwrap();
    assert!(overrides(&mut clinic.patient(), &doctor).await == [closed.clone(), late.clone()]);
    assert_eq!(get(&mut admin, &doctor.id).await.unwrap().version, 4);

    let rules = clinic.calendars.in_force(&doctor.id).unwrap();
    let dates: Vec<_> = rules.overrides.iter().map(|there| (&there.date[..], there.windows.len())).collect();
    assert_eq!(dates, [("2190-01-05", 0), ("2190-02-05", 2)]);
    assert_eq!(rules.overrides[1].windows[1].location_id, there.id);

    let open = set(&mut admin, instead(&doctor, "2190-01-05", vec![hours("09:00", "24:00")])).await.unwrap();
    assert!(overrides(&mut admin, &doctor).await == [open, late.clone()]);
    let delete = DeleteAvailabilityOverrideRequest { doctor_id: doctor.id.clone(), date: late.date.clone() };
    assert!(admin.delete_availability_override(delete.clone()).await.unwrap().into_inner() == late);
    let missing = (Code::NotFound, "OVERRIDE_NOT_FOUND".to_owned());
    assert_eq!(refusal(admin.delete_availability_override(delete).await), missing);
}

#[tokio::test]
async fn what_is_wrong_with_other_hours_is_told_by_field() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let doctor = hire(&mut admin, ada()).await;
    let nowhere = Hours { location_id: TimeOffId::random().to_string(), ..hours("09:00", "10:00") };
    for (date, hours, field) in [
        ("2190-02-30", vec![], "override.date"),
        ("", vec![], "override.date"),
        ("2020-01-01", vec![], "override.date"),
        ("2190-01-05", vec![hours("09:00", "09:00")], "override.hours[0].end_time"),
        ("2190-01-05", vec![hours("nine", "10:00")], "override.hours[0].start_time"),
        ("2190-01-05", vec![hours("09:00", "12:00"), hours("11:00", "13:00")], "override.hours"),
        ("2190-01-05", vec![hours("09:00", "12:00"); 13], "override.hours"),
        ("2190-01-05", vec![hours("11:00", "12:00"), nowhere], "override.hours[1].location_id"),
    ] {
        assert_eq!(wrong_fields(set(&mut admin, instead(&doctor, date, hours)).await), [field]);
    }
    let nobody = Doctor { id: DoctorId::random().to_string(), ..doctor };
    let missing = (Code::NotFound, "DOCTOR_NOT_FOUND".to_owned());
    assert_eq!(refusal(set(&mut admin, instead(&nobody, "2190-01-05", Vec::new())).await), missing);
}

#[tokio::test]
async fn time_off_is_typed_in_the_doctors_zone_or_as_instants() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let doctor = hire(&mut admin, ada()).await;
    let summer = take(&mut admin, away(&doctor, "2190-07-01T09:00", "2190-07-02T00:00:00")).await.unwrap();
    let start: jiff::Timestamp = "2190-07-01T07:00:00Z".parse().unwrap();
    assert_eq!(summer.start_time.unwrap().seconds, start.as_second());
    assert_eq!(
        (&summer.start_local[..], &summer.end_local[..]),
        ("2190-07-01T09:00:00", "2190-07-02T00:00:00")
    );
    let earlier = TimeOff {
        start_time: Some(proto::time::to_wire("2190-01-01T00:00:00Z".parse().unwrap())),
        end_time: Some(proto::time::to_wire("2190-01-02T00:00:00Z".parse().unwrap())),
        ..away(&doctor, "", "")
    };
    let earlier = take(&mut admin, earlier).await.unwrap();
    assert_eq!(earlier.start_local, "2190-01-01T01:00:00");
    assert!(all_off(&mut admin, &doctor).await == [earlier.clone(), summer.clone()]);
    let absences = clinic.calendars.in_force(&doctor.id).unwrap().absences;
    assert_eq!(
        absences.iter().map(|absence| absence.start_time).collect::<Vec<_>>(),
        [earlier.start_time, summer.start_time]
    );

    let delete = DeleteTimeOffRequest { doctor_id: doctor.id.clone(), id: earlier.id.clone() };
    assert!(admin.delete_time_off(delete.clone()).await.unwrap().into_inner() == earlier);
    let missing = (Code::NotFound, "TIME_OFF_NOT_FOUND".to_owned());
    assert_eq!(refusal(admin.delete_time_off(delete).await), missing);
    assert!(all_off(&mut admin, &doctor).await == [summer]);
}

#[tokio::test]
async fn what_is_wrong_with_time_off_is_told_by_field() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let doctor = hire(&mut admin, ada()).await;
    // The clock jumps from two to three.
    for (start, end, field) in [
        ("2190-03-28T02:30", "2190-03-28T09:00", "time_off.start_time"),
        ("2190-03-27T02:30", "2190-03-28T02:30", "time_off.end_time"),
        ("2190-07-01T09:00", "2190-07-01T09:00", "time_off.end_time"),
        ("2020-07-01T09:00", "2020-07-01T10:00", "time_off.end_time"),
        ("", "2190-07-01T10:00", "time_off.start_time"),
        ("soon", "2190-07-01T10:00", "time_off.start_local"),
    ] {
        assert_eq!(wrong_fields(take(&mut admin, away(&doctor, start, end)).await), [field], "{start} {end}");
    }
    let both = TimeOff {
        start_time: Some(proto::time::to_wire("2190-01-01T00:00:00Z".parse().unwrap())),
        reason: "x".to_owned(),
        ..away(&doctor, "2190-07-01T09:00", "2190-07-01T10:00")
    };
    assert_eq!(wrong_fields(take(&mut admin, both).await), ["time_off.start_local", "time_off.reason"]);
}

#[tokio::test]
async fn what_is_over_is_not_told_any_more() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let doctor = hire(&mut admin, ada()).await;
    take(&mut admin, away(&doctor, "2190-07-01T09:00", "2190-07-02T00:00")).await.unwrap();
    set(&mut admin, instead(&doctor, "2190-01-05", Vec::new())).await.unwrap();
    // Time passes.
    let ended = "UPDATE doctor.time_off SET starts_at = 'epoch', ends_at = clock_timestamp()";
    clinic.sql.execute(ended, &[]).await.unwrap();
    clinic.sql.execute("UPDATE doctor.availability_overrides SET date = '2020-01-01'", &[]).await.unwrap();
    assert!(all_off(&mut admin, &doctor).await.is_empty());
    assert!(overrides(&mut admin, &doctor).await.is_empty());
    add(&mut admin, on(&doctor, 0, "09:00", "12:00")).await.unwrap();
    let rules = clinic.calendars.in_force(&doctor.id).unwrap();
    assert!(rules.absences.is_empty() && rules.overrides.is_empty());
}

#[tokio::test]
async fn nobody_is_away_while_visits_are_booked() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let doctor = hire(&mut admin, ada()).await;
    add(&mut admin, on(&doctor, 0, "09:00", "12:00")).await.unwrap();
    let before = get(&mut admin, &doctor.id).await.unwrap();
    clinic.calendars.set(Mood::Booked("visit-1".to_owned()));
    let refused = [
        take(&mut admin, away(&doctor, "2190-07-01T09:00", "2190-07-02T00:00")).await.err(),
        set(&mut admin, instead(&doctor, "2190-01-05", Vec::new())).await.err(),
    ];
    for refused in refused {
        let refused: Result<(), _> = Err(refused.unwrap());
        let expected = (Code::FailedPrecondition, "HAS_ACTIVE_APPOINTMENTS".to_owned());
        assert_eq!(refusal(refused.clone()), expected);
        assert_eq!(fact(refused, "appointment_ids").as_deref(), Some("visit-1"));
    }
    assert!(get(&mut admin, &doctor.id).await.unwrap() == before);
    assert!(all_off(&mut admin, &doctor).await.is_empty());
    assert!(overrides(&mut admin, &doctor).await.is_empty());
    assert_eq!(clinic.narrowings().await, 0);
}

#[tokio::test]
async fn exceptions_are_for_the_doctor_staff_and_admins_to_make_and_for_all_to_read() {
    let clinic = Clinic::open().await;
    let doctor = hire(&mut clinic.admin(), ada()).await;
    for mut insider in [clinic.admin(), clinic.staff(), clinic.doctor(&doctor.id)] {
        let off = take(&mut insider, away(&doctor, "2190-07-01T09:00", "2190-07-02T00:00")).await.unwrap();
        assert_eq!(all_off(&mut insider, &doctor).await[0].reason, "Conference");
        let delete = DeleteTimeOffRequest { doctor_id: doctor.id.clone(), id: off.id };
        insider.delete_time_off(delete).await.unwrap();
        set(&mut insider, instead(&doctor, "2190-01-05", Vec::new())).await.unwrap();
        let delete =
            DeleteAvailabilityOverrideRequest { doctor_id: doctor.id.clone(), date: "2190-01-05".to_owned() };
        insider.delete_availability_override(delete).await.unwrap();
    }
    let mut admin = clinic.admin();
    let off = take(&mut admin, away(&doctor, "2190-07-01T09:00", "2190-07-02T00:00")).await.unwrap();
    set(&mut admin, instead(&doctor, "2190-01-05", Vec::new())).await.unwrap();
    for mut stranger in [clinic.patient(), clinic.auditor(), clinic.doctor(&DoctorId::random().to_string())] {
        assert_eq!(
            refusal(take(&mut stranger, TimeOff { id: String::new(), ..off.clone() }).await),
            forbidden()
        );
        let delete = DeleteTimeOffRequest { doctor_id: doctor.id.clone(), id: off.id.clone() };
        assert_eq!(refusal(stranger.delete_time_off(delete).await), forbidden());
        assert_eq!(refusal(set(&mut stranger, instead(&doctor, "x", Vec::new())).await), forbidden());
        let delete =
            DeleteAvailabilityOverrideRequest { doctor_id: doctor.id.clone(), date: "2190-01-05".to_owned() };
        assert_eq!(refusal(stranger.delete_availability_override(delete).await), forbidden());
        assert_eq!(overrides(&mut stranger, &doctor).await.len(), 1);
        let seen = all_off(&mut stranger, &doctor).await;
        assert_eq!((&seen[0].start_local[..], &seen[0].reason[..]), ("2190-07-01T09:00:00", ""));
    }
}
