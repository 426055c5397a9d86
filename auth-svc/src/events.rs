//! What the others are told of accounts: ids. Whoever needs more asks for it, and is checked.
use crate::domain::{OneTimeToken, Purpose};
use platform::outbox::NewEvent;
use proto::ids::UserId;
use serde_json::json;

/// The owner of an account is to be sent `token`. None for what is not mailed.
pub fn issued(user: UserId, token: &OneTimeToken) -> Option<NewEvent> {
    let event_type = match token.purpose {
        Purpose::PasswordReset => "account.password_reset_requested",
        Purpose::EmailVerification => "account.email_verification_requested",
        Purpose::Invitation => "account.invited",
        Purpose::PatientClaim => return None,
    };
    let data = json!({ "user_id": user, "token_id": token.id });
    Some(NewEvent { aggregate_id: user.0, event_type, data })
}

/// Somebody registers with the address of an account that is there.
pub fn registered_again(user: UserId) -> NewEvent {
    let (event_type, data) = ("account.registered_again", json!({ "user_id": user }));
    NewEvent { aggregate_id: user.0, event_type, data }
}

/// Somebody gave an account another password.
pub fn password_changed(user: UserId) -> NewEvent {
    NewEvent {
        aggregate_id: user.0,
        event_type: "account.password_changed",
        data: json!({ "user_id": user }),
    }
}
