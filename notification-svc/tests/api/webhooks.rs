//! Programs of others: registered, told, told again.
use crate::receiver::Receiver;
use crate::refused;
use crate::service::{Ground, PATIENCE, Service};
use platform::caller::Role;
use platform::fault::reason;
use platform::postgres;
use prost_types::FieldMask;
use proto::notification::{
    CreateWebhookRequest, DeleteWebhookRequest, GetWebhookRequest, ListWebhookDeliveriesRequest,
    ListWebhooksRequest, NewWebhook, ReplayWebhookDeliveryRequest, RotateWebhookSecretRequest,
    TestWebhookRequest, UpdateWebhookRequest, Webhook, WebhookDelivery, WebhookDeliveryState,
};
use serde_json::json;
use std::time::Duration;
use tonic::Code;
use tonic_types::StatusExt as _;

pub(crate) const DELIVERED: WebhookDeliveryState = WebhookDeliveryState::Delivered;

impl Ground {
    /// Where webhooks may go to this machine.
    pub(crate) async fn open() -> Self {
        Self::prepare_with(&[("--webhook-allow-private", "true")]).await
    }

    /// Does what nobody can ask for.
    pub(crate) async fn alter(&self, sql: &str) -> u64 {
        let pool = postgres::pool(&self.config.postgres, "test").unwrap();
        pool.get().await.unwrap().execute(sql, &[]).await.unwrap()
    }
}

impl Service {
    pub(crate) async fn register(&self, url: &str, events: &[&str]) -> NewWebhook {
        let create = self.ask(Role::Admin, create(url, events));
        self.webhooks.clone().create_webhook(create).await.unwrap().into_inner()
    }

    pub(crate) async fn webhook(&self, new: &NewWebhook) -> Webhook {
        let get = self.ask(Role::Admin, GetWebhookRequest { id: id(new) });
        self.webhooks.clone().get_webhook(get).await.unwrap().into_inner()
    }

    pub(crate) async fn update(
        &self,
        new: &NewWebhook,
        paths: &[&str],
        change: Webhook,
        expected_version: i64,
    ) -> Result<Webhook, tonic::Status> {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        let webhook = Some(Webhook { id: id(new), ..change });
        let update =
            UpdateWebhookRequest { webhook, update_mask: Some(FieldMask { paths }), expected_version };
        let answer = self.webhooks.clone().update_webhook(self.ask(Role::Admin, update)).await;
        answer.map(tonic::Response::into_inner)
    }

    pub(crate) async fn ping(&self, new: &NewWebhook) -> Result<WebhookDelivery, tonic::Status> {
        let test = self.ask(Role::Admin, TestWebhookRequest { id: id(new) });
        self.webhooks.clone().test_webhook(test).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn post_again(
        &self,
        delivery: &WebhookDelivery,
    ) -> Result<WebhookDelivery, tonic::Status> {
        let WebhookDelivery { webhook_id, id: delivery_id, .. } = delivery.clone();
        let replay = self.ask(Role::Admin, ReplayWebhookDeliveryRequest { webhook_id, delivery_id });
        self.webhooks.clone().replay_webhook_delivery(replay).await.map(tonic::Response::into_inner)
    }

    /// What was posted to a webhook, newest first.
    pub(crate) async fn deliveries(&self, new: &NewWebhook) -> Vec<WebhookDelivery> {
        let list = ListWebhookDeliveriesRequest { webhook_id: id(new), ..Default::default() };
        let list = self.ask(Role::Admin, list);
        self.webhooks.clone().list_webhook_deliveries(list).await.unwrap().into_inner().deliveries
    }

    /// Waits until the deliveries to a webhook are as `they_are`.
    pub(crate) async fn until_deliveries(
        &self,
        new: &NewWebhook,
        they_are: impl Fn(&[WebhookDelivery]) -> bool,
    ) -> Vec<WebhookDelivery> {
        let mut look = tokio::time::interval(Duration::from_millis(20));
        let waiting = async {
            loop {
                look.tick().await;
                let deliveries = self.deliveries(new).await;
                if they_are(&deliveries) {
                    return deliveries;
                }
            }
        };
        let Ok(deliveries) = tokio::time::timeout(PATIENCE, waiting).await else {
            panic!("still waiting; states are {:?}", stands(&self.deliveries(new).await));
        };
        deliveries
    }
}

pub(crate) fn id(new: &NewWebhook) -> String {
    new.webhook.as_ref().unwrap().id.clone()
}

/// Where deliveries stand, and why.
pub(crate) fn stands(deliveries: &[WebhookDelivery]) -> Vec<(WebhookDeliveryState, String)> {
    deliveries.iter().map(|delivery| (delivery.state(), delivery.last_error.clone())).collect()
}

pub(crate) fn all_delivered(count: usize) -> impl Fn(&[WebhookDelivery]) -> bool {
    move |all| all.len() == count && all.iter().all(|delivery| delivery.state() == DELIVERED)
}

fn create(url: &str, events: &[&str]) -> CreateWebhookRequest {
    let events = events.iter().map(|event| (*event).to_owned()).collect();
    CreateWebhookRequest { webhook: Some(Webhook { url: url.to_owned(), events, ..Webhook::default() }) }
}

#[tokio::test]
async fn however_often_an_event_comes_it_is_posted_once_signed_and_without_a_patient() {
    let service = Ground::open().await.serve().await;
    let receiver = Receiver::start().await;
    let new = service.register(&receiver.url(), &["appointment.*"]).await;
    let visit = service.ground.neighbours.visit();
    let event = service.publish("booked", visit, 3, "scheduled").await;
    service.publish_again(&event).await;
    // Others hear of offers and of patients nothing, and this one of doctors neither.
    service.publish_event("appointment.offered", visit.id.0, json!({ "patient_id": visit.patient })).await;
    service.publish_event("doctor.updated", visit.doctor.0, json!({ "version": 1 })).await;
    // Taken after the others, so what they did is done when this one came.
    service.publish("cancelled", visit, 4, "cancelled").await;
    let deliveries = service.until_deliveries(&new, all_delivered(2)).await;
    let mut posts = receiver.until(2).await;
    posts.sort_by_key(|post| post.json()["data"]["version"].as_i64());

    let [told, _] = &posts[..] else { panic!("{posts:?}") };
    assert!(posts.iter().all(|post| post.is_signed_by(&new.secret)));
    assert_eq!(told.path, "/hooks?from=clinic");
    assert_eq!(told.header("content-type"), "application/cloudevents+json");
    assert_eq!(told.header("host"), format!("127.0.0.1:{}", receiver.port));
    assert_eq!(told.header("webhook-id"), deliveries[1].id);
    assert_eq!(told.header("webhook-signature").split(' ').count(), 1);
    let body = told.json();
    let link = format!("https://clinic.example/api/appointments/{}", visit.id);
    let expected = json!({ "id": visit.id, "version": 3, "links": { "self": link } });
    assert_eq!((&body["type"], &body["data"]), (&json!("appointment.booked.v1"), &expected));
    assert_eq!((&body["id"], &body["subject"]), (&json!(event.id), &json!(visit.id)));
    assert!(!body.to_string().contains(&visit.patient.to_string()));
    let first = &deliveries[1];
    assert_eq!((first.attempts, first.last_status, first.last_error.as_str()), (1, 204, ""));
}

#[tokio::test]
async fn what_fails_is_posted_again_as_it_was_and_nobody_is_sent_elsewhere() {
    let service = Ground::open().await.serve().await;
    let receiver = Receiver::start().await;
    receiver.answers_with(302, "location", "/elsewhere");
    let new = service.register(&receiver.url(), &["doctor.updated"]).await;
    let doctor = service.ground.neighbours.visit().doctor;
    service.publish_event("doctor.updated", doctor.0, json!({ "version": 7 })).await;
    let failed = service.until_deliveries(&new, |all| all.len() == 1 && all[0].attempts == 1).await;
    assert_eq!((failed[0].last_status, failed[0].last_error.as_str()), (302, "refused"));
    assert!(failed[0].next_attempt_time.is_some() && failed[0].settle_time.is_none());
    assert!(service.webhook(&new).await.failing_since_time.is_some());

    service.until_deliveries(&new, all_delivered(1)).await;
    let posts = receiver.until(2).await;
    assert!(posts.iter().all(|post| post.path == "/hooks?from=clinic" && post.is_signed_by(&new.secret)));
    assert_eq!(posts[0].header("webhook-id"), posts[1].header("webhook-id"));
    assert_eq!(posts[0].body, posts[1].body);
    assert_ne!(posts[0].header("webhook-timestamp"), posts[1].header("webhook-timestamp"));
    assert!(service.webhook(&new).await.failing_since_time.is_none());
}

#[tokio::test]
async fn for_a_day_a_secret_and_the_one_before_both_sign() {
    let service = Ground::open().await.serve().await;
    let receiver = Receiver::start().await;
    let new = service.register(&receiver.url(), &["doctor.*"]).await;
    let rotate = service.ask(Role::Admin, RotateWebhookSecretRequest { id: id(&new) });
    let next = service.webhooks.clone().rotate_webhook_secret(rotate).await.unwrap().into_inner();
    assert_ne!(next.secret, new.secret);
    assert!(service.webhook(&new).await.previous_secret_expire_time.is_some());
    service.ping(&new).await.unwrap();
    let both = receiver.until(1).await.remove(0);
    assert!(both.is_signed_by(&new.secret) && both.is_signed_by(&next.secret));
    assert_eq!(both.header("webhook-signature").split(' ').count(), 2);
    assert_eq!(both.json()["type"], "webhook.ping.v1");

    let end = "UPDATE notification.webhook_endpoints SET previous_expires_at = clock_timestamp()";
    assert_eq!(service.ground.alter(end).await, 1);
    service.ping(&new).await.unwrap();
    let one = receiver.until(2).await.remove(1);
    assert!(!one.is_signed_by(&new.secret) && one.is_signed_by(&next.secret));
}

#[tokio::test]
async fn what_was_delivered_can_be_posted_again_under_the_same_id_and_what_is_under_way_cannot() {
    let service = Ground::open().await.serve().await;
    let receiver = Receiver::start().await;
    let new = service.register(&receiver.url(), &["doctor.*"]).await;
    service.ping(&new).await.unwrap();
    let delivered = service.until_deliveries(&new, all_delivered(1)).await.remove(0);
    let due = service.post_again(&delivered).await.unwrap();
    assert_eq!((due.id.as_str(), due.attempts), (delivered.id.as_str(), 0));
    let posts = receiver.until(2).await;
    assert_eq!(posts[0].header("webhook-id"), posts[1].header("webhook-id"));
    assert_eq!(posts[0].body, posts[1].body);

    receiver.answers(&[500]);
    let pinged = service.ping(&new).await.unwrap();
    let again = service.post_again(&pinged).await.err().unwrap();
    assert_eq!(reason(&again).as_deref(), Some("DELIVERY_UNDER_WAY"));
    let unknown = WebhookDelivery { id: id(&new), ..pinged.clone() };
    let unknown = service.post_again(&unknown).await.err().unwrap();
    assert_eq!(reason(&unknown).as_deref(), Some("WEBHOOK_DELIVERY_NOT_FOUND"));
    let nowhere = WebhookDelivery { webhook_id: pinged.id.clone(), ..pinged };
    let nowhere = service.post_again(&nowhere).await.err().unwrap();
    assert_eq!(reason(&nowhere).as_deref(), Some("WEBHOOK_NOT_FOUND"));
}

#[tokio::test]
async fn a_webhook_is_changed_by_who_has_seen_it_and_deleted_with_what_was_posted() {
    let service = Ground::open().await.serve().await;
    let (before, after) = (Receiver::start().await, Receiver::start().await);
    let new = service.register(&before.url(), &["doctor.*"]).await;
    let moved = Webhook { url: after.url(), description: "Registry".to_owned(), ..Webhook::default() };
    let changed = service.update(&new, &["url", "description"], moved.clone(), 1).await.unwrap();
    assert_eq!((changed.version, changed.description.as_str()), (2, "Registry"));
    assert_eq!(changed.events, ["doctor.*"]);
    let stale = service.update(&new, &["url"], moved, 1).await.err().unwrap();
    assert_eq!(reason(&stale).as_deref(), Some("VERSION_MISMATCH"));
    service.ping(&new).await.unwrap();
    after.until(1).await;
    assert_eq!(before.posts().len(), 0);

    let off = service.update(&new, &["enabled"], Webhook::default(), 0).await.unwrap();
    assert!(!off.enabled);
    let refused_ping = service.ping(&new).await.err().unwrap();
    assert_eq!(reason(&refused_ping).as_deref(), Some("WEBHOOK_DISABLED"));
    let delete =
        |expected_version| service.ask(Role::Admin, DeleteWebhookRequest { id: id(&new), expected_version });
    let mut webhooks = service.webhooks.clone();
    let stale = refused(webhooks.delete_webhook(delete(1)).await);
    assert_eq!(reason(&stale).as_deref(), Some("VERSION_MISMATCH"));
    webhooks.delete_webhook(delete(3)).await.unwrap();
    let gone = refused(webhooks.delete_webhook(delete(3)).await);
    assert_eq!(gone.code(), Code::NotFound);
    let list = service.ask(Role::Admin, ListWebhooksRequest {});
    assert_eq!(webhooks.list_webhooks(list).await.unwrap().into_inner().webhooks.len(), 0);
    let left = service.ground.alter("DELETE FROM notification.webhook_deliveries").await;
    assert_eq!(left, 0);
}

#[tokio::test]
async fn deliveries_are_listed_in_pages_and_by_state() {
    let service = Ground::open().await.serve().await;
    let receiver = Receiver::start().await;
    let new = service.register(&receiver.url(), &["doctor.*"]).await;
    for _ in 0..3 {
        service.ping(&new).await.unwrap();
    }
    let all = service.until_deliveries(&new, all_delivered(3)).await;
    let mut webhooks = service.webhooks.clone();
    let mut list = ListWebhookDeliveriesRequest { webhook_id: id(&new), page_size: 2, ..Default::default() };
    list.set_state(DELIVERED);
    let first = webhooks.list_webhook_deliveries(service.ask(Role::Admin, list.clone())).await;
    let first = first.unwrap().into_inner();
    list.page_token = first.next_page_token;
    let second = webhooks.list_webhook_deliveries(service.ask(Role::Admin, list.clone())).await;
    let second = second.unwrap().into_inner();
    let ids =
        |deliveries: &[WebhookDelivery]| deliveries.iter().map(|one| one.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&[first.deliveries, second.deliveries].concat()), ids(&all));
    assert_eq!(second.next_page_token, "");
    list.set_state(WebhookDeliveryState::Failed);
    let other = refused(webhooks.list_webhook_deliveries(service.ask(Role::Admin, list.clone())).await);
    assert_eq!(other.code(), Code::InvalidArgument, "the token is of another list");
    list.page_token.clear();
    let none = webhooks.list_webhook_deliveries(service.ask(Role::Admin, list)).await.unwrap();
    assert_eq!(none.into_inner().deliveries.len(), 0);
}

#[tokio::test]
async fn what_is_wrong_with_a_webhook_is_named_and_there_are_a_hundred_at_most() {
    let service = Ground::open().await.serve().await;
    let mut webhooks = service.webhooks.clone();
    let wrong = service.ask(Role::Admin, create("gopher://x/", &["patient.*"]));
    let wrong = refused(webhooks.create_webhook(wrong).await);
    let details = wrong.get_error_details();
    let fields = details.bad_request().unwrap().field_violations.iter().map(|one| one.field.clone());
    assert_eq!(fields.collect::<Vec<_>>(), ["webhook.url", "webhook.events"]);
    let new = service.register("http://127.0.0.1:1/", &["doctor.*"]).await;
    let nonsense = service.update(&new, &["secret"], Webhook::default(), 0).await.err().unwrap();
    assert_eq!(nonsense.code(), Code::InvalidArgument);
    for _ in 1..100 {
        service.register("http://127.0.0.1:1/", &["doctor.*"]).await;
    }
    let one_more = service.ask(Role::Admin, create("http://127.0.0.1:1/", &["doctor.*"]));
    let one_more = refused(webhooks.create_webhook(one_more).await);
    assert_eq!(reason(&one_more).as_deref(), Some("TOO_MANY"));
}

#[tokio::test]
async fn webhooks_are_for_admins() {
    let service = Ground::open().await.serve().await;
    for role in [Role::Staff, Role::Auditor] {
        let list = service.ask(role, ListWebhooksRequest {});
        let no = refused(service.webhooks.clone().list_webhooks(list).await);
        assert_eq!(no.code(), Code::PermissionDenied);
    }
}
