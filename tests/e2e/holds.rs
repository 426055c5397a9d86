use reqwest::Method;
use serde_json::{Value, json};
use tests::clinic::{at, date_in, free_starts, path};
use tests::mesh::Mesh;
use tests::people::{Doctor, text};
use tests::rest::{Answer, Rest};

fn wish(doctor: &Doctor, start: jiff::Timestamp) -> Value {
    json!({ "doctor_id": doctor.id, "start_time": start.to_string() })
}

async fn hold(caller: &Rest, wish: Value) -> Answer {
    caller.post("/api/appointments/holds", wish).await
}

fn with_token(mut wish: Value, hold: &Value) -> Value {
    wish["hold_token"] = hold["hold_token"].clone();
    wish
}

#[tokio::test]
async fn a_time_is_kept_while_its_holder_makes_up_their_mind() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, ann, bob) = (admin.doctor().await, admin.patient().await, admin.patient().await);
    let nine = at(3, 9, 0);
    let held = hold(&ann, wish(&doctor, nine)).await.is(201);
    assert_eq!((&held["doctor_id"], &held["time_zone"]), (&json!(doctor.id), &json!("UTC")));
    assert!(free_starts(&ann, &doctor.id, date_in(3)).await.contains(&nine));
    assert!(!free_starts(&bob, &doctor.id, date_in(3)).await.contains(&nine));
    bob.books(&doctor, nine).await.refused(409, "slot_taken");
    ann.get(&path(&held)).await.refused(404, "appointment_not_found");

    let renew = format!("/api/appointments/holds/{}/renew", text(&held, "id"));
    let token = json!({ "hold_token": held["hold_token"] });
    bob.post(&renew, token.clone()).await.is(404);
    ann.post(&renew, token.clone()).await.ok();
    ann.post(&renew, token).await.refused(409, "hold_renewed");

    let booked = ann.post("/api/appointments/", with_token(wish(&doctor, nine), &held)).await.created();
    assert_eq!((&booked["id"], &booked["hold_outcome"]), (&held["id"], &json!("converted")));
    ann.get(&path(&booked)).await.ok();
}

#[tokio::test]
async fn a_time_that_was_given_up_is_anyones_and_its_token_worthless() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, ann, bob) = (admin.doctor().await, admin.patient().await, admin.patient().await);
    let nine = at(3, 9, 0);
    let held = hold(&ann, wish(&doctor, nine)).await.is(201);
    let release = format!("/api/appointments/holds/{}", text(&held, "id"));
    ann.delete(&release).await.invalid(&["/hold_token"]);
    let token = text(&held, "hold_token");
    for _ in 0..2 {
        ann.send(Method::DELETE, &release, None, &[("hold-token", &token)]).await.is(204);
    }
    bob.books(&doctor, nine).await.created();
    ann.post("/api/appointments/", with_token(wish(&doctor, nine), &held)).await.refused(410, "hold_expired");
    let other = with_token(wish(&doctor, at(3, 10, 0)), &held);
    ann.post("/api/appointments/", other).await.invalid(&["/hold_token"]);
}

#[tokio::test]
async fn two_times_are_kept_for_a_patient() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, ann) = (admin.doctor().await, admin.patient().await);
    hold(&ann, wish(&doctor, at(3, 9, 0))).await.is(201);
    hold(&ann, wish(&doctor, at(3, 10, 0))).await.is(201);
    let refused = hold(&ann, wish(&doctor, at(3, 11, 0))).await;
    assert!(!refused.header("retry-after").is_empty());
    refused.refused(429, "too_many_holds");
    let ann_again = json!({ "patient_id": ann.id });
    hold(&admin, ann_again).await.is(422);
}

#[tokio::test]
async fn a_request_with_a_name_is_carried_out_once() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, ann) = (admin.doctor().await, admin.patient().await);
    let named = [("idempotency-key", "8f3e2c1a-4b5d")];
    let book =
        async |start| ann.send(Method::POST, "/api/appointments/", Some(wish(&doctor, start)), &named).await;
    let first = book(at(3, 9, 0)).await;
    assert!(!first.headers.contains_key("idempotent-replayed"));
    let again = book(at(3, 9, 0)).await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(first.headers["etag"], again.headers["etag"]);
    let visit = first.created();
    assert_eq!(visit, again.created());
    book(at(3, 10, 0)).await.refused(422, "idempotency_key_reused");

    ann.send(Method::DELETE, &path(&visit), None, &named).await.refused(422, "idempotency_key_reused");
    let named = [("idempotency-key", "8f3e2c1a-9e0f")];
    let cancel = async || ann.send(Method::DELETE, &path(&visit), None, &named).await;
    assert_eq!(cancel().await.ok(), cancel().await.ok());
    let nameless = [("idempotency-key", "short")];
    let wrong = ann.send(Method::DELETE, &path(&visit), None, &nameless).await;
    wrong.invalid(&["/idempotency-key"]);
}

#[tokio::test]
async fn only_the_practice_books_against_rules() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, ann, staff) = (admin.doctor_in("UTC").await, admin.patient().await, admin.staff().await);
    let mut late = wish(&doctor, at(3, 9, 0));
    late["patient_id"] = json!(ann.id);
    staff.post("/api/appointments/", late.clone()).await.refused(422, "outside_availability");
    late["override_reason"] = json!("comes from afar");
    ann.post("/api/appointments/", late.clone()).await.refused(403, "forbidden");
    let visit = staff.post("/api/appointments/", late.clone()).await.created();
    let events = staff.get(&format!("{}/events", path(&visit))).await.ok();
    assert_eq!((&events[0]["reason"], &events[0]["note"]), (&json!("override"), &json!("comes from afar")));
    late.as_object_mut().unwrap().remove("override_reason");
    late["overbook"] = json!({ "reason": "acute pain" });
    staff.post("/api/appointments/", late).await.refused(422, "outside_availability");
}
