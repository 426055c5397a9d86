//! What is measured of the audit log, and what that says.
use jiff::Timestamp;
use metrics::{Unit, describe_gauge};

/// Says what is measured.
pub fn begin(now: Timestamp) {
    describe_gauge!(
        "audit_signed_timestamp_seconds",
        Unit::Seconds,
        "When the audit log was last found signed to its end, or was signed."
    );
    describe_gauge!(
        "audit_rewritten",
        "Whether the last look at the audit log found that something was changed that was signed."
    );
    // Until the first look: should none ever succeed, somebody has to hear of it.
    metrics::gauge!("audit_signed_timestamp_seconds").set(now.as_duration().as_secs_f64());
}

/// The last look at the audit log found it as it was signed, and nothing behind, or found it rewritten.
pub(crate) fn looked(now: Timestamp, is_rewritten: bool) {
    metrics::gauge!("audit_rewritten").set(f64::from(u8::from(is_rewritten)));
    if !is_rewritten {
        metrics::gauge!("audit_signed_timestamp_seconds").set(now.as_duration().as_secs_f64());
    }
}
