//! The clinic: places with their rooms, holidays and visit types. They change as one.
use super::exceptions::first_date;
use super::rules::Shift;
use super::visit_type::{BadPrice, Edit, Terms, VisitType};
use jiff::Timestamp;
use jiff::civil::Date;
use proto::ids::{HolidayId, LocationId, RoomId, VisitTypeId};
use proto::scalars::{Address, Label, TimeZoneName};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clinic {
    /// By name.
    pub locations: Vec<Location>,
    /// Those that are not over, by date.
    pub holidays: Vec<Holiday>,
    /// By name.
    pub visit_types: Vec<VisitType>,
    /// Of what is on offer.
    pub rules_version: i64,
}

/// A place where doctors see patients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    pub id: LocationId,
    #[serde(flatten)]
    pub place: Place,
    /// By name.
    pub rooms: Vec<Room>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Grows by one with each change of the location or its rooms.
    pub version: i64,
}

/// What people enter about a location.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub name: Label,
    /// Of the hours there.
    pub time_zone: TimeZoneName,
    pub address: Option<Address>,
}

/// What shall be different about a location.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlaceEdit {
    pub name: Option<Label>,
    pub time_zone: Option<TimeZoneName>,
    pub address: Option<Option<Address>>,
}

/// A room, or a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    pub id: RoomId,
    pub name: Label,
}

/// A date on which the weekly hours do not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holiday {
    pub id: HolidayId,
    pub date: Date,
    pub name: Label,
    /// Only there; everywhere when absent.
    pub location_id: Option<LocationId>,
}

// One document holds them all, and a message has a mebibyte.
/// Most locations.
pub const MAX_LOCATIONS: usize = 50;
/// Most rooms of all locations.
pub const MAX_ROOMS: usize = 400;
/// Most holidays ahead.
pub const MAX_HOLIDAYS: usize = 400;
/// Most visit types, those that are not on offer too.
pub const MAX_VISIT_TYPES: usize = 200;
/// Most doctors whom all visit types name.
pub const MAX_DOCTORS_NAMED: usize = 8000;

/// Why a change is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("it was changed in the meantime")]
    VersionMismatch,
    #[error("the location does not exist")]
    NoSuchLocation,
    #[error("the location has no such room")]
    NoSuchRoom,
    #[error("the holiday does not exist")]
    NoSuchHoliday,
    #[error("the visit type does not exist")]
    NoSuchVisitType,
    #[error("a holiday names no location")]
    NowhereKnown,
    #[error("another visit type on offer has this name")]
    NameTaken,
    #[error("another location has this name")]
    LocationNameTaken,
    #[error("another room of the location has this name")]
    RoomNameTaken,
    #[error("that date is a holiday there already")]
    HolidayKnown,
    /// What there is too much of.
    #[error("there are at most {1} {0}")]
    TooMany(&'static str, usize),
    #[error("the date is over")]
    DateOver,
    #[error(transparent)]
    BadPrice(#[from] BadPrice),
}

impl Clinic {
    /// The names of what is another in `other`.
    pub fn differences(&self, other: &Self) -> Vec<&'static str> {
        let differs = [
            ("locations", self.locations != other.locations),
            ("holidays", self.holidays != other.holidays),
            ("visit_types", self.visit_types != other.visit_types),
        ];
        differs.into_iter().filter_map(|(field, differs)| differs.then_some(field)).collect()
    }

    pub fn location(&self, id: LocationId) -> Result<&Location, Refusal> {
        self.locations.iter().find(|location| location.id == id).ok_or(Refusal::NoSuchLocation)
    }

    pub fn room(&self, location: LocationId, id: RoomId) -> Result<&Room, Refusal> {
        self.location(location)?.rooms.iter().find(|room| room.id == id).ok_or(Refusal::NoSuchRoom)
    }

    pub fn holiday(&self, id: HolidayId) -> Result<&Holiday, Refusal> {
        self.holidays.iter().find(|holiday| holiday.id == id).ok_or(Refusal::NoSuchHoliday)
    }

    pub fn visit_type(&self, id: VisitTypeId) -> Result<&VisitType, Refusal> {
        self.visit_types.iter().find(|visit_type| visit_type.id == id).ok_or(Refusal::NoSuchVisitType)
    }

    pub fn add_location(mut self, added: Location) -> Result<Self, Refusal> {
        self.expect_no_location(&added.place.name)?;
        self.locations.push(added);
        check_number("locations", self.locations.len(), MAX_LOCATIONS)?;
        Ok(self.sorted())
    }

    pub fn edit_location(
        self,
        id: LocationId,
        expected_version: i64,
        edit: &PlaceEdit,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let before = &self.location(id)?.place.name;
        if let Some(name) = edit.name.as_ref().filter(|name| !is_same_name(name, before)) {
            self.expect_no_location(name)?;
        }
        self.change_location(id, expected_version, now, |location| {
            let PlaceEdit { name, time_zone, address } = edit.clone();
            let place = &mut location.place;
            place.name = name.unwrap_or_else(|| place.name.clone());
            place.time_zone = time_zone.unwrap_or_else(|| place.time_zone.clone());
            place.address = address.unwrap_or_else(|| place.address.clone());
        })
    }

    /// With its rooms and holidays. Whether hours are there, the store knows.
    pub fn remove_location(mut self, id: LocationId, expected_version: i64) -> Result<Self, Refusal> {
        check_version(self.location(id)?.version, expected_version)?;
        self.locations.retain(|kept| kept.id != id);
        self.holidays.retain(|kept| kept.location_id != Some(id));
        Ok(self)
    }

    pub fn add_room(self, location: LocationId, added: Room, now: Timestamp) -> Result<Self, Refusal> {
        let is_taken = |known: &Room| is_same_name(&known.name, &added.name);
        if self.location(location)?.rooms.iter().any(is_taken) {
            return Err(Refusal::RoomNameTaken);
        }
        let later = self.change_location(location, 0, now, |location| location.rooms.push(added))?;
        check_number("rooms", later.locations.iter().map(|location| location.rooms.len()).sum(), MAX_ROOMS)?;
        Ok(later)
    }

    pub fn remove_room(self, location: LocationId, id: RoomId, now: Timestamp) -> Result<Self, Refusal> {
        self.room(location, id)?;
        self.change_location(location, 0, now, |location| location.rooms.retain(|kept| kept.id != id))
    }

    pub fn add_holiday(mut self, added: Holiday, now: Timestamp) -> Result<Self, Refusal> {
        if added.date < first_date(now) {
            return Err(Refusal::DateOver);
        }
        if let Some(location) = added.location_id {
            self.location(location).map_err(|_| Refusal::NowhereKnown)?;
        }
        let is_same = |known: &Holiday| known.date == added.date && known.location_id == added.location_id;
        if self.holidays.iter().any(is_same) {
            return Err(Refusal::HolidayKnown);
        }
        self.holidays.push(added);
        check_number("holidays ahead", self.holidays.len(), MAX_HOLIDAYS)?;
        Ok(self.sorted())
    }

    pub fn remove_holiday(mut self, id: HolidayId) -> Result<Self, Refusal> {
        self.holiday(id)?;
        self.holidays.retain(|kept| kept.id != id);
        Ok(self)
    }

    pub fn add_visit_type(self, id: VisitTypeId, terms: Terms, now: Timestamp) -> Result<Self, Refusal> {
        let added = VisitType { id, ..VisitType::new(terms.checked()?, now) };
        self.with_visit_type(added)
    }

    pub fn edit_visit_type(
        self,
        id: VisitTypeId,
        expected_version: i64,
        edits: Vec<Edit>,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let before = self.visit_type(id)?;
        check_version(before.version, expected_version)?;
        let edited = before.edited(edits, now)?;
        self.with_visit_type(edited)
    }

    /// What it means for booked visits when this becomes `new`. In doubt it is narrower: then the calendar is asked,
    /// which decides exactly. Booked visits keep the terms of their type.
    pub fn shift_to(&self, new: &Self) -> Shift {
        let keeps = |old: &Location| {
            let has = |room: &Room, rooms: &[Room]| rooms.iter().any(|other| other.id == room.id);
            new.location(old.id).is_ok_and(|new| {
                // The same hours in another zone are other hours.
                new.place.time_zone == old.place.time_zone
                    && old.rooms.iter().all(|room| has(room, &new.rooms))
            })
        };
        let is_known = |new: &Holiday| self.holidays.iter().any(|old| old.id == new.id);
        if !self.locations.iter().all(keeps) || !new.holidays.iter().all(is_known) {
            return Shift::Narrower;
        }
        let is_same = self.locations == new.locations
            && self.holidays == new.holidays
            && self.on_offer().eq(new.on_offer());
        if is_same { Shift::None } else { Shift::Wider }
    }

    /// The visit types that can be booked.
    pub fn on_offer(&self) -> impl Iterator<Item = &VisitType> {
        self.visit_types.iter().filter(|visit_type| visit_type.terms.is_active)
    }

    fn with_visit_type(mut self, new: VisitType) -> Result<Self, Refusal> {
        let is_taken =
            |other: &VisitType| other.id != new.id && is_same_name(&other.terms.name, &new.terms.name);
        if new.terms.is_active && self.on_offer().any(is_taken) {
            return Err(Refusal::NameTaken);
        }
        self.visit_types.retain(|kept| kept.id != new.id);
        self.visit_types.push(new);
        check_number("visit types", self.visit_types.len(), MAX_VISIT_TYPES)?;
        let named = self.visit_types.iter().map(|visit_type| visit_type.terms.doctor_ids.len()).sum();
        check_number("doctors named by visit types", named, MAX_DOCTORS_NAMED)?;
        Ok(self.sorted())
    }

    /// Before names were unique there may have been some twice, which stay.
    fn expect_no_location(&self, name: &Label) -> Result<(), Refusal> {
        let is_taken = self.locations.iter().any(|known| is_same_name(&known.place.name, name));
        if is_taken { Err(Refusal::LocationNameTaken) } else { Ok(()) }
    }

    /// Changes a location, and touches it only if it is different then.
    fn change_location(
        mut self,
        id: LocationId,
        expected_version: i64,
        now: Timestamp,
        change: impl FnOnce(&mut Location),
    ) -> Result<Self, Refusal> {
        let found = self.locations.iter_mut().find(|location| location.id == id);
        let location = found.ok_or(Refusal::NoSuchLocation)?;
        check_version(location.version, expected_version)?;
        let before = location.clone();
        change(location);
        if *location != before {
            location.version += 1;
            location.updated_at = now;
        }
        Ok(self.sorted())
    }

    /// In the order of its lists.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.locations.sort_by(|a, b| (&a.place.name, a.id).cmp(&(&b.place.name, b.id)));
        for location in &mut self.locations {
            location.rooms.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        }
        self.holidays.sort_by_key(|holiday| (holiday.date, holiday.id));
        self.visit_types.sort_by(|a, b| (&a.terms.name, a.id).cmp(&(&b.terms.name, b.id)));
        self
    }
}

impl Location {
    pub fn new(place: Place, now: Timestamp) -> Self {
        let (id, rooms) = (LocationId::random(), Vec::new());
        Self { id, place, rooms, created_at: now, updated_at: now, version: 1 }
    }
}

fn is_same_name(one: &Label, other: &Label) -> bool {
    one.as_str().to_lowercase() == other.as_str().to_lowercase()
}

fn check_version(current: i64, expected: i64) -> Result<(), Refusal> {
    if [0, current].contains(&expected) { Ok(()) } else { Err(Refusal::VersionMismatch) }
}

fn check_number(what: &'static str, number: usize, most: usize) -> Result<(), Refusal> {
    if number <= most { Ok(()) } else { Err(Refusal::TooMany(what, most)) }
}

#[cfg(test)]
mod tests;
