//! Weekly hours.
use super::{Error, Tx, parsed, places};
use crate::domain::hours::{Hours, HoursAt};
use crate::domain::schedule::{Availability, Window};
use crate::domain::week::Validity;
use jiff::civil::Date;
use proto::ids::{AvailabilityId, DoctorId, LocationId};
use serde::Deserialize;
use serde_json::json;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

const DELETE: &str = "DELETE FROM doctor.availabilities WHERE doctor_id = $1 AND id = ANY($2)";

const UPSERT: &str = "
    INSERT INTO doctor.availabilities AS old
           (doctor_id, id, day_of_week, start_second, end_second, is_available, location_id, valid_from, valid_until,
            breaks)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (id) DO UPDATE
       SET day_of_week = $3, start_second = $4, end_second = $5, is_available = $6, location_id = $7,
           valid_from = $8, valid_until = $9, breaks = $10
     WHERE old.doctor_id = $1";

impl Tx<'_> {
    /// Makes the hours `after` of `before`.
    pub(super) async fn update_hours(
        &self,
        doctor_id: DoctorId,
        before: &[Availability],
        after: &[Availability],
    ) -> Result<(), Error> {
        let gone = |old: &&Availability| !after.iter().any(|new| new.id == old.id);
        let gone: Vec<Uuid> = before.iter().filter(gone).map(|old| old.id.0).collect();
        if !gone.is_empty() {
            let statement = self.transaction.prepare_cached(DELETE).await?;
            self.transaction.execute(&statement, &[&doctor_id.0, &gone]).await?;
        }
        for changed in after.iter().filter(|new| !before.contains(new)) {
            self.upsert(doctor_id, changed).await?;
        }
        Ok(())
    }

    async fn upsert(&self, doctor_id: DoctorId, availability: &Availability) -> Result<(), Error> {
        let Availability { id, window, breaks, is_available } = availability;
        let Window { day, at: HoursAt { hours, location }, validity } = window;
        let breaks: Vec<_> = breaks.iter().map(|pause| [pause.start(), pause.end()]).collect();
        let (start, end) = (seconds(hours.start()), seconds(hours.end()));
        let statement = self.transaction.prepare_cached(UPSERT).await?;
        let values: [&(dyn ToSql + Sync); 10] = [
            &doctor_id.0,
            &id.0,
            &day.number(),
            &start,
            &end,
            is_available,
            &location.map(|id| id.0),
            &validity.from(),
            &validity.until(),
            &json!(breaks),
        ];
        let written = self.transaction.execute(&statement, &values).await;
        written.map_err(|error| meaning(error, *location))?;
        Ok(())
    }
}

/// As the columns hold them.
pub(super) fn seconds(seconds: u32) -> i32 {
    i32::try_from(seconds).expect("two days are short")
}

fn meaning(error: tokio_postgres::Error, location: Option<LocationId>) -> Error {
    match error.as_db_error().and_then(|error| error.constraint()) {
        Some("availabilities_no_overlap") => Error::Overlapping,
        _ => places::meaning(error, location),
    }
}

/// A row, as the database makes JSON of it.
#[derive(Deserialize)]
pub(super) struct Stored {
    id: AvailabilityId,
    day_of_week: i32,
    start_second: u32,
    end_second: u32,
    is_available: bool,
    location_id: Option<LocationId>,
    valid_from: Option<Date>,
    valid_until: Option<Date>,
    breaks: Vec<(u32, u32)>,
}

impl Stored {
    pub(super) fn into_availability(self, of: DoctorId) -> Result<Availability, Error> {
        let hours = stored_hours(of, self.start_second, self.end_second)?;
        let unreadable = |column| Error::Unreadable { id: of, column };
        // Breaks lie within their hours, so they may begin on the next day.
        let pause = |(start, end)| {
            let day = crate::domain::hours::DAY;
            let time = |second: u32| if second > day { second - day } else { second };
            hours.within(time(start).try_into().ok()?, time(end).try_into().ok()?).ok()
        };
        let breaks = self.breaks.into_iter().map(|stored| pause(stored).ok_or(unreadable("breaks")));
        Ok(Availability {
            id: self.id,
            window: Window {
                day: parsed(of, "day_of_week", self.day_of_week)?,
                at: HoursAt { hours, location: self.location_id },
                validity: Validity::new(self.valid_from, self.valid_until)
                    .map_err(|_| unreadable("valid_until"))?,
            },
            breaks: breaks.collect::<Result<_, _>>()?,
            is_available: self.is_available,
        })
    }
}

pub(super) fn stored_hours(of: DoctorId, start: u32, end: u32) -> Result<Hours, Error> {
    Hours::between(start, end).map_err(|_| Error::Unreadable { id: of, column: "end_second" })
}
