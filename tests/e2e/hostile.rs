use reqwest::Method;
use serde_json::{Value, json};
use tests::clinic::{at, visit};
use tests::mesh::Mesh;
use tests::people::fresh_email;
use tests::rest::Answer;

/// A refusal that is the client's to mend, told as a problem.
#[track_caller]
fn refused(answer: &Answer) {
    assert!(
        (400..500).contains(&answer.status),
        "{} answered {}: {}",
        answer.asked,
        answer.status,
        answer.body
    );
    assert!(answer.header("content-type").starts_with("application/problem+json"), "{}", answer.asked);
    for member in ["type", "title", "status", "code", "request_id"] {
        assert!(answer.body.get(member).is_some(), "no {member} in {}", answer.body);
    }
}

#[tokio::test]
async fn a_field_that_is_wrong_is_named_whatever_is_wrong_with_it() {
    let mesh = Mesh::shared().await;
    let staff = mesh.admin().await.staff().await;
    let good = json!({
        "first_name": "Mal",
        "last_name": "Formed",
        "date_of_birth": "1980-01-01",
        "email": fresh_email("mal"),
    });
    let cases: &[(&str, Value)] = &[
        ("first_name", json!("")),
        ("first_name", json!("x".repeat(101))),
        ("first_name", json!("a\u{0}b")),
        ("first_name", json!(7)),
        ("first_name", json!(null)),
        ("last_name", json!(["a"])),
        ("date_of_birth", json!("1980-02-30")),
        ("date_of_birth", json!("01/02/1980")),
        ("date_of_birth", json!("2999-01-01")),
        ("date_of_birth", json!("9999999-01-01")),
        ("email", json!("not an address")),
        ("email", json!(format!("{}@example.com", "x".repeat(300)))),
        ("phone", json!("call me")),
        ("gender", json!("martian")),
        ("time_zone", json!("Mars/Olympus")),
        ("language", json!("!")),
        ("identifiers", json!("mrn")),
        ("contact_preference", json!("pigeon")),
        ("surprise", json!(1)),
    ];
    for (field, value) in cases {
        let mut body = good.clone();
        body[*field] = value.clone();
        let answer = staff.post("/api/patients/", body).await;
        refused(&answer);
        assert_eq!(answer.status, 422, "{field} = {value}: {}", answer.body);
        let pointer = answer.body["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned();
        assert!(pointer.starts_with(&format!("/{field}")), "{field} = {value}: {}", answer.body);
    }
    let found = staff.get("/api/patients/search/?query=Formed").await.ok();
    assert!(!found.to_string().contains(good["email"].as_str().unwrap()), "nothing was written");
}

#[tokio::test]
async fn a_field_that_is_missing_is_named() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    for (path, body, pointer) in [
        ("/api/patients/", json!({ "last_name": "X", "date_of_birth": "1980-01-01" }), "/first_name"),
        (
            "/api/doctors/",
            json!({ "first_name": "X", "last_name": "Y", "email": fresh_email("x"), "time_zone": "UTC" }),
            "/specialization",
        ),
        (
            "/api/appointments/",
            json!({ "patient_id": uuid::Uuid::now_v7(), "doctor_id": uuid::Uuid::now_v7() }),
            "/start_time",
        ),
        ("/api/auth/register", json!({ "email": fresh_email("x") }), "/password"),
    ] {
        let answer = admin.post(path, body).await;
        refused(&answer);
        assert_eq!(
            (answer.status, answer.body["errors"][0]["pointer"].as_str()),
            (422, Some(pointer)),
            "{}",
            answer.body
        );
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused() {
    let mesh = Mesh::shared().await;
    let staff = mesh.admin().await.staff().await;
    let deep = "[".repeat(10_000);
    let bodies: &[&[u8]] = &[
        b"{",
        b"",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"\"x\"",
        b"{\"first_name\":1e400}",
        b"{\"a\":1,\"a\":2}",
        b"{\"first_name\":\"\\ud800\"}",
        deep.as_bytes(),
        b"\xef\xbb\xbf{}",
    ];
    for body in bodies {
        let answer = staff.send_raw(Method::POST, "/api/patients/", "application/json", body.to_vec()).await;
        refused(&answer);
        assert!([400, 422].contains(&answer.status), "{}", answer.body);
    }
    let answer = staff.send_raw(Method::POST, "/api/patients/", "text/plain", b"{}".to_vec()).await;
    refused(&answer);
    assert_eq!(answer.status, 415);
    let answer =
        staff.send_raw(Method::POST, "/api/patients/", "application/json", vec![b' '; 20 << 20]).await;
    refused(&answer);
    assert_eq!(answer.status, 413);
}

#[tokio::test]
async fn ids_and_queries_that_make_no_sense_are_refused() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient) = (admin.doctor().await, admin.patient().await);
    let slots = format!("/api/appointments/doctor/{}/available-slots", doctor.id);
    for path in [
        "/api/patients/7".to_owned(),
        "/api/patients/%00".to_owned(),
        "/api/patients/..%2f..%2fetc".to_owned(),
        "/api/appointments/x".to_owned(),
        "/api/appointments/?status=lost".to_owned(),
        "/api/appointments/?limit=0".to_owned(),
        "/api/appointments/?limit=201".to_owned(),
        "/api/appointments/?limit=many".to_owned(),
        "/api/appointments/?cursor=x".to_owned(),
        "/api/appointments/?start_date=soon".to_owned(),
        "/api/appointments/?doctor_id=x".to_owned(),
        slots.clone(),
        format!("{slots}?date=2026-02-30"),
        format!("{slots}?date={}&days=63", tests::clinic::date_in(1)),
        format!("{slots}?date={}&days=-1", tests::clinic::date_in(1)),
        format!("{slots}?date={}&tz=Nowhere", tests::clinic::date_in(1)),
    ] {
        refused(&admin.get(&path).await);
    }
    let unknown = uuid::Uuid::now_v7();
    admin.get(&format!("/api/patients/{unknown}")).await.is(404);
    admin.get(&format!("/api/doctors/{unknown}")).await.is(404);
    admin.get(&format!("/api/appointments/{unknown}")).await.is(404);
    admin
        .get(&format!(
            "/api/appointments/doctor/{unknown}/available-slots?date={}",
            tests::clinic::date_in(1)
        ))
        .await
        .is(404);
    let visit = visit(&patient.id, &doctor.id, at(3, 9, 0));
    let answer =
        admin.send(Method::PUT, "/api/appointments/x/status?status=confirmed", Some(visit), &[]).await;
    refused(&answer);
}
