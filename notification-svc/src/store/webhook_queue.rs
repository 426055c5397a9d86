//! The queue of deliveries to webhooks: what is due, who has it, and what came of it.
use super::webhook_deliveries::columns;
use super::webhooks::{cancel, committed, locked, on_webhook};
use super::{Error, Store};
use crate::domain::webhook::{Disabled, Failure, KEPT, Outcome, PATIENCE, WebhookDelivery};
use deadpool_postgres::{GenericClient as _, Transaction};
use platform::postgres;
use proto::ids::WebhookId;
use std::time::Duration;
use tracing::instrument;

/// A delivery that one sender has for itself until its lease ends, with all that is posted.
pub struct Claim {
    pub delivery: WebhookDelivery,
    pub url: String,
    /// Sealed; the newest first.
    pub secrets: Vec<Vec<u8>>,
    pub body: String,
}

/// So many at once for each webhook, so that one that is slow holds up nobody else; replicas count each for itself. An array
/// is known to be short: else all that was ever posted would be read.
const CLAIM: &str = concat!(
    "WITH due AS (
        SELECT one.id FROM notification.webhook_endpoints e
         CROSS JOIN LATERAL (
            SELECT id, next_attempt_at FROM notification.webhook_deliveries
             WHERE endpoint_id = e.id AND state = 'pending' AND next_attempt_at <= (SELECT clock_timestamp())
             ORDER BY next_attempt_at
             LIMIT greatest(0, $2 - (SELECT count(*) FROM notification.webhook_deliveries
                                      WHERE endpoint_id = e.id AND state = 'sending'))
               FOR UPDATE SKIP LOCKED) one
         WHERE e.disabled_reason IS NULL
         ORDER BY one.next_attempt_at
         LIMIT $1)
     UPDATE notification.webhook_deliveries d
        SET state = 'sending', next_attempt_at = NULL,
            leased_until = clock_timestamp() + make_interval(secs => $3)
       FROM unnest(ARRAY(SELECT id FROM due)) few (id), notification.webhook_endpoints e
      WHERE d.id = few.id AND e.id = d.endpoint_id
     RETURNING d.body, e.url, e.secret,
               CASE WHEN e.previous_expires_at > clock_timestamp() THEN e.previous_secret END AS previous_secret, ",
    columns!()
);

/// The number of attempts grows when a lease ends, so it tells one lease from the next.
const EXPIRE: &str = "
    UPDATE notification.webhook_deliveries
       SET state = 'pending', next_attempt_at = clock_timestamp(), leased_until = NULL,
           attempts = attempts + 1, last_error = 'interrupted'
     WHERE state = 'sending' AND leased_until <= clock_timestamp()";

/// What was announced, or left behind by a sender, while its webhook was being disabled.
const CANCEL_LEFT: &str = "
    UPDATE notification.webhook_deliveries
       SET state = 'cancelled', next_attempt_at = NULL, settled_at = clock_timestamp()
     WHERE state = 'pending'
       AND id IN (SELECT d.id
                    FROM notification.webhook_endpoints e
                    JOIN notification.webhook_deliveries d ON d.endpoint_id = e.id AND d.state = 'pending'
                   WHERE e.disabled_reason IS NOT NULL LIMIT 1000)";

/// Whatever has become of the lease: it has arrived.
const DELIVERED: &str = "
    UPDATE notification.webhook_deliveries
       SET state = 'delivered', settled_at = clock_timestamp(), attempts = attempts + 1,
           last_status = $2, last_error = NULL, next_attempt_at = NULL, leased_until = NULL
     WHERE id = $1 AND state IN ('sending', 'pending')";

const RETRY: &str = "
    UPDATE notification.webhook_deliveries
       SET state = 'pending', leased_until = NULL, attempts = attempts + 1, last_status = $3, last_error = $4,
           -- What failed together does not all come back together.
           next_attempt_at = clock_timestamp() + make_interval(secs => $5) * (1 + random() / 10)
     WHERE id = $1 AND state = 'sending' AND attempts = $2::bigint";

const END: &str = "
    UPDATE notification.webhook_deliveries
       SET state = $5, settled_at = clock_timestamp(), leased_until = NULL, attempts = attempts + 1,
           last_status = $3, last_error = $4
     WHERE id = $1 AND state = 'sending' AND attempts = $2::bigint";

const WORKS: &str = "
    UPDATE notification.webhook_endpoints SET failing_since = NULL WHERE id = $1 AND failing_since IS NOT NULL";

const FAILS: &str = "
    UPDATE notification.webhook_endpoints SET failing_since = coalesce(failing_since, clock_timestamp())
     WHERE id = $1
 RETURNING failing_since < clock_timestamp() - make_interval(secs => $2)";

const DISABLE: &str = "
    UPDATE notification.webhook_endpoints
       SET disabled_reason = $2, version = version + 1, updated_at = clock_timestamp()
     WHERE id = $1";

/// An array, so that they are looked up: there are none most of the time.
const FORGET: &str = "
    DELETE FROM notification.webhook_deliveries
     WHERE id = ANY (ARRAY(
        SELECT id FROM notification.webhook_deliveries
         WHERE settled_at < (SELECT clock_timestamp() - make_interval(secs => $1))
         ORDER BY settled_at LIMIT 1000 FOR UPDATE SKIP LOCKED))";

impl Store {
    /// Takes up to `limit` deliveries that are due, and so many that no webhook has more than `each` under way.
    #[instrument(name = "db.webhook_delivery.claim", level = "debug", skip_all)]
    pub async fn claim_webhooks(&self, limit: i64, each: i64, lease: Duration) -> Result<Vec<Claim>, Error> {
        let client = self.connection().await?;
        let claim = client.prepare_cached(CLAIM).await?;
        let rows = client.query(&claim, &[&limit, &each, &lease.as_secs_f64()]).await?;
        let claims = rows.iter().map(|row| {
            let secrets: [Option<Vec<u8>>; 2] = [row.try_get("secret")?, row.try_get("previous_secret")?];
            Ok(Claim {
                delivery: row.try_into()?,
                url: row.try_get("url")?,
                secrets: secrets.into_iter().flatten().collect(),
                body: row.try_get("body")?,
            })
        });
        claims.collect()
    }

    /// Makes due again what a sender has not told of in time; how many.
    #[instrument(name = "db.webhook_delivery.expire", level = "debug", skip_all)]
    pub async fn expire_webhooks(&self) -> Result<u64, Error> {
        let client = self.connection().await?;
        let expire = client.prepare_cached(EXPIRE).await?;
        Ok(client.execute(&expire, &[]).await?)
    }

    /// Cancels what waits for a webhook that is disabled.
    #[instrument(name = "db.webhook_delivery.cancel_left", level = "debug", skip_all)]
    pub async fn cancel_left_webhooks(&self) -> Result<(), Error> {
        let client = self.connection().await?;
        let cancel = client.prepare_cached(CANCEL_LEFT).await?;
        client.execute(&cancel, &[]).await?;
        Ok(())
    }

    /// Forgets some of what was settled long ago.
    #[instrument(name = "db.webhook_delivery.forget", level = "debug", skip_all)]
    pub async fn forget_webhooks(&self) -> Result<(), Error> {
        let client = self.connection().await?;
        let forget = client.prepare_cached(FORGET).await?;
        client.execute(&forget, &[&KEPT.as_secs_f64()]).await?;
        Ok(())
    }

    /// Writes down what came of an attempt, unless the lease has ended; why the webhook was disabled, if it was.
    #[instrument(name = "db.webhook_delivery.settle", skip_all, fields(webhook_delivery.id = %delivery.id))]
    pub async fn settle_webhook(
        &self,
        delivery: &WebhookDelivery,
        outcome: Outcome,
    ) -> Result<Option<Disabled>, Error> {
        let mut client = self.connection().await?;
        let tx = client.transaction().await?;
        let id = delivery.webhook_id;
        // It was deleted, and this with it.
        let Some(webhook) = locked(&tx, id).await? else { return Ok(None) };
        if !noted(&tx, delivery, outcome, webhook.disabled.is_some()).await? {
            return Ok(None);
        }
        let reason = match outcome {
            Outcome::Delivered { .. } => {
                let works = tx.prepare_cached(WORKS).await?;
                tx.execute(&works, &[&id.0]).await?;
                None
            }
            Outcome::Gone => Some(Disabled::Gone),
            Outcome::Retry { .. } | Outcome::GivenUp { .. } => {
                let fails = tx.prepare_cached(FAILS).await?;
                let row = tx.query_one(&fails, &[&id.0, &PATIENCE.as_secs_f64()]).await?;
                row.try_get::<_, bool>(0)?.then_some(Disabled::Failing)
            }
        };
        let Some(reason) = reason.filter(|_| webhook.disabled.is_none()) else {
            postgres::commit(tx).await?;
            return Ok(None);
        };
        disable(&tx, id, reason).await?;
        committed(tx, on_webhook("update", id).fields(["enabled"]).because(reason.name())).await?;
        Ok(Some(reason))
    }
}

/// Whether it was this lease's to say.
async fn noted(
    tx: &Transaction<'_>,
    delivery: &WebhookDelivery,
    outcome: Outcome,
    is_disabled: bool,
) -> Result<bool, Error> {
    let (id, attempts) = (&delivery.id.0, i64::from(delivery.attempts));
    let (status, failure) = (outcome.status().map(i32::from), outcome.failure().map(Failure::name));
    let written = match outcome {
        Outcome::Delivered { .. } => {
            let delivered = tx.prepare_cached(DELIVERED).await?;
            tx.execute(&delivered, &[id, &status]).await?
        }
        Outcome::Retry { after, .. } if !is_disabled => {
            let retry = tx.prepare_cached(RETRY).await?;
            tx.execute(&retry, &[id, &attempts, &status, &failure, &after.as_secs_f64()]).await?
        }
        Outcome::Retry { .. } | Outcome::GivenUp { .. } | Outcome::Gone => {
            let state = if matches!(outcome, Outcome::Retry { .. }) { "cancelled" } else { "failed" };
            let end = tx.prepare_cached(END).await?;
            tx.execute(&end, &[id, &attempts, &status, &failure, &state]).await?
        }
    };
    Ok(written == 1)
}

async fn disable(tx: &Transaction<'_>, id: WebhookId, reason: Disabled) -> Result<(), Error> {
    let disable = tx.prepare_cached(DISABLE).await?;
    tx.execute(&disable, &[&id.0, &reason.name()]).await?;
    cancel(tx, id).await
}
