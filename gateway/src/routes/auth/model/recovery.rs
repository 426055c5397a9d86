//! What is sent by mail, and what comes back from there.
use super::Role;
use proto::auth as pb;
use proto::ids::DoctorId;
use proto::scalars::{Email, PersonName};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whose password was forgotten.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestPasswordReset {
    pub email: Email,
}

/// Says nothing of whether there is an account.
#[derive(Serialize, ToSchema)]
pub struct MessageSent {
    /// For people.
    #[schema(example = "If there is something to be sent to this address, it is on its way.")]
    pub message: &'static str,
}

impl MessageSent {
    pub fn to_whom_it_concerns() -> Self {
        Self { message: "If there is something to be sent to this address, it is on its way." }
    }
}

/// The token of the mail.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyEmail {
    #[schema(min_length = 1, max_length = 128, example = "u2vHc0Yh5m0z7m3qkT0c6x1n9f2b8d4a7s5g3j1l0pQ")]
    pub token: String,
}

/// A colleague who is to have an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteUser {
    pub email: Email,
    pub full_name: Option<PersonName>,
    /// Any but `patient`: patients register themselves.
    pub role: Role,
    /// The doctor record of the account; needed for the role doctor.
    #[schema(value_type = Option<Uuid>)]
    pub doctor_id: Option<DoctorId>,
}

impl From<InviteUser> for pb::InviteUserRequest {
    fn from(InviteUser { email, full_name, role, doctor_id }: InviteUser) -> Self {
        Self {
            email: email.into(),
            full_name: full_name.map(Into::into).unwrap_or_default(),
            role: pb::Role::from(role).into(),
            doctor_id: doctor_id.map(|id| id.to_string()).unwrap_or_default(),
        }
    }
}

/// The token of the mail, and the password that the account is to have.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptInvitation {
    #[schema(min_length = 1, max_length = 128, example = "u2vHc0Yh5m0z7m3qkT0c6x1n9f2b8d4a7s5g3j1l0pQ")]
    pub token: String,
    #[schema(format = Password, min_length = 15, max_length = 128, example = "a long and private sentence")]
    pub password: String,
}

impl From<AcceptInvitation> for pb::AcceptInvitationRequest {
    fn from(AcceptInvitation { token, password }: AcceptInvitation) -> Self {
        Self { token, password }
    }
}

/// The code of a record.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimPatient {
    #[schema(min_length = 1, max_length = 64, example = "7K3M-9QXT-2VBN-D4HW")]
    pub code: String,
}

/// Another password, with the token of the mail.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetPassword {
    #[schema(min_length = 1, max_length = 128, example = "u2vHc0Yh5m0z7m3qkT0c6x1n9f2b8d4a7s5g3j1l0pQ")]
    pub token: String,
    #[schema(format = Password, min_length = 15, max_length = 128, example = "another long and private one")]
    pub new_password: String,
}

impl From<ResetPassword> for pb::ResetPasswordRequest {
    fn from(ResetPassword { token, new_password }: ResetPassword) -> Self {
        Self { token, new_password }
    }
}
