//! Programs that log in by themselves.
use super::{Connection, Error, Tx};
use crate::domain::{ApiClient, Granted};
use jiff::Timestamp;
use proto::ids::{ApiClientId, UserId};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use tracing::instrument;

const INSERT: &str = "
    INSERT INTO auth.api_clients (id, name, scopes, public_key, created_by, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)";

const FIND: &str = "
    SELECT id, name, scopes, public_key, created_at, disabled_at FROM auth.api_clients WHERE id = $1";

const FIND_AND_LOCK: &str = "
    SELECT id, name, scopes, public_key, created_at, disabled_at FROM auth.api_clients WHERE id = $1 FOR UPDATE";

const LIST: &str = "
    SELECT id, name, scopes, public_key, created_at, disabled_at FROM auth.api_clients ORDER BY id DESC";

const DISABLE: &str = "UPDATE auth.api_clients SET disabled_at = coalesce(disabled_at, $2) WHERE id = $1";

const INSERT_SECRET: &str = "
    INSERT INTO auth.api_client_secrets (client_id, digest, created_at) VALUES ($1, $2, $3)";

/// The one before goes on until then.
const LIMIT_SECRETS: &str = "
    UPDATE auth.api_client_secrets SET expires_at = $2 WHERE client_id = $1 AND expires_at IS NULL";

/// Those before the one before.
const FORGET_SECRETS: &str =
    "DELETE FROM auth.api_client_secrets WHERE client_id = $1 AND expires_at IS NOT NULL";

const HAS_SECRET: &str = "
    SELECT EXISTS (
        SELECT FROM auth.api_client_secrets
         WHERE client_id = $1 AND digest = $2 AND (expires_at IS NULL OR expires_at > $3))";

const USE_ASSERTION: &str = "
    INSERT INTO auth.api_client_assertions (client_id, jti, expires_at)
    VALUES ($1, $2, $3)
    ON CONFLICT DO NOTHING";

const FORGET_ASSERTIONS: &str = "DELETE FROM auth.api_client_assertions WHERE expires_at <= $1";

impl Connection {
    #[instrument(name = "db.api_client.find", skip_all, fields(client.id = %id))]
    pub async fn find_api_client(&self, id: ApiClientId) -> Result<Option<ApiClient>, Error> {
        let statement = self.0.prepare_cached(FIND).await?;
        self.0.query_opt(&statement, &[&id.0]).await?.as_ref().map(ApiClient::try_from).transpose()
    }

    #[instrument(name = "db.api_client.list", skip_all)]
    pub async fn list_api_clients(&self) -> Result<Vec<ApiClient>, Error> {
        let statement = self.0.prepare_cached(LIST).await?;
        self.0.query(&statement, &[]).await?.iter().map(ApiClient::try_from).collect()
    }

    #[instrument(name = "db.api_client.has_secret", skip_all, fields(client.id = %id))]
    pub async fn api_client_has_secret(
        &self,
        id: ApiClientId,
        digest: &[u8],
        now: Timestamp,
    ) -> Result<bool, Error> {
        let statement = self.0.prepare_cached(HAS_SECRET).await?;
        Ok(self.0.query_one(&statement, &[&id.0, &digest, &now]).await?.try_get(0)?)
    }

    /// Whether the assertion `jti` was not used before; it is now.
    #[instrument(name = "db.api_client.use_assertion", skip_all, fields(client.id = %id))]
    pub async fn use_assertion(
        &self,
        id: ApiClientId,
        jti: &str,
        expires_at: Timestamp,
    ) -> Result<bool, Error> {
        let statement = self.0.prepare_cached(USE_ASSERTION).await?;
        Ok(self.0.execute(&statement, &[&id.0, &jti, &expires_at]).await? == 1)
    }

    #[instrument(name = "db.api_client.forget_assertions", skip_all)]
    pub async fn forget_assertions(&self, then: Timestamp) -> Result<(), Error> {
        let statement = self.0.prepare_cached(FORGET_ASSERTIONS).await?;
        self.0.execute(&statement, &[&then]).await?;
        Ok(())
    }
}

impl Tx<'_> {
    #[instrument(name = "db.api_client.insert", skip_all, fields(client.id = %client.id))]
    pub async fn insert_api_client(&self, client: &ApiClient, by: UserId) -> Result<(), Error> {
        let ApiClient { id, name, scopes, public_key, created_at, disabled_at: _ } = client;
        let statement = self.0.prepare_cached(INSERT).await?;
        let (name, scopes) = (name.as_str(), scopes.iter().collect::<Vec<_>>());
        let columns: [&(dyn ToSql + Sync); 6] = [&id.0, &name, &scopes, public_key, &by.0, created_at];
        self.0.execute(&statement, &columns).await?;
        Ok(())
    }

    /// Nobody else changes it until the end of the transaction.
    #[instrument(name = "db.api_client.find_and_lock", skip_all, fields(client.id = %id))]
    pub async fn find_and_lock_api_client(&self, id: ApiClientId) -> Result<Option<ApiClient>, Error> {
        let statement = self.0.prepare_cached(FIND_AND_LOCK).await?;
        self.0.query_opt(&statement, &[&id.0]).await?.as_ref().map(ApiClient::try_from).transpose()
    }

    #[instrument(name = "db.api_client.disable", skip_all, fields(client.id = %id))]
    pub async fn disable_api_client(&self, id: ApiClientId, now: Timestamp) -> Result<(), Error> {
        let statement = self.0.prepare_cached(DISABLE).await?;
        self.0.execute(&statement, &[&id.0, &now]).await?;
        Ok(())
    }

    /// Another secret; those before go on until `overlap_ends`.
    #[instrument(name = "db.api_client.add_secret", skip_all, fields(client.id = %id))]
    pub async fn add_api_client_secret(
        &self,
        id: ApiClientId,
        digest: &[u8],
        overlap_ends: Timestamp,
        now: Timestamp,
    ) -> Result<(), Error> {
        let statement = self.0.prepare_cached(FORGET_SECRETS).await?;
        self.0.execute(&statement, &[&id.0]).await?;
        let statement = self.0.prepare_cached(LIMIT_SECRETS).await?;
        self.0.execute(&statement, &[&id.0, &overlap_ends]).await?;
        let statement = self.0.prepare_cached(INSERT_SECRET).await?;
        self.0.execute(&statement, &[&id.0, &digest, &now]).await?;
        Ok(())
    }
}

impl TryFrom<&Row> for ApiClient {
    type Error = Error;

    fn try_from(row: &Row) -> Result<Self, Error> {
        let id = ApiClientId(row.try_get("id")?);
        let unreadable = |column| Error::Unreadable { table: "api client", id: id.0, column };
        let name: String = row.try_get("name")?;
        Ok(Self {
            id,
            name: name.try_into().map_err(|_| unreadable("name"))?,
            scopes: Granted::stored(row.try_get("scopes")?),
            public_key: row.try_get("public_key")?,
            created_at: row.try_get("created_at")?,
            disabled_at: row.try_get("disabled_at")?,
        })
    }
}
