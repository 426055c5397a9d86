//! How errors travel: one code, one machine-readable reason, one sentence (AIP-193).
use prost::Message;
use std::{collections::HashMap, error::Error, time::Duration};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt, pb};

/// The domain of faults that every service can answer.
pub const DOMAIN: &str = "healthcare";

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

/// `status` with one more detail, of a type of our own; `type_name` is its full name, for instance
/// `healthcare.appointment.v1.SlotAlternatives`.
pub fn with_detail(status: &Status, type_name: &str, detail: &impl Message) -> Status {
    let mut details = pb::Status::decode(status.details()).unwrap_or_default();
    details.code = status.code().into();
    status.message().clone_into(&mut details.message);
    details.details.push(prost_types::Any {
        type_url: format!("type.googleapis.com/{type_name}"),
        value: detail.encode_to_vec(),
    });
    Status::with_details(status.code(), status.message(), details.encode_to_vec().into())
}

/// The detail of type `type_name` that [`with_detail`] added, if there is one.
pub fn detail<M: Message + Default>(status: &Status, type_name: &str) -> Option<M> {
    let details = pb::Status::decode(status.details()).ok()?;
    let any = details.details.iter().find(|any| any.type_url.rsplit('/').next() == Some(type_name))?;
    M::decode(any.value.as_slice()).ok()
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
    away(domain, dependency)
}

/// [`unavailable`], as everybody knows by now.
pub fn away(domain: &str, dependency: &str) -> Status {
    not_now(domain, "DEPENDENCY_UNAVAILABLE", format!("{dependency} is not available"), HashMap::new())
}

/// Whoever was asked may have done it, and did not say so. The same request with the same idempotency key tells.
pub fn unknown_outcome(domain: &str, dependency: &str) -> Status {
    let message = format!("{dependency} did not answer; whether a change took effect is not known");
    let outcome = HashMap::from([("outcome".to_owned(), "unknown".to_owned())]);
    not_now(domain, "DEPENDENCY_UNAVAILABLE", message, outcome)
}

/// So much is asked for that this is not even begun; the same request may succeed in `retry_after`.
pub fn overloaded(domain: &str, message: impl Into<String>) -> Status {
    not_now(domain, "OVERLOADED", message.into(), HashMap::new())
}

fn not_now(domain: &str, reason: &str, message: String, metadata: HashMap<String, String>) -> Status {
    let mut details = ErrorDetails::with_error_info(reason, domain, metadata);
    details.set_retry_info(Some(RETRY_AFTER));
    Status::with_error_details(Code::Unavailable, message, details)
}

/// More is asked for at once than this service does; the same request may succeed in `retry_after`.
pub fn exhausted(domain: &str, reason: &str, message: impl Into<String>) -> Status {
    exhausted_for(domain, reason, message, RETRY_AFTER)
}

/// [`exhausted`], and how long that will last.
pub fn exhausted_for(domain: &str, reason: &str, message: impl Into<String>, wait: Duration) -> Status {
    let mut details = ErrorDetails::with_error_info(reason, domain, HashMap::new());
    details.set_retry_info(Some(wait));
    Status::with_error_details(Code::ResourceExhausted, message, details)
}

/// The same is being done already; asking again in `retry_after` tells what came of it.
pub fn busy(domain: &str, reason: &str, message: impl Into<String>) -> Status {
    let mut details = ErrorDetails::with_error_info(reason, domain, HashMap::new());
    details.set_retry_info(Some(RETRY_AFTER));
    Status::with_error_details(Code::Aborted, message, details)
}

/// What a caller is told to wait before it tries again.
pub const RETRY_AFTER: Duration = Duration::from_secs(2);

/// The reason of a fault, when it has one.
pub fn reason(status: &Status) -> Option<String> {
    status.get_details_error_info().map(|info| info.reason)
}
