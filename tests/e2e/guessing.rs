use futures::StreamExt as _;
use local::service::Service;
use reqwest::Method;
use serde_json::json;
use std::time::Duration;
use tests::authenticator::{Authenticator, challenge, completes};
use tests::mesh::Mesh;
use tests::people::{PASSWORD, fresh_email, text};
use tests::rest::{Answer, Rest};

const HOME: &str = "192.0.2.1";

/// A mesh that believes what we say of where we come from.
async fn mesh() -> Mesh {
    Mesh::start(|options| {
        for (name, value) in [("TRUSTED_PROXIES", "127.0.0.0/8"), ("RATE_LIMIT_GUESSES_PER_DAY", "6")] {
            options.env_of.push((Service::Gateway, name.to_owned(), value.to_owned()));
        }
    })
    .await
}

async fn logs_in(anyone: &Rest, email: &str, password: &str, from: &str) -> Answer {
    let body = json!({ "username": email, "password": password });
    anyone.send(Method::POST, "/api/auth/login", Some(body), &[("x-forwarded-for", from)]).await
}

#[tokio::test]
async fn who_guesses_from_many_networks_gets_few_guesses_and_the_owner_gets_in() {
    let mesh = mesh().await;
    let anyone = mesh.anyone();
    let email = fresh_email("owner");
    anyone.post("/api/auth/register", json!({ "email": email, "password": PASSWORD })).await.created();
    logs_in(&anyone, &email, PASSWORD, HOME).await.ok();

    // Whether there is such an account makes no difference.
    for name in [email.clone(), fresh_email("nobody")] {
        for network in 1..=3 {
            let from = format!("198.51.100.{network}");
            let guess = logs_in(&anyone, &name, "not the password, surely", &from).await;
            guess.refused(401, "invalid_credentials");
        }
        let refused = logs_in(&anyone, &name, PASSWORD, "198.51.100.4").await;
        let wait: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=8 * 60 * 60).contains(&wait), "{wait}");
        refused.refused(429, "too_many_requests");
    }
    for _ in 0..5 {
        logs_in(&anyone, &email, PASSWORD, HOME).await.ok();
    }
    // Guesses from home count as well, for themselves.
    for _ in 0..3 {
        logs_in(&anyone, &email, "not the password, surely", HOME).await.refused(401, "invalid_credentials");
    }
    logs_in(&anyone, &email, PASSWORD, HOME).await.refused(429, "too_many_requests");
}

#[tokio::test]
async fn who_knows_the_password_gets_few_guesses_at_the_code_as_well() {
    let mesh = mesh().await;
    let anyone = mesh.anyone();
    let email = fresh_email("owner");
    anyone.post("/api/auth/register", json!({ "email": email, "password": PASSWORD })).await.created();
    let tokens = logs_in(&anyone, &email, PASSWORD, HOME).await.ok();
    let phone = Authenticator::of(&anyone.with_token(&text(&tokens, "access_token"))).await;

    // A new challenge gives no new guesses, nor does another network.
    for network in 1..=3 {
        let from = format!("198.51.100.{network}");
        let begun = challenge(&anyone, &email, &from).await;
        completes(&anyone, &begun, json!({ "code": phone.wrong_code() }), &from)
            .await
            .refused(401, "wrong_code");
    }
    let refused = logs_in(&anyone, &email, PASSWORD, "198.51.100.4").await;
    refused.refused(429, "too_many_requests");
    let begun = challenge(&anyone, &email, HOME).await;
    let code = json!({ "code": phone.wrong_code() });
    completes(&anyone, &begun, code, "198.51.100.5").await.refused(429, "too_many_requests");
    completes(&anyone, &begun, json!({ "code": phone.code().await }), HOME).await.ok();
}

/// Attempts that are under way at once.
const AT_ONCE: usize = 32;
/// Guesses at one account.
const GUESSES: usize = 10_000;

#[tokio::test]
async fn ten_thousand_guesses_from_everywhere_neither_succeed_nor_keep_the_owner_out() {
    let mesh = Mesh::start(|options| {
        options.env_of.push((Service::Gateway, "TRUSTED_PROXIES".to_owned(), "127.0.0.0/8".to_owned()));
    })
    .await;
    let anyone = mesh.anyone();
    let email = fresh_email("owner");
    anyone.post("/api/auth/register", json!({ "email": email, "password": PASSWORD })).await.created();
    logs_in(&anyone, &email, PASSWORD, HOME).await.ok();

    let guess = async |number: usize| {
        let from = format!("198.{}.{}.{}", 18 + number % 2, number / 250 % 250, number % 250);
        // One of them is right, when there are none left.
        let password =
            if number == GUESSES - 1 { PASSWORD.to_owned() } else { format!("guess number {number}") };
        logs_in(&anyone, &email, &password, &from).await.status
    };
    let guessing = futures::stream::iter((0..GUESSES).map(guess)).buffered(AT_ONCE).collect::<Vec<u16>>();
    let owner = async {
        for _ in 0..10 {
            gets_in(&anyone, &email).await;
        }
    };
    let (statuses, ()) = tokio::join!(guessing, owner);
    assert!(statuses.iter().all(|status| [401, 429, 503].contains(status)), "none succeeded: {statuses:?}");
    let heard = statuses.iter().filter(|status| **status == 401).count();
    assert!((40..=100).contains(&heard), "{heard} guesses were looked at");
    gets_in(&anyone, &email).await;
}

/// The owner, at home. Whoever finds that many are logging in comes back a moment later, and is never told off.
async fn gets_in(anyone: &Rest, email: &str) {
    for _ in 0..50 {
        let answer = logs_in(anyone, email, PASSWORD, HOME).await;
        if answer.status != 503 {
            answer.ok();
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the owner is kept out");
}
