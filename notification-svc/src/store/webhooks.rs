//! Webhooks: where events are posted to.
use super::{Error, Store};
use crate::domain::webhook::{Disabled, MAX_WEBHOOKS, OVERLAP, Subscriptions, Target, Webhook};
use deadpool_postgres::{GenericClient as _, Transaction};
use platform::audit::{self, Entry};
use platform::postgres;
use proto::ids::WebhookId;
use proto::scalars::Description;
use tokio_postgres::Row;
use tracing::instrument;

/// What became of a change.
pub enum Change {
    Done(Box<Webhook>),
    NotFound,
    /// Somebody was faster.
    Stale {
        current: i64,
    },
}

macro_rules! columns {
    () => {
        "id, url, description, events, disabled_reason, failing_since, previous_expires_at, version, created_at,
         updated_at"
    };
}

/// One at a time, so that they can be counted.
const LOCK_ALL: &str = "SELECT pg_advisory_xact_lock(hashtextextended('notification.webhook_endpoints', 0))";

const INSERT: &str = concat!(
    "INSERT INTO notification.webhook_endpoints (id, url, description, events, secret)
     SELECT $1, $2, $3, $4, $5
      WHERE (SELECT count(*) FROM notification.webhook_endpoints) < $6
     RETURNING ",
    columns!()
);

const FIND: &str = concat!("SELECT ", columns!(), " FROM notification.webhook_endpoints WHERE id = $1");

const LIST: &str = concat!("SELECT ", columns!(), " FROM notification.webhook_endpoints ORDER BY id DESC");

const LOCK: &str =
    concat!("SELECT ", columns!(), " FROM notification.webhook_endpoints WHERE id = $1 FOR NO KEY UPDATE");

const UPDATE: &str = concat!(
    "UPDATE notification.webhook_endpoints
        SET url = $2, description = $3, events = $4, disabled_reason = $5, failing_since = $6,
            version = version + 1, updated_at = clock_timestamp()
      WHERE id = $1
     RETURNING ",
    columns!()
);

const ROTATE: &str = concat!(
    "UPDATE notification.webhook_endpoints
        SET previous_secret = secret, previous_expires_at = clock_timestamp() + make_interval(secs => $3),
            secret = $2, version = version + 1, updated_at = clock_timestamp()
      WHERE id = $1
     RETURNING ",
    columns!()
);

const CANCEL: &str = "
    UPDATE notification.webhook_deliveries
       SET state = 'cancelled', next_attempt_at = NULL, settled_at = clock_timestamp()
     WHERE endpoint_id = $1 AND state = 'pending'";

const DELETE: &str = "DELETE FROM notification.webhook_endpoints WHERE id = $1";

impl Store {
    /// None when there are as many as there may be.
    #[instrument(name = "db.webhook.create", skip_all, fields(webhook.id = %id))]
    pub async fn create_webhook(
        &self,
        id: WebhookId,
        url: &Target,
        description: Option<&Description>,
        events: &Subscriptions,
        sealed: &[u8],
    ) -> Result<Option<Webhook>, Error> {
        let mut client = self.connection().await?;
        let tx = client.transaction().await?;
        let lock = tx.prepare_cached(LOCK_ALL).await?;
        tx.execute(&lock, &[]).await?;
        let insert = tx.prepare_cached(INSERT).await?;
        let (url, description) = (url.to_string(), description.map(Description::as_str));
        let row = tx
            .query_opt(&insert, &[&id.0, &url, &description, &events.patterns(), &sealed, &MAX_WEBHOOKS])
            .await?;
        let Some(row) = row else { return Ok(None) };
        let webhook = Webhook::try_from(&row)?;
        committed(tx, on_webhook("create", id)).await?;
        Ok(Some(webhook))
    }

    #[instrument(name = "db.webhook.find", skip_all, fields(webhook.id = %id))]
    pub async fn find_webhook(&self, id: WebhookId) -> Result<Option<Webhook>, Error> {
        let client = self.connection().await?;
        let find = client.prepare_cached(FIND).await?;
        client.query_opt(&find, &[&id.0]).await?.as_ref().map(Webhook::try_from).transpose()
    }

    /// Newest first.
    #[instrument(name = "db.webhook.list", skip_all)]
    pub async fn list_webhooks(&self) -> Result<Vec<Webhook>, Error> {
        let client = self.connection().await?;
        let list = client.prepare_cached(LIST).await?;
        client.query(&list, &[]).await?.iter().map(Webhook::try_from).collect()
    }

    /// Has `edit` change a webhook, which names what it has changed. What waits for one that is disabled is cancelled.
    #[instrument(name = "db.webhook.change", skip_all, fields(webhook.id = %id))]
    pub async fn change_webhook(
        &self,
        id: WebhookId,
        expected_version: i64,
        edit: impl FnOnce(&mut Webhook) -> Vec<&'static str>,
    ) -> Result<Change, Error> {
        let mut client = self.connection().await?;
        let tx = client.transaction().await?;
        let Some(mut webhook) = locked(&tx, id).await? else { return Ok(Change::NotFound) };
        if ![0, webhook.version].contains(&expected_version) {
            return Ok(Change::Stale { current: webhook.version });
        }
        let changed = edit(&mut webhook);
        if changed.is_empty() {
            return Ok(Change::Done(webhook.into()));
        }
        let Webhook { url, description, events, disabled, failing_since, .. } = &webhook;
        let update = tx.prepare_cached(UPDATE).await?;
        let (description, disabled) =
            (description.as_ref().map(Description::as_str), disabled.map(Disabled::name));
        let row = tx
            .query_one(&update, &[&id.0, url, &description, &events.patterns(), &disabled, failing_since])
            .await?;
        if disabled.is_some() {
            cancel(&tx, id).await?;
        }
        let webhook = Webhook::try_from(&row)?;
        committed(tx, on_webhook("update", id).fields(changed)).await?;
        Ok(Change::Done(webhook.into()))
    }

    /// Another secret; the one before signs, too, for a while.
    #[instrument(name = "db.webhook.rotate", skip_all, fields(webhook.id = %id))]
    pub async fn rotate_webhook(&self, id: WebhookId, sealed: &[u8]) -> Result<Option<Webhook>, Error> {
        let mut client = self.connection().await?;
        let tx = client.transaction().await?;
        let rotate = tx.prepare_cached(ROTATE).await?;
        let row = tx.query_opt(&rotate, &[&id.0, &sealed, &OVERLAP.as_secs_f64()]).await?;
        let Some(row) = row else { return Ok(None) };
        let webhook = Webhook::try_from(&row)?;
        committed(tx, on_webhook("update", id).fields(["secret"])).await?;
        Ok(Some(webhook))
    }

    #[instrument(name = "db.webhook.delete", skip_all, fields(webhook.id = %id))]
    pub async fn delete_webhook(&self, id: WebhookId, expected_version: i64) -> Result<Change, Error> {
        let mut client = self.connection().await?;
        let tx = client.transaction().await?;
        let Some(webhook) = locked(&tx, id).await? else { return Ok(Change::NotFound) };
        if ![0, webhook.version].contains(&expected_version) {
            return Ok(Change::Stale { current: webhook.version });
        }
        let delete = tx.prepare_cached(DELETE).await?;
        tx.execute(&delete, &[&id.0]).await?;
        committed(tx, on_webhook("delete", id)).await?;
        Ok(Change::Done(webhook.into()))
    }
}

/// Nobody else changes it until the end of the transaction.
pub(super) async fn locked(tx: &Transaction<'_>, id: WebhookId) -> Result<Option<Webhook>, Error> {
    let lock = tx.prepare_cached(LOCK).await?;
    tx.query_opt(&lock, &[&id.0]).await?.as_ref().map(Webhook::try_from).transpose()
}

/// Cancels what waits for a webhook.
pub(super) async fn cancel(tx: &Transaction<'_>, id: WebhookId) -> Result<(), Error> {
    let cancel = tx.prepare_cached(CANCEL).await?;
    tx.execute(&cancel, &[&id.0]).await?;
    Ok(())
}

pub(super) fn on_webhook(action: &'static str, id: WebhookId) -> Entry {
    Entry::new(action, "webhook").ids([id.0])
}

pub(super) async fn committed(tx: Transaction<'_>, entry: Entry) -> Result<(), Error> {
    audit::append(&tx, &[entry]).await?;
    Ok(postgres::commit(tx).await?)
}

impl TryFrom<&Row> for Webhook {
    type Error = Error;

    fn try_from(row: &Row) -> Result<Self, Error> {
        let id = WebhookId(row.try_get("id")?);
        let unreadable = |column| Error::UnreadableWebhook { id: id.0, column };
        let description: Option<String> = row.try_get("description")?;
        let description = description.map(Description::try_from).transpose();
        let disabled: Option<&str> = row.try_get("disabled_reason")?;
        let disabled = disabled.map(|name| Disabled::named(name).ok_or(unreadable("disabled_reason")));
        Ok(Self {
            id,
            url: row.try_get("url")?,
            description: description.map_err(|_| unreadable("description"))?,
            events: Subscriptions::stored(row.try_get("events")?),
            disabled: disabled.transpose()?,
            failing_since: row.try_get("failing_since")?,
            previous_expires_at: row.try_get("previous_expires_at")?,
            version: row.try_get("version")?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
        })
    }
}
