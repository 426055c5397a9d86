//! Times that came free. Those of visits and holds are written by the statements that free them.
use super::{Connection, Error, Tx};
use crate::domain::interval::Interval;
use crate::domain::waitlist::{DEEPEST, Offer};
use jiff::Timestamp;
use proto::ids::{AppointmentId, DoctorId};
use tokio_postgres::Row;
use tracing::instrument;
use uuid::Uuid;

const FIND: &str = "
    SELECT id, resource_id, greatest(from_time, clock_timestamp()) AS from_time, until_time, appointment_id, depth, created_at
      FROM appointment.openings
     WHERE until_time > clock_timestamp() AND depth <= $1 AND (retry_at IS NULL OR retry_at <= clock_timestamp())
     ORDER BY from_time, id LIMIT $2";

/// What another has is being offered there.
const LOCK: &str = "SELECT id FROM appointment.openings WHERE id = $1 FOR UPDATE SKIP LOCKED";

const CLOSE: &str = "DELETE FROM appointment.openings WHERE id = $1";

const POSTPONE: &str = "UPDATE appointment.openings SET retry_at = $2 WHERE id = $1";

/// Who offers one looks again anyway, and is not waited for.
const RETRY: &str = "
    UPDATE appointment.openings SET retry_at = NULL
     WHERE id IN (SELECT id FROM appointment.openings WHERE retry_at IS NOT NULL FOR UPDATE SKIP LOCKED)";

const FORGET: &str = "
    DELETE FROM appointment.openings
     WHERE id IN (
        SELECT id FROM appointment.openings
         WHERE until_time <= clock_timestamp() OR depth > $1
         ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED)";

/// Whoever comes later sees it free.
const OPEN: &str = "
    INSERT INTO appointment.openings (resource_id, from_time, until_time)
    SELECT $1, gained.from_time, gained.until_time
      FROM unnest($2::timestamptz[], $3::timestamptz[]) AS gained (from_time, until_time)
     WHERE EXISTS (SELECT FROM appointment.waitlist WHERE state IN ('waiting', 'paused'))";

/// Nobody has it any more, and no hold that ends says so.
const REOPEN: &str = "
    INSERT INTO appointment.openings (resource_id, from_time, until_time, appointment_id, depth)
    VALUES ($1, $2, $3, $4, $5)";

/// A time that came free.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    pub id: i64,
    /// A doctor or a room.
    pub resource: Uuid,
    /// From now on at the earliest.
    pub time: Interval,
    /// The visit whose time it was.
    pub freed_by: Option<AppointmentId>,
    /// How many visits moved before on account of one that was cancelled.
    pub depth: i16,
    /// Who began to wait later could have booked it.
    pub since: Timestamp,
}

impl Connection {
    /// The nearest first.
    #[instrument(name = "db.openings.find", skip_all)]
    pub async fn openings(&self, limit: i64) -> Result<Vec<Opening>, Error> {
        let statement = self.client.prepare_cached(FIND).await?;
        let rows = self.client.query(&statement, &[&DEEPEST, &limit]).await?;
        rows.iter().map(Opening::try_from).collect()
    }
}

impl Tx<'_> {
    /// Whether an opening is there and nobody else offers it, until the transaction ends.
    #[instrument(name = "db.opening.lock", skip_all)]
    pub async fn lock_opening(&self, id: i64) -> Result<bool, Error> {
        let statement = self.tx.prepare_cached(LOCK).await?;
        Ok(self.tx.query_opt(&statement, &[&id]).await?.is_some())
    }

    /// There is nobody left whom it could be offered.
    #[instrument(name = "db.opening.close", skip_all)]
    pub async fn close_opening(&self, id: i64) -> Result<(), Error> {
        let statement = self.tx.prepare_cached(CLOSE).await?;
        self.tx.execute(&statement, &[&id]).await?;
        Ok(())
    }

    /// Whom it would suit may say no to something else until `at`.
    #[instrument(name = "db.opening.postpone", skip_all)]
    pub async fn postpone_opening(&self, id: i64, at: Timestamp) -> Result<(), Error> {
        let statement = self.tx.prepare_cached(POSTPONE).await?;
        self.tx.execute(&statement, &[&id, &at]).await?;
        Ok(())
    }

    /// Somebody may be offered something else, or wants something else.
    #[instrument(name = "db.openings.retry", skip_all)]
    pub async fn retry_openings(&self) -> Result<(), Error> {
        let statement = self.tx.prepare_cached(RETRY).await?;
        self.tx.execute(&statement, &[]).await?;
        Ok(())
    }

    /// Forgets what is over.
    #[instrument(name = "db.openings.forget", skip_all)]
    pub async fn forget_openings(&self, limit: i64) -> Result<(), Error> {
        let statement = self.tx.prepare_cached(FORGET).await?;
        self.tx.execute(&statement, &[&DEEPEST, &limit]).await?;
        Ok(())
    }

    /// Says that `doctor` has time that there was not before.
    #[instrument(name = "db.openings.open", skip_all)]
    pub async fn open(&self, doctor: DoctorId, gained: &[Interval]) -> Result<(), Error> {
        if gained.is_empty() {
            return Ok(());
        }
        let (from, until): (Vec<Timestamp>, Vec<Timestamp>) =
            gained.iter().map(|time| (time.start, time.end)).unzip();
        let statement = self.tx.prepare_cached(OPEN).await?;
        self.tx.execute(&statement, &[&doctor.0, &from, &until]).await?;
        Ok(())
    }

    /// Opens what was offered to several, and one of them does not want.
    #[instrument(name = "db.openings.reopen", skip_all)]
    pub async fn reopen(&self, offer: &Offer) -> Result<(), Error> {
        let (visit, freed_by) = (offer.visit, offer.freed_by.map(|visit| visit.0));
        let statement = self.tx.prepare_cached(REOPEN).await?;
        self.tx
            .execute(&statement, &[&offer.doctor_id.0, &visit.start, &visit.end, &freed_by, &offer.depth])
            .await?;
        Ok(())
    }
}

impl TryFrom<&Row> for Opening {
    type Error = Error;

    fn try_from(row: &Row) -> Result<Self, Error> {
        let from: Timestamp = row.try_get("from_time")?;
        Ok(Self {
            id: row.try_get("id")?,
            resource: row.try_get("resource_id")?,
            time: Interval { start: from, end: row.try_get("until_time")? },
            freed_by: row.try_get::<_, Option<Uuid>>("appointment_id")?.map(AppointmentId),
            depth: row.try_get("depth")?,
            since: row.try_get("created_at")?,
        })
    }
}
