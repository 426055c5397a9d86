//! Patients who were merged into others, and why.
use super::patients::{patients, returning, select, uuids};
use super::{Error, Store, Tx};
use crate::domain::patient::Patient;
use deadpool_postgres::GenericClient as _;
use jiff::Timestamp;
use proto::ids::{PatientId, UserId};
use proto::scalars::Reason;
use tracing::instrument;
use uuid::Uuid;

/// Somebody's decision that two records are of one person, or not after all.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'r> {
    pub by: UserId,
    pub reason: &'r Reason,
    pub at: Timestamp,
}

/// In one order, so that two who lock the same two patients do not wait for each other.
const LOCK_BOTH: &str = "WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE";

const MERGE: &str = "
    UPDATE patient.patients SET merged_into = $3, deleted_at = $4, updated_at = $4, version = version + 1
     WHERE id = $1 AND version = $2 AND deleted_at IS NULL";

const UNMERGE: &str = "
    UPDATE patient.patients SET merged_into = NULL, deleted_at = NULL, updated_at = $2, version = version + 1
     WHERE id = $1 AND merged_into IS NOT NULL";

const BEGIN: &str = "
    INSERT INTO patient.merges (id, patient_id, survivor_id, reason, merged_by, merged_at)
    VALUES ($1, $2, $3, $4, $5, $6)";

const END: &str = "
    UPDATE patient.merges SET unmerge_reason = $2, unmerged_by = $3, unmerged_at = $4
     WHERE patient_id = $1 AND unmerged_at IS NULL";

const HAS_MERGED: &str = "SELECT EXISTS (SELECT FROM patient.patients WHERE merged_into = $1)";

const SURVIVOR: &str = "SELECT merged_into FROM patient.patients WHERE id = $1";

const MERGED: &str = "SELECT id FROM patient.patients WHERE merged_into = $1";

const SAME_PEOPLE: &str = "
    WITH survivors AS (SELECT coalesce(merged_into, id) AS id FROM patient.patients WHERE id = ANY($1))
    SELECT id FROM survivors
     UNION
    SELECT merged.id FROM patient.patients AS merged JOIN survivors ON survivors.id = merged.merged_into";

impl Store {
    /// Whom the patient was merged into.
    #[instrument(name = "db.patient.survivor", skip_all, fields(patient.id = %id))]
    pub async fn survivor(&self, id: PatientId) -> Result<Option<PatientId>, Error> {
        let client = self.object().await?;
        let statement = client.prepare_cached(SURVIVOR).await?;
        let Some(row) = client.query_opt(&statement, &[&id.0]).await? else { return Ok(None) };
        Ok(row.try_get::<_, Option<Uuid>>("merged_into")?.map(PatientId))
    }

    /// Who was merged into the patient.
    #[instrument(name = "db.patient.merged_into", skip_all, fields(patient.id = %id))]
    pub async fn merged_into(&self, id: PatientId) -> Result<Vec<PatientId>, Error> {
        let client = self.object().await?;
        let statement = client.prepare_cached(MERGED).await?;
        let rows = client.query(&statement, &[&id.0]).await?;
        rows.iter().map(|row| Ok(PatientId(row.try_get("id")?))).collect()
    }

    /// Every record of the same people as these patients: theirs, whom they were merged into, who were merged there.
    #[instrument(name = "db.patient.same_people", skip_all)]
    pub async fn same_people(&self, ids: &[PatientId]) -> Result<Vec<PatientId>, Error> {
        let client = self.object().await?;
        let statement = client.prepare_cached(SAME_PEOPLE).await?;
        let rows = client.query(&statement, &[&uuids(ids)]).await?;
        rows.iter().map(|row| Ok(PatientId(row.try_get("id")?))).collect()
    }
}

impl Tx<'_> {
    /// Two patients, deleted or not, locked until the end of the transaction.
    #[instrument(name = "db.patient.lock_both", skip_all)]
    pub async fn lock_both(
        &self,
        one: PatientId,
        other: PatientId,
    ) -> Result<(Option<Patient>, Option<Patient>), Error> {
        let statement = self.inner.prepare_cached(&select(LOCK_BOTH)).await?;
        let rows = self.inner.query(&statement, &[&uuids(&[one, other])]).await?;
        let found = patients(&rows)?;
        let of = |id| found.iter().find(|patient| patient.id == id).cloned();
        Ok((of(one), of(other)))
    }

    /// Whether others were merged into the patient.
    #[instrument(name = "db.patient.has_merged", skip_all, fields(patient.id = %id))]
    pub async fn has_merged(&self, id: PatientId) -> Result<bool, Error> {
        let statement = self.inner.prepare_cached(HAS_MERGED).await?;
        Ok(self.inner.query_one(&statement, &[&id.0]).await?.try_get(0)?)
    }

    /// Hides the patient behind `survivor`, who can have their identifiers from then on.
    #[instrument(name = "db.patient.merge", skip_all, fields(patient.id = %patient.id))]
    pub async fn merge(
        &self,
        patient: &Patient,
        survivor: PatientId,
        decision: Decision<'_>,
    ) -> Result<Patient, Error> {
        let Decision { by, reason, at } = decision;
        let statement = self.inner.prepare_cached(&returning(MERGE)).await?;
        let row =
            self.inner.query_opt(&statement, &[&patient.id.0, &patient.version, &survivor.0, &at]).await?;
        let merged = Patient::try_from(&row.ok_or(Error::Stale)?)?;
        self.release_identifiers(patient.id).await?;
        let statement = self.inner.prepare_cached(BEGIN).await?;
        let (id, reason) = (Uuid::now_v7(), reason.as_str());
        self.inner.execute(&statement, &[&id, &patient.id.0, &survivor.0, &reason, &by.0, &at]).await?;
        Ok(merged)
    }

    /// Shows the patient again, with the identifiers, which the survivor must have given back.
    #[instrument(name = "db.patient.unmerge", skip_all, fields(patient.id = %id))]
    pub async fn unmerge(&self, id: PatientId, decision: Decision<'_>) -> Result<Patient, Error> {
        let Decision { by, reason, at } = decision;
        let statement = self.inner.prepare_cached(&returning(UNMERGE)).await?;
        let row = self.inner.query_opt(&statement, &[&id.0, &at]).await?;
        let patient = Patient::try_from(&row.ok_or(Error::Stale)?)?;
        self.take_identifiers(id, &patient.profile.identifiers).await?;
        let statement = self.inner.prepare_cached(END).await?;
        self.inner.execute(&statement, &[&id.0, &reason.as_str(), &by.0, &at]).await?;
        Ok(patient)
    }
}
