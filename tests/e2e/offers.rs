use reqwest::Method;
use serde_json::json;
use tests::mesh::Mesh;
use tests::people::text;

/// Nobody else's name.
fn named(name: &str) -> String {
    format!("{name} {}", uuid::Uuid::now_v7().simple())
}

#[tokio::test]
async fn a_location_with_a_room_is_made_read_and_kept_while_hours_are_there() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor_in("Europe/Berlin").await, admin.patient().await);
    let name = named("Main Street");
    let location = json!({ "name": name, "time_zone": "Europe/Lisbon", "address": "1 Main Street" });
    let location = text(&admin.post("/api/locations", location).await.created(), "id");
    let path = format!("/api/locations/{location}");
    admin.post(&format!("{path}/rooms"), json!({ "name": "Room 1" })).await.created();
    let read = patient.get(&path).await;
    assert_eq!(read.header("etag"), "\"v2\"");
    let read = read.ok();
    assert_eq!((text(&read, "name"), text(&read["rooms"][0], "name")), (name, "Room 1".to_owned()));
    let listed = patient.get("/api/locations").await.ok();
    assert!(listed.as_array().unwrap().contains(&read));

    let hours = format!("/api/doctors/{}/availability", doctor.id);
    let there = json!({
        "day_of_week": 0,
        "start_time": "09:00",
        "end_time": "17:00",
        "location_id": location,
        "valid_until": "2030-12-31",
        "breaks": [{ "start_time": "12:00", "end_time": "13:00" }],
    });
    let made = doctor.post(&hours, there).await.created();
    assert_eq!(made["breaks"][0]["end_time"], "13:00:00");
    let read = patient.get(&format!("/api/doctors/{}", doctor.id)).await.ok();
    assert_eq!(read["availabilities"], json!([made]));

    let stale = [("if-match", "\"v1\"")];
    admin.send(Method::DELETE, &path, None, &stale).await.refused(412, "version_mismatch");
    admin.delete(&path).await.refused(409, "location_in_use");
    doctor.delete(&format!("{hours}/{}", text(&made, "id"))).await.ok();
    admin.delete(&path).await.ok();
    patient.get(&path).await.refused(404, "location_not_found");
}

#[tokio::test]
async fn a_visit_type_is_made_changed_and_taken_off_the_list() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor_in("UTC").await, admin.patient().await);
    let name = named("Check-up");
    let check_up = json!({
        "name": name,
        "duration_minutes": 30,
        "buffer_after_minutes": 10,
        "price_minor": 4500,
        "currency": "EUR",
        "doctor_ids": [doctor.id],
    });
    let made = admin.post("/api/visit-types", check_up.clone()).await.created();
    assert_eq!((&made["policy"]["max_reschedules"], &made["modality"]), (&json!(3), &json!("in_person")));
    let path = format!("/api/visit-types/{}", text(&made, "id"));
    assert_eq!(patient.get(&path).await.ok(), made);
    admin.post("/api/visit-types", check_up).await.refused(409, "visit_type_name_taken");

    let longer = json!({ "duration_minutes": 45, "policy": { "late_cancel": "refuse" }, "is_active": true });
    let longer = admin.put(&path, longer).await.ok();
    assert_eq!((&longer["duration_minutes"], &longer["version"]), (&json!(45), &json!(2)));
    admin.put(&path, json!({ "duration_minutes": 7 })).await.invalid(&["/duration_minutes"]);
    admin.put(&path, json!({ "currency": null })).await.invalid(&["/currency"]);
    admin.put(&path, json!({ "doctor_ids": [uuid::Uuid::now_v7()] })).await.invalid(&["/doctor_ids/0"]);

    let of_doctor = format!("/api/visit-types?doctor_id={}", doctor.id);
    let names = |list: serde_json::Value| list.to_string().contains(&name);
    assert!(names(patient.get(&of_doctor).await.ok()));
    assert_eq!(admin.delete(&path).await.ok()["is_active"], false);
    assert!(!names(patient.get(&of_doctor).await.ok()));
    assert!(names(admin.get(&format!("{of_doctor}&include_inactive=true")).await.ok()));
    patient.get(&format!("{of_doctor}&include_inactive=true")).await.refused(403, "forbidden");
}

#[tokio::test]
async fn other_hours_and_time_off_are_read_by_a_patient_without_the_reason() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor_in("Europe/Berlin").await, admin.patient().await);
    let overrides = format!("/api/doctors/{}/overrides", doctor.id);
    let closed = doctor.put(&format!("{overrides}/2190-01-05"), json!({ "hours": [] })).await.ok();
    let night = json!({ "hours": [{ "start_time": "22:00", "end_time": "06:00" }] });
    let night = doctor.put(&format!("{overrides}/2190-01-06"), night).await.ok();
    assert_eq!(patient.get(&overrides).await.ok(), json!([closed, night]));
    let wrong = json!({ "hours": [{ "start_time": "09:00", "end_time": "09:00" }] });
    doctor.put(&format!("{overrides}/2190-01-06"), wrong).await.invalid(&["/hours/0/end_time"]);
    doctor.put(&format!("{overrides}/2020-01-06"), json!({ "hours": [] })).await.invalid(&["/date"]);
    doctor.delete(&format!("{overrides}/2190-01-06")).await.ok();
    doctor.delete(&format!("{overrides}/2190-01-06")).await.refused(404, "override_not_found");

    let time_off = format!("/api/doctors/{}/time-off", doctor.id);
    let away = json!({
        "start_time": "2190-07-01T09:00",
        "end_time": "2190-07-02T00:00:00+02:00",
        "reason": "Conference",
    });
    let away = doctor.post(&time_off, away).await.created();
    assert_eq!(text(&away, "start_time"), "2190-07-01T07:00:00Z");
    assert_eq!(text(&away, "end_local"), "2190-07-02T00:00:00");
    assert_eq!(doctor.get(&time_off).await.ok()[0]["reason"], "Conference");
    assert_eq!(patient.get(&time_off).await.ok()[0]["reason"], json!(null));
    let jump = json!({ "start_time": "2190-03-28T02:30", "end_time": "2190-03-28T09:00" });
    doctor.post(&time_off, jump).await.invalid(&["/start_time"]);
    doctor.delete(&format!("{time_off}/{}", text(&away, "id"))).await.ok();
    assert_eq!(patient.get(&time_off).await.ok(), json!([]));
}

#[tokio::test]
async fn a_holiday_is_for_everyone_to_see() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let patient = admin.patient().await;
    // So far ahead that it is in no other test's way.
    let christmas = json!({ "date": "2189-12-25", "name": "Christmas Day" });
    let made = admin.post("/api/holidays", christmas.clone()).await.created();
    admin.post("/api/holidays", christmas).await.refused(409, "holiday_exists");
    assert!(patient.get("/api/holidays").await.ok().as_array().unwrap().contains(&made));
    admin.delete(&format!("/api/holidays/{}", text(&made, "id"))).await.ok();
    assert!(!patient.get("/api/holidays").await.ok().as_array().unwrap().contains(&made));
}
