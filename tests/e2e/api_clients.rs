use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tests::mesh::Mesh;
use tests::people::{Admin, text};
use tests::rest::Rest;

async fn program(admin: &Admin, scopes: &[&str]) -> (String, String) {
    let client = json!({ "name": "Laboratory", "scopes": scopes });
    let client = admin.post("/api/api-clients", client).await.created();
    (text(&client, "id"), text(&client, "secret"))
}

async fn token(anyone: &Rest, id: &str, secret: &str) -> Value {
    let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
    anyone.post_form("/api/auth/token", &form).await.ok()
}

#[tokio::test]
async fn a_program_does_what_its_scopes_say_and_nothing_after_it_is_disabled() {
    let mesh = Mesh::shared().await;
    let (admin, anyone) = (mesh.admin().await, mesh.anyone());
    let (id, secret) = program(&admin, &["patients.read", "doctors.read"]).await;
    let given = token(&anyone, &id, &secret).await;
    assert_eq!(
        (given["scope"].as_str(), given["expires_in"].as_i64()),
        (Some("doctors.read patients.read"), Some(900))
    );
    assert!(given.get("refresh_token").is_none());
    let client = anyone.with_token(&text(&given, "access_token"));
    client.get("/api/patients").await.ok();
    client.get("/api/doctors").await.ok();
    client.get("/api/appointments").await.refused(403, "insufficient_scope");
    client.get("/api/auth/me").await.refused(403, "insufficient_scope");
    client.get("/api/users").await.refused(403, "forbidden");
    let account = json!({ "email": "program@example.com", "password": "correct horse battery staple", "role": "staff" });
    client.post("/api/auth/register", account).await.invalid(&["/role"]);

    let basic = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, format!("{id}:{secret}"));
    let headers = [("authorization", format!("Basic {basic}"))];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let body = json!({ "grant_type": "client_credentials", "scope": "patients.read" });
    let less = anyone.send(Method::POST, "/api/auth/token", Some(body), &headers).await.ok();
    assert_eq!(less["scope"].as_str(), Some("patients.read"));
    let less = anyone.with_token(&text(&less, "access_token"));
    less.get("/api/doctors").await.refused(403, "insufficient_scope");

    let form = |grant: &'static str, scope: &'static str| {
        vec![
            ("grant_type", grant),
            ("client_id", id.as_str()),
            ("client_secret", secret.as_str()),
            ("scope", scope),
        ]
    };
    let path = "/api/auth/token";
    anyone.post_form(path, &form("client_credentials", "users.read")).await.refused(400, "invalid_scope");
    anyone.post_form(path, &form("password", "")).await.refused(400, "unsupported_grant_type");
    anyone.post_form(path, &[("client_id", id.as_str())]).await.refused(400, "invalid_request");
    let wrong = [("grant_type", "client_credentials"), ("client_id", id.as_str()), ("client_secret", "cs_x")];
    anyone.post_form(path, &wrong).await.refused(401, "invalid_client");

    let disable = format!("/api/api-clients/{id}/disable");
    assert!(!admin.post(&disable, json!(null)).await.ok()["disabled_at"].is_null());
    anyone.post_form(path, &form("client_credentials", "")).await.refused(401, "invalid_client");
    let shut_out = async {
        while client.get("/api/patients").await.status != 401 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), shut_out).await.expect("shut out within seconds");
}

#[tokio::test]
async fn a_secret_is_followed_by_another_while_both_work() {
    let mesh = Mesh::shared().await;
    let (admin, anyone) = (mesh.admin().await, mesh.anyone());
    let (id, first) = program(&admin, &["patients.read"]).await;
    let path = format!("/api/api-clients/{id}");
    let second = text(&admin.post(&format!("{path}/secret"), json!(null)).await.ok(), "secret");
    assert_ne!(first, second);
    for secret in [&first, &second] {
        token(&anyone, &id, secret).await;
    }
    let shown = admin.get(&path).await.ok();
    assert!(shown.get("secret").is_none() && shown["name"] == "Laboratory");
    assert!(admin.get("/api/api-clients").await.ok().as_array().unwrap().contains(&shown));
    let wrong = json!({ "name": "", "scopes": ["users.write"] });
    admin.post("/api/api-clients", wrong).await.is(422);
}
