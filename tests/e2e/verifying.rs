//! Addresses that their owners prove, and colleagues who are invited.
use crate::recovery::token;
use local::service::Service;
use serde_json::{Value, json};
use tests::mesh::Mesh;
use tests::people::{PASSWORD, fresh_email, log_in, text};

fn told(mut body: Value) -> Value {
    body.as_object_mut().unwrap().remove("request_id");
    body
}

#[tokio::test]
async fn whoever_registers_is_sent_a_link_that_proves_the_address() {
    let mesh = Mesh::shared().await;
    let (anyone, email) = (mesh.anyone(), fresh_email("proves"));
    let user =
        anyone.post("/api/auth/register", json!({ "email": email, "password": PASSWORD })).await.created();
    assert_eq!((&user["email_verified_at"], &user["pending"]), (&Value::Null, &Value::Null));
    let owner = log_in(&anyone, &email, PASSWORD).await;
    let first = token(&mesh.mail_to(&email, "confirm your e-mail address").await);
    owner.post("/api/auth/verify-email/resend", json!(null)).await.is(202);
    anyone.post("/api/auth/verify-email", json!({ "token": first })).await.invalid(&["/token"]);

    let second = mesh.ground.mail.wait_for(tests::rest::PATIENCE, |mail| {
        mail.envelope_recipients.iter().any(|to| to.contains(&email)) && !mail.text.contains(&first)
    });
    let second = token(&second.await.expect("another mail"));
    let page = anyone.get("/account/verify-email").await.ok();
    assert!(page.as_str().unwrap().contains("Confirm the address"), "{page}");
    let page = anyone.post_form("/account/verify-email", &[("token", second.as_str())]).await.ok();
    assert!(page.as_str().unwrap().contains("is confirmed"), "{page}");
    anyone.post("/api/auth/verify-email", json!({ "token": second })).await.invalid(&["/token"]);
    assert!(owner.get("/api/auth/me").await.ok()["email_verified_at"].is_string());
}

#[tokio::test]
async fn where_addresses_are_proven_first_registering_tells_nobody_who_is_there() {
    let mesh = Mesh::start(|options| {
        options.env_of.push((Service::Auth, "REGISTRATION".to_owned(), "verify".to_owned()));
    })
    .await;
    let (anyone, email) = (mesh.anyone(), fresh_email("proves"));
    let account = |email: &str| json!({ "email": email, "password": PASSWORD });
    let fresh = anyone.post("/api/auth/register", account(&email)).await.is(202);
    let link = mesh.mail_to(&email, "confirm your e-mail address").await;
    let taken = anyone.post("/api/auth/register", account(&email)).await.is(202);
    assert_eq!(told(fresh), told(taken));
    let mail = mesh.mail_to(&email, "you have an account already").await;
    assert!(!mail.text.contains("#token="), "{}", mail.text);

    let log_in_with = async |password: &str| {
        let form = [("username", email.as_str()), ("password", password)];
        anyone.post_form("/api/auth/login", &form).await
    };
    log_in_with("not the password, surely").await.refused(401, "invalid_credentials");
    log_in_with(PASSWORD).await.refused(403, "email_unverified");
    let verify = json!({ "token": token(&link) });
    assert_eq!(anyone.post("/api/auth/verify-email", verify).await.status, 204);
    log_in_with(PASSWORD).await.ok();
    // The practice makes accounts as ever.
    mesh.admin().await.staff().await.get("/api/auth/me").await.ok();
}

#[tokio::test]
async fn a_colleague_is_invited_chooses_a_password_and_works() {
    let mesh = Mesh::shared().await;
    let (anyone, admin, email) = (mesh.anyone(), mesh.admin().await, fresh_email("invited"));
    let doctor = admin.doctor_in("UTC").await;
    let unknown = json!({ "email": email, "role": "doctor", "doctor_id": uuid::Uuid::now_v7() });
    admin.post("/api/users", unknown).await.invalid(&["/doctor_id"]);
    let linked = json!({ "email": email, "role": "doctor", "doctor_id": doctor.id });
    admin.post("/api/users", linked).await.refused(409, "already_linked");
    admin.post("/api/users", json!({ "email": email, "role": "patient" })).await.invalid(&["/role"]);
    let with_password = json!({ "email": email, "role": "staff", "password": PASSWORD });
    admin.post("/api/users", with_password).await.invalid(&["/password"]);

    let colleague = json!({ "email": email, "role": "staff", "full_name": "Grace Hopper" });
    let user = admin.post("/api/users", colleague).await.created();
    assert_eq!(user["pending"], "invitation");
    let form = [("username", email.as_str()), ("password", PASSWORD)];
    anyone.post_form("/api/auth/login", &form).await.refused(401, "invalid_credentials");
    let mail = mesh.mail_to(&email, "you have been given an account").await;
    assert!(mail.text.contains("Dear Grace Hopper") && mail.text.contains("/account/accept-invitation#"));
    let accept = |password: &str| json!({ "token": token(&mail), "password": password });
    anyone.post("/api/auth/accept-invitation", accept("too short")).await.invalid(&["/password"]);
    assert_eq!(anyone.post("/api/auth/accept-invitation", accept(PASSWORD)).await.status, 204);
    anyone.post("/api/auth/accept-invitation", accept(PASSWORD)).await.invalid(&["/token"]);
    let grace = log_in(&anyone, &email, PASSWORD).await;
    grace.get("/api/patients/?limit=1").await.ok();
    assert_eq!(text(&grace.get("/api/auth/me").await.ok(), "role"), "staff");
}
