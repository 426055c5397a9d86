//! Requests that were carried out, and what they were answered.
use super::{Connection, Error, Tx};
use proto::ids::{AppointmentId, SeriesId, UserId};
use proto::scalars::VisitNotes;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use tracing::instrument;

/// Never waits: a request of the same name that is under way has it. The second lock is the one that replicas of the
/// release before take, for which a name was one of the method.
const TAKE: &str = "
    SELECT pg_try_advisory_xact_lock(hashtextextended($1::uuid::text || ' ' || $3, 0))
       AND pg_try_advisory_xact_lock(hashtextextended($1::uuid::text || ' ' || $2 || ' ' || $3, 0))";

/// After the name was taken, or not, and as another statement: that one sees what the one before has committed. Whoever
/// only repeats a request that was carried out has the name for a moment, too. The release before may have noted one
/// name for several methods: each of these is still answered its own.
const FIND: &str = "
    SELECT method = $2 AS is_same_method, fingerprint, answer, appointments.notes
      FROM appointment.idempotency_keys
      LEFT JOIN appointment.appointments ON appointments.id = appointment_id
     WHERE user_id = $1 AND key = $3
       AND idempotency_keys.created_at > clock_timestamp() - interval '24 hours'
     ORDER BY method = $2 DESC LIMIT 1";

/// A name may be used anew after a day, whether or not it was forgotten.
const PUT: &str = "
    INSERT INTO appointment.idempotency_keys (user_id, method, key, fingerprint, appointment_id, series_id, answer)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (user_id, method, key) DO UPDATE
       SET fingerprint = excluded.fingerprint, appointment_id = excluded.appointment_id,
           series_id = excluded.series_id, answer = excluded.answer, created_at = clock_timestamp()";

/// The time is asked for once, so that the index knows where to end.
const FORGET: &str = "
    DELETE FROM appointment.idempotency_keys
     WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM appointment.idempotency_keys
         WHERE created_at <= (SELECT clock_timestamp() - interval '24 hours')
         ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED))";

/// What a caller calls a request, and what it asks for.
#[derive(Clone, Debug)]
pub struct Name {
    pub user: UserId,
    /// The RPC; part of what is asked for.
    pub method: &'static str,
    pub key: String,
    pub fingerprint: [u8; 32],
}

/// What a request changed.
#[derive(Clone, Copy, Debug)]
pub enum Changed {
    Visit(AppointmentId),
    Series(SeriesId),
    WaitlistEntry,
}

/// Whether a request was carried out before.
pub enum Seen {
    Never,
    /// It, or another of the same name, is being carried out.
    UnderWay,
    /// Another one has that name, whatever its method.
    Other,
    Done(Replay),
}

/// What a request was answered, but for words and tokens.
#[derive(Debug)]
pub struct Replay {
    pub answer: Vec<u8>,
    /// Those of the visit by now; nothing else has any.
    pub notes: Option<VisitNotes>,
}

impl Name {
    /// What the request was that `row` is of.
    fn seen(&self, row: &Row) -> Result<Seen, Error> {
        let is_same =
            row.try_get("is_same_method")? && row.try_get::<_, &[u8]>("fingerprint")? == self.fingerprint;
        if !is_same {
            return Ok(Seen::Other);
        }
        let notes: Option<String> = row.try_get("notes")?;
        let notes = notes.and_then(|notes| VisitNotes::try_from(notes).ok());
        Ok(Seen::Done(Replay { answer: row.try_get("answer")?, notes }))
    }
}

impl Connection {
    /// Looks whether a request was carried out, not whether it is being.
    #[instrument(name = "db.idempotency.find", skip_all)]
    pub async fn seen(&self, name: &Name) -> Result<Seen, Error> {
        let find = self.client.prepare_cached(FIND).await?;
        let found = self.client.query_opt(&find, &[&name.user.0, &name.method, &name.key]).await?;
        found.map_or(Ok(Seen::Never), |row| name.seen(&row))
    }
}

impl Tx<'_> {
    /// Looks whether a request was carried out; if not, nobody else does until the transaction ends.
    #[instrument(name = "db.idempotency.take", skip_all)]
    pub async fn take(&self, name: &Name) -> Result<Seen, Error> {
        let Name { user, method, key, .. } = name;
        let (take, find) = (self.tx.prepare_cached(TAKE).await?, self.tx.prepare_cached(FIND).await?);
        let asked: [&(dyn ToSql + Sync); 3] = [&user.0, method, key];
        // In this order, in one round trip.
        let (taken, found) =
            tokio::try_join!(biased; self.tx.query_one(&take, &asked), self.tx.query_opt(&find, &asked))?;
        let is_taken: bool = taken.try_get(0)?;
        let Some(row) = found else {
            return Ok(if is_taken { Seen::Never } else { Seen::UnderWay });
        };
        name.seen(&row)
    }

    /// Notes that a request was carried out.
    #[instrument(name = "db.idempotency.put", skip_all)]
    pub async fn put(&self, name: &Name, changed: Changed, answer: &[u8]) -> Result<(), Error> {
        let Name { user, method, key, fingerprint } = name;
        let (visit, series) = match changed {
            Changed::Visit(id) => (Some(id.0), None),
            Changed::Series(id) => (None, Some(id.0)),
            Changed::WaitlistEntry => (None, None),
        };
        let statement = self.tx.prepare_cached(PUT).await?;
        let fingerprint = fingerprint.as_slice();
        self.tx.execute(&statement, &[&user.0, method, key, &fingerprint, &visit, &series, &answer]).await?;
        Ok(())
    }

    /// Forgets names that are older than a day, `limit` at most; how many it were.
    #[instrument(name = "db.idempotency.forget", skip_all)]
    pub async fn forget(&self, limit: i64) -> Result<u64, Error> {
        let statement = self.tx.prepare_cached(FORGET).await?;
        Ok(self.tx.execute(&statement, &[&limit]).await?)
    }
}
