//! What is counted at the edge, and what that says.
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// Says what is counted.
pub fn begin() {
    describe_histogram!(
        "http_server_duration_seconds",
        Unit::Seconds,
        "How long requests took, by method, route and status."
    );
    describe_gauge!("http_server_active_requests", "Requests under way, at the gateway.");
    describe_gauge!("http_server_request_limit", "Most requests that may be under way at the moment.");
    describe_counter!(
        "http_server_shed_total",
        "Requests refused because they could not be answered in time."
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
