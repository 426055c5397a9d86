//! Medical records: sealed on the way in, opened on the way out. A record whose key was erased is no more.
use super::{Error, Store, Tx};
use crate::domain::record::MedicalRecord;
use crate::sealing::{DataKey, Keyring, WrappedKey};
use deadpool_postgres::GenericClient as _;
use proto::ids::{AppointmentId, DoctorId, MedicalRecordId, PatientId};
use tokio_postgres::Row;
use tracing::instrument;
use uuid::Uuid;

/// Which records are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordsOf {
    Patient(PatientId),
    Visit(AppointmentId),
}

const SELECT: &str = "
    SELECT record.id, record.patient_id, record.appointment_id, record.author_doctor_id, record.created_at,
           revision.revision, revision.created_at AS revised_at, revision.sealed,
           key.id AS key_id, key.wrapped
      FROM patient.medical_records AS record
      JOIN patient.patients AS patient ON patient.id = record.patient_id
      JOIN patient.patients AS person
        ON person.id = coalesce(patient.merged_into, patient.id) AND person.deleted_at IS NULL
      JOIN patient.medical_record_revisions AS revision ON revision.record_id = record.id
      JOIN patient.data_keys AS key ON key.id = revision.key_id";

const LATEST: &str = "WHERE record.id = $1 AND revision.revision = record.revision";

/// With those of whoever was merged into the patient.
const PAGE_OF_PATIENT: &str = "
    WHERE record.patient_id IN (SELECT id FROM patient.patients WHERE id = $1 OR merged_into = $1)
      AND record.id < $2 AND revision.revision = record.revision
    ORDER BY record.id DESC LIMIT $3";

const PAGE_OF_VISIT: &str = "
    WHERE record.appointment_id = $1 AND record.id < $2 AND revision.revision = record.revision
    ORDER BY record.id DESC LIMIT $3";

const REVISIONS: &str = "
    WHERE record.id = $1 AND revision.revision < $2 ORDER BY revision.revision DESC LIMIT $3";

const INSERT: &str = "
    INSERT INTO patient.medical_records (id, patient_id, appointment_id, author_doctor_id, revision, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)";

const ADVANCE: &str = "
    UPDATE patient.medical_records SET revision = $2 WHERE id = $1 AND revision = $2 - 1";

const INSERT_REVISION: &str = "
    INSERT INTO patient.medical_record_revisions (record_id, revision, key_id, sealed, created_at)
    VALUES ($1, $2, $3, $4, $5)";

const KEY: &str = "SELECT id AS key_id, patient_id, wrapped FROM patient.data_keys WHERE patient_id = $1";

const INSERT_KEY: &str = "INSERT INTO patient.data_keys (id, patient_id, wrapped) VALUES ($1, $2, $3)";

impl Store {
    /// The latest revision of a record.
    #[instrument(name = "db.record.find", skip_all, fields(record.id = %id))]
    pub async fn record(&self, id: MedicalRecordId) -> Result<Option<MedicalRecord>, Error> {
        let client = self.object().await?;
        let statement = client.prepare_cached(&select(LATEST)).await?;
        let row = client.query_opt(&statement, &[&id.0]).await?;
        row.map(|row| opened(&row, &self.keyring)).transpose()
    }

    /// The latest revisions of at most `limit` records older than `before`, newest first.
    #[instrument(name = "db.record.page", skip_all)]
    pub async fn records(
        &self,
        of: RecordsOf,
        before: Option<MedicalRecordId>,
        limit: i64,
    ) -> Result<Vec<MedicalRecord>, Error> {
        let (which, owner) = match of {
            RecordsOf::Patient(id) => (PAGE_OF_PATIENT, id.0),
            RecordsOf::Visit(id) => (PAGE_OF_VISIT, id.0),
        };
        let before = before.map_or(Uuid::max(), |id| id.0);
        let client = self.object().await?;
        let statement = client.prepare_cached(&select(which)).await?;
        let rows = client.query(&statement, &[&owner, &before, &limit]).await?;
        rows.iter().map(|row| opened(row, &self.keyring)).collect()
    }

    /// At most `limit` revisions of one record older than `before`, newest first.
    #[instrument(name = "db.record.revisions", skip_all, fields(record.id = %id))]
    pub async fn revisions(
        &self,
        id: MedicalRecordId,
        before: Option<i32>,
        limit: i64,
    ) -> Result<Vec<MedicalRecord>, Error> {
        let before = before.unwrap_or(i32::MAX);
        let client = self.object().await?;
        let statement = client.prepare_cached(&select(REVISIONS)).await?;
        let rows = client.query(&statement, &[&id.0, &before, &limit]).await?;
        rows.iter().map(|row| opened(row, &self.keyring)).collect()
    }
}

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

    async fn insert_revision(&self, record: &MedicalRecord, key: &DataKey) -> Result<(), Error> {
        let statement = self.inner.prepare_cached(INSERT_REVISION).await?;
        let sealed = key.seal(record);
        self.inner
            .execute(&statement, &[&record.id.0, &record.revision, &key.id, &sealed, &record.revised_at])
            .await?;
        Ok(())
    }

    async fn data_key(&self, patient_id: PatientId) -> Result<Option<DataKey>, Error> {
        let statement = self.inner.prepare_cached(KEY).await?;
        let row = self.inner.query_opt(&statement, &[&patient_id.0]).await?;
        row.map(|row| Ok(self.store.keyring.unwrap(&wrapped_key(&row)?)?)).transpose()
    }

    async fn insert_data_key(&self, patient_id: PatientId) -> Result<DataKey, Error> {
        let (wrapped, key) = self.store.keyring.make(patient_id);
        let statement = self.inner.prepare_cached(INSERT_KEY).await?;
        self.inner.execute(&statement, &[&wrapped.id, &wrapped.patient_id.0, &wrapped.wrapped]).await?;
        Ok(key)
    }
}

fn select(which: &str) -> String {
    format!("{SELECT} {which}")
}

fn opened(row: &Row, keyring: &Keyring) -> Result<MedicalRecord, Error> {
    let id = MedicalRecordId(row.try_get("id")?);
    let revision = row.try_get("revision")?;
    let key = keyring.unwrap(&wrapped_key(row)?)?;
    Ok(MedicalRecord {
        id,
        patient_id: PatientId(row.try_get("patient_id")?),
        appointment_id: row.try_get::<_, Option<Uuid>>("appointment_id")?.map(AppointmentId),
        author: DoctorId(row.try_get("author_doctor_id")?),
        revision,
        content: key.open(id, revision, row.try_get("sealed")?)?,
        created_at: row.try_get("created_at")?,
        revised_at: row.try_get("revised_at")?,
    })
}

fn wrapped_key(row: &Row) -> Result<WrappedKey, Error> {
    Ok(WrappedKey {
        id: row.try_get("key_id")?,
        patient_id: PatientId(row.try_get("patient_id")?),
        wrapped: row.try_get("wrapped")?,
    })
}
