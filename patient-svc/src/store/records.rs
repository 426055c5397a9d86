//! Medical records as they are read: whether somebody may is said by the statement that reads, and what is sealed is
//! opened for nobody else. A record whose key was erased is no more.
use super::{Error, Store};
use crate::domain::access::Reading;
use crate::domain::record::{Confidentiality, Content, MedicalRecord, State};
use crate::sealing::{Keyring, WrappedKey};
use proto::ids::{AppointmentId, DoctorId, MedicalRecordId, PatientId};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use tracing::instrument;
use uuid::Uuid;

/// A record, or why it is not for the reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sighting {
    Open(Box<MedicalRecord>),
    /// They may not know that it is there.
    Hidden,
    /// The doctor does not treat the patient.
    Untreated,
    /// The doctor treats the patient, and the record is confidential.
    Restricted,
}

/// `$1` is the doctor, or null for the patient; `$2` is whether the doctor treats the patient. What the latest revision
/// says of confidentiality holds for all of them; drafts, and what was withheld, stay so one by one.
const SELECT: &str = "
    SELECT record.id, record.patient_id, record.appointment_id, record.author_doctor_id, record.created_at,
           revision.revision, revision.created_at AS revised_at, revision.sealed, revision.state,
           revision.cosigner_doctor_id, revision.confidentiality, cosignature.signed_at AS cosigned_at,
           key.id AS key_id, key.wrapped, judged.access
      FROM patient.medical_records AS record
      JOIN patient.patients AS patient ON patient.id = record.patient_id
      JOIN patient.patients AS person
        ON person.id = coalesce(patient.merged_into, patient.id) AND person.deleted_at IS NULL
      JOIN patient.medical_record_revisions AS latest
        ON latest.record_id = record.id AND latest.revision = record.revision
      JOIN patient.medical_record_revisions AS revision ON revision.record_id = record.id
      JOIN patient.data_keys AS key ON key.id = revision.key_id
      LEFT JOIN patient.cosignatures AS cosignature
        ON cosignature.record_id = record.id AND cosignature.revision = revision.revision
     CROSS JOIN LATERAL (
        SELECT count(*) > 0 AS is_broken, coalesce(bool_or(includes_very_restricted), false) AS is_wide
          FROM patient.break_glass
         WHERE doctor_id = $1 AND patient_id IN (record.patient_id, person.id)
           AND expires_at > clock_timestamp()) AS glass
     CROSS JOIN LATERAL (
        SELECT CASE
            WHEN $1::uuid IS NULL THEN
                CASE WHEN latest.is_withheld OR revision.is_withheld OR coalesce(revision.state = 'draft', false)
                     THEN 'hidden' ELSE 'open' END
            WHEN NOT $2::boolean AND NOT glass.is_broken THEN 'untreated'
            WHEN $1 IN (record.author_doctor_id, latest.cosigner_doctor_id) THEN 'open'
            WHEN revision.state = 'draft' THEN 'hidden'
            WHEN latest.confidentiality = 'normal' THEN 'open'
            WHEN glass.is_broken AND (glass.is_wide OR latest.confidentiality = 'restricted') THEN 'open'
            ELSE 'restricted'
        END AS access) AS judged";

const LATEST: &str = "WHERE record.id = $3 AND revision.revision = record.revision";

/// With those of whoever was merged into the patient: an array, without which all records are looked through.
const PAGE_OF_PATIENT: &str = "
    WHERE record.patient_id = ANY (ARRAY(SELECT id FROM patient.patients WHERE id = $3 OR merged_into = $3))
      AND record.id < $4 AND revision.revision = record.revision AND judged.access = 'open'
    ORDER BY record.id DESC LIMIT $5";

const PAGE_OF_VISIT: &str = "
    WHERE record.appointment_id = $3 AND record.id < $4 AND revision.revision = record.revision
      AND judged.access = 'open'
    ORDER BY record.id DESC LIMIT $5";

const REVISIONS: &str = "
    WHERE record.id = $3 AND revision.revision < $4 AND judged.access = 'open'
    ORDER BY revision.revision DESC LIMIT $5";

/// Most bytes of text on one page: clients take messages of 4 MiB.
pub const PAGE_BYTES: usize = 2 * 1024 * 1024;

/// Rows that are read at once. Two hundred records may be thirty pages.
const BATCH: u8 = 50;

const PATIENT: &str = "SELECT patient_id FROM patient.medical_records WHERE id = $1";

impl Store {
    /// Whose record it is.
    #[instrument(name = "db.record.patient", skip_all, fields(record.id = %id))]
    pub async fn patient_of_record(&self, id: MedicalRecordId) -> Result<Option<PatientId>, Error> {
        let mut connection = self.connection().await?;
        let tx = connection.begin().await?;
        tx.name_record(id).await?;
        let statement = tx.inner.prepare_cached(PATIENT).await?;
        let row = tx.inner.query_opt(&statement, &[&id.0]).await?;
        row.map(|row| Ok(PatientId(row.try_get("patient_id")?))).transpose()
    }

    /// The latest revision of a record of `patient`, if it is for this reader.
    #[instrument(name = "db.record.find", skip_all, fields(record.id = %id))]
    pub async fn record(
        &self,
        patient: PatientId,
        id: MedicalRecordId,
        reading: Reading,
    ) -> Result<Option<Sighting>, Error> {
        let (doctor, treats) = as_values(reading);
        let mut connection = self.connection().await?;
        let tx = connection.begin_about(patient).await?;
        let statement = tx.inner.prepare_cached(&select(LATEST)).await?;
        let row = tx.inner.query_opt(&statement, &[&doctor, &treats, &id.0]).await?;
        row.map(|row| sighting(&row, &self.keyring)).transpose()
    }

    /// The latest revisions of at most `limit` records older than `before` that are for this reader, newest first: of
    /// all of the patient's, or of one of their visits. No more are read once they are more than fit on a page.
    #[instrument(name = "db.record.page", skip_all)]
    pub async fn records(
        &self,
        patient: PatientId,
        visit: Option<AppointmentId>,
        reading: Reading,
        before: Option<MedicalRecordId>,
        limit: i64,
    ) -> Result<Vec<MedicalRecord>, Error> {
        let (which, owner) = visit.map_or((PAGE_OF_PATIENT, patient.0), |visit| (PAGE_OF_VISIT, visit.0));
        let before = before.map_or(Uuid::max(), |id| id.0);
        self.read(patient, which, reading, (&owner, &before), limit).await
    }

    /// At most `limit` revisions of one record of `patient` older than `before` that are for this reader, newest first.
    #[instrument(name = "db.record.revisions", skip_all, fields(record.id = %id))]
    pub async fn revisions(
        &self,
        patient: PatientId,
        id: MedicalRecordId,
        reading: Reading,
        before: Option<i32>,
        limit: i64,
    ) -> Result<Vec<MedicalRecord>, Error> {
        let before = before.unwrap_or(i32::MAX);
        self.read(patient, REVISIONS, reading, (&id.0, &before), limit).await
    }

    async fn read(
        &self,
        patient: PatientId,
        which: &str,
        reading: Reading,
        (owner, before): (&(dyn ToSql + Sync), &(dyn ToSql + Sync)),
        limit: i64,
    ) -> Result<Vec<MedicalRecord>, Error> {
        let (doctor, treats) = as_values(reading);
        let mut connection = self.connection().await?;
        let tx = connection.begin_about(patient).await?;
        let statement = tx.inner.prepare_cached(&select(which)).await?;
        let portal = tx.inner.bind(&statement, &[&doctor, &treats, owner, before, &limit]).await?;
        let (mut records, mut bytes) = (Vec::new(), 0);
        loop {
            let rows = tx.inner.query_portal(&portal, BATCH.into()).await?;
            for row in &rows {
                let record = opened(row, &self.keyring)?;
                bytes += record.content.sections.bytes();
                records.push(record);
            }
            if rows.len() < BATCH.into() || bytes > PAGE_BYTES {
                return Ok(records);
            }
        }
    }
}

fn select(which: &str) -> String {
    format!("{SELECT} {which}")
}

fn as_values(reading: Reading) -> (Option<Uuid>, bool) {
    match reading {
        Reading::Oneself => (None, false),
        Reading::Doctor { id, treats } => (Some(id.0), treats),
    }
}

fn sighting(row: &Row, keyring: &Keyring) -> Result<Sighting, Error> {
    Ok(match row.try_get("access")? {
        "open" => Sighting::Open(Box::new(opened(row, keyring)?)),
        "hidden" => Sighting::Hidden,
        "untreated" => Sighting::Untreated,
        "restricted" => Sighting::Restricted,
        _ => return Err(Error::Unreadable("access")),
    })
}

fn opened(row: &Row, keyring: &Keyring) -> Result<MedicalRecord, Error> {
    let id = MedicalRecordId(row.try_get("id")?);
    let revision = row.try_get("revision")?;
    let key = keyring.unwrap(&wrapped_key(row)?)?;
    let content: Content = key.open(id, revision, row.try_get("sealed")?)?;
    let state = match row.try_get("state")? {
        Some(name) => State::named(name).ok_or(Error::Unreadable("state"))?,
        None => State::of_old(revision, content.entered_in_error),
    };
    let confidentiality = Confidentiality::named(row.try_get("confidentiality")?);
    Ok(MedicalRecord {
        id,
        patient_id: PatientId(row.try_get("patient_id")?),
        appointment_id: row.try_get::<_, Option<Uuid>>("appointment_id")?.map(AppointmentId),
        author: DoctorId(row.try_get("author_doctor_id")?),
        revision,
        state,
        cosigner: row.try_get::<_, Option<Uuid>>("cosigner_doctor_id")?.map(DoctorId),
        confidentiality: confidentiality.ok_or(Error::Unreadable("confidentiality"))?,
        content,
        cosigned_at: row.try_get("cosigned_at")?,
        created_at: row.try_get("created_at")?,
        revised_at: row.try_get("revised_at")?,
    })
}

pub(super) fn wrapped_key(row: &Row) -> Result<WrappedKey, Error> {
    Ok(WrappedKey {
        id: row.try_get("key_id")?,
        patient_id: PatientId(row.try_get("patient_id")?),
        wrapped: row.try_get("wrapped")?,
    })
}
