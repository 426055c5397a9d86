//! Row-level security, the second lock on medical records and their keys: the database shows a transaction those of the
//! patients whom it names, and none when it names nobody. What is named ends with the transaction.
use super::{Connection, Error, Tx};
use proto::ids::{MedicalRecordId, PatientId};
use tracing::instrument;

const NAME_PATIENT: &str = "
    SELECT set_config('app.patients', array_agg(id)::text, true)
      FROM patient.patients WHERE id = $1 OR merged_into = $1";

const NAME_RECORD: &str = "SELECT set_config('app.record', $1::uuid::text, true)";

const NAME_ROTATION: &str = "SELECT set_config('app.purpose', 'key rotation', true)";

impl Connection<'_> {
    /// Begins a transaction about the records of one patient.
    pub async fn begin_about(&mut self, patient: PatientId) -> Result<Tx<'_>, Error> {
        let tx = self.begin().await?;
        tx.name_patient(patient).await?;
        Ok(tx)
    }
}

impl Tx<'_> {
    /// From now on this is about the records of `patient`, and of who was merged into them.
    #[instrument(name = "db.row_security.name_patient", skip_all, fields(patient.id = %patient))]
    pub async fn name_patient(&self, patient: PatientId) -> Result<(), Error> {
        let statement = self.inner.prepare_cached(NAME_PATIENT).await?;
        self.inner.query_one(&statement, &[&patient.0]).await?;
        Ok(())
    }

    /// From now on this may ask whose `record` is.
    pub(super) async fn name_record(&self, record: MedicalRecordId) -> Result<(), Error> {
        let statement = self.inner.prepare_cached(NAME_RECORD).await?;
        self.inner.query_one(&statement, &[&record.0]).await?;
        Ok(())
    }

    /// From now on this sees the keys of everybody.
    pub(super) async fn name_rotation(&self) -> Result<(), Error> {
        let statement = self.inner.prepare_cached(NAME_ROTATION).await?;
        self.inner.query_one(&statement, &[]).await?;
        Ok(())
    }
}
