//! How much time is left for the request at hand; each hop gives the next what remains of its own.
use std::time::Duration;
use tokio::time::Instant;

tokio::task_local! {
    static DEADLINE: Instant;
}

/// Runs `work` with `deadline` in force, or the one already in force when that is earlier.
pub async fn within<F: Future>(deadline: Instant, work: F) -> Result<F::Output, tokio::time::error::Elapsed> {
    let deadline = DEADLINE.try_with(|outer| deadline.min(*outer)).unwrap_or(deadline);
    DEADLINE.scope(deadline, tokio::time::timeout_at(deadline, work)).await
}

/// What is left for the request at hand; none outside of requests.
pub fn remaining() -> Option<Duration> {
    DEADLINE.try_with(|deadline| deadline.saturating_duration_since(Instant::now())).ok()
}

/// The `grpc-timeout` header, as in the gRPC specification: up to eight digits and a unit.
pub fn from_header(value: &str) -> Option<Duration> {
    let (digits, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(amount * 3600),
        "M" => Duration::from_secs(amount * 60),
        "S" => Duration::from_secs(amount),
        "m" => Duration::from_millis(amount),
        "u" => Duration::from_micros(amount),
        "n" => Duration::from_nanos(amount),
        _ => return None,
    })
}

/// The `grpc-timeout` header for `left`, in milliseconds.
pub fn to_header(left: Duration) -> String {
    format!("{}m", left.as_millis().min(99_999_999))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_read_as_grpc_writes_it() {
        assert_eq!(from_header("250m"), Some(Duration::from_millis(250)));
        assert_eq!(from_header("2S"), Some(Duration::from_secs(2)));
        for wrong in ["", "S", "123456789S", "5x", "5é"] {
            assert_eq!(from_header(wrong), None, "{wrong}");
        }
        assert_eq!(to_header(Duration::from_secs(5)), "5000m");
    }

    #[tokio::test(start_paused = true)]
    async fn an_inner_deadline_never_exceeds_the_outer() {
        let soon = Instant::now() + Duration::from_secs(1);
        let late = soon + Duration::from_secs(9);
        let left = within(soon, async { within(late, async { remaining() }).await }).await;
        assert_eq!(left, Ok(Ok(Some(Duration::from_secs(1)))));
    }
}
