//! The use cases on other hours and time away.
use crate::changes::Changes;
use crate::domain::exceptions::{Override, TimeOff, TypedTimeOff};
use crate::domain::practice::Practice;
use crate::error::Error;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use proto::ids::{DoctorId, LocationId, TimeOffId};

#[derive(Clone)]
pub struct Exceptions {
    changes: Changes,
}

pub struct SetOverride {
    pub doctor_id: DoctorId,
    pub new: Override,
    /// Of the hours, in the order in which they were given.
    pub places: Vec<Option<LocationId>>,
}

pub struct TakeOff {
    pub doctor_id: DoctorId,
    pub typed: TypedTimeOff,
}

impl Exceptions {
    pub fn new(changes: Changes) -> Self {
        Self { changes }
    }

    /// Refused when booked visits would fall outside.
    pub async fn set_override(&self, set: SetOverride, now: Timestamp) -> Result<Override, Error> {
        let SetOverride { doctor_id, new, places } = set;
        let decide = |practice: Practice| practice.set_override(new.clone(), now);
        let changed = self.changes.change(doctor_id, decide).await;
        changed.map_err(|error| match error {
            Error::NoSuchPlace(id) => {
                let index = places.iter().position(|place| *place == Some(id)).unwrap_or_default();
                error.about_place(&format!("override.hours[{index}].location_id"))
            }
            error => error,
        })?;
        Ok(new)
    }

    /// The override as it was; refused when booked visits would fall outside the weekly hours.
    pub async fn remove_override(
        &self,
        doctor_id: DoctorId,
        date: Date,
        now: Timestamp,
    ) -> Result<Override, Error> {
        let decide = |practice: Practice| practice.remove_override(date, now);
        Ok(self.changes.change(doctor_id, decide).await?.before.override_on(date)?)
    }

    /// The time off and the doctor's zone; refused when visits are booked then.
    pub async fn take_off(&self, take: TakeOff, now: Timestamp) -> Result<(TimeOff, TimeZone), Error> {
        let (id, TakeOff { doctor_id, typed }) = (TimeOffId::random(), take);
        let decide = |practice: Practice| practice.take_off(id, typed.clone(), now);
        let after = self.changes.change(doctor_id, decide).await?.after;
        Ok((after.time_off_of(id)?, after.zone()))
    }

    /// The time off as it was, and the doctor's zone.
    pub async fn come_back(
        &self,
        doctor_id: DoctorId,
        id: TimeOffId,
        now: Timestamp,
    ) -> Result<(TimeOff, TimeZone), Error> {
        let decide = |practice: Practice| practice.remove_time_off(id, now);
        let before = self.changes.change(doctor_id, decide).await?.before;
        Ok((before.time_off_of(id)?, before.zone()))
    }
}
