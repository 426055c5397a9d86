//! The use cases on what the clinic offers: places, holidays and visit types.
use crate::changes::{Changed, Changes};
use crate::domain::clinic::{Clinic, Holiday, Location, Place, PlaceEdit, Refusal, Room};
use crate::domain::doctor::Doctor;
use crate::domain::visit_type::{Edit, Terms, VisitType};
use crate::error::Error;
use crate::store::Store;
use jiff::Timestamp;
use platform::violations::Violations;
use proto::ids::{DoctorId, HolidayId, LocationId, RoomId, VisitTypeId};
use std::collections::HashSet;

#[derive(Clone)]
pub struct Offers {
    store: Store,
    changes: Changes,
}

pub struct EditPlace {
    pub id: LocationId,
    pub edit: PlaceEdit,
    /// 0 for any.
    pub expected_version: i64,
}

pub struct EditVisitType {
    pub id: VisitTypeId,
    pub edits: Vec<Edit>,
    /// 0 for any.
    pub expected_version: i64,
}

impl Offers {
    pub fn new(store: Store, changes: Changes) -> Self {
        Self { store, changes }
    }

    pub async fn clinic(&self) -> Result<Clinic, Error> {
        Ok(self.store.connection().await?.clinic().await?)
    }

    pub async fn add_location(&self, place: Place, now: Timestamp) -> Result<Location, Error> {
        let added = Location::new(place, now);
        self.change(|clinic| clinic.add_location(added.clone())).await?;
        Ok(added)
    }

    /// Refused when booked visits would fall outside the hours in another zone.
    pub async fn edit_location(&self, edit: EditPlace, now: Timestamp) -> Result<Location, Error> {
        let EditPlace { id, edit, expected_version } = edit;
        let changed = self.change(|clinic| clinic.edit_location(id, expected_version, &edit, now)).await?;
        Ok(changed.after.location(id)?.clone())
    }

    /// The location as it was; refused while hours are there.
    pub async fn remove_location(&self, id: LocationId, expected_version: i64) -> Result<Location, Error> {
        let changed = self.change(|clinic| clinic.remove_location(id, expected_version)).await?;
        Ok(changed.before.location(id)?.clone())
    }

    pub async fn add_room(&self, location: LocationId, room: Room, now: Timestamp) -> Result<Room, Error> {
        self.change(|clinic| clinic.add_room(location, room.clone(), now)).await?;
        Ok(room)
    }

    /// The room as it was; refused while it is booked.
    pub async fn remove_room(&self, location: LocationId, id: RoomId, now: Timestamp) -> Result<Room, Error> {
        let changed = self.change(|clinic| clinic.remove_room(location, id, now)).await?;
        Ok(changed.before.room(location, id)?.clone())
    }

    /// Refused when visits are booked then.
    pub async fn add_holiday(&self, holiday: Holiday, now: Timestamp) -> Result<Holiday, Error> {
        self.change(|clinic| clinic.add_holiday(holiday.clone(), now)).await?;
        Ok(holiday)
    }

    /// The holiday as it was.
    pub async fn remove_holiday(&self, id: HolidayId) -> Result<Holiday, Error> {
        let changed = self.change(|clinic| clinic.remove_holiday(id)).await?;
        Ok(changed.before.holiday(id)?.clone())
    }

    pub async fn add_visit_type(&self, terms: Terms, now: Timestamp) -> Result<VisitType, Error> {
        self.check_doctors(&terms.doctor_ids).await?;
        let id = VisitTypeId::random();
        let changed = self.change(|clinic| clinic.add_visit_type(id, terms.clone(), now)).await?;
        Ok(changed.after.visit_type(id)?.clone())
    }

    pub async fn edit_visit_type(&self, edit: EditVisitType, now: Timestamp) -> Result<VisitType, Error> {
        let EditVisitType { id, edits, expected_version } = edit;
        for edit in &edits {
            if let Edit::DoctorIds(ids) = edit {
                self.check_doctors(ids).await?;
            }
        }
        let decide = |clinic: Clinic| clinic.edit_visit_type(id, expected_version, edits.clone(), now);
        Ok(self.change(decide).await?.after.visit_type(id)?.clone())
    }

    async fn change(
        &self,
        decide: impl Fn(Clinic) -> Result<Clinic, Refusal>,
    ) -> Result<Changed<Clinic>, Error> {
        self.changes.change((), decide).await
    }

    /// All of them must be doctors here.
    async fn check_doctors(&self, ids: &[DoctorId]) -> Result<(), Error> {
        if ids.is_empty() {
            return Ok(());
        }
        let found = self.store.connection().await?.find_all(ids).await?;
        let live: HashSet<DoctorId> = found.iter().filter(|doctor| doctor.is_live()).map(id).collect();
        let mut wrong = Violations::default();
        for (index, _) in ids.iter().enumerate().filter(|(_, id)| !live.contains(id)) {
            wrong.add(&format!("visit_type.doctor_ids[{index}]"), "names no doctor");
        }
        Ok(wrong.into_result(())?)
    }
}

fn id(doctor: &Doctor) -> DoctorId {
    doctor.id
}
