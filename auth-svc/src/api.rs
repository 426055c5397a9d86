//! The gRPC face: who, what, do, reply. No rules, no SQL.
use crate::accounts::Accounts;
use crate::applications::Applications;
use crate::claims::Claims;
use crate::config::Registration;
use crate::convert::{
    SESSIONS, USERS, change, code, ended_sessions, id_in, new_account, session, sessions_page, users_page,
};
use crate::domain::{Login, Standing, UserAgent};
use crate::ended::Ended;
use crate::error::Error;
use crate::keyring::Keyring;
use crate::logins::Logins;
use crate::passwords::Policy;
use crate::sessions::Sessions;
use crate::tokens::RefreshToken;
use futures::stream::{BoxStream, StreamExt as _};
use platform::caller::{Caller, Role, User};
use platform::clock::Clock;
use platform::page::PageTokens;
use platform::shutdown::Shutdown;
use platform::violations::Violations;
use proto::auth as pb;
use proto::auth::auth_service_server::AuthService;
use std::sync::Arc;
use tonic::{Request, Response, Result};

pub struct Api {
    pub accounts: Accounts,
    pub applications: Applications,
    pub registration: Registration,
    pub claims: Claims,
    pub logins: Logins,
    pub sessions: Sessions,
    pub ended: Ended,
    pub keyring: Arc<Keyring>,
    pub policy: Policy,
    pub pages: PageTokens,
    pub clock: Clock,
    pub shutdown: Shutdown,
}

#[tonic::async_trait]
impl AuthService for Api {
    async fn login(&self, request: Request<pb::LoginRequest>) -> Result<Response<pb::TokenPair>> {
        let pb::LoginRequest { username, password, user_agent, totp } = request.into_inner();
        let proof = code("totp", totp)?;
        let login = Login::parse(&username);
        let user_agent = UserAgent::parse(&user_agent);
        let pair = self.logins.log_in(login, password.into(), proof, user_agent, self.clock.now()).await?;
        Ok(Response::new(pair.into()))
    }

    async fn register(&self, request: Request<pb::RegisterRequest>) -> Result<Response<pb::User>> {
        let standing = self.accounts.standing(Caller::maybe_of(&request).as_ref()).await?;
        let mut request = request.into_inner();
        let now = self.clock.now();
        let code = std::mem::take(&mut request.claim_code);
        let mut account = new_account(request, !code.is_empty(), standing, &self.policy)?;
        if !code.is_empty() {
            let claim = self.claims.check("claim_code", code.try_into(), now).await?;
            account.role = Role::Patient(claim.patient);
            account.claim = Some(claim);
        }
        if standing == Standing::Anyone && self.registration == Registration::Verify {
            if account.username.is_some() {
                let problem = "cannot be chosen before the address is verified";
                return Err(Violations::of("username", problem).into());
            }
            self.applications.apply(account, now).await?;
            return Ok(Response::new(pb::User::default()));
        }
        let user = self.accounts.register(standing, account, now).await?;
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

    async fn change_password(
        &self,
        request: Request<pb::ChangePasswordRequest>,
    ) -> Result<Response<pb::ChangePasswordResponse>> {
        let caller = User::of(&request)?;
        let pb::ChangePasswordRequest { current_password, new_password } = request.into_inner();
        let (current, new) = (current_password.into(), new_password.into());
        self.accounts.change_password(&caller, current, new, &self.policy, self.clock.now()).await?;
        Ok(Response::new(pb::ChangePasswordResponse {}))
    }

    async fn list_sessions(
        &self,
        request: Request<pb::ListSessionsRequest>,
    ) -> Result<Response<pb::ListSessionsResponse>> {
        let caller = User::of(&request)?;
        self.accounts.require_session(&caller).await?;
        let (last, size) = sessions_page(request.get_ref(), &self.pages)?;
        let sessions = self.sessions.open(&caller, last, size + 1, self.clock.now()).await?;
        let (sessions, next_page_token) = self.pages.cut(SESSIONS, sessions, size, |session| session.id);
        let sessions = sessions.into_iter().map(|open| session(open, &caller)).collect();
        Ok(Response::new(pb::ListSessionsResponse { sessions, next_page_token }))
    }

    async fn revoke_session(
        &self,
        request: Request<pb::RevokeSessionRequest>,
    ) -> Result<Response<pb::RevokeSessionResponse>> {
        let caller = User::of(&request)?;
        self.accounts.require_session(&caller).await?;
        let id = id_in("id", &request.into_inner().id)?;
        self.sessions.end(&caller, id, self.clock.now()).await?;
        Ok(Response::new(pb::RevokeSessionResponse {}))
    }

    async fn revoke_all_sessions(
        &self,
        request: Request<pb::RevokeAllSessionsRequest>,
    ) -> Result<Response<pb::RevokeAllSessionsResponse>> {
        let caller = User::of(&request)?;
        self.accounts.require_session(&caller).await?;
        self.sessions.end_all(&caller, caller.id, self.clock.now()).await?;
        Ok(Response::new(pb::RevokeAllSessionsResponse {}))
    }

    async fn revoke_user_sessions(
        &self,
        request: Request<pb::RevokeUserSessionsRequest>,
    ) -> Result<Response<pb::RevokeUserSessionsResponse>> {
        let caller = User::of(&request)?;
        self.accounts.require_admin(&caller).await?;
        let user_id = id_in("user_id", &request.into_inner().user_id)?;
        self.sessions.end_all(&caller, user_id, self.clock.now()).await?;
        Ok(Response::new(pb::RevokeUserSessionsResponse {}))
    }

    async fn get_user(&self, request: Request<pb::GetUserRequest>) -> Result<Response<pb::User>> {
        self.accounts.require_admin(&User::of(&request)?).await?;
        let user = self.accounts.find(id_in("id", &request.into_inner().id)?).await?;
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

    type WatchEndedSessionsStream = BoxStream<'static, Result<pb::EndedSessions>>;

    async fn watch_ended_sessions(
        &self,
        _: Request<pb::WatchEndedSessionsRequest>,
    ) -> Result<Response<Self::WatchEndedSessionsStream>> {
        let told = self.ended.watch(self.clock.now(), self.shutdown.clone()).await?;
        let told = told.map(|told| Ok(ended_sessions(&told)));
        Ok(Response::new(told.boxed()))
    }

    async fn rule_out_patient_account(
        &self,
        request: Request<pb::RuleOutPatientAccountRequest>,
    ) -> Result<Response<pb::RuleOutPatientAccountResponse>> {
        let id = request.into_inner().patient_id.parse();
        let id = id.map_err(|problem| Violations::of("patient_id", problem))?;
        let has_account = self.accounts.rule_out(id).await?;
        Ok(Response::new(pb::RuleOutPatientAccountResponse { has_account }))
    }

    async fn erase_patient_account(
        &self,
        request: Request<pb::ErasePatientAccountRequest>,
    ) -> Result<Response<pb::ErasePatientAccountResponse>> {
        let id = request.into_inner().patient_id.parse();
        let id = id.map_err(|problem| Violations::of("patient_id", problem))?;
        self.accounts.erase(id, self.clock.now()).await?;
        Ok(Response::new(pb::ErasePatientAccountResponse {}))
    }

    async fn get_jwks(&self, _: Request<pb::GetJwksRequest>) -> Result<Response<pb::Jwks>> {
        let keys = self.keyring.current().published().map(pb::Jwk::from).collect();
        Ok(Response::new(pb::Jwks { keys }))
    }
}
