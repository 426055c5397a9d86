//! Data keys, as operators exchange them.
use super::records::wrapped_key;
use super::{Error, Store, Tx};
use crate::sealing::WrappedKey;
use jiff::Timestamp;
use proto::ids::PatientId;
use tracing::instrument;
use uuid::Uuid;

const AFTER: &str = "
    SELECT id AS key_id, patient_id, wrapped FROM patient.data_keys WHERE id > $1 ORDER BY id LIMIT $2";

/// Unless somebody else has wrapped or erased it in between.
const REWRAP: &str = "UPDATE patient.data_keys SET wrapped = $3 WHERE id = $1 AND wrapped = $2";

const RETIRE: &str =
    "UPDATE patient.data_keys SET retired_at = $2 WHERE patient_id = $1 AND retired_at IS NULL";

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

    /// Wraps a key by the current root secret; false when it is already.
    #[instrument(name = "db.data_key.rewrap", skip_all)]
    pub async fn rewrap(&self, key: &WrappedKey) -> Result<bool, Error> {
        let Some(wrapped) = self.keyring.rewrap(key)? else { return Ok(false) };
        let mut connection = self.connection().await?;
        let tx = connection.begin_about(key.patient_id).await?;
        let statement = tx.inner.prepare_cached(REWRAP).await?;
        let changed = tx.inner.execute(&statement, &[&key.id, &key.wrapped, &wrapped]).await?;
        tx.commit().await?;
        Ok(changed == 1)
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
