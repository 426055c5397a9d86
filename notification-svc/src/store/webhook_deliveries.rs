//! Deliveries to webhooks: written down, listed, and asked for again.
use super::webhooks::{committed, locked};
use super::{Error, Store};
use crate::domain::webhook::{Event, Stage, WebhookDelivery};
use deadpool_postgres::{GenericClient as _, Transaction};
use platform::audit::Entry;
use platform::postgres;
use proto::ids::{EventId, WebhookDeliveryId, WebhookId};
use tokio_postgres::Row;
use tracing::instrument;
use uuid::Uuid;

/// What became of the wish to have something posted.
pub enum Asked {
    Due(Box<WebhookDelivery>),
    NotFound,
    /// Nothing is posted to a webhook that is disabled.
    Disabled,
    /// It is not settled yet.
    UnderWay,
}

/// By name: a statement that is prepared with `*` fails once a later release adds a column.
macro_rules! columns {
    () => {
        "d.id, d.endpoint_id, d.event_id, d.event_type, d.subject, d.occurred_at, d.state, d.attempts,
         d.next_attempt_at, d.last_status, d.last_error, d.settled_at, d.created_at"
    };
}
pub(super) use columns;

/// In one order, so that nobody waits for somebody who waits for them.
const SUBSCRIBED: &str = "
    SELECT id FROM notification.webhook_endpoints
     WHERE disabled_reason IS NULL AND events && $1
     ORDER BY id FOR KEY SHARE";

const INSERT: &str = concat!(
    "INSERT INTO notification.webhook_deliveries AS d
            (id, endpoint_id, event_id, event_type, subject, occurred_at, body, state, next_attempt_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', clock_timestamp())
         ON CONFLICT ON CONSTRAINT webhook_deliveries_once DO NOTHING
     RETURNING ",
    columns!()
);

const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM notification.webhook_deliveries d
      WHERE endpoint_id = $1 AND id < $2 AND $4::text IS NULL ORDER BY id DESC LIMIT $3"
);

const LIST_OF_STATE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM notification.webhook_deliveries d
      WHERE endpoint_id = $1 AND id < $2 AND state = $4 ORDER BY id DESC LIMIT $3"
);

const EXISTS: &str = "
    SELECT EXISTS (SELECT FROM notification.webhook_deliveries WHERE endpoint_id = $1 AND id = $2)";

const REPLAY: &str = concat!(
    "UPDATE notification.webhook_deliveries d
        SET state = 'pending', next_attempt_at = clock_timestamp(), attempts = 0, settled_at = NULL
      WHERE endpoint_id = $1 AND id = $2 AND settled_at IS NOT NULL
     RETURNING ",
    columns!()
);

impl Store {
    /// Writes down `event` for each webhook that wants to hear of it; whether there is any that was not told of it before.
    #[instrument(name = "db.webhook_delivery.enqueue", skip_all, fields(event.id = %event.id))]
    pub async fn enqueue_webhooks(&self, event: &Event, body: &str) -> Result<bool, Error> {
        let mut client = self.connection().await?;
        let tx = client.transaction().await?;
        let subscribed = tx.prepare_cached(SUBSCRIBED).await?;
        let mut any = false;
        for row in tx.query(&subscribed, &[&event.patterns()]).await? {
            let webhook = WebhookId(row.try_get("id")?);
            any |= insert(&tx, webhook, event, body).await?.is_some();
        }
        postgres::commit(tx).await?;
        Ok(any)
    }

    /// Writes down `event` for one webhook, on behalf of somebody.
    #[instrument(name = "db.webhook_delivery.test", skip_all, fields(webhook.id = %id))]
    pub async fn test_webhook(&self, id: WebhookId, event: &Event, body: &str) -> Result<Asked, Error> {
        let mut client = self.connection().await?;
        let tx = client.transaction().await?;
        let Some(webhook) = locked(&tx, id).await? else { return Ok(Asked::NotFound) };
        if webhook.disabled.is_some() {
            return Ok(Asked::Disabled);
        }
        let Some(delivery) = insert(&tx, id, event, body).await? else { return Ok(Asked::UnderWay) };
        committed(tx, Entry::new("test", "webhook").ids([id.0])).await?;
        Ok(Asked::Due(delivery.into()))
    }

    /// Up to `limit` deliveries, newest first, starting below `before`.
    #[instrument(name = "db.webhook_delivery.list", skip_all, fields(webhook.id = %id))]
    pub async fn list_webhook_deliveries(
        &self,
        id: WebhookId,
        stage: Option<Stage>,
        before: Option<WebhookDeliveryId>,
        limit: i64,
    ) -> Result<Vec<WebhookDelivery>, Error> {
        let client = self.connection().await?;
        let list = client.prepare_cached(if stage.is_some() { LIST_OF_STATE } else { LIST }).await?;
        let before = before.map_or(Uuid::max(), |id| id.0);
        let rows = client.query(&list, &[&id.0, &before, &limit, &stage.map(Stage::name)]).await?;
        rows.iter().map(WebhookDelivery::try_from).collect()
    }

    /// Makes a delivery that was settled due again, as if it had never been tried.
    #[instrument(name = "db.webhook_delivery.replay", skip_all, fields(webhook_delivery.id = %id))]
    pub async fn replay_webhook(&self, webhook: WebhookId, id: WebhookDeliveryId) -> Result<Asked, Error> {
        let mut client = self.connection().await?;
        let tx = client.transaction().await?;
        let Some(found) = locked(&tx, webhook).await? else { return Ok(Asked::NotFound) };
        let exists = tx.prepare_cached(EXISTS).await?;
        if !tx.query_one(&exists, &[&webhook.0, &id.0]).await?.try_get::<_, bool>(0)? {
            return Ok(Asked::NotFound);
        }
        if found.disabled.is_some() {
            return Ok(Asked::Disabled);
        }
        let replay = tx.prepare_cached(REPLAY).await?;
        let row = tx.query_opt(&replay, &[&webhook.0, &id.0]).await?;
        let Some(row) = row else { return Ok(Asked::UnderWay) };
        let delivery = WebhookDelivery::try_from(&row)?;
        committed(tx, Entry::new("replay", "webhook_delivery").ids([id.0])).await?;
        Ok(Asked::Due(delivery.into()))
    }
}

/// None when the webhook was told before.
async fn insert(
    tx: &Transaction<'_>,
    webhook: WebhookId,
    event: &Event,
    body: &str,
) -> Result<Option<WebhookDelivery>, Error> {
    let Event { id, event_type, subject, version: _, time } = event;
    let insert = tx.prepare_cached(INSERT).await?;
    let delivery = WebhookDeliveryId::random();
    let row =
        tx.query_opt(&insert, &[&delivery.0, &webhook.0, &id.0, event_type, subject, time, &body]).await?;
    row.as_ref().map(WebhookDelivery::try_from).transpose()
}

impl TryFrom<&Row> for WebhookDelivery {
    type Error = Error;

    fn try_from(row: &Row) -> Result<Self, Error> {
        let id = WebhookDeliveryId(row.try_get("id")?);
        let unreadable = |column| Error::UnreadableWebhook { id: id.0, column };
        let last_status = row.try_get::<_, Option<i32>>("last_status")?.map(u16::try_from).transpose();
        Ok(Self {
            id,
            webhook_id: WebhookId(row.try_get("endpoint_id")?),
            event_id: EventId(row.try_get("event_id")?),
            event_type: row.try_get("event_type")?,
            subject: row.try_get("subject")?,
            occurred_at: row.try_get("occurred_at")?,
            stage: Stage::named(row.try_get("state")?).ok_or(unreadable("state"))?,
            attempts: row.try_get::<_, i32>("attempts")?.unsigned_abs(),
            next_attempt_at: row.try_get("next_attempt_at")?,
            last_status: last_status.map_err(|_| unreadable("last_status"))?,
            last_error: row.try_get("last_error")?,
            settled_at: row.try_get("settled_at")?,
            created_at: row.try_get("created_at")?,
        })
    }
}
