//! All SQL of this service.
use crate::events::Event;
use deadpool_postgres::{Object, Pool, Transaction};
use platform::audit::{Entry, Pending};
use platform::outbox::Outbox;
use platform::postgres;
use proto::ids::{DoctorId, LocationId};
use tokio_postgres::types::ToSql;

pub mod places; // the locations that hours are at
pub mod availabilities; // weekly hours
pub mod exceptions; // other hours on one date, and time away
pub mod doctors; // doctors, with their hours
pub mod clinic; // places, holidays and visit types
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
    /// Hours are at a location that does not exist.
    #[error("the location does not exist")]
    NoSuchLocation(LocationId),
    /// Hours are at a location that shall go.
    #[error("hours are at the location")]
    LocationInUse,
    /// The database refused a second visit type on offer with a name.
    #[error("the name of the visit type is taken")]
    VisitTypeNameTaken,
    #[error("the clinic has unreadable {column}")]
    UnreadableClinic { column: &'static str },
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

const NEXT_RULES_VERSION: &str = "SELECT nextval('doctor.rules_version')";

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
    audit: Pending,
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
        let transaction = self.client.transaction().await?;
        Ok(Tx { transaction, outbox: &self.outbox, audit: Pending::default() })
    }
}

impl Tx<'_> {
    /// A number larger than those of all attempts before.
    pub async fn next_rules_version(&self) -> Result<i64, Error> {
        let statement = self.transaction.prepare_cached(NEXT_RULES_VERSION).await?;
        Ok(self.transaction.query_one(&statement, &[]).await?.try_get(0)?)
    }

    async fn execute(&self, statement: &str, values: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
        let statement = self.transaction.prepare_cached(statement).await?;
        Ok(self.transaction.execute(&statement, values).await?)
    }

    /// Writes the events of a row that is locked or new.
    pub async fn announce(&self, events: Vec<Event>) -> Result<(), Error> {
        for event in events {
            self.outbox.append(&self.transaction, event.into()).await?;
        }
        Ok(())
    }

    /// Notes in the audit log what is done here.
    pub fn note(&self, entry: Entry) {
        self.audit.note(entry);
    }

    pub async fn commit(self) -> Result<(), Error> {
        self.audit.write(&self.transaction).await?;
        postgres::commit(self.transaction).await?;
        self.outbox.wake();
        Ok(())
    }
}

/// A value that the domain accepted when it was written.
fn parsed<V, T: TryFrom<V>>(id: DoctorId, column: &'static str, value: V) -> Result<T, Error> {
    T::try_from(value).map_err(|_| Error::Unreadable { id, column })
}
