//! What owners of accounts are told.
use crate::service::{Service, eventually};
use crate::{SENT, SUPERSEDED};
use platform::outbox::Envelope;
use proto::auth::AccountMessage;
use proto::ids::{OneTimeTokenId, UserId};
use proto::notification::{
    ListNotificationsRequest, Notification, NotificationKind, NotificationState, RecipientKind,
};
use proto::time::to_wire;
use serde_json::json;

const TOKEN: &str = "c2VjcmV0LXRoYXQtb25seS1vbmUtcGVyc29uLWtub3dz";

/// An account that waits for something to be sent back.
struct Asked {
    user: UserId,
    token: OneTimeTokenId,
}

impl Service {
    /// From now on auth-svc has something to say to Ada.
    fn asked(&self) -> Asked {
        let asked = Asked { user: UserId::random(), token: OneTimeTokenId::random() };
        let message = AccountMessage {
            email: "ada@example.com".to_owned(),
            full_name: "Ada Lovelace".to_owned(),
            token: TOKEN.to_owned(),
            expire_time: Some(to_wire("2030-01-07T09:30:00Z".parse().unwrap())),
        };
        self.now_says(&asked, Some(message));
        asked
    }

    fn now_says(&self, Asked { user, token }: &Asked, message: Option<AccountMessage>) {
        let key = (user.to_string(), token.to_string());
        self.ground.neighbours.now_know(|known| match message {
            Some(message) => drop(known.accounts.insert(key, message)),
            None => drop(known.accounts.remove(&key)),
        });
    }

    async fn publish_asked(&self, Asked { user, token }: &Asked) -> Envelope {
        let data = json!({ "user_id": user, "token_id": token, "new": 1 });
        self.publish_event("account.password_reset_requested", user.0, data).await
    }

    /// The only message to the owner of an account, once it is as it should be.
    async fn until_account(&self, user: UserId, it_is: impl Fn(&Notification) -> bool) -> Notification {
        let messages = async || {
            let mut messages = self.list(ListNotificationsRequest::default()).await;
            messages.retain(|message| message.recipient_id == user.to_string());
            messages
        };
        eventually(messages, |messages| messages.len() == 1 && it_is(&messages[0])).await.remove(0)
    }

    async fn until_account_is(&self, user: UserId, state: NotificationState) -> Notification {
        self.until_account(user, |message| message.state() == state).await
    }
}

#[tokio::test]
async fn whoever_forgot_a_password_gets_one_mail_with_a_link_that_hides_its_token() {
    let service = Service::start().await;
    let asked = service.asked();
    let event = service.publish_asked(&asked).await;
    service.publish_again(&event).await;
    let message = service.until_account_is(asked.user, SENT).await;
    assert_eq!(
        (message.kind(), message.recipient_kind(), message.attempts),
        (NotificationKind::PasswordReset, RecipientKind::Account, 1)
    );
    assert!(message.appointment_id.is_empty() && message.offer_id.is_empty());
    let mail = service.mail_of(&message).await;
    assert_eq!(mail.envelope_recipients, ["ada@example.com"]);
    assert_eq!(mail.subject, "Choose a new password");
    let link = format!("https://clinic.example/account/password-reset#token={TOKEN}");
    for body in [&mail.text, &mail.html] {
        assert!(body.contains(&link) && body.contains("9:30 am UTC on Monday, 7 January 2030"), "{body}");
    }
    service.publish_again(&event).await;
    let later = service.asked();
    service.publish_asked(&later).await;
    service.until_account_is(later.user, SENT).await;
    assert_eq!(service.ground.mail.messages().len(), 2);
}

#[tokio::test]
async fn a_token_that_was_used_or_ran_out_before_its_mail_could_leave_is_not_mailed() {
    let service = Service::start().await;
    let used = Asked { user: UserId::random(), token: OneTimeTokenId::random() };
    service.publish_asked(&used).await;
    service.until_account_is(used.user, SUPERSEDED).await;

    let asked = service.asked();
    service.ground.mail.pause().await;
    service.publish_asked(&asked).await;
    service.until_account(asked.user, |message| message.last_error == "smtp_refused").await;
    service.now_says(&asked, None);
    service.ground.mail.resume().await.unwrap();
    let message = service.until_account_is(asked.user, SUPERSEDED).await;
    assert!(message.attempts > 0 && message.send_time.is_none());
    assert_eq!(service.ground.mail.messages().len(), 0);
}

#[tokio::test]
async fn the_owner_hears_of_another_password_each_time_and_of_what_does_not_exist_yet_nothing() {
    let service = Service::start().await;
    let user = UserId::random();
    let message = AccountMessage { email: "ada@example.com".to_owned(), ..AccountMessage::default() };
    service
        .ground
        .neighbours
        .now_know(|known| drop(known.accounts.insert((user.to_string(), String::new()), message)));
    service.publish_event("account.something_new", user.0, json!({ "user_id": user })).await;
    for _ in 0..2 {
        service.publish_event("account.password_changed", user.0, json!({ "user_id": user })).await;
    }
    let messages = async || service.list(ListNotificationsRequest::default()).await;
    let both_sent = |messages: &[Notification]| {
        messages.len() == 2 && messages.iter().all(|message| message.state() == SENT)
    };
    for message in eventually(messages, both_sent).await {
        assert_eq!(message.kind(), NotificationKind::PasswordChanged);
        let mail = service.mail_of(&message).await;
        assert_eq!(mail.subject, "Your password was changed");
        assert!(mail.text.starts_with("Hello,") && !mail.text.contains("http"), "{}", mail.text);
    }
}
