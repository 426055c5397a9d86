use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;
use tests::clinic::{at, date_in, free_starts, instant, path, visit, visit_of};
use tests::mesh::Mesh;
use tests::people::text;

#[tokio::test]
async fn a_booked_slot_is_gone_and_comes_back_when_it_is_cancelled() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let start = at(3, 9, 0);
    assert!(free_starts(&patient, &doctor.id, date_in(3)).await.contains(&start));
    let visit = patient.books(&doctor, start).await.created();
    assert_eq!((visit["status"].as_str(), visit["version"].as_i64()), (Some("scheduled"), Some(1)));
    assert!(!free_starts(&patient, &doctor.id, date_in(3)).await.contains(&start));
    let cancelled = patient.cancels(&visit).await.ok();
    assert_eq!(cancelled["status"], "cancelled");
    assert!(free_starts(&patient, &doctor.id, date_in(3)).await.contains(&start));
    assert_eq!(patient.cancels(&visit).await.ok()["version"], cancelled["version"], "twice is once");
}

#[tokio::test]
async fn a_taken_time_is_refused_with_others_that_are_free() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, ann, bob) = (admin.doctor().await, admin.patient().await, admin.patient().await);
    ann.books(&doctor, at(3, 9, 0)).await.created();
    let problem = bob.books(&doctor, at(3, 9, 0)).await.refused(409, "slot_taken");
    let alternatives = problem["alternatives"].as_array().unwrap();
    assert_eq!(alternatives.len(), 3, "{problem}");
    for alternative in alternatives {
        bob.books(&doctor, instant(&alternative["start_time"])).await.created();
    }
    let overlapping = visit_of(&bob.id, &doctor.id, at(3, 8, 45), SignedDuration::from_mins(20));
    bob.post("/api/appointments/", overlapping).await.is(409);
}

#[tokio::test]
async fn a_patient_is_in_one_place_at_a_time() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (one, two, patient) = (admin.doctor().await, admin.doctor().await, admin.patient().await);
    patient.books(&one, at(3, 9, 0)).await.created();
    patient.books(&two, at(3, 9, 15)).await.refused(409, "patient_conflict");
    patient.books(&two, at(3, 9, 30)).await.created();
}

#[tokio::test]
async fn a_visit_is_read_with_names_and_in_the_clinics_time() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor_in("Asia/Kathmandu").await, admin.patient().await);
    for day in 0..7 {
        doctor.works(day, "09:00", "17:00").await;
    }
    let slots = format!("/api/appointments/doctor/{}/available-slots?date={}", doctor.id, date_in(3));
    let slots = patient.get(&slots).await.ok();
    assert_eq!(slots.as_array().map(Vec::len), Some(16));
    assert!(text(&slots[0], "start_time").ends_with("T09:00:00+05:45"), "{slots}");
    let body =
        json!({ "patient_id": patient.id, "doctor_id": doctor.id, "start_time": slots[0]["start_time"] });
    let visit = patient.post("/api/appointments/", body).await.created();
    assert_eq!(visit["end_time"], slots[0]["end_time"], "the usual length");

    let read = patient.get(&path(&visit)).await.ok();
    assert_eq!(read["time_zone"], "Asia/Kathmandu");
    assert_eq!(read["start_time"], slots[0]["start_time"]);
    assert_eq!(
        (read["patient_name"].as_str(), read["doctor_name"].as_str()),
        (Some("Paula Patient"), Some("Dora Doctor"))
    );
    assert_eq!(read["doctor_specialization"], "Cardiology");
}

#[tokio::test]
async fn a_time_without_offset_is_the_clinics() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor_in("Asia/Kathmandu").await, admin.patient().await);
    for day in 0..7 {
        doctor.works(day, "09:00", "17:00").await;
    }
    let start = format!("{}T10:00:00", date_in(3));
    let body = json!({ "patient_id": patient.id, "doctor_id": doctor.id, "start_time": start });
    let visit = patient.post("/api/appointments/", body).await.created();
    assert_eq!(text(&visit, "start_time"), format!("{start}+05:45"));
}

#[tokio::test]
async fn a_moved_visit_keeps_its_id_and_frees_its_old_time() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let visit = patient.books(&doctor, at(3, 9, 0)).await.created();
    let staff = admin.staff().await;
    staff
        .send(Method::PUT, &format!("{}/status", path(&visit)), Some(json!({ "status": "confirmed" })), &[])
        .await
        .ok();

    let moved = patient.put(&path(&visit), json!({ "start_time": at(3, 11, 0).to_string() })).await.ok();
    assert_eq!((moved["id"].as_str(), moved["status"].as_str()), (visit["id"].as_str(), Some("scheduled")));
    assert_eq!(instant(&moved["end_time"]), at(3, 11, 30), "it keeps its length");
    let free = free_starts(&patient, &doctor.id, date_in(3)).await;
    assert!(free.contains(&at(3, 9, 0)) && !free.contains(&at(3, 11, 0)));
    // Half an hour later overlaps with itself, and with nobody else.
    patient.put(&path(&visit), json!({ "start_time": at(3, 11, 15).to_string() })).await.ok();

    let events = patient.get(&format!("{}/events", path(&visit))).await.ok();
    let kinds: Vec<_> = events.as_array().unwrap().iter().map(|event| text(event, "kind")).collect();
    assert_eq!(kinds, ["booked", "status_changed", "rescheduled", "rescheduled"]);
}

#[tokio::test]
async fn a_visit_is_not_moved_onto_another() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, ann, bob) = (admin.doctor().await, admin.patient().await, admin.patient().await);
    ann.books(&doctor, at(3, 9, 0)).await.created();
    let visit = bob.books(&doctor, at(3, 10, 0)).await.created();
    bob.put(&path(&visit), json!({ "start_time": at(3, 9, 0).to_string() })).await.refused(409, "slot_taken");
    let unmoved = bob.get(&path(&visit)).await.ok();
    assert_eq!((instant(&unmoved["start_time"]), unmoved["version"].as_i64()), (at(3, 10, 0), Some(1)));
}

#[tokio::test]
async fn a_change_that_was_overtaken_is_refused() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let visit = patient.books(&doctor, at(3, 9, 0)).await.created();
    let seen = [("if-match", "\"v1\"")];
    let notes = |text: &str| Some(json!({ "notes": text }));
    patient.send(Method::PUT, &path(&visit), notes("first"), &seen).await.ok();
    patient.send(Method::PUT, &path(&visit), notes("second"), &seen).await.refused(412, "version_mismatch");
    patient.send(Method::DELETE, &path(&visit), None, &seen).await.refused(412, "version_mismatch");
    assert_eq!(patient.get(&path(&visit)).await.ok()["notes"], "first");
}

#[tokio::test]
async fn statuses_follow_the_machine() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient, staff) = (admin.doctor().await, admin.patient().await, admin.staff().await);
    let visit = patient.books(&doctor, at(3, 9, 0)).await.created();
    let status = |to: &str| format!("{}/status?status={to}", path(&visit));
    let put =
        async |caller: &tests::rest::Rest, to: &str| caller.send(Method::PUT, &status(to), None, &[]).await;
    put(&patient, "completed").await.refused(403, "forbidden");
    put(&doctor, "completed").await.refused(409, "too_early");
    put(&staff, "no_show").await.refused(409, "too_early");
    assert_eq!(put(&patient, "confirmed").await.ok()["version"], 2);
    assert_eq!(put(&staff, "confirmed").await.ok()["version"], 2, "the same again changes nothing");
    let problem = put(&staff, "scheduled").await.refused(409, "invalid_transition");
    assert_eq!((&problem["current"], &problem["allowed"]), (&json!("confirmed"), &json!(["cancelled"])));
    put(&staff, "lost").await.is(422);
    assert_eq!(put(&staff, "cancelled").await.ok()["status"], "cancelled");
    let problem = put(&staff, "confirmed").await.refused(409, "invalid_transition");
    assert_eq!(problem["allowed"], json!(["scheduled"]), "reinstated: {problem}");
    let problem = put(&patient, "confirmed").await.refused(409, "invalid_transition");
    assert_eq!(problem["allowed"], json!([]), "{problem}");
}

#[tokio::test]
async fn everyone_lists_what_is_theirs() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, ann, bob) = (admin.doctor().await, admin.patient().await, admin.patient().await);
    let of_ann = ann.books(&doctor, at(3, 9, 0)).await.created();
    let of_bob = bob.books(&doctor, at(4, 9, 0)).await.created();
    let list = async |caller: &tests::rest::Rest, query: &str| -> Vec<String> {
        let list = caller.get(&format!("/api/appointments/{query}")).await.ok();
        list.as_array().unwrap().iter().map(|visit| text(visit, "id")).collect()
    };
    assert_eq!(list(&ann, "").await, [text(&of_ann, "id")]);
    assert_eq!(list(&ann, &format!("?patient_id={}", bob.id)).await, [""; 0]);
    assert_eq!(list(&doctor, "").await, [text(&of_ann, "id"), text(&of_bob, "id")]);
    let staff = admin.staff().await;
    let of_doctor = format!("?doctor_id={}", doctor.id);
    assert_eq!(list(&staff, &of_doctor).await, [text(&of_ann, "id"), text(&of_bob, "id")]);
    let day = format!("{of_doctor}&start_date={}&end_date={}", date_in(4), date_in(4));
    assert_eq!(list(&staff, &day).await, [text(&of_bob, "id")]);
    bob.cancels(&of_bob).await.ok();
    assert_eq!(list(&staff, &format!("{of_doctor}&status=cancelled")).await, [text(&of_bob, "id")]);
}

#[tokio::test]
async fn times_that_cannot_be_are_named() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let book = async |start, end: jiff::Timestamp| {
        let body = json!({ "patient_id": patient.id, "doctor_id": doctor.id,
            "start_time": start, "end_time": end.to_string() });
        patient.post("/api/appointments/", body).await
    };
    book(at(-1, 9, 0).to_string(), at(-1, 9, 30)).await.invalid(&["/start_time"]);
    book(at(3, 9, 0).to_string(), at(3, 8, 0)).await.invalid(&["/end_time"]);
    book(at(3, 9, 1).to_string(), at(3, 9, 31)).await.invalid(&["/start_time"]);
    book(at(3, 9, 0).to_string(), at(3, 9, 2)).await.invalid(&["/end_time"]);
    book("tomorrow".to_owned(), at(3, 9, 30)).await.invalid(&["/start_time"]);
    let unknown = uuid::Uuid::now_v7().to_string();
    let body = visit(&patient.id, &unknown, at(3, 9, 0));
    patient.post("/api/appointments/", body).await.invalid(&["/doctor_id"]);
    let listed = patient.get("/api/appointments/").await.ok();
    assert_eq!(listed, json!([]), "nothing was written");
}
