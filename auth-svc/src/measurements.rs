//! What is counted of log-ins and passwords, and what that says.
use metrics::{Counter, describe_counter, describe_gauge};

/// How a log-in goes on.
const LOG_INS: [&str; 8] = [
    "succeeded",
    "wrong_password",
    "code_required",
    "wrong_code",
    "email_unverified",
    "expired",
    "busy",
    "failed",
];

/// Says what is counted, and begins with nought: what came into being with its first event would not have risen by it.
pub fn begin() {
    describe_counter!(
        "log_ins_total",
        "Attempts of people to log in, a second step by itself, by what came of them."
    );
    describe_gauge!(
        "password_hashes",
        "Passwords that are being hashed, or wait for that, by what it is for."
    );
    describe_gauge!("password_hashes_max", "Passwords that are hashed at once at most, by what it is for.");
    describe_counter!("password_hashes_refused_total", "Passwords that were not hashed, for too many were.");
    for outcome in LOG_INS {
        log_ins(outcome).increment(0);
    }
}

/// Of log-ins that went on like that.
pub(crate) fn log_ins(outcome: &'static str) -> Counter {
    metrics::counter!("log_ins_total", "outcome" => outcome)
}
