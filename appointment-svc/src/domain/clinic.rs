//! What the clinic offers: its places, its days off and its kinds of visits.
use super::policy::Policy;
use jiff::SignedDuration;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use proto::ids::{DoctorId, LocationId, RoomId, VisitTypeId};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Clinic {
    /// Larger for every later state.
    #[serde(skip)]
    pub version: i64,
    pub locations: HashMap<LocationId, Location>,
    pub holidays: Vec<Holiday>,
    pub visit_types: HashMap<VisitTypeId, Arc<VisitType>>,
}

/// A place where doctors see patients.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Location {
    #[serde(with = "super::zone")]
    pub zone: TimeZone,
    /// In the order in which they are taken.
    pub rooms: Vec<RoomId>,
}

/// A date on which the weekly hours do not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holiday {
    pub date: Date,
    /// Everywhere when none.
    pub location: Option<LocationId>,
}

/// How patient and doctor meet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Modality {
    #[default]
    InPerson,
    Telehealth,
}

/// A kind of visit that is on offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitType {
    pub id: VisitTypeId,
    pub timing: Timing,
    pub modality: Modality,
    pub price: Option<Price>,
    pub needs_approval: bool,
    pub policy: Policy,
    /// Every doctor when empty.
    pub doctors: Vec<DoctorId>,
    /// Before a visit, when the patient is reminded of it, in minutes; as the clinic usually does when none.
    #[serde(default)]
    pub reminders: Option<Vec<u32>>,
}

/// In the smallest unit of the currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    pub minor: i64,
    /// ISO 4217.
    pub currency: String,
}

/// What of a visit type holds for a booked visit, whatever becomes of the type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Terms {
    /// None when it was booked without a type.
    pub timing: Option<Timing>,
    pub policy: Policy,
    pub modality: Modality,
    pub price: Option<Price>,
    /// As [`VisitType::reminders`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reminders: Option<Vec<u32>>,
}

/// What decides at which times a visit can be booked. Minutes, unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    pub duration: u32,
    /// Kept free before the visit. Between two visits such times add up.
    pub before: u32,
    /// Kept free after the visit.
    pub after: u32,
    /// Between the starts that are offered.
    pub interval: u32,
    /// How long ahead patients book at least.
    pub min_notice: u32,
    /// The last date that patients book is this many days from today.
    pub horizon_days: u32,
    /// How many patients come at once.
    pub capacity: u16,
    pub needs_room: bool,
    /// Whether starts are also offered right after other visits.
    pub pack: bool,
    /// How many visits may be booked over each other on purpose.
    pub max_overbook: u16,
}

impl Clinic {
    /// Where the weekly hours of `location` do not hold on `date`.
    pub fn is_closed(&self, date: Date, location: Option<LocationId>) -> bool {
        let holds = |holiday: &Holiday| holiday.location.is_none() || holiday.location == location;
        self.holidays.iter().any(|holiday| holiday.date == date && holds(holiday))
    }

    /// Rooms of this clinic that `other` does not have.
    pub fn rooms_not_in(&self, other: &Self) -> impl Iterator<Item = RoomId> {
        let kept: HashSet<RoomId> =
            other.locations.values().flat_map(|place| &place.rooms).copied().collect();
        let rooms = self.locations.values().flat_map(|place| &place.rooms).copied();
        rooms.filter(move |room| !kept.contains(room))
    }

    pub fn rooms(&self, location: Option<LocationId>) -> &[RoomId] {
        location.and_then(|id| self.locations.get(&id)).map_or(&[], |location| &location.rooms)
    }
}

impl VisitType {
    pub fn terms(&self) -> Terms {
        let Self { timing, policy, modality, price, reminders, .. } = self;
        Terms {
            timing: Some(*timing),
            policy: *policy,
            modality: *modality,
            price: price.clone(),
            reminders: reminders.clone(),
        }
    }

    pub fn is_offered_by(&self, doctor: DoctorId) -> bool {
        self.doctors.is_empty() || self.doctors.contains(&doctor)
    }
}

impl Timing {
    /// Of a visit without a type: any length, nothing kept free, no notice.
    pub fn plain(duration: u32, interval: u32) -> Self {
        Self {
            duration,
            before: 0,
            after: 0,
            interval,
            min_notice: 0,
            horizon_days: 730,
            capacity: 1,
            needs_room: false,
            pack: false,
            max_overbook: 0,
        }
    }

    pub fn duration(&self) -> SignedDuration {
        SignedDuration::from_mins(self.duration.into())
    }

    pub fn before(&self) -> SignedDuration {
        SignedDuration::from_mins(self.before.into())
    }

    pub fn after(&self) -> SignedDuration {
        SignedDuration::from_mins(self.after.into())
    }

    pub fn interval(&self) -> SignedDuration {
        SignedDuration::from_mins(self.interval.into())
    }

    pub fn min_notice(&self) -> SignedDuration {
        SignedDuration::from_mins(self.min_notice.into())
    }
}
