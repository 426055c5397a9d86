//! All SQL of this service.

pub mod audited; // what the audit log is told
mod tally; // changes that count once they are committed
mod query; // statements that narrow by what is asked for
mod clinic; // what the clinic offers
mod calendars; // what doctors offer, and who may be booked
mod claims; // what visits take from doctors, rooms and patients
mod appointments; // visits and their history
mod holds; // times that are kept
mod once; // requests that were carried out
mod history; // what visits were before
mod reads; // lists of visits, and who treats whom
mod erasure; // words about patients of whom nothing is to be known any more
mod series; // visits that recur
mod openings; // times that came free
mod waitlist; // patients who wait
mod waitlist_offers; // what was offered to whom
mod agreed; // what was agreed about visits ahead
mod verify; // what must never be, looked for in all rows

pub use agreed::Agreed;
pub use appointments::Conflict;
pub use calendars::Locked;
pub use claims::Look;
pub use history::HistoryEntry;
pub use holds::Terms;
pub use once::{Changed, Name, Replay, Seen};
pub use openings::Opening;
pub use reads::{Attendance, Filter, Position};
pub use verify::{Check, Verdict};
pub use waitlist::{Turn, Waiters};
pub use waitlist_offers::Offered;

use crate::domain::appointment::Appointment;
use crate::events::Change;
use clinic::Known;
use deadpool_postgres::{Object, Pool, Transaction};
use platform::audit::{self, Entry, Pending};
use platform::outbox::{NewEvent, Outbox};
use platform::postgres::{self, Reads};
use query::Query;
use std::time::Duration;
use tally::Tally;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Database(#[from] postgres::Error),
    #[error("{table} holds a {column} that cannot be read")]
    Unreadable { table: &'static str, column: &'static str },
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error.into())
    }
}

impl postgres::OfStore for Error {
    fn of_database(&self) -> Option<&postgres::Error> {
        match self {
            Self::Database(error) => Some(error),
            Self::Unreadable { .. } => None,
        }
    }
}

#[derive(Clone)]
pub struct Store {
    pool: Pool,
    reads: Reads,
    outbox: Outbox,
    clinic: Known,
}

/// A connection of the pool.
pub struct Connection {
    client: Object,
    outbox: Outbox,
    clinic: Known,
}

/// One transaction; dropped without `commit`, it leaves no trace.
#[expect(clippy::struct_field_names, reason = "the transaction is what it is about")]
pub struct Tx<'c> {
    tx: Transaction<'c>,
    outbox: &'c Outbox,
    clinic: &'c Known,
    audit: Pending,
    tally: Tally,
}

impl Store {
    /// One that reads all from the primary.
    pub fn new(pool: Pool, outbox: Outbox) -> Self {
        Self { reads: Reads::on(pool.clone()), pool, outbox, clinic: Known::default() }
    }

    #[must_use]
    pub fn reading(self, reads: Reads) -> Self {
        Self { reads, ..self }
    }

    pub async fn connection(&self) -> Result<Connection, Error> {
        Ok(self.over(postgres::connection(&self.pool).await?))
    }

    fn over(&self, client: Object) -> Connection {
        Connection { client, outbox: self.outbox.clone(), clinic: self.clinic.clone() }
    }
}

impl Connection {
    pub async fn begin(&mut self) -> Result<Tx<'_>, Error> {
        let Self { client, outbox, clinic } = self;
        Ok(Tx {
            tx: client.transaction().await?,
            outbox,
            clinic,
            audit: Pending::default(),
            tally: Tally::default(),
        })
    }

    /// Notes a read in the audit log. What cannot be noted must not be told.
    pub async fn note(&self, entry: Entry) -> Result<(), Error> {
        Ok(audit::append(&self.client, &[entry]).await?)
    }
}

impl Tx<'_> {
    /// Writes `event`, to leave when the transaction commits.
    pub async fn announce(&self, event: NewEvent) -> Result<(), Error> {
        Ok(self.outbox.append(&self.tx, event).await?)
    }

    /// Notes in the audit log what is done here.
    pub fn note(&self, entry: Entry) {
        self.audit.note(entry);
    }

    /// Notes a change of a visit, which counts when it is committed; `code` says why, when it has to.
    fn changed(&self, change: Change, a: &Appointment, code: &str) {
        self.note(audited::change(change, a, code));
        self.tally.note(change, a.status);
    }

    /// Waits no longer than this for what others have locked, until it is set anew.
    pub async fn wait_at_most(&self, limit: Duration) -> Result<(), Error> {
        // It need not be prepared, and so comes before what is sent after it.
        let statement = format!("SET LOCAL lock_timeout = '{}ms'", limit.as_millis());
        Ok(self.tx.batch_execute(&statement).await?)
    }

    /// [`Self::announce`] and `answer`, after which nothing comes but the entries of the audit log: all in one round trip.
    pub async fn announce_last<E: From<Error>>(
        &self,
        event: NewEvent,
        answer: impl Future<Output = Result<(), E>>,
    ) -> Result<(), E> {
        let told = async { Ok(self.announce(event).await?) };
        let audited = async { Ok(self.audit.write(&self.tx).await.map_err(Error::from)?) };
        tokio::try_join!(biased; told, answer, audited).map(|_| ())
    }

    pub async fn commit(self) -> Result<(), Error> {
        self.audit.write(&self.tx).await?;
        postgres::commit(self.tx).await?;
        self.tally.count();
        self.outbox.wake();
        Ok(())
    }
}
