//! Redis, for what may be lost: limits and caches. Answers fast or not at all, so that an outage costs callers
//! nothing: what needs Redis does without.
use crate::config;
use crate::tls::Trust;
use anyhow::bail;
use bb8::ManageConnection;
use redis::aio::MultiplexedConnection;
use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, RedisError, TlsCertificates};
use secrecy::ExposeSecret as _;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::time::Instant;

pub use redis as commands;

/// Longest wait for a connection and an answer.
const PATIENCE: Duration = Duration::from_millis(100);
/// After a failure Redis is left alone for this long.
const RESPITE: Duration = Duration::from_secs(1);

/// Redis did not answer; do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("redis is not available")]
pub struct Away;

#[derive(Clone)]
pub struct Redis {
    pool: bb8::Pool<Connections>,
    started: Instant,
    /// Milliseconds after `started` until which nothing is tried.
    away_until: Arc<AtomicU64>,
}

impl Redis {
    pub fn new(settings: &config::Redis) -> anyhow::Result<Self> {
        let connections = Connections::new(settings)?;
        let pool = bb8::Pool::builder()
            .max_size(16)
            .connection_timeout(PATIENCE)
            .retry_connection(false)
            .test_on_check_out(false)
            .build_unchecked(connections);
        drop(["answered", "failed", "skipped"].map(counter));
        Ok(Self { pool, started: Instant::now(), away_until: Arc::default() })
    }

    /// Runs one command or script.
    pub async fn run<T>(
        &self,
        command: impl AsyncFnOnce(&mut MultiplexedConnection) -> commands::RedisResult<T>,
    ) -> Result<T, Away> {
        if self.now() < self.away_until.load(Relaxed) {
            counter("skipped").increment(1);
            return Err(Away);
        }
        let answer = tokio::time::timeout(PATIENCE, async {
            let mut connection = self.pool.get().await.map_err(|_| Away)?;
            // Until it has answered it is not fit for others, even if this call is given up.
            connection.is_broken = true;
            let answer = command(&mut connection.redis).await.map_err(|_| Away)?;
            connection.is_broken = false;
            Ok::<T, Away>(answer)
        });
        if let Ok(Ok(value)) = answer.await {
            counter("answered").increment(1);
            return Ok(value);
        }
        counter("failed").increment(1);
        let now = self.now();
        let until = now + u64::try_from(RESPITE.as_millis()).unwrap_or(u64::MAX);
        if self.away_until.swap(until, Relaxed) < now {
            tracing::warn!(dependency = "redis", "doing without for a while");
        }
        Err(Away)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

fn counter(outcome: &'static str) -> metrics::Counter {
    metrics::counter!("redis_commands_total", "outcome" => outcome)
}

/// Opens connections, and knows those that are dead: without that the pool would hand out the connections of a
/// Redis that has restarted.
struct Connections {
    server: ConnectionInfo,
    /// None in the clear.
    trust: Option<Trust>,
}

impl Connections {
    fn new(settings: &config::Redis) -> anyhow::Result<Self> {
        let server = settings.redis_url.expose_secret().into_connection_info()?;
        let asks_for_tls = match server.addr() {
            ConnectionAddr::TcpTls { insecure: true, .. } => bail!("REDIS_URL must not end in #insecure"),
            address => matches!(address, ConnectionAddr::TcpTls { .. }),
        };
        let needed = "with REDIS_CA_FILE, REDIS_URL must begin with rediss://";
        let trust = Trust::of(settings.redis_ca_file.as_ref(), asks_for_tls, needed)?;
        Ok(Self { server, trust })
    }

    fn client(&self) -> Result<Client, RedisError> {
        let server = self.server.clone();
        let Some(trust) = &self.trust else { return Client::open(server) };
        let root_cert = trust.pem().map_err(io::Error::other)?;
        Client::build_with_tls(server, TlsCertificates { client_tls: None, root_cert })
    }
}

struct Connection {
    redis: MultiplexedConnection,
    is_broken: bool,
}

impl ManageConnection for Connections {
    type Connection = Connection;
    type Error = RedisError;

    async fn connect(&self) -> Result<Connection, RedisError> {
        let redis = self.client()?.get_multiplexed_async_connection().await?;
        Ok(Connection { redis, is_broken: false })
    }

    async fn is_valid(&self, connection: &mut Connection) -> Result<(), RedisError> {
        commands::cmd("PING").query_async(&mut connection.redis).await
    }

    fn has_broken(&self, connection: &mut Connection) -> bool {
        connection.is_broken
    }
}
