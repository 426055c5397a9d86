//! Everything that can go wrong here, and how the caller learns of it.
use crate::domain::access::Denied;
use crate::domain::clinic;
use crate::domain::exceptions::BadTimeOff;
use crate::domain::hours::BadHours;
use crate::domain::practice::Refusal;
use crate::domain::schedule::BadWindow;
use crate::domain::visit_type::BadPrice;
use crate::store;
use platform::caller;
use platform::fault::{fault, fault_with, internal, unavailable};
use platform::violations::Violations;
use proto::ids::LocationId;
use tonic::{Code, Status};

/// The domain of faults of this service.
pub const DOMAIN: &str = "doctor.healthcare";

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the doctor does not exist")]
    DoctorNotFound,
    #[error("the doctor has no such hours")]
    AvailabilityNotFound,
    #[error("no other hours hold on that date")]
    OverrideNotFound,
    #[error("the doctor has no such time off")]
    TimeOffNotFound,
    #[error("the location does not exist")]
    LocationNotFound,
    #[error("the location has no such room")]
    RoomNotFound,
    #[error("the holiday does not exist")]
    HolidayNotFound,
    #[error("the visit type does not exist")]
    VisitTypeNotFound,
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error(transparent)]
    Invalid(#[from] Violations),
    #[error("another doctor has this e-mail address")]
    EmailTaken,
    #[error("the hours overlap others of the doctor")]
    Overlapping,
    /// Hours name it.
    #[error("the hours are at no location")]
    NoSuchPlace(LocationId),
    #[error("another visit type on offer has this name")]
    VisitTypeNameTaken,
    #[error("another location has this name")]
    LocationNameTaken,
    #[error("another room of the location has this name")]
    RoomNameTaken,
    #[error("that date is a holiday there already")]
    HolidayExists,
    #[error("hours are at the location")]
    LocationInUse,
    #[error("there are at most {1} {0}")]
    TooMany(&'static str, usize),
    #[error("it was changed in the meantime")]
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

impl Error {
    /// With a location that does not exist told of `field`.
    #[must_use]
    pub fn about_place(self, field: &str) -> Self {
        match self {
            Self::NoSuchPlace(_) => Violations::of(field, "names no location").into(),
            error => error,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::VersionMismatch => Self::VersionMismatch,
            Refusal::Overlapping => Self::Overlapping,
            Refusal::NoSuchAvailability => Self::AvailabilityNotFound,
            Refusal::NoSuchOverride => Self::OverrideNotFound,
            Refusal::NoSuchTimeOff => Self::TimeOffNotFound,
            Refusal::TooMany(what, most) => Self::TooMany(what, most),
            Refusal::DateOver => Violations::of("override.date", "must not be over").into(),
            Refusal::BadWindow(wrong) => bad_window(wrong).into(),
            Refusal::BadTimeOff(wrong) => {
                let field = match wrong {
                    BadTimeOff::Start(_) => "time_off.start_time",
                    BadTimeOff::End(_) | BadTimeOff::Empty | BadTimeOff::Over => "time_off.end_time",
                };
                Violations::of(field, wrong).into()
            }
        }
    }
}

/// What is wrong with weekly hours, by field.
pub fn bad_window(wrong: BadWindow) -> Violations {
    let field = match wrong {
        BadWindow::Hours(BadHours::Empty) => "availability.end_time".to_owned(),
        BadWindow::Hours(BadHours::TimeOfDay | BadHours::Start) => "availability.start_time".to_owned(),
        BadWindow::Validity(_) => "availability.valid_until".to_owned(),
        BadWindow::EmptyBreak(number) | BadWindow::BreakPastMidnight(number) => {
            format!("availability.breaks[{number}].end_time")
        }
        BadWindow::BreakOutside(number) | BadWindow::BreaksTouch(number) => {
            format!("availability.breaks[{number}].start_time")
        }
    };
    Violations::of(&field, wrong)
}

impl From<clinic::Refusal> for Error {
    fn from(refusal: clinic::Refusal) -> Self {
        use clinic::Refusal;
        match refusal {
            Refusal::VersionMismatch => Self::VersionMismatch,
            Refusal::NoSuchLocation => Self::LocationNotFound,
            Refusal::NoSuchRoom => Self::RoomNotFound,
            Refusal::NoSuchHoliday => Self::HolidayNotFound,
            Refusal::NoSuchVisitType => Self::VisitTypeNotFound,
            Refusal::NameTaken => Self::VisitTypeNameTaken,
            Refusal::LocationNameTaken => Self::LocationNameTaken,
            Refusal::RoomNameTaken => Self::RoomNameTaken,
            Refusal::HolidayKnown => Self::HolidayExists,
            Refusal::NowhereKnown => Violations::of("holiday.location_id", "names no location").into(),
            Refusal::TooMany(what, most) => Self::TooMany(what, most),
            Refusal::DateOver => Violations::of("holiday.date", "must not be over").into(),
            Refusal::BadPrice(wrong) => bad_price(wrong).into(),
        }
    }
}

/// What is wrong with a price, by field.
pub fn bad_price(wrong: BadPrice) -> Violations {
    let field = match wrong {
        BadPrice::Amount => "visit_type.price_minor",
        BadPrice::NoCurrency | BadPrice::NoPrice => "visit_type.currency",
    };
    Violations::of(field, wrong)
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::EmailTaken => Self::EmailTaken,
            store::Error::Overlapping => Self::Overlapping,
            store::Error::VersionMismatch => Self::VersionMismatch,
            store::Error::NoSuchLocation(id) => Self::NoSuchPlace(id),
            store::Error::LocationInUse => Self::LocationInUse,
            store::Error::VisitTypeNameTaken => Self::VisitTypeNameTaken,
            error => Self::Store(error),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let (code, reason) = match error {
            Error::DoctorNotFound => (Code::NotFound, "DOCTOR_NOT_FOUND"),
            Error::AvailabilityNotFound => (Code::NotFound, "AVAILABILITY_NOT_FOUND"),
            Error::OverrideNotFound => (Code::NotFound, "OVERRIDE_NOT_FOUND"),
            Error::TimeOffNotFound => (Code::NotFound, "TIME_OFF_NOT_FOUND"),
            Error::LocationNotFound | Error::NoSuchPlace(_) => (Code::NotFound, "LOCATION_NOT_FOUND"),
            Error::RoomNotFound => (Code::NotFound, "ROOM_NOT_FOUND"),
            Error::HolidayNotFound => (Code::NotFound, "HOLIDAY_NOT_FOUND"),
            Error::VisitTypeNotFound => (Code::NotFound, "VISIT_TYPE_NOT_FOUND"),
            Error::VisitTypeNameTaken => (Code::AlreadyExists, "VISIT_TYPE_NAME_TAKEN"),
            Error::LocationNameTaken => (Code::AlreadyExists, "LOCATION_NAME_TAKEN"),
            Error::RoomNameTaken => (Code::AlreadyExists, "ROOM_NAME_TAKEN"),
            Error::HolidayExists => (Code::AlreadyExists, "HOLIDAY_EXISTS"),
            Error::LocationInUse => (Code::FailedPrecondition, "LOCATION_IN_USE"),
            Error::TooMany(..) => (Code::FailedPrecondition, "TOO_MANY"),
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
            Denied::NotYours | Denied::NotYourHours | Denied::StaffOnly => caller::forbidden(&message),
        }
    }
}
