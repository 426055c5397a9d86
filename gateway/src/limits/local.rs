//! The counts of this process, for the time that Redis is away: the same algorithm as in `take.lua`.
use super::{Quota, Verdict};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Most keys that are counted; those that were not used for longest make room.
const KEYS: u64 = 50_000;
/// After that long every bucket is full again.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) struct Local {
    started: Instant,
    buckets: moka::sync::Cache<String, Bucket>,
}

/// When it will be full again, in microseconds after the start.
type Bucket = Arc<Mutex<u64>>;

impl Local {
    pub(super) fn new() -> Self {
        let buckets = moka::sync::Cache::builder().max_capacity(KEYS).time_to_idle(LONGEST).build();
        Self { started: Instant::now(), buckets }
    }

    pub(super) fn take(&self, quota: Quota, key: &str) -> Verdict {
        let Quota { burst, interval_micros: interval } = quota;
        let now = self.now();
        let bucket = self.buckets.entry_by_ref(key).or_default().into_value();
        let mut full_at = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let taken_at = (*full_at).max(now) + interval;
        // Until then there is no permit.
        let early_until = taken_at.saturating_sub(interval * u64::from(burst));
        if early_until > now {
            return Verdict {
                is_allowed: false,
                remaining: 0,
                reset: Duration::from_micros(taken_at - interval - now),
                retry_after: Duration::from_micros(early_until - now),
            };
        }
        *full_at = taken_at;
        Verdict {
            is_allowed: true,
            remaining: u64::from(burst) - (taken_at - now).div_ceil(interval),
            reset: Duration::from_micros(taken_at - now),
            retry_after: Duration::ZERO,
        }
    }

    /// Gives back one permit that was taken.
    pub(super) fn give_back(&self, quota: Quota, key: &str) {
        if let Some(bucket) = self.buckets.get(key) {
            let mut full_at = bucket.lock().unwrap_or_else(PoisonError::into_inner);
            *full_at = full_at.saturating_sub(quota.interval_micros);
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_bucket_empties_and_fills_as_in_redis() {
        let (local, quota) = (Local::new(), Quota::per_minute(3));
        tokio::time::advance(Duration::from_secs(300)).await;
        let left: Vec<u64> = (0..3).map(|_| local.take(quota, "a").remaining).collect();
        assert_eq!(left, [2, 1, 0]);
        let refused = local.take(quota, "a");
        assert_eq!((refused.is_allowed, refused.remaining), (false, 0));
        assert_eq!((refused.reset.as_secs(), refused.retry_after.as_secs()), (60, 20));
        assert!(local.take(quota, "b").is_allowed);
        tokio::time::advance(Duration::from_secs(20)).await;
        assert!(local.take(quota, "a").is_allowed);
        assert!(!local.take(quota, "a").is_allowed);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_given_back_can_be_taken_again() {
        let (local, quota) = (Local::new(), Quota::per_minute(1));
        for _ in 0..5 {
            assert!(local.take(quota, "a").is_allowed);
            local.give_back(quota, "a");
        }
        local.give_back(quota, "a");
        assert!(local.take(quota, "a").is_allowed);
        assert!(!local.take(quota, "a").is_allowed);
    }
}
