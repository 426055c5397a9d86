//! All SQL of this service.
mod keys; // signing keys
mod api_clients; // programs that log in by themselves
mod one_time_tokens; // tokens that work once
mod proxies; // who acts for whom
mod second_factor; // what authenticators share, recovery codes, log-ins that wait for a code
mod sessions; // sessions and their refresh tokens
mod users; // accounts
mod erasure; // accounts of which nothing is known any more

pub use second_factor::{Awaited, StoredTotp};

use deadpool_postgres::{Object, Pool, Transaction};
use platform::audit::{self, Entry, Pending};
use platform::outbox::{NewEvent, Outbox};
use platform::postgres;
use uuid::Uuid;

/// The schema of this service.
pub const SCHEMA: &str = "auth";

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0} is taken")]
    Taken(Taken),
    #[error(transparent)]
    Database(#[from] postgres::Error),
    #[error("the {column} of {table} {id} is unreadable")]
    Unreadable { table: &'static str, id: Uuid, column: &'static str },
}

/// What the database keeps unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Taken {
    #[error("the e-mail address")]
    Email,
    #[error("the user name")]
    Username,
    #[error("the patient or doctor record")]
    Link,
    #[error("the right to act for the patient")]
    Proxy,
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

impl Store {
    pub fn new(pool: Pool, outbox: Outbox) -> Self {
        Self { pool, outbox }
    }

    pub async fn connection(&self) -> Result<Connection, Error> {
        Ok(Connection(postgres::connection(&self.pool).await?, self.outbox.clone()))
    }
}

pub struct Connection(Object, Outbox);

impl Connection {
    pub async fn begin(&mut self) -> Result<Tx<'_>, Error> {
        Ok(Tx(self.0.transaction().await?, &self.1, Pending::default()))
    }

    /// Notes in the audit log what is no part of a transaction.
    pub async fn note(&self, entry: Entry) -> Result<(), Error> {
        Ok(audit::append(&self.0, &[entry]).await?)
    }
}

/// One transaction; dropped without `commit`, it leaves no trace.
pub struct Tx<'c>(Transaction<'c>, &'c Outbox, Pending);

impl Tx<'_> {
    /// Tells the others, once this is committed. The account's row must be locked or new.
    pub async fn announce(&self, event: NewEvent) -> Result<(), Error> {
        Ok(self.1.append(&self.0, event).await?)
    }

    /// Notes in the audit log what is done here.
    pub fn note(&self, entry: Entry) {
        self.2.note(entry);
    }

    pub async fn commit(self) -> Result<(), Error> {
        self.2.write(&self.0).await?;
        postgres::commit(self.0).await?;
        self.1.wake();
        Ok(())
    }

    /// Waits for whoever else holds the lock called `name`, and keeps it until the end of the transaction.
    async fn lock(&self, name: &str) -> Result<(), Error> {
        let statement =
            self.0.prepare_cached("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))").await?;
        self.0.execute(&statement, &[&name]).await?;
        Ok(())
    }
}
