//! What front ends send about accounts and tokens.
use super::Role;
use crate::patch::{Clearable, Edit, Mask};
use crate::problem::Problem;
use proto::auth as pb;
use proto::ids::{DoctorId, PatientId, UserId};
use proto::scalars::{Email, PersonName};
use serde::Deserialize;
use utoipa::ToSchema;

/// An account to be created.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Register {
    pub email: Email,
    /// Letters, digits, `.`, `_` and `-`.
    #[schema(value_type = Option<String>, min_length = 3, max_length = 64, pattern = "^[A-Za-z0-9._-]+$", example = "ada")]
    pub username: Option<Username>,
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
    /// Links a patient's account to the record that this code is of.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64, example = "7K3M-9QXT-2VBN-D4HW")]
    pub claim_code: Option<ClaimCode>,
    /// `patient_id` or `doctor_id`, as the role has it.
    pub reference_id: Option<uuid::Uuid>,
}

/// A user name that is not empty, which on the wire would be none. The rest is checked by auth-svc.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub struct Username(String);

impl TryFrom<String> for Username {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, &'static str> {
        if name.is_empty() { Err("must be 3 to 64 characters long") } else { Ok(Self(name)) }
    }
}

/// A code that is not empty, which on the wire would be none. The rest is checked by auth-svc.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub struct ClaimCode(String);

impl TryFrom<String> for ClaimCode {
    type Error = &'static str;

    fn try_from(code: String) -> Result<Self, &'static str> {
        if code.is_empty() { Err("is unknown, was used before or is too old") } else { Ok(Self(code)) }
    }
}

impl Register {
    /// Puts `reference_id` where the role has it.
    pub fn resolved(mut self) -> Result<Self, Problem> {
        let Some(reference) = self.reference_id else { return Ok(self) };
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

    /// The link that stands in for `reference_id`, as problems name it.
    pub fn alias(&self) -> Option<&'static str> {
        self.reference_id.map(|_| if self.doctor_id.is_some() { "/doctor_id" } else { "/patient_id" })
    }
}

impl From<Register> for pb::RegisterRequest {
    fn from(body: Register) -> Self {
        let Register {
            email,
            username,
            password,
            full_name,
            role,
            patient_id,
            doctor_id,
            claim_code,
            reference_id: _,
        } = body;
        Self {
            email: email.into(),
            username: username.map(|Username(name)| name).unwrap_or_default(),
            password,
            full_name: full_name.map(Into::into).unwrap_or_default(),
            role: role.map_or(pb::Role::Unspecified, Into::into).into(),
            patient_id: patient_id.map(|id| id.to_string()).unwrap_or_default(),
            doctor_id: doctor_id.map(|id| id.to_string()).unwrap_or_default(),
            claim_code: claim_code.map(|ClaimCode(code)| code).unwrap_or_default(),
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
    /// The six digits that the authenticator shows, for accounts with a second factor.
    #[schema(nullable = false, max_length = 7, example = "")]
    pub totp: Option<String>,
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

impl LogIn {
    pub fn of(self, user_agent: &str) -> pb::LoginRequest {
        let Self { username, password, totp, .. } = self;
        let (user_agent, totp) = (user_agent.to_owned(), totp.unwrap_or_default());
        pb::LoginRequest { username, password, user_agent, totp }
    }
}

/// Another password for the caller.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    #[schema(format = Password, min_length = 1, max_length = 512, example = "a long and private sentence")]
    pub current_password: String,
    #[schema(format = Password, min_length = 15, max_length = 128, example = "another long and private one")]
    pub new_password: String,
}

impl From<ChangePassword> for pb::ChangePasswordRequest {
    fn from(ChangePassword { current_password, new_password }: ChangePassword) -> Self {
        Self { current_password, new_password }
    }
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    #[schema(min_length = 1, max_length = 512, example = "rt_0198c5a4-7c1e-7d3a-9d8e-2f1b6a5c4d3e.c2VjcmV0")]
    pub refresh_token: String,
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
        assert_eq!(patient.alias(), Some("/patient_id"));
        assert_eq!((patient.patient_id.unwrap().to_string(), patient.doctor_id), (id.to_owned(), None));
        let doctor = register(body(Some("doctor"))).resolved().unwrap();
        assert_eq!((doctor.doctor_id.unwrap().to_string(), doctor.patient_id), (id.to_owned(), None));
        assert_eq!(register(body(Some("staff"))).resolved().err().unwrap().status(), 422);
    }
}
