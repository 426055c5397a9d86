//! The gRPC face of what owners prove by mail or by code: who, what, do, reply. No rules, no SQL.
use crate::accounts::Accounts;
use crate::claims::Claims;
use crate::convert::{id_in, invitee};
use crate::domain::{ClaimCode, Purpose, Token};
use crate::invitations::Invitations;
use crate::mailing::{Letter, Mailing};
use crate::passwords::Policy;
use crate::redeeming::{Chosen, Redeeming};
use crate::resets::Resets;
use crate::verification::Verification;
use platform::caller::User;
use platform::clock::Clock;
use platform::violations::Violations;
use proto::auth as pb;
use proto::auth::account_service_server::AccountService;
use proto::time::to_wire;
use tonic::{Request, Response, Result};

pub struct AccountApi {
    pub accounts: Accounts,
    pub claims: Claims,
    pub resets: Resets,
    pub invitations: Invitations,
    pub redeeming: Redeeming,
    pub verification: Verification,
    pub mailing: Mailing,
    pub policy: Policy,
    pub clock: Clock,
}

#[tonic::async_trait]
impl AccountService for AccountApi {
    async fn request_password_reset(
        &self,
        request: Request<pb::RequestPasswordResetRequest>,
    ) -> Result<Response<pb::RequestPasswordResetResponse>> {
        let email = request.into_inner().email.try_into();
        let email = email.map_err(|problem| Violations::of("email", problem))?;
        self.resets.request(&email, self.clock.now()).await?;
        Ok(Response::new(pb::RequestPasswordResetResponse {}))
    }

    async fn reset_password(
        &self,
        request: Request<pb::ResetPasswordRequest>,
    ) -> Result<Response<pb::ResetPasswordResponse>> {
        let pb::ResetPasswordRequest { token, new_password } = request.into_inner();
        let token = Token::try_from(token);
        let chosen = Chosen { password: new_password.into(), field: "new_password", policy: &self.policy };
        self.redeeming.set_password(Purpose::PasswordReset, token, chosen, self.clock.now()).await?;
        Ok(Response::new(pb::ResetPasswordResponse {}))
    }

    async fn verify_email(
        &self,
        request: Request<pb::VerifyEmailRequest>,
    ) -> Result<Response<pb::VerifyEmailResponse>> {
        let token = Token::try_from(request.into_inner().token);
        self.verification.verify(token, self.clock.now()).await?;
        Ok(Response::new(pb::VerifyEmailResponse {}))
    }

    async fn resend_email_verification(
        &self,
        request: Request<pb::ResendEmailVerificationRequest>,
    ) -> Result<Response<pb::ResendEmailVerificationResponse>> {
        let caller = User::of(&request)?;
        self.accounts.require_session(&caller).await?;
        self.verification.resend(&caller, self.clock.now()).await?;
        Ok(Response::new(pb::ResendEmailVerificationResponse {}))
    }

    async fn invite_user(&self, request: Request<pb::InviteUserRequest>) -> Result<Response<pb::User>> {
        let caller = User::of(&request)?;
        self.accounts.require_admin(&caller).await?;
        let invitee = invitee(request.into_inner())?;
        let user = self.invitations.invite(&caller, invitee, self.clock.now()).await?;
        Ok(Response::new(user.into()))
    }

    async fn accept_invitation(
        &self,
        request: Request<pb::AcceptInvitationRequest>,
    ) -> Result<Response<pb::AcceptInvitationResponse>> {
        let pb::AcceptInvitationRequest { token, password } = request.into_inner();
        let token = Token::try_from(token);
        let chosen = Chosen { password: password.into(), field: "password", policy: &self.policy };
        self.redeeming.set_password(Purpose::Invitation, token, chosen, self.clock.now()).await?;
        Ok(Response::new(pb::AcceptInvitationResponse {}))
    }

    async fn claim_patient(&self, request: Request<pb::ClaimPatientRequest>) -> Result<Response<pb::User>> {
        let caller = User::of(&request)?;
        self.accounts.require_session(&caller).await?;
        let code = ClaimCode::try_from(request.into_inner().code);
        let user = self.claims.claim(&caller, code, self.clock.now()).await?;
        Ok(Response::new(user.into()))
    }

    async fn issue_claim_code(
        &self,
        request: Request<pb::IssueClaimCodeRequest>,
    ) -> Result<Response<pb::ClaimCode>> {
        let patient = id_in("patient_id", &request.into_inner().patient_id)?;
        let (code, expires_at) = self.claims.issue(patient, self.clock.now()).await?;
        let (code, expire_time) = (code.to_string(), Some(to_wire(expires_at)));
        Ok(Response::new(pb::ClaimCode { code, expire_time }))
    }

    async fn get_account_message(
        &self,
        request: Request<pb::GetAccountMessageRequest>,
    ) -> Result<Response<pb::AccountMessage>> {
        let pb::GetAccountMessageRequest { user_id, token_id } = request.into_inner();
        let user = id_in("user_id", &user_id)?;
        let token = if token_id.is_empty() { None } else { Some(id_in("token_id", &token_id)?) };
        let letter = self.mailing.letter(user, token, self.clock.now()).await?;
        Ok(Response::new(letter.into()))
    }

    async fn list_reviewers(
        &self,
        _: Request<pb::ListReviewersRequest>,
    ) -> Result<Response<pb::ListReviewersResponse>> {
        let reviewers = self.accounts.reviewers().await?;
        let user_ids = reviewers.iter().map(ToString::to_string).collect();
        Ok(Response::new(pb::ListReviewersResponse { user_ids }))
    }
}

impl From<Letter> for pb::AccountMessage {
    fn from(Letter { user, token }: Letter) -> Self {
        let (token, expires_at) = token.unzip();
        Self {
            email: user.email.into(),
            full_name: user.full_name.map(String::from).unwrap_or_default(),
            token: token.map(|token| token.to_string()).unwrap_or_default(),
            expire_time: expires_at.map(to_wire),
        }
    }
}
