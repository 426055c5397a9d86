//! What doctors offer, and who may be booked: the projections that make booking independent of other services.
use super::{Connection, Error, Tx};
use crate::domain::interval::Interval;
use crate::domain::rules::{Rules, Window};
use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use proto::ids::{AppointmentId, DoctorId, PatientId};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use tracing::instrument;
use uuid::Uuid;

const FIND: &str = "
    SELECT doctor_id, version, is_active, time_zone, slot_minutes, windows, clock_timestamp() AS now
      FROM appointment.calendars
     WHERE doctor_id = $1";

const LOCK: &str = "
    SELECT doctor_id, version, is_active, time_zone, slot_minutes, windows, clock_timestamp() AS now
      FROM appointment.calendars
     WHERE doctor_id = $1
       FOR NO KEY UPDATE";

const PUT: &str = "
    INSERT INTO appointment.calendars (doctor_id, version, is_active, time_zone, slot_minutes, windows)
    VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (doctor_id) DO UPDATE
       SET version = excluded.version, is_active = excluded.is_active, time_zone = excluded.time_zone,
           slot_minutes = excluded.slot_minutes, windows = excluded.windows
     WHERE calendars.version < excluded.version";

const BUSY: &str = "
    SELECT busy_from, busy_until
      FROM appointment.claims
     WHERE active AND resource_id = $1 AND busy && tstzrange($2, $3, '[)')
     ORDER BY busy_from";

const OPEN_VISITS_OF_DOCTOR: &str = "
    SELECT id, start_time, end_time
      FROM appointment.appointments
     WHERE doctor_id = $1 AND end_time > clock_timestamp() AND status IN ('scheduled', 'confirmed')
     ORDER BY start_time, id";

/// Holds back others who would write the first row of the same id; a row that is not there cannot be locked.
const RESERVE: &str = "SELECT pg_advisory_xact_lock(hashtextextended($1::uuid::text, 0))";

const LOCK_PARTY: &str = "
    SELECT version FROM appointment.parties WHERE patient_id = $1 FOR UPDATE";

const SHARE_PARTY: &str = "
    SELECT is_active FROM appointment.parties WHERE patient_id = $1 FOR SHARE";

const PUT_PARTY: &str = "
    INSERT INTO appointment.parties (patient_id, version, is_active)
    VALUES ($1, $2, $3)
        ON CONFLICT (patient_id) DO UPDATE
       SET version = excluded.version, is_active = excluded.is_active
     WHERE parties.version < excluded.version";

const OPEN_VISITS_OF_PATIENT: &str = "
    SELECT id
      FROM appointment.appointments
     WHERE patient_id = $1 AND end_time > clock_timestamp() AND status IN ('scheduled', 'confirmed')
     ORDER BY start_time, id";

/// A doctor's rules, and the time at which they were read, by the clock of the database.
pub struct Locked {
    pub rules: Rules,
    pub now: Timestamp,
}

/// A window as the database keeps it.
#[derive(Serialize, Deserialize)]
struct StoredWindow {
    day: i8,
    start: u32,
    end: u32,
}

impl Connection {
    /// What `doctor` offers; none when nothing is known of the doctor.
    #[instrument(name = "db.calendar.find", skip_all)]
    pub async fn calendar(&self, doctor: DoctorId) -> Result<Option<Locked>, Error> {
        let statement = self.client.prepare_cached(FIND).await?;
        self.client.query_opt(&statement, &[&doctor.0]).await?.as_ref().map(Locked::try_from).transpose()
    }

    /// When `doctor` is taken within `span`, by start.
    #[instrument(name = "db.claims.busy", skip_all)]
    pub async fn busy(&self, doctor: DoctorId, span: Interval) -> Result<Vec<Interval>, Error> {
        let statement = self.client.prepare_cached(BUSY).await?;
        let rows = self.client.query(&statement, &[&doctor.0, &span.start, &span.end]).await?;
        let interval =
            |row: &Row| Ok(Interval { start: row.try_get("busy_from")?, end: row.try_get("busy_until")? });
        rows.iter().map(interval).collect()
    }
}

impl Tx<'_> {
    /// Keeps others from changing what is known of `id`, known or not, until the transaction ends.
    #[instrument(name = "db.calendar.reserve", skip_all)]
    pub async fn reserve(&self, id: Uuid) -> Result<(), Error> {
        let statement = self.tx.prepare_cached(RESERVE).await?;
        self.tx.query_one(&statement, &[&id]).await?;
        Ok(())
    }

    /// What `doctor` offers, held still until the transaction ends: bookings with one doctor take turns.
    #[instrument(name = "db.calendar.lock", skip_all)]
    pub async fn lock_calendar(&self, doctor: DoctorId) -> Result<Option<Locked>, Error> {
        let statement = self.tx.prepare_cached(LOCK).await?;
        self.tx.query_opt(&statement, &[&doctor.0]).await?.as_ref().map(Locked::try_from).transpose()
    }

    /// Replaces what a doctor offers, unless a later version is known.
    #[instrument(name = "db.calendar.put", skip_all)]
    pub async fn put_calendar(&self, rules: &Rules) -> Result<(), Error> {
        let windows: Vec<StoredWindow> = rules.windows.iter().map(StoredWindow::from).collect();
        let windows = serde_json::to_value(windows).map_err(|_| unreadable("windows"))?;
        let statement = self.tx.prepare_cached(PUT).await?;
        let Rules { doctor_id, version, is_active, slot_minutes, .. } = rules;
        let zone = rules.zone_name();
        self.tx
            .execute(&statement, &[&doctor_id.0, version, is_active, &zone, slot_minutes, &windows])
            .await?;
        Ok(())
    }

    /// The visits ahead of `doctor`, by start.
    #[instrument(name = "db.appointments.open_of_doctor", skip_all)]
    pub async fn open_visits_of_doctor(
        &self,
        doctor: DoctorId,
    ) -> Result<Vec<(AppointmentId, Interval)>, Error> {
        let statement = self.tx.prepare_cached(OPEN_VISITS_OF_DOCTOR).await?;
        let rows = self.tx.query(&statement, &[&doctor.0]).await?;
        let visit = |row: &Row| {
            let interval = Interval { start: row.try_get("start_time")?, end: row.try_get("end_time")? };
            Ok((AppointmentId(row.try_get("id")?), interval))
        };
        rows.iter().map(visit).collect()
    }

    /// The version of what is known of `patient`, held still until the transaction ends.
    #[instrument(name = "db.party.lock", skip_all)]
    pub async fn lock_party(&self, patient: PatientId) -> Result<Option<i64>, Error> {
        let statement = self.tx.prepare_cached(LOCK_PARTY).await?;
        let row = self.tx.query_opt(&statement, &[&patient.0]).await?;
        row.map(|row| Ok(row.try_get("version")?)).transpose()
    }

    /// Whether `patient` may be booked, true until the transaction ends; none when nothing is known.
    #[instrument(name = "db.party.share", skip_all)]
    pub async fn share_party(&self, patient: PatientId) -> Result<Option<bool>, Error> {
        let statement = self.tx.prepare_cached(SHARE_PARTY).await?;
        let row = self.tx.query_opt(&statement, &[&patient.0]).await?;
        row.map(|row| Ok(row.try_get("is_active")?)).transpose()
    }

    /// Says whether `patient` may be booked, unless a later version is known.
    #[instrument(name = "db.party.put", skip_all)]
    pub async fn put_party(&self, patient: PatientId, version: i64, is_active: bool) -> Result<(), Error> {
        let statement = self.tx.prepare_cached(PUT_PARTY).await?;
        self.tx.execute(&statement, &[&patient.0, &version, &is_active]).await?;
        Ok(())
    }

    /// The visits ahead of `patient`, by start.
    #[instrument(name = "db.appointments.open_of_patient", skip_all)]
    pub async fn open_visits_of_patient(&self, patient: PatientId) -> Result<Vec<AppointmentId>, Error> {
        let statement = self.tx.prepare_cached(OPEN_VISITS_OF_PATIENT).await?;
        let rows = self.tx.query(&statement, &[&patient.0]).await?;
        rows.iter().map(|row| Ok(AppointmentId(row.try_get("id")?))).collect()
    }
}

impl TryFrom<&Row> for Locked {
    type Error = Error;

    fn try_from(row: &Row) -> Result<Self, Error> {
        let windows: Vec<StoredWindow> =
            serde_json::from_value(row.try_get("windows")?).map_err(|_| unreadable("windows"))?;
        let windows = windows.into_iter().map(Window::try_from).collect::<Result<_, _>>()?;
        let rules = Rules {
            doctor_id: DoctorId(row.try_get("doctor_id")?),
            version: row.try_get("version")?,
            is_active: row.try_get("is_active")?,
            zone: TimeZone::get(row.try_get("time_zone")?).map_err(|_| unreadable("time_zone"))?,
            slot_minutes: row.try_get("slot_minutes")?,
            windows,
        };
        Ok(Self { rules, now: row.try_get("now")? })
    }
}

impl From<&Window> for StoredWindow {
    fn from(&Window { weekday, start, end }: &Window) -> Self {
        Self { day: weekday.to_monday_zero_offset(), start, end }
    }
}

impl TryFrom<StoredWindow> for Window {
    type Error = Error;

    fn try_from(StoredWindow { day, start, end }: StoredWindow) -> Result<Self, Error> {
        let weekday = Weekday::from_monday_zero_offset(day).map_err(|_| unreadable("windows"))?;
        Ok(Self { weekday, start, end })
    }
}

fn unreadable(column: &'static str) -> Error {
    Error::Unreadable { table: "calendars", column }
}
