use reqwest::Method;
use serde_json::{Value, json};
use tests::clinic::{at, date_in, free_starts, instant, path};
use tests::mesh::Mesh;
use tests::people::{Doctor, text};

/// Four weekly visits at nine, in UTC.
fn weekly(doctor: &Doctor) -> Value {
    json!({ "doctor_id": doctor.id, "start_time": at(7, 9, 0).to_string(), "rrule": "FREQ=WEEKLY;COUNT=4" })
}

fn with(mut body: Value, member: &str, value: Value) -> Value {
    body[member] = value;
    body
}

fn series_path(outcome: &Value) -> String {
    format!("/api/appointments/series/{}", text(&outcome["series"], "id"))
}

fn starts(series: &Value) -> Vec<jiff::Timestamp> {
    series["visits"].as_array().unwrap().iter().map(|visit| instant(&visit["start_time"])).collect()
}

fn codes(occurrences: &Value) -> Vec<Option<&str>> {
    occurrences.as_array().unwrap().iter().map(|occurrence| occurrence["code"].as_str()).collect()
}

#[tokio::test]
async fn a_patient_books_a_series_moves_it_and_ends_it() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let dry = with(weekly(&doctor), "dry_run", json!(true));
    let dry = patient.post("/api/appointments/series", dry).await.ok();
    assert_eq!((&dry["series"], codes(&dry["occurrences"])), (&Value::Null, vec![None; 4]));

    let booked = patient.post("/api/appointments/series", weekly(&doctor)).await.created();
    let address = series_path(&booked);
    assert_eq!(patient.get(&address).await.header("etag"), "\"v1\"");
    assert_eq!(starts(&booked["series"]), [7, 14, 21, 28].map(|day| at(day, 9, 0)));
    let first = &booked["series"]["visits"][0];
    assert_eq!(first["series_id"], booked["series"]["id"]);
    assert_eq!(patient.get(&path(first)).await.ok()["series_id"], booked["series"]["id"]);

    let third = text(&booked["series"]["visits"][2], "id");
    let later = json!({ "scope": "following", "from": third, "start_time": "10:30", "shift_days": 1 });
    let seen = [("if-match", "\"v1\"")];
    let moved = patient.send(Method::PUT, &address, Some(later.clone()), &seen).await.ok();
    let expected = [at(7, 9, 0), at(14, 9, 0), at(22, 10, 30), at(29, 10, 30)];
    assert_eq!(starts(&moved["series"]), expected);
    patient.send(Method::PUT, &address, Some(later), &seen).await.refused(412, "version_mismatch");
    assert_eq!(starts(&patient.get(&address).await.ok()), expected);

    let ended = patient.delete(&format!("{address}?scope=following&from={third}&reason=pat-fb")).await.ok();
    let statuses: Vec<_> =
        ended["visits"].as_array().unwrap().iter().map(|visit| text(visit, "status")).collect();
    assert_eq!(statuses, ["scheduled", "scheduled", "cancelled", "cancelled"]);
    assert!(free_starts(&patient, &doctor.id, date_in(29)).await.contains(&at(29, 10, 30)));
    let ended = patient.delete(&address).await.ok();
    assert_eq!(patient.delete(&address).await.ok()["version"], ended["version"], "twice is once");
}

#[tokio::test]
async fn a_series_in_conflict_is_refused_with_all_its_times() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, ann, bob) = (admin.doctor().await, admin.patient().await, admin.patient().await);
    bob.books(&doctor, at(14, 9, 0)).await.created();
    let problem = ann.post("/api/appointments/series", weekly(&doctor)).await.refused(409, "series_conflict");
    assert_eq!(codes(&problem["occurrences"]), [None, Some("slot_taken"), None, None]);
    let nearest = instant(&problem["occurrences"][1]["nearest_start_time"]);
    let skipping = with(weekly(&doctor), "mode", json!("skip_conflicts"));
    let booked = ann.post("/api/appointments/series", skipping).await.created();
    assert_eq!(starts(&booked["series"]), [7, 21, 28].map(|day| at(day, 9, 0)));
    ann.books(&doctor, nearest).await.created();
}

#[tokio::test]
async fn what_is_wrong_with_a_series_is_told_by_name() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    for (member, value) in [
        ("rrule", json!("FREQ=YEARLY;COUNT=3")),
        ("rrule", json!("FREQ=WEEKLY")),
        ("start_time", json!(at(7, 9, 1).to_string())),
        ("mode", json!("some")),
        ("shift_days", json!(1)),
    ] {
        let body = with(weekly(&doctor), member, value);
        patient.post("/api/appointments/series", body).await.invalid(&[&format!("/{member}")]);
    }
    let booked = patient.post("/api/appointments/series", weekly(&doctor)).await.created();
    let address = series_path(&booked);
    patient.put(&address, json!({})).await.invalid(&["/start_time"]);
    patient.put(&address, json!({ "scope": "following", "shift_days": 1 })).await.invalid(&["/from"]);
    patient.put(&address, json!({ "shift_days": 7 })).await.invalid(&["/shift_days"]);
    patient.delete(&format!("{address}?scope=following")).await.invalid(&["/from"]);
}

#[tokio::test]
async fn a_series_is_booked_once_however_often_its_request_is_sent() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let key = [("idempotency-key", "series-2f1b6a5c")];
    let create = || patient.send(Method::POST, "/api/appointments/series", Some(weekly(&doctor)), &key);
    let first = create().await;
    assert!(first.headers.get("idempotent-replayed").is_none());
    let again = create().await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    let (first, again) = (first.created(), again.created());
    assert_eq!(first, again);
    let address = series_path(&first);
    patient.send(Method::DELETE, &address, None, &key).await.refused(422, "idempotency_key_reused");
    let key = [("idempotency-key", "series-0d4b7e6f")];
    let cancelled = patient.send(Method::DELETE, &address, None, &key).await.ok();
    let again = patient.send(Method::DELETE, &address, None, &key).await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.ok(), cancelled);
}
