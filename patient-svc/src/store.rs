//! All SQL of this service.
mod rows; // a patient as a row, and back
mod patients; // patients and their identifiers
mod merges; // patients who were merged into others
mod legal_holds; // why patients stay as they are
mod likeness; // patients who may be one
mod removals; // removals of patients that were begun
mod break_glass; // leave to read in an emergency
mod row_security; // whose records a transaction is about
mod records; // medical records as they are read, opened
mod revisions; // medical records as they are written, sealed
mod keys; // data keys, as operators exchange them
mod erasures; // patients of whom nothing is known any more
mod audit; // the audit log as it is read

use crate::sealing::Keyring;
use deadpool_postgres::{Object, Pool, Transaction};
use platform::audit::{Entry, Pending, append};
use platform::outbox::{NewEvent, Outbox};
use platform::postgres::{self, Reads};
use platform::secrets::NotSealed;

pub use audit::{Filter, Place, Signed};
pub use merges::Decision;
pub use patients::NameKey;
pub use records::{PAGE_BYTES, Sighting};
pub use removals::Attempt;

/// The schema of this service.
pub const SCHEMA: &str = "patient";

/// What the database said.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Database(#[from] postgres::Error),
    #[error("the id is taken")]
    IdTaken,
    #[error("an identifier is another patient's")]
    IdentifierTaken,
    #[error("the row was changed in between")]
    Stale,
    #[error("a row has an unreadable {0}")]
    Unreadable(&'static str),
    #[error("a medical record cannot be opened")]
    Unopened(#[from] NotSealed),
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
            _ => None,
        }
    }
}

#[derive(Clone)]
pub struct Store {
    pool: Pool,
    reads: Reads,
    outbox: Outbox,
    keyring: Keyring,
}

/// A connection to begin a transaction on.
pub struct Connection<'s> {
    store: &'s Store,
    object: Object,
}

/// One transaction; dropped without `commit`, it leaves no trace.
pub struct Tx<'c> {
    store: &'c Store,
    inner: Transaction<'c>,
    audit: Pending,
}

impl Store {
    /// One that reads all from the primary.
    pub fn new(pool: Pool, outbox: Outbox, keyring: Keyring) -> Self {
        Self { reads: Reads::on(pool.clone()), pool, outbox, keyring }
    }

    #[must_use]
    pub fn reading(self, reads: Reads) -> Self {
        Self { reads, ..self }
    }

    pub async fn connection(&self) -> Result<Connection<'_>, Error> {
        Ok(Connection { store: self, object: self.object().await? })
    }

    /// Notes a read in the audit log. What cannot be noted must not be told.
    pub async fn note(&self, entry: Entry) -> Result<(), Error> {
        Ok(append(&self.object().await?, &[entry]).await?)
    }

    /// A connection for one statement.
    async fn object(&self) -> Result<Object, Error> {
        Ok(postgres::connection(&self.pool).await?)
    }
}

impl Connection<'_> {
    pub async fn begin(&mut self) -> Result<Tx<'_>, Error> {
        Ok(Tx { store: self.store, inner: self.object.transaction().await?, audit: Pending::default() })
    }
}

impl Tx<'_> {
    pub async fn announce(&self, event: NewEvent) -> Result<(), Error> {
        Ok(self.store.outbox.append(&self.inner, event).await?)
    }

    /// Notes in the audit log what is done here.
    pub fn note(&self, entry: Entry) {
        self.audit.note(entry);
    }

    pub async fn commit(self) -> Result<(), Error> {
        self.audit.write(&self.inner).await?;
        postgres::commit(self.inner).await?;
        self.store.outbox.wake();
        Ok(())
    }
}
