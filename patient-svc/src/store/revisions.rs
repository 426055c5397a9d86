//! Medical records as they are written: every change is another revision.
use super::records::wrapped_key;
use super::{Error, Tx};
use crate::domain::record::MedicalRecord;
use crate::sealing::DataKey;
use jiff::Timestamp;
use proto::ids::{DoctorId, MedicalRecordId, PatientId};
use tracing::instrument;

const INSERT: &str = "
    INSERT INTO patient.medical_records (id, patient_id, appointment_id, author_doctor_id, revision, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)";

const ADVANCE: &str = "
    UPDATE patient.medical_records SET revision = $2 WHERE id = $1 AND revision = $2 - 1";

const INSERT_REVISION: &str = "
    INSERT INTO patient.medical_record_revisions
        (record_id, revision, key_id, sealed, created_at, state, cosigner_doctor_id, confidentiality, is_withheld)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// Whoever would write the next revision waits.
const LOCK: &str = "SELECT revision FROM patient.medical_records WHERE id = $1 FOR UPDATE";

const COSIGN: &str = "
    INSERT INTO patient.cosignatures (record_id, revision, doctor_id, signed_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING";

/// The key in use.
const KEY: &str = "
    SELECT id AS key_id, patient_id, wrapped FROM patient.data_keys WHERE patient_id = $1 AND retired_at IS NULL";

const INSERT_KEY: &str = "INSERT INTO patient.data_keys (id, patient_id, wrapped) VALUES ($1, $2, $3)";

impl Tx<'_> {
    /// Writes the first revision. The patient must be locked, so that one key is made for them.
    #[instrument(name = "db.record.insert", skip_all, fields(record.id = %record.id))]
    pub async fn insert_record(&self, record: &MedicalRecord) -> Result<(), Error> {
        let key = match self.data_key(record.patient_id).await? {
            Some(key) => key,
            None => self.insert_data_key(record.patient_id).await?,
        };
        let statement = self.inner.prepare_cached(INSERT).await?;
        let appointment_id = record.appointment_id.map(|id| id.0);
        self.inner
            .execute(
                &statement,
                &[
                    &record.id.0,
                    &record.patient_id.0,
                    &appointment_id,
                    &record.author.0,
                    &record.revision,
                    &record.created_at,
                ],
            )
            .await?;
        self.insert_revision(record, &key).await
    }

    /// Writes the next revision, unless somebody else has written one by now.
    #[instrument(name = "db.record.amend", skip_all, fields(record.id = %record.id))]
    pub async fn amend_record(&self, record: &MedicalRecord) -> Result<(), Error> {
        let statement = self.inner.prepare_cached(ADVANCE).await?;
        if self.inner.execute(&statement, &[&record.id.0, &record.revision]).await? == 0 {
            return Err(Error::Stale);
        }
        // The key was there when the record was read; it can only have been erased since.
        let key = self.data_key(record.patient_id).await?.ok_or(Error::Stale)?;
        self.insert_revision(record, &key).await
    }

    /// Signs a revision besides its author, unless another has been written by now.
    #[instrument(name = "db.record.cosign", skip_all, fields(record.id = %id))]
    pub async fn cosign_record(
        &self,
        id: MedicalRecordId,
        revision: i32,
        by: DoctorId,
        now: Timestamp,
    ) -> Result<(), Error> {
        let statement = self.inner.prepare_cached(LOCK).await?;
        let row = self.inner.query_opt(&statement, &[&id.0]).await?.ok_or(Error::Stale)?;
        if row.try_get::<_, i32>("revision")? != revision {
            return Err(Error::Stale);
        }
        let statement = self.inner.prepare_cached(COSIGN).await?;
        self.inner.execute(&statement, &[&id.0, &revision, &by.0, &now]).await?;
        Ok(())
    }

    async fn insert_revision(&self, record: &MedicalRecord, key: &DataKey) -> Result<(), Error> {
        let statement = self.inner.prepare_cached(INSERT_REVISION).await?;
        let sealed = key.seal(record);
        self.inner
            .execute(
                &statement,
                &[
                    &record.id.0,
                    &record.revision,
                    &key.id,
                    &sealed,
                    &record.revised_at,
                    &record.state.name(),
                    &record.cosigner.map(|id| id.0),
                    &record.confidentiality.name(),
                    &record.content.withheld_reason.is_some(),
                ],
            )
            .await?;
        Ok(())
    }

    pub(super) async fn data_key(&self, patient_id: PatientId) -> Result<Option<DataKey>, Error> {
        let statement = self.inner.prepare_cached(KEY).await?;
        let row = self.inner.query_opt(&statement, &[&patient_id.0]).await?;
        row.map(|row| Ok(self.store.keyring.unwrap(&wrapped_key(&row)?)?)).transpose()
    }

    pub(super) async fn insert_data_key(&self, patient_id: PatientId) -> Result<DataKey, Error> {
        let (wrapped, key) = self.store.keyring.make(patient_id);
        let statement = self.inner.prepare_cached(INSERT_KEY).await?;
        self.inner.execute(&statement, &[&wrapped.id, &wrapped.patient_id.0, &wrapped.wrapped]).await?;
        Ok(key)
    }
}
