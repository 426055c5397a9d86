//! What doctors offer, and who may be booked: the projections that make booking independent of other services.
use super::{Connection, Error, Tx};
use crate::domain::interval::Interval;
use crate::domain::rules::{Hours, Rules, Window};
use crate::domain::zone;
use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use proto::ids::{AppointmentId, DoctorId, PatientId};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use tracing::instrument;
use uuid::Uuid;

const FIND: &str = "
    SELECT doctor_id, version, is_active, time_zone, slot_minutes, windows, extras,
           clock_timestamp() AS now
      FROM appointment.calendars
     WHERE doctor_id = $1";

const LOCK: &str = "
    SELECT doctor_id, version, is_active, time_zone, slot_minutes, windows, extras,
           clock_timestamp() AS now
      FROM appointment.calendars
     WHERE doctor_id = $1
       FOR NO KEY UPDATE";

const PUT: &str = "
    INSERT INTO appointment.calendars (doctor_id, version, is_active, time_zone, slot_minutes, windows, extras)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (doctor_id) DO UPDATE
       SET version = excluded.version, is_active = excluded.is_active, time_zone = excluded.time_zone,
           slot_minutes = excluded.slot_minutes, windows = excluded.windows, extras = excluded.extras
     WHERE calendars.version < excluded.version";

/// Of active doctors, by what they are asked for.
const FIND_ALL: &str = "
    SELECT doctor_id, version, is_active, time_zone, slot_minutes, windows, extras, clock_timestamp() AS now
      FROM appointment.calendars
     WHERE is_active
       AND (cardinality($1::uuid[]) = 0 OR doctor_id = ANY($1))
       AND ($2 = '' OR lower(extras->>'specialization') = lower($2))
       AND ($3 = '' OR extras->'languages' ? $3)
     ORDER BY doctor_id
     LIMIT $4";

/// In order, so that no two who lock several wait for each other.
const LOCK_ALL: &str = "
    SELECT doctor_id, version, is_active, time_zone, slot_minutes, windows, extras, clock_timestamp() AS now
      FROM appointment.calendars
     WHERE $1::uuid[] IS NULL OR doctor_id = ANY($1)
     ORDER BY doctor_id
       FOR NO KEY UPDATE";

const OPEN_VISITS_OF_DOCTOR: &str = "
    SELECT id, start_time, end_time
      FROM appointment.appointments
     WHERE doctor_id = $1 AND end_time > clock_timestamp() AND status IN ('requested', 'scheduled', 'confirmed')
     ORDER BY start_time, id";

const OPEN_VISITS_IN_ROOMS: &str = "
    SELECT id
      FROM appointment.appointments
     WHERE room_id = ANY($1) AND end_time > clock_timestamp() AND status IN ('held', 'requested', 'scheduled', 'confirmed')
     ORDER BY start_time, id";

/// Holds back others who would write the first row of the same id; a row that is not there cannot be locked.
const RESERVE: &str = "SELECT pg_advisory_xact_lock(hashtextextended($1::uuid::text, 0))";

const LOCK_PARTY: &str = "
    SELECT version FROM appointment.parties WHERE patient_id = $1 FOR UPDATE";

/// Not shared: a patient who moves visits with two doctors, each to the time of the other, would wait in a circle.
const HOLD_PARTY: &str = "
    SELECT is_active FROM appointment.parties WHERE patient_id = $1 FOR NO KEY UPDATE";

/// In order, so that no two who hold several wait for each other.
const HOLD_PARTIES: &str = "
    SELECT FROM appointment.parties WHERE patient_id = ANY($1) ORDER BY patient_id FOR NO KEY UPDATE";

const KNOWS: &str = "SELECT EXISTS (SELECT FROM appointment.parties WHERE patient_id = $1)";

const PUT_PARTY: &str = "
    INSERT INTO appointment.parties (patient_id, version, is_active)
    VALUES ($1, $2, $3)
        ON CONFLICT (patient_id) DO UPDATE
       SET version = excluded.version, is_active = excluded.is_active
     WHERE parties.version < excluded.version";

const OPEN_VISITS_OF_PATIENT: &str = "
    SELECT id
      FROM appointment.appointments
     WHERE patient_id = $1 AND end_time > clock_timestamp() AND status IN ('requested', 'scheduled', 'confirmed')
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
    #[serde(flatten)]
    hours: Hours,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Date>,
}

impl Connection {
    /// Whether anything was heard of a patient.
    #[instrument(name = "db.parties.knows", skip_all)]
    pub async fn knows_party(&self, patient: PatientId) -> Result<bool, Error> {
        let statement = self.client.prepare_cached(KNOWS).await?;
        Ok(self.client.query_one(&statement, &[&patient.0]).await?.try_get(0)?)
    }

    /// What `doctor` offers; none when nothing is known of the doctor.
    #[instrument(name = "db.calendar.find", skip_all)]
    pub async fn calendar(&self, doctor: DoctorId) -> Result<Option<Locked>, Error> {
        one(&self.client, FIND, doctor).await
    }

    /// The rules of active doctors: of `doctors` or of all, by `specialization` and `language` if not empty.
    #[instrument(name = "db.calendars.find_all", skip_all)]
    pub async fn calendars(
        &self,
        doctors: &[DoctorId],
        specialization: &str,
        language: &str,
        limit: i64,
    ) -> Result<Vec<Locked>, Error> {
        let doctors: Vec<Uuid> = doctors.iter().map(|doctor| doctor.0).collect();
        let statement = self.client.prepare_cached(FIND_ALL).await?;
        let rows = self.client.query(&statement, &[&doctors, &specialization, &language, &limit]).await?;
        rows.iter().map(Locked::try_from).collect()
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
        one(&self.tx, LOCK, doctor).await
    }

    /// What each of `doctors` offers, or every doctor, held still until the transaction ends: nobody books meanwhile.
    #[instrument(name = "db.calendar.lock_all", skip_all)]
    pub async fn lock_calendars(&self, doctors: Option<&[DoctorId]>) -> Result<Vec<Locked>, Error> {
        let doctors: Option<Vec<Uuid>> = doctors.map(|ids| ids.iter().map(|id| id.0).collect());
        let statement = self.tx.prepare_cached(LOCK_ALL).await?;
        self.tx.query(&statement, &[&doctors]).await?.iter().map(Locked::try_from).collect()
    }

    /// Replaces what a doctor offers, unless a later version is known.
    #[instrument(name = "db.calendar.put", skip_all)]
    pub async fn put_calendar(&self, rules: &Rules) -> Result<(), Error> {
        let windows: Vec<StoredWindow> = rules.windows.iter().map(StoredWindow::from).collect();
        let windows = serde_json::to_value(windows).map_err(|_| unreadable("windows"))?;
        let Rules { doctor_id, version, is_active, zone, slot_minutes, windows: _, extras } = rules;
        let extras = serde_json::to_value(extras).map_err(|_| unreadable("extras"))?;
        let statement = self.tx.prepare_cached(PUT).await?;
        self.tx
            .execute(
                &statement,
                &[&doctor_id.0, version, is_active, &zone::name(zone), slot_minutes, &windows, &extras],
            )
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

    /// The visits ahead in any of `rooms`, by start.
    #[instrument(name = "db.appointments.open_in_rooms", skip_all)]
    pub async fn open_visits_in_rooms(&self, rooms: &[Uuid]) -> Result<Vec<AppointmentId>, Error> {
        if rooms.is_empty() {
            return Ok(Vec::new());
        }
        let statement = self.tx.prepare_cached(OPEN_VISITS_IN_ROOMS).await?;
        let rows = self.tx.query(&statement, &[&rooms]).await?;
        rows.iter().map(|row| Ok(AppointmentId(row.try_get("id")?))).collect()
    }

    /// The version of what is known of `patient`, held still until the transaction ends.
    #[instrument(name = "db.party.lock", skip_all)]
    pub async fn lock_party(&self, patient: PatientId) -> Result<Option<i64>, Error> {
        let statement = self.tx.prepare_cached(LOCK_PARTY).await?;
        let row = self.tx.query_opt(&statement, &[&patient.0]).await?;
        row.map(|row| Ok(row.try_get("version")?)).transpose()
    }

    /// Whether `patient` may be booked, true until the transaction ends; none when nothing is known.
    #[instrument(name = "db.party.hold", skip_all)]
    pub async fn hold_party(&self, patient: PatientId) -> Result<Option<bool>, Error> {
        let statement = self.tx.prepare_cached(HOLD_PARTY).await?;
        let row = self.tx.query_opt(&statement, &[&patient.0]).await?;
        row.map(|row| Ok(row.try_get("is_active")?)).transpose()
    }

    /// Lets nobody else book for `patients` until the transaction ends.
    #[instrument(name = "db.party.hold_all", skip_all)]
    pub async fn hold_parties(&self, patients: &[PatientId]) -> Result<(), Error> {
        let patients: Vec<Uuid> = patients.iter().map(|patient| patient.0).collect();
        let statement = self.tx.prepare_cached(HOLD_PARTIES).await?;
        self.tx.execute(&statement, &[&patients]).await?;
        Ok(())
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
            extras: serde_json::from_value(row.try_get("extras")?).map_err(|_| unreadable("extras"))?,
        };
        Ok(Self { rules, now: row.try_get("now")? })
    }
}

impl From<&Window> for StoredWindow {
    fn from(&Window { weekday, hours, valid_from, valid_until }: &Window) -> Self {
        Self { day: weekday.to_monday_zero_offset(), hours, from: valid_from, until: valid_until }
    }
}

impl TryFrom<StoredWindow> for Window {
    type Error = Error;

    fn try_from(StoredWindow { day, hours, from, until }: StoredWindow) -> Result<Self, Error> {
        let weekday = Weekday::from_monday_zero_offset(day).map_err(|_| unreadable("windows"))?;
        Ok(Self { weekday, hours, valid_from: from, valid_until: until })
    }
}

async fn one(
    client: &impl GenericClient,
    statement: &str,
    doctor: DoctorId,
) -> Result<Option<Locked>, Error> {
    let statement = client.prepare_cached(statement).await?;
    client.query_opt(&statement, &[&doctor.0]).await?.as_ref().map(Locked::try_from).transpose()
}

fn unreadable(column: &'static str) -> Error {
    Error::Unreadable { table: "calendars", column }
}
