//! The pool, the tables of a service, and what database errors mean to a caller.
mod error;
mod link; // in the clear or by TLS
mod load; // how much a pool has to do
mod reads;

pub use error::{Error, OfStore};
pub use reads::Reads;

use crate::config;
use crate::shutdown::Shutdown;
use anyhow::bail;
use aws_lc_rs::digest::{SHA256, digest};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use deadpool_postgres::{Object, Pool, Runtime, Timeouts, Transaction};
use link::Link;
use refinery::Runner;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;
use tokio_postgres::Client;

/// Limits that the server enforces on every statement: a lost client must not hold locks.
const SESSION: &str = "-c statement_timeout=4s -c lock_timeout=2s -c idle_in_transaction_session_timeout=10s";

/// How far a server is: what it has written, or has taken over of what another wrote.
const POSITION: &str =
    "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END";

/// No statement is planned anew for its values.
const ONE_PLAN: &str = "-c plan_cache_mode=force_generic_plan";

/// What every service has besides its own tables.
const SHARED: &str = concat!(
    include_str!("../migrations/history.sql"),
    include_str!("../migrations/outbox.sql"),
    include_str!("../migrations/inbox.sql"),
    include_str!("../migrations/dead_letters.sql")
);

/// What the pool of the primary is called where pools are measured.
const PRIMARY: &str = "primary";

/// Held while migrating, so that replicas that start together migrate one after the other.
const MIGRATION_LOCK: i64 = 0x6865_616c_7468;

/// How often it is looked whether the tables are there.
const LOOK: Duration = Duration::from_millis(500);

/// How often it is told that they are not.
const TELL: Duration = Duration::from_secs(10);

/// Connections of the runtime role, opened when needed.
pub fn pool(settings: &config::Postgres, service: &str) -> anyhow::Result<Pool> {
    pool_with(settings, service, SESSION)
}

/// [`pool`], for a store whose plans are right for all values: each statement is planned once on a connection. The
/// server would plan many again and again as tables grow, because what it does not know seems to cost more.
pub fn pool_planning_once(settings: &config::Postgres, service: &str) -> anyhow::Result<Pool> {
    pool_with(settings, service, &format!("{SESSION} {ONE_PLAN}"))
}

fn pool_with(settings: &config::Postgres, service: &str, options: &str) -> anyhow::Result<Pool> {
    let mut config = link::parsed(&settings.database_url)?;
    config.application_name(service).options(options);
    pool_of(config, settings, Duration::from_secs(1))
}

/// `patience` is how long a connection may take to be had.
fn pool_of(
    mut config: tokio_postgres::Config,
    settings: &config::Postgres,
    patience: Duration,
) -> anyhow::Result<Pool> {
    config.connect_timeout(patience);
    config.keepalives_idle(Duration::from_secs(5)).tcp_user_timeout(Duration::from_secs(5));
    let manager = Link::of(&config, settings)?.manager(config);
    let timeouts = Timeouts { wait: Some(patience), create: Some(patience), recycle: Some(patience) };
    let most = settings.database_max_connections;
    Ok(Pool::builder(manager).max_size(most).timeouts(timeouts).runtime(Runtime::Tokio1).build()?)
}

/// Measures the connections of the primary's pool until shutdown is requested.
pub fn watch(pool: &Pool, shutdown: &Shutdown) {
    load::watch(PRIMARY, pool, shutdown);
}

/// A connection from the primary's pool.
pub async fn connection(pool: &Pool) -> Result<Object, Error> {
    connection_of(PRIMARY, pool).await
}

/// A connection from the pool that is measured under this name.
async fn connection_of(name: &'static str, pool: &Pool) -> Result<Object, Error> {
    let got = pool.get().await;
    load::count(name, &got);
    Ok(got?)
}

/// Commits `transaction`: [`Error::Unfinished`] when nobody knows whether it was.
#[expect(clippy::disallowed_methods, reason = "this is what all others are to use")]
pub async fn commit(transaction: Transaction<'_>) -> Result<(), Error> {
    transaction.commit().await.map_err(Error::of_commit)
}

/// Brings `schema` up to date as its owner: the tables that every service has, then the service's own migrations.
/// They see rows that row-level security keeps from everybody else, by policies for the purpose `migration`.
/// Waits for the database to be there; replicas that start together take turns. A schema that a later release has
/// migrated stays as it is.
///
/// Without [`config::Postgres::migrate`] it changes nothing, and waits as the runtime role until somebody else has done it.
pub async fn migrate(settings: &config::Postgres, schema: &str, own: &Runner) -> anyhow::Result<()> {
    if !settings.migrate {
        return wait_until_migrated(settings, schema, own).await;
    }
    let url = settings.database_owner_url.as_ref().unwrap_or(&settings.database_url);
    let mut client = wait_for_server(url, settings).await?;
    client
        .batch_execute(&format!(
            "SELECT pg_advisory_lock({MIGRATION_LOCK});
             SET lock_timeout = '5s';
             DO $$ BEGIN
                 IF to_regnamespace('{schema}') IS NULL THEN CREATE SCHEMA {schema}; END IF;
             END $$;
             SET search_path = {schema}, public;
             SET app.purpose = 'migration';
             {SHARED}
             INSERT INTO platform_history (digest) VALUES ('{}') ON CONFLICT DO NOTHING;",
            shared_digest()
        ))
        .await?;
    let history = History::read(&client, schema).await?;
    history.refuse_gaps(own)?;
    let mut runner = Runner::new(own.get_migrations());
    // Of those that it does not know a later release is the author; gaps were looked for above.
    runner = runner.set_abort_missing(false);
    // The name is qualified, so that the history is the schema's own whatever the search path.
    runner.set_migration_table_name(format!("{schema}.schema_history"));
    let report = runner.run_async(&mut client).await?;
    for migration in report.applied_migrations() {
        tracing::info!(schema, migration = %migration, "migrated");
    }
    client.batch_execute(&format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})")).await?;
    Ok(())
}

/// Returns when all that this release needs is there. What a later one has added besides does no harm.
async fn wait_until_migrated(settings: &config::Postgres, schema: &str, own: &Runner) -> anyhow::Result<()> {
    let mut told: Option<Instant> = None;
    loop {
        let client = wait_for_server(&settings.database_url, settings).await?;
        loop {
            let lacking = match History::read(&client, schema).await {
                Ok(history) => history.lacking(own)?,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(schema, error, "could not look whether the schema is migrated");
                    break;
                }
            };
            if lacking.is_empty() {
                return Ok(());
            }
            if told.is_none_or(|told| told.elapsed() >= TELL) {
                told = Some(Instant::now());
                let lacking = lacking.join(", ");
                tracing::warn!(schema, lacking, "waiting until the schema is migrated");
            }
            tokio::time::sleep(LOOK).await;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What was made in a schema so far.
#[derive(Default)]
struct History {
    /// Checksums of the service's own migrations, by version.
    own: BTreeMap<i32, String>,
    is_shared_made: bool,
}

impl History {
    async fn read(client: &Client, schema: &str) -> Result<Self, tokio_postgres::Error> {
        let tables = "SELECT to_regclass($1) IS NOT NULL, to_regclass($2) IS NOT NULL";
        let names = [format!("{schema}.platform_history"), format!("{schema}.schema_history")];
        let tables = client.query_one(tables, &[&names[0], &names[1]]).await?;
        let mut found = Self::default();
        if tables.get(0) {
            let made = format!("SELECT EXISTS (SELECT FROM {schema}.platform_history WHERE digest = $1)");
            found.is_shared_made = client.query_one(&made, &[&shared_digest()]).await?.get(0);
        }
        if tables.get(1) {
            let own = format!("SELECT version, checksum FROM {schema}.schema_history");
            let rows = client.query(&own, &[]).await?;
            found.own = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        }
        Ok(found)
    }

    /// What this release needs and is not there yet. An error when there is something else in its place.
    fn lacking(&self, own: &Runner) -> anyhow::Result<Vec<String>> {
        let mut lacking = Vec::new();
        if !self.is_shared_made {
            lacking.push("the tables that every service has".to_owned());
        }
        for migration in own.get_migrations() {
            match self.own.get(&migration.version()) {
                Some(checksum) if *checksum == migration.checksum().to_string() => {}
                Some(_) => bail!("the schema has another {migration} than this program"),
                None => lacking.push(migration.to_string()),
            }
        }
        Ok(lacking)
    }

    /// A migration cannot be made up for once later ones were made.
    fn refuse_gaps(&self, own: &Runner) -> anyhow::Result<()> {
        let last = self.own.last_key_value().map(|(version, _)| *version);
        let gap = own.get_migrations().iter().find(|migration| {
            Some(migration.version()) < last && !self.own.contains_key(&migration.version())
        });
        match gap {
            Some(gap) => bail!("{gap} was left out when the schema was migrated"),
            None => Ok(()),
        }
    }
}

/// Which tables every service has, told apart from those of other releases.
fn shared_digest() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, SHARED.as_bytes()))
}

/// Connects, however long it takes the database to accept.
async fn wait_for_server(url: &SecretString, settings: &config::Postgres) -> anyhow::Result<Client> {
    let config = link::parsed(url)?;
    let link = Link::of(&config, settings)?;
    loop {
        match Box::pin(link.connect(&config)).await {
            Ok(client) => return Ok(client),
            // The server answered, and it will answer the same next time: wrong password, no such database.
            Err(error)
                if error
                    .as_db_error()
                    .is_some_and(|db| db.code().code().starts_with("28") || db.code().code() == "3D000") =>
            {
                return Err(error.into());
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "waiting for the database");
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
    }
}
