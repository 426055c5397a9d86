//! The use cases on webhooks: registered, changed, told of events, and what became of it.
use crate::channel::webhook::{Courier, Post, TOTAL};
use crate::domain::webhook::{
    Answer, Disabled, Edits, Event, Failure, MAX_WEBHOOKS, Outcome, PING, Reach, Stage, Subscriptions,
    Target, Webhook, WebhookDelivery,
};
use crate::error::Error;
use crate::signing::{Secret, Secrets, signature};
use crate::store::{Asked, Change, Store, WebhookClaim};
use jiff::Timestamp;
use platform::violations::Violations;
use proto::ids::{EventId, WebhookDeliveryId, WebhookId};
use proto::scalars::Description;
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::sleep;
use tracing::Instrument as _;

/// How long one sender has a delivery for itself: longer than an attempt can take.
const LEASE: Duration = Duration::from_secs(2 * TOTAL.as_secs());
/// Deliveries to one webhook that are under way at once.
const EACH: i64 = 4;
/// Pause before the store is asked again that could not answer.
const BACK_OFF: Duration = Duration::from_millis(200);

/// A webhook to be registered.
pub struct NewWebhook {
    pub url: Target,
    pub description: Option<Description>,
    pub events: Subscriptions,
}

#[derive(Clone)]
pub struct Webhooks {
    store: Store,
    courier: Courier,
    secrets: Secrets,
    /// Where others find what they are told of.
    public_url: Arc<str>,
    due: Arc<Notify>,
}

impl Webhooks {
    pub fn new(store: Store, courier: Courier, secrets: Secrets, public_url: &str) -> Self {
        Self { store, courier, secrets, public_url: public_url.into(), due: Arc::default() }
    }

    /// How far posting may reach.
    pub fn reach(&self) -> Reach {
        self.courier.reach()
    }

    pub async fn create(&self, new: NewWebhook) -> Result<(Webhook, Secret), Error> {
        let NewWebhook { url, description, events } = new;
        self.check(&url).await?;
        let (id, secret) = (WebhookId::random(), Secret::generate()?);
        let sealed = self.secrets.seal(id, &secret);
        let created = self.store.create_webhook(id, &url, description.as_ref(), &events, &sealed).await?;
        Ok((created.ok_or(Error::TooManyWebhooks(MAX_WEBHOOKS))?, secret))
    }

    pub async fn find(&self, id: WebhookId) -> Result<Webhook, Error> {
        self.store.find_webhook(id).await?.ok_or(Error::WebhookNotFound(id))
    }

    /// Newest first.
    pub async fn list(&self) -> Result<Vec<Webhook>, Error> {
        Ok(self.store.list_webhooks().await?)
    }

    pub async fn update(&self, id: WebhookId, expected_version: i64, edits: Edits) -> Result<Webhook, Error> {
        if let Some(url) = &edits.url {
            self.check(url).await?;
        }
        let changed = self.store.change_webhook(id, expected_version, |webhook| webhook.edit(edits)).await?;
        done(id, changed)
    }

    pub async fn delete(&self, id: WebhookId, expected_version: i64) -> Result<Webhook, Error> {
        done(id, self.store.delete_webhook(id, expected_version).await?)
    }

    /// Another secret; the one before signs, too, for a day.
    pub async fn rotate(&self, id: WebhookId) -> Result<(Webhook, Secret), Error> {
        let secret = Secret::generate()?;
        let rotated = self.store.rotate_webhook(id, &self.secrets.seal(id, &secret)).await?;
        Ok((rotated.ok_or(Error::WebhookNotFound(id))?, secret))
    }

    /// Has something posted that tells of nothing.
    pub async fn test(&self, id: WebhookId, now: Timestamp) -> Result<WebhookDelivery, Error> {
        let webhook = self.find(id).await?;
        let event = Event {
            id: EventId::random(),
            event_type: PING.to_owned(),
            subject: id.0,
            version: webhook.version,
            time: now,
        };
        let asked = self.store.test_webhook(id, &event, &event.body(&self.public_url)).await?;
        self.due(asked, Error::WebhookNotFound(id))
    }

    pub async fn deliveries(
        &self,
        id: WebhookId,
        stage: Option<Stage>,
        before: Option<WebhookDeliveryId>,
        limit: i64,
    ) -> Result<Vec<WebhookDelivery>, Error> {
        self.find(id).await?;
        Ok(self.store.list_webhook_deliveries(id, stage, before, limit).await?)
    }

    /// Has the same posted again, under the same id.
    pub async fn replay(&self, webhook: WebhookId, id: WebhookDeliveryId) -> Result<WebhookDelivery, Error> {
        self.find(webhook).await?;
        let asked = self.store.replay_webhook(webhook, id).await?;
        self.due(asked, Error::WebhookDeliveryNotFound(id))
    }

    /// Writes down `event` for all who want to hear of it, once for each.
    pub async fn announce(&self, event: &Event) -> Result<(), Error> {
        if self.store.enqueue_webhooks(event, &event.body(&self.public_url)).await? {
            self.wake();
        }
        Ok(())
    }

    /// Tells the sender to look for what is due.
    pub fn wake(&self) {
        self.due.notify_one();
    }

    /// Resolves when something may be due.
    pub async fn woken(&self) {
        self.due.notified().await;
    }

    /// Takes back what a sender left behind, and forgets what was settled long ago.
    pub async fn tidy(&self) -> Result<(), Error> {
        let expired = self.store.expire_webhooks().await?;
        if expired > 0 {
            tracing::warn!(expired, "webhooks were left half-posted and will be posted again");
        }
        self.store.cancel_left_webhooks().await?;
        Ok(self.store.forget_webhooks().await?)
    }

    /// Takes up to `limit` deliveries that are due. Each is to be given to [`Webhooks::attempt`].
    pub async fn claim(&self, limit: usize) -> Result<Vec<WebhookClaim>, Error> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Ok(self.store.claim_webhooks(limit, EACH, LEASE).await?)
    }

    /// Tries to post once, and writes down what came of it.
    pub async fn attempt(&self, claim: WebhookClaim, now: Timestamp) {
        let span = tracing::info_span!(
            "webhook.post",
            webhook.id = %claim.delivery.webhook_id,
            webhook_delivery.id = %claim.delivery.id,
            event.type = claim.delivery.event_type,
        );
        async {
            let WebhookClaim { delivery, url, secrets, body } = claim;
            let attempt = self.post(&delivery, url, &secrets, body, now).await;
            let outcome = delivery.after(attempt);
            let disabled = self.settle(&delivery, outcome).await;
            tell(&delivery, outcome, disabled);
        }
        .instrument(span)
        .await;
    }

    async fn post(
        &self,
        delivery: &WebhookDelivery,
        url: String,
        secrets: &[Vec<u8>],
        body: String,
        now: Timestamp,
    ) -> Result<Answer, Failure> {
        let open = |sealed: &Vec<u8>| self.secrets.open(delivery.webhook_id, sealed);
        // One that cannot be opened any more does not keep another from signing.
        let secrets: Vec<Secret> = secrets.iter().filter_map(|sealed| open(sealed).ok()).collect();
        if secrets.is_empty() {
            return Err(Failure::SecretUnreadable);
        }
        let timestamp = now.as_second();
        let signature = signature(&secrets, delivery.id, timestamp, &body);
        let post = Post { url, id: delivery.id.to_string(), timestamp, signature, body };
        self.courier.post(post, now).await
    }

    /// However long the database is away: what has arrived must not come again.
    async fn settle(&self, delivery: &WebhookDelivery, outcome: Outcome) -> Option<Disabled> {
        loop {
            match self.store.settle_webhook(delivery, outcome).await {
                Ok(disabled) => return disabled,
                Err(error) if error.is_outage() => sleep(BACK_OFF).await,
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn StdError,
                        "outcome of a webhook was not written down"
                    );
                    return None;
                }
            }
        }
    }

    /// A name that does not lead anywhere yet may later; one that leads to us is refused when it is told.
    async fn check(&self, url: &Target) -> Result<(), Error> {
        match self.courier.check(url).await {
            Err(Failure::AddressRefused) => {
                Err(Violations::of("webhook.url", "must lead to a public address").into())
            }
            _ => Ok(()),
        }
    }

    fn due(&self, asked: Asked, not_found: Error) -> Result<WebhookDelivery, Error> {
        match asked {
            Asked::Due(delivery) => {
                self.wake();
                Ok(*delivery)
            }
            Asked::NotFound => Err(not_found),
            Asked::Disabled => Err(Error::WebhookDisabled),
            Asked::UnderWay => Err(Error::DeliveryUnderWay),
        }
    }
}

fn done(id: WebhookId, change: Change) -> Result<Webhook, Error> {
    match change {
        Change::Done(webhook) => Ok(*webhook),
        Change::NotFound => Err(Error::WebhookNotFound(id)),
        Change::Stale { current } => Err(Error::WebhookChanged { current }),
    }
}

fn tell(delivery: &WebhookDelivery, outcome: Outcome, disabled: Option<Disabled>) {
    metrics::counter!("webhook_deliveries_total", "outcome" => outcome.name()).increment(1);
    tracing::info!(
        webhook.id = %delivery.webhook_id,
        webhook_delivery.id = %delivery.id,
        outcome = outcome.name(),
        failure = outcome.failure().map(Failure::name),
        http.response.status_code = outcome.status(),
        "tried to post to a webhook"
    );
    if let Some(reason) = disabled {
        metrics::counter!("webhooks_disabled_total", "reason" => reason.name()).increment(1);
        tracing::warn!(webhook.id = %delivery.webhook_id, reason = reason.name(), "disabled a webhook");
    }
}
