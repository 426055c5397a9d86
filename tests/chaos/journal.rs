//! What was asked, and how that ended.
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tests::rest::Answer;
use tokio::time::Instant;

/// What people do, by what it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Deed {
    /// Free times, visits and changes of visits.
    Visits,
    Directory,
    Patient,
    Account,
}

impl Deed {
    pub(crate) const ALL: [Self; 4] = [Self::Visits, Self::Directory, Self::Patient, Self::Account];
}

#[derive(Clone)]
pub(crate) enum End {
    Right,
    /// 503 or 504.
    NotNow(String),
    /// No answer at all.
    Lost(String),
}

#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) at: Instant,
    pub(crate) took: Duration,
    pub(crate) deed: Deed,
    pub(crate) end: End,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = match &self.end {
            End::Right => "right",
            End::NotNow(told) | End::Lost(told) => told,
        };
        write!(f, "{:?} after {:?}: {end}", self.deed, self.took)
    }
}

/// Some of `entries`, one a line.
pub(crate) fn told(entries: &[Entry]) -> String {
    entries.iter().take(20).map(ToString::to_string).collect::<Vec<_>>().join("\n    ")
}

#[derive(Default)]
pub(crate) struct Journal(Mutex<Vec<Entry>>);

impl Journal {
    /// Notes how a request ended; the answer, if it is the right one.
    ///
    /// # Panics
    /// When it is neither right nor one that says that it is not possible now.
    pub(crate) fn note(
        &self,
        deed: Deed,
        at: Instant,
        right: &[u16],
        answer: Result<Answer, reqwest::Error>,
    ) -> Option<Answer> {
        let (end, answer) = match answer {
            Ok(answer) if right.contains(&answer.status) => (End::Right, Some(answer)),
            Ok(answer) => {
                let is_under_way = answer.body["code"] == "idempotency_in_progress";
                assert!(
                    (matches!(answer.status, 503 | 504) || is_under_way) && answer.body["retryable"] == true,
                    "{} {}: {}",
                    answer.asked,
                    answer.status,
                    answer.body
                );
                let says_when = answer.status != 503 || answer.headers.contains_key("retry-after");
                assert!(says_when, "{}: {}", answer.asked, answer.body);
                (End::NotNow(format!("{} {} {}", answer.asked, answer.status, answer.body["code"])), None)
            }
            Err(error) => (End::Lost(error.to_string()), None),
        };
        let entry = Entry { at, took: at.elapsed(), deed, end };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
        answer
    }

    /// What was asked from `since` on and has ended.
    pub(crate) fn since(&self, since: Instant) -> Vec<Entry> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.iter().filter(|entry| entry.at >= since).cloned().collect()
    }

    /// What did not end right of what was asked from `since` on.
    pub(crate) fn wrong_since(&self, since: Instant) -> Vec<Entry> {
        let wrong = self.since(since).into_iter();
        wrong.filter(|entry| !matches!(entry.end, End::Right)).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}
