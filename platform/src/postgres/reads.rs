//! Reads that may be a few seconds old, on a replica.
use super::link::parsed;
use super::load::watch;
use super::{Error, OfStore, POSITION, PRIMARY, connection, connection_of, pool_of};
use crate::config;
use crate::shutdown::Shutdown;
use deadpool_postgres::{Object, Pool};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tokio_postgres::types::PgLsn;

/// How old what is read may be.
const LAG: Duration = Duration::from_secs(10);

/// How often it is looked how far the replica is.
const LOOK: Duration = Duration::from_secs(1);

/// How long a connection to it may take: the primary is asked afterwards, in the time of the same request.
const PATIENCE: Duration = Duration::from_millis(300);

/// How long an answer of it may take: a server that is frozen ends no statement by itself.
const ANSWER: Duration = Duration::from_millis(2500);

/// What its pool is called where pools are measured.
const REPLICA: &str = "replica";

/// Nothing can be written there, not even where it is no replica.
const SESSION: &str = "-c default_transaction_read_only=on -c statement_timeout=2s -c lock_timeout=1s \
                       -c idle_in_transaction_session_timeout=10s";

/// Where to read what a caller cannot tell to be a little old: on the replica while it answers and is less than ten seconds
/// behind, else on the primary.
#[derive(Clone)]
pub struct Reads {
    primary: Pool,
    replica: Option<Replica>,
}

#[derive(Clone)]
struct Replica {
    pool: Pool,
    is_near: Arc<AtomicBool>,
}

impl Reads {
    /// On the primary alone.
    pub fn on(primary: Pool) -> Self {
        Self { primary, replica: None }
    }

    /// On the replica of `reads` besides, if it names one.
    pub fn new(
        settings: &config::Postgres,
        reads: &config::Reads,
        service: &str,
        primary: Pool,
        shutdown: &Shutdown,
    ) -> anyhow::Result<Self> {
        let Some(url) = &reads.database_read_url else { return Ok(Self::on(primary)) };
        let mut config = parsed(url)?;
        config.application_name(format!("{service} reads")).options(SESSION);
        let pool = pool_of(config, settings, PATIENCE)?;
        watch(REPLICA, &pool, shutdown);
        let replica = Replica { pool, is_near: Arc::default() };
        shutdown.spawn(replica.clone().watch(primary.clone(), shutdown.clone()));
        Ok(Self { primary, replica: Some(replica) })
    }

    /// What `read` finds. What fails on the replica is read from the primary; then nobody tries the replica until it is seen
    /// to be well. But not what was ended there because it took too long: it would take as long again, of the primary.
    pub async fn read<T, E, F>(&self, read: impl Fn(Object) -> F) -> Result<T, E>
    where
        E: From<Error> + OfStore,
        F: Future<Output = Result<T, E>>,
    {
        if let Some(replica) = self.replica.as_ref().filter(|replica| replica.is_near.load(Relaxed)) {
            let found = async { read(connection_of(REPLICA, &replica.pool).await?).await };
            match timeout(ANSWER, found).await {
                Ok(Ok(found)) => return Ok(found),
                Ok(Err(error)) if error.of_database().is_some_and(Error::is_overdue) => return Err(error),
                Ok(Err(error)) => replica.set_near(false, Some(&error)),
                Err(late) => replica.set_near(false, Some(&late)),
            }
        }
        read(connection(&self.primary).await?).await
    }
}

impl Replica {
    /// Looks how far the replica is, until shutdown. Whether it has what the primary had at some time tells that it is not
    /// further behind than that; the time that the replica tells of itself stands still with the primary's work.
    async fn watch(self, primary: Pool, shutdown: Shutdown) {
        let mut mark: Option<(Instant, PgLsn)> = None;
        let mut seen_near: Option<Instant> = None;
        loop {
            match timeout(ANSWER, self.look(&primary, &mut mark, &mut seen_near)).await {
                Ok(Ok(())) => self.set_near(seen_near.is_some_and(|seen| seen.elapsed() < LAG), None),
                Ok(Err(error)) => self.set_near(false, Some(&error)),
                Err(late) => self.set_near(false, Some(&late)),
            }
            if !shutdown.pause(LOOK).await {
                return;
            }
        }
    }

    async fn look(
        &self,
        primary: &Pool,
        mark: &mut Option<(Instant, PgLsn)>,
        seen_near: &mut Option<Instant>,
    ) -> Result<(), Error> {
        let position = position(REPLICA, &self.pool).await?;
        if let Some((at, reached)) = *mark {
            if position < Some(reached) {
                return Ok(());
            }
            *seen_near = Some(at);
        }
        let now = Instant::now();
        *mark = self::position(PRIMARY, primary).await?.map(|position| (now, position));
        Ok(())
    }

    fn set_near(&self, is_near: bool, error: Option<&(dyn std::error::Error + 'static)>) {
        match (self.is_near.swap(is_near, Relaxed), is_near) {
            (false, true) => tracing::info!("reading from the replica"),
            (true, false) => tracing::warn!(error, "the replica is away or behind, reading from the primary"),
            _ => {}
        }
    }
}

/// How far the server is to which the pool that is called `name` leads.
async fn position(name: &'static str, pool: &Pool) -> Result<Option<PgLsn>, Error> {
    Ok(connection_of(name, pool).await?.query_one(POSITION, &[]).await?.get(0))
}
