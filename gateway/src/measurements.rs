//! What is counted at the edge, and what that says.
use metrics::{Unit, describe_counter, describe_histogram};

/// Says what is counted.
pub fn begin() {
    describe_histogram!(
        "http_server_duration_seconds",
        Unit::Seconds,
        "How long requests took, by method, route and status."
    );
    describe_counter!(
        "rate_limit_decisions_total",
        "Requests and attempts that a limit let pass or refused."
    );
    describe_counter!(
        "directory_lookups_total",
        "Questions about doctors: answered from this process, from Redis, by doctor-svc and kept, or not kept at all."
    );
}
