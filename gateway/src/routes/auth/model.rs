//! Accounts and tokens as the REST face shows them.
use crate::reply::Resource;
use crate::routes::given;
use crate::times::{Garbled, Instant};
use proto::auth as pb;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

mod requests; // what front ends send
mod second_factor; // codes besides the password
mod proxy; // who acts for a patient
mod recovery; // what is sent by mail, and what comes back

pub use proxy::{ActFor, GrantProxy, Proxy};
pub use recovery::{
    AcceptInvitation, ClaimPatient, InviteUser, MessageSent, RequestPasswordReset, ResetPassword, VerifyEmail,
};
pub use requests::{ChangePassword, LogIn, Refresh, Register, UpdateUser};
pub use second_factor::{
    CompleteLogin, ConfirmTotp, EnrolTotp, RecoveryCodes, TotpEnrolment, WithSecondFactor,
};

/// What an account is to the clinic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Admin,
    Doctor,
    Patient,
    Staff,
    Auditor,
}

impl From<Role> for pb::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Admin => Self::Admin,
            Role::Doctor => Self::Doctor,
            Role::Patient => Self::Patient,
            Role::Staff => Self::Staff,
            Role::Auditor => Self::Auditor,
        }
    }
}

impl TryFrom<pb::Role> for Role {
    type Error = Garbled;

    fn try_from(role: pb::Role) -> Result<Self, Garbled> {
        match role {
            pb::Role::Admin => Ok(Self::Admin),
            pb::Role::Doctor => Ok(Self::Doctor),
            pb::Role::Patient => Ok(Self::Patient),
            pb::Role::Staff => Ok(Self::Staff),
            pb::Role::Auditor => Ok(Self::Auditor),
            pb::Role::Unspecified => Err(Garbled("role")),
        }
    }
}

/// What the owner of an account has to do with a link that was mailed.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pending {
    /// Accept the invitation, and choose a password.
    Invitation,
    /// Prove the address.
    EmailVerification,
}

impl Pending {
    fn of(pending: pb::Pending) -> Option<Self> {
        match pending {
            pb::Pending::Unspecified => None,
            pb::Pending::Invitation => Some(Self::Invitation),
            pb::Pending::EmailVerification => Some(Self::EmailVerification),
        }
    }
}

/// An account that can log in.
#[derive(Serialize, ToSchema)]
pub struct User {
    #[schema(value_type = Uuid)]
    pub id: String,
    #[schema(example = "ada@example.com")]
    pub email: String,
    #[schema(example = "ada")]
    pub username: Option<String>,
    #[schema(example = "Ada Lovelace")]
    pub full_name: Option<String>,
    pub role: Role,
    /// The patient record of this account, or the id under which its owner may create one.
    #[schema(value_type = Option<Uuid>)]
    pub patient_id: Option<String>,
    /// The doctor record of this account.
    #[schema(value_type = Option<Uuid>)]
    pub doctor_id: Option<String>,
    /// False when the account may not log in.
    pub is_active: bool,
    /// When the owner proved the address, if ever.
    pub email_verified_at: Option<Instant>,
    /// What the owner has to do with a link that was mailed before anybody can log in.
    pub pending: Option<Pending>,
    pub created_at: Instant,
    pub updated_at: Instant,
}

impl Resource for User {
    fn location(&self) -> String {
        format!("/api/users/{}", self.id)
    }
}

impl TryFrom<pb::User> for User {
    type Error = Garbled;

    fn try_from(user: pb::User) -> Result<Self, Garbled> {
        let role = user.role().try_into()?;
        let pending = Pending::of(user.pending());
        let pb::User {
            id,
            email,
            username,
            full_name,
            role: _,
            patient_id,
            doctor_id,
            is_active,
            create_time,
            update_time,
            email_verify_time,
            pending: _,
        } = user;
        Ok(Self {
            id,
            email,
            username: given(username),
            full_name: given(full_name),
            role,
            patient_id: given(patient_id),
            doctor_id: given(doctor_id),
            is_active,
            email_verified_at: Instant::maybe_utc("email_verify_time", email_verify_time)?,
            pending,
            created_at: Instant::utc("create_time", create_time)?,
            updated_at: Instant::utc("update_time", update_time)?,
        })
    }
}

/// What a session is proven with.
#[derive(Serialize, ToSchema)]
pub struct Tokens {
    /// A JWT for the `Authorization: Bearer` header.
    #[schema(example = "eyJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl")]
    pub access_token: String,
    /// Exchanged for the next pair, once.
    #[schema(example = "rt_0198c5a4-7c1e-7d3a-9d8e-2f1b6a5c4d3e.c2VjcmV0")]
    pub refresh_token: String,
    #[schema(example = "Bearer")]
    pub token_type: String,
    /// Seconds until the access token expires.
    #[schema(minimum = 0, example = 900)]
    pub expires_in: i32,
}

impl From<pb::TokenPair> for Tokens {
    fn from(tokens: pb::TokenPair) -> Self {
        let pb::TokenPair { access_token, refresh_token, token_type, expires_in } = tokens;
        Self { access_token, refresh_token, token_type, expires_in }
    }
}

/// One log-in of an account, on one device.
#[derive(Serialize, ToSchema)]
pub struct Session {
    #[schema(value_type = Uuid)]
    pub id: String,
    pub started_at: Instant,
    /// When its tokens were renewed last.
    pub last_used_at: Instant,
    /// When it is over unless its tokens are renewed before.
    pub idles_at: Instant,
    /// When it is over in any case.
    pub expires_at: Instant,
    /// The program that logged in, as it calls itself.
    #[schema(example = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")]
    pub user_agent: Option<String>,
    /// Whether it is the one that asks.
    pub is_current: bool,
    /// The patient in whose place its owner acts; null when they act for themselves.
    #[schema(value_type = Option<Uuid>)]
    pub acting_for: Option<String>,
}

impl TryFrom<pb::Session> for Session {
    type Error = Garbled;

    fn try_from(session: pb::Session) -> Result<Self, Garbled> {
        let pb::Session {
            id,
            start_time,
            last_use_time,
            idle_time,
            expire_time,
            user_agent,
            is_current,
            acting_for,
        } = session;
        Ok(Self {
            id,
            started_at: Instant::utc("start_time", start_time)?,
            last_used_at: Instant::utc("last_use_time", last_use_time)?,
            idles_at: Instant::utc("idle_time", idle_time)?,
            expires_at: Instant::utc("expire_time", expire_time)?,
            user_agent: given(user_agent),
            is_current,
            acting_for: given(acting_for),
        })
    }
}

/// The public keys that access tokens are verified with (RFC 7517).
#[derive(Serialize, ToSchema)]
pub struct Jwks {
    pub keys: Vec<Jwk>,
}

/// One Ed25519 public key (RFC 8037).
#[derive(Serialize, ToSchema)]
pub struct Jwk {
    #[schema(example = "2030-01")]
    pub kid: String,
    #[schema(example = "OKP")]
    pub kty: String,
    #[schema(example = "Ed25519")]
    pub crv: String,
    #[schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    pub x: String,
    #[serde(rename = "use")]
    #[schema(example = "sig")]
    pub usage: &'static str,
    #[schema(example = "EdDSA")]
    pub alg: &'static str,
}

impl From<pb::Jwks> for Jwks {
    fn from(pb::Jwks { keys }: pb::Jwks) -> Self {
        let key = |pb::Jwk { kid, kty, crv, x }| Jwk { kid, kty, crv, x, usage: "sig", alg: "EdDSA" };
        Self { keys: keys.into_iter().map(key).collect() }
    }
}
