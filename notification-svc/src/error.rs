//! Everything that can go wrong here, and how the caller learns of it.
use crate::store;
use aws_lc_rs::error::Unspecified;
use platform::fault::{fault, internal};
use platform::violations::Violations;
use proto::ids::{NotificationId, WebhookDeliveryId, WebhookId};
use tonic::{Code, Status};

const DOMAIN: &str = "notification.healthcare";

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("notification {0} does not exist")]
    NotFound(NotificationId),
    #[error("only a failed notification can be sent again")]
    NotFailed,
    #[error("webhook {0} does not exist")]
    WebhookNotFound(WebhookId),
    #[error("delivery {0} does not exist")]
    WebhookDeliveryNotFound(WebhookDeliveryId),
    #[error("there are {0} webhooks already")]
    TooManyWebhooks(i64),
    #[error("the webhook was changed meanwhile")]
    VersionMismatch,
    #[error("nothing is posted to a webhook that is disabled")]
    WebhookDisabled,
    #[error("what is not settled yet cannot be posted again")]
    DeliveryUnderWay,
    #[error(transparent)]
    Invalid(#[from] Violations),
    #[error("there is no randomness")]
    Random(#[from] Unspecified),
    #[error("the notification store failed")]
    Store(#[from] store::Error),
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let told = error.to_string();
        let (code, reason) = match error {
            Error::NotFound(_) => (Code::NotFound, "NOTIFICATION_NOT_FOUND"),
            Error::NotFailed => (Code::FailedPrecondition, "NOT_FAILED"),
            Error::WebhookNotFound(_) => (Code::NotFound, "WEBHOOK_NOT_FOUND"),
            Error::WebhookDeliveryNotFound(_) => (Code::NotFound, "WEBHOOK_DELIVERY_NOT_FOUND"),
            Error::TooManyWebhooks(_) => (Code::FailedPrecondition, "TOO_MANY"),
            Error::VersionMismatch => (Code::Aborted, "VERSION_MISMATCH"),
            Error::WebhookDisabled => (Code::FailedPrecondition, "WEBHOOK_DISABLED"),
            Error::DeliveryUnderWay => (Code::FailedPrecondition, "DELIVERY_UNDER_WAY"),
            Error::Invalid(violations) => return violations.into(),
            Error::Store(store::Error::Database(error)) => return error.status(DOMAIN),
            error @ (Error::Random(_) | Error::Store(_)) => return internal(&error),
        };
        fault(code, DOMAIN, reason, told)
    }
}
