//! A kind of visit that is on offer. Booked visits keep what held when they were booked.
use super::numbers::Number;
use super::reminders::ReminderOffsets;
use jiff::Timestamp;
use proto::ids::{DoctorId, VisitTypeId};
use proto::scalars::{Currency, Description, Label};
use serde::{Deserialize, Serialize};

// The names of the fields are columns.

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitType {
    pub id: VisitTypeId,
    #[serde(flatten)]
    pub terms: Terms,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Grows by one with each change.
    pub version: i64,
}

/// What people enter about a visit type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub struct Terms {
    pub name: Label,
    pub description: Option<Description>,
    pub duration_minutes: Number<5, 480, 5>,
    pub buffer_before_minutes: Buffer,
    pub buffer_after_minutes: Buffer,
    /// Between the starts that are offered; the duration when 0.
    pub interval_minutes: Number<0, 480, 5>,
    pub min_notice_minutes: Minutes,
    /// As far as there is any when 0.
    pub horizon_days: Number<0, 730>,
    /// In the smallest unit of `currency`.
    pub price_minor: i64,
    pub currency: Option<Currency>,
    pub modality: Modality,
    /// 1 when 0.
    pub capacity: Number<0, 50>,
    pub needs_room: bool,
    pub pack: bool,
    pub needs_approval: bool,
    pub max_overbook: Number<0, 5>,
    #[serde(flatten)]
    pub policy: Policy,
    /// Who offers it; every doctor when empty.
    pub doctor_ids: Vec<DoctorId>,
    pub is_active: bool,
    /// As the clinic usually does when none.
    pub reminder_offsets_minutes: Option<ReminderOffsets>,
}

/// Kept free around a visit.
pub type Buffer = Number<0, 240, 5>;
/// Up to a year.
pub type Minutes = Number<0, 525_600>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Modality {
    InPerson,
    Telehealth,
}

/// What becomes of a patient's wish to cancel when it is late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LateCancel {
    AllowFlag,
    Refuse,
    AskStaff,
}

/// What a patient may still do with a booked visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    pub cancel_notice_minutes: Minutes,
    pub reschedule_notice_minutes: Minutes,
    /// Without limit when absent.
    pub max_reschedules: Option<Number<0, 100>>,
    pub late_cancel: LateCancel,
    pub no_show_grace_minutes: Minutes,
}

/// One field of a visit type, as it shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    Name(Label),
    Description(Option<Description>),
    Duration(Number<5, 480, 5>),
    BufferBefore(Buffer),
    BufferAfter(Buffer),
    Interval(Number<0, 480, 5>),
    MinNotice(Minutes),
    Horizon(Number<0, 730>),
    Price(i64),
    Currency(Option<Currency>),
    Modality(Modality),
    Capacity(Number<0, 50>),
    NeedsRoom(bool),
    Pack(bool),
    NeedsApproval(bool),
    MaxOverbook(Number<0, 5>),
    Policy(Policy),
    DoctorIds(Vec<DoctorId>),
    IsActive(bool),
    ReminderOffsets(Option<ReminderOffsets>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPrice {
    #[error("must be 0 to {}", Terms::MAX_PRICE)]
    Amount,
    #[error("is required")]
    NoCurrency,
    #[error("must be empty where there is no price")]
    NoPrice,
}

impl VisitType {
    pub fn new(terms: Terms, now: Timestamp) -> Self {
        Self { id: VisitTypeId::random(), terms, created_at: now, updated_at: now, version: 1 }
    }

    /// Whether the doctor offers it.
    pub fn is_of(&self, doctor: DoctorId) -> bool {
        self.terms.doctor_ids.is_empty() || self.terms.doctor_ids.contains(&doctor)
    }

    /// Changed, and touched only if it is different.
    pub fn edited(&self, edits: Vec<Edit>, now: Timestamp) -> Result<Self, BadPrice> {
        let mut terms = self.terms.clone();
        for edit in edits {
            terms.edit(edit);
        }
        let terms = terms.checked()?;
        if terms == self.terms {
            return Ok(self.clone());
        }
        Ok(Self { terms, updated_at: now, version: self.version + 1, ..self.clone() })
    }
}

impl Terms {
    /// In the smallest unit of a currency.
    pub const MAX_PRICE: i64 = 1_000_000_000_000;
    /// Most doctors who are named.
    pub const MAX_DOCTORS: usize = 500;

    /// Itself, if a price has a currency and a currency a price.
    pub fn checked(self) -> Result<Self, BadPrice> {
        match (self.price_minor, &self.currency) {
            (price, _) if !(0..=Self::MAX_PRICE).contains(&price) => Err(BadPrice::Amount),
            (0, Some(_)) => Err(BadPrice::NoPrice),
            (1.., None) => Err(BadPrice::NoCurrency),
            _ => Ok(self),
        }
    }

    fn edit(&mut self, edit: Edit) {
        match edit {
            Edit::Name(name) => self.name = name,
            Edit::Description(description) => self.description = description,
            Edit::Duration(minutes) => self.duration_minutes = minutes,
            Edit::BufferBefore(minutes) => self.buffer_before_minutes = minutes,
            Edit::BufferAfter(minutes) => self.buffer_after_minutes = minutes,
            Edit::Interval(minutes) => self.interval_minutes = minutes,
            Edit::MinNotice(minutes) => self.min_notice_minutes = minutes,
            Edit::Horizon(days) => self.horizon_days = days,
            Edit::Price(price) => self.price_minor = price,
            Edit::Currency(currency) => self.currency = currency,
            Edit::Modality(modality) => self.modality = modality,
            Edit::Capacity(capacity) => self.capacity = capacity,
            Edit::NeedsRoom(needs_room) => self.needs_room = needs_room,
            Edit::Pack(pack) => self.pack = pack,
            Edit::NeedsApproval(needs_approval) => self.needs_approval = needs_approval,
            Edit::MaxOverbook(most) => self.max_overbook = most,
            Edit::Policy(policy) => self.policy = policy,
            Edit::DoctorIds(ids) => self.doctor_ids = ids,
            Edit::IsActive(is_active) => self.is_active = is_active,
            Edit::ReminderOffsets(offsets) => self.reminder_offsets_minutes = offsets,
        }
    }
}

impl Default for Policy {
    /// That of a visit type that says nothing of it.
    fn default() -> Self {
        let minutes = |number: i32| number.try_into().expect("it is within bounds");
        Self {
            cancel_notice_minutes: minutes(1440),
            reschedule_notice_minutes: minutes(1440),
            max_reschedules: Some(3.try_into().expect("it is within bounds")),
            late_cancel: LateCancel::AllowFlag,
            no_show_grace_minutes: minutes(15),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::domain::practice::tests::{noon, text};

    pub(crate) fn terms(name: &str) -> Terms {
        Terms {
            name: text(name),
            description: None,
            duration_minutes: 30.try_into().unwrap(),
            buffer_before_minutes: 0.try_into().unwrap(),
            buffer_after_minutes: 10.try_into().unwrap(),
            interval_minutes: 0.try_into().unwrap(),
            min_notice_minutes: 0.try_into().unwrap(),
            horizon_days: 0.try_into().unwrap(),
            price_minor: 0,
            currency: None,
            modality: Modality::InPerson,
            capacity: 0.try_into().unwrap(),
            needs_room: false,
            pack: false,
            needs_approval: false,
            max_overbook: 0.try_into().unwrap(),
            policy: Policy::default(),
            doctor_ids: Vec::new(),
            is_active: true,
            reminder_offsets_minutes: None,
        }
    }

    #[test]
    fn a_price_has_a_currency_and_a_currency_a_price() {
        let free = VisitType::new(terms("Check-up"), noon());
        let edited = |edits| free.edited(edits, noon()).map(|edited| edited.version);
        assert_eq!(edited(vec![Edit::Price(-1)]), Err(BadPrice::Amount));
        assert_eq!(edited(vec![Edit::Price(4500)]), Err(BadPrice::NoCurrency));
        assert_eq!(edited(vec![Edit::Currency(Some(text("EUR")))]), Err(BadPrice::NoPrice));
        assert_eq!(edited(vec![Edit::Price(4500), Edit::Currency(Some(text("EUR")))]), Ok(2));
        assert_eq!(edited(vec![Edit::Pack(false)]), Ok(1));
    }

    #[test]
    fn a_visit_type_without_doctors_is_every_doctors() {
        let (ada, grace) = (DoctorId::random(), DoctorId::random());
        let everybodys = VisitType::new(terms("Check-up"), noon());
        assert!(everybodys.is_of(ada));
        let adas = everybodys.edited(vec![Edit::DoctorIds(vec![ada])], noon()).unwrap();
        assert!(adas.is_of(ada) && !adas.is_of(grace));
    }
}
