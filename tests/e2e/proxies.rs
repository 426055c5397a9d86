use local::service::Service;
use serde_json::{Value, json};
use std::time::Duration;
use tests::clinic::{at, visit};
use tests::mesh::Mesh;
use tests::people::{Patient, text};
use tests::rest::Rest;

async fn acts(person: &Patient, child: &str) -> (Rest, Value) {
    let tokens = person.post("/api/auth/act-for", json!({ "patient_id": child })).await.ok();
    (person.with_token(&text(&tokens, "access_token")), tokens)
}

fn guardian(email: &str) -> Value {
    json!({ "email": email, "relation": "guardian" })
}

#[tokio::test]
async fn a_guardian_books_for_a_child_and_sees_its_records_only_if_allowed() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (staff, doctor, parent) = (admin.staff().await, admin.doctor().await, admin.patient().await);
    let child = admin.anybody().await;
    parent.post("/api/auth/act-for", json!({ "patient_id": child })).await.refused(404, "proxy_not_found");
    parent.get(&format!("/api/patients/{child}")).await.is(404);
    let proxies = format!("/api/patients/{child}/proxies");
    let granted = staff.post(&proxies, guardian(&parent.email)).await.created();
    assert_eq!((&granted["relation"], &granted["may_read_records"]), (&json!("guardian"), &json!(false)));
    staff.post(&proxies, guardian(&parent.email)).await.refused(409, "proxy_exists");
    assert_eq!(parent.get("/api/auth/acting-for").await.ok(), json!([granted]));

    let (acting, _) = acts(&parent, &child).await;
    let record = acting.get(&format!("/api/patients/{child}")).await.ok();
    assert_eq!(record["id"].as_str(), Some(child.as_str()));
    acting.get(&format!("/api/patients/{}", parent.id)).await.is(404);
    let booked = acting.post("/api/appointments/", visit(&child, &doctor.id, at(3, 9, 0))).await.created();
    acting.get(&format!("/api/appointments/{}", text(&booked, "id"))).await.ok();
    parent.get(&format!("/api/appointments/{}", text(&booked, "id"))).await.is(404);
    let records = format!("/api/patients/{child}/records");
    let note = json!({ "appointment_id": booked["id"], "notes": "first visit" });
    doctor.post(&records, note).await.created();
    acting.get(&records).await.refused(403, "insufficient_scope");
    acting.post("/api/auth/act-for", json!({ "patient_id": child })).await.refused(403, "insufficient_scope");
    acting.get(&proxies).await.refused(403, "insufficient_scope");
    let sessions = parent.get("/api/auth/sessions").await.ok();
    assert_eq!(sessions[0]["acting_for"].as_str(), Some(child.as_str()));

    let proxy = format!("{proxies}/{}", text(&granted, "id"));
    assert_eq!(staff.delete(&proxy).await.status, 204);
    let mut reader = guardian(&parent.email);
    reader["may_read_records"] = json!(true);
    staff.post(&proxies, reader).await.created();
    let (acting, _) = acts(&parent, &child).await;
    assert_eq!(acting.get(&records).await.ok().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn withdrawing_ends_who_acts_in_every_process_within_seconds() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (child, parent, stranger) = (admin.patient().await, admin.patient().await, admin.patient().await);
    let proxies = format!("/api/patients/{}/proxies", child.id);
    let granted = admin.post(&proxies, guardian(&parent.email)).await.created();
    let (acting, tokens) = acts(&parent, &child.id).await;
    let proxy = format!("{proxies}/{}", text(&granted, "id"));
    child.post(&proxies, guardian(&stranger.email)).await.refused(403, "forbidden");
    assert_eq!(child.get(&proxies).await.ok(), json!([granted]));
    parent.delete(&proxy).await.is(404);
    stranger.delete(&proxy).await.is(404);
    stranger.get(&proxies).await.is(404);

    for _ in 0..2 {
        assert_eq!(child.delete(&proxy).await.status, 204);
    }
    let ended = async {
        loop {
            let answer = acting.get("/api/doctors").await;
            if answer.status != 200 {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let answer = tokio::time::timeout(Duration::from_secs(5), ended).await.expect("ended within seconds");
    answer.refused(401, "session_ended");
    let refresh = json!({ "refresh_token": tokens["refresh_token"] });
    mesh.anyone().post("/api/auth/refresh", refresh).await.is(401);
    parent.get("/api/doctors").await.ok();
    assert!(!mesh.logged(Service::Auth).contains(&parent.email));
}

#[tokio::test]
async fn what_is_wrong_with_a_proxy_is_told() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (child, parent, staff) = (admin.patient().await, admin.patient().await, admin.staff().await);
    let proxies = format!("/api/patients/{}/proxies", child.id);
    for email in [&staff.email, &child.email, &"nobody@example.com".to_owned()] {
        admin.post(&proxies, guardian(email)).await.invalid(&["/email"]);
    }
    let mut past = guardian(&parent.email);
    past["expires_at"] = json!("2020-01-01T00:00:00Z");
    admin.post(&proxies, past).await.invalid(&["/expires_at"]);
    let wrong = json!({ "email": parent.email, "relation": "friend", "extra": 1 });
    admin.post(&proxies, wrong).await.is(422);
    let unknown = format!("/api/patients/{}/proxies", uuid::Uuid::now_v7());
    admin.post(&unknown, guardian(&parent.email)).await.is(404);
    admin.get(&unknown).await.is(404);
}
