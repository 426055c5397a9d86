//! Attempts to post: how they end, and when the next one is.
use super::WebhookDelivery;
use std::time::Duration;

/// Seconds to wait after the first failure, the second, and so on: Standard Webhooks, about three days in all.
const PAUSES: [u64; 9] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// Longest wait that a receiver may ask for.
const MAX_ASKED: Duration = Duration::from_secs(24 * 3600);

/// What a receiver answered; its body is of no interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// How long it asks to be left alone.
    pub retry_after: Option<Duration>,
}

/// Why there is no answer. Classes only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The URL may not be posted to, by the settings of today.
    UrlRefused,
    /// The name has no address.
    Unresolved,
    /// The name leads to an address that is not public.
    AddressRefused,
    /// No connection.
    Unreachable,
    /// Whoever is there does not prove to be whom the URL names.
    TlsFailed,
    /// No answer in time.
    Timeout,
    /// The connection ended before an answer, or what came is none.
    Interrupted,
    /// What was answered is no success.
    Refused,
    /// What signs cannot be opened: the root secret is another.
    SecretUnreadable,
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Delivered {
        status: u16,
    },
    Retry {
        after: Duration,
        failure: Failure,
        status: Option<u16>,
    },
    GivenUp {
        failure: Failure,
        status: Option<u16>,
    },
    /// The receiver wants to hear no more.
    Gone,
}

impl WebhookDelivery {
    /// What becomes of it after an attempt.
    pub fn after(&self, attempt: Result<Answer, Failure>) -> Outcome {
        let (failure, answer) = match attempt {
            Ok(answer) => match answer.status {
                status @ 200..=299 => return Outcome::Delivered { status },
                410 => return Outcome::Gone,
                _ => (Failure::Refused, Some(answer)),
            },
            Err(failure) => (failure, None),
        };
        let status = answer.map(|answer| answer.status);
        let pause = usize::try_from(self.attempts).ok().and_then(|failed| PAUSES.get(failed));
        let Some(seconds) = pause else { return Outcome::GivenUp { failure, status } };
        let asked = answer.filter(|answer| matches!(answer.status, 429 | 503));
        let asked = asked.and_then(|answer| answer.retry_after).unwrap_or_default().min(MAX_ASKED);
        Outcome::Retry { after: asked.max(Duration::from_secs(*seconds)), failure, status }
    }
}

impl Outcome {
    pub fn name(self) -> &'static str {
        match self {
            Self::Delivered { .. } => "delivered",
            Self::Retry { .. } => "retry",
            Self::GivenUp { .. } => "failed",
            Self::Gone => "gone",
        }
    }

    pub fn failure(self) -> Option<Failure> {
        match self {
            Self::Retry { failure, .. } | Self::GivenUp { failure, .. } => Some(failure),
            Self::Gone => Some(Failure::Refused),
            Self::Delivered { .. } => None,
        }
    }

    pub fn status(self) -> Option<u16> {
        match self {
            Self::Delivered { status } => Some(status),
            Self::Retry { status, .. } | Self::GivenUp { status, .. } => status,
            Self::Gone => Some(410),
        }
    }
}

impl Failure {
    pub fn name(self) -> &'static str {
        match self {
            Self::UrlRefused => "url_refused",
            Self::Unresolved => "unresolved",
            Self::AddressRefused => "address_refused",
            Self::Unreachable => "unreachable",
            Self::TlsFailed => "tls_failed",
            Self::Timeout => "timeout",
            Self::Interrupted => "interrupted",
            Self::Refused => "refused",
            Self::SecretUnreadable => "secret_unreadable",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Stage;
    use super::*;
    use jiff::Timestamp;
    use proto::ids::{EventId, WebhookDeliveryId, WebhookId};

    fn delivery(attempts: u32) -> WebhookDelivery {
        WebhookDelivery {
            id: WebhookDeliveryId::random(),
            webhook_id: WebhookId::random(),
            event_id: EventId::random(),
            event_type: "appointment.booked".to_owned(),
            subject: uuid::Uuid::nil(),
            occurred_at: Timestamp::UNIX_EPOCH,
            stage: Stage::Sending,
            attempts,
            next_attempt_at: None,
            last_status: None,
            last_error: None,
            settled_at: None,
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn after(status: u16, seconds: Option<u64>) -> Outcome {
        delivery(0).after(Ok(Answer { status, retry_after: seconds.map(Duration::from_secs) }))
    }

    #[test]
    fn a_post_is_tried_ten_times_in_three_days() {
        let waited: Vec<u64> = (0..)
            .map_while(|failed| match delivery(failed).after(Err(Failure::Unreachable)) {
                Outcome::Retry { after, .. } => Some(after.as_secs()),
                _ => None,
            })
            .collect();
        assert_eq!(waited, PAUSES);
        let last = Outcome::GivenUp { failure: Failure::Unreachable, status: None };
        assert_eq!(delivery(9).after(Err(Failure::Unreachable)), last);
    }

    #[test]
    fn a_success_delivers_410_ends_and_everything_else_is_tried_again() {
        for status in [200, 202, 204, 299] {
            assert_eq!(after(status, None), Outcome::Delivered { status });
        }
        assert_eq!(after(410, None), Outcome::Gone);
        for status in [301, 307, 400, 401, 404, 429, 500, 503] {
            let outcome = after(status, None);
            let (after, failure) = (Duration::from_secs(5), Failure::Refused);
            assert_eq!(outcome, Outcome::Retry { after, failure, status: Some(status) });
        }
    }

    #[test]
    fn who_asks_to_be_left_alone_is_for_a_day_at_most() {
        let after = |status, asked| match after(status, Some(asked)) {
            Outcome::Retry { after, .. } => after.as_secs(),
            outcome => panic!("{outcome:?}"),
        };
        assert_eq!([after(429, 60), after(503, 60)], [60, 60]);
        assert_eq!([after(500, 60), after(429, 1), after(429, 1_000_000)], [5, 5, 86_400]);
    }
}
