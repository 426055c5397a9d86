//! What is asked about times, and what is answered.
use super::slots::{Refusal, Rule, Slot};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use proto::ids::{DoctorId, LocationId, VisitTypeId};
use serde::{Deserialize, Serialize};

/// Most doctors among whom one question looks for times.
pub const MAX_DOCTORS: i64 = 500;

/// What kind of visit times are wanted for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kind {
    pub visit_type: Option<VisitTypeId>,
    /// Length without a type, in minutes; the doctor's usual one when not given.
    pub minutes: Option<u32>,
}

/// The civil dates that a question is about, in the doctor's zone.
#[derive(Clone, Copy, Debug)]
pub struct Dates {
    pub from: Date,
    /// At most 62 of them.
    pub days: i32,
}

/// Among whom times are looked for; what is empty does not narrow.
#[derive(Clone, Debug, Default)]
pub struct Among {
    pub doctors: Vec<DoctorId>,
    pub specialization: String,
    pub language: String,
    pub location: Option<LocationId>,
}

/// A time with one of several doctors.
#[derive(Clone, Debug)]
pub struct Found {
    pub doctor: DoctorId,
    pub slot: Slot,
    pub zone: TimeZone,
}

/// Why a time can or cannot be booked.
pub struct Explanation {
    pub rules: Vec<(Rule, Result<(), Refusal>)>,
    pub nearest: Option<Timestamp>,
    pub zone: TimeZone,
}

/// Where a time stands in a list: by start, then doctor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position(pub Timestamp, pub DoctorId);
