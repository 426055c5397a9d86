//! What is asked of auth-svc: whether somebody logs in as a patient.
use crate::error::Error;
use platform::client::Peer;
use platform::deadline;
use proto::auth::CheckPatientAccountRequest;
use proto::auth::auth_service_client::AuthServiceClient;
use proto::ids::PatientId;
use std::time::Duration;
use tokio::time::Instant;
use tonic::{Code, Status};

/// Longest wait for an answer, well within the deadline of a request.
const PATIENCE: Duration = Duration::from_millis(1500);

#[derive(Clone)]
pub struct Accounts(AuthServiceClient<Peer>);

impl Accounts {
    pub fn new(auth: Peer) -> Self {
        Self(AuthServiceClient::new(auth))
    }

    /// Whether an account is linked to `patient`.
    pub async fn has(&self, patient: PatientId) -> Result<bool, Error> {
        let mut client = self.0.clone();
        let request = CheckPatientAccountRequest { patient_id: patient.to_string() };
        let asked = deadline::within(Instant::now() + PATIENCE, client.check_patient_account(request)).await;
        let late = |_| Status::new(Code::DeadlineExceeded, "no answer in time");
        let answer = asked.map_err(late).flatten().map_err(Error::AccountsAway)?;
        Ok(answer.into_inner().has_account)
    }
}
