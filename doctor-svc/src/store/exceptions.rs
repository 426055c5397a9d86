//! Other hours on one date, and time away.
use super::availabilities::{seconds, stored_hours};
use super::{Error, Tx, places};
use crate::domain::exceptions::{Override, TimeOff};
use crate::domain::hours::HoursAt;
use jiff::Timestamp;
use jiff::civil::Date;
use proto::ids::{DoctorId, LocationId, TimeOffId};
use proto::scalars::Reason;
use serde::Deserialize;
use uuid::Uuid;

/// With its hours.
const DELETE_OVERRIDE: &str = "DELETE FROM doctor.availability_overrides WHERE doctor_id = $1 AND date = $2";

const INSERT_OVERRIDE: &str = "INSERT INTO doctor.availability_overrides (doctor_id, date) VALUES ($1, $2)";

const INSERT_HOURS: &str = "
    INSERT INTO doctor.override_hours (doctor_id, date, start_second, end_second, location_id)
    VALUES ($1, $2, $3, $4, $5)";

const DELETE_TIME_OFF: &str = "DELETE FROM doctor.time_off WHERE doctor_id = $1 AND id = $2";

const INSERT_TIME_OFF: &str = "
    INSERT INTO doctor.time_off (id, doctor_id, starts_at, ends_at, reason) VALUES ($1, $2, $3, $4, $5)";

impl Tx<'_> {
    /// Makes the overrides `after` of `before`.
    pub(super) async fn update_overrides(
        &self,
        doctor_id: DoctorId,
        before: &[Override],
        after: &[Override],
    ) -> Result<(), Error> {
        for gone in before.iter().filter(|old| !after.contains(old)) {
            let statement = self.transaction.prepare_cached(DELETE_OVERRIDE).await?;
            self.transaction.execute(&statement, &[&doctor_id.0, &gone.date]).await?;
        }
        for new in after.iter().filter(|new| !before.contains(new)) {
            self.insert_override(doctor_id, new).await?;
        }
        Ok(())
    }

    async fn insert_override(&self, doctor_id: DoctorId, new: &Override) -> Result<(), Error> {
        let Override { date, hours } = new;
        let statement = self.transaction.prepare_cached(INSERT_OVERRIDE).await?;
        self.transaction.execute(&statement, &[&doctor_id.0, date]).await?;
        let statement = self.transaction.prepare_cached(INSERT_HOURS).await?;
        for HoursAt { hours, location } in hours {
            let (start, end, place) = (seconds(hours.start()), seconds(hours.end()), location.map(|id| id.0));
            let inserting =
                self.transaction.execute(&statement, &[&doctor_id.0, date, &start, &end, &place]).await;
            inserting.map_err(|error| places::meaning(error, *location))?;
        }
        Ok(())
    }

    /// Makes the time off `after` of `before`.
    pub(super) async fn update_time_off(
        &self,
        doctor_id: DoctorId,
        before: &[TimeOff],
        after: &[TimeOff],
    ) -> Result<(), Error> {
        for gone in before.iter().filter(|old| !after.contains(old)) {
            let statement = self.transaction.prepare_cached(DELETE_TIME_OFF).await?;
            self.transaction.execute(&statement, &[&doctor_id.0, &gone.id.0]).await?;
        }
        for TimeOff { id, starts_at, ends_at, reason } in after.iter().filter(|new| !before.contains(new)) {
            let reason = reason.as_ref().map(Reason::as_str);
            let statement = self.transaction.prepare_cached(INSERT_TIME_OFF).await?;
            self.transaction.execute(&statement, &[&id.0, &doctor_id.0, starts_at, ends_at, &reason]).await?;
        }
        Ok(())
    }
}

/// An override with its hours, as the database makes JSON of them.
#[derive(Deserialize)]
pub(super) struct StoredOverride {
    date: Date,
    hours: Vec<StoredHours>,
}

#[derive(Deserialize)]
struct StoredHours {
    start_second: u32,
    end_second: u32,
    location_id: Option<LocationId>,
}

impl StoredOverride {
    pub(super) fn into_override(self, of: DoctorId) -> Result<Override, Error> {
        let hours = self.hours.into_iter().map(|StoredHours { start_second, end_second, location_id }| {
            let hours = stored_hours(of, start_second, end_second)?;
            Ok(HoursAt { hours, location: location_id })
        });
        let hours = hours.collect::<Result<_, Error>>()?;
        Override::new(self.date, hours).ok_or(Error::Unreadable { id: of, column: "override_hours" })
    }
}

/// A row, as the database makes JSON of it.
#[derive(Deserialize)]
pub(super) struct StoredTimeOff {
    id: Uuid,
    starts_at: Timestamp,
    ends_at: Timestamp,
    reason: Option<Reason>,
}

impl From<StoredTimeOff> for TimeOff {
    fn from(StoredTimeOff { id, starts_at, ends_at, reason }: StoredTimeOff) -> Self {
        Self { id: TimeOffId(id), starts_at, ends_at, reason }
    }
}
