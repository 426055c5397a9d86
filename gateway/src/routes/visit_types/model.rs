//! Kinds of visits as the REST face shows them.
use crate::reply::Resource;
use crate::routes::given;
use crate::times::{Garbled, Instant};
use proto::doctor as pb;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

mod requests; // what front ends send

pub use requests::{CreateVisitType, ListVisitTypes, UpdateVisitType};

/// How patient and doctor meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Modality {
    InPerson,
    Telehealth,
}

impl From<Modality> for pb::Modality {
    fn from(modality: Modality) -> Self {
        match modality {
            Modality::InPerson => Self::InPerson,
            Modality::Telehealth => Self::Telehealth,
        }
    }
}

impl Modality {
    pub fn from_wire(modality: pb::Modality) -> Option<Self> {
        match modality {
            pb::Modality::InPerson => Some(Self::InPerson),
            pb::Modality::Telehealth => Some(Self::Telehealth),
            pb::Modality::Unspecified => None,
        }
    }
}

/// What becomes of a patient's wish to cancel when it is too late to do so freely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LateCancel {
    /// Cancelled and flagged: the time is worth more than a refusal.
    AllowFlag,
    /// Refused.
    Refuse,
    /// Refused, with the advice to call the reception.
    AskStaff,
}

impl From<LateCancel> for pb::LateCancel {
    fn from(late_cancel: LateCancel) -> Self {
        match late_cancel {
            LateCancel::AllowFlag => Self::AllowFlag,
            LateCancel::Refuse => Self::Refuse,
            LateCancel::AskStaff => Self::AskStaff,
        }
    }
}

/// What a patient may still do with a booked visit. Staff and doctors are not bound by it.
#[derive(Serialize, ToSchema)]
pub struct BookingPolicy {
    /// Cancelling later than this before the start is late, in minutes.
    #[schema(minimum = 0, maximum = 525_600, example = 1440)]
    pub cancel_notice_minutes: i32,
    /// Moving is possible up to this before the start, in minutes.
    #[schema(minimum = 0, maximum = 525_600, example = 1440)]
    pub reschedule_notice_minutes: i32,
    /// How often a patient may move one visit; null when there is no limit.
    #[schema(minimum = 0, maximum = 100, example = 3)]
    pub max_reschedules: Option<i32>,
    pub late_cancel: LateCancel,
    /// A visit is a no-show at the earliest this long after its start, in minutes.
    #[schema(minimum = 0, maximum = 525_600, example = 15)]
    pub no_show_grace_minutes: i32,
}

impl TryFrom<pb::BookingPolicy> for BookingPolicy {
    type Error = Garbled;

    fn try_from(policy: pb::BookingPolicy) -> Result<Self, Garbled> {
        let late_cancel = match policy.late_cancel() {
            pb::LateCancel::AllowFlag => LateCancel::AllowFlag,
            pb::LateCancel::Refuse => LateCancel::Refuse,
            pb::LateCancel::AskStaff => LateCancel::AskStaff,
            pb::LateCancel::Unspecified => return Err(Garbled("late_cancel")),
        };
        let pb::BookingPolicy {
            cancel_notice_minutes,
            reschedule_notice_minutes,
            max_reschedules,
            late_cancel: _,
            no_show_grace_minutes,
        } = policy;
        Ok(Self {
            cancel_notice_minutes,
            reschedule_notice_minutes,
            max_reschedules,
            late_cancel,
            no_show_grace_minutes,
        })
    }
}

/// A kind of visit. Booked visits keep what held when they were booked.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub struct VisitType {
    #[schema(value_type = Uuid)]
    pub id: String,
    #[schema(example = "Check-up")]
    pub name: String,
    #[schema(example = "A physical examination, once a year.")]
    pub description: Option<String>,
    #[schema(minimum = 5, maximum = 480, multiple_of = 5, example = 30)]
    pub duration_minutes: i32,
    /// Kept free before each visit.
    #[schema(minimum = 0, maximum = 240, multiple_of = 5, example = 0)]
    pub buffer_before_minutes: i32,
    /// Kept free after each visit.
    #[schema(minimum = 0, maximum = 240, multiple_of = 5, example = 10)]
    pub buffer_after_minutes: i32,
    /// Between the starts that are offered; the duration when 0.
    #[schema(minimum = 0, maximum = 480, multiple_of = 5, example = 0)]
    pub interval_minutes: i32,
    /// Patients book at least this long ahead.
    #[schema(minimum = 0, maximum = 525_600, example = 60)]
    pub min_notice_minutes: i32,
    /// The last date that can be booked is this many days from today; 730 when 0.
    #[schema(minimum = 0, maximum = 730, example = 90)]
    pub horizon_days: i32,
    /// In the smallest unit of `currency`.
    #[schema(minimum = 0, maximum = 1_000_000_000_000i64, example = 4500)]
    pub price_minor: i64,
    /// ISO 4217; null when there is no price.
    #[schema(example = "EUR")]
    pub currency: Option<String>,
    pub modality: Modality,
    /// How many patients come at once; 1 when 0.
    #[schema(minimum = 0, maximum = 50, example = 1)]
    pub capacity: i32,
    /// Whether it takes a room of its location.
    pub needs_room: bool,
    /// Whether starts are also offered right after other visits, off the grid of the opening.
    pub pack: bool,
    /// Whether a patient's booking waits for the practice to accept it.
    pub needs_approval: bool,
    /// How many visits may be booked over each other deliberately.
    #[schema(minimum = 0, maximum = 5, example = 0)]
    pub max_overbook: i32,
    pub policy: BookingPolicy,
    /// Who offers it; every doctor when empty.
    #[schema(value_type = Vec<Uuid>)]
    pub doctor_ids: Vec<String>,
    /// False keeps it on record and offers it no more.
    pub is_active: bool,
    /// How long before a visit the patient is reminded of it, the longest first; null when as the clinic usually does.
    #[schema(example = json!([1440, 120]))]
    pub reminder_offsets_minutes: Option<Vec<i32>>,
    pub created_at: Instant,
    pub updated_at: Instant,
    /// Grows by one with each change; the ETag.
    #[schema(minimum = 0, example = 3)]
    pub version: i64,
}

impl Resource for VisitType {
    const VERSION: Option<fn(&Self) -> i64> = Some(|visit_type| visit_type.version);

    fn location(&self) -> String {
        format!("/api/visit-types/{}", self.id)
    }
}

impl TryFrom<pb::VisitType> for VisitType {
    type Error = Garbled;

    fn try_from(visit_type: pb::VisitType) -> Result<Self, Garbled> {
        let modality = Modality::from_wire(visit_type.modality()).ok_or(Garbled("modality"))?;
        let pb::VisitType {
            id,
            name,
            description,
            duration_minutes,
            buffer_before_minutes,
            buffer_after_minutes,
            interval_minutes,
            min_notice_minutes,
            horizon_days,
            price_minor,
            currency,
            modality: _,
            capacity,
            needs_room,
            pack,
            needs_approval,
            max_overbook,
            policy,
            doctor_ids,
            is_active,
            create_time,
            update_time,
            version,
            reminder_offsets_minutes,
        } = visit_type;
        Ok(Self {
            id,
            name,
            description: given(description),
            duration_minutes,
            buffer_before_minutes,
            buffer_after_minutes,
            interval_minutes,
            min_notice_minutes,
            horizon_days,
            price_minor,
            currency: given(currency),
            modality,
            capacity,
            needs_room,
            pack,
            needs_approval,
            max_overbook,
            policy: policy.ok_or(Garbled("policy"))?.try_into()?,
            doctor_ids,
            is_active,
            reminder_offsets_minutes: reminder_offsets_minutes.map(|offsets| offsets.minutes),
            created_at: Instant::utc("create_time", create_time)?,
            updated_at: Instant::utc("update_time", update_time)?,
            version,
        })
    }
}
