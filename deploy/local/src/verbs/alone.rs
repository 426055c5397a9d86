//! The database of this checkout while no system runs here.
use anyhow::bail;
use local::database::{self, Database};
use local::places::{Lock, Places};
use local::process::stop_leftovers;
use local::say::Say;
use local::secrets::Secrets;
use local::stores::{Durability, Postgres};

/// PostgreSQL alone, and nobody else here.
pub(crate) struct Alone {
    pub(crate) database: Database,
    postgres: Postgres,
    _lock: Lock,
}

impl Alone {
    pub(crate) async fn start(places: &Places, secrets: &Secrets, say: &Say) -> anyhow::Result<Self> {
        let lock = places.lock()?;
        for folder in places.runs() {
            stop_leftovers(&folder)?;
        }
        places.prepare()?;
        let starting = Postgres::start(places, &secrets.store_password, Durability::Kept);
        let told = |postgres: &Postgres| format!("PostgreSQL on 127.0.0.1:{}", postgres.port());
        let postgres = say.step("PostgreSQL", told, starting).await?;
        let maintenance = Database::existing(&postgres.admin_url(), secrets.roles.clone())?;
        Ok(Self { database: maintenance.beside(database::NAME), postgres, _lock: lock })
    }

    pub(crate) async fn stop(self) {
        self.postgres.stop().await;
    }
}

/// Those of this checkout.
pub(crate) fn secrets(places: &Places) -> anyhow::Result<Secrets> {
    let file = places.secrets();
    match Secrets::read(&file)? {
        Some(secrets) => Ok(secrets),
        None => bail!(
            "this checkout has no secrets yet: `cargo dev` makes new ones; to restore a backup, put the file .local/secrets of \
             the checkout that made it here, as {}",
            file.display()
        ),
    }
}
