//! Attempts to remove a patient: noted before the calendar is asked, gone with the removal itself.
use super::{Error, Store, Tx};
use deadpool_postgres::GenericClient as _;
use proto::ids::PatientId;
use std::time::Duration;
use tracing::instrument;
use uuid::Uuid;

/// An attempt to remove a patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    id: Uuid,
    pub patient_id: PatientId,
}

const BEGIN: &str = "
    INSERT INTO patient.removals (id, patient_id, settle_at)
    VALUES ($1, $2, clock_timestamp() + $3::double precision * interval '1 second')";

const END: &str = "DELETE FROM patient.removals WHERE id = $1";

const GIVE_UP: &str = "UPDATE patient.removals SET settle_at = clock_timestamp() WHERE id = $1";

const TO_SETTLE: &str = "
    SELECT id, patient_id FROM patient.removals
     WHERE settle_at <= clock_timestamp()
     ORDER BY settle_at LIMIT 1
       FOR UPDATE SKIP LOCKED";

impl Store {
    /// Notes an attempt, to be settled after `patience` unless it has ended by then.
    #[instrument(name = "db.removal.begin", skip_all, fields(patient.id = %patient_id))]
    pub async fn begin_removal(&self, patient_id: PatientId, patience: Duration) -> Result<Attempt, Error> {
        let attempt = Attempt { id: Uuid::now_v7(), patient_id };
        let client = self.object().await?;
        let statement = client.prepare_cached(BEGIN).await?;
        client.execute(&statement, &[&attempt.id, &patient_id.0, &patience.as_secs_f64()]).await?;
        Ok(attempt)
    }

    /// Forgets an attempt of which the calendar keeps nothing.
    #[instrument(name = "db.removal.forget", skip_all)]
    pub async fn forget_removal(&self, attempt: Attempt) -> Result<(), Error> {
        let client = self.object().await?;
        let statement = client.prepare_cached(END).await?;
        client.execute(&statement, &[&attempt.id]).await?;
        Ok(())
    }

    /// Has an attempt settled at once.
    #[instrument(name = "db.removal.give_up", skip_all)]
    pub async fn give_up_removal(&self, attempt: Attempt) -> Result<(), Error> {
        let client = self.object().await?;
        let statement = client.prepare_cached(GIVE_UP).await?;
        client.execute(&statement, &[&attempt.id]).await?;
        Ok(())
    }
}

impl Tx<'_> {
    #[instrument(name = "db.removal.end", skip_all)]
    pub async fn end_removal(&self, attempt: Attempt) -> Result<(), Error> {
        let statement = self.inner.prepare_cached(END).await?;
        self.inner.execute(&statement, &[&attempt.id]).await?;
        Ok(())
    }

    /// An attempt that never ended, locked until the end of the transaction.
    #[instrument(name = "db.removal.to_settle", skip_all)]
    pub async fn removal_to_settle(&self) -> Result<Option<Attempt>, Error> {
        let statement = self.inner.prepare_cached(TO_SETTLE).await?;
        let Some(row) = self.inner.query_opt(&statement, &[]).await? else { return Ok(None) };
        Ok(Some(Attempt { id: row.try_get("id")?, patient_id: PatientId(row.try_get("patient_id")?) }))
    }
}
