//! What processes measure of themselves, for Prometheus to fetch. What each number means is said here for those that all
//! services have, and in the `measurements` of a service for its own.
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;

/// From a cache hit to a time-out.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
/// From an event that is taken at once to one that waited for the end of an outage.
const LAGS: [f64; 13] =
    [0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0];

/// All that this process has measured so far.
#[derive(Clone)]
pub struct Measurements {
    prometheus: PrometheusHandle,
    process: Collector,
}

impl Measurements {
    /// From now on this process measures; once a process.
    pub fn begin() -> Result<Self, BuildError> {
        let prometheus = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
            .set_buckets_for_metric(Matcher::Full("inbox_lag_seconds".to_owned()), &LAGS)?
            .install_recorder()?;
        let process = Collector::default();
        process.describe();
        describe();
        Ok(Self { prometheus, process })
    }

    /// As Prometheus reads them.
    pub fn render(&self) -> String {
        self.process.collect();
        self.prometheus.render()
    }

    /// Sums up samples, so that they do not pile up while nobody asks.
    pub fn sum_up(&self) {
        self.prometheus.run_upkeep();
    }
}

fn describe() {
    describe_histogram!(
        "rpc_server_duration_seconds",
        Unit::Seconds,
        "How long calls took, by method and gRPC code."
    );
    describe_counter!(
        "rpc_client_refused_total",
        "Calls not made because as many as may be waited for the same service."
    );
    describe_counter!(
        "rpc_client_repeated_total",
        "Reads put to another replica because one did not answer."
    );
    describe_counter!("token_verifications_total", "Tokens that callers showed, by what came of it.");
    describe_gauge!(
        "tls_certificate_not_after_timestamp_seconds",
        "When the certificate that is shown ends, by what it is for, in seconds since 1970."
    );
    describe_gauge!("db_client_connections", "Open connections to PostgreSQL, idle or used.");
    describe_gauge!("db_client_connections_max", "Most connections to PostgreSQL that may be open.");
    describe_gauge!("db_client_connections_waiting", "Who waits for a connection to PostgreSQL.");
    describe_counter!(
        "db_client_connections_timeouts_total",
        "Who waited for a connection to PostgreSQL in vain, for none was free."
    );
    describe_counter!("audit_entries_total", "Entries written to the audit log, by decision.");
    describe_counter!(
        "redis_commands_total",
        "Commands for Redis: answered, failed, or skipped because one failed just before."
    );
    describe_counter!("outbox_published_total", "Events that the broker confirmed.");
    describe_gauge!("outbox_age_seconds", Unit::Seconds, "How long the oldest unpublished event has waited.");
    describe_gauge!("outbox_pending", "Events that are not published yet, counted up to 10000.");
    describe_gauge!("outbox_relay_leads", "Whether the last round of this replica's relay was its to do.");
    describe_histogram!(
        "inbox_lag_seconds",
        Unit::Seconds,
        "From an event to its effect, by the queue that it came through."
    );
    describe_gauge!("dead_letters", "Events that could not be taken and wait for a decision.");
    describe_counter!(
        "dead_letters_total",
        "Events that could not be taken, by the queue that they came through."
    );
}
