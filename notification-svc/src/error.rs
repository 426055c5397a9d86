//! Everything that can go wrong here, and how the caller learns of it.
use crate::domain::Failure;
use crate::store;
use crate::words::Unfit;
use aws_lc_rs::error::Unspecified;
use platform::fault::{fault, fault_with, internal, unavailable};
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
    #[error("no such patient")]
    PatientNotFound,
    #[error("no such doctor")]
    DoctorNotFound,
    #[error("there is no calendar to subscribe to")]
    FeedNotFound,
    #[error("there is no calendar at this address")]
    CalendarNotFound,
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
    #[error("webhook {0} does not exist")]
    WebhookNotFound(WebhookId),
    #[error("delivery {0} does not exist")]
    WebhookDeliveryNotFound(WebhookDeliveryId),
    #[error("there are {0} webhooks already")]
    TooManyWebhooks(i64),
    #[error("the webhook is of version {current} by now")]
    WebhookChanged { current: i64 },
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
            Error::NoTemplate => (Code::NotFound, "TEMPLATE_NOT_FOUND"),
            Error::NoOverride => (Code::NotFound, "OVERRIDE_NOT_FOUND"),
            Error::Unfit(Unfit::NoSuchMessage) => (Code::NotFound, "MESSAGE_NOT_FOUND"),
            Error::Unfit(unfit) => return Violations::of("pattern", unfit).into(),
            Error::PatientNotFound => (Code::NotFound, "PATIENT_NOT_FOUND"),
            Error::DoctorNotFound => (Code::NotFound, "DOCTOR_NOT_FOUND"),
            Error::FeedNotFound => (Code::NotFound, "CALENDAR_FEED_NOT_FOUND"),
            Error::CalendarNotFound => (Code::NotFound, "CALENDAR_NOT_FOUND"),
            Error::Forbidden => (Code::PermissionDenied, "FORBIDDEN"),
            Error::WebhookNotFound(_) => (Code::NotFound, "WEBHOOK_NOT_FOUND"),
            Error::WebhookDeliveryNotFound(_) => (Code::NotFound, "WEBHOOK_DELIVERY_NOT_FOUND"),
            Error::TooManyWebhooks(_) => (Code::FailedPrecondition, "TOO_MANY"),
            Error::WebhookDisabled => (Code::FailedPrecondition, "WEBHOOK_DISABLED"),
            Error::DeliveryUnderWay => (Code::FailedPrecondition, "DELIVERY_UNDER_WAY"),
            Error::VersionMismatch { current } | Error::WebhookChanged { current } => {
                let facts = [("current_version", current.to_string())];
                return fault_with(Code::Aborted, DOMAIN, "VERSION_MISMATCH", told, facts);
            }
            Error::Invalid(violations) => return violations.into(),
            Error::Store(store::Error::Database(error)) => return error.status(DOMAIN),
            error @ (Error::Neighbour(Failure::BadAnswer) | Error::Random(_) | Error::Store(_)) => {
                return internal(&error);
            }
            Error::Neighbour(failure) => {
                return unavailable(DOMAIN, failure.name(), &Error::Neighbour(failure));
            }
        };
        fault(code, DOMAIN, reason, told)
    }
}
