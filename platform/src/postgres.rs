//! The pool, migrations, and what database errors mean to a caller.
mod load; // how much a pool has to do

pub use load::watch;

use crate::config;
use crate::fault::{self, fault};
use deadpool_postgres::{
    Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, Timeouts,
};
use secrecy::ExposeSecret as _;
use std::fmt;
use std::time::Duration;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};
use tonic::{Code, Status};

const OUTBOX: &str = include_str!("../migrations/outbox.sql");
const INBOX: &str = include_str!("../migrations/inbox.sql");
const DEAD_LETTERS: &str = include_str!("../migrations/dead_letters.sql");

/// Held while migrating, so that replicas that start together migrate one after the other.
const MIGRATION_LOCK: i64 = 0x6865_616c_7468;

/// Limits that the server enforces on every statement: a lost client must not hold locks.
const SESSION: &str = "-c statement_timeout=4s -c lock_timeout=2s -c idle_in_transaction_session_timeout=10s";

/// No statement is planned anew for its values.
const ONE_PLAN: &str = "-c plan_cache_mode=force_generic_plan";

/// A database error without its `DETAIL`, which holds column values. For the same reason it has no `source`:
/// whoever logs a chain of causes would log it after all.
#[derive(thiserror::Error)]
pub enum Error {
    #[error("no database connection: {}", pool_told(.0))]
    Pool(PoolError),
    #[error("{}", told(.0))]
    Statement(tokio_postgres::Error),
    /// Whatever was wrong with it: what cannot be noted must not be done.
    #[error("the audit log could not be written: {}", told(.0))]
    Unaudited(tokio_postgres::Error),
}

impl From<PoolError> for Error {
    fn from(error: PoolError) -> Self {
        Self::Pool(error)
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Statement(error)
    }
}

fn pool_told(error: &PoolError) -> String {
    match error {
        PoolError::Backend(error) => told(error),
        error => error.to_string(),
    }
}

fn told(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => {
            let constraint = db.constraint().map(|name| format!(" ({name})")).unwrap_or_default();
            format!("statement failed with SQLSTATE {}{constraint}: {}", db.code().code(), db.message())
        }
        None if error.is_closed() => "the database connection was closed".to_owned(),
        None => format!("statement failed: {error}"),
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error {
    /// The constraint that was broken, if that is what happened.
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Statement(error) => error.as_db_error()?.constraint(),
            Self::Pool(_) | Self::Unaudited(_) => None,
        }
    }

    /// Whether the same transaction may succeed when it is run again: a deadlock or serialization failure.
    pub fn is_conflict(&self) -> bool {
        matches!(self.code(), Some(code) if [SqlState::T_R_DEADLOCK_DETECTED, SqlState::T_R_SERIALIZATION_FAILURE].contains(code))
    }

    /// Whether a lock was waited for longer than allowed.
    pub fn is_lock_timeout(&self) -> bool {
        self.code() == Some(&SqlState::LOCK_NOT_AVAILABLE)
    }

    /// Whether the database is away, full or too slow, as opposed to a statement that is wrong.
    pub fn is_outage(&self) -> bool {
        match (self, self.code()) {
            (Self::Pool(_) | Self::Unaudited(_), _) => true,
            (Self::Statement(error), None) => error.is_closed() || is_io(error),
            // Class 08 connection, 53 resources, 57 operator intervention, 25006 read-only, 55P03 lock, 58 system.
            (_, Some(code)) => {
                let code = code.code();
                ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class))
                    || ["25006", "25P03", "55P03", "40001", "40P01"].contains(&code)
            }
        }
    }

    fn code(&self) -> Option<&SqlState> {
        match self {
            Self::Statement(error) | Self::Unaudited(error) | Self::Pool(PoolError::Backend(error)) => {
                error.code()
            }
            Self::Pool(_) => None,
        }
    }

    /// What a caller is told: UNAVAILABLE for an outage, INTERNAL for a mistake of ours.
    pub fn status(&self, domain: &str) -> Status {
        if let Self::Statement(error) = self
            && error.code() == Some(&SqlState::QUERY_CANCELED)
        {
            return fault(Code::DeadlineExceeded, domain, "DEADLINE_EXCEEDED", "the database took too long");
        }
        if self.is_outage() { fault::unavailable(domain, "postgresql", self) } else { fault::internal(self) }
    }
}

/// Whether the connection broke, as opposed to a value that could not be read or written.
fn is_io(error: &tokio_postgres::Error) -> bool {
    std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
}

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
    let mut config: tokio_postgres::Config = settings.database_url.expose_secret().parse()?;
    config.application_name(service).options(options).connect_timeout(Duration::from_secs(1));
    config.keepalives_idle(Duration::from_secs(5)).tcp_user_timeout(Duration::from_secs(5));
    let manager =
        Manager::from_config(config, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
    let limit = Duration::from_secs(1);
    let timeouts = Timeouts { wait: Some(limit), create: Some(limit), recycle: Some(limit) };
    Ok(Pool::builder(manager)
        .max_size(settings.database_max_connections)
        .timeouts(timeouts)
        .runtime(Runtime::Tokio1)
        .build()?)
}

/// A connection from the pool.
pub async fn connection(pool: &Pool) -> Result<Object, Error> {
    let got = pool.get().await;
    load::count(&got);
    Ok(got?)
}

/// Brings `schema` up to date as its owner: the outbox, the inbox, the dead letters, then the service's own migrations.
/// They see rows that row-level security keeps from everybody else, by policies for the purpose `migration`.
/// Waits for the database to be there; replicas that start together take turns.
pub async fn migrate(
    settings: &config::Postgres,
    schema: &str,
    own: &refinery::Runner,
) -> anyhow::Result<()> {
    let url = settings.database_owner_url.as_ref().unwrap_or(&settings.database_url);
    let mut client = wait_for_server(url.expose_secret()).await?;
    client
        .batch_execute(&format!(
            "SELECT pg_advisory_lock({MIGRATION_LOCK});
             SET lock_timeout = '5s';
             DO $$ BEGIN
                 IF to_regnamespace('{schema}') IS NULL THEN CREATE SCHEMA {schema}; END IF;
             END $$;
             SET search_path = {schema}, public;
             SET app.purpose = 'migration';
             {OUTBOX} {INBOX} {DEAD_LETTERS}"
        ))
        .await?;
    // The name is qualified, so that the history is the schema's own whatever the search path.
    let mut runner = own_runner(own);
    runner.set_migration_table_name(format!("{schema}.schema_history"));
    let report = runner.run_async(&mut client).await?;
    for migration in report.applied_migrations() {
        tracing::info!(schema, migration = %migration, "migrated");
    }
    client.batch_execute(&format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})")).await?;
    Ok(())
}

fn own_runner(own: &refinery::Runner) -> refinery::Runner {
    refinery::Runner::new(own.get_migrations())
}

/// Connects, however long it takes the database to accept.
async fn wait_for_server(url: &str) -> anyhow::Result<Client> {
    let config: tokio_postgres::Config = url.parse()?;
    loop {
        match config.connect(NoTls).await {
            Ok((client, connection)) => {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "ends with the client, before anything is served"
                )]
                tokio::spawn(connection);
                return Ok(client);
            }
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
