//! Everything that can go wrong here, and how the caller learns of it.
use crate::domain::appointment::Hidden;
use crate::domain::interval::Interval;
use crate::domain::status::Refusal;
use crate::store;
use jiff::tz::TimeZone;
use platform::fault::{fault, fault_with, internal, unavailable, with_detail};
use platform::violations::Violations;
use proto::appointment as pb;
use proto::ids::AppointmentId;
use proto::time::to_wire;
use tonic::{Code, Status};

pub const DOMAIN: &str = "appointment.healthcare";
/// Ids that a refusal names, at most.
const NAMED_VISITS: usize = 20;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no such appointment")]
    NotFound,
    #[error("there is no such doctor")]
    NoSuchDoctor,
    #[error("you have no patient record yet: make it first")]
    NoRecord,
    #[error("not an appointment that you may see")]
    Forbidden,
    #[error("{0}")]
    NotAllowed(&'static str),
    #[error("the doctor has another visit at that time")]
    SlotTaken { alternatives: Vec<Interval>, zone: TimeZone },
    #[error("the patient has another visit at that time")]
    PatientConflict,
    #[error("the doctor does not work at that time")]
    OutsideAvailability,
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("the visit can no longer be changed")]
    Closed,
    #[error("the appointment was changed meanwhile: it is at version {current}")]
    VersionMismatch { current: i64 },
    #[error("{} visits are booked", .0.len())]
    HasActiveAppointments(Vec<AppointmentId>),
    #[error("an appointment with this id exists")]
    Exists,
    #[error(transparent)]
    Invalid(#[from] Violations),
    /// What is said of a neighbour that could not answer.
    #[error("a neighbour could not answer")]
    Neighbour(Status),
    #[error("what {neighbour} answered cannot be read")]
    Unreadable { neighbour: &'static str, source: Violations },
    #[error(transparent)]
    Store(store::Error),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match &error {
            store::Error::Database(database) if database.constraint() == Some("appointments_pkey") => {
                Self::Exists
            }
            _ => Self::Store(error),
        }
    }
}

impl From<Hidden> for Error {
    fn from(hidden: Hidden) -> Self {
        match hidden {
            Hidden::Unknown => Self::NotFound,
            Hidden::Forbidden => Self::Forbidden,
        }
    }
}

impl Error {
    /// Whether the same transaction may succeed when it is run again.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(store::Error::Database(error)) if error.is_conflict())
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let (code, reason) = match error {
            Error::NotFound => (Code::NotFound, "APPOINTMENT_NOT_FOUND"),
            Error::NoSuchDoctor => (Code::NotFound, "DOCTOR_NOT_FOUND"),
            Error::Forbidden | Error::NotAllowed(_) | Error::Refused(Refusal::NotYours) => {
                (Code::PermissionDenied, "FORBIDDEN")
            }
            Error::NoRecord => (Code::FailedPrecondition, "NO_PATIENT_RECORD"),
            Error::PatientConflict => (Code::AlreadyExists, "PATIENT_CONFLICT"),
            Error::OutsideAvailability => (Code::FailedPrecondition, "OUTSIDE_AVAILABILITY"),
            Error::Closed => (Code::FailedPrecondition, "APPOINTMENT_CLOSED"),
            Error::Exists => (Code::AlreadyExists, "APPOINTMENT_EXISTS"),
            Error::Refused(Refusal::AlreadyStarted) => (Code::FailedPrecondition, "ALREADY_STARTED"),
            Error::SlotTaken { alternatives, zone } => return slot_taken(&message, &alternatives, &zone),
            Error::Refused(Refusal::InvalidTransition { from, .. }) => {
                let allowed: Vec<_> = from.successors().iter().map(|status| status.name()).collect();
                let facts = [("current", from.name().to_owned()), ("allowed", allowed.join(","))];
                return fault_with(Code::FailedPrecondition, DOMAIN, "INVALID_TRANSITION", message, facts);
            }
            Error::Refused(Refusal::TooEarly(from)) => {
                let facts = [("possible_from", from.to_string())];
                return fault_with(Code::FailedPrecondition, DOMAIN, "TOO_EARLY", message, facts);
            }
            Error::VersionMismatch { current } => {
                let facts = [("current_version", current.to_string())];
                return fault_with(Code::Aborted, DOMAIN, "VERSION_MISMATCH", message, facts);
            }
            Error::HasActiveAppointments(ids) => {
                let named: Vec<_> = ids.iter().take(NAMED_VISITS).map(ToString::to_string).collect();
                let facts = [("appointment_ids", named.join(","))];
                return fault_with(
                    Code::FailedPrecondition,
                    DOMAIN,
                    "HAS_ACTIVE_APPOINTMENTS",
                    message,
                    facts,
                );
            }
            Error::Invalid(violations) => return violations.into(),
            Error::Neighbour(status) => return status,
            Error::Unreadable { neighbour, .. } => return unavailable(DOMAIN, neighbour, &error),
            Error::Store(store::Error::Database(error)) => return error.status(DOMAIN),
            Error::Store(error @ store::Error::Unreadable { .. }) => return internal(&error),
        };
        fault(code, DOMAIN, reason, message)
    }
}

fn slot_taken(message: &str, alternatives: &[Interval], zone: &TimeZone) -> Status {
    let status = fault(Code::AlreadyExists, DOMAIN, "SLOT_TAKEN", message);
    let slot = |slot: &Interval| pb::Slot {
        start_time: Some(to_wire(slot.start)),
        end_time: Some(to_wire(slot.end)),
    };
    let detail = pb::SlotAlternatives {
        slots: alternatives.iter().map(slot).collect(),
        time_zone: zone.iana_name().unwrap_or_default().to_owned(),
    };
    with_detail(&status, "healthcare.appointment.v1.SlotAlternatives", &detail)
}
