//! The gRPC face of the second factor: who, what, do, reply.
use crate::accounts::Accounts;
use crate::convert::{id_in, password, proof, recovery_codes};
use crate::error::Error;
use crate::logins::Logins;
use crate::second_factor::{Enrolment, SecondFactor};
use platform::caller::User;
use platform::clock::Clock;
use platform::violations::Violations;
use proto::auth as pb;
use proto::auth::second_factor_service_server::SecondFactorService;
use tonic::{Request, Response, Result};

pub struct SecondFactorApi {
    pub accounts: Accounts,
    pub logins: Logins,
    pub second_factor: SecondFactor,
    pub clock: Clock,
}

impl SecondFactorApi {
    /// Who asks, at this moment: a token may outlive its session by seconds.
    async fn caller<T>(&self, request: &Request<T>) -> Result<User> {
        let caller = User::of(request)?;
        self.accounts.require_session(&caller).await?;
        Ok(caller)
    }
}

#[tonic::async_trait]
impl SecondFactorService for SecondFactorApi {
    async fn complete_login(
        &self,
        request: Request<pb::CompleteLoginRequest>,
    ) -> Result<Response<pb::TokenPair>> {
        let pb::CompleteLoginRequest { challenge, proof: shown } = request.into_inner();
        let proof = proof(shown)?;
        let challenge = challenge.parse().map_err(|_| Error::ChallengeExpired)?;
        let pair = self.logins.complete(&challenge, proof, self.clock.now()).await?;
        Ok(Response::new(pair.into()))
    }

    async fn enrol_totp(
        &self,
        request: Request<pb::EnrolTotpRequest>,
    ) -> Result<Response<pb::TotpEnrolment>> {
        let caller = self.caller(&request).await?;
        let password = password(request.into_inner().current_password)?;
        let Enrolment { secret, uri } = self.second_factor.enrol(&caller, password, self.clock.now()).await?;
        Ok(Response::new(pb::TotpEnrolment { secret, uri }))
    }

    async fn confirm_totp(
        &self,
        request: Request<pb::ConfirmTotpRequest>,
    ) -> Result<Response<pb::RecoveryCodes>> {
        let caller = self.caller(&request).await?;
        let code = request.into_inner().code.try_into().map_err(|error| Violations::of("code", error))?;
        let codes = self.second_factor.confirm(&caller, code, self.clock.now()).await?;
        Ok(Response::new(recovery_codes(&codes)))
    }

    async fn remove_totp(
        &self,
        request: Request<pb::RemoveTotpRequest>,
    ) -> Result<Response<pb::RemoveTotpResponse>> {
        let caller = self.caller(&request).await?;
        let pb::RemoveTotpRequest { current_password, proof: shown } = request.into_inner();
        let (password, proof) = (password(current_password)?, proof(shown)?);
        self.second_factor.remove(&caller, password, proof, self.clock.now()).await?;
        Ok(Response::new(pb::RemoveTotpResponse {}))
    }

    async fn renew_recovery_codes(
        &self,
        request: Request<pb::RenewRecoveryCodesRequest>,
    ) -> Result<Response<pb::RecoveryCodes>> {
        let caller = self.caller(&request).await?;
        let pb::RenewRecoveryCodesRequest { current_password, proof: shown } = request.into_inner();
        let (password, proof) = (password(current_password)?, proof(shown)?);
        let codes =
            self.second_factor.renew_recovery_codes(&caller, password, proof, self.clock.now()).await?;
        Ok(Response::new(recovery_codes(&codes)))
    }

    async fn remove_user_totp(
        &self,
        request: Request<pb::RemoveUserTotpRequest>,
    ) -> Result<Response<pb::RemoveUserTotpResponse>> {
        let caller = User::of(&request)?;
        self.accounts.require_admin(&caller).await?;
        let user_id = id_in("user_id", &request.into_inner().user_id)?;
        self.second_factor.remove_of(&caller, user_id, self.clock.now()).await?;
        Ok(Response::new(pb::RemoveUserTotpResponse {}))
    }
}
