//! All SQL of this service.
mod keys; // signing keys
mod api_clients; // programs that log in by themselves
mod proxies; // who acts for whom
mod second_factor; // what authenticators share, recovery codes, log-ins that wait for a code
mod sessions; // sessions and their refresh tokens
mod users; // accounts

pub use second_factor::{Awaited, StoredTotp};

use deadpool_postgres::{Object, Pool, Transaction};
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
        Ok(Tx(self.0.transaction().await?))
    }
}

/// One transaction; dropped without `commit`, it leaves no trace.
pub struct Tx<'c>(Transaction<'c>);

impl Tx<'_> {
    pub async fn commit(self) -> Result<(), Error> {
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
