//! Addresses that their owners prove, and registration that waits for it.
use crate::service::{PASSWORD, Refused, Service, by, database, fields, reason, someone};
use crate::upkeep::logins;
use auth_svc::domain::Login;
use futures::future::join_all;
use jiff::SignedDuration;
use platform::clock::Clock;
use proto::auth::{
    ChangePasswordRequest, Pending, RegisterRequest, ResendEmailVerificationRequest, Role, User,
    VerifyEmailRequest,
};
use tonic::{Code, Status};

const ASKED: &str = "account.email_verification_requested";

async fn verifies(service: &Service, token: &str) -> Result<(), Status> {
    let request = VerifyEmailRequest { token: token.to_owned() };
    service.accounts.clone().verify_email(request).await.map(drop)
}

async fn resends(service: &Service, token: &str) -> Result<(), Status> {
    let request = by(token, ResendEmailVerificationRequest {});
    service.accounts.clone().resend_email_verification(request).await.map(drop)
}

/// The token of the newest of `count` mails.
async fn mailed(service: &Service, user: &str, count: usize) -> String {
    service.message(&service.told(user, ASKED, count).await).await.unwrap().token
}

/// One where those who register prove their address first.
async fn careful() -> Service {
    Service::replica(database().await, &["--registration=verify"]).await
}

/// The account with that address, as admins see it.
async fn account(service: &Service, email: &str) -> Option<User> {
    let request = by(&service.admin().await, proto::auth::ListUsersRequest::default());
    let users = service.client.clone().list_users(request).await.unwrap().into_inner().users;
    users.into_iter().find(|user| user.email == email)
}

#[tokio::test]
async fn whoever_registers_proves_the_address_once() {
    let service = Service::start().await;
    let user = service.registers("", someone()).await.unwrap();
    assert!(user.email_verify_time.is_none() && user.pending() == Pending::Unspecified);
    let tokens = service.logs_in(&user.email, PASSWORD).await.unwrap();
    let first = mailed(&service, &user.id, 1).await;
    resends(&service, &tokens.access_token).await.unwrap();
    let second = mailed(&service, &user.id, 2).await;
    assert_eq!(fields(&verifies(&service, &first).await.refused()), ["token"]);
    verifies(&service, &second).await.unwrap();
    assert_eq!(fields(&verifies(&service, &second).await.refused()), ["token"]);
    let proven = service.current_user(&tokens.access_token).await.unwrap();
    assert!(proven.email_verify_time.is_some());
    // There is nothing left to prove.
    resends(&service, &tokens.access_token).await.unwrap();
    let events = service.events_of(&user.id).await;
    assert_eq!(events.iter().filter(|event| event.kind == ASKED).count(), 2);
}

#[tokio::test]
async fn of_fifty_who_prove_an_address_at_once_one_does() {
    let service = Service::start().await;
    let user = service.registers("", someone()).await.unwrap();
    let token = mailed(&service, &user.id, 1).await;
    let answers = join_all((0..50).map(|_| verifies(&service, &token))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
}

#[tokio::test]
async fn accounts_that_the_practice_makes_are_mailed_nothing() {
    let service = Service::start().await;
    let (user, tokens) = service.person(Role::Staff).await;
    // The practice vouches for the address.
    assert!(user.email_verify_time.is_some());
    resends(&service, &tokens.access_token).await.unwrap();
    assert_eq!(service.events_of(&user.id).await.len(), 0);
}

#[tokio::test]
async fn where_addresses_are_proven_first_nobody_learns_who_is_there() {
    let service = careful().await;
    let first = RegisterRequest { full_name: "Ada Lovelace".to_owned(), ..someone() };
    let answer = service.registers("", first.clone()).await.unwrap();
    assert!(answer == User::default(), "an empty answer");
    let ada = account(&service, &first.email).await.unwrap();
    assert_eq!((ada.pending(), ada.full_name.as_str()), (Pending::EmailVerification, "Ada Lovelace"));

    let again = RegisterRequest { password: "another long and private one".to_owned(), ..first.clone() };
    assert!(service.registers("", again.clone()).await.unwrap() == User::default());
    let told = service.message(&service.told(&ada.id, "account.registered_again", 1).await).await.unwrap();
    assert_eq!((told.email.as_str(), told.token.as_str()), (first.email.as_str(), ""));
    // Nothing of theirs has changed.
    let wrong = service.logs_in(&first.email, &again.password).await.refused();
    assert_eq!((wrong.code(), reason(&wrong).as_str()), (Code::Unauthenticated, "INVALID_CREDENTIALS"));
    let right = service.logs_in(&first.email, PASSWORD).await.refused();
    assert_eq!((right.code(), reason(&right).as_str()), (Code::PermissionDenied, "EMAIL_UNVERIFIED"));

    verifies(&service, &mailed(&service, &ada.id, 1).await).await.unwrap();
    let tokens = service.logs_in(&first.email, PASSWORD).await.unwrap();
    let proven = service.current_user(&tokens.access_token).await.unwrap();
    assert!(proven.email_verify_time.is_some() && proven.pending() == Pending::Unspecified);
}

#[tokio::test]
async fn of_many_who_want_one_address_at_once_all_hear_the_same() {
    let service = careful().await;
    let asked = someone();
    let answers = join_all((0..8).map(|_| service.registers("", asked.clone()))).await;
    assert!(answers.into_iter().all(|answer| answer.is_ok_and(|user| user == User::default())));
    let user = account(&service, &asked.email).await.unwrap();
    service.told(&user.id, "account.registered_again", 7).await;
}

#[tokio::test]
async fn what_is_wrong_with_a_registration_is_told_whoever_has_the_address() {
    let service = careful().await;
    let taken = someone();
    service.registers("", taken.clone()).await.unwrap();
    for email in [taken.email, someone().email] {
        let asked = |request: RegisterRequest| RegisterRequest { email: email.clone(), ..request };
        for (wrong, field) in [
            (RegisterRequest { password: "short".to_owned(), ..someone() }, "password"),
            (RegisterRequest { username: "ada".to_owned(), ..someone() }, "username"),
            (RegisterRequest { claim_code: "x".to_owned(), ..someone() }, "claim_code"),
        ] {
            assert_eq!(fields(&service.registers("", asked(wrong)).await.refused()), [field]);
        }
    }
}

#[tokio::test]
async fn the_practice_makes_accounts_at_once_also_where_addresses_are_proven_first() {
    let service = careful().await;
    let (user, tokens) = service.person(Role::Staff).await;
    assert_eq!(user.pending(), Pending::Unspecified);
    let patient = service.registers(&tokens.access_token, someone()).await.unwrap();
    assert!(service.logs_in(&patient.email, PASSWORD).await.is_ok());
    let again = RegisterRequest { email: patient.email, ..someone() };
    assert_eq!(reason(&service.registers(&tokens.access_token, again).await.refused()), "EMAIL_TAKEN");
}

#[tokio::test]
async fn whoever_knows_the_password_is_sent_another_link_when_the_first_is_too_old() {
    let service = careful().await;
    let asked = someone();
    service.registers("", asked.clone()).await.unwrap();
    let user = account(&service, &asked.email).await.unwrap();
    assert_eq!(reason(&service.logs_in(&user.email, PASSWORD).await.refused()), "EMAIL_UNVERIFIED");
    let count = async || {
        let events = service.events_of(&user.id).await;
        events.iter().filter(|event| event.kind == ASKED).count()
    };
    assert_eq!(count().await, 1);
    let now = Clock::system().now();
    let logins = logins(&crate::service::config(&service.database, &[]), now).await;
    let later = now + SignedDuration::from_hours(24);
    let log_in = async |password: &str| {
        let login = Login::parse(&user.email);
        let answer = logins.log_in(login, password.to_owned().into(), None, None, later).await;
        reason(&Status::from(answer.err().unwrap()))
    };
    assert_eq!(log_in("not the password, surely").await, "INVALID_CREDENTIALS");
    assert_eq!(count().await, 1);
    assert_eq!(log_in(PASSWORD).await, "EMAIL_UNVERIFIED");
    assert_eq!(count().await, 2);
}

#[tokio::test]
async fn changing_ones_password_takes_nothing_from_the_proof() {
    let service = Service::start().await;
    let user = service.registers("", someone()).await.unwrap();
    let token = mailed(&service, &user.id, 1).await;
    let here = service.logs_in(&user.email, PASSWORD).await.unwrap();
    let change = ChangePasswordRequest {
        current_password: PASSWORD.to_owned(),
        new_password: "a horse that staples batteries".to_owned(),
    };
    service.client.clone().change_password(by(&here.access_token, change)).await.unwrap();
    verifies(&service, &token).await.unwrap();
}
