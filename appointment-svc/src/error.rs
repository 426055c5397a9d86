//! Everything that can go wrong here, and how the caller learns of it.
use crate::domain::appointment::Hidden;
use crate::domain::hold::{self, Unrenewable};
use crate::domain::policy::PolicyViolation;
use crate::domain::schedule::Closed;
use crate::domain::series::{Obstacle, Occurrence};
use crate::domain::slots::{self, Slot};
use crate::domain::transition::Refusal;
use crate::domain::waitlist;
use crate::domain::zone;
use crate::measurements;
use crate::store::{self, Replay};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use platform::fault::{busy, exhausted_for, fault, fault_with, internal, unavailable, with_detail};
use platform::violations::Violations;
use proto::appointment as pb;
use proto::ids::{AppointmentId, DoctorId};
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
    #[error("there is no such patient")]
    NoSuchPatient,
    #[error("you have no patient record yet: make it first")]
    NoRecord,
    #[error("not an appointment that you may see")]
    Forbidden,
    #[error("{0}")]
    NotAllowed(&'static str),
    #[error("the doctor has another visit at that time")]
    SlotTaken { doctor: DoctorId, alternatives: Vec<Slot>, zone: TimeZone },
    #[error("the patient has another visit at that time")]
    PatientConflict,
    #[error("{}", told(.0))]
    Unbookable(slots::Refusal),
    #[error("there is no such series")]
    NoSuchSeries,
    #[error("no visit of the series is left that could be moved")]
    SeriesClosed,
    #[error("not every visit of the series can have its time")]
    SeriesConflict { occurrences: Vec<Occurrence>, zone: TimeZone },
    #[error("there is no such visit type")]
    NoSuchVisitType,
    #[error("there is no such hold")]
    NoSuchHold,
    #[error("the hold has run out")]
    HoldRanOut,
    #[error("the hold has run out, and another has its time")]
    HeldTimeTaken { doctor: DoctorId, alternatives: Vec<Slot>, zone: TimeZone },
    #[error("the hold was used: a visit was booked with it")]
    HoldUsed,
    #[error("a hold is renewed only once")]
    HoldRenewed,
    /// For as long the first of them is still kept.
    #[error("{} times are held for the patient already", hold::MOST)]
    TooManyHolds(SignedDuration),
    #[error("there is no such entry of the waitlist")]
    NoSuchEntry,
    #[error("the entry waits no more")]
    EntryClosed,
    #[error("the patient waits in {} entries already", waitlist::MOST)]
    TooManyEntries,
    #[error("there is no such offer")]
    NoSuchOffer,
    #[error("it is too late for an answer")]
    OfferExpired,
    #[error("the offer is no longer open")]
    OfferClosed,
    #[error("the request is under way")]
    UnderWay,
    #[error("another request has that name")]
    NameReused,
    /// Not wrong at all: the request was carried out before.
    #[error("the request was carried out before")]
    Replayed(Replay),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("the visit can no longer be changed")]
    Closed,
    #[error("it was changed meanwhile, and is at version {current}")]
    VersionMismatch { current: i64 },
    #[error("{}", booked(.0.len()))]
    HasActiveAppointments(Vec<AppointmentId>),
    #[error("the plan no longer fits: plan again")]
    PlanOutdated(Vec<AppointmentId>),
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

impl From<PolicyViolation> for Error {
    fn from(violation: PolicyViolation) -> Self {
        Self::Refused(violation.into())
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

impl From<Unrenewable> for Error {
    fn from(why: Unrenewable) -> Self {
        match why {
            Unrenewable::RunOut => Self::HoldRanOut,
            Unrenewable::Renewed => Self::HoldRenewed,
        }
    }
}

impl Error {
    /// A time that is taken, without others that are free.
    pub fn taken(doctor: DoctorId, zone: &TimeZone) -> Self {
        Self::SlotTaken { doctor, alternatives: Vec::new(), zone: zone.clone() }
    }

    /// The code of a refusal that is about the time that somebody wanted.
    fn conflict(&self) -> Option<&'static str> {
        match self {
            Self::SlotTaken { .. } => Some("SLOT_TAKEN"),
            Self::PatientConflict => Some("PATIENT_CONFLICT"),
            Self::Unbookable(slots::Refusal::OverbookLimit(_)) => Some("OVERBOOK_LIMIT"),
            Self::Unbookable(refusal) => Some(code(refusal.rule())),
            Self::HoldRanOut | Self::HeldTimeTaken { .. } => Some("HOLD_EXPIRED"),
            Self::SeriesConflict { .. } => Some("SERIES_CONFLICT"),
            _ => None,
        }
    }

    /// Whether the same transaction may succeed when it is run again.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(store::Error::Database(error)) if error.is_conflict())
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        if let Some(reason) = error.conflict() {
            measurements::conflicts(reason).increment(1);
        }
        let message = error.to_string();
        let (code, reason) = match error {
            Error::NotFound => (Code::NotFound, "APPOINTMENT_NOT_FOUND"),
            Error::NoSuchDoctor => (Code::NotFound, "DOCTOR_NOT_FOUND"),
            Error::NoSuchPatient => (Code::NotFound, "PATIENT_NOT_FOUND"),
            Error::Forbidden | Error::NotAllowed(_) | Error::Refused(Refusal::NotYours) => {
                (Code::PermissionDenied, "FORBIDDEN")
            }
            Error::NoRecord => (Code::FailedPrecondition, "NO_PATIENT_RECORD"),
            Error::PatientConflict => (Code::AlreadyExists, "PATIENT_CONFLICT"),
            Error::Unbookable(refusal) => return unbookable(refusal, message),
            Error::NoSuchVisitType => return Violations::of("visit_type_id", message).into(),
            Error::NoSuchSeries => (Code::NotFound, "SERIES_NOT_FOUND"),
            Error::SeriesClosed => (Code::FailedPrecondition, "SERIES_CLOSED"),
            Error::SeriesConflict { occurrences, zone } => {
                return series_conflict(&message, &occurrences, &zone);
            }
            Error::NoSuchHold => (Code::NotFound, "HOLD_NOT_FOUND"),
            Error::HoldRanOut => (Code::FailedPrecondition, "HOLD_EXPIRED"),
            Error::HoldUsed => (Code::FailedPrecondition, "HOLD_USED"),
            Error::HeldTimeTaken { doctor, alternatives, zone } => {
                let status = fault(Code::FailedPrecondition, DOMAIN, "HOLD_EXPIRED", message);
                return with_alternatives(&status, doctor, &alternatives, &zone);
            }
            Error::HoldRenewed => (Code::FailedPrecondition, "HOLD_RENEWED"),
            Error::TooManyHolds(wait) => {
                return exhausted_for(DOMAIN, "TOO_MANY_HOLDS", message, wait.unsigned_abs());
            }
            Error::NoSuchEntry => (Code::NotFound, "WAITLIST_ENTRY_NOT_FOUND"),
            Error::EntryClosed => (Code::FailedPrecondition, "WAITLIST_ENTRY_CLOSED"),
            Error::TooManyEntries => (Code::FailedPrecondition, "TOO_MANY_WAITLIST_ENTRIES"),
            Error::NoSuchOffer => (Code::NotFound, "WAITLIST_OFFER_NOT_FOUND"),
            Error::OfferExpired => (Code::FailedPrecondition, "OFFER_EXPIRED"),
            Error::OfferClosed => (Code::FailedPrecondition, "OFFER_CLOSED"),
            Error::UnderWay => return busy(DOMAIN, "IDEMPOTENCY_IN_PROGRESS", message),
            Error::NameReused => (Code::InvalidArgument, "IDEMPOTENCY_KEY_REUSED"),
            Error::Replayed(_) => return internal(&error),
            Error::Closed => (Code::FailedPrecondition, "APPOINTMENT_CLOSED"),
            Error::Exists => (Code::AlreadyExists, "APPOINTMENT_EXISTS"),
            Error::Refused(Refusal::AlreadyStarted) => (Code::FailedPrecondition, "ALREADY_STARTED"),
            Error::SlotTaken { doctor, alternatives, zone } => {
                let status = fault(Code::AlreadyExists, DOMAIN, "SLOT_TAKEN", message);
                return with_alternatives(&status, doctor, &alternatives, &zone);
            }
            Error::Refused(Refusal::NothingToUndo) => (Code::FailedPrecondition, "NOTHING_TO_UNDO"),
            Error::Refused(Refusal::InvalidTransition { from, allowed, .. }) => {
                let allowed: Vec<_> = allowed.iter().map(|status| status.name()).collect();
                let facts = [("current", from.name().to_owned()), ("allowed", allowed.join(","))];
                return fault_with(Code::FailedPrecondition, DOMAIN, "INVALID_TRANSITION", message, facts);
            }
            Error::Refused(Refusal::TooEarly(from)) => {
                let facts = [("possible_from", from.to_string())];
                return fault_with(Code::FailedPrecondition, DOMAIN, "TOO_EARLY", message, facts);
            }
            Error::Refused(Refusal::TooLate(until)) => {
                let facts = [("possible_until", until.to_string())];
                return fault_with(Code::FailedPrecondition, DOMAIN, "TOO_LATE", message, facts);
            }
            Error::Refused(Refusal::Policy(PolicyViolation { rule, limit, actual, .. })) => {
                let facts = [
                    ("rule", rule.name().to_owned()),
                    ("limit", limit.to_string()),
                    ("actual", actual.to_string()),
                ];
                return fault_with(Code::FailedPrecondition, DOMAIN, "POLICY_VIOLATION", message, facts);
            }
            Error::VersionMismatch { current } => {
                let facts = [("current_version", current.to_string())];
                return fault_with(Code::Aborted, DOMAIN, "VERSION_MISMATCH", message, facts);
            }
            Error::HasActiveAppointments(ids) => return naming("HAS_ACTIVE_APPOINTMENTS", message, &ids),
            Error::PlanOutdated(ids) => return naming("PLAN_OUTDATED", message, &ids),
            Error::Invalid(violations) => return violations.into(),
            Error::Neighbour(status) => return status,
            Error::Unreadable { neighbour, .. } => return unavailable(DOMAIN, neighbour, &error),
            Error::Store(store::Error::Database(error)) => return error.status(DOMAIN),
            Error::Store(error @ store::Error::Unreadable { .. }) => return internal(&error),
        };
        fault(code, DOMAIN, reason, message)
    }
}

/// A refusal for the sake of visits, with the ids of some.
fn naming(reason: &str, message: String, visits: &[AppointmentId]) -> Status {
    let named: Vec<_> = visits.iter().take(NAMED_VISITS).map(ToString::to_string).collect();
    fault_with(Code::FailedPrecondition, DOMAIN, reason, message, [("appointment_ids", named.join(","))])
}

/// What breaking `rule` is called, in explanations as in refusals.
pub fn code(rule: slots::Rule) -> &'static str {
    use slots::Rule;
    match rule {
        Rule::DoctorActive => "DOCTOR_INACTIVE",
        Rule::VisitTypeOffered => "VISIT_TYPE_NOT_OFFERED",
        Rule::Grid => "OFF_GRID",
        Rule::Notice => "TOO_SOON",
        Rule::Horizon => "BEYOND_HORIZON",
        Rule::Availability => "OUTSIDE_AVAILABILITY",
        Rule::DailyLimit => "DAY_FULL",
        Rule::Free => "SLOT_TAKEN",
        Rule::Room => "NO_ROOM",
        Rule::Patient => "PATIENT_CONFLICT",
    }
}

fn booked(visits: usize) -> String {
    if visits == 1 { "1 visit is booked".to_owned() } else { format!("{visits} visits are booked") }
}

fn told(refusal: &slots::Refusal) -> &'static str {
    use slots::Refusal;
    match refusal {
        Refusal::DoctorInactive => "the doctor is no longer here",
        Refusal::NotOffered => "the doctor does not offer visits of this type",
        Refusal::OffGrid => "visits of this type do not start at that time",
        Refusal::TooSoon(_) => "it is too late to book that time",
        Refusal::BeyondHorizon(_) => "it is too early to book that time",
        Refusal::Closed(Closed::Hours) => "the doctor does not work at that time",
        Refusal::Closed(Closed::TimeOff) => "the doctor is away at that time",
        Refusal::Closed(Closed::Holiday) => "the clinic is closed at that time",
        Refusal::DayFull(_) => "the doctor takes no more visits on that date",
        Refusal::Taken(_) => "the doctor has another visit at that time",
        Refusal::OverbookLimit(_) => "no more visits can be booked over others at that time",
        Refusal::NoRoom => "no room is free at that time",
        Refusal::PatientBusy => "the patient has another visit at that time",
    }
}

/// With the rule, its limit and what was asked for, where there are such.
fn unbookable(refusal: slots::Refusal, message: String) -> Status {
    use slots::Refusal;
    let code = match refusal {
        Refusal::Taken(_) | Refusal::PatientBusy => Code::AlreadyExists,
        _ => Code::FailedPrecondition,
    };
    let reason = self::code(refusal.rule());
    let facts = |rule: &str, name, value: String| [("rule", rule.to_owned()), (name, value)];
    let with = |facts| fault_with::<2>(code, DOMAIN, reason, message.clone(), facts);
    match refusal {
        Refusal::TooSoon(earliest) => with(facts("min_notice", "possible_from", earliest.to_string())),
        Refusal::BeyondHorizon(last) => with(facts("horizon", "possible_until", last.to_string())),
        Refusal::DayFull(limit) => with(facts("max_daily_visits", "limit", limit.to_string())),
        Refusal::OverbookLimit(limit) => {
            let facts = facts("max_overbook", "limit", limit.to_string());
            fault_with(code, DOMAIN, "OVERBOOK_LIMIT", message, facts)
        }
        _ => fault(code, DOMAIN, reason, message),
    }
}

fn with_alternatives(status: &Status, doctor: DoctorId, alternatives: &[Slot], zone: &TimeZone) -> Status {
    let slot = |slot: &Slot| pb::Slot {
        start_time: Some(to_wire(slot.visit.start)),
        end_time: Some(to_wire(slot.visit.end)),
        location_id: slot.location.map(|id| id.to_string()).unwrap_or_default(),
        places_left: i32::from(slot.left) + 1,
        doctor_id: doctor.to_string(),
        time_zone: zone::name(zone).to_owned(),
    };
    let detail = pb::SlotAlternatives {
        slots: alternatives.iter().map(slot).collect(),
        time_zone: zone::name(zone).to_owned(),
    };
    with_detail(status, "healthcare.appointment.v1.SlotAlternatives", &detail)
}

fn series_conflict(message: &str, occurrences: &[Occurrence], zone: &TimeZone) -> Status {
    let status = fault(Code::FailedPrecondition, DOMAIN, "SERIES_CONFLICT", message);
    let detail = pb::SeriesConflict {
        occurrences: occurrences.iter().map(occurrence).collect(),
        time_zone: zone::name(zone).to_owned(),
    };
    with_detail(&status, "healthcare.appointment.v1.SeriesConflict", &detail)
}

/// One time of a series, with the code that a refusal of it would have.
pub fn occurrence(told: &Occurrence) -> pb::SeriesOccurrence {
    let Occurrence { appointment, local, outcome, nearest } = told;
    let (visit, code) = match outcome {
        Ok((visit, _)) => (Some(*visit), ""),
        Err(Obstacle::Nonexistent) => (None, "NONEXISTENT_LOCAL_TIME"),
        Err(Obstacle::Policy) => (None, "POLICY_VIOLATION"),
        Err(Obstacle::Refused(visit, refusal)) => (Some(*visit), self::code(refusal.rule())),
    };
    pb::SeriesOccurrence {
        start_local: local.to_string(),
        start_time: visit.map(|visit| to_wire(visit.start)),
        end_time: visit.map(|visit| to_wire(visit.end)),
        is_bookable: outcome.is_ok(),
        code: code.to_owned(),
        nearest_start_time: nearest.map(to_wire),
        appointment_id: appointment.map(|id| id.to_string()).unwrap_or_default(),
    }
}
