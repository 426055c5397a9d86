//! How often one caller may ask: counted in Redis for all replicas together, in this process while Redis is away.
use crate::caller::{Caller, Identity, Origin};
use crate::config::RateLimits;
use crate::origin::subscriber;
use crate::problem::Problem;
use aws_lc_rs::hmac;
use axum::extract::{MatchedPath, Request};
use axum::response::{IntoResponse as _, Response};
use http::{Extensions, HeaderValue, Method, StatusCode};
use platform::redis::{Away, Redis};
use platform::secrets::RootSecret;
use redis::Script;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

mod local; // the counts of this process
mod tabs; // requests that need not ask
mod guesses; // attempts to log in

pub use guesses::Attempt;

use guesses::Known;
use local::Local;
use tabs::Tabs;

const PURPOSE: &str = "rate-limit";

/// The API, the pages behind the links in messages, and calendars.
const COUNTED: [&str; 5] = ["/api/", "/account/", "/visits/", "/unsubscribe/", "/calendars/"];

/// What is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Policy {
    /// Everything that an account does.
    User,
    /// An account's searches for patients.
    Search,
    /// An account's exports of all there is about a patient.
    Export,
    /// Times that an account holds before it books.
    Hold,
    /// What an address does without a token.
    Anonymous,
    /// Log-ins from an address, and those who forgot how.
    Login,
    /// Failed log-ins to one account from an address.
    Account,
    /// Failed log-ins to one account in a day.
    Guesses,
    /// Registrations from an address.
    Register,
}

const POLICIES: [Policy; 9] = [
    Policy::User,
    Policy::Search,
    Policy::Export,
    Policy::Hold,
    Policy::Anonymous,
    Policy::Login,
    Policy::Account,
    Policy::Guesses,
    Policy::Register,
];

impl Policy {
    fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Search => "search",
            Self::Export => "export",
            Self::Hold => "hold",
            Self::Anonymous => "anonymous",
            Self::Login => "login",
            Self::Account => "account",
            Self::Guesses => "guesses",
            Self::Register => "register",
        }
    }

    fn quota(self, settings: &RateLimits) -> Quota {
        let per_minute = match self {
            Self::Guesses => return Quota::per_day(settings.rate_limit_guesses_per_day),
            Self::User => settings.rate_limit_user_per_minute,
            Self::Search => settings.rate_limit_search_per_minute,
            Self::Export => settings.rate_limit_export_per_minute,
            Self::Hold => settings.rate_limit_hold_per_minute,
            Self::Anonymous => settings.rate_limit_anonymous_per_minute,
            Self::Login => settings.rate_limit_login_per_minute,
            Self::Account => settings.rate_limit_account_per_minute,
            Self::Register => settings.rate_limit_register_per_minute,
        };
        Quota::per_minute(per_minute)
    }
}

/// The size of a bucket, and how fast it fills again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Quota {
    burst: u32,
    /// In which one permit comes back.
    interval_micros: u64,
}

impl Quota {
    /// All of a minute's may come at once.
    fn per_minute(permits: u32) -> Self {
        Self { burst: permits, interval_micros: 60_000_000 / u64::from(permits) }
    }

    /// No 24 hours have more: half of them may come at once, and the other half comes back in a day.
    fn per_day(permits: u32) -> Self {
        let burst = permits.div_ceil(2);
        let back = u64::from(permits / 2).max(1);
        Self { burst, interval_micros: 24 * 60 * 60 * 1_000_000 / back }
    }
}

/// What became of one request to a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Verdict {
    is_allowed: bool,
    remaining: u64,
    /// Until all permits are back.
    reset: Duration,
    /// Until the next permit is back, when there is none.
    retry_after: Duration,
}

#[derive(Clone)]
pub struct Limits(Arc<Inner>);

struct Inner {
    redis: Redis,
    take: Script,
    give_back: Script,
    /// Hides whom a key in Redis is about.
    key: hmac::Key,
    /// Under which other gateways may have remembered it, while the root secret is exchanged.
    accepted: Option<hmac::Key>,
    quotas: [Quota; POLICIES.len()],
    local: Local,
    known: Known,
    tabs: Tabs,
}

impl Limits {
    pub fn new(redis: Redis, root: &RootSecret, settings: &RateLimits) -> Self {
        let quotas = POLICIES.map(|policy| policy.quota(settings));
        for policy in POLICIES {
            drop(["allowed", "refused"].map(|outcome| decisions(policy, outcome)));
        }
        let key = |key: [u8; 32]| hmac::Key::new(hmac::HMAC_SHA256, &key);
        Self(Arc::new(Inner {
            redis,
            take: Script::new(include_str!("limits/take.lua")),
            give_back: Script::new(include_str!("limits/give_back.lua")),
            key: key(root.derive(PURPOSE)),
            accepted: root.derive_accepted(PURPOSE).map(key),
            quotas,
            local: Local::new(),
            known: Known::new(),
            tabs: Tabs::new(),
        }))
    }

    async fn take(&self, policy: Policy, key: &str) -> Verdict {
        let verdict = self.decide(policy, key).await;
        let outcome = if verdict.is_allowed { "allowed" } else { "refused" };
        decisions(policy, outcome).increment(1);
        verdict
    }

    async fn decide(&self, policy: Policy, key: &str) -> Verdict {
        let owed = match self.0.tabs.pass(key) {
            Ok(verdict) => return verdict,
            Err(owed) => owed,
        };
        match self.ask(policy, key, owed).await {
            Ok(verdict) => {
                self.0.tabs.open(key, verdict);
                verdict
            }
            Err(Away) => self.0.local.take(self.quota(policy), key),
        }
    }

    async fn ask(&self, policy: Policy, key: &str, owed: u64) -> Result<Verdict, Away> {
        let quota = self.quota(policy);
        let mut invocation = self.0.take.key(key);
        invocation.arg(quota.interval_micros).arg(quota.burst).arg(owed);
        let answer = self.0.redis.run(async |redis| invocation.invoke_async(redis).await).await;
        let (taken, remaining, reset, retry_after): (u8, u64, u64, u64) = answer?;
        Ok(Verdict {
            is_allowed: taken == 1,
            remaining,
            reset: Duration::from_micros(reset),
            retry_after: Duration::from_micros(retry_after),
        })
    }

    async fn give_back(&self, policy: Policy, key: &str) {
        let quota = self.quota(policy);
        let mut invocation = self.0.give_back.key(key);
        invocation.arg(quota.interval_micros);
        let given: Result<u8, Away> =
            self.0.redis.run(async |redis| invocation.invoke_async(redis).await).await;
        if given.is_err() {
            self.0.local.give_back(quota, key);
        }
    }

    fn quota(&self, policy: Policy) -> Quota {
        self.0.quotas[policy as usize]
    }

    fn key(&self, policy: Policy, subject: &str) -> String {
        self.named_key(policy.name(), subject)
    }

    fn named_key(&self, name: &str, subject: &str) -> String {
        named(&self.0.key, name, subject)
    }
}

/// The key in Redis of what is `name` about `subject`, hidden by `key`.
fn named(key: &hmac::Key, name: &str, subject: &str) -> String {
    let tag = hmac::sign(key, subject.as_bytes());
    let (digits, _) = tag.as_ref().split_first_chunk().expect("a digest has 32 bytes");
    format!("limits:{name}:{:032x}", u128::from_be_bytes(*digits))
}

/// Counts a request to what asks services, and refuses it when there were too many; says in every answer how many are left.
pub async fn limit<F>(limits: &Limits, request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    if !COUNTED.iter().any(|start| request.uri().path().starts_with(start)) {
        return next(request).await;
    }
    let (policy, subject) = counted_as(request.method(), request.extensions());
    let verdict = limits.take(policy, &limits.key(policy, &subject)).await;
    let mut response =
        if verdict.is_allowed { next(request).await } else { refused(verdict).into_response() };
    let (name, quota) = (policy.name(), limits.quota(policy).burst);
    let left = format!("\"{name}\";r={};t={}", verdict.remaining, seconds(verdict.reset));
    let headers = [("ratelimit-policy", format!("\"{name}\";q={quota};w=60")), ("ratelimit", left)];
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn decisions(policy: Policy, outcome: &'static str) -> metrics::Counter {
    metrics::counter!("rate_limit_decisions_total", "policy" => policy.name(), "outcome" => outcome)
}

/// The bucket that a request is taken from.
fn counted_as(method: &Method, request: &Extensions) -> (Policy, String) {
    let route = request.get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
    let address =
        request.get::<Origin>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Origin(address)| *address);
    let address = subscriber(address).to_string();
    let caller = match request.get() {
        Some(Identity::Known(caller)) => Some(caller),
        _ => None,
    };
    let registers_others = caller.is_some_and(Caller::registers_others);
    let user = caller.map(|caller| caller.user.id.to_string());
    match (method, route, user) {
        (
            &Method::POST,
            "/api/auth/login" | "/api/auth/login/totp" | "/api/auth/password-reset" | "/api/auth/token",
            _,
        ) => (Policy::Login, address),
        (&Method::POST, "/api/auth/register", _) if !registers_others => (Policy::Register, address),
        (_, "/api/patients/search", Some(user)) => (Policy::Search, user),
        (_, "/api/patients/{id}/export", Some(user)) => (Policy::Export, user),
        (&Method::POST, "/api/appointments/holds", Some(user)) => (Policy::Hold, user),
        (_, _, Some(user)) => (Policy::User, user),
        (_, _, None) => (Policy::Anonymous, address),
    }
}

fn refused(verdict: Verdict) -> Problem {
    let detail = "that was more than you may ask for at once";
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail)
        .with_retry_after(seconds(verdict.retry_after))
}

/// Whole seconds, rounded up: who waits that long has waited long enough.
fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::config;

    /// A Redis that nobody listens for.
    pub(super) fn limits() -> Limits {
        let redis = Redis::new(&config::Redis {
            redis_url: "redis://127.0.0.1:1".to_owned().into(),
            redis_ca_file: None,
        })
        .unwrap();
        let root = RootSecret::new(&"kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!".to_owned().into()).unwrap();
        let settings = RateLimits {
            rate_limit_user_per_minute: 600,
            rate_limit_search_per_minute: 60,
            rate_limit_export_per_minute: 10,
            rate_limit_hold_per_minute: 30,
            rate_limit_anonymous_per_minute: 120,
            rate_limit_login_per_minute: 60,
            rate_limit_account_per_minute: 3,
            rate_limit_guesses_per_day: 8,
            rate_limit_register_per_minute: 30,
        };
        Limits::new(redis, &root, &settings)
    }

    #[tokio::test]
    async fn without_redis_the_limits_hold_in_this_process() {
        let limits = limits();
        let here: IpAddr = "192.0.2.1".parse().unwrap();
        for _ in 0..3 {
            assert!(limits.attempt("ada@example.com", here).await.is_ok());
        }
        let problem = limits.attempt("Ada@example.com ", here).await.err().unwrap();
        assert_eq!((problem.status().as_u16(), problem.code()), (429, "too_many_requests"));
        assert_eq!(problem.into_response().headers()["retry-after"], "20");
        assert!(limits.attempt("bob@example.com", here).await.is_ok());
        assert!(limits.attempt("ada@example.com", "192.0.2.2".parse().unwrap()).await.is_ok());
    }

    #[test]
    fn no_day_has_more_than_its_permits() {
        for permits in [2, 7, 100] {
            let Quota { burst, interval_micros } = Quota::per_day(permits);
            let back = 24 * 60 * 60 * 1_000_000 / interval_micros;
            assert!(u64::from(burst) + back <= u64::from(permits), "{permits}");
        }
        assert_eq!(Quota::per_day(100).burst, 50);
    }

    #[tokio::test]
    async fn keys_do_not_tell_whom_they_are_about() {
        let key = limits().key(Policy::Account, "192.0.2.1 ada@example.com");
        assert!(key.starts_with("limits:account:") && !key.contains("ada") && !key.contains("192"));
    }

    #[test]
    fn every_policy_has_its_quota() {
        for (index, policy) in POLICIES.into_iter().enumerate() {
            assert_eq!(policy as usize, index);
        }
    }
}
