//! Times that are kept for somebody: rows of visits that are none yet, with claims that run out.
//!
//! The claims of a hold change only under the lock on its row, so that none of those who end holds wait for each other.
use super::appointments::{Conflict, columns, notes, unreadable};
use super::{Connection, Error, Tx, audited};
use crate::domain::appointment::Appointment;
use crate::domain::diary::{OFFERER, Reader};
use crate::domain::hold::{Hold, Token};
use crate::domain::interval::Interval;
use crate::domain::slots::Placement;
use crate::domain::status::Status;
use crate::domain::zone;
use crate::events::{self, Change, Versions};
use jiff::{SignedDuration, Timestamp};
use platform::caller::User;
use proto::ids::{AppointmentId, DoctorId, PatientId, UserId};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use tracing::instrument;
use uuid::Uuid;

const INSERT: &str = "
    WITH room AS (
        INSERT INTO appointment.claims
               (appointment_id, resource_id, lane, session_id, busy_from, busy_until, visit_from, visit_until, hold_until,
                held_by)
        SELECT $1, $14::uuid, $20, $15, $16, $17, $4, $5, $9, $8 WHERE $14::uuid IS NOT NULL
            ON CONFLICT DO NOTHING
        RETURNING appointment_id),
    claim AS (
        INSERT INTO appointment.claims
               (appointment_id, resource_id, patient_id, lane, session_id, busy_from, busy_until, visit_from,
                visit_until, hold_until, held_by)
        SELECT $1, $2, $3, $18, $15, $16, $17, $4, $5, $9, $8
         WHERE $14::uuid IS NULL OR EXISTS (SELECT 1 FROM room)
            ON CONFLICT DO NOTHING
        RETURNING appointment_id)
    INSERT INTO appointment.appointments
           (id, doctor_id, patient_id, start_time, end_time, time_zone, start_local, status, rules_version, is_vouched,
            held_by, hold_until, held_since, hold_token, visit_type_id, room_id, location_id, terms)
    SELECT appointment_id, $2, $3, $4, $5, $6, $4 AT TIME ZONE $6, 'held', $7, false,
           $8, $9, $10, $11, $12, $14, $13, $19
      FROM claim";

macro_rules! holds {
    ($condition:literal) => {
        concat!(
            columns!(),
            ", held_since, hold_until, hold_token, clock_timestamp() AS now
               FROM appointment.appointments
              WHERE hold_token IS NOT NULL AND ",
            $condition,
            " FOR UPDATE"
        )
    };
}

const LOCK: &str = holds!("id = $1");

const LOCK_BY_TOKEN: &str = holds!("hold_token = $1");

/// Also of one that was booked.
const DIGEST: &str =
    "SELECT coalesce(hold_token, booked_with) AS digest FROM appointment.appointments WHERE id = $1";

const RENEW: &str = "
    WITH claim AS (
        UPDATE appointment.claims SET hold_until = $2 WHERE appointment_id = $1 AND active)
    UPDATE appointment.appointments SET hold_until = $2, updated_at = clock_timestamp() WHERE id = $1";

/// As booking anew would write it, but that the claims stay.
const CONVERT: &str = "
    WITH claim AS (
        UPDATE appointment.claims SET hold_until = $9, held_by = NULL WHERE appointment_id = $1 AND active),
    event AS (
        INSERT INTO appointment.appointment_events
               (appointment_id, version, kind, to_status, start_time, end_time, actor_id, actor_role,
                doctor_id, time_zone, location_id, room_id)
        SELECT id, version, $2, $3::text::appointment.appointment_status, start_time, end_time, $4, $5,
               doctor_id, time_zone, location_id, room_id
          FROM appointment.appointments
         WHERE id = $1)
    UPDATE appointment.appointments
       SET status = $3::text::appointment.appointment_status, notes = $6, is_vouched = $7, rules_version = $8,
           respond_by = $9, hold_until = NULL, hold_token = NULL, booked_with = hold_token,
           status_since = clock_timestamp(), created_at = clock_timestamp(), updated_at = clock_timestamp()
     WHERE id = $1
    RETURNING created_at, updated_at";

const COUNT: &str = "
    SELECT count(*), coalesce(ceil(extract(epoch FROM min(hold_until) - clock_timestamp())), 0)::bigint AS wait_seconds
      FROM appointment.appointments
     WHERE patient_id = $1 AND status = 'held' AND hold_until > clock_timestamp() AND held_by <> $2";

const BOOKED_WITH: &str =
    concat!(columns!(), ", clock_timestamp() AS now FROM appointment.appointments WHERE booked_with = $1");

/// A hold has no history, a request that nobody answered does: nobody in particular ends it.
macro_rules! end {
    ($which:literal) => {
        concat!(
            "WITH gone AS MATERIALIZED (
                 SELECT id, doctor_id, status = 'requested' AS is_request, version, start_time, end_time, time_zone, location_id, room_id
                   FROM appointment.appointments WHERE ",
            $which,
            "),
             released AS (
                 UPDATE appointment.claims SET active = false
                  WHERE active AND appointment_id IN (SELECT id FROM gone)
                 RETURNING appointment_id, resource_id, busy_from, busy_until),
             opening AS (
                 INSERT INTO appointment.openings (resource_id, from_time, until_time, appointment_id, depth)
                 SELECT resource_id, busy_from, busy_until, coalesce(freed_appointment_id, appointment_id),
                        coalesce(depth, 0)
                   FROM released LEFT JOIN appointment.waitlist_offers ON hold_id = appointment_id
                  WHERE busy_until > clock_timestamp()),
             offer AS (
                 UPDATE appointment.waitlist_offers SET state = 'withdrawn', answered_at = clock_timestamp()
                  WHERE state = 'open' AND expires_at > clock_timestamp() AND hold_id IN (SELECT id FROM gone)),
             event AS (
                 INSERT INTO appointment.appointment_events
                        (appointment_id, version, kind, from_status, to_status, start_time, end_time, actor_id,
                         actor_role, doctor_id, time_zone, location_id, room_id)
                 SELECT id, version + 1, 'expired', 'requested', 'expired'::appointment.appointment_status, start_time,
                        end_time, '00000000-0000-0000-0000-000000000000'::uuid, 'system', doctor_id, time_zone,
                        location_id, room_id
                   FROM gone WHERE is_request)
             UPDATE appointment.appointments visit
                SET status = 'expired', version = visit.version + is_request::int, last_change = 'expired',
                    status_since = clock_timestamp(), updated_at = clock_timestamp()
               FROM gone
              WHERE visit.id = gone.id
             RETURNING visit.id, visit.doctor_id, visit.patient_id, visit.version, visit.schedule_version, is_request"
        )
    };
}

/// What is locked by another is being dealt with there.
const EXPIRE: &str = end!(
    "status IN ('held', 'requested') AND id = ANY (ARRAY(
         SELECT appointment_id FROM appointment.claims
          WHERE active AND (resource_id = ANY($1) OR patient_id = $2) AND hold_until <= clock_timestamp()))
       FOR UPDATE SKIP LOCKED"
);

/// Of what is kept for somebody there is never much, and all claims that end by themselves are of that.
const REAP: &str = end!(
    "status IN ('held', 'requested') AND id IN (
         SELECT appointment_id FROM appointment.claims WHERE active AND hold_until <= clock_timestamp())
       ORDER BY coalesce(hold_until, respond_by) LIMIT $1 FOR UPDATE SKIP LOCKED"
);

const GIVE_UP: &str = end!("status = 'held' AND id = ANY($1) ORDER BY id FOR UPDATE");

/// Other starts than that of the visit there may be off the grid of a visit type, which is another answer.
/// Whoever comes at once shares a session, and overbooked visits stand in nobody's way: both are for a closer look.
const TAKEN_UNTIL: &str = "
    SELECT wanted.until
      FROM appointment.calendars,
           coalesce(
               $3::timestamptz,
               $2::timestamptz + make_interval(mins => CASE WHEN $4 THEN 5 ELSE slot_minutes END)
           ) AS wanted (until)
     WHERE doctor_id = $1 AND is_active AND $2 > clock_timestamp()
       AND EXISTS (
        SELECT 1 FROM appointment.claims
         WHERE active AND resource_id = $1 AND lane < 100 AND session_id IS NULL
           AND busy_from >= $2 - interval '16 hours' AND busy_from < wanted.until AND busy_until > $2
           AND (NOT $4 OR coalesce(visit_from, busy_from) = $2)
           AND (hold_until IS NULL OR hold_until > clock_timestamp()) AND held_by IS DISTINCT FROM $5
           AND (held_by IS DISTINCT FROM $6 OR patient_id IS DISTINCT FROM $7))";

/// How a time is kept.
#[derive(Clone, Copy)]
pub struct Terms<'t> {
    pub since: Timestamp,
    pub until: Timestamp,
    pub token: &'t Token,
}

impl Connection {
    /// The end of what is wanted when it is plain without the calendar's lock that another has that time; for visits
    /// with a type at least. None is no promise.
    #[instrument(name = "db.claims.taken_until", skip_all)]
    pub async fn taken_until(
        &self,
        doctor: DoctorId,
        (start, end): (Timestamp, Option<Timestamp>),
        has_type: bool,
        reader: Reader,
    ) -> Result<Option<Timestamp>, Error> {
        let patient = reader.patient.map(|patient| patient.0);
        let statement = self.client.prepare_cached(TAKEN_UNTIL).await?;
        let asked: [&(dyn ToSql + Sync); 7] =
            [&doctor.0, &start, &end, &has_type, &reader.user.0, &OFFERER.0, &patient];
        let row = self.client.query_opt(&statement, &asked).await?;
        row.map(|row| Ok(row.try_get("until")?)).transpose()
    }
}

impl Tx<'_> {
    /// Keeps the time of `a`. The doctor's calendar must be locked.
    #[instrument(name = "db.hold.insert", skip_all, fields(appointment.id = %a.id))]
    pub async fn hold(
        &self,
        a: &Appointment,
        place: &Placement,
        rules_version: i64,
        terms: Terms<'_>,
        by: UserId,
    ) -> Result<Result<(), Conflict>, Error> {
        let Interval { start, end } = a.visit;
        let agreed = serde_json::to_value(&a.terms).map_err(|_| unreadable("terms"))?;
        let statement = self.tx.prepare_cached(INSERT).await?;
        let held = self
            .tx
            .execute(
                &statement,
                &[
                    &a.id.0,
                    &a.doctor_id.0,
                    &a.patient_id.0,
                    &start,
                    &end,
                    &zone::name(&a.zone),
                    &rules_version,
                    &by.0,
                    &terms.until,
                    &terms.since,
                    &terms.token.digest().as_slice(),
                    &a.visit_type_id.map(|id| id.0),
                    &a.location_id.map(|id| id.0),
                    &a.room_id.map(|id| id.0),
                    &place.session,
                    &place.busy.start,
                    &place.busy.end,
                    &place.lane,
                    &agreed,
                    &place.room_lane,
                ],
            )
            .await?;
        if held != 1 {
            return Ok(Err(self.conflict(a).await?));
        }
        self.note(audited::hold("create", a));
        Ok(Ok(()))
    }

    /// A hold, run out or not, held still until the transaction ends, and the time by the clock of the database.
    #[instrument(name = "db.hold.lock", skip_all, fields(appointment.id = %id))]
    pub async fn lock_hold(&self, id: AppointmentId) -> Result<Option<(Hold, Vec<u8>, Timestamp)>, Error> {
        let statement = self.tx.prepare_cached(LOCK).await?;
        let row = self.tx.query_opt(&statement, &[&id.0]).await?;
        let hold = |row: Row| Ok((Hold::try_from(&row)?, row.try_get("hold_token")?, row.try_get("now")?));
        row.map(hold).transpose()
    }

    /// What is stored of the token of a hold.
    #[instrument(name = "db.hold.digest", skip_all, fields(appointment.id = %id))]
    pub async fn hold_digest(&self, id: AppointmentId) -> Result<Option<Vec<u8>>, Error> {
        let statement = self.tx.prepare_cached(DIGEST).await?;
        let row = self.tx.query_opt(&statement, &[&id.0]).await?;
        Ok(row.map(|row| row.try_get("digest")).transpose()?.flatten())
    }

    /// The hold that `token` is of. A visit that was booked with it is none any more.
    #[instrument(name = "db.hold.lock_by_token", skip_all)]
    pub async fn lock_hold_of(&self, token: &Token) -> Result<Option<(Hold, Timestamp)>, Error> {
        let statement = self.tx.prepare_cached(LOCK_BY_TOKEN).await?;
        let row = self.tx.query_opt(&statement, &[&token.digest().as_slice()]).await?;
        row.map(|row| Ok((Hold::try_from(&row)?, row.try_get("now")?))).transpose()
    }

    /// Keeps a hold on. It must be locked.
    #[instrument(name = "db.hold.renew", skip_all, fields(appointment.id = %id))]
    pub async fn renew_hold(&self, id: AppointmentId, until: Timestamp) -> Result<(), Error> {
        let statement = self.tx.prepare_cached(RENEW).await?;
        self.tx.execute(&statement, &[&id.0, &until]).await?;
        Ok(())
    }

    /// Makes a hold the visit `a`, with the first entry of its history. Hold and calendar must be locked.
    #[instrument(name = "db.hold.convert", skip_all, fields(appointment.id = %a.id))]
    pub async fn convert_hold(
        &self,
        a: &mut Appointment,
        rules_version: i64,
        change: Change,
        by: &User,
    ) -> Result<(), Error> {
        let statement = self.tx.prepare_cached(CONVERT).await?;
        let row = self
            .tx
            .query_one(
                &statement,
                &[
                    &a.id.0,
                    &change.name(),
                    &a.status.name(),
                    &by.id.0,
                    &by.role.name(),
                    &notes(a),
                    &a.is_vouched,
                    &rules_version,
                    &a.respond_by,
                ],
            )
            .await?;
        a.created_at = row.try_get("created_at")?;
        a.updated_at = row.try_get("updated_at")?;
        self.changed(change, a, "");
        Ok(())
    }

    /// The visit that was booked with `token`.
    #[instrument(name = "db.hold.booked_with", skip_all)]
    pub async fn booked_with(&self, token: &Token) -> Result<Option<Appointment>, Error> {
        let statement = self.tx.prepare_cached(BOOKED_WITH).await?;
        let row = self.tx.query_opt(&statement, &[&token.digest().as_slice()]).await?;
        row.map(|row| Ok(Appointment::try_from(&row)?.at(row.try_get("now")?))).transpose()
    }

    /// How many times are kept for `patient`, for whom nobody else books meanwhile, and for how long the first still is;
    /// what is offered does not count.
    #[instrument(name = "db.holds.count", skip_all)]
    pub async fn count_holds(&self, patient: PatientId) -> Result<(i64, SignedDuration), Error> {
        let count = self.tx.prepare_cached(COUNT).await?;
        let row = self.tx.query_one(&count, &[&patient.0, &OFFERER.0]).await?;
        Ok((row.try_get("count")?, SignedDuration::from_secs(row.try_get("wait_seconds")?)))
    }

    /// Ends `holds`, as their holder wants.
    #[instrument(name = "db.holds.give_up", skip_all)]
    pub async fn give_up_holds(&self, holds: &[AppointmentId]) -> Result<(), Error> {
        if holds.is_empty() {
            return Ok(());
        }
        let holds: Vec<Uuid> = holds.iter().map(|hold| hold.0).collect();
        let statement = self.tx.prepare_cached(GIVE_UP).await?;
        let freed = self.tx.query(&statement, &[&holds]).await?;
        self.tell(freed).await
    }

    /// Ends the holds on `resources`, and those for `patient` wherever, that have run out; also what was asked for in vain.
    #[instrument(name = "db.holds.expire", skip_all)]
    pub async fn expire_holds(&self, resources: &[Uuid], patient: Option<PatientId>) -> Result<(), Error> {
        let patient = patient.map(|patient| patient.0);
        let statement = self.tx.prepare_cached(EXPIRE).await?;
        let freed = self.tx.query(&statement, &[&resources, &patient]).await?;
        self.tell(freed).await
    }

    /// Ends holds that have run out and what was asked for in vain, `limit` at most.
    #[instrument(name = "db.holds.reap", skip_all)]
    pub async fn reap_holds(&self, limit: i64) -> Result<(), Error> {
        let statement = self.tx.prepare_cached(REAP).await?;
        let freed = self.tx.query(&statement, &[&limit]).await?;
        self.tell(freed).await
    }

    /// Tells the others of times that were kept and are free again, and of the requests that ran out with them.
    async fn tell(&self, freed: Vec<Row>) -> Result<(), Error> {
        for row in freed {
            let (id, doctor) = (AppointmentId(row.try_get("id")?), DoctorId(row.try_get("doctor_id")?));
            if row.try_get("is_request")? {
                let patient = PatientId(row.try_get("patient_id")?);
                let versions =
                    Versions { visit: row.try_get("version")?, schedule: row.try_get("schedule_version")? };
                self.announce(events::expired(id, patient, doctor, versions)).await?;
                self.tally.note(Change::StatusChanged, Status::Expired);
            }
            self.announce(events::slot_released(id, doctor)).await?;
        }
        Ok(())
    }
}

impl TryFrom<&Row> for Hold {
    type Error = Error;

    fn try_from(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            appointment: Appointment::try_from(row)?,
            since: row.try_get("held_since")?,
            until: row.try_get("hold_until")?,
        })
    }
}
