//! Patients who get to the records that the practice made of them.
use local::service::Service;
use serde_json::json;
use tests::clinic::at;
use tests::mesh::Mesh;
use tests::people::{PASSWORD, fresh_email, log_in, text};

#[tokio::test]
async fn a_patient_registers_with_the_code_from_the_desk_and_books() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (staff, doctor, record) = (admin.staff().await, admin.doctor().await, admin.anybody().await);
    let codes = format!("/api/patients/{record}/claim-codes");
    let voided = text(&staff.post(&codes, json!(null)).await.is(201), "code");
    let code = text(&staff.post(&codes, json!(null)).await.is(201), "code");
    let account =
        |code: &str| json!({ "email": fresh_email("claims"), "password": PASSWORD, "claim_code": code });
    mesh.anyone().post("/api/auth/register", account(&voided)).await.invalid(&["/claim_code"]);
    let body = account(&code.to_lowercase());
    let user = mesh.anyone().post("/api/auth/register", body.clone()).await.created();
    assert_eq!(user["patient_id"], record.as_str());
    mesh.anyone().post("/api/auth/register", account(&code)).await.invalid(&["/claim_code"]);

    let patient = log_in(&mesh.anyone(), &text(&body, "email"), PASSWORD).await;
    patient.get(&format!("/api/patients/{record}")).await.ok();
    let visit = tests::clinic::visit(&record, &doctor.id, at(3, 9, 0));
    patient.post("/api/appointments/", visit).await.created();
    staff.post(&codes, json!(null)).await.refused(409, "has_account");
    for service in Service::ALL {
        let logged = mesh.logged(service);
        assert!(
            !logged.contains(&code) && !logged.contains(&code.replace('-', "")),
            "{service} logs the code"
        );
    }
}

#[tokio::test]
async fn who_has_an_account_already_claims_the_record_and_logs_in_again() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let email = fresh_email("claims");
    let account = json!({ "email": email, "password": PASSWORD });
    mesh.anyone().post("/api/auth/register", account).await.created();
    let newcomer = log_in(&mesh.anyone(), &email, PASSWORD).await;
    let record = admin.anybody().await;
    let codes = format!("/api/patients/{record}/claim-codes");
    let code = json!({ "code": admin.post(&codes, json!(null)).await.is(201)["code"] });

    newcomer.post("/api/auth/claim", json!({ "code": "0000-0000-0000-0000" })).await.invalid(&["/code"]);
    let bound = admin.patient().await;
    bound.post("/api/auth/claim", code.clone()).await.refused(409, "has_record");
    let user = newcomer.post("/api/auth/claim", code.clone()).await.ok();
    assert_eq!(user["patient_id"], record.as_str());
    newcomer.get("/api/auth/me").await.refused(401, "session_ended");
    let again = log_in(&mesh.anyone(), &email, PASSWORD).await;
    again.get(&format!("/api/patients/{record}")).await.ok();
    again.post("/api/auth/claim", code).await.refused(409, "has_record");
}

#[tokio::test]
async fn who_tries_codes_is_soon_refused() {
    let mesh = Mesh::start(|options| {
        let few = ("RATE_LIMIT_GUESSES_PER_DAY".to_owned(), "6".to_owned());
        options.env_of.push((Service::Gateway, few.0, few.1));
    })
    .await;
    let email = fresh_email("guesser");
    mesh.anyone().post("/api/auth/register", json!({ "email": email, "password": PASSWORD })).await.created();
    let guesser = log_in(&mesh.anyone(), &email, PASSWORD).await;
    for number in 0..3 {
        let code = json!({ "code": format!("0000-0000-0000-000{number}") });
        guesser.post("/api/auth/claim", code).await.invalid(&["/code"]);
    }
    let again = log_in(&mesh.anyone(), &email, PASSWORD).await;
    let code = json!({ "code": "0000-0000-0000-0009" });
    again.post("/api/auth/claim", code).await.refused(429, "too_many_requests");
}
