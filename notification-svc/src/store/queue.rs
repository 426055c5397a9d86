//! The queue of messages: what is due, who has it, and what came of it.
use super::rows::{columns, matters};
use super::{Error, Store};
use crate::domain::{Change, Channel, Kind, Notification, Outcome, Recipient};
use deadpool_postgres::GenericClient as _;
use jiff::Timestamp;
use std::time::Duration;
use tokio_postgres::Row;
use tracing::instrument;

/// A message that one sender has for itself until its lease ends.
pub struct Claim {
    pub notification: Notification,
    /// The trace of the event that caused it.
    pub traceparent: Option<String>,
    /// By the clock that says what is due.
    pub claimed_at: Timestamp,
}

/// Index conditions are made of what is the same for all rows, which the clock is not unless it is asked once: those that
/// are not due yet, of which there may be a million, would all be looked at. So would all that were ever sent, if those that
/// are due were joined: `OFFSET 0` has each looked at by itself, and an array is known to be short.
///
/// A message waits for the one before it about the same visit to the same recipient while that is being sent, and so
/// for a reminder, which may have the time of before. Channels do not wait for each other; what goes by one that a replica
/// has no way for is left to those that have.
/// Earlier ones that are pending hold up nothing: they are superseded.
const CLAIM: &str = concat!(
    "WITH due AS (
        SELECT id FROM notification.messages m
         WHERE state = 'pending' AND channel = $3 AND next_attempt_at <= (SELECT clock_timestamp())
           AND NOT EXISTS (
               SELECT FROM notification.notifications n
                 JOIN notification.notifications earlier USING (appointment_id, recipient_kind, channel)
                WHERE n.id = m.id AND earlier.appointment_version < n.appointment_version
                  AND earlier.state = 'sending' OFFSET 0)
           AND NOT EXISTS (
               SELECT FROM notification.notifications n
                 JOIN notification.reminder_notifications reminder USING (appointment_id, channel)
                WHERE n.id = m.id AND n.recipient_kind = 'patient' AND reminder.state = 'sending' OFFSET 0)
         ORDER BY next_attempt_at
           FOR UPDATE SKIP LOCKED
         LIMIT $1)
    UPDATE notification.messages m
       SET state = 'sending', next_attempt_at = NULL,
           leased_until = clock_timestamp() + make_interval(secs => $2)
      FROM unnest(ARRAY(SELECT id FROM due)) few (id)",
    matters!("few"),
    "WHERE m.id = few.id RETURNING clock_timestamp() AS claimed_at, ",
    columns!()
);

/// As it is claimed: those that are not due are not looked at.
const LONGEST_DUE: &str = "
    SELECT extract(epoch FROM clock_timestamp() - next_attempt_at)::float8
      FROM notification.messages
     WHERE state = 'pending' AND channel = $1 AND next_attempt_at <= (SELECT clock_timestamp())
     ORDER BY next_attempt_at LIMIT 1";

/// The number of attempts grows when a lease ends, so it tells one lease from the next.
const RENEW: &str = "
    UPDATE notification.messages
       SET leased_until = clock_timestamp() + make_interval(secs => $3)
     WHERE id = $1 AND state = 'sending' AND attempts = $2::bigint";

const EXPIRE: &str = "
    UPDATE notification.messages
       SET state = 'pending', next_attempt_at = clock_timestamp(), leased_until = NULL,
           attempts = attempts + 1, last_error = 'interrupted'
     WHERE state = 'sending' AND leased_until <= clock_timestamp()";

const SUPERSEDE: &str = "
    UPDATE notification.notifications n
       SET state = 'superseded', next_attempt_at = NULL
     WHERE state = 'pending'
       AND EXISTS (
           SELECT FROM notification.notifications later
            WHERE later.appointment_id = n.appointment_id AND later.recipient_id = n.recipient_id
              AND later.channel = n.channel AND later.appointment_version > n.appointment_version)
 RETURNING kind, channel";

/// Mail is always taken.
const DROP_UNTAKEN: &str = "
    UPDATE notification.messages
       SET state = 'skipped', next_attempt_at = NULL, last_error = 'late'
     WHERE state = 'pending' AND channel = 'sms'
       AND next_attempt_at <= (SELECT clock_timestamp()) - make_interval(secs => $1)
 RETURNING kind";

const IS_OVERTAKEN: &str = "
    SELECT EXISTS (
        SELECT FROM notification.notifications later
         WHERE appointment_id = $1 AND recipient_id = $2 AND channel = $3 AND appointment_version > $4)";

/// Whatever has become of the lease: the message has left.
const SENT: &str = "
    UPDATE notification.messages
       SET state = 'sent', sent_at = clock_timestamp(), attempts = attempts + 1,
           next_attempt_at = NULL, leased_until = NULL
     WHERE id = $1 AND state IN ('sending', 'pending')";

const RETRY: &str = "
    UPDATE notification.messages
       SET state = 'pending', leased_until = NULL, attempts = attempts + 1, last_error = $3,
           -- Messages that failed together do not all come back together.
           next_attempt_at = clock_timestamp() + make_interval(secs => $4) * (1 + random() / 10)
     WHERE id = $1 AND state = 'sending' AND attempts = $2::bigint";

const GIVE_UP: &str = "
    UPDATE notification.messages
       SET state = 'failed', leased_until = NULL, attempts = attempts + 1, last_error = $3
     WHERE id = $1 AND state = 'sending' AND attempts = $2::bigint";

/// What was not sent because it would be of no use, or could not arrive, is told from what nobody wanted.
const SKIP_WITH_REASON: &str = "
    UPDATE notification.messages
       SET state = 'skipped', leased_until = NULL, last_error = $3
     WHERE id = $1 AND state = 'sending' AND attempts = $2::bigint";

const POSTPONE: &str = "
    UPDATE notification.messages
       SET state = 'pending', leased_until = NULL, next_attempt_at = $3
     WHERE id = $1 AND state = 'sending' AND attempts = $2::bigint";

/// `superseded` and `skipped` say in the state what came of it.
const SETTLE: &str = "
    UPDATE notification.messages
       SET state = $3, leased_until = NULL
     WHERE id = $1 AND state = 'sending' AND attempts = $2::bigint";

impl Store {
    /// Takes up to `limit` messages that are due by `channel`, for the length of `lease`.
    #[instrument(name = "db.notification.claim", level = "debug", skip_all)]
    pub async fn claim(&self, channel: Channel, limit: i64, lease: Duration) -> Result<Vec<Claim>, Error> {
        let client = self.connection().await?;
        let claim = client.prepare_cached(CLAIM).await?;
        let rows = client.query(&claim, &[&limit, &lease.as_secs_f64(), &channel.name()]).await?;
        let claim = |row: &Row| {
            let notification = Notification::try_from(row)?;
            let (traceparent, claimed_at) = (row.try_get("traceparent")?, row.try_get("claimed_at")?);
            Ok(Claim { notification, traceparent, claimed_at })
        };
        rows.iter().map(claim).collect()
    }

    /// Has the lease of `notification` end `lease` from now, unless it has ended.
    #[instrument(name = "db.notification.renew", level = "debug", skip_all, fields(notification.id = %notification.id))]
    pub async fn renew(&self, notification: &Notification, lease: Duration) -> Result<(), Error> {
        let client = self.connection().await?;
        let renew = client.prepare_cached(RENEW).await?;
        let attempts = i64::from(notification.attempts);
        client.execute(&renew, &[&notification.id.0, &attempts, &lease.as_secs_f64()]).await?;
        Ok(())
    }

    /// For how many seconds the message that is due longest by `channel` has been; none when there is none.
    #[instrument(name = "db.notification.longest_due", level = "debug", skip_all)]
    pub async fn longest_due(&self, channel: Channel) -> Result<Option<f64>, Error> {
        let client = self.connection().await?;
        let longest = client.prepare_cached(LONGEST_DUE).await?;
        let row = client.query_opt(&longest, &[&channel.name()]).await?;
        row.map(|row| Ok(row.try_get(0)?)).transpose()
    }

    /// Makes messages due again whose sender has not told in time what came of them; how many.
    #[instrument(name = "db.notification.expire", level = "debug", skip_all)]
    pub async fn expire(&self) -> Result<u64, Error> {
        let client = self.connection().await?;
        let expire = client.prepare_cached(EXPIRE).await?;
        Ok(client.execute(&expire, &[]).await?)
    }

    /// Withdraws messages that wait although a later one about the same visit to the same recipient by the same channel
    /// exists; their kinds and channels.
    #[instrument(name = "db.notification.supersede", level = "debug", skip_all)]
    pub async fn supersede(&self) -> Result<Vec<(Kind, Channel)>, Error> {
        let client = self.connection().await?;
        let supersede = client.prepare_cached(SUPERSEDE).await?;
        let rows = client.query(&supersede, &[]).await?;
        let named = |row: &Row| {
            let (kind, channel) =
                (Kind::named(row.try_get("kind")?), Channel::named(row.try_get("channel")?));
            Ok(kind.zip(channel))
        };
        rows.iter().filter_map(|row| named(row).transpose()).collect()
    }

    /// Drops SMS that were due for as long as `after` and that nobody has taken, so that nobody can; their kinds.
    #[instrument(name = "db.notification.drop_untaken", level = "debug", skip_all)]
    pub async fn drop_untaken(&self, after: Duration) -> Result<Vec<String>, Error> {
        let client = self.connection().await?;
        let drop = client.prepare_cached(DROP_UNTAKEN).await?;
        let rows = client.query(&drop, &[&after.as_secs_f64()]).await?;
        rows.iter().map(|row| Ok(row.try_get("kind")?)).collect()
    }

    /// Whether `recipient` has a message about a later change of the same visit by the same channel. True before a message is sent means
    /// that it must not be; whatever is enqueued after the answer waits for this one.
    #[instrument(name = "db.notification.is_overtaken", skip_all, fields(appointment.id = %change.appointment_id))]
    pub async fn is_overtaken(
        &self,
        change: &Change,
        recipient: Recipient,
        channel: Channel,
    ) -> Result<bool, Error> {
        let client = self.connection().await?;
        let overtaken = client.prepare_cached(IS_OVERTAKEN).await?;
        let visit = &change.appointment_id.0;
        let row =
            client.query_one(&overtaken, &[visit, &recipient.id(), &channel.name(), &change.version]).await?;
        Ok(row.try_get(0)?)
    }

    /// Writes down what came of sending `notification`. Does nothing when the lease has ended and somebody
    /// else has the message.
    #[instrument(name = "db.notification.settle", skip_all, fields(notification.id = %notification.id))]
    pub async fn settle(&self, notification: &Notification, outcome: Outcome) -> Result<(), Error> {
        let (id, attempts) = (&notification.id.0, i64::from(notification.attempts));
        let client = self.connection().await?;
        match outcome {
            Outcome::Sent => {
                let sent = client.prepare_cached(SENT).await?;
                client.execute(&sent, &[id]).await?;
            }
            Outcome::Retry { after, failure } => {
                let retry = client.prepare_cached(RETRY).await?;
                client.execute(&retry, &[id, &attempts, &failure.name(), &after.as_secs_f64()]).await?;
            }
            Outcome::GivenUp(failure) => {
                let give_up = client.prepare_cached(GIVE_UP).await?;
                client.execute(&give_up, &[id, &attempts, &failure.name()]).await?;
            }
            Outcome::Late | Outcome::BadNumber => {
                let reason = if outcome == Outcome::Late { "late" } else { "bad_number" };
                let skip = client.prepare_cached(SKIP_WITH_REASON).await?;
                client.execute(&skip, &[id, &attempts, &reason]).await?;
            }
            Outcome::Postponed { until } => {
                let postpone = client.prepare_cached(POSTPONE).await?;
                client.execute(&postpone, &[id, &attempts, &until]).await?;
            }
            Outcome::Superseded | Outcome::Skipped => {
                let settle = client.prepare_cached(SETTLE).await?;
                client.execute(&settle, &[id, &attempts, &outcome.name()]).await?;
            }
        }
        Ok(())
    }
}
