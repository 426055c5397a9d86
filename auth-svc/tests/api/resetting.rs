use crate::mailing::Event;
use crate::service::{PASSWORD, Refused, Service, by, config, database, fields, owner, reason, someone};
use crate::upkeep::{mailing, store};
use auth_svc::accounts::{Accounts, NewAccount};
use auth_svc::domain::{Purpose, Standing, Token};
use auth_svc::passwords::{Passwords, Policy};
use auth_svc::redeeming::{Chosen, Redeeming};
use auth_svc::resets::Resets;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use platform::caller;
use platform::clock::Clock;
use proto::auth::{ChangePasswordRequest, RequestPasswordResetRequest, ResetPasswordRequest, Role, User};
use proto::ids::PatientId;
use std::collections::BTreeMap;
use std::sync::Arc;
use tonic::{Code, Status};

const NEW: &str = "a horse that staples batteries";
const POLICY: Policy = Policy { min_length: 15 };
const ASKED: &str = "account.password_reset_requested";

async fn asks(service: &Service, email: &str) -> Result<(), Status> {
    let request = RequestPasswordResetRequest { email: email.to_owned() };
    service.accounts.clone().request_password_reset(request).await.map(drop)
}

async fn resets(service: &Service, token: &str, password: &str) -> Result<(), Status> {
    let request = ResetPasswordRequest { token: token.to_owned(), new_password: password.to_owned() };
    service.accounts.clone().reset_password(request).await.map(drop)
}

/// The token of the mail to `user`, who has asked for `count` of them.
async fn mailed(service: &Service, user: &User, count: usize) -> String {
    asks(service, &user.email).await.unwrap();
    service.message(&service.told(&user.id, ASKED, count).await).await.unwrap().token
}

#[tokio::test]
async fn whoever_gets_the_mail_sets_another_password_and_shuts_everyone_out() {
    let service = Service::start().await;
    let user = service.registers("", someone()).await.unwrap();
    let here = service.logs_in(&user.email, PASSWORD).await.unwrap();
    let token = mailed(&service, &user, 1).await;
    resets(&service, &token, NEW).await.unwrap();

    assert_eq!(reason(&service.current_user(&here.access_token).await.refused()), "SESSION_ENDED");
    assert!(service.refreshes(&here.refresh_token).await.is_err());
    assert_eq!(reason(&service.logs_in(&user.email, PASSWORD).await.refused()), "INVALID_CREDENTIALS");
    assert!(service.logs_in(&user.email, NEW).await.is_ok());
    let told = service.message(&service.told(&user.id, "account.password_changed", 1).await).await.unwrap();
    assert_eq!((told.email, told.token), (user.email, String::new()));
}

#[tokio::test]
async fn of_fifty_who_use_a_token_at_once_one_can() {
    let service = Service::start().await;
    let user = service.registers("", someone()).await.unwrap();
    let token = mailed(&service, &user, 1).await;
    let passwords: Vec<String> = (0..50).map(|number| format!("{NEW} {number}")).collect();
    let answers = join_all(passwords.iter().map(|password| resets(&service, &token, password))).await;
    let worked: Vec<&String> =
        answers.iter().zip(&passwords).filter(|(answer, _)| answer.is_ok()).map(|(_, one)| one).collect();
    assert_eq!(worked.len(), 1);
    assert!(service.logs_in(&user.email, worked[0]).await.is_ok());
    for refused in answers.into_iter().filter_map(Result::err) {
        // Hashing is done for a few at once.
        let is_used = fields(&refused) == ["token"];
        assert!(is_used || reason(&refused) == "AUTH_BUSY", "{refused:?}");
    }
    assert_eq!(fields(&resets(&service, &token, NEW).await.refused()), ["token"]);
}

#[tokio::test]
async fn a_new_token_voids_the_one_before_and_nothing_is_mailed_for_that() {
    let service = Service::start().await;
    let user = service.registers("", someone()).await.unwrap();
    asks(&service, &user.email).await.unwrap();
    let first: Event = service.told(&user.id, ASKED, 1).await;
    let old = service.message(&first).await.unwrap().token;
    let new = mailed(&service, &user, 2).await;
    assert_ne!(old, new);
    let gone = service.message(&first).await.refused();
    assert_eq!((gone.code(), reason(&gone).as_str()), (Code::NotFound, "TOKEN_NOT_FOUND"));
    assert_eq!(fields(&resets(&service, &old, NEW).await.refused()), ["token"]);
    resets(&service, &new, NEW).await.unwrap();
    let used = service.told(&user.id, ASKED, 2).await;
    assert_eq!(service.message(&used).await.refused().code(), Code::NotFound);
}

#[tokio::test]
async fn another_password_voids_the_link_to_set_one() {
    let service = Service::start().await;
    let user = service.registers("", someone()).await.unwrap();
    let token = mailed(&service, &user, 1).await;
    let here = service.logs_in(&user.email, PASSWORD).await.unwrap();
    let change =
        ChangePasswordRequest { current_password: PASSWORD.to_owned(), new_password: NEW.to_owned() };
    service.client.clone().change_password(by(&here.access_token, change)).await.unwrap();
    assert_eq!(fields(&resets(&service, &token, PASSWORD).await.refused()), ["token"]);
    service.told(&user.id, "account.password_changed", 1).await;
}

#[tokio::test]
async fn all_wrong_tokens_look_alike_and_a_weak_password_spends_none() {
    let service = Service::start().await;
    let user = service.registers("", someone()).await.unwrap();
    let token = mailed(&service, &user, 1).await;
    for weak in ["short", "passwordpassword", &format!("{} and more", user.email)] {
        assert_eq!(fields(&resets(&service, &token, weak).await.refused()), ["new_password"]);
    }
    resets(&service, &token, NEW).await.unwrap();
    let used = resets(&service, &token, NEW).await.refused();
    for wrong in ["", "x", &"A".repeat(43), &format!("{token}x")] {
        let refused = resets(&service, wrong, NEW).await.refused();
        assert_eq!((refused.code(), refused.details()), (used.code(), used.details()), "{wrong}");
    }
}

#[tokio::test]
async fn whoever_may_not_log_in_gets_no_link() {
    let service = Service::start().await;
    let (user, _) = service.person(Role::Staff).await;
    let token = mailed(&service, &user, 1).await;
    let asked = service.told(&user.id, ASKED, 1).await;
    let disabled = User { is_active: false, ..user.clone() };
    service.updates(&service.admin().await, disabled, &["is_active"]).await.unwrap();
    assert_eq!(fields(&resets(&service, &token, NEW).await.refused()), ["token"]);
    assert_eq!(service.message(&asked).await.refused().code(), Code::NotFound);
    asks(&service, &user.email).await.unwrap();
    let other = service.registers("", someone()).await.unwrap();
    mailed(&service, &other, 1).await;
    // Answered in turn, so the one before has been.
    let events = service.events_of(&user.id).await;
    assert_eq!(events.iter().filter(|event| event.kind == ASKED).count(), 1);
}

#[tokio::test]
async fn no_token_rests_anywhere() {
    let service = Service::start().await;
    let user = service.registers("", someone()).await.unwrap();
    let token = mailed(&service, &user, 1).await;
    let everything = service.everything().await;
    assert!(everything.contains(ASKED) && everything.contains(&user.email));
    assert!(!everything.contains(&token));
    let secret = BASE64_URL_SAFE_NO_PAD.decode(&token).unwrap();
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(!everything.contains(&hex));
}

#[tokio::test]
async fn a_token_works_for_half_an_hour() {
    let service = Service::start().await;
    let user = service.registers("", someone()).await.unwrap();
    let token = mailed(&service, &user, 1).await;
    let id = service.told(&user.id, ASKED, 1).await.data["token_id"].as_str().unwrap().parse().unwrap();
    let config = config(&service.database, &[]);
    let cases = Redeeming::new(store(&config), Arc::new(Passwords::new().unwrap()));
    let mailing = mailing(&config);
    let issued = Clock::system().now();
    let reset = async |at: Timestamp| {
        let token = Token::try_from(token.clone());
        let chosen = Chosen { password: NEW.to_owned().into(), field: "new_password", policy: &POLICY };
        cases.set_password(Purpose::PasswordReset, token, chosen, at).await.map_err(Status::from)
    };
    let late = issued + SignedDuration::from_mins(30);
    assert_eq!(fields(&reset(late).await.refused()), ["token"]);
    assert!(mailing.letter(user.id.parse().unwrap(), Some(id), late).await.is_err());
    reset(issued + SignedDuration::from_secs(30 * 60 - 60)).await.unwrap();
}

/// How many rows each table has.
async fn rows(owner: &tokio_postgres::Client) -> BTreeMap<String, i64> {
    let tables = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'auth'";
    let mut rows = BTreeMap::new();
    for table in owner.query(tables, &[]).await.unwrap() {
        let table: String = table.get(0);
        let count = owner.query_one(&format!("SELECT count(*) FROM auth.{table}"), &[]).await.unwrap();
        rows.insert(table, count.get(0));
    }
    rows
}

#[tokio::test]
async fn asking_is_the_same_work_whether_or_not_there_is_such_an_account() {
    // Without the service, so that nobody works off what is asked.
    let database = database().await;
    let config = config(&database, &[]);
    let cases = Resets::new(store(&config), mailing(&config));
    let now = Clock::system().now();
    let password = POLICY.accept(&PASSWORD.to_owned().into(), &[]).unwrap();
    let ada = NewAccount {
        email: "ada@example.com".to_owned().try_into().unwrap(),
        username: None,
        full_name: None,
        password,
        role: caller::Role::Patient(PatientId::random()),
        claim: None,
    };
    let accounts = Accounts::new(store(&config), Arc::new(Passwords::new().unwrap()), mailing(&config));
    accounts.register(Standing::Admin, ada, now).await.unwrap();

    let owner = owner(&database).await;
    let start = rows(&owner).await;
    for email in ["ada@example.com", "nobody@example.com"] {
        let before = rows(&owner).await;
        cases.request(&email.to_owned().try_into().unwrap(), now).await.unwrap();
        let mut expected = before;
        *expected.get_mut("password_reset_requests").unwrap() += 1;
        assert_eq!(rows(&owner).await, expected, "{email}");
    }
    while cases.answer_one(now).await.unwrap() {}
    let mut expected = start;
    *expected.get_mut("one_time_tokens").unwrap() += 1;
    *expected.get_mut("outbox").unwrap() += 1;
    assert_eq!(rows(&owner).await, expected);
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_whoever_asks() {
    let service = Service::start().await;
    for wrong in ["", "ada", "ada@", "a@b\0.example"] {
        assert_eq!(fields(&asks(&service, wrong).await.refused()), ["email"]);
    }
}
