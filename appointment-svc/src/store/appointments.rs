//! Visits, their claims and their history.
use super::{Connection, Error, Tx};
use crate::domain::appointment::Appointment;
use crate::domain::interval::Interval;
use crate::domain::status::Status;
use crate::events::Change;
use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use platform::caller::User;
use proto::ids::{AppointmentId, DoctorId, PatientId};
use proto::scalars::VisitNotes;
use tokio_postgres::Row;
use tracing::instrument;

/// The claim first: `ON CONFLICT DO NOTHING` answers those who come too late without waiting for a deadlock
/// to be found, and without a claim there is no visit.
const INSERT: &str = "
    WITH claim AS (
        INSERT INTO appointment.claims (appointment_id, resource_id, patient_id, busy_from, busy_until, active)
        VALUES ($1, $2, $3, $4, $5, $13)
            ON CONFLICT DO NOTHING
        RETURNING appointment_id),
    visit AS (
        INSERT INTO appointment.appointments
               (id, doctor_id, patient_id, start_time, end_time, time_zone, start_local, status, notes,
                rules_version, is_vouched)
        SELECT appointment_id, $2, $3, $4, $5, $6, $4 AT TIME ZONE $6, $7::text::appointment.appointment_status,
               $8, $9, $10
          FROM claim
        RETURNING created_at, updated_at),
    event AS (
        INSERT INTO appointment.appointment_events
               (appointment_id, version, kind, to_status, start_time, end_time, actor_id, actor_role)
        SELECT appointment_id, 1, $14, $7::text::appointment.appointment_status, $4, $5, $11, $12 FROM claim)
    SELECT created_at, updated_at FROM visit";

const RELEASE: &str = "
    UPDATE appointment.claims SET active = false WHERE appointment_id = $1 AND active";

const CLAIM: &str = "
    INSERT INTO appointment.claims (appointment_id, resource_id, patient_id, busy_from, busy_until)
    VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT DO NOTHING";

const UPDATE: &str = "
    WITH event AS (
        INSERT INTO appointment.appointment_events
               (appointment_id, version, kind, from_status, to_status, start_time, end_time, actor_id, actor_role)
        SELECT id, $2, $3, status, $4::text::appointment.appointment_status, $5, $6, $7, $8
          FROM appointment.appointments
         WHERE id = $1)
    UPDATE appointment.appointments
       SET version = $2, status = $4::text::appointment.appointment_status, start_time = $5, end_time = $6,
           start_local = $5 AT TIME ZONE time_zone, notes = $9, is_vouched = $10,
           updated_at = clock_timestamp()
     WHERE id = $1
    RETURNING updated_at";

const FIND: &str = "
    SELECT id, patient_id, doctor_id, start_time, end_time, time_zone, status::text AS status, notes, is_vouched,
           version, created_at, updated_at, clock_timestamp() AS now
      FROM appointment.appointments
     WHERE id = $1";

const LOCK: &str = "
    SELECT id, patient_id, doctor_id, start_time, end_time, time_zone, status::text AS status, notes, is_vouched,
           version, created_at, updated_at, clock_timestamp() AS now
      FROM appointment.appointments
     WHERE id = $1
       FOR UPDATE";

const DOCTOR_IS_TAKEN: &str = "
    SELECT EXISTS (
        SELECT 1 FROM appointment.claims
         WHERE active AND resource_id = $1 AND busy && tstzrange($2, $3, '[)'))";

const NOW: &str = "SELECT clock_timestamp() AS now";

/// Whose time is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    Doctor,
    Patient,
}

impl Connection {
    /// A visit, and the time by the clock of the database.
    #[instrument(name = "db.appointment.find", skip_all, fields(appointment.id = %id))]
    pub async fn find(&self, id: AppointmentId) -> Result<Option<(Appointment, Timestamp)>, Error> {
        find(&self.client, FIND, id).await
    }

    /// The time by the clock of the database, which is the one that counts for bookings.
    #[instrument(name = "db.now", skip_all)]
    pub async fn now(&self) -> Result<Timestamp, Error> {
        let statement = self.client.prepare_cached(NOW).await?;
        Ok(self.client.query_one(&statement, &[]).await?.try_get("now")?)
    }
}

impl Tx<'_> {
    /// A visit, held still until the transaction ends, and the time by the clock of the database.
    #[instrument(name = "db.appointment.lock", skip_all, fields(appointment.id = %id))]
    pub async fn lock(&self, id: AppointmentId) -> Result<Option<(Appointment, Timestamp)>, Error> {
        find(&self.tx, LOCK, id).await
    }

    /// Books `a` with its claim and the first entry of its history. The doctor's calendar must be locked.
    #[instrument(name = "db.appointment.insert", skip_all, fields(appointment.id = %a.id))]
    pub async fn insert(
        &self,
        a: &mut Appointment,
        rules_version: i64,
        change: Change,
        by: &User,
    ) -> Result<Result<(), Taken>, Error> {
        let Interval { start, end } = a.visit;
        let notes = notes(a);
        let zone = a.zone.iana_name().unwrap_or("UTC");
        let statement = self.tx.prepare_cached(INSERT).await?;
        let row = self
            .tx
            .query_opt(
                &statement,
                &[
                    &a.id.0,
                    &a.doctor_id.0,
                    &a.patient_id.0,
                    &start,
                    &end,
                    &zone,
                    &a.status.name(),
                    &notes,
                    &rules_version,
                    &a.is_vouched,
                    &by.id.0,
                    &by.role.name(),
                    &a.status.occupies(),
                    &change.name(),
                ],
            )
            .await?;
        let Some(row) = row else { return Ok(Err(self.taken(a.doctor_id, a.visit).await?)) };
        a.created_at = row.try_get("created_at")?;
        a.updated_at = row.try_get("updated_at")?;
        Ok(Ok(()))
    }

    /// Frees the time of a visit.
    #[instrument(name = "db.claims.release", skip_all, fields(appointment.id = %id))]
    pub async fn release(&self, id: AppointmentId) -> Result<(), Error> {
        let statement = self.tx.prepare_cached(RELEASE).await?;
        self.tx.execute(&statement, &[&id.0]).await?;
        Ok(())
    }

    /// Takes the time of `a` anew. The doctor's calendar must be locked.
    #[instrument(name = "db.claims.claim", skip_all, fields(appointment.id = %a.id))]
    pub async fn claim(&self, a: &Appointment) -> Result<Result<(), Taken>, Error> {
        let Interval { start, end } = a.visit;
        let statement = self.tx.prepare_cached(CLAIM).await?;
        let claimed =
            self.tx.execute(&statement, &[&a.id.0, &a.doctor_id.0, &a.patient_id.0, &start, &end]).await?;
        if claimed == 1 { Ok(Ok(())) } else { Ok(Err(self.taken(a.doctor_id, a.visit).await?)) }
    }

    /// Writes `a` as its next version, with an entry in its history. The visit must be locked.
    #[instrument(name = "db.appointment.update", skip_all, fields(appointment.id = %a.id))]
    pub async fn update(&self, a: &mut Appointment, change: Change, by: &User) -> Result<(), Error> {
        a.version += 1;
        let Interval { start, end } = a.visit;
        let notes = notes(a);
        let statement = self.tx.prepare_cached(UPDATE).await?;
        let row = self
            .tx
            .query_one(
                &statement,
                &[
                    &a.id.0,
                    &a.version,
                    &change.name(),
                    &a.status.name(),
                    &start,
                    &end,
                    &by.id.0,
                    &by.role.name(),
                    &notes,
                    &a.is_vouched,
                ],
            )
            .await?;
        a.updated_at = row.try_get("updated_at")?;
        Ok(())
    }

    /// Who it was that had no time: the doctor, or else the patient.
    async fn taken(&self, doctor: DoctorId, visit: Interval) -> Result<Taken, Error> {
        let statement = self.tx.prepare_cached(DOCTOR_IS_TAKEN).await?;
        let row = self.tx.query_one(&statement, &[&doctor.0, &visit.start, &visit.end]).await?;
        Ok(if row.try_get(0)? { Taken::Doctor } else { Taken::Patient })
    }
}

async fn find(
    client: &impl GenericClient,
    statement: &str,
    id: AppointmentId,
) -> Result<Option<(Appointment, Timestamp)>, Error> {
    let statement = client.prepare_cached(statement).await?;
    let row = client.query_opt(&statement, &[&id.0]).await?;
    row.map(|row| Ok((Appointment::try_from(&row)?, row.try_get("now")?))).transpose()
}

fn notes(a: &Appointment) -> &str {
    a.notes.as_ref().map_or("", VisitNotes::as_str)
}

impl TryFrom<&Row> for Appointment {
    type Error = Error;

    fn try_from(row: &Row) -> Result<Self, Error> {
        let unreadable = |column| Error::Unreadable { table: "appointments", column };
        let notes: String = row.try_get("notes")?;
        let notes = if notes.is_empty() { None } else { Some(notes) };
        Ok(Self {
            id: AppointmentId(row.try_get("id")?),
            patient_id: PatientId(row.try_get("patient_id")?),
            doctor_id: DoctorId(row.try_get("doctor_id")?),
            visit: Interval { start: row.try_get("start_time")?, end: row.try_get("end_time")? },
            zone: TimeZone::get(row.try_get("time_zone")?).map_err(|_| unreadable("time_zone"))?,
            status: Status::parse(row.try_get("status")?).ok_or_else(|| unreadable("status"))?,
            notes: notes.map(VisitNotes::try_from).transpose().map_err(|_| unreadable("notes"))?,
            is_vouched: row.try_get("is_vouched")?,
            version: row.try_get("version")?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
        })
    }
}
