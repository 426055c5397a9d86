//! Receivers that do not take what is posted, and addresses that nothing is posted to.
use crate::receiver::Receiver;
use crate::service::{Ground, Service};
use crate::webhooks::{all_delivered, id, stands};
use notification_svc::domain::webhook::{Answer, Event, Reach, Subscriptions, Target};
use notification_svc::signing::{Secret, Secrets};
use platform::caller::Role;
use platform::fault::reason;
use platform::secrets::RootSecret;
use proto::ids::{EventId, WebhookId};
use proto::notification::{
    CreateWebhookRequest, NewWebhook, Webhook, WebhookDeliveryState, WebhookDisabledReason,
};
use serde_json::json;
use std::time::Duration;
use tonic::Code;
use tonic_types::StatusExt as _;

const CANCELLED: WebhookDeliveryState = WebhookDeliveryState::Cancelled;
const FAILED: WebhookDeliveryState = WebhookDeliveryState::Failed;
const PENDING: WebhookDeliveryState = WebhookDeliveryState::Pending;

/// Waits until a webhook is disabled.
async fn disabled(service: &Service, new: &NewWebhook) -> WebhookDisabledReason {
    let mut look = tokio::time::interval(Duration::from_millis(20));
    let waiting = async {
        loop {
            look.tick().await;
            let webhook = service.webhook(new).await;
            if !webhook.enabled {
                return webhook.disabled_reason();
            }
        }
    };
    tokio::time::timeout(crate::service::PATIENCE, waiting).await.expect("it is disabled")
}

#[tokio::test]
async fn who_is_gone_is_left_alone_until_an_admin_says_otherwise() {
    let service = Ground::open().await.serve().await;
    let receiver = Receiver::start().await;
    receiver.answers(&[500, 410]);
    let new = service.register(&receiver.url(), &["doctor.*"]).await;
    service.ping(&new).await.unwrap();
    service.until_deliveries(&new, |all| all[0].attempts == 1).await;
    service.ping(&new).await.unwrap();
    assert_eq!(disabled(&service, &new).await, WebhookDisabledReason::Gone);
    let deliveries = service.deliveries(&new).await;
    let refused = || "refused".to_owned();
    assert_eq!(stands(&deliveries), [(FAILED, refused()), (CANCELLED, refused())]);
    assert_eq!(deliveries[0].last_status, 410);
    let doctor = service.ground.neighbours.visit().doctor;
    service.publish_event("doctor.updated", doctor.0, json!({ "version": 1 })).await;
    let no = service.post_again(&deliveries[1]).await.err().unwrap();
    assert_eq!(reason(&no).as_deref(), Some("WEBHOOK_DISABLED"));

    let on = Webhook { enabled: true, ..Webhook::default() };
    let webhook = service.update(&new, &["enabled"], on, 0).await.unwrap();
    assert!(webhook.enabled && webhook.failing_since_time.is_none());
    service.post_again(&deliveries[1]).await.unwrap();
    let is_back = |all: &[_]| stands(all)[1].0 == WebhookDeliveryState::Delivered;
    let deliveries = service.until_deliveries(&new, is_back).await;
    assert_eq!(deliveries.len(), 2, "what happened meanwhile is not told afterwards");
    receiver.until(3).await;
}

#[tokio::test]
async fn a_webhook_to_which_nothing_arrives_for_days_is_disabled() {
    let service = Ground::open().await.serve().await;
    let receiver = Receiver::start().await;
    receiver.answers(&[500, 500, 500]);
    let new = service.register(&receiver.url(), &["doctor.*"]).await;
    let since = async |days: u32| {
        let sql = format!(
            "UPDATE notification.webhook_endpoints SET failing_since = clock_timestamp() - interval '{days} days'"
        );
        service.ground.alter(&sql).await;
    };
    since(4).await;
    service.ping(&new).await.unwrap();
    service.until_deliveries(&new, |all| all[0].attempts == 1).await;
    assert!(service.webhook(&new).await.enabled);
    since(6).await;
    service.ping(&new).await.unwrap();
    assert_eq!(disabled(&service, &new).await, WebhookDisabledReason::Failing);
    let deliveries = service.deliveries(&new).await;
    assert!(deliveries.iter().all(|delivery| delivery.state() == CANCELLED), "{:?}", stands(&deliveries));
}

#[tokio::test]
async fn who_asks_for_a_pause_has_it() {
    let service = Ground::open().await.serve().await;
    let receiver = Receiver::start().await;
    receiver.answers_with(429, "retry-after", "3600");
    let new = service.register(&receiver.url(), &["doctor.*"]).await;
    let asked = service.ping(&new).await.unwrap().create_time.unwrap();
    let waits = service.until_deliveries(&new, |all| all[0].attempts == 1).await.remove(0);
    let pause = waits.next_attempt_time.unwrap().seconds - asked.seconds;
    assert!((3600..4100).contains(&pause), "{pause}");
    assert_eq!(waits.last_status, 429);
}

#[tokio::test]
async fn who_does_not_answer_holds_up_nobody_else() {
    let service = Ground::open().await.serve().await;
    let (slow, quick) = (Receiver::start().await, Receiver::start().await);
    slow.hold();
    let stuck = service.register(&slow.url(), &["doctor.*"]).await;
    let doctor = service.ground.neighbours.visit().doctor;
    for version in 1..=50 {
        service.publish_event("doctor.updated", doctor.0, json!({ "version": version })).await;
    }
    service.until_deliveries(&stuck, |all| all.len() == 50).await;
    slow.until(4).await;
    let new = service.register(&quick.url(), &["doctor.*"]).await;
    let pinged = tokio::time::Instant::now();
    service.ping(&new).await.unwrap();
    service.until_deliveries(&new, all_delivered(1)).await;
    assert!(pinged.elapsed() < Duration::from_secs(10), "{:?}", pinged.elapsed());
    assert_eq!(slow.posts().len(), 4, "so many at once");
    // Its time is up, and the next are tried.
    let late =
        |all: &[proto::notification::WebhookDelivery]| all.iter().any(|one| one.last_error == "timeout");
    service.until_deliveries(&stuck, late).await;
}

#[tokio::test]
async fn nobody_has_a_webhook_that_leads_into_our_network() {
    let service = Service::start().await;
    let ours = [
        "http://receiver.example/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest/meta-data/",
        // A name that leads here.
        "https://localhost/",
    ];
    for url in ours {
        let webhook =
            Webhook { url: url.to_owned(), events: vec!["doctor.*".to_owned()], ..Webhook::default() };
        let create = service.ask(Role::Admin, CreateWebhookRequest { webhook: Some(webhook) });
        let refused = crate::refused(service.webhooks.clone().create_webhook(create).await);
        let details = refused.get_error_details();
        let field =
            details.bad_request().and_then(|bad| bad.field_violations.first()).map(|one| one.field.clone());
        assert_eq!((refused.code(), field.as_deref()), (Code::InvalidArgument, Some("webhook.url")), "{url}");
    }
}

/// Registered while it led elsewhere, or while that was allowed.
pub(crate) async fn registered_before(ground: &Ground, url: &str) -> NewWebhook {
    let (webhook, secret) = (WebhookId::random(), Secret::generate().unwrap());
    let root = RootSecret::new(&ground.config.process.secret_key).unwrap();
    let sealed = Secrets::new(&root).seal(webhook, &secret);
    let url = Target::parse(url, Reach::Anywhere).unwrap();
    let events = Subscriptions::parse(&["doctor.*".to_owned()]).unwrap();
    let created = ground.store().create_webhook(webhook, &url, None, &events, &sealed).await.unwrap();
    NewWebhook { webhook: created.map(Into::into), secret: secret.reveal() }
}

#[tokio::test]
async fn a_name_that_comes_to_lead_into_our_network_is_not_posted_to() {
    let ground = Ground::prepare().await;
    let receiver = Receiver::start().await;
    let name = format!("https://localhost:{}/", receiver.port);
    let plain = format!("http://127.0.0.1:{}/", receiver.port);
    let (name, plain) = (registered_before(&ground, &name).await, registered_before(&ground, &plain).await);
    let service = ground.serve().await;
    for (new, why) in [(name, "address_refused"), (plain, "url_refused")] {
        service.ping(&new).await.unwrap();
        let tried = service.until_deliveries(&new, |all| all[0].attempts == 1).await;
        assert_eq!(stands(&tried), [(PENDING, why.to_owned())]);
    }
    assert_eq!(receiver.posts().len(), 0);
}

#[tokio::test]
async fn who_does_not_prove_who_they_are_is_told_nothing() {
    let service = Ground::open().await.serve().await;
    let receiver = Receiver::start().await;
    let url = format!("https://localhost:{}/", receiver.port);
    let new = service.register(&url, &["doctor.*"]).await;
    service.ping(&new).await.unwrap();
    let tried = service.until_deliveries(&new, |all| all[0].attempts == 1).await;
    assert_eq!(stands(&tried), [(PENDING, "tls_failed".to_owned())]);
    let nobody = service.register("http://127.0.0.1:1/", &["doctor.*"]).await;
    service.ping(&nobody).await.unwrap();
    let tried = service.until_deliveries(&nobody, |all| all[0].attempts == 1).await;
    assert_eq!(stands(&tried), [(PENDING, "unreachable".to_owned())]);
    assert_eq!(receiver.posts().len(), 0);
}

#[tokio::test]
async fn what_a_dying_sender_left_is_posted_by_another_and_what_it_says_later_does_not_count() {
    let ground = Ground::open().await;
    let receiver = Receiver::start().await;
    let new = registered_before(&ground, &receiver.url()).await;
    let webhook: WebhookId = id(&new).parse().unwrap();
    let store = ground.store();
    let event = Event {
        id: EventId::random(),
        event_type: "doctor.updated".to_owned(),
        subject: webhook.0,
        version: 1,
        time: jiff::Timestamp::UNIX_EPOCH,
    };
    assert!(store.enqueue_webhooks(&event, "{}").await.unwrap());
    assert!(!store.enqueue_webhooks(&event, "{}").await.unwrap());
    let left = store.claim_webhooks(10, 4, Duration::ZERO).await.unwrap().remove(0);
    assert!(store.claim_webhooks(10, 4, Duration::ZERO).await.unwrap().is_empty());
    assert_eq!(store.expire_webhooks().await.unwrap(), 1);
    let again = store.claim_webhooks(10, 4, Duration::from_secs(60)).await.unwrap().remove(0);
    assert_eq!(
        (again.delivery.id, again.delivery.attempts, again.body.as_str()),
        (left.delivery.id, 1, "{}")
    );
    let gone = left.delivery.after(Ok(Answer { status: 410, retry_after: None }));
    assert_eq!(store.settle_webhook(&left.delivery, gone).await.unwrap(), None);
    assert!(store.find_webhook(webhook).await.unwrap().unwrap().disabled.is_none());
    let arrived = again.delivery.after(Ok(Answer { status: 200, retry_after: None }));
    store.settle_webhook(&again.delivery, arrived).await.unwrap();
    assert_eq!(store.expire_webhooks().await.unwrap(), 0);
}

#[tokio::test]
async fn what_was_settled_a_month_ago_is_forgotten_and_nothing_else() {
    let service = Ground::open().await.serve().await;
    let receiver = Receiver::start().await;
    let new = service.register(&receiver.url(), &["doctor.*"]).await;
    service.ping(&new).await.unwrap();
    service.until_deliveries(&new, all_delivered(1)).await;
    let age = async |days: u32| {
        let sql = format!(
            "UPDATE notification.webhook_deliveries SET settled_at = clock_timestamp() - interval '{days} days'
              WHERE settled_at IS NOT NULL"
        );
        service.ground.alter(&sql).await
    };
    assert_eq!(age(29).await, 1);
    service.ground.store().forget_webhooks().await.unwrap();
    assert_eq!(service.deliveries(&new).await.len(), 1);
    assert_eq!(age(31).await, 1);
    receiver.answers(&[500]);
    service.ping(&new).await.unwrap();
    service
        .until_deliveries(&new, |all| all.len() == 1 && all[0].state() == PENDING && all[0].attempts == 1)
        .await;
}

#[tokio::test]
async fn what_is_left_behind_at_a_webhook_that_is_disabled_is_cancelled() {
    let service = Ground::open().await.serve().await;
    let receiver = Receiver::start().await;
    receiver.answers(&[500]);
    let new = service.register(&receiver.url(), &["doctor.*"]).await;
    service.ping(&new).await.unwrap();
    service.until_deliveries(&new, |all| all[0].state() == PENDING && all[0].attempts == 1).await;
    // As somebody does who has not seen it.
    service.ground.alter("UPDATE notification.webhook_endpoints SET disabled_reason = 'admin'").await;
    service.until_deliveries(&new, |all| all[0].state() == CANCELLED).await;
}
