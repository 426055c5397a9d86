use local::service::Service;
use reqwest::Method;
use serde_json::{Value, json};
use tests::authenticator::{Authenticator, challenge, completes};
use tests::mesh::Mesh;
use tests::people::{PASSWORD, fresh_email, log_in, text};
use tests::rest::Rest;

const HERE: &str = "192.0.2.1";

/// Somebody who has just registered.
async fn newcomer(mesh: &Mesh) -> (String, Value, Rest) {
    let email = fresh_email("factor");
    let account = json!({ "email": email, "password": PASSWORD });
    let user = mesh.anyone().post("/api/auth/register", account).await.created();
    let rest = log_in(&mesh.anyone(), &email, PASSWORD).await;
    (email, user, rest)
}

#[tokio::test]
async fn one_logs_in_with_a_code_once_the_second_factor_is_on() {
    let mesh = Mesh::shared().await;
    let anyone = mesh.anyone();
    let (email, _, person) = newcomer(&mesh).await;
    let elsewhere = log_in(&anyone, &email, PASSWORD).await;
    person
        .post("/api/auth/totp", json!({ "current_password": "not it, surely" }))
        .await
        .refused(403, "wrong_password");
    person
        .post("/api/auth/totp/confirm", json!({ "code": "123456" }))
        .await
        .refused(409, "totp_not_enrolled");
    let phone = Authenticator::of(&person).await;
    assert_eq!(phone.recovery_codes.len(), 10);
    person.post("/api/auth/totp", json!({ "current_password": PASSWORD })).await.refused(409, "totp_enabled");
    elsewhere.get("/api/auth/me").await.refused(401, "session_ended");
    person.get("/api/auth/me").await.ok();

    let begun = challenge(&anyone, &email, HERE).await;
    assert!(!begun.contains(&email));
    completes(&anyone, &begun, json!({}), HERE).await.invalid(&["/code"]);
    completes(&anyone, &begun, json!({ "code": "12345" }), HERE).await.invalid(&["/code"]);
    let both = json!({ "code": "123456", "recovery_code": phone.recovery_codes[0] });
    completes(&anyone, &begun, both, HERE).await.invalid(&["/recovery_code"]);
    completes(&anyone, &begun, json!({ "code": phone.wrong_code() }), HERE).await.refused(401, "wrong_code");
    let code = phone.code().await;
    let tokens = completes(&anyone, &begun, json!({ "code": code }), HERE).await.ok();
    anyone.with_token(&text(&tokens, "access_token")).get("/api/auth/me").await.ok();
    completes(&anyone, &begun, json!({ "code": code }), HERE).await.refused(401, "challenge_expired");
    completes(&anyone, "x", json!({ "code": code }), HERE).await.refused(401, "challenge_expired");

    // Programs do it in one; a code that was shown is not taken again.
    let form = |totp: &str| {
        [("username", email.clone()), ("password", PASSWORD.to_owned()), ("totp", totp.to_owned())]
    };
    let sent = form(&code);
    let sent: Vec<(&str, &str)> = sent.iter().map(|(name, value)| (*name, value.as_str())).collect();
    anyone.post_form("/api/auth/login", &sent).await.refused(401, "wrong_code");
    let sent = form(&phone.code().await);
    let sent: Vec<(&str, &str)> = sent.iter().map(|(name, value)| (*name, value.as_str())).collect();
    anyone.post_form("/api/auth/login", &sent).await.ok();
}

#[tokio::test]
async fn who_lost_the_phone_has_recovery_codes_and_who_lost_these_has_an_administrator() {
    let mesh = Mesh::shared().await;
    let anyone = mesh.anyone();
    let (email, user, person) = newcomer(&mesh).await;
    let phone = Authenticator::of(&person).await;
    let recovery = |code: &str| json!({ "recovery_code": code });
    let begun = challenge(&anyone, &email, HERE).await;
    let tokens = completes(&anyone, &begun, recovery(&phone.recovery_codes[0]), HERE).await.ok();
    let person = anyone.with_token(&text(&tokens, "access_token"));
    let begun = challenge(&anyone, &email, HERE).await;
    completes(&anyone, &begun, recovery(&phone.recovery_codes[0]), HERE).await.refused(401, "wrong_code");

    let with = |password: &str, code: &str| json!({ "current_password": password, "recovery_code": code });
    let path = "/api/auth/totp/recovery-codes";
    person.post(path, with(PASSWORD, &phone.recovery_codes[0])).await.refused(403, "wrong_code");
    let others = person.post(path, with(PASSWORD, &phone.recovery_codes[1])).await.ok();
    let begun = challenge(&anyone, &email, HERE).await;
    completes(&anyone, &begun, recovery(&phone.recovery_codes[3]), HERE).await.refused(401, "wrong_code");
    let other = others["recovery_codes"][0].as_str().unwrap();
    completes(&anyone, &begun, recovery(other), HERE).await.ok();

    let remove = |password: &str, code: &str| {
        let (person, body) = (person.clone(), with(password, code));
        async move { person.send(Method::DELETE, "/api/auth/totp", Some(body), &[]).await }
    };
    remove("not it, surely", &phone.recovery_codes[2]).await.refused(403, "wrong_password");
    remove(PASSWORD, &phone.recovery_codes[2]).await.refused(403, "wrong_code");

    let totp = format!("/api/users/{}/totp", text(&user, "id"));
    person.delete(&totp).await.refused(403, "forbidden");
    let admin = mesh.admin().await;
    admin.delete(&format!("/api/users/{}/totp", admin.id)).await.refused(409, "own_second_factor");
    assert_eq!(admin.delete(&totp).await.status, 204);
    person.get("/api/auth/sessions").await.refused(401, "session_ended");
    let person = log_in(&anyone, &email, PASSWORD).await;
    let phone = Authenticator::of(&person).await;
    let body = with(PASSWORD, &phone.recovery_codes[0]);
    assert_eq!(person.send(Method::DELETE, "/api/auth/totp", Some(body.clone()), &[]).await.status, 204);
    person.send(Method::DELETE, "/api/auth/totp", Some(body), &[]).await.refused(409, "totp_not_enabled");
    log_in(&anyone, &email, PASSWORD).await;
}

#[tokio::test]
async fn staff_who_must_have_a_second_factor_set_it_up_before_anything_else() {
    let mesh = Mesh::start(|options| {
        options.env_of.push((
            Service::Auth,
            "REQUIRE_SECOND_FACTOR".to_owned(),
            "staff,doctor,auditor".to_owned(),
        ));
    })
    .await;
    let staff = mesh.admin().await.staff().await;
    staff.get("/api/auth/me").await.ok();
    staff.get("/api/patients").await.refused(403, "second_factor_enrolment_required");
    staff.get("/api/doctors").await.refused(403, "second_factor_enrolment_required");
    staff
        .post(
            "/api/auth/change-password",
            json!({ "current_password": PASSWORD, "new_password": "staples for battery horses" }),
        )
        .await
        .refused(403, "second_factor_enrolment_required");
    let phone = Authenticator::of(&staff.rest).await;
    let begun = challenge(&mesh.anyone(), &staff.email, HERE).await;
    let tokens = completes(&mesh.anyone(), &begun, json!({ "code": phone.code().await }), HERE).await.ok();
    let caller = mesh.anyone().with_token(&text(&tokens, "access_token"));
    caller.get("/api/patients").await.ok();
}
