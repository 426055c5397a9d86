//! What owners of accounts prove by a mail that only they get.
use local::mail::Message;
use local::service::Service;
use serde_json::{Value, json};
use tests::mesh::Mesh;
use tests::people::{PASSWORD, fresh_email, log_in, text};

const NEW: &str = "staples for battery horses";

/// The token of the link in a mail.
#[track_caller]
pub(crate) fn token(mail: &Message) -> String {
    let rest = mail.text.split("#token=").nth(1).unwrap_or_else(|| panic!("no link in {}", mail.text));
    rest.split_whitespace().next().unwrap().to_owned()
}

/// What is the same for everyone in the answer to a request.
fn told(mut body: Value) -> Value {
    body.as_object_mut().unwrap().remove("request_id");
    body
}

#[tokio::test]
async fn whoever_forgot_a_password_sets_another_by_mail_and_is_told_of_it() {
    let mesh = Mesh::shared().await;
    let (anyone, patient) = (mesh.anyone(), mesh.admin().await.patient().await);
    let nobody = fresh_email("nobody");
    let ask =
        async |email: &str| anyone.post("/api/auth/password-reset", json!({ "email": email })).await.is(202);
    assert_eq!(told(ask(&patient.email.to_uppercase()).await), told(ask(&nobody).await));

    let mail = mesh.mail_to(&patient.email, "choose a new password").await;
    assert!(mail.text.contains("Dear Test Person") && !mail.subject.contains("Test"), "{}", mail.text);
    let confirm = |password: &str| json!({ "token": token(&mail), "new_password": password });
    let path = "/api/auth/password-reset/confirm";
    anyone.post(path, confirm("too short")).await.invalid(&["/new_password"]);
    assert_eq!(anyone.post(path, confirm(NEW)).await.status, 204);
    anyone.post(path, confirm(NEW)).await.invalid(&["/token"]);

    patient.get("/api/auth/me").await.refused(401, "session_ended");
    let form = [("username", patient.email.as_str()), ("password", PASSWORD)];
    anyone.post_form("/api/auth/login", &form).await.refused(401, "invalid_credentials");
    log_in(&anyone, &patient.email, NEW).await;
    mesh.mail_to(&patient.email, "your password was changed").await;
    assert!(mesh.mails_to(&nobody).is_empty());

    for service in Service::ALL {
        assert!(!mesh.logged(service).contains(&token(&mail)), "{service} logs the token");
    }
}

#[tokio::test]
async fn the_page_behind_the_link_does_nothing_until_its_form_is_sent() {
    let mesh = Mesh::shared().await;
    let (anyone, patient) = (mesh.anyone(), mesh.admin().await.patient().await);
    anyone.post("/api/auth/password-reset", json!({ "email": patient.email })).await.is(202);
    let mail = mesh.mail_to(&patient.email, "choose a new password").await;
    let link = mail.text.split_whitespace().find(|word| word.contains("#token=")).unwrap();
    let (page, _) = link.split_once('#').unwrap();
    assert!(mesh.processes.gateway_urls().iter().any(|gateway| page.starts_with(gateway)), "{page}");
    let path = "/account/password-reset";
    assert!(page.ends_with(path));
    for _ in 0..3 {
        anyone.get(path).await.ok();
    }
    let token = token(&mail);
    let send = async |password: &str| {
        anyone.post_form(path, &[("token", token.as_str()), ("password", password)]).await
    };
    let weak = send("too short").await.is(422);
    assert!(weak.as_str().unwrap().contains("The password must be 15 to 128 characters long."), "{weak}");
    assert!(weak.as_str().unwrap().contains(&token), "the code is still in the form");
    let done = send(NEW).await.ok();
    assert!(done.as_str().unwrap().contains("Your password is changed"), "{done}");
    let again = send(NEW).await.is(422);
    assert!(again.as_str().unwrap().contains("does not work any more"), "{again}");
    log_in(&anyone, &patient.email, NEW).await;
}

#[tokio::test]
async fn staff_see_that_a_message_was_sent_and_not_what_it_says() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let staff = admin.staff().await;
    mesh.anyone().post("/api/auth/password-reset", json!({ "email": staff.email })).await.is(202);
    let mail = mesh.mail_to(&staff.email, "choose a new password").await;
    let list = "/api/notifications?limit=200";
    let about = |all: &Value| {
        let all = all.as_array().unwrap().iter();
        all.filter(|one| one["recipient_id"] == staff.id.as_str()).cloned().collect::<Vec<_>>()
    };
    let seen = admin.get_until(list, |all| about(all).iter().any(|one| one["state"] == "sent")).await;
    let message = about(&seen).remove(0);
    assert_eq!(
        (text(&message, "kind"), text(&message, "recipient_kind")),
        ("password_reset".into(), "account".into())
    );
    assert!(!seen.to_string().contains(&token(&mail)));
}
