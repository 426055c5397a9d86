//! Signing keys, sealed.
use super::{Connection, Error, Tx};
use crate::keys::SealedKey;
use tokio_postgres::Row;
use tracing::instrument;
use uuid::Uuid;

const LIST: &str = "SELECT id, sealed, created_at FROM auth.signing_keys ORDER BY created_at, id";

const LIST_IDS: &str = "SELECT id FROM auth.signing_keys ORDER BY created_at, id";

const INSERT: &str = "INSERT INTO auth.signing_keys (id, sealed, created_at) VALUES ($1, $2, $3)";

const DELETE: &str = "DELETE FROM auth.signing_keys WHERE id = ANY ($1)";

const RESEAL: &str = "UPDATE auth.signing_keys SET sealed = $3 WHERE id = $1 AND sealed = $2";

impl Connection {
    /// Oldest first.
    #[instrument(name = "db.signing_key.read", skip_all)]
    pub async fn signing_keys(&self) -> Result<Vec<SealedKey>, Error> {
        let statement = self.0.prepare_cached(LIST).await?;
        self.0.query(&statement, &[]).await?.iter().map(sealed).collect()
    }

    /// Whether the key was as given.
    #[instrument(name = "db.signing_key.reseal", skip_all, fields(key.id = %key.id))]
    pub async fn reseal_key(&self, key: &SealedKey, anew: &[u8]) -> Result<bool, Error> {
        let statement = self.0.prepare_cached(RESEAL).await?;
        Ok(self.0.execute(&statement, &[&key.id, &key.sealed, &anew]).await? == 1)
    }

    /// Oldest first. Asked every second, so it is no span of every trace.
    #[instrument(level = "trace", name = "db.signing_key.list_ids", skip_all)]
    pub async fn list_key_ids(&self) -> Result<Vec<Uuid>, Error> {
        let statement = self.0.prepare_cached(LIST_IDS).await?;
        let rows = self.0.query(&statement, &[]).await?;
        rows.iter().map(|row| Ok(row.try_get("id")?)).collect()
    }
}

impl Tx<'_> {
    /// All keys, oldest first. Nobody else makes one until the end of the transaction.
    #[instrument(name = "db.signing_key.list", skip_all)]
    pub async fn lock_and_list_keys(&self) -> Result<Vec<SealedKey>, Error> {
        self.lock("auth.signing_keys").await?;
        let statement = self.0.prepare_cached(LIST).await?;
        self.0.query(&statement, &[]).await?.iter().map(sealed).collect()
    }

    #[instrument(name = "db.signing_key.insert", skip_all, fields(key.id = %key.id))]
    pub async fn insert_key(&self, key: &SealedKey) -> Result<(), Error> {
        let statement = self.0.prepare_cached(INSERT).await?;
        self.0.execute(&statement, &[&key.id, &key.sealed, &key.created_at]).await?;
        Ok(())
    }

    #[instrument(name = "db.signing_key.delete", skip_all)]
    pub async fn delete_keys(&self, ids: &[Uuid]) -> Result<(), Error> {
        let statement = self.0.prepare_cached(DELETE).await?;
        self.0.execute(&statement, &[&ids]).await?;
        Ok(())
    }
}

fn sealed(row: &Row) -> Result<SealedKey, Error> {
    Ok(SealedKey {
        id: row.try_get("id")?,
        sealed: row.try_get("sealed")?,
        created_at: row.try_get("created_at")?,
    })
}
