//! Legal holds: one in force for a patient, and those before.
use super::patients::uuids;
use super::{Error, Store, Tx};
use crate::domain::legal_hold::LegalHold;
use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use proto::ids::{PatientId, UserId};
use proto::scalars::Reason;
use tokio_postgres::Row;
use tracing::instrument;
use uuid::Uuid;

const IN_FORCE: &str = "
    SELECT patient_id, reason, placed_by, placed_at, lifted_at
      FROM patient.legal_holds WHERE patient_id = $1 AND lifted_at IS NULL";

const ANY_IN_FORCE: &str = "
    SELECT EXISTS (SELECT FROM patient.legal_holds WHERE patient_id = ANY($1) AND lifted_at IS NULL)";

const PLACE: &str = "
    INSERT INTO patient.legal_holds (id, patient_id, reason, placed_by, placed_at) VALUES ($1, $2, $3, $4, $5)";

const LIFT: &str = "
    UPDATE patient.legal_holds SET lifted_by = $2, lifted_at = $3
     WHERE patient_id = $1 AND lifted_at IS NULL
    RETURNING patient_id, reason, placed_by, placed_at, lifted_at";

impl Store {
    /// The hold in force.
    #[instrument(name = "db.legal_hold.find", skip_all, fields(patient.id = %id))]
    pub async fn legal_hold(&self, id: PatientId) -> Result<Option<LegalHold>, Error> {
        in_force(&self.object().await?, id).await
    }
}

impl Tx<'_> {
    /// The hold in force.
    #[instrument(name = "db.legal_hold.find", skip_all, fields(patient.id = %id))]
    pub async fn legal_hold(&self, id: PatientId) -> Result<Option<LegalHold>, Error> {
        in_force(&self.inner, id).await
    }

    /// Whether a hold is in force for one of these patients, who must be locked.
    #[instrument(name = "db.legal_hold.any", skip_all)]
    pub async fn is_held(&self, ids: &[PatientId]) -> Result<bool, Error> {
        let statement = self.inner.prepare_cached(ANY_IN_FORCE).await?;
        Ok(self.inner.query_one(&statement, &[&uuids(ids)]).await?.try_get(0)?)
    }

    /// Places the only hold of a patient.
    #[instrument(name = "db.legal_hold.place", skip_all, fields(patient.id = %hold.patient_id))]
    pub async fn place_hold(&self, hold: &LegalHold) -> Result<(), Error> {
        let LegalHold { patient_id, reason, placed_by, placed_at, lifted_at: _ } = hold;
        let (id, reason) = (Uuid::now_v7(), reason.as_str());
        let statement = self.inner.prepare_cached(PLACE).await?;
        self.inner.execute(&statement, &[&id, &patient_id.0, &reason, &placed_by.0, placed_at]).await?;
        Ok(())
    }

    /// Lifts the hold in force; the hold, if there was one.
    #[instrument(name = "db.legal_hold.lift", skip_all, fields(patient.id = %id))]
    pub async fn lift_hold(
        &self,
        id: PatientId,
        by: UserId,
        now: Timestamp,
    ) -> Result<Option<LegalHold>, Error> {
        let statement = self.inner.prepare_cached(LIFT).await?;
        self.inner.query_opt(&statement, &[&id.0, &by.0, &now]).await?.as_ref().map(hold).transpose()
    }
}

async fn in_force(client: &impl GenericClient, id: PatientId) -> Result<Option<LegalHold>, Error> {
    let statement = client.prepare_cached(IN_FORCE).await?;
    client.query_opt(&statement, &[&id.0]).await?.as_ref().map(hold).transpose()
}

fn hold(row: &Row) -> Result<LegalHold, Error> {
    let reason: String = row.try_get("reason")?;
    Ok(LegalHold {
        patient_id: PatientId(row.try_get("patient_id")?),
        reason: Reason::try_from(reason).map_err(|_| Error::Unreadable("reason"))?,
        placed_by: UserId(row.try_get("placed_by")?),
        placed_at: row.try_get("placed_at")?,
        lifted_at: row.try_get("lifted_at")?,
    })
}
