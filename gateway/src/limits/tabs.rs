//! Requests that pass on the strength of the last answer of Redis, and are counted with the next question: who has
//! plenty left need not ask each time.
use super::Verdict;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::time::Instant;

/// How long an answer is good for: other replicas count too.
const GOOD_FOR: Duration = Duration::from_millis(250);
/// One of so many permits that are left may pass unasked, so that the counts of all replicas together stay true to
/// a few percent, and small limits to the last permit.
const SHARE: u64 = 64;
/// Most that may pass unasked.
const MOST: u64 = 64;
const CALLERS: u64 = 50_000;

pub(super) struct Tabs(moka::sync::Cache<String, Arc<Tab>>);

struct Tab {
    answer: Verdict,
    since: Instant,
    /// How many passed since the answer.
    passed: AtomicU64,
}

impl Tabs {
    pub(super) fn new() -> Self {
        let idle = Duration::from_secs(60);
        Self(moka::sync::Cache::builder().max_capacity(CALLERS).time_to_idle(idle).build())
    }

    /// Lets a request pass unasked, or says how many have passed so that they are counted now.
    pub(super) fn pass(&self, key: &str) -> Result<Verdict, u64> {
        let Some(tab) = self.0.get(key) else { return Err(0) };
        let allowed = (tab.answer.remaining / SHARE).min(MOST);
        let passed = tab.passed.fetch_add(1, Relaxed) + 1;
        if tab.answer.is_allowed && passed <= allowed && tab.since.elapsed() < GOOD_FOR {
            return Ok(Verdict { remaining: tab.answer.remaining - passed, ..tab.answer });
        }
        // This request is counted by itself; whoever comes at the same time finds nothing owed.
        Err(tab.passed.swap(0, Relaxed).saturating_sub(1))
    }

    /// Opens a new tab on the strength of `answer`.
    pub(super) fn open(&self, key: &str, answer: Verdict) {
        if answer.remaining >= SHARE {
            let tab = Tab { answer, since: Instant::now(), passed: AtomicU64::new(0) };
            self.0.insert(key.to_owned(), Arc::new(tab));
        } else {
            self.0.invalidate(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(remaining: u64) -> Verdict {
        Verdict { is_allowed: true, remaining, reset: Duration::ZERO, retry_after: Duration::ZERO }
    }

    #[tokio::test(start_paused = true)]
    async fn a_few_pass_unasked_and_are_owed() {
        let tabs = Tabs::new();
        assert_eq!(tabs.pass("ada"), Err(0));
        tabs.open("ada", left(200));
        for remaining in [199, 198, 197] {
            assert_eq!(tabs.pass("ada").map(|verdict| verdict.remaining), Ok(remaining));
        }
        assert_eq!(tabs.pass("ada"), Err(3));
        assert_eq!(tabs.pass("bob"), Err(0));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_good_for_a_moment_only() {
        let tabs = Tabs::new();
        tabs.open("ada", left(6_400));
        assert!(tabs.pass("ada").is_ok());
        tokio::time::advance(GOOD_FOR).await;
        assert_eq!(tabs.pass("ada"), Err(1));
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_little_left_asks_each_time() {
        let tabs = Tabs::new();
        tabs.open("ada", left(6_400));
        tabs.open("ada", left(SHARE - 1));
        assert_eq!(tabs.pass("ada"), Err(0));
    }
}
