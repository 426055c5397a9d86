//! The use cases on weekly hours.
use crate::changes::Changes;
use crate::domain::practice::Practice;
use crate::domain::schedule::{Availability, AvailabilityEdit};
use crate::error::Error;
use jiff::Timestamp;
use proto::ids::{AvailabilityId, DoctorId};

#[derive(Clone)]
pub struct Hours {
    changes: Changes,
}

pub struct AddHours {
    pub doctor_id: DoctorId,
    pub added: Availability,
}

pub struct EditHours {
    pub doctor_id: DoctorId,
    pub id: AvailabilityId,
    pub edit: AvailabilityEdit,
}

impl Hours {
    pub fn new(changes: Changes) -> Self {
        Self { changes }
    }

    pub async fn add(&self, add: AddHours, now: Timestamp) -> Result<Availability, Error> {
        let AddHours { doctor_id, added } = add;
        let decide = |practice: Practice| practice.add_hours(added.clone(), now);
        self.changes.change(doctor_id, decide).await.map_err(misplaced)?;
        Ok(added)
    }

    /// The hours as they are afterwards; refused when booked visits would fall outside.
    pub async fn edit(&self, edit: EditHours, now: Timestamp) -> Result<Availability, Error> {
        let EditHours { doctor_id, id, edit } = edit;
        let decide = |practice: Practice| practice.edit_hours(id, &edit, now);
        let changed = self.changes.change(doctor_id, decide).await.map_err(misplaced)?;
        Ok(changed.after.availability(id)?)
    }

    /// The hours as they were; refused when booked visits would fall outside.
    pub async fn remove(
        &self,
        doctor_id: DoctorId,
        id: AvailabilityId,
        now: Timestamp,
    ) -> Result<Availability, Error> {
        let decide = |practice: Practice| practice.remove_hours(id, now);
        Ok(self.changes.change(doctor_id, decide).await?.before.availability(id)?)
    }
}

fn misplaced(error: Error) -> Error {
    error.about_place("availability.location_id")
}
