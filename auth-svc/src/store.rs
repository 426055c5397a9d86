//! All SQL of this service.
mod keys; // signing keys
mod sessions; // sessions and their refresh tokens
mod users; // accounts
mod erasure; // accounts of which nothing is known any more

use deadpool_postgres::{Object, Pool, Transaction};
use platform::audit::{self, Entry, Pending};
use platform::postgres;
use uuid::Uuid;

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
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error.into())
    }
}

#[derive(Clone)]
pub struct Store {
    pool: Pool,
}

impl Store {
    pub fn new(pool: Pool) -> Self {
        Self { pool }
    }

    pub async fn connection(&self) -> Result<Connection, Error> {
        Ok(Connection(postgres::connection(&self.pool).await?))
    }
}

pub struct Connection(Object);

impl Connection {
    pub async fn begin(&mut self) -> Result<Tx<'_>, Error> {
        Ok(Tx(self.0.transaction().await?, Pending::default()))
    }

    /// Notes in the audit log what is no part of a transaction.
    pub async fn note(&self, entry: Entry) -> Result<(), Error> {
        Ok(audit::append(&self.0, &[entry]).await?)
    }
}

/// One transaction; dropped without `commit`, it leaves no trace.
pub struct Tx<'c>(Transaction<'c>, Pending);

impl Tx<'_> {
    /// Notes in the audit log what is done here.
    pub fn note(&self, entry: Entry) {
        self.1.note(entry);
    }

    pub async fn commit(self) -> Result<(), Error> {
        self.1.write(&self.0).await?;
        Ok(self.0.commit().await?)
    }

    /// Waits for whoever else holds the lock called `name`, and keeps it until the end of the transaction.
    async fn lock(&self, name: &str) -> Result<(), Error> {
        let statement =
            self.0.prepare_cached("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))").await?;
        self.0.execute(&statement, &[&name]).await?;
        Ok(())
    }
}
