//! Questions for free times, and their answers, as the REST face shows them.
use crate::query::{Limit, Within};
use crate::routes::given;
use crate::times::{DatePart, Garbled, Instant, Slot, When, zone};
use proto::appointment as pb;
use proto::ids::{AppointmentId, DoctorId, LocationId, PatientId, VisitTypeId};
use proto::scalars::{Language, Specialization, TimeZoneName};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

/// When free times are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListAvailableSlots {
    #[param(inline)]
    pub date: DatePart,
    /// How many days from `date`; 1 when absent.
    #[param(value_type = Option<i32>, minimum = 1, maximum = 62)]
    pub days: Option<Within<1, 62>>,
    /// Whose rules hold.
    #[param(value_type = Option<Uuid>)]
    pub visit_type_id: Option<VisitTypeId>,
    /// Length of the visit without a visit type; the doctor's usual one when absent.
    #[param(value_type = Option<i32>, minimum = 5, maximum = 480)]
    pub duration_minutes: Option<Within<5, 480>>,
    /// A visit to be moved, which does not stand in its own way; one that the caller does not see changes nothing.
    #[param(value_type = Option<Uuid>)]
    pub excluding_appointment_id: Option<AppointmentId>,
    /// The zone whose offset the times are shown with, IANA; the doctor's when absent.
    #[param(value_type = Option<String>, min_length = 1, max_length = 64, example = "Europe/Berlin")]
    pub tz: Option<TimeZoneName>,
}

impl ListAvailableSlots {
    pub fn of(self, doctor_id: DoctorId) -> (pb::ListAvailableSlotsRequest, Option<TimeZoneName>) {
        let Self { date, days, visit_type_id, duration_minutes, excluding_appointment_id, tz } = self;
        let message = pb::ListAvailableSlotsRequest {
            doctor_id: doctor_id.to_string(),
            date: date.into(),
            days: Within::or_zero(days),
            duration_minutes: Within::or_zero(duration_minutes),
            visit_type_id: text(visit_type_id),
            excluding_appointment_id: text(excluding_appointment_id),
        };
        (message, tz)
    }
}

/// Which days are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListDaySummaries {
    #[param(inline)]
    pub date: DatePart,
    /// How many days from `date`; 62 when absent.
    #[param(value_type = Option<i32>, minimum = 1, maximum = 62)]
    pub days: Option<Within<1, 62>>,
    /// Whose rules hold.
    #[param(value_type = Option<Uuid>)]
    pub visit_type_id: Option<VisitTypeId>,
    /// Length of the visit without a visit type; the doctor's usual one when absent.
    #[param(value_type = Option<i32>, minimum = 5, maximum = 480)]
    pub duration_minutes: Option<Within<5, 480>>,
}

impl ListDaySummaries {
    pub fn of(self, doctor_id: DoctorId) -> pb::ListDaySummariesRequest {
        let Self { date, days, visit_type_id, duration_minutes } = self;
        pb::ListDaySummariesRequest {
            doctor_id: doctor_id.to_string(),
            date: date.into(),
            days: Within::or_zero(days),
            visit_type_id: text(visit_type_id),
            duration_minutes: Within::or_zero(duration_minutes),
        }
    }
}

/// What free times are wanted. What is absent does not narrow.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchSlots {
    /// The first date, in each doctor's zone.
    #[param(inline)]
    pub date: DatePart,
    /// How many days from `date`; 62 when absent.
    #[param(value_type = Option<i32>, minimum = 1, maximum = 62)]
    pub days: Option<Within<1, 62>>,
    /// Ids of doctors, separated by commas, 500 at most.
    #[serde(default, deserialize_with = "ids")]
    #[param(
        value_type = Option<String>,
        max_length = 18499,
        pattern = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(,[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}){0,499}$"
    )]
    pub doctor_ids: Vec<DoctorId>,
    #[param(value_type = Option<String>, min_length = 1, max_length = 100, example = "Cardiology")]
    pub specialization: Option<Specialization>,
    /// One that the doctor speaks, BCP 47.
    #[param(value_type = Option<String>, min_length = 2, max_length = 35, example = "de")]
    pub language: Option<Language>,
    #[param(value_type = Option<Uuid>)]
    pub location_id: Option<LocationId>,
    /// Whose rules hold.
    #[param(value_type = Option<Uuid>)]
    pub visit_type_id: Option<VisitTypeId>,
    /// Length of the visit without a visit type; each doctor's usual one when absent.
    #[param(value_type = Option<i32>, minimum = 5, maximum = 480)]
    pub duration_minutes: Option<Within<5, 480>>,
    /// Items on a page; 50 when absent.
    #[param(value_type = Option<i32>, minimum = 1, maximum = 200)]
    pub limit: Option<Limit<200>>,
    /// Where the page begins: from the `Link` of the page before.
    pub cursor: Option<String>,
}

impl From<SearchSlots> for pb::SearchSlotsRequest {
    fn from(query: SearchSlots) -> Self {
        let SearchSlots {
            date,
            days,
            doctor_ids,
            specialization,
            language,
            location_id,
            visit_type_id,
            duration_minutes,
            limit,
            cursor,
        } = query;
        Self {
            doctor_ids: doctor_ids.iter().map(ToString::to_string).collect(),
            specialization: specialization.map(Into::into).unwrap_or_default(),
            language: language.map(Into::into).unwrap_or_default(),
            location_id: text(location_id),
            visit_type_id: text(visit_type_id),
            duration_minutes: Within::or_zero(duration_minutes),
            date: date.into(),
            days: Within::or_zero(days),
            page_size: Limit::or_zero(limit),
            page_token: cursor.unwrap_or_default(),
        }
    }
}

/// Which time to explain.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExplainSlot {
    #[param(value_type = Uuid)]
    pub doctor_id: DoctorId,
    #[param(inline)]
    pub start_time: When,
    /// Whose rules hold.
    #[param(value_type = Option<Uuid>)]
    pub visit_type_id: Option<VisitTypeId>,
    /// Length of the visit without a visit type; the doctor's usual one when absent.
    #[param(value_type = Option<i32>, minimum = 5, maximum = 480)]
    pub duration_minutes: Option<Within<5, 480>>,
    /// For whom, when not the caller: for the practice.
    #[param(value_type = Option<Uuid>)]
    pub patient_id: Option<PatientId>,
}

impl From<ExplainSlot> for pb::ExplainSlotRequest {
    fn from(query: ExplainSlot) -> Self {
        let ExplainSlot { doctor_id, start_time, visit_type_id, duration_minutes, patient_id } = query;
        let (start_time, start_local) = start_time.into_wire();
        Self {
            doctor_id: doctor_id.to_string(),
            visit_type_id: text(visit_type_id),
            start_time,
            start_local,
            duration_minutes: Within::or_zero(duration_minutes),
            patient_id: text(patient_id),
        }
    }
}

/// What is to be had on a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DayState {
    Available,
    /// The doctor does not work then.
    NoAvailability,
    /// All is taken, or the day's limit is reached.
    FullyBooked,
    /// What is free begins too soon to be booked.
    TooSoon,
    /// Later than can be booked yet.
    BeyondHorizon,
    /// The doctor is away.
    TimeOff,
    /// The clinic is closed.
    Holiday,
    /// It is over.
    Past,
}

/// One civil date of a doctor.
#[derive(Serialize, ToSchema)]
pub struct DaySummary {
    #[schema(format = Date, example = "2030-01-07")]
    pub date: String,
    pub state: DayState,
    /// How many times are free.
    #[schema(minimum = 0, example = 12)]
    pub free_slots: i32,
}

impl TryFrom<pb::DaySummary> for DaySummary {
    type Error = Garbled;

    fn try_from(day: pb::DaySummary) -> Result<Self, Garbled> {
        let state = match day.state() {
            pb::DaySummaryState::Available => DayState::Available,
            pb::DaySummaryState::NoAvailability => DayState::NoAvailability,
            pb::DaySummaryState::FullyBooked => DayState::FullyBooked,
            pb::DaySummaryState::TooSoon => DayState::TooSoon,
            pb::DaySummaryState::BeyondHorizon => DayState::BeyondHorizon,
            pb::DaySummaryState::TimeOff => DayState::TimeOff,
            pb::DaySummaryState::Holiday => DayState::Holiday,
            pb::DaySummaryState::Past => DayState::Past,
            pb::DaySummaryState::Unspecified => return Err(Garbled("state")),
        };
        let pb::DaySummary { date, state: _, free_slots } = day;
        Ok(Self { date, state, free_slots })
    }
}

/// Why a time can or cannot be booked.
#[derive(Serialize, ToSchema)]
pub struct SlotExplanation {
    /// Whether the caller could book it now.
    pub is_bookable: bool,
    /// In the order in which booking asks.
    pub rules: Vec<RuleVerdict>,
    /// The nearest start that could be booked, within a week; null when there is none.
    pub nearest_start_time: Option<Instant>,
    /// The zone of the place.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
}

/// One rule of booking, as it turned out.
#[derive(Serialize, ToSchema)]
pub struct RuleVerdict {
    /// What booking would answer.
    #[schema(example = "slot_taken")]
    pub code: String,
    pub passed: bool,
    /// What stands in the way, never whose.
    #[schema(example = "visit")]
    pub blocked_by: Option<String>,
}

impl TryFrom<pb::SlotExplanation> for SlotExplanation {
    type Error = Garbled;

    fn try_from(explanation: pb::SlotExplanation) -> Result<Self, Garbled> {
        let pb::SlotExplanation { is_bookable, rules, nearest_start_time, time_zone } = explanation;
        let place = zone(&time_zone)?;
        let nearest = nearest_start_time.map(|at| Instant::in_zone("nearest_start_time", Some(at), &place));
        let verdict = |pb::RuleVerdict { code, passed, blocked_by }| RuleVerdict {
            code: code.to_lowercase(),
            passed,
            blocked_by: given(blocked_by),
        };
        Ok(Self {
            is_bookable,
            rules: rules.into_iter().map(verdict).collect(),
            nearest_start_time: nearest.transpose()?,
            time_zone,
        })
    }
}

/// In the zone of its place.
impl TryFrom<pb::Slot> for Slot {
    type Error = Garbled;

    fn try_from(slot: pb::Slot) -> Result<Self, Garbled> {
        let place = zone(&slot.time_zone)?;
        Self::new(slot, &place)
    }
}

fn text<T: ToString>(id: Option<T>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

/// Ids separated by commas.
fn ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<DoctorId>, D::Error> {
    let list = String::deserialize(deserializer)?;
    list.split(',').map(|id| id.trim().parse().map_err(D::Error::custom)).collect()
}
