//! Weekly hours.
use super::{Error, Tx, parsed};
use crate::domain::schedule::{Availability, Day, TimeOfDay, Window};
use proto::ids::{AvailabilityId, DoctorId};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

const DELETE: &str = "DELETE FROM doctor.availabilities WHERE doctor_id = $1 AND id = ANY($2)";

const UPSERT: &str = "
    INSERT INTO doctor.availabilities AS old (doctor_id, id, day_of_week, start_second, end_second, is_available)
    VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (id) DO UPDATE
       SET day_of_week = $3, start_second = $4, end_second = $5, is_available = $6
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
            self.upsert(doctor_id, *changed).await?;
        }
        Ok(())
    }

    async fn upsert(&self, doctor_id: DoctorId, hours: Availability) -> Result<(), Error> {
        let Availability { id, window, is_available } = hours;
        let seconds = |time: TimeOfDay| i32::try_from(time.seconds()).expect("a day is short");
        let (start, end) = (seconds(window.start()), seconds(window.end()));
        let statement = self.transaction.prepare_cached(UPSERT).await?;
        let values: [&(dyn ToSql + Sync); 6] =
            [&doctor_id.0, &id.0, &window.day().number(), &start, &end, &is_available];
        self.transaction.execute(&statement, &values).await.map_err(meaning)?;
        Ok(())
    }
}

fn meaning(error: tokio_postgres::Error) -> Error {
    match error.as_db_error().and_then(|error| error.constraint()) {
        Some("availabilities_no_overlap") => Error::Overlapping,
        _ => error.into(),
    }
}

/// The hours in a row of doctors joined with hours; none for a doctor without any.
pub(super) fn availability(doctor_id: DoctorId, row: &Row) -> Result<Option<Availability>, Error> {
    let Some(id) = row.try_get::<_, Option<Uuid>>("availability_id")? else { return Ok(None) };
    let time = |column| -> Result<TimeOfDay, Error> {
        let seconds: u32 = parsed(doctor_id, column, row.try_get::<_, i32>(column)?)?;
        parsed(doctor_id, column, seconds)
    };
    let day: Day = parsed(doctor_id, "day_of_week", i32::from(row.try_get::<_, i16>("day_of_week")?))?;
    let window = Window::new(day, time("start_second")?, time("end_second")?)
        .map_err(|_| Error::Unreadable { id: doctor_id, column: "end_second" })?;
    Ok(Some(Availability { id: AvailabilityId(id), window, is_available: row.try_get("is_available")? }))
}
