//! An authenticator, and what it is used with.
use crate::clinic::now;
use crate::people::{PASSWORD, text};
use crate::rest::{Answer, Rest};
use reqwest::Method;
use serde_json::{Value, json};
use std::cell::Cell;
use std::time::Duration;
use totp_rs::{Builder, Secret, Totp};

/// On somebody's phone.
pub struct Authenticator {
    totp: Totp,
    last_step: Cell<i64>,
    pub recovery_codes: Vec<String>,
}

impl Authenticator {
    /// Set up with the secret that `person` is given, but not confirmed.
    pub async fn enrolled(person: &Rest) -> Self {
        let enrolment = person.post("/api/auth/totp", json!({ "current_password": PASSWORD })).await.ok();
        let secret = Secret::try_from_base32(text(&enrolment, "secret")).unwrap();
        let totp = Builder::new().with_secret(secret).build().unwrap();
        Self { totp, last_step: Cell::default(), recovery_codes: Vec::new() }
    }

    /// The second factor of `person`, turned on.
    pub async fn of(person: &Rest) -> Self {
        let mut authenticator = Self::enrolled(person).await;
        let code = authenticator.code().await;
        let codes = person.post("/api/auth/totp/confirm", json!({ "code": code })).await.ok();
        authenticator.recovery_codes = serde_json::from_value(codes["recovery_codes"].clone()).unwrap();
        authenticator
    }

    /// A code that was not shown before. The one of the next half minute is taken, too: two need no waiting.
    pub async fn code(&self) -> String {
        loop {
            let step = now().as_second() / 30;
            let next = step.max(self.last_step.get() + 1);
            if next <= step + 1 {
                self.last_step.set(next);
                return self.totp.generate(u64::try_from(next * 30).unwrap()).to_string();
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// A code of none of the half minutes around now.
    pub fn wrong_code(&self) -> String {
        let now = u64::try_from(now().as_second()).unwrap();
        let right: Vec<String> =
            (0..5).map(|step| self.totp.generate(now + step * 30 - 60).to_string()).collect();
        (0..10).map(|code| format!("{code:06}")).find(|code| !right.contains(code)).unwrap()
    }
}

/// The challenge that `username` is answered after the password, coming from `address`.
pub async fn challenge(anyone: &Rest, username: &str, address: &str) -> String {
    let login = json!({ "username": username, "password": PASSWORD });
    let headers = [("x-forwarded-for", address)];
    let answer = anyone.send(Method::POST, "/api/auth/login", Some(login), &headers).await;
    text(&answer.refused(401, "second_factor_required"), "challenge")
}

/// Shows `proof`, a `code` or `recovery_code`, coming from `address`.
pub async fn completes(anyone: &Rest, challenge: &str, proof: Value, address: &str) -> Answer {
    let mut body = proof;
    body["challenge"] = challenge.into();
    anyone.send(Method::POST, "/api/auth/login/totp", Some(body), &[("x-forwarded-for", address)]).await
}
