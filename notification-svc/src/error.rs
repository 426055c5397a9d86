//! Everything that can go wrong here, and how the caller learns of it.
use crate::domain::Failure;
use crate::store;
use crate::words::Unfit;
use platform::fault::{fault, fault_with, internal, unavailable};
use platform::violations::Violations;
use proto::ids::NotificationId;
use tonic::{Code, Status};

const DOMAIN: &str = "notification.healthcare";

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("notification {0} does not exist")]
    NotFound(NotificationId),
    #[error("only a failed notification can be sent again")]
    NotFailed,
    #[error("no such patient")]
    PatientNotFound,
    #[error("not for this role")]
    Forbidden,
    #[error("the preferences are of version {current} by now")]
    VersionMismatch { current: i64 },
    #[error("another service could not answer: {}", .0.name())]
    Neighbour(Failure),
    #[error("there is no message of this kind for such recipients")]
    NoTemplate,
    #[error("the clinic has no words of its own there")]
    NoOverride,
    #[error(transparent)]
    Unfit(#[from] Unfit),
    #[error("the notification store failed")]
    Store(#[from] store::Error),
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let (code, reason) = match &error {
            Error::NotFound(_) => (Code::NotFound, "NOTIFICATION_NOT_FOUND"),
            Error::NotFailed => (Code::FailedPrecondition, "NOT_FAILED"),
            Error::NoTemplate => (Code::NotFound, "TEMPLATE_NOT_FOUND"),
            Error::NoOverride => (Code::NotFound, "OVERRIDE_NOT_FOUND"),
            Error::Unfit(Unfit::NoSuchMessage) => (Code::NotFound, "MESSAGE_NOT_FOUND"),
            Error::Unfit(unfit) => return Violations::of("pattern", unfit).into(),
            Error::Store(store::Error::Database(error)) => return error.status(DOMAIN),
            Error::PatientNotFound => (Code::NotFound, "PATIENT_NOT_FOUND"),
            Error::Forbidden => (Code::PermissionDenied, "FORBIDDEN"),
            Error::VersionMismatch { current } => {
                let facts = [("current_version", current.to_string())];
                return fault_with(Code::Aborted, DOMAIN, "VERSION_MISMATCH", error.to_string(), facts);
            }
            Error::Neighbour(Failure::BadAnswer) | Error::Store(_) => return internal(&error),
            Error::Neighbour(failure) => return unavailable(DOMAIN, failure.name(), &error),
        };
        fault(code, DOMAIN, reason, error.to_string())
    }
}
