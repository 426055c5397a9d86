//! Data keys and signers, as operators exchange them.
use super::records::wrapped_key;
use super::{Error, Store, Tx};
use crate::sealing::WrappedKey;
use crate::signers::Former;
use jiff::Timestamp;
use platform::audit::chain::SignerKey;
use platform::resealing::{self, Outcome};
use proto::ids::PatientId;
use tokio_postgres::Row;
use tracing::instrument;
use uuid::Uuid;

const AFTER: &str = "
    SELECT id AS key_id, patient_id, wrapped FROM patient.data_keys WHERE id > $1 ORDER BY id LIMIT $2";

/// Unless somebody else has wrapped or erased it in between.
const REWRAP: &str = "UPDATE patient.data_keys SET wrapped = $3 WHERE id = $1 AND wrapped = $2";

const RETIRE: &str =
    "UPDATE patient.data_keys SET retired_at = $2 WHERE patient_id = $1 AND retired_at IS NULL";

const FORMERS: &str = "SELECT public_key, vouched FROM patient.former_signers ORDER BY public_key";

const PUT_FORMER: &str = "
    INSERT INTO patient.former_signers (public_key, vouched)
    VALUES ($1, $2)
        ON CONFLICT (public_key) DO UPDATE SET vouched = excluded.vouched";

const RESEAL_FORMER: &str =
    "UPDATE patient.former_signers SET vouched = $3 WHERE public_key = $1 AND vouched = $2";

impl Store {
    /// At most `limit` keys, also those that are in use no more, after `after`.
    #[instrument(name = "db.data_key.page", skip_all)]
    pub async fn data_keys(&self, after: Uuid, limit: i64) -> Result<Vec<WrappedKey>, Error> {
        let mut connection = self.connection().await?;
        let tx = connection.begin().await?;
        tx.name_rotation().await?;
        let statement = tx.inner.prepare_cached(AFTER).await?;
        let rows = tx.inner.query(&statement, &[&after, &limit]).await?;
        rows.iter().map(wrapped_key).collect()
    }

    /// Wraps a key by the root secret.
    #[instrument(name = "db.data_key.rewrap", skip_all)]
    pub async fn rewrap(&self, key: &WrappedKey) -> Result<Outcome, Error> {
        let replace = async |wrapped: Vec<u8>| {
            let mut connection = self.connection().await?;
            let tx = connection.begin_about(key.patient_id).await?;
            let statement = tx.inner.prepare_cached(REWRAP).await?;
            let changed = tx.inner.execute(&statement, &[&key.id, &key.wrapped, &wrapped]).await?;
            tx.commit().await?;
            Ok(changed == 1)
        };
        resealing::row(self.keyring.rewrap(key), replace).await
    }

    /// Who has signed checkpoints before.
    #[instrument(name = "db.former_signer.list", skip_all)]
    pub async fn former_signers(&self) -> Result<Vec<Former>, Error> {
        let object = self.object().await?;
        let statement = object.prepare_cached(FORMERS).await?;
        let rows = object.query(&statement, &[]).await?;
        let former = |row: &Row| {
            Ok(Former { key: SignerKey(row.try_get("public_key")?), vouched: row.try_get("vouched")? })
        };
        rows.iter().map(former).collect()
    }

    /// In place of what was vouched for it before.
    #[instrument(name = "db.former_signer.put", skip_all)]
    pub async fn put_former_signer(&self, former: &Former) -> Result<(), Error> {
        let object = self.object().await?;
        let statement = object.prepare_cached(PUT_FORMER).await?;
        object.execute(&statement, &[&former.key.0, &former.vouched]).await?;
        Ok(())
    }

    /// Whether the signer was as given.
    #[instrument(name = "db.former_signer.reseal", skip_all)]
    pub async fn reseal_former_signer(&self, former: &Former, anew: &[u8]) -> Result<bool, Error> {
        let object = self.object().await?;
        let statement = object.prepare_cached(RESEAL_FORMER).await?;
        Ok(object.execute(&statement, &[&former.key.0, &former.vouched, &anew]).await? == 1)
    }
}

impl Tx<'_> {
    /// Gives the patient, who must be locked, another key for what is sealed from now on; false when they have none.
    #[instrument(name = "db.data_key.renew", skip_all, fields(patient.id = %patient_id))]
    pub async fn renew_data_key(&self, patient_id: PatientId, now: Timestamp) -> Result<bool, Error> {
        let statement = self.inner.prepare_cached(RETIRE).await?;
        if self.inner.execute(&statement, &[&patient_id.0, &now]).await? == 0 {
            return Ok(false);
        }
        self.insert_data_key(patient_id).await?;
        Ok(true)
    }
}
