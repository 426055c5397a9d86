//! Visits, their claims and their history.
use super::{Connection, Error, Tx};
use crate::domain::appointment::{Appointment, Membership};
use crate::domain::interval::Interval;
use crate::domain::leave::Leave;
use crate::domain::slots::Placement;
use crate::domain::status::Status;
use crate::domain::why::Why;
use crate::domain::zone;
use crate::events::Change;
use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use platform::caller::User;
use proto::cancellation::CancellationReason;
use proto::ids::{AppointmentId, DoctorId, LocationId, PatientId, RoomId, SeriesId, VisitTypeId};
use proto::scalars::{ChangeNote, SubStatus, VisitNotes};
use tokio_postgres::Row;
use tracing::instrument;
use uuid::Uuid;

/// The beginning of every statement that reads visits: what [`Appointment`] is made of.
macro_rules! columns {
    () => {
        "SELECT id, patient_id, doctor_id, start_time, end_time, time_zone, status::text AS status,
                coalesce(status_since, updated_at) AS status_since, notes, sub_status, is_vouched,
                visit_type_id, location_id, room_id, terms, is_overbooked, respond_by, cancel_reason, is_late_cancel,
                reschedule_count, last_change IN ('rescheduled', 'status_changed', 'cancelled') AS is_undoable,
                series_id, occurrence_local, version, schedule_version, created_at, updated_at"
    };
}
pub(super) use columns;

/// The claims first: `ON CONFLICT DO NOTHING` answers those who come too late without waiting for a deadlock to be
/// found, and without its claims there is no visit.
const INSERT: &str = "
    WITH room AS (
        INSERT INTO appointment.claims
               (appointment_id, resource_id, lane, session_id, busy_from, busy_until, visit_from, visit_until, active,
                hold_until)
        SELECT $1, $16::uuid, $27, $17, $18, $19, $4, $5, $13, $24 WHERE $16::uuid IS NOT NULL
            ON CONFLICT DO NOTHING
        RETURNING appointment_id),
    claim AS (
        INSERT INTO appointment.claims
               (appointment_id, resource_id, patient_id, lane, session_id, busy_from, busy_until, visit_from,
                visit_until, active, hold_until)
        SELECT $1, $2, $3, $20, $17, $18, $19, $4, $5, $13, $24
         WHERE $16::uuid IS NULL OR EXISTS (SELECT 1 FROM room)
            ON CONFLICT DO NOTHING
        RETURNING appointment_id),
    visit AS (
        INSERT INTO appointment.appointments
               (id, doctor_id, patient_id, start_time, end_time, time_zone, start_local, status, notes,
                rules_version, is_vouched, visit_type_id, room_id, location_id, terms, is_overbooked, respond_by)
        SELECT appointment_id, $2, $3, $4, $5, $6, $23, $7::text::appointment.appointment_status,
               $8, $9, $10, $15, $16, $21, $22, $20 >= 100, $24
          FROM claim
        RETURNING created_at, updated_at),
    event AS (
        INSERT INTO appointment.appointment_events
               (appointment_id, version, kind, to_status, start_time, end_time, actor_id, actor_role, reason_code, note,
                doctor_id, time_zone, location_id, room_id)
        SELECT appointment_id, 1, $14, $7::text::appointment.appointment_status, $4, $5, $11, $12, $25, $26,
               $2, $6, $21, $16
          FROM claim)
    SELECT created_at, updated_at FROM visit";

const CLAIM: &str = "
    WITH room AS (
        INSERT INTO appointment.claims
               (appointment_id, resource_id, lane, session_id, busy_from, busy_until, visit_from, visit_until)
        SELECT $1, $6::uuid, $11, $7, $8, $9, $4, $5 WHERE $6::uuid IS NOT NULL
            ON CONFLICT DO NOTHING
        RETURNING appointment_id)
    INSERT INTO appointment.claims
           (appointment_id, resource_id, patient_id, lane, session_id, busy_from, busy_until, visit_from, visit_until)
    SELECT $1, $2, $3, $10, $7, $8, $9, $4, $5
     WHERE $6::uuid IS NULL OR EXISTS (SELECT 1 FROM room)
        ON CONFLICT DO NOTHING";

const UPDATE: &str = "
    WITH event AS (
        INSERT INTO appointment.appointment_events
               (appointment_id, version, kind, from_status, to_status, start_time, end_time, actor_id, actor_role,
                reason_code, note, is_vouched, cancel_reason, is_late_cancel, reschedule_count,
                doctor_id, time_zone, location_id, room_id)
        SELECT id, $2, $3, status, $4::text::appointment.appointment_status, $5, $6, $7, $8,
               $11, $12, $10, $13, $14, $15, $22, $17, $20, $19
          FROM appointment.appointments
         WHERE id = $1)
    UPDATE appointment.appointments
       SET version = $2, status = $4::text::appointment.appointment_status, start_time = $5, end_time = $6,
           time_zone = $17, start_local = $18, room_id = $19, location_id = $20, is_overbooked = $21, doctor_id = $22,
           notes = $9, is_vouched = $10, cancel_reason = $13,
           is_late_cancel = $14, reschedule_count = $15, sub_status = $16, last_change = $3,
           status_since = CASE WHEN status = $4::text::appointment.appointment_status
                               THEN coalesce(status_since, updated_at) ELSE clock_timestamp() END,
           updated_at = clock_timestamp()
     WHERE id = $1
    RETURNING updated_at, status_since, schedule_version";

/// What is held is no visit yet.
const FIND: &str = concat!(
    columns!(),
    ", clock_timestamp() AS now FROM appointment.appointments WHERE id = $1 AND hold_token IS NULL"
);

const LOCK: &str = concat!(
    columns!(),
    ", clock_timestamp() AS now FROM appointment.appointments WHERE id = $1 AND hold_token IS NULL FOR UPDATE"
);

/// In order, so that no two who lock several wait for each other.
const LOCK_ALL: &str =
    concat!(columns!(), " FROM appointment.appointments WHERE id = ANY($1) ORDER BY id FOR UPDATE");

const PATIENTS_OF: &str = "SELECT DISTINCT patient_id FROM appointment.appointments WHERE id = ANY($1)";

const WHOSE: &str = "
    SELECT EXISTS (
        SELECT 1 FROM appointment.claims
         WHERE active AND patient_id = $1 AND appointment_id <> $4
           AND tstzrange(coalesce(visit_from, busy_from), coalesce(visit_until, busy_until), '[)') && tstzrange($2, $3, '[)'))";

const NOW: &str = "SELECT clock_timestamp() AS now";

/// Whose time is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    Patient,
    /// The doctor or the room.
    Resource,
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

    /// Whose visits these are.
    #[instrument(name = "db.appointment.patients_of", skip_all)]
    pub async fn patients_of(&self, ids: &[AppointmentId]) -> Result<Vec<PatientId>, Error> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let statement = self.tx.prepare_cached(PATIENTS_OF).await?;
        let rows = self.tx.query(&statement, &[&ids]).await?;
        rows.iter().map(|row| Ok(PatientId(row.try_get("patient_id")?))).collect()
    }

    /// Visits, held still until the transaction ends.
    #[instrument(name = "db.appointment.lock_all", skip_all)]
    pub async fn lock_visits(&self, ids: &[AppointmentId]) -> Result<Vec<Appointment>, Error> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let statement = self.tx.prepare_cached(LOCK_ALL).await?;
        self.tx.query(&statement, &[&ids]).await?.iter().map(Appointment::try_from).collect()
    }

    /// Books `a` with its claims and the first entry of its history. The doctor's calendar must be locked.
    #[instrument(name = "db.appointment.insert", skip_all, fields(appointment.id = %a.id))]
    pub async fn insert(
        &self,
        a: &mut Appointment,
        place: &Placement,
        rules_version: i64,
        change: Change,
        leave: Option<&Leave>,
        by: &User,
    ) -> Result<Result<(), Conflict>, Error> {
        let Interval { start, end } = a.visit;
        let notes = notes(a);
        let (reason_code, reason) = reason(leave);
        let terms = serde_json::to_value(&a.terms).map_err(|_| unreadable("terms"))?;
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
                    &zone::name(&a.zone),
                    &a.status.name(),
                    &notes,
                    &rules_version,
                    &a.is_vouched,
                    &by.id.0,
                    &by.role.name(),
                    &a.status.occupies(),
                    &change.name(),
                    &a.visit_type_id.map(|id| id.0),
                    &a.room_id.map(|id| id.0),
                    &place.session,
                    &place.busy.start,
                    &place.busy.end,
                    &place.lane,
                    &a.location_id.map(|id| id.0),
                    &terms,
                    &a.start_local(),
                    &a.respond_by,
                    &reason_code,
                    &reason,
                    &place.room_lane,
                ],
            )
            .await?;
        let Some(row) = row else { return Ok(Err(self.conflict(a).await?)) };
        a.created_at = row.try_get("created_at")?;
        a.updated_at = row.try_get("updated_at")?;
        self.changed(change, a, reason_code);
        Ok(Ok(()))
    }

    /// Takes the time of `a` anew. The doctor's calendar must be locked.
    #[instrument(name = "db.claims.claim", skip_all, fields(appointment.id = %a.id))]
    pub async fn claim(&self, a: &Appointment, place: &Placement) -> Result<Result<(), Conflict>, Error> {
        let Interval { start, end } = a.visit;
        let statement = self.tx.prepare_cached(CLAIM).await?;
        let claimed = self
            .tx
            .execute(
                &statement,
                &[
                    &a.id.0,
                    &a.doctor_id.0,
                    &a.patient_id.0,
                    &start,
                    &end,
                    &a.room_id.map(|id| id.0),
                    &place.session,
                    &place.busy.start,
                    &place.busy.end,
                    &place.lane,
                    &place.room_lane,
                ],
            )
            .await?;
        if claimed == 1 { Ok(Ok(())) } else { Ok(Err(self.conflict(a).await?)) }
    }

    /// Writes `a` as its next version, with an entry in its history. The visit must be locked.
    #[instrument(name = "db.appointment.update", skip_all, fields(appointment.id = %a.id))]
    pub async fn update(
        &self,
        a: &mut Appointment,
        change: Change,
        why: &Why,
        by: &User,
    ) -> Result<(), Error> {
        a.version += 1;
        a.is_undoable = change.is_undoable();
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
                    &why.code(),
                    &why.note.as_ref().map_or("", ChangeNote::as_str),
                    &code(a.cancel_reason),
                    &a.is_late_cancel,
                    &a.reschedule_count,
                    &a.sub_status.as_ref().map_or("", SubStatus::as_str),
                    &zone::name(&a.zone),
                    &a.start_local(),
                    &a.room_id.map(|id| id.0),
                    &a.location_id.map(|id| id.0),
                    &a.is_overbooked,
                    &a.doctor_id.0,
                ],
            )
            .await?;
        a.updated_at = row.try_get("updated_at")?;
        a.status_since = row.try_get("status_since")?;
        a.schedule_version = row.try_get("schedule_version")?;
        self.changed(change, a, why.code());
        Ok(())
    }

    /// Who it was that had no time.
    pub(super) async fn conflict(&self, a: &Appointment) -> Result<Conflict, Error> {
        let statement = self.tx.prepare_cached(WHOSE).await?;
        let Interval { start, end } = a.visit;
        let row = self.tx.query_one(&statement, &[&a.patient_id.0, &start, &end, &a.id.0]).await?;
        Ok(if row.try_get(0)? { Conflict::Patient } else { Conflict::Resource })
    }
}

async fn find(
    client: &impl GenericClient,
    statement: &str,
    id: AppointmentId,
) -> Result<Option<(Appointment, Timestamp)>, Error> {
    let statement = client.prepare_cached(statement).await?;
    let row = client.query_opt(&statement, &[&id.0]).await?;
    let found = |row: Row| {
        let now = row.try_get("now")?;
        Ok((Appointment::try_from(&row)?.at(now), now))
    };
    row.map(found).transpose()
}

/// Code and words of why a visit is booked against a rule.
fn reason(leave: Option<&Leave>) -> (&'static str, &str) {
    leave.map_or(("", ""), |leave| (leave.lift.code(), leave.reason.as_str()))
}

pub(super) fn notes(a: &Appointment) -> &str {
    a.notes.as_ref().map_or("", VisitNotes::as_str)
}

fn code(reason: Option<CancellationReason>) -> &'static str {
    reason.map_or("", CancellationReason::code)
}

/// What an empty text stands for, or else what the text says.
fn given<T: TryFrom<String>>(row: &Row, column: &'static str) -> Result<Option<T>, Error> {
    let text: String = row.try_get(column)?;
    if text.is_empty() {
        return Ok(None);
    }
    T::try_from(text).map(Some).map_err(|_| Error::Unreadable { table: "appointments", column })
}

impl TryFrom<&Row> for Appointment {
    type Error = Error;

    fn try_from(row: &Row) -> Result<Self, Error> {
        let optional = |column| row.try_get::<_, Option<Uuid>>(column);
        Ok(Self {
            id: AppointmentId(row.try_get("id")?),
            patient_id: PatientId(row.try_get("patient_id")?),
            doctor_id: DoctorId(row.try_get("doctor_id")?),
            visit_type_id: optional("visit_type_id")?.map(VisitTypeId),
            visit: Interval { start: row.try_get("start_time")?, end: row.try_get("end_time")? },
            location_id: optional("location_id")?.map(LocationId),
            room_id: optional("room_id")?.map(RoomId),
            terms: serde_json::from_value(row.try_get("terms")?).map_err(|_| unreadable("terms"))?,
            is_overbooked: row.try_get("is_overbooked")?,
            zone: TimeZone::get(row.try_get("time_zone")?).map_err(|_| unreadable("time_zone"))?,
            status: Status::parse(row.try_get("status")?).ok_or_else(|| unreadable("status"))?,
            status_since: row.try_get("status_since")?,
            notes: given(row, "notes")?,
            sub_status: given(row, "sub_status")?,
            is_vouched: row.try_get("is_vouched")?,
            series: membership(row)?,
            respond_by: row.try_get("respond_by")?,
            cancel_reason: given(row, "cancel_reason")?,
            is_late_cancel: row.try_get("is_late_cancel")?,
            reschedule_count: row.try_get("reschedule_count")?,
            is_undoable: row.try_get("is_undoable")?,
            version: row.try_get("version")?,
            schedule_version: row.try_get("schedule_version")?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
        })
    }
}

fn membership(row: &Row) -> Result<Option<Membership>, Error> {
    let id: Option<Uuid> = row.try_get("series_id")?;
    let occurrence = row.try_get("occurrence_local")?;
    Ok(id.zip(occurrence).map(|(id, occurrence)| Membership { id: SeriesId(id), occurrence }))
}

pub(super) fn unreadable(column: &'static str) -> Error {
    Error::Unreadable { table: "appointments", column }
}
