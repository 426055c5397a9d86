//! What the clinic offers, as doctor-svc last said.
use super::{Connection, Error, Tx};
use crate::domain::clinic::Clinic;
use deadpool_postgres::GenericClient;
use std::sync::{Arc, PoisonError, RwLock};
use tracing::instrument;

const VERSION: &str = "SELECT version FROM appointment.clinic";

const FIND: &str = "SELECT version, rules FROM appointment.clinic";

/// Held by whoever changes it.
const LOCK: &str = "SELECT version, rules FROM appointment.clinic FOR NO KEY UPDATE";

const PUT: &str = "UPDATE appointment.clinic SET version = $1, rules = $2 WHERE version < $1";

/// The clinic as this process last read it; a look at the version tells whether it still is.
#[derive(Clone, Default)]
pub(super) struct Known(Arc<RwLock<Arc<Clinic>>>);

impl Known {
    fn get(&self) -> Arc<Clinic> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, clinic: &Arc<Clinic>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = clinic.clone();
    }

    /// The clinic as it is by now.
    async fn current(&self, client: &impl GenericClient) -> Result<Arc<Clinic>, Error> {
        let statement = client.prepare_cached(VERSION).await?;
        let version: i64 = client.query_one(&statement, &[]).await?.try_get("version")?;
        let known = self.get();
        if known.version == version {
            return Ok(known);
        }
        let clinic = Arc::new(read(client, FIND).await?);
        self.set(&clinic);
        Ok(clinic)
    }
}

impl Connection {
    #[instrument(name = "db.clinic.find", skip_all)]
    pub async fn clinic(&self) -> Result<Arc<Clinic>, Error> {
        self.clinic.current(&self.client).await
    }
}

impl Tx<'_> {
    /// The clinic as it is now. While a calendar is locked, it does not become narrower.
    #[instrument(name = "db.clinic.find", skip_all)]
    pub async fn clinic(&self) -> Result<Arc<Clinic>, Error> {
        self.clinic.current(&self.tx).await
    }

    #[instrument(name = "db.clinic.lock", skip_all)]
    pub async fn lock_clinic(&self) -> Result<Clinic, Error> {
        read(&self.tx, LOCK).await
    }

    /// Replaces what the clinic offers, unless a later version is known.
    #[instrument(name = "db.clinic.put", skip_all)]
    pub async fn put_clinic(&self, clinic: &Clinic) -> Result<(), Error> {
        let rules = serde_json::to_value(clinic).map_err(|_| unreadable())?;
        let statement = self.tx.prepare_cached(PUT).await?;
        self.tx.execute(&statement, &[&clinic.version, &rules]).await?;
        Ok(())
    }
}

async fn read(client: &impl GenericClient, statement: &str) -> Result<Clinic, Error> {
    let statement = client.prepare_cached(statement).await?;
    let row = client.query_one(&statement, &[]).await?;
    let clinic: Clinic = serde_json::from_value(row.try_get("rules")?).map_err(|_| unreadable())?;
    Ok(Clinic { version: row.try_get("version")?, ..clinic })
}

fn unreadable() -> Error {
    Error::Unreadable { table: "clinic", column: "rules" }
}
