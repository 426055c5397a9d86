//! The counts of this process, for the time that Redis is away.
use super::{POLICIES, Policy, Verdict};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use std::num::NonZeroU32;
use std::time::Duration;

/// Keys after which those that are full again are forgotten.
const MANY_KEYS: usize = 50_000;

type Limiter = RateLimiter<String, DefaultKeyedStateStore<String>, DefaultClock, StateInformationMiddleware>;

pub(super) struct Local {
    clock: DefaultClock,
    limiters: [Limiter; POLICIES.len()],
}

impl Local {
    pub(super) fn new(quotas: [u32; POLICIES.len()]) -> Self {
        let limiter = |per_minute: u32| {
            let quota = Quota::per_minute(NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN));
            RateLimiter::keyed(quota).with_middleware::<StateInformationMiddleware>()
        };
        Self { clock: DefaultClock::default(), limiters: quotas.map(limiter) }
    }

    pub(super) fn take(&self, policy: Policy, key: &str) -> Verdict {
        let limiter = &self.limiters[policy as usize];
        if limiter.len() > MANY_KEYS {
            limiter.retain_recent();
        }
        match limiter.check_key(&key.to_owned()) {
            Ok(state) => {
                let used = state.quota().burst_size().get() - state.remaining_burst_capacity();
                Verdict {
                    is_allowed: true,
                    remaining: state.remaining_burst_capacity().into(),
                    reset: state.quota().replenish_interval() * used,
                    retry_after: Duration::ZERO,
                }
            }
            Err(refused) => Verdict {
                is_allowed: false,
                remaining: 0,
                reset: refused.quota().burst_size_replenished_in(),
                retry_after: refused.wait_time_from(self.clock.now()),
            },
        }
    }
}
