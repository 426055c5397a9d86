//! Everything that can go wrong here, and how the caller learns of it.
use crate::challenge::Challenge;
use crate::domain::{Denied, Misfit, Refusal};
use crate::passwords::Weak;
use crate::store::{self, Taken};
use crate::{keys, passwords};
use aws_lc_rs::error::Unspecified;
use platform::caller::forbidden;
use platform::fault::{self, fault, fault_with};
use platform::secrets::NotSealed;
use platform::violations::Violations;
use proto::ids::UserId;
use tonic::{Code, Status};

const DOMAIN: &str = "auth.healthcare";

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The same for an unknown name, a wrong password and a disabled account.
    #[error("the user name or the password is wrong")]
    InvalidCredentials,
    #[error("the e-mail address has to be verified first: a link was sent to it")]
    EmailUnverified,
    /// The password was right.
    #[error("a code is needed besides the password")]
    SecondFactorRequired(Challenge),
    #[error("the code is wrong, or was used before")]
    CodeRefused,
    #[error("nobody waits for this code any more: log in again")]
    ChallengeExpired,
    #[error("the current password is wrong")]
    WrongPassword,
    #[error("the new password is not good enough")]
    WeakPassword(#[source] Weak),
    #[error("the refresh token is not valid")]
    RefreshTokenInvalid,
    #[error("the refresh token was used before, its session has been ended")]
    RefreshTokenReused,
    #[error("the session has ended")]
    SessionEnded,
    #[error("{0}")]
    Forbidden(&'static str),
    #[error("user {0} does not exist")]
    UserNotFound(UserId),
    #[error("the program does not prove itself, or is disabled")]
    InvalidClient,
    #[error("the request has too little, too much, or the same twice")]
    InvalidRequest,
    #[error("the program was not given that scope")]
    InvalidScope,
    #[error("the only grant for programs is client_credentials")]
    UnsupportedGrantType,
    #[error("the program does not exist")]
    ApiClientNotFound,
    #[error("the program proves itself by a key")]
    NoSecret,
    /// There is nothing to be sent any more.
    #[error("the token is used, void or too old")]
    TokenNotFound,
    #[error("the caller may not act for this patient")]
    ProxyNotFound,
    #[error("the patient does not exist")]
    PatientNotFound,
    #[error(transparent)]
    Invalid(#[from] Violations),
    #[error("the session does not exist")]
    SessionNotFound,
    #[error("there is an account with this {0} already")]
    Taken(#[source] Taken),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("the account has a patient record")]
    HasRecord,
    #[error("patient-svc could not be asked")]
    RecordsAway(#[source] Status),
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("the role and the links do not fit")]
    Unfit(Vec<Misfit>),
    #[error("too many people are logging in, try again shortly")]
    Busy,
    #[error("the password could not be processed")]
    Hashing(#[source] passwords::Error),
    #[error("the signing keys cannot be used")]
    Keys(#[from] keys::Error),
    #[error("the token could not be signed")]
    Signing(#[from] jsonwebtoken::errors::Error),
    #[error("the secret of an authenticator cannot be read")]
    Sealed(#[from] NotSealed),
    #[error("there is no randomness")]
    Randomness(#[from] Unspecified),
    #[error("the account store failed")]
    Store(#[source] store::Error),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Taken(what) => Self::Taken(what),
            error => Self::Store(error),
        }
    }
}

impl From<passwords::Error> for Error {
    fn from(error: passwords::Error) -> Self {
        match error {
            passwords::Error::Busy => Self::Busy,
            error => Self::Hashing(error),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let (code, reason) = match error {
            Error::InvalidCredentials => (Code::Unauthenticated, "INVALID_CREDENTIALS"),
            Error::CodeRefused => (Code::Unauthenticated, "WRONG_CODE"),
            Error::ChallengeExpired => (Code::Unauthenticated, "CHALLENGE_EXPIRED"),
            Error::SecondFactorRequired(challenge) => return challenged(&message, &challenge),
            Error::WrongPassword => (Code::PermissionDenied, "WRONG_PASSWORD"),
            Error::EmailUnverified => (Code::PermissionDenied, "EMAIL_UNVERIFIED"),
            Error::RefreshTokenInvalid => (Code::Unauthenticated, "REFRESH_TOKEN_INVALID"),
            Error::RefreshTokenReused => (Code::Unauthenticated, "REFRESH_TOKEN_REUSED"),
            Error::SessionEnded => (Code::Unauthenticated, "SESSION_ENDED"),
            Error::UserNotFound(_) => (Code::NotFound, "USER_NOT_FOUND"),
            Error::TokenNotFound => (Code::NotFound, "TOKEN_NOT_FOUND"),
            Error::SessionNotFound => (Code::NotFound, "SESSION_NOT_FOUND"),
            Error::Taken(Taken::Email) => (Code::AlreadyExists, "EMAIL_TAKEN"),
            Error::Taken(Taken::Username) => (Code::AlreadyExists, "USERNAME_TAKEN"),
            Error::InvalidClient => (Code::Unauthenticated, "INVALID_CLIENT"),
            Error::InvalidRequest => (Code::InvalidArgument, "INVALID_REQUEST"),
            Error::InvalidScope => (Code::InvalidArgument, "INVALID_SCOPE"),
            Error::UnsupportedGrantType => (Code::InvalidArgument, "UNSUPPORTED_GRANT_TYPE"),
            Error::ApiClientNotFound => (Code::NotFound, "API_CLIENT_NOT_FOUND"),
            Error::NoSecret => (Code::FailedPrecondition, "NO_SECRET"),
            Error::ProxyNotFound => (Code::NotFound, "PROXY_NOT_FOUND"),
            Error::PatientNotFound => (Code::NotFound, "PATIENT_NOT_FOUND"),
            Error::Taken(Taken::Proxy) => (Code::AlreadyExists, "PROXY_EXISTS"),
            Error::Taken(Taken::Link) => (Code::AlreadyExists, "ALREADY_LINKED"),
            Error::Refused(Refusal::OwnRole) => (Code::FailedPrecondition, "OWN_ROLE"),
            Error::Refused(Refusal::LastAdmin) => (Code::FailedPrecondition, "LAST_ADMIN"),
            Error::HasRecord => (Code::FailedPrecondition, "HAS_RECORD"),
            Error::RecordsAway(cause) => return fault::unavailable(DOMAIN, "patient-svc", &cause),
            Error::Busy => return fault::exhausted(DOMAIN, "AUTH_BUSY", message),
            Error::Denied(Denied::WrongCode) => (Code::PermissionDenied, "WRONG_CODE"),
            Error::Denied(Denied::TotpEnabled) => (Code::FailedPrecondition, "TOTP_ENABLED"),
            Error::Denied(Denied::TotpNotEnabled) => (Code::FailedPrecondition, "TOTP_NOT_ENABLED"),
            Error::Denied(Denied::TotpNotEnrolled) => (Code::FailedPrecondition, "TOTP_NOT_ENROLLED"),
            Error::Denied(Denied::OwnSecondFactor) => (Code::FailedPrecondition, "OWN_SECOND_FACTOR"),
            Error::WeakPassword(weak) => return Violations::of("new_password", weak).into(),
            Error::Unfit(misfits) => return violations(&misfits).into(),
            Error::Invalid(violations) => return violations.into(),
            Error::Forbidden(message) => return forbidden(message),
            Error::Store(store::Error::Database(database)) => return database.status(DOMAIN),
            error @ (Error::Hashing(_)
            | Error::Keys(_)
            | Error::Signing(_)
            | Error::Sealed(_)
            | Error::Randomness(_)
            | Error::Store(_)) => return fault::internal(&error),
        };
        fault(code, DOMAIN, reason, message)
    }
}

/// Tells whoever knows the password what to answer with a code.
fn challenged(message: &str, challenge: &Challenge) -> Status {
    let facts = [("challenge", challenge.to_string())];
    fault_with(Code::Unauthenticated, DOMAIN, "SECOND_FACTOR_REQUIRED", message, facts)
}

/// The fields of `UpdateUserRequest` that are wrong.
fn violations(misfits: &[Misfit]) -> Violations {
    let mut wrong = Violations::default();
    for misfit in misfits {
        wrong.add(&format!("user.{}", misfit.field()), misfit);
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic_types::StatusExt as _;

    #[test]
    fn who_meets_a_full_queue_is_told_when_to_come_back() {
        let status = Status::from(Error::from(passwords::Error::Busy));
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(fault::reason(&status).as_deref(), Some("AUTH_BUSY"));
        assert!(status.get_details_retry_info().is_some_and(|info| info.retry_delay.is_some()));
    }

    #[test]
    fn misfits_of_a_change_are_fields_of_the_request() {
        let status = Status::from(Error::Unfit(vec![Misfit::DoctorMissing]));
        assert_eq!(status.code(), Code::InvalidArgument);
        let fields = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!(fields[0].field, "user.doctor_id");
    }
}
