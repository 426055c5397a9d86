//! What is asked of patient-svc: whether a patient record is there.
use crate::error::Error;
use platform::client::Peer;
use platform::deadline;
use proto::ids::PatientId;
use proto::patient::CheckPatientRecordRequest;
use proto::patient::patient_service_client::PatientServiceClient;
use std::time::Duration;
use tokio::time::Instant;
use tonic::{Code, Status};

/// Longest wait for an answer, well within the deadline of a request.
const PATIENCE: Duration = Duration::from_millis(1500);

#[derive(Clone)]
pub struct Records(PatientServiceClient<Peer>);

/// What there is under the id of a patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    None,
    /// Deleted, or merged into another.
    Gone,
    Present,
}

impl Records {
    pub fn new(patients: Peer) -> Self {
        Self(PatientServiceClient::new(patients))
    }

    pub async fn look_up(&self, patient: PatientId) -> Result<Record, Error> {
        let mut client = self.0.clone();
        let request = CheckPatientRecordRequest { patient_id: patient.to_string() };
        let asked = deadline::within(Instant::now() + PATIENCE, client.check_patient_record(request)).await;
        let late = |_| Status::new(Code::DeadlineExceeded, "no answer in time");
        let answer = asked.map_err(late).flatten().map_err(Error::RecordsAway)?.into_inner();
        Ok(match (answer.exists, answer.is_present) {
            (false, _) => Record::None,
            (true, false) => Record::Gone,
            (true, true) => Record::Present,
        })
    }
}
