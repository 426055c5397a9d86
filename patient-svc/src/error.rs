//! Everything that can go wrong here, and how the caller learns of it.
use crate::domain::Stale;
use crate::domain::access::Denied;
use crate::domain::break_glass::Refusal;
use crate::domain::merge::Unfit;
use crate::domain::patient::Gone;
use crate::domain::record::Closed;
use crate::store;
use platform::fault::{fault, fault_with, internal, unavailable};
use platform::violations::Violations;
use proto::ids::PatientId;
use tonic::{Code, Status};

/// The domain of this service's faults.
pub const DOMAIN: &str = "patient.healthcare";

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no such patient")]
    PatientNotFound,
    #[error("no such medical record")]
    RecordNotFound,
    #[error("no such appointment")]
    AppointmentNotFound,
    #[error("not for this role")]
    Forbidden,
    #[error("{0} may not be set by this role")]
    FieldForbidden(&'static str),
    #[error("the doctor does not treat this patient")]
    RelationshipRequired,
    #[error("only its author amends a medical record")]
    NotTheAuthor,
    #[error("only the doctor whom its author named co-signs a medical record")]
    NotTheCosigner,
    #[error("the record is confidential")]
    RestrictedRecord,
    #[error("the record is a draft")]
    NotSigned,
    #[error("no such grant")]
    GrantNotFound,
    #[error(transparent)]
    NoGrant(#[from] Refusal),
    #[error("nobody reviews themselves")]
    OwnGrant,
    #[error("it was reviewed already")]
    AlreadyReviewed,
    #[error("the patient exists already")]
    PatientExists,
    #[error("patients who were born on the same day may be the same")]
    PossibleDuplicate(Vec<PatientId>),
    #[error("an identifier belongs to another patient")]
    IdentifierTaken,
    #[error(transparent)]
    Unfit(#[from] Unfit),
    #[error("a legal hold keeps the patient as they are")]
    LegalHold,
    #[error("the patient is still here")]
    NotDeleted,
    #[error("no legal hold is in force")]
    LegalHoldNotFound,
    #[error("changed by somebody else in the meantime")]
    Stale,
    #[error("the record was entered in error")]
    EnteredInError,
    #[error("the revision to amend is required")]
    RevisionRequired,
    #[error(transparent)]
    Invalid(#[from] Violations),
    /// As the calendar told it.
    #[error("visits are ahead")]
    HasActiveAppointments(#[source] Status),
    #[error("appointment-svc could not be asked")]
    CalendarAway(#[source] Status),
    #[error("auth-svc could not be asked")]
    AccountsAway(#[source] Status),
    #[error("the patient store failed")]
    Store(#[source] store::Error),
}

impl Error {
    /// Why `denied` somebody a patient.
    pub fn of_patient(denied: Denied) -> Self {
        Self::denied(denied, Self::PatientNotFound)
    }

    /// Why `denied` somebody a medical record.
    pub fn of_record(denied: Denied) -> Self {
        Self::denied(denied, Self::RecordNotFound)
    }

    fn denied(denied: Denied, hidden: Self) -> Self {
        match denied {
            Denied::NotAllowed => Self::Forbidden,
            Denied::Hidden => hidden,
            Denied::Field(field) => Self::FieldForbidden(field),
        }
    }
}

impl From<Closed> for Error {
    fn from(closed: Closed) -> Self {
        match closed {
            Closed::NothingWritten(problem) => Violations::of("medical_record", problem).into(),
            Closed::EnteredInError => Self::EnteredInError,
            Closed::NotSigned => Self::NotSigned,
        }
    }
}

impl From<Stale> for Error {
    fn from(Stale: Stale) -> Self {
        Self::Stale
    }
}

impl From<Gone> for Error {
    fn from(gone: Gone) -> Self {
        match gone {
            Gone::Deleted => Self::PatientNotFound,
            Gone::Merged => Self::Unfit(Unfit::Merged),
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::IdTaken => Self::PatientExists,
            store::Error::IdentifierTaken => Self::IdentifierTaken,
            store::Error::Stale => Self::Stale,
            error => Self::Store(error),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let (code, reason) = match error {
            Error::PatientNotFound => (Code::NotFound, "PATIENT_NOT_FOUND"),
            Error::RecordNotFound => (Code::NotFound, "MEDICAL_RECORD_NOT_FOUND"),
            Error::AppointmentNotFound => (Code::NotFound, "APPOINTMENT_NOT_FOUND"),
            Error::Forbidden | Error::NotTheAuthor | Error::NotTheCosigner => {
                (Code::PermissionDenied, "FORBIDDEN")
            }
            Error::FieldForbidden(field) => {
                let metadata = [("field", field.to_owned())];
                return fault_with(Code::PermissionDenied, DOMAIN, "FIELD_FORBIDDEN", message, metadata);
            }
            Error::RelationshipRequired => (Code::PermissionDenied, "RELATIONSHIP_REQUIRED"),
            Error::RestrictedRecord => (Code::PermissionDenied, "RESTRICTED_RECORD"),
            Error::NotSigned => (Code::FailedPrecondition, "NOT_SIGNED"),
            Error::GrantNotFound => (Code::NotFound, "BREAK_GLASS_GRANT_NOT_FOUND"),
            Error::NoGrant(refusal) => (Code::FailedPrecondition, refusal.reason()),
            Error::OwnGrant => (Code::PermissionDenied, "OWN_BREAK_GLASS_GRANT"),
            Error::AlreadyReviewed => (Code::FailedPrecondition, "ALREADY_REVIEWED"),
            Error::PatientExists => (Code::AlreadyExists, "PATIENT_EXISTS"),
            Error::PossibleDuplicate(ids) => {
                let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
                let metadata = [("patient_ids", ids.join(","))];
                return fault_with(Code::AlreadyExists, DOMAIN, "POSSIBLE_DUPLICATE", message, metadata);
            }
            Error::IdentifierTaken => (Code::AlreadyExists, "IDENTIFIER_TAKEN"),
            Error::LegalHold => (Code::FailedPrecondition, "LEGAL_HOLD"),
            Error::NotDeleted => (Code::FailedPrecondition, "NOT_DELETED"),
            Error::LegalHoldNotFound => (Code::NotFound, "LEGAL_HOLD_NOT_FOUND"),
            Error::Unfit(unfit) => (Code::FailedPrecondition, reason(unfit)),
            Error::Stale => (Code::Aborted, "VERSION_MISMATCH"),
            Error::EnteredInError => (Code::FailedPrecondition, "ENTERED_IN_ERROR"),
            Error::RevisionRequired => (Code::FailedPrecondition, "REVISION_REQUIRED"),
            Error::Invalid(violations) => return violations.into(),
            Error::HasActiveAppointments(told) => return passed_on(&told),
            Error::CalendarAway(cause) => return unavailable(DOMAIN, "appointment-svc", &cause),
            Error::AccountsAway(cause) => return unavailable(DOMAIN, "auth-svc", &cause),
            Error::Store(store::Error::Database(error)) => return error.status(DOMAIN),
            error @ Error::Store(_) => return internal(&error),
        };
        fault(code, DOMAIN, reason, message)
    }
}

fn reason(unfit: Unfit) -> &'static str {
    match unfit {
        Unfit::Merged => "PATIENT_MERGED",
        Unfit::NotMerged => "NOT_MERGED",
        Unfit::HasMerged => "HAS_MERGED_PATIENTS",
        Unfit::HasAccount => "HAS_ACCOUNT",
        Unfit::TooManyIdentifiers => "TOO_MANY_IDENTIFIERS",
    }
}

/// The same answer with its details, without the headers it came with.
fn passed_on(told: &Status) -> Status {
    Status::with_details(told.code(), told.message(), told.details().to_vec().into())
}
