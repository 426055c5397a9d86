//! Patients of whom nothing is known any more but that they were here.
use super::patients::{patients, returning, uuids};
use super::{Error, Tx};
use crate::domain::erasure::Erasure;
use crate::domain::patient::Patient;
use proto::ids::{PatientId, UserId};
use proto::scalars::Reason;
use tokio_postgres::types::ToSql;
use tracing::instrument;
use uuid::Uuid;

const FIND: &str =
    "SELECT patient_id, reason, erased_by, erased_at FROM patient.erasures WHERE patient_id = $1";

const MERGED: &str = "SELECT id FROM patient.patients WHERE merged_into = $1 ORDER BY id FOR NO KEY UPDATE";

/// What must not be null is the same for all.
const BLANK: &str = "
    UPDATE patient.patients
       SET first_name = 'Erased', last_name = 'Erased', date_of_birth = '1900-01-01', email = NULL, phone = NULL,
           address = NULL, insurance_provider = NULL, insurance_id = NULL, identifiers = '[]', gender = NULL,
           language = NULL, time_zone = NULL, contact_preference = 'none', updated_at = $2, version = version + 1
     WHERE id = ANY($1)";

const NOTE: &str = "
    INSERT INTO patient.erasures (patient_id, reason, erased_by, erased_at)
    SELECT id, $2, $3, $4 FROM unnest($1::uuid[]) AS id";

/// What else says something of people, by patient.
const FORGET: [&str; 5] = [
    "DELETE FROM patient.data_keys WHERE patient_id = ANY($1)",
    "DELETE FROM patient.identifiers WHERE patient_id = ANY($1)",
    "UPDATE patient.legal_holds SET reason = 'erased' WHERE patient_id = ANY($1)",
    "UPDATE patient.break_glass SET reason = NULL, review_note = NULL WHERE patient_id = ANY($1)",
    "UPDATE patient.merges
        SET reason = 'erased', unmerge_reason = CASE WHEN unmerge_reason IS NOT NULL THEN 'erased' END
      WHERE patient_id = ANY($1) OR survivor_id = ANY($1)",
];

impl Tx<'_> {
    #[instrument(name = "db.erasure.find", skip_all, fields(patient.id = %id))]
    pub async fn erasure(&self, id: PatientId) -> Result<Option<Erasure>, Error> {
        let statement = self.inner.prepare_cached(FIND).await?;
        let Some(row) = self.inner.query_opt(&statement, &[&id.0]).await? else { return Ok(None) };
        let reason: String = row.try_get("reason")?;
        Ok(Some(Erasure {
            patient_id: PatientId(row.try_get("patient_id")?),
            reason: Reason::try_from(reason).map_err(|_| Error::Unreadable("reason"))?,
            erased_by: UserId(row.try_get("erased_by")?),
            erased_at: row.try_get("erased_at")?,
        }))
    }

    /// Who was merged into the patient, locked.
    #[instrument(name = "db.erasure.merged", skip_all, fields(patient.id = %id))]
    pub async fn lock_merged(&self, id: PatientId) -> Result<Vec<PatientId>, Error> {
        let statement = self.inner.prepare_cached(MERGED).await?;
        let rows = self.inner.query(&statement, &[&id.0]).await?;
        rows.iter().map(|row| Ok(PatientId(row.try_get::<_, Uuid>("id")?))).collect()
    }

    /// Forgets who `ids` were, who must be locked; what is left of them.
    #[instrument(name = "db.erasure.erase", skip_all)]
    pub async fn erase(&self, ids: &[PatientId], erasure: &Erasure) -> Result<Vec<Patient>, Error> {
        let Erasure { patient_id: _, reason, erased_by, erased_at } = erasure;
        let ids: &(dyn ToSql + Sync) = &uuids(ids);
        for forget in FORGET {
            let statement = self.inner.prepare_cached(forget).await?;
            self.inner.execute(&statement, &[ids]).await?;
        }
        let statement = self.inner.prepare_cached(NOTE).await?;
        self.inner.execute(&statement, &[ids, &reason.as_str(), &erased_by.0, erased_at]).await?;
        let statement = self.inner.prepare_cached(&returning(BLANK)).await?;
        patients(&self.inner.query(&statement, &[ids, erased_at]).await?)
    }
}
