//! The private port of a process: whether it lives, whether it can work, and its numbers.
use crate::shutdown::Shutdown;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
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

/// Serves `/livez`, `/readyz` and `/metrics` (Prometheus text) until shutdown is requested.
pub async fn serve(address: SocketAddr, readiness: Readiness, shutdown: &Shutdown) -> anyhow::Result<()> {
    let metrics = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)?
        .install_recorder()?;
    shutdown.spawn({
        let (metrics, shutdown) = (metrics.clone(), shutdown.clone());
        // Samples are summed up here, so that they do not pile up while nobody scrapes.
        async move {
            while shutdown.pause(UPKEEP).await {
                metrics.run_upkeep();
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
        .route("/metrics", get(async move || metrics.render()));
    let listener = TcpListener::bind(address).await?;
    shutdown.spawn({
        let shutdown = shutdown.clone();
        async move {
            let served = axum::serve(listener, routes)
                .with_graceful_shutdown(async move { shutdown.requested().await });
            if let Err(error) = served.await {
                tracing::error!(error = &error as &dyn std::error::Error, "the private port stopped");
            }
        }
    });
    Ok(())
}

/// How often measurements are summed up.
const UPKEEP: Duration = Duration::from_secs(5);

/// From a cache hit to a time-out.
const BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
