//! What people wrote about visits of a patient of whom nothing is to be known any more. When and with whom they were
//! stays.
use super::{Connection, Error};
use proto::ids::PatientId;
use tracing::instrument;

const FORGET: &str = "
    WITH history AS (
        UPDATE appointment.appointment_events AS event SET note = ''
          FROM appointment.appointments AS visit
         WHERE visit.id = event.appointment_id AND visit.patient_id = $1 AND event.note <> '')
    UPDATE appointment.appointments SET notes = '', sub_status = ''
     WHERE patient_id = $1 AND (notes <> '' OR sub_status <> '')";

impl Connection {
    #[instrument(name = "db.appointments.forget", skip_all, fields(patient.id = %patient))]
    pub async fn forget_words(&self, patient: PatientId) -> Result<(), Error> {
        let statement = self.client.prepare_cached(FORGET).await?;
        self.client.execute(&statement, &[&patient.0]).await?;
        Ok(())
    }
}
