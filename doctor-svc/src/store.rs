//! All SQL of this service.
use crate::events::Event;
use deadpool_postgres::{Object, Pool, Transaction};
use platform::outbox::Outbox;
use platform::postgres;
use proto::ids::DoctorId;

pub mod availabilities; // weekly hours
pub mod doctors; // doctors, with their hours
pub mod narrowings; // changes that take something away, while they are under way

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another doctor has the address.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// The database refused hours that overlap others.
    #[error("the hours overlap others of the doctor")]
    Overlapping,
    /// The doctor is no longer of the version that was changed.
    #[error("the doctor was changed in the meantime")]
    VersionMismatch,
    #[error("doctor {id} has an unreadable {column}")]
    Unreadable { id: DoctorId, column: &'static str },
    #[error(transparent)]
    Postgres(#[from] postgres::Error),
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::from(postgres::Error::from(error))
    }
}

#[derive(Clone)]
pub struct Store {
    pool: Pool,
    outbox: Outbox,
}

pub struct Connection {
    client: Object,
    outbox: Outbox,
}

/// One transaction; dropped without `commit`, it leaves no trace.
pub struct Tx<'c> {
    transaction: Transaction<'c>,
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
        Ok(Tx { transaction: self.client.transaction().await?, outbox: &self.outbox })
    }
}

impl Tx<'_> {
    /// Writes the events of a doctor whose row is locked or new.
    pub async fn announce(&self, events: Vec<Event>) -> Result<(), Error> {
        for event in events {
            self.outbox.append(&self.transaction, event.into()).await?;
        }
        Ok(())
    }

    pub async fn commit(self) -> Result<(), Error> {
        self.transaction.commit().await?;
        self.outbox.wake();
        Ok(())
    }
}

/// A value that the domain accepted when it was written.
fn parsed<V, T: TryFrom<V>>(id: DoctorId, column: &'static str, value: V) -> Result<T, Error> {
    T::try_from(value).map_err(|_| Error::Unreadable { id, column })
}
