//! The gRPC face: who, what, do, reply. No rules, no SQL.
use crate::accounts::Accounts;
use crate::convert::{USERS, change, new_account, user_id, users_page};
use crate::domain::{Login, Standing};
use crate::error::Error;
use crate::keyring::Keyring;
use crate::passwords::Policy;
use crate::sessions::Sessions;
use crate::tokens::RefreshToken;
use platform::caller::{Caller, User};
use platform::clock::Clock;
use platform::page::PageTokens;
use platform::violations::Violations;
use proto::auth as pb;
use proto::auth::auth_service_server::AuthService;
use std::sync::Arc;
use tonic::{Request, Response, Result};

/// The methods that need no token.
pub const OPEN: &[&str] = &[
    "/healthcare.auth.v1.AuthService/Login",
    "/healthcare.auth.v1.AuthService/Register",
    "/healthcare.auth.v1.AuthService/RefreshToken",
    "/healthcare.auth.v1.AuthService/Logout",
    "/healthcare.auth.v1.AuthService/GetJwks",
];

/// Whom some methods are for alone.
const PATIENTS: &[&str] = &["patient-svc"];

pub struct Api {
    pub accounts: Accounts,
    pub sessions: Sessions,
    pub keyring: Arc<Keyring>,
    pub policy: Policy,
    pub pages: PageTokens,
    pub clock: Clock,
}

#[tonic::async_trait]
impl AuthService for Api {
    async fn login(&self, request: Request<pb::LoginRequest>) -> Result<Response<pb::TokenPair>> {
        let pb::LoginRequest { username, password } = request.into_inner();
        let login = Login::parse(&username);
        let pair = self.sessions.log_in(login, password.into(), self.clock.now()).await?;
        Ok(Response::new(pair.into()))
    }

    async fn register(&self, request: Request<pb::RegisterRequest>) -> Result<Response<pb::User>> {
        let standing = self.accounts.standing(Caller::maybe_of(&request).as_ref()).await?;
        let account = new_account(request.into_inner(), standing, &self.policy)?;
        let user = self.accounts.register(account, self.clock.now()).await?;
        Ok(Response::new(user.into()))
    }

    async fn get_current_user(
        &self,
        request: Request<pb::GetCurrentUserRequest>,
    ) -> Result<Response<pb::User>> {
        let user = self.accounts.current(&User::of(&request)?).await?;
        Ok(Response::new(user.into()))
    }

    async fn refresh_token(
        &self,
        request: Request<pb::RefreshTokenRequest>,
    ) -> Result<Response<pb::TokenPair>> {
        let token: RefreshToken =
            request.into_inner().refresh_token.parse().map_err(|_| Error::RefreshTokenInvalid)?;
        let pair = self.sessions.refresh(&token, self.clock.now()).await?;
        Ok(Response::new(pair.into()))
    }

    async fn logout(&self, request: Request<pb::LogoutRequest>) -> Result<Response<pb::LogoutResponse>> {
        let token: RefreshToken = request
            .into_inner()
            .refresh_token
            .parse()
            .map_err(|error| Violations::of("refresh_token", error))?;
        self.sessions.log_out(&token, self.clock.now()).await?;
        Ok(Response::new(pb::LogoutResponse {}))
    }

    async fn get_user(&self, request: Request<pb::GetUserRequest>) -> Result<Response<pb::User>> {
        self.accounts.require_admin(&User::of(&request)?).await?;
        let user = self.accounts.find(user_id(&request.into_inner().id)?).await?;
        Ok(Response::new(user.into()))
    }

    async fn list_users(
        &self,
        request: Request<pb::ListUsersRequest>,
    ) -> Result<Response<pb::ListUsersResponse>> {
        self.accounts.require_admin(&User::of(&request)?).await?;
        let (last, size) = users_page(request.get_ref(), &self.pages)?;
        let users = self.accounts.list(last, size + 1).await?;
        let (users, next_page_token) = self.pages.cut(USERS, users, size, |user| user.id);
        let users = users.into_iter().map(pb::User::from).collect();
        Ok(Response::new(pb::ListUsersResponse { users, next_page_token }))
    }

    async fn update_user(&self, request: Request<pb::UpdateUserRequest>) -> Result<Response<pb::User>> {
        let caller = User::of(&request)?;
        let standing = self.accounts.standing(Some(&Caller::User(caller))).await?;
        if standing == Standing::Anyone {
            return Err(Error::Forbidden("only for administrators and staff").into());
        }
        let (id, change) = change(request.into_inner())?;
        let user = self.accounts.update(&caller, standing, id, change, self.clock.now()).await?;
        Ok(Response::new(user.into()))
    }

    async fn check_patient_account(
        &self,
        request: Request<pb::CheckPatientAccountRequest>,
    ) -> Result<Response<pb::CheckPatientAccountResponse>> {
        Caller::service_of(&request, PATIENTS)?;
        let id = request.into_inner().patient_id.parse();
        let id = id.map_err(|problem| Violations::of("patient_id", problem))?;
        let has_account = self.accounts.exists_for(id).await?;
        Ok(Response::new(pb::CheckPatientAccountResponse { has_account }))
    }

    async fn get_jwks(&self, _: Request<pb::GetJwksRequest>) -> Result<Response<pb::Jwks>> {
        let keys = self.keyring.current().published().map(pb::Jwk::from).collect();
        Ok(Response::new(pb::Jwks { keys }))
    }
}
