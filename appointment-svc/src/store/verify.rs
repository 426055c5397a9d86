//! What must never be, looked for in all rows: constraints and locks keep it away, and this does not trust them.
use super::{Connection, Error};
use crate::domain::status::Status;
use deadpool_postgres::Transaction;
use postgres_types::ToSql;
use tokio_postgres::IsolationLevel;
use tracing::instrument;
use uuid::Uuid;

/// A promise, and one statement that finds where it is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Active claims of one resource and lane; wrong are visits.
    Lanes,
    /// Active claims of one doctor or room: those who come at once share a session, and overbooked visits do not count.
    /// Wrong are visits.
    Sessions,
    /// Visits of one patient.
    Patients,
    /// Visits that take time have it from their doctor, once.
    Claimed,
    /// Visits that take time have it from their room, once, and from no room when they have none.
    Housed,
    /// Time that is taken is taken for a visit that needs it.
    Needed,
    /// Time that is taken is all of its visit's, and of its patient's.
    Contained,
    /// Versions in the history follow each other, and end with the visit as it is. What is held has none yet.
    History,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Lanes, sessions, patients, visits, claims or histories that were looked at.
    pub examined: i64,
    /// How many were on at once at most, where it is about that.
    pub at_once: Option<i64>,
    pub wrong: Vec<Uuid>,
}

// Each answers a verdict. `$1`, where it is, is the statuses of visits that take time.

const LANES: &str = "
    WITH taken AS (
        SELECT appointment_id, resource_id, lane, busy_from, busy_until
          FROM appointment.claims
         WHERE active),
    depths AS (
        SELECT sum(change) OVER (PARTITION BY resource_id, lane ORDER BY at, change) AS depth
          FROM (SELECT resource_id, lane, busy_from AS at, 1 AS change FROM taken
                UNION ALL
                SELECT resource_id, lane, busy_until, -1 FROM taken) changes),
    neighbours AS (
        SELECT appointment_id, busy_from, busy_until,
               max(busy_until) OVER (lane ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS busy_before,
               lead(busy_from) OVER lane AS busy_after
          FROM taken
        WINDOW lane AS (PARTITION BY resource_id, lane ORDER BY busy_from, busy_until))
    SELECT (SELECT count(*) FROM (SELECT DISTINCT resource_id, lane FROM taken) lanes) AS examined,
           (SELECT coalesce(max(depth), 0) FROM depths)::bigint AS at_once,
           ARRAY(SELECT DISTINCT appointment_id FROM neighbours
                  WHERE busy_before > busy_from OR busy_after < busy_until ORDER BY 1) AS wrong";

const SESSIONS: &str = "
    WITH taken AS (
        SELECT appointment_id, resource_id, coalesce(session_id, appointment_id) AS session_id, busy_from, busy_until
          FROM appointment.claims
         WHERE active AND lane < 100),
    sessions AS (
        SELECT resource_id, session_id, min(busy_from) AS busy_from, max(busy_until) AS busy_until
          FROM taken
         GROUP BY resource_id, session_id),
    depths AS (
        SELECT sum(change) OVER (PARTITION BY resource_id ORDER BY at, change) AS depth
          FROM (SELECT resource_id, busy_from AS at, 1 AS change FROM sessions
                UNION ALL
                SELECT resource_id, busy_until, -1 FROM sessions) changes),
    neighbours AS (
        SELECT resource_id, session_id, busy_from, busy_until,
               max(busy_until) OVER (resource ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS busy_before,
               lead(busy_from) OVER resource AS busy_after
          FROM sessions
        WINDOW resource AS (PARTITION BY resource_id ORDER BY busy_from, busy_until))
    SELECT (SELECT count(*) FROM sessions) AS examined,
           (SELECT coalesce(max(depth), 0) FROM depths)::bigint AS at_once,
           ARRAY(SELECT DISTINCT appointment_id
                   FROM taken
                   JOIN neighbours USING (resource_id, session_id)
                  WHERE busy_before > neighbours.busy_from OR busy_after < neighbours.busy_until ORDER BY 1) AS wrong";

const PATIENTS: &str = "
    WITH visits AS (
        SELECT id, patient_id, start_time, end_time
          FROM appointment.appointments
         WHERE status::text = ANY ($1)),
    depths AS (
        SELECT sum(change) OVER (PARTITION BY patient_id ORDER BY at, change) AS depth
          FROM (SELECT patient_id, start_time AS at, 1 AS change FROM visits
                UNION ALL
                SELECT patient_id, end_time, -1 FROM visits) changes),
    neighbours AS (
        SELECT id, start_time, end_time,
               max(end_time) OVER (patient ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS end_before,
               lead(start_time) OVER patient AS start_after
          FROM visits
        WINDOW patient AS (PARTITION BY patient_id ORDER BY start_time, end_time))
    SELECT (SELECT count(DISTINCT patient_id) FROM visits) AS examined,
           (SELECT coalesce(max(depth), 0) FROM depths)::bigint AS at_once,
           ARRAY(SELECT id FROM neighbours
                  WHERE end_before > start_time OR start_after < end_time ORDER BY 1) AS wrong";

const CLAIMED: &str = "
    WITH visits AS (
        SELECT visit.id, count(claim.id) AS claims
          FROM appointment.appointments visit
          LEFT JOIN appointment.claims claim
            ON claim.appointment_id = visit.id AND claim.active AND claim.resource_id = visit.doctor_id
         WHERE visit.status::text = ANY ($1)
         GROUP BY visit.id)
    SELECT (SELECT count(*) FROM visits) AS examined, NULL::bigint AS at_once,
           ARRAY(SELECT id FROM visits WHERE claims <> 1 ORDER BY 1) AS wrong";

const HOUSED: &str = "
    WITH visits AS (
        SELECT visit.id, (visit.room_id IS NOT NULL)::int AS rooms, count(claim.id) AS claims,
               count(claim.id) FILTER (WHERE claim.resource_id = visit.room_id) AS of_room
          FROM appointment.appointments visit
          LEFT JOIN appointment.claims claim
            ON claim.appointment_id = visit.id AND claim.active AND claim.resource_id <> visit.doctor_id
         WHERE visit.status::text = ANY ($1)
         GROUP BY visit.id)
    SELECT (SELECT count(*) FROM visits) AS examined, NULL::bigint AS at_once,
           ARRAY(SELECT id FROM visits WHERE claims <> rooms OR of_room <> rooms ORDER BY 1) AS wrong";

const NEEDED: &str = "
    WITH visits AS (
        SELECT visit.id, bool_or(claim.active) AS has_time
          FROM appointment.appointments visit
          LEFT JOIN appointment.claims claim ON claim.appointment_id = visit.id
         WHERE visit.status::text <> ALL ($1)
         GROUP BY visit.id)
    SELECT (SELECT count(*) FROM visits) AS examined, NULL::bigint AS at_once,
           ARRAY(SELECT id FROM visits WHERE has_time ORDER BY 1) AS wrong";

const CONTAINED: &str = "
    WITH taken AS (
        SELECT visit.id,
               busy @> tstzrange(start_time, end_time, '[)') AND claim.patient_id = visit.patient_id AS is_right
          FROM appointment.claims claim
          JOIN appointment.appointments visit ON visit.id = claim.appointment_id
         WHERE claim.active AND visit.status::text = ANY ($1))
    SELECT (SELECT count(*) FROM taken) AS examined, NULL::bigint AS at_once,
           ARRAY(SELECT DISTINCT id FROM taken WHERE NOT is_right ORDER BY 1) AS wrong";

const HISTORY: &str = "
    WITH histories AS (
        SELECT appointment_id, count(*) AS changes, min(version) AS first, max(version) AS last,
               (array_agg(to_status ORDER BY version DESC))[1] AS status
          FROM appointment.appointment_events
         GROUP BY appointment_id)
    SELECT (SELECT count(*) FROM appointment.appointments WHERE hold_token IS NULL) AS examined, NULL::bigint AS at_once,
           ARRAY(SELECT visit.id
                   FROM appointment.appointments visit
                   LEFT JOIN histories history ON history.appointment_id = visit.id
                  WHERE visit.hold_token IS NULL
                    AND (first, last, changes, history.status)
                        IS DISTINCT FROM (1, visit.version, visit.version, visit.status)
                  ORDER BY 1) AS wrong";

impl Check {
    pub const ALL: [Self; 8] = [
        Self::Lanes,
        Self::Sessions,
        Self::Patients,
        Self::Claimed,
        Self::Housed,
        Self::Needed,
        Self::Contained,
        Self::History,
    ];

    fn statement(self) -> &'static str {
        match self {
            Self::Lanes => LANES,
            Self::Sessions => SESSIONS,
            Self::Patients => PATIENTS,
            Self::Claimed => CLAIMED,
            Self::Housed => HOUSED,
            Self::Needed => NEEDED,
            Self::Contained => CONTAINED,
            Self::History => HISTORY,
        }
    }
}

impl Connection {
    /// Makes all checks on the database as it is at one moment, without holding anyone up.
    #[instrument(name = "db.verify", skip_all)]
    pub async fn verify(&mut self) -> Result<Vec<(Check, Verdict)>, Error> {
        let moment = self.client.build_transaction();
        let tx = moment.isolation_level(IsolationLevel::RepeatableRead).read_only(true).start().await?;
        // All rows may take longer than what a caller waits for.
        tx.batch_execute("SET LOCAL statement_timeout = 0").await?;
        let mut verdicts = Vec::with_capacity(Check::ALL.len());
        for check in Check::ALL {
            verdicts.push((check, verdict(&tx, check).await?));
        }
        Ok(verdicts)
    }
}

async fn verdict(tx: &Transaction<'_>, check: Check) -> Result<Verdict, Error> {
    let occupying: Vec<_> =
        Status::ALL.into_iter().filter(|status| status.occupies()).map(Status::name).collect();
    let statement = tx.prepare(check.statement()).await?;
    let values: [&(dyn ToSql + Sync); 1] = [&occupying];
    let row = tx.query_one(&statement, &values[..statement.params().len()]).await?;
    Ok(Verdict {
        examined: row.try_get("examined")?,
        at_once: row.try_get("at_once")?,
        wrong: row.try_get("wrong")?,
    })
}
