//! What is asked of auth-svc: whether somebody logs in as a patient, a code to do so, and that nobody does any more.
use crate::domain::merge::Unfit;
use crate::error::Error;
use jiff::Timestamp;
use platform::client::Peer;
use platform::deadline;
use proto::auth::account_service_client::AccountServiceClient;
use proto::auth::auth_service_client::AuthServiceClient;
use proto::auth::{ErasePatientAccountRequest, IssueClaimCodeRequest, RuleOutPatientAccountRequest};
use proto::ids::PatientId;
use proto::{auth, time};
use std::time::Duration;
use tokio::time::Instant;
use tonic::{Code, Response, Status};

/// Longest wait for an answer, well within the deadline of a request.
const PATIENCE: Duration = Duration::from_millis(1500);

#[derive(Clone)]
pub struct Accounts {
    auth: AuthServiceClient<Peer>,
    codes: AccountServiceClient<Peer>,
}

/// What a patient links an account to a record with.
pub struct ClaimCode {
    pub text: String,
    pub expires_at: Timestamp,
}

impl Accounts {
    pub fn new(auth: Peer) -> Self {
        Self { codes: AccountServiceClient::new(auth.clone()), auth: AuthServiceClient::new(auth) }
    }

    /// Whether an account is linked to `patient`. If none is, codes that were handed out before are void.
    pub async fn has(&self, patient: PatientId) -> Result<bool, Error> {
        let mut client = self.auth.clone();
        let request = RuleOutPatientAccountRequest { patient_id: patient.to_string() };
        let answer = in_time(client.rule_out_patient_account(request)).await.map_err(Error::AccountsAway)?;
        Ok(answer.into_inner().has_account)
    }

    /// Nobody logs in as `patient` any more, and of the account nothing is left that says whose it was.
    pub async fn erase(&self, patient: PatientId) -> Result<(), Error> {
        let mut client = self.auth.clone();
        let request = ErasePatientAccountRequest { patient_id: patient.to_string() };
        in_time(client.erase_patient_account(request)).await.map_err(Error::AccountsAway)?;
        Ok(())
    }

    /// A code by which `patient` gets to their record; refused when somebody logs in as them already.
    pub async fn claim_code(&self, patient: PatientId) -> Result<ClaimCode, Error> {
        let mut client = self.codes.clone();
        let request = IssueClaimCodeRequest { patient_id: patient.to_string() };
        let answer = in_time(client.issue_claim_code(request)).await.map_err(|status| {
            if status.code() == Code::AlreadyExists {
                Unfit::HasAccount.into()
            } else {
                Error::AccountsAway(status)
            }
        })?;
        let auth::ClaimCode { code: text, expire_time } = answer.into_inner();
        let garbled = |_| Error::AccountsAway(Status::new(Code::Unknown, "a code without an end"));
        Ok(ClaimCode { text, expires_at: time::from_wire(expire_time).map_err(garbled)? })
    }
}

async fn in_time<T>(
    asking: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<Response<T>, Status> {
    let late = |_| Status::new(Code::DeadlineExceeded, "no answer in time");
    deadline::within(Instant::now() + PATIENCE, asking).await.map_err(late)?
}
