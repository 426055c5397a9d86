//! Everything that can go wrong here, and how the caller learns of it.
use crate::domain::access::Denied;
use crate::domain::practice::Refusal;
use crate::domain::schedule::BadWindow;
use crate::store;
use platform::caller;
use platform::fault::{fault, fault_with, internal, unavailable};
use platform::violations::Violations;
use tonic::{Code, Status};

/// The domain of faults of this service.
pub const DOMAIN: &str = "doctor.healthcare";

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the doctor does not exist")]
    DoctorNotFound,
    #[error("the doctor has no such hours")]
    AvailabilityNotFound,
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error(transparent)]
    Invalid(#[from] Violations),
    #[error("another doctor has this e-mail address")]
    EmailTaken,
    #[error("the hours overlap others of the doctor")]
    Overlapping,
    #[error("the doctor was changed in the meantime")]
    VersionMismatch,
    /// The calendar's own answer, with the visits that stand against the change.
    #[error("booked visits would fall outside the hours")]
    HasActiveAppointments(#[source] Status),
    /// Nobody knows whether the calendar has taken the change.
    #[error("the calendar cannot be asked")]
    CalendarAway(#[source] Status),
    #[error("the store failed")]
    Store(#[source] store::Error),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::VersionMismatch => Self::VersionMismatch,
            Refusal::Overlapping => Self::Overlapping,
            Refusal::NoSuchAvailability => Self::AvailabilityNotFound,
            Refusal::BadWindow(wrong) => Violations::of(field(wrong), wrong).into(),
        }
    }
}

fn field(wrong: BadWindow) -> &'static str {
    match wrong {
        BadWindow::Day => "availability.day_of_week",
        BadWindow::TimeOfDay => "availability.start_time",
        BadWindow::Empty => "availability.end_time",
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::EmailTaken => Self::EmailTaken,
            store::Error::Overlapping => Self::Overlapping,
            store::Error::VersionMismatch => Self::VersionMismatch,
            error => Self::Store(error),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let (code, reason) = match error {
            Error::DoctorNotFound => (Code::NotFound, "DOCTOR_NOT_FOUND"),
            Error::AvailabilityNotFound => (Code::NotFound, "AVAILABILITY_NOT_FOUND"),
            Error::EmailTaken => (Code::AlreadyExists, "EMAIL_TAKEN"),
            Error::Overlapping => (Code::AlreadyExists, "OVERLAPPING_AVAILABILITY"),
            Error::VersionMismatch => (Code::Aborted, "VERSION_MISMATCH"),
            Error::Denied(denied) => return denied.into(),
            Error::Invalid(violations) => return violations.into(),
            Error::HasActiveAppointments(answer) => {
                let details = answer.details().to_vec().into();
                return Status::with_details(answer.code(), answer.message(), details);
            }
            Error::CalendarAway(answer) => return unavailable(DOMAIN, "appointment-svc", &answer),
            Error::Store(store::Error::Postgres(error)) => return error.status(DOMAIN),
            Error::Store(_) => return internal(&error),
        };
        fault(code, DOMAIN, reason, error.to_string())
    }
}

impl From<Denied> for Status {
    fn from(denied: Denied) -> Self {
        let message = denied.to_string();
        match denied {
            Denied::Field(field) => {
                let field = [("field", field.to_owned())];
                fault_with(Code::PermissionDenied, DOMAIN, "FIELD_FORBIDDEN", message, field)
            }
            Denied::AdminsOnly | Denied::NotYours | Denied::NotYourHours | Denied::ServicesOnly => {
                caller::forbidden(&message)
            }
        }
    }
}
