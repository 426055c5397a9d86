use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;
use tests::clinic::{instant, now, path};
use tests::mesh::Mesh;
use tests::people::{Admin, Doctor, text};
use tests::rest::Rest;
use tokio::time::sleep;

const MINUTE: i64 = 60;

/// The next start from a quarter of an hour on that can be booked.
fn soon() -> Timestamp {
    let grid = 5 * MINUTE;
    let second = now().as_second() + 16 * MINUTE;
    Timestamp::from_second((second + grid - 1) / grid * grid).unwrap()
}

/// A visit type of which patients are reminded within a minute when it begins at `start`, and when that is.
async fn due_soon(admin: &Admin, doctor: &Doctor, start: Timestamp) -> (String, Timestamp) {
    // In whole minutes, and with time to book before.
    let left = start.duration_since(now() + SignedDuration::from_secs(8));
    let offset = left.as_secs() / MINUTE;
    let visit_type = json!({
        "name": format!("Check-up {}", uuid::Uuid::now_v7()),
        "duration_minutes": 30,
        "interval_minutes": 5,
        "doctor_ids": [doctor.id],
        "reminder_offsets_minutes": [offset],
    });
    let made = admin.post("/api/visit-types", visit_type).await.created();
    assert_eq!(made["reminder_offsets_minutes"], json!([offset]));
    (text(&made, "id"), start - SignedDuration::from_mins(offset))
}

/// The reminders of a visit, once they are as they should be.
async fn reminders(admin: &Admin, visit: &Value, are_right: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let list = format!("/api/notifications?appointment_id={}", text(visit, "id"));
    let only = |all: &Value| {
        let all = all.as_array().unwrap().iter().filter(|one| one["kind"] == "reminder");
        all.cloned().collect::<Vec<_>>()
    };
    only(&admin.get_until(&list, |all| are_right(&only(all))).await)
}

async fn never_wants_quiet(patient: &Rest, id: &str) {
    let preferences = format!("/api/patients/{id}/message-preferences");
    patient.put(&preferences, json!({ "quiet_hours": null })).await.ok();
}

#[tokio::test]
async fn a_patient_is_reminded_once_and_not_of_what_was_cancelled() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, other) = (admin.doctor().await, admin.doctor().await);
    let (patient, canceller) = (admin.patient().await, admin.patient().await);
    never_wants_quiet(&patient, &patient.id).await;
    never_wants_quiet(&canceller, &canceller.id).await;
    let start = soon();
    let (visit_type, due) = due_soon(&admin, &doctor, start).await;
    let (of_other, _) = due_soon(&admin, &other, start).await;
    let book = |visit_type: &str, doctor: &Doctor| json!({ "doctor_id": doctor.id, "visit_type_id": visit_type, "start_time": start.to_string() });
    let visit = patient.post("/api/appointments/", book(&visit_type, &doctor)).await.created();
    let cancelled = canceller.post("/api/appointments/", book(&of_other, &other)).await.created();
    let planned = reminders(&admin, &visit, |all| all.len() == 1).await;
    assert_eq!((&planned[0]["state"], instant(&planned[0]["due_at"])), (&json!("pending"), due));
    reminders(&admin, &cancelled, |all| all.len() == 1).await;
    canceller.cancels(&cancelled).await.ok();
    reminders(&admin, &cancelled, |all| all[0]["state"] == "superseded").await;

    sleep(Duration::from_secs(due.duration_since(now()).as_secs().unsigned_abs())).await;
    let mail = mesh.mail_to(&patient.email, "reminder").await;
    assert!(mail.text.contains("Dora Doctor") && !mail.subject.contains("Paula"), "{}", mail.text);
    let sent = reminders(&admin, &visit, |all| all[0]["state"] == "sent").await;
    assert!(instant(&sent[0]["sent_at"]) >= due);
    // It is what it was, and said once more.
    patient.put(&path(&visit), json!({ "notes": "knee" })).await.ok();
    patient.put(&format!("{}/status", path(&visit)), json!({ "status": "confirmed" })).await.ok();
    sleep(Duration::from_secs(2)).await;
    let subjects = |email: &str| {
        let mails = mesh.mails_to(email).into_iter();
        mails.filter(|mail| mail.subject.to_lowercase().contains("reminder")).count()
    };
    assert_eq!((subjects(&patient.email), subjects(&canceller.email)), (1, 0));
}

#[tokio::test]
async fn a_visit_that_is_moved_is_reminded_of_at_its_new_time_only() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    never_wants_quiet(&patient, &patient.id).await;
    let visit = patient.books(&doctor, tests::clinic::at(5, 9, 0)).await.created();
    let planned = reminders(&admin, &visit, |all| all.len() == 2).await;
    let offsets: Vec<&Value> = planned.iter().map(|one| &one["offset_minutes"]).collect();
    assert!(offsets.contains(&&json!(1440)) && offsets.contains(&&json!(120)), "{planned:?}");
    let later = tests::clinic::at(6, 15, 0);
    patient.put(&path(&visit), json!({ "start_time": later.to_string() })).await.ok();
    let moved = reminders(&admin, &visit, |all| all.len() == 4).await;
    let due = |state: &str| {
        let of_state = moved.iter().filter(|one| one["state"] == state);
        let mut due: Vec<Timestamp> = of_state.map(|one| instant(&one["due_at"])).collect();
        due.sort();
        due
    };
    let hours = SignedDuration::from_hours;
    assert_eq!(due("pending"), [later - hours(24), later - hours(2)]);
    assert_eq!(due("superseded").len(), 2);
}

#[tokio::test]
async fn patients_and_guardians_choose_what_they_are_told_of() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (staff, parent, patient) = (admin.staff().await, admin.patient().await, admin.patient().await);
    let child = admin.anybody().await;
    let proxies = format!("/api/patients/{child}/proxies");
    staff.post(&proxies, json!({ "email": parent.email, "relation": "guardian" })).await.created();
    let tokens = parent.post("/api/auth/act-for", json!({ "patient_id": child })).await.ok();
    let acting = parent.with_token(&text(&tokens, "access_token"));
    let preferences = format!("/api/patients/{child}/message-preferences");
    let usual = acting.get(&preferences).await.ok();
    let night = json!({ "start_time": "21:00:00", "end_time": "08:00:00" });
    assert_eq!(
        (&usual["reminders"], &usual["quiet_hours"]),
        (&json!({ "email": true, "sms": false }), &night)
    );
    let wish = json!({ "reminders": { "email": false }, "quiet_hours": { "start_time": "20:00", "end_time": "07:30" } });
    let changed = acting.put(&preferences, wish).await.ok();
    assert_eq!((&changed["reminders"]["email"], &changed["offers"]["email"]), (&json!(false), &json!(true)));
    assert_eq!(staff.get(&preferences).await.ok(), changed);
    parent.get(&preferences).await.refused(404, "patient_not_found");

    let own = format!("/api/patients/{}/message-preferences", patient.id);
    let long = json!({ "quiet_hours": { "start_time": "08:00", "end_time": "07:00" } });
    patient.put(&own, long).await.invalid(&["/quiet_hours/end_time"]);
    patient.put(&own, json!({ "visit_changes": { "email": false } })).await.ok();
    let stale = patient.send(
        reqwest::Method::PUT,
        &own,
        Some(json!({ "quiet_hours": null })),
        &[("if-match", "\"v1\"")],
    );
    stale.await.refused(412, "version_mismatch");
    let doctor = admin.doctor().await;
    let visit = patient.books(&doctor, tests::clinic::at(4, 9, 0)).await.created();
    mesh.mail_to(&doctor.email, "new appointment").await;
    patient.cancels(&visit).await.ok();
    mesh.mail_to(&patient.email, "cancelled").await;
    assert!(mesh.mails_to(&patient.email).iter().all(|mail| !mail.subject.contains("booked")));
}
