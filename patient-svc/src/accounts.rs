//! What is asked of auth-svc: whether somebody logs in as a patient, and that nobody does any more.
use crate::error::Error;
use platform::client::Peer;
use platform::deadline;
use proto::auth::auth_service_client::AuthServiceClient;
use proto::auth::{CheckPatientAccountRequest, ErasePatientAccountRequest};
use proto::ids::PatientId;
use std::time::Duration;
use tokio::time::Instant;
use tonic::{Code, Response, Status};

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
        Ok(ask(client.check_patient_account(request)).await?.has_account)
    }

    /// Nobody logs in as `patient` any more, and of the account nothing is left that says whose it was.
    pub async fn erase(&self, patient: PatientId) -> Result<(), Error> {
        let mut client = self.0.clone();
        let request = ErasePatientAccountRequest { patient_id: patient.to_string() };
        ask(client.erase_patient_account(request)).await?;
        Ok(())
    }
}

async fn ask<T>(call: impl Future<Output = Result<Response<T>, Status>>) -> Result<T, Error> {
    let asked = deadline::within(Instant::now() + PATIENCE, call).await;
    let late = |_| Status::new(Code::DeadlineExceeded, "no answer in time");
    Ok(asked.map_err(late).flatten().map_err(Error::AccountsAway)?.into_inner())
}
