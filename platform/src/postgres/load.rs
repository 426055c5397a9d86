//! How much a pool has to do.
use crate::shutdown::Shutdown;
use deadpool_postgres::{Object, Pool, PoolError, Status, TimeoutType};
use std::time::Duration;

/// How often it is looked at.
const WATCH: Duration = Duration::from_secs(5);

/// Measures the connections of `pool` until shutdown is requested; `name` tells it from other pools of the process.
pub(super) fn watch(name: &'static str, pool: &Pool, shutdown: &Shutdown) {
    let (pool, stopping) = (pool.clone(), shutdown.clone());
    shutdown.spawn(async move {
        loop {
            measure(name, pool.status());
            if !stopping.pause(WATCH).await {
                return;
            }
        }
    });
}

fn measure(name: &'static str, Status { max_size, size, available, waiting }: Status) {
    let number = |connections: usize| f64::from(u32::try_from(connections).unwrap_or(u32::MAX));
    let used = size.saturating_sub(available);
    for (state, connections) in [("idle", available), ("used", used)] {
        metrics::gauge!("db_client_connections", "pool" => name, "state" => state).set(number(connections));
    }
    metrics::gauge!("db_client_connections_max", "pool" => name).set(number(max_size));
    metrics::gauge!("db_client_connections_waiting", "pool" => name).set(number(waiting));
    metrics::counter!("db_client_connections_timeouts_total", "pool" => name).increment(0);
}

/// Counts who waited in vain for a connection of the pool that is called `name`.
pub(super) fn count(name: &'static str, got: &Result<Object, PoolError>) {
    if matches!(got, Err(PoolError::Timeout(TimeoutType::Wait))) {
        metrics::counter!("db_client_connections_timeouts_total", "pool" => name).increment(1);
    }
}
