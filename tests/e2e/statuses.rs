use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};
use tests::clinic::{at, date_in, free_starts, now, path};
use tests::mesh::Mesh;
use tests::people::{Admin, Doctor, text};
use tests::rest::{Answer, Rest};

/// A doctor who works around the clock, where it is about noon: visits that begin soon begin today.
async fn doctor_at_noon(admin: &Admin) -> Doctor {
    let ahead = now().to_zoned(jiff::tz::TimeZone::UTC).hour() - 12;
    let doctor = admin.doctor_in(&format!("Etc/GMT{ahead:+}")).await;
    for day in 0..7 {
        doctor.works(day, "00:00", "24:00").await;
    }
    doctor
}

/// The first time that can be booked, at least so many minutes from now.
fn soon(minutes: i64) -> Timestamp {
    let second = now().as_second() + 60 * minutes + 60;
    Timestamp::from_second(second - second.rem_euclid(300) + 300).unwrap()
}

async fn put(caller: &Rest, visit: &Value, status: &str) -> Answer {
    caller.put(&format!("{}/status", path(visit)), json!({ "status": status })).await
}

async fn undo(caller: &Rest, visit: &Value) -> Answer {
    caller.send(Method::POST, &format!("{}/undo", path(visit)), None, &[]).await
}

fn offers(visit: &Value, action: &str) -> bool {
    visit["allowed_actions"].as_array().unwrap().iter().any(|allowed| allowed == action)
}

#[tokio::test]
async fn a_visit_goes_from_the_patients_yes_to_its_end() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient, staff) = (doctor_at_noon(&admin).await, admin.patient().await, admin.staff().await);
    let visit = patient.books(&doctor, soon(5)).await.created();
    assert!(offers(&visit, "confirm") && offers(&visit, "mark_arrived") && !offers(&visit, "check_in"));
    put(&patient, &visit, "confirmed").await.ok();
    put(&patient, &visit, "checked_in").await.refused(403, "forbidden");
    put(&staff, &visit, "checked_in").await.ok();
    let label = json!({ "sub_status": "Room 3" });
    staff.put(&format!("{}/sub-status", path(&visit)), label).await.ok();
    assert_eq!(doctor.get(&path(&visit)).await.ok()["sub_status"], "Room 3");
    assert_eq!(patient.get(&path(&visit)).await.ok()["sub_status"], json!(null));
    put(&doctor, &visit, "in_progress").await.ok();
    let done = put(&doctor, &visit, "completed").await.ok();
    assert_eq!((done["status"].as_str(), done["version"].as_i64()), (Some("completed"), Some(6)));
    let attendance = patient.get(&format!("/api/patients/{}/attendance", patient.id)).await.ok();
    assert_eq!((&attendance["kept"], &attendance["no_show"]), (&json!(1), &json!(0)));
    let unresolved = doctor.get("/api/appointments/unresolved").await.ok();
    assert_eq!(unresolved, json!([]));
}

#[tokio::test]
async fn a_visit_says_from_when_and_until_when_what_can_be_done() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient, staff) = (admin.doctor().await, admin.patient().await, admin.staff().await);
    let visit = patient.books(&doctor, at(3, 9, 0)).await.created();
    let window = |visit: &Value, action: &str| {
        let windows = visit["action_windows"].as_array().unwrap().clone();
        windows.into_iter().find(|window| window["action"] == action).unwrap()
    };
    let cancel = window(&visit, "cancel");
    assert_eq!(cancel["until"], json!(at(3, 9, 0).to_string()));
    assert_eq!(cancel["late_after"], json!(at(2, 9, 0).to_string()));
    let seen = staff.get(&path(&visit)).await.ok();
    assert!(!offers(&seen, "check_in"));
    assert_eq!(window(&seen, "check_in")["from"], json!(at(3, 8, 0).to_string()));
    assert_eq!(window(&seen, "mark_no_show")["from"], json!(at(3, 9, 15).to_string()));
    put(&staff, &visit, "checked_in").await.refused(409, "too_early");
}

#[tokio::test]
async fn who_cancels_late_is_flagged_and_may_say_why() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient, staff) = (admin.doctor().await, admin.patient().await, admin.staff().await);
    let visit = patient.books(&doctor, soon(60)).await.created();
    patient.delete(&format!("{}?reason=prov-pers", path(&visit))).await.invalid(&["/reason"]);
    patient.delete(&format!("{}?reason=bored", path(&visit))).await.invalid(&["/reason"]);
    let better = json!({ "status": "cancelled", "reason": "pat-fb", "note": "fine again" });
    let late = patient.put(&format!("{}/status", path(&visit)), better).await.ok();
    assert_eq!((&late["is_late_cancel"], &late["cancellation_reason"]), (&json!(true), &json!("pat-fb")));

    let last = async |caller: &Rest| {
        let events = caller.get(&format!("{}/events", path(&visit))).await.ok();
        events.as_array().unwrap().last().unwrap().clone()
    };
    assert_eq!(last(&staff).await["note"], "fine again");
    assert_eq!(last(&patient).await["note"], json!(null));
    let attendance = staff.get(&format!("/api/patients/{}/attendance", patient.id)).await.ok();
    assert_eq!((&attendance["late_cancelled"], &attendance["kept"]), (&json!(1), &json!(0)));

    let visit = patient.books(&doctor, at(3, 9, 0)).await.created();
    let by_code = staff.delete(&format!("{}?reason=prov-pers", path(&visit))).await.ok();
    assert_eq!(
        (&by_code["is_late_cancel"], &by_code["cancellation_reason"]),
        (&json!(false), &json!("prov-pers"))
    );
    let visit = patient.books(&doctor, at(3, 10, 0)).await.created();
    let by_practice = json!({ "status": "cancelled", "reason": "prov-pers", "note": "the doctor is ill" });
    let cancelled = staff.put(&format!("{}/status", path(&visit)), by_practice).await.ok();
    assert_eq!(cancelled["is_late_cancel"], false);
    assert_eq!(cancelled["cancellation_reason"], "prov-pers");
}

#[tokio::test]
async fn the_reception_takes_back_and_reinstates() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient, staff) = (admin.doctor().await, admin.patient().await, admin.staff().await);
    let visit = patient.books(&doctor, at(3, 9, 0)).await.created();
    undo(&staff, &visit).await.refused(409, "nothing_to_undo");
    patient.cancels(&visit).await.ok();
    undo(&patient, &visit).await.refused(403, "forbidden");
    assert!(offers(&staff.get(&path(&visit)).await.ok(), "undo"));
    let back = undo(&staff, &visit).await.ok();
    assert_eq!((back["status"].as_str(), back["version"].as_i64()), (Some("scheduled"), Some(3)));
    assert!(!free_starts(&patient, &doctor.id, date_in(3)).await.contains(&at(3, 9, 0)));

    patient.cancels(&visit).await.ok();
    assert_eq!(put(&staff, &visit, "scheduled").await.ok()["cancellation_reason"], json!(null));
    patient.cancels(&visit).await.ok();
    admin.patient().await.books(&doctor, at(3, 9, 0)).await.created();
    put(&staff, &visit, "scheduled").await.refused(409, "slot_taken");
    let events = staff.get(&format!("{}/events", path(&visit))).await.ok();
    let kinds: Vec<_> = events.as_array().unwrap().iter().map(|event| text(event, "kind")).collect();
    assert_eq!(kinds, ["booked", "cancelled", "undone", "cancelled", "status_changed", "cancelled"]);
}

#[tokio::test]
async fn a_visit_is_shown_as_it_was() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let visit = patient.books(&doctor, at(3, 9, 0)).await.created();
    patient.put(&path(&visit), json!({ "start_time": at(3, 11, 0).to_string() })).await.ok();
    patient.cancels(&visit).await.ok();
    let events = patient.get(&format!("{}/events", path(&visit))).await.ok();
    for (index, (status, hour)) in
        [("scheduled", 9), ("scheduled", 11), ("cancelled", 11)].into_iter().enumerate()
    {
        let then =
            patient.get(&format!("{}?as_of={}", path(&visit), text(&events[index], "time"))).await.ok();
        assert_eq!(
            (then["status"].as_str(), then["version"].as_u64()),
            (Some(status), Some(index as u64 + 1))
        );
        assert_eq!(tests::clinic::instant(&then["start_time"]), at(3, hour, 0));
        assert_eq!(then["allowed_actions"], json!([]));
    }
    let before = now() - SignedDuration::from_hours(1);
    patient.get(&format!("{}?as_of={before}", path(&visit))).await.refused(404, "appointment_not_found");
}

#[tokio::test]
async fn what_was_entered_in_error_is_gone() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let visit = patient.books(&doctor, at(3, 9, 0)).await.created();
    put(&admin, &visit, "entered_in_error").await.invalid(&["/note"]);
    let wrong = json!({ "status": "entered_in_error", "note": "booked for the wrong patient" });
    admin.put(&format!("{}/status", path(&visit)), wrong).await.ok();
    patient.get(&path(&visit)).await.refused(404, "appointment_not_found");
    assert_eq!(patient.get("/api/appointments/").await.ok(), json!([]));
    assert_eq!(admin.get(&path(&visit)).await.ok()["status"], "entered_in_error");
    patient.books(&doctor, at(3, 9, 0)).await.created();
}
