//! What was agreed about visits ahead: a local time, and the instant that it was then.
use super::{Connection, Error};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use proto::ids::AppointmentId;
use tokio_postgres::Row;
use tracing::instrument;

const AHEAD: &str = "
    SELECT id, start_time, start_local, time_zone
      FROM appointment.appointments
     WHERE start_time > clock_timestamp() AND status IN ('requested', 'scheduled', 'confirmed')
     ORDER BY start_time, id";

/// When a visit begins.
pub struct Agreed {
    pub id: AppointmentId,
    pub start: Timestamp,
    /// What the clock of the place was to show.
    pub local: DateTime,
    pub zone: TimeZone,
}

impl Connection {
    /// Visits ahead that take place, by start.
    #[instrument(name = "db.appointments.agreed_ahead", skip_all)]
    pub async fn agreed_ahead(&self) -> Result<Vec<Agreed>, Error> {
        let statement = self.client.prepare_cached(AHEAD).await?;
        self.client.query(&statement, &[]).await?.iter().map(Agreed::try_from).collect()
    }
}

impl TryFrom<&Row> for Agreed {
    type Error = Error;

    fn try_from(row: &Row) -> Result<Self, Error> {
        let unreadable = |_| Error::Unreadable { table: "appointments", column: "time_zone" };
        Ok(Self {
            id: AppointmentId(row.try_get("id")?),
            start: row.try_get("start_time")?,
            local: row.try_get("start_local")?,
            zone: TimeZone::get(row.try_get("time_zone")?).map_err(unreadable)?,
        })
    }
}
