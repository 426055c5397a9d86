//! Series, and which visits belong to them.
use super::reads::COLUMNS;
use super::{Connection, Error, Tx, audited};
use crate::domain::appointment::Appointment;
use crate::domain::series::Series;
use crate::domain::zone;
use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use platform::caller::User;
use proto::ids::{AppointmentId, DoctorId, PatientId, SeriesId, VisitTypeId};
use tokio_postgres::Row;
use tracing::instrument;
use uuid::Uuid;

const INSERT: &str = "
    INSERT INTO appointment.series
           (id, patient_id, doctor_id, visit_type_id, rrule, start_local, time_zone, duration_minutes, created_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    RETURNING created_at, updated_at";

const FIND: &str = "
    SELECT id, patient_id, doctor_id, visit_type_id, rrule, start_local, time_zone, duration_minutes,
           ended_from_local, version, created_at, updated_at, clock_timestamp() AS now
      FROM appointment.series
     WHERE id = $1";

const UPDATE: &str = "
    UPDATE appointment.series
       SET version = $2, ended_from_local = $3, updated_at = clock_timestamp()
     WHERE id = $1
    RETURNING updated_at";

const ENROL: &str = "
    UPDATE appointment.appointments
       SET series_id = $1, occurrence_local = places.occurrence
      FROM unnest($2::uuid[], $3::timestamp[]) AS places (id, occurrence)
     WHERE appointments.id = places.id";

impl Connection {
    /// A series, and the time by the clock of the database.
    #[instrument(name = "db.series.find", skip_all, fields(series.id = %id))]
    pub async fn series(&self, id: SeriesId) -> Result<Option<(Series, Timestamp)>, Error> {
        find(&self.client, FIND, id).await
    }

    /// The visits of a series, by start.
    #[instrument(name = "db.series.visits", skip_all, fields(series.id = %id))]
    pub async fn visits_of_series(&self, id: SeriesId) -> Result<Vec<Appointment>, Error> {
        visits(&self.client, &format!("{COLUMNS} AND series_id = $1 ORDER BY start_time, id"), id).await
    }
}

impl Tx<'_> {
    /// A series, held still until the transaction ends, and the time by the clock of the database.
    #[instrument(name = "db.series.lock", skip_all, fields(series.id = %id))]
    pub async fn lock_series(&self, id: SeriesId) -> Result<Option<(Series, Timestamp)>, Error> {
        find(&self.tx, &format!("{FIND} FOR UPDATE"), id).await
    }

    /// The visits of a series by start, held still until the transaction ends.
    #[instrument(name = "db.series.lock_visits", skip_all, fields(series.id = %id))]
    pub async fn lock_visits_of_series(&self, id: SeriesId) -> Result<Vec<Appointment>, Error> {
        let lock = format!("{COLUMNS} AND series_id = $1 ORDER BY id FOR UPDATE");
        let mut visits = visits(&self.tx, &lock, id).await?;
        visits.sort_by_key(|visit| (visit.visit.start, visit.id));
        Ok(visits)
    }

    /// Writes a new series, before its visits.
    #[instrument(name = "db.series.insert", skip_all, fields(series.id = %series.id))]
    pub async fn insert_series(&self, series: &mut Series, by: &User) -> Result<(), Error> {
        let duration = i32::try_from(series.duration).unwrap_or_default();
        let statement = self.tx.prepare_cached(INSERT).await?;
        let row = self
            .tx
            .query_one(
                &statement,
                &[
                    &series.id.0,
                    &series.patient_id.0,
                    &series.doctor_id.0,
                    &series.visit_type_id.map(|id| id.0),
                    &series.rule.to_string(),
                    &series.start,
                    &zone::name(&series.zone),
                    &duration,
                    &by.id.0,
                ],
            )
            .await?;
        series.created_at = row.try_get("created_at")?;
        series.updated_at = row.try_get("updated_at")?;
        self.note(audited::series("create", series));
        Ok(())
    }

    /// Writes `series` as its next version. It must be locked.
    #[instrument(name = "db.series.update", skip_all, fields(series.id = %series.id))]
    pub async fn update_series(&self, series: &mut Series) -> Result<(), Error> {
        series.version += 1;
        let statement = self.tx.prepare_cached(UPDATE).await?;
        let row = self.tx.query_one(&statement, &[&series.id.0, &series.version, &series.ended_from]).await?;
        series.updated_at = row.try_get("updated_at")?;
        Ok(())
    }

    /// Says which visits belong to a series, and at which civil start by its rule.
    #[instrument(name = "db.series.enrol", skip_all, fields(series.id = %id))]
    pub async fn enrol(&self, id: SeriesId, visits: &[(AppointmentId, DateTime)]) -> Result<(), Error> {
        let (ids, occurrences): (Vec<Uuid>, Vec<DateTime>) =
            visits.iter().map(|(id, occurrence)| (id.0, *occurrence)).unzip();
        let statement = self.tx.prepare_cached(ENROL).await?;
        self.tx.execute(&statement, &[&id.0, &ids, &occurrences]).await?;
        Ok(())
    }
}

async fn find(
    client: &impl GenericClient,
    statement: &str,
    id: SeriesId,
) -> Result<Option<(Series, Timestamp)>, Error> {
    let statement = client.prepare_cached(statement).await?;
    let row = client.query_opt(&statement, &[&id.0]).await?;
    row.map(|row| Ok((Series::try_from(&row)?, row.try_get("now")?))).transpose()
}

async fn visits(
    client: &impl GenericClient,
    statement: &str,
    id: SeriesId,
) -> Result<Vec<Appointment>, Error> {
    let statement = client.prepare_cached(statement).await?;
    let rows = client.query(&statement, &[&id.0]).await?;
    rows.iter().map(|row| Ok(Appointment::try_from(row)?.at(row.try_get("now")?))).collect()
}

impl TryFrom<&Row> for Series {
    type Error = Error;

    fn try_from(row: &Row) -> Result<Self, Error> {
        let unreadable = |column| Error::Unreadable { table: "series", column };
        let rule: &str = row.try_get("rrule")?;
        let duration: i32 = row.try_get("duration_minutes")?;
        Ok(Self {
            id: SeriesId(row.try_get("id")?),
            patient_id: PatientId(row.try_get("patient_id")?),
            doctor_id: DoctorId(row.try_get("doctor_id")?),
            visit_type_id: row.try_get::<_, Option<Uuid>>("visit_type_id")?.map(VisitTypeId),
            rule: rule.parse().map_err(|_| unreadable("rrule"))?,
            start: row.try_get("start_local")?,
            zone: TimeZone::get(row.try_get("time_zone")?).map_err(|_| unreadable("time_zone"))?,
            duration: u32::try_from(duration).map_err(|_| unreadable("duration_minutes"))?,
            ended_from: row.try_get("ended_from_local")?,
            version: row.try_get("version")?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
        })
    }
}
