//! All SQL of this service.

mod appointments; // visits, their claims and their history
mod calendars; // what doctors offer, and who may be booked
mod reads; // lists of visits, and who treats whom

pub use appointments::Taken;
pub use calendars::Locked;
pub use reads::{Filter, HistoryEntry, Position};

use deadpool_postgres::{Object, Pool, Transaction};
use platform::outbox::{NewEvent, Outbox};
use platform::postgres;

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

#[derive(Clone)]
pub struct Store {
    pool: Pool,
    outbox: Outbox,
}

/// A connection of the pool.
pub struct Connection {
    client: Object,
    outbox: Outbox,
}

/// One transaction; dropped without `commit`, it leaves no trace.
pub struct Tx<'c> {
    tx: Transaction<'c>,
    outbox: &'c Outbox,
}

impl Store {
    pub fn new(pool: Pool, outbox: Outbox) -> Self {
        Self { pool, outbox }
    }

    pub async fn connection(&self) -> Result<Connection, Error> {
        Ok(Connection { client: postgres::connection(&self.pool).await?, outbox: self.outbox.clone() })
    }
}

impl Connection {
    pub async fn begin(&mut self) -> Result<Tx<'_>, Error> {
        Ok(Tx { tx: self.client.transaction().await?, outbox: &self.outbox })
    }
}

impl Tx<'_> {
    /// Writes `event`, to leave when the transaction commits.
    pub async fn announce(&self, event: NewEvent) -> Result<(), Error> {
        Ok(self.outbox.append(&self.tx, event).await?)
    }

    pub async fn commit(self) -> Result<(), Error> {
        self.tx.commit().await?;
        self.outbox.wake();
        Ok(())
    }
}
