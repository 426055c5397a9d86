//! How errors travel: one code, one machine-readable reason, one sentence (AIP-193).
use std::{collections::HashMap, error::Error, time::Duration};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// An error the caller can act upon; `reason` is part of the contract, the message is not.
pub fn fault(code: Code, domain: &str, reason: &str, message: impl Into<String>) -> Status {
    fault_with(code, domain, reason, message, [])
}

/// [`fault`] with facts for the caller's program, for instance the values that would be accepted.
pub fn fault_with<const N: usize>(
    code: Code,
    domain: &str,
    reason: &str,
    message: impl Into<String>,
    metadata: [(&str, String); N],
) -> Status {
    let metadata: HashMap<String, String> = metadata.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
    Status::with_error_details(code, message, ErrorDetails::with_error_info(reason, domain, metadata))
}

/// An error that is ours alone: the chain goes to the log, one bland word to the caller.
pub fn internal(error: &(dyn Error + 'static)) -> Status {
    tracing::error!(error, "request failed");
    #[expect(clippy::disallowed_methods, reason = "the one place that has logged the cause")]
    let status = Status::internal("internal error");
    status
}

/// Something this service needs is away for the moment; the same request may succeed in `retry_after`.
pub fn unavailable(domain: &str, dependency: &str, error: &(dyn Error + 'static)) -> Status {
    tracing::warn!(error, dependency, "dependency unavailable");
    let mut details = ErrorDetails::with_error_info("DEPENDENCY_UNAVAILABLE", domain, HashMap::new());
    details.set_retry_info(Some(RETRY_AFTER));
    Status::with_error_details(Code::Unavailable, format!("{dependency} is not available"), details)
}

/// What a caller is told to wait before it tries again.
pub const RETRY_AFTER: Duration = Duration::from_secs(2);

/// The reason of a fault, when it has one.
pub fn reason(status: &Status) -> Option<String> {
    status.get_details_error_info().map(|info| info.reason)
}
