//! What is sealed here, as operators seal it anew.
use super::{Error, Store};
use crate::links::FormerKey;
use deadpool_postgres::GenericClient as _;
use proto::ids::WebhookId;
use tokio_postgres::Row;
use tracing::instrument;

/// The secrets of a webhook: the own, then the one before.
const WEBHOOKS: &str = "
    SELECT id, is_former, CASE WHEN is_former THEN previous_secret ELSE secret END AS sealed
      FROM notification.webhook_endpoints, unnest(ARRAY[false, true]) AS is_former
     WHERE NOT is_former OR previous_secret IS NOT NULL
     ORDER BY id, is_former";

const RESEAL_OWN: &str =
    "UPDATE notification.webhook_endpoints SET secret = $3 WHERE id = $1 AND secret = $2";

const RESEAL_FORMER: &str =
    "UPDATE notification.webhook_endpoints SET previous_secret = $3 WHERE id = $1 AND previous_secret = $2";

const KEYS: &str = "SELECT digest, sealed FROM notification.former_link_keys ORDER BY digest";

/// Touches one row, unless the key was ended.
const KEEP_KEY: &str = "
    INSERT INTO notification.former_link_keys (digest, sealed)
    SELECT $1, $2 WHERE NOT EXISTS (SELECT FROM notification.ended_link_keys WHERE digest = $1)
        ON CONFLICT (digest) DO UPDATE SET digest = excluded.digest";

const RESEAL_KEY: &str =
    "UPDATE notification.former_link_keys SET sealed = $3 WHERE digest = $1 AND sealed = $2";

/// Also one that is not kept.
const END_KEYS: &str = "
    WITH forgotten AS (DELETE FROM notification.former_link_keys RETURNING digest),
         ended AS (
             INSERT INTO notification.ended_link_keys (digest)
             SELECT digest FROM forgotten UNION SELECT $1::bytea WHERE $1 IS NOT NULL
                 ON CONFLICT DO NOTHING)
    SELECT count(*) FROM forgotten";

/// A secret of a webhook, sealed.
pub struct WebhookSecret {
    pub of: WebhookId,
    /// Whether it is the one before.
    is_former: bool,
    pub sealed: Vec<u8>,
}

impl Store {
    #[instrument(name = "db.webhook.secrets", skip_all)]
    pub async fn webhook_secrets(&self) -> Result<Vec<WebhookSecret>, Error> {
        let client = self.connection().await?;
        let list = client.prepare_cached(WEBHOOKS).await?;
        let secret = |row: &Row| {
            let (of, is_former) = (WebhookId(row.try_get("id")?), row.try_get("is_former")?);
            Ok(WebhookSecret { of, is_former, sealed: row.try_get("sealed")? })
        };
        client.query(&list, &[]).await?.iter().map(secret).collect()
    }

    /// Whether the secret was as given.
    #[instrument(name = "db.webhook.reseal", skip_all, fields(webhook.id = %secret.of))]
    pub async fn reseal_webhook(&self, secret: &WebhookSecret, anew: &[u8]) -> Result<bool, Error> {
        let client = self.connection().await?;
        let reseal = if secret.is_former { RESEAL_FORMER } else { RESEAL_OWN };
        let reseal = client.prepare_cached(reseal).await?;
        Ok(client.execute(&reseal, &[&secret.of.0, &secret.sealed, &anew]).await? == 1)
    }

    #[instrument(name = "db.former_link_key.list", skip_all)]
    pub async fn former_link_keys(&self) -> Result<Vec<FormerKey>, Error> {
        let client = self.connection().await?;
        let list = client.prepare_cached(KEYS).await?;
        let key =
            |row: &Row| Ok(FormerKey { digest: row.try_get("digest")?, sealed: row.try_get("sealed")? });
        client.query(&list, &[]).await?.iter().map(key).collect()
    }

    /// Whether it is kept: not when it was ended.
    #[instrument(name = "db.former_link_key.keep", skip_all)]
    pub async fn keep_link_key(&self, key: &FormerKey) -> Result<bool, Error> {
        let client = self.connection().await?;
        let keep = client.prepare_cached(KEEP_KEY).await?;
        Ok(client.execute(&keep, &[&key.digest, &key.sealed]).await? == 1)
    }

    /// Whether the key was as given.
    #[instrument(name = "db.former_link_key.reseal", skip_all)]
    pub async fn reseal_link_key(&self, key: &FormerKey, anew: &[u8]) -> Result<bool, Error> {
        let client = self.connection().await?;
        let reseal = client.prepare_cached(RESEAL_KEY).await?;
        Ok(client.execute(&reseal, &[&key.digest, &key.sealed, &anew]).await? == 1)
    }

    /// Ends all keys that are kept, and the one with this `digest`; how many were kept.
    #[instrument(name = "db.former_link_key.end", skip_all)]
    pub async fn end_link_keys(&self, digest: Option<&[u8]>) -> Result<i64, Error> {
        let client = self.connection().await?;
        let end = client.prepare_cached(END_KEYS).await?;
        Ok(client.query_one(&end, &[&digest]).await?.try_get(0)?)
    }
}
