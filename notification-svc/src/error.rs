//! Everything that can go wrong here, and how the caller learns of it.
use crate::store;
use crate::words::Unfit;
use platform::fault::{fault, internal};
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
            Error::Store(store::Error::Unreadable { .. }) => return internal(&error),
        };
        fault(code, DOMAIN, reason, error.to_string())
    }
}
