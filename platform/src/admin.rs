//! The private port of a process: whether it lives, whether it can work, its numbers, and which log lines it writes.
use crate::measurements::Measurements;
use crate::shutdown::Shutdown;
use crate::telemetry::LogLevel;
use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::routing::get;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tokio::net::TcpListener;

/// Whether this process can do its work. False until it serves, and again once it was asked to stop.
#[derive(Clone, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    pub fn set(&self, ready: bool) {
        self.0.store(ready, Relaxed);
    }

    pub fn is_ready(&self) -> bool {
        self.0.load(Relaxed)
    }
}

/// Serves `/livez`, `/readyz`, `/metrics` (Prometheus text) and `/log-level` until shutdown is requested.
pub async fn serve(
    address: SocketAddr,
    readiness: Readiness,
    log_level: LogLevel,
    shutdown: &Shutdown,
) -> anyhow::Result<()> {
    let measurements = Measurements::begin()?;
    shutdown.spawn({
        let (measurements, shutdown) = (measurements.clone(), shutdown.clone());
        async move {
            while shutdown.pause(UPKEEP).await {
                measurements.sum_up();
            }
        }
    });
    let stopping = shutdown.clone();
    let ready = move || {
        let ready = readiness.is_ready() && !stopping.is_requested();
        async move {
            if ready { (StatusCode::OK, "ready\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready\n") }
        }
    };
    let routes = Router::new()
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(async move || measurements.render()))
        .route("/log-level", get(tell_log_level).put(set_log_level))
        .layer(DefaultBodyLimit::max(LONGEST_LOG_LEVEL))
        .with_state(log_level);
    let listener = TcpListener::bind(address).await?;
    shutdown.spawn({
        let shutdown = shutdown.clone();
        async move {
            let served = axum::serve(listener, routes.into_make_service_with_connect_info::<SocketAddr>())
                .with_graceful_shutdown(async move { shutdown.requested().await });
            if let Err(error) = served.await {
                tracing::error!(error = &error as &dyn std::error::Error, "the private port stopped");
            }
        }
    });
    Ok(())
}

async fn tell_log_level(State(log_level): State<LogLevel>) -> String {
    format!("{log_level}\n")
}

/// Until the process ends: another has what its settings say.
async fn set_log_level(
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    State(log_level): State<LogLevel>,
    wanted: String,
) -> Result<String, (StatusCode, String)> {
    // Whoever may read numbers may not switch off what is noted.
    if !address.ip().to_canonical().is_loopback() {
        return Err((StatusCode::FORBIDDEN, "only from this machine\n".to_owned()));
    }
    log_level.set(wanted.trim()).map_err(|error| (StatusCode::BAD_REQUEST, format!("{error}\n")))?;
    Ok(format!("{log_level}\n"))
}

/// How often measurements are summed up.
const UPKEEP: Duration = Duration::from_secs(5);

/// In bytes.
const LONGEST_LOG_LEVEL: usize = 4096;
