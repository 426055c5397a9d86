//! What the owners of accounts are to be told.
use super::refused;
use crate::delivery::Delivery;
use crate::domain::{About, AccountKind};
use platform::inbox::{Handler, Refused};
use platform::outbox::Envelope;
use proto::ids::{OneTimeTokenId, UserId};
use serde::Deserialize;

/// Of its own, because a replica of the release before takes from the others what it does not know, and tells nobody.
pub const QUEUE: &str = "notification-svc.accounts";
pub const PATTERNS: &[&str] = &["account.*"];

pub struct Consumer {
    delivery: Delivery,
}

impl Consumer {
    pub fn new(delivery: Delivery) -> Self {
        Self { delivery }
    }
}

impl Handler for Consumer {
    async fn handle(&self, event: Envelope) -> Result<(), Refused> {
        let kind = match event.event_type.as_str() {
            "healthcare.account.password_reset_requested.v1" => AccountKind::PasswordReset,
            "healthcare.account.password_changed.v1" => AccountKind::PasswordChanged,
            "healthcare.account.email_verification_requested.v1" => AccountKind::EmailVerification,
            "healthcare.account.invited.v1" => AccountKind::Invitation,
            "healthcare.account.registered_again.v1" => AccountKind::RegisteredAgain,
            _ => return Ok(()),
        };
        let data = serde_json::from_value(event.data).map_err(|error| Refused::Never(error.into()))?;
        let Data { user_id, token_id } = data;
        let message = About::Account { kind, user_id, token_id };
        self.delivery.enqueue(event.id, &[message]).await.map_err(refused)
    }
}

/// What auth-svc says, as far as it is needed: the rest is asked for when the message is sent.
#[derive(Deserialize)]
struct Data {
    user_id: UserId,
    token_id: Option<OneTimeTokenId>,
}
