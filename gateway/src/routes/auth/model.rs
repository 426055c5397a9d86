//! Accounts and tokens as the REST face shows them.
use crate::patch::{Clearable, Edit, Mask};
use crate::problem::Problem;
use crate::reply::Resource;
use crate::routes::given;
use crate::times::{Garbled, Instant};
use proto::auth as pb;
use proto::ids::{DoctorId, PatientId, UserId};
use proto::scalars::{Email, PersonName};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
            created_at: Instant::utc("create_time", create_time)?,
            updated_at: Instant::utc("update_time", update_time)?,
        })
    }
}

/// An account to be created.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Register {
    pub email: Email,
    /// Letters, digits, `.`, `_` and `-`.
    #[schema(min_length = 3, max_length = 64, pattern = "^[A-Za-z0-9._-]+$", example = "ada")]
    pub username: Option<String>,
    #[schema(format = Password, min_length = 15, max_length = 128, example = "a long and private sentence")]
    pub password: String,
    pub full_name: Option<PersonName>,
    /// `patient` when absent; other roles only by admins.
    pub role: Option<Role>,
    /// Links the account to this patient; only by staff and admins.
    #[schema(value_type = Option<Uuid>)]
    pub patient_id: Option<PatientId>,
    /// Links the account to this doctor; only by admins.
    #[schema(value_type = Option<Uuid>)]
    pub doctor_id: Option<DoctorId>,
    /// `patient_id` or `doctor_id`, as the role has it.
    pub reference_id: Option<uuid::Uuid>,
}

impl Register {
    /// Puts `reference_id` where the role has it.
    pub fn resolved(mut self) -> Result<Self, Problem> {
        let Some(reference) = self.reference_id.take() else { return Ok(self) };
        if self.patient_id.is_some() || self.doctor_id.is_some() {
            return Err(Problem::invalid_field("/reference_id", "cannot stand beside another link"));
        }
        match self.role {
            None | Some(Role::Patient) => self.patient_id = Some(PatientId(reference)),
            Some(Role::Doctor) => self.doctor_id = Some(DoctorId(reference)),
            Some(Role::Admin | Role::Staff | Role::Auditor) => {
                return Err(Problem::invalid_field("/reference_id", "is only for patients and doctors"));
            }
        }
        Ok(self)
    }
}

impl From<Register> for pb::RegisterRequest {
    fn from(body: Register) -> Self {
        let Register { email, username, password, full_name, role, patient_id, doctor_id, reference_id: _ } =
            body;
        Self {
            email: email.into(),
            username: username.unwrap_or_default(),
            password,
            full_name: full_name.map(Into::into).unwrap_or_default(),
            role: role.map_or(pb::Role::Unspecified, Into::into).into(),
            patient_id: patient_id.map(|id| id.to_string()).unwrap_or_default(),
            doctor_id: doctor_id.map(|id| id.to_string()).unwrap_or_default(),
        }
    }
}

/// A user name and its password, as JSON or as the OAuth 2 password form (RFC 6749, 4.3), whose other fields
/// are of no consequence.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogIn {
    /// E-mail address or user name.
    #[schema(min_length = 1, max_length = 254, example = "ada@example.com")]
    pub username: String,
    #[schema(format = Password, min_length = 1, max_length = 512, example = "a long and private sentence")]
    pub password: String,
    #[schema(nullable = false, example = "password")]
    pub grant_type: Option<GrantType>,
    #[schema(nullable = false, example = "")]
    pub scope: Option<String>,
    #[schema(nullable = false, example = "")]
    pub client_id: Option<String>,
    #[schema(nullable = false, example = "")]
    pub client_secret: Option<String>,
}

/// The only grant there is.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    Password,
}

impl From<LogIn> for pb::LoginRequest {
    fn from(LogIn { username, password, .. }: LogIn) -> Self {
        Self { username, password }
    }
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    #[schema(min_length = 1, max_length = 512, example = "rt_0198c5a4-7c1e-7d3a-9d8e-2f1b6a5c4d3e.c2VjcmV0")]
    pub refresh_token: String,
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

/// Changes to an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateUser {
    #[serde(default)]
    #[schema(value_type = Role)]
    pub role: Edit<Role>,
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    pub patient_id: Clearable<PatientId>,
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    pub doctor_id: Clearable<DoctorId>,
    /// False keeps its owner from logging in and ends their sessions.
    #[serde(default)]
    #[schema(value_type = bool)]
    pub is_active: Edit<bool>,
    #[serde(default)]
    #[schema(value_type = Option<PersonName>)]
    pub full_name: Clearable<PersonName>,
}

impl UpdateUser {
    pub fn of(self, id: UserId) -> pb::UpdateUserRequest {
        let Self { role, patient_id, doctor_id, is_active, full_name } = self;
        let mut mask = Mask::default();
        let user = pb::User {
            id: id.to_string(),
            role: mask.value("role", role).map_or(pb::Role::Unspecified, Into::into).into(),
            patient_id: mask.value("patient_id", patient_id).map(|id| id.to_string()).unwrap_or_default(),
            doctor_id: mask.value("doctor_id", doctor_id).map(|id| id.to_string()).unwrap_or_default(),
            is_active: mask.value("is_active", is_active).unwrap_or_default(),
            full_name: mask.text("full_name", full_name),
            ..pb::User::default()
        };
        pb::UpdateUserRequest { user: Some(user), update_mask: Some(mask.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn register(body: serde_json::Value) -> Register {
        serde_json::from_value(body).unwrap()
    }

    #[test]
    fn a_reference_goes_where_the_role_has_it() {
        let id = "0198c5a4-7c1e-7d3a-9d8e-2f1b6a5c4d3e";
        let body = |role: Option<&str>| serde_json::json!({"email": "a@example.com", "password": "x", "role": role, "reference_id": id});
        let patient = register(body(None)).resolved().unwrap();
        assert_eq!((patient.patient_id.unwrap().to_string(), patient.doctor_id), (id.to_owned(), None));
        let doctor = register(body(Some("doctor"))).resolved().unwrap();
        assert_eq!((doctor.doctor_id.unwrap().to_string(), doctor.patient_id), (id.to_owned(), None));
        assert_eq!(register(body(Some("staff"))).resolved().err().unwrap().status(), 422);
    }
}
