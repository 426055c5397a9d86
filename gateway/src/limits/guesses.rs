//! Guesses at one account's password, counted so that strangers get few and keep nobody out.
//!
//! Two buckets count each attempt. One is of the account and the network it comes from, for a minute. The other is
//! for a day: a network from which the account was logged in to lately has its own, all others share one. So
//! whoever guesses from many networks empties the bucket of strangers, and the owner logs in from where they always
//! do. Whether there is such an account makes no difference.
use super::{Limits, Policy, named, refused};
use crate::origin::subscriber;
use crate::problem::Problem;
use platform::redis::Away;
use proto::ids::{SessionId, UserId};
use std::net::IpAddr;
use std::time::Duration;

/// What is remembered of networks.
const KNOWN: &str = "known";
/// A network that was not logged in from for so long is a stranger again.
const REMEMBERED_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Most networks that this process remembers by itself.
const NETWORKS: u64 = 50_000;

/// Networks from which somebody logged in to an account, as keys that do not tell which. This process remembers
/// what it has seen, for the time that Redis is away.
pub(super) struct Known(moka::sync::Cache<String, ()>);

impl Known {
    pub(super) fn new() -> Self {
        Self(moka::sync::Cache::builder().max_capacity(NETWORKS).time_to_live(REMEMBERED_FOR).build())
    }
}

/// An attempt to log in that has been counted.
pub struct Attempt {
    limits: Limits,
    taken: [(Policy, String); 2],
    network: String,
}

impl Limits {
    /// Counts one attempt to log in to an account. It is to be given back unless the password was wrong, so that
    /// only guesses count.
    pub async fn attempt(&self, account: &str, origin: IpAddr) -> Result<Attempt, Problem> {
        self.count("", format!("to {}", account.trim().to_lowercase()), origin).await
    }

    /// [`Self::attempt`] by somebody who is logged in already: strangers cannot use it up.
    pub async fn attempt_within(&self, session: SessionId, origin: IpAddr) -> Result<Attempt, Problem> {
        self.count("", format!("within {session}"), origin).await
    }

    /// [`Self::attempt`] to get to a record by its code, by whoever owns the account.
    pub async fn attempt_claim(&self, account: UserId, origin: IpAddr) -> Result<Attempt, Problem> {
        self.count("claim ", format!("by {account}"), origin).await
    }

    /// Counts one message that somebody wants sent to the owner of an account, as failed attempts to log in to it are
    /// counted, and apart from them: strangers must not flood its owner.
    pub async fn count_mail(&self, account: &str, origin: IpAddr) -> Result<(), Problem> {
        self.count("mail ", format!("to {}", account.trim().to_lowercase()), origin).await.map(drop)
    }

    async fn count(&self, what: &str, to: String, origin: IpAddr) -> Result<Attempt, Problem> {
        // What people type cannot pass for this: it begins otherwise.
        let here = format!("from {} {to}", subscriber(origin));
        let network = self.named_key(KNOWN, &here);
        let whose = if self.is_known(&network, &here).await { &here } else { &to };
        let taken = [
            (Policy::Account, self.key(Policy::Account, &format!("{what}{here}"))),
            (Policy::Guesses, self.key(Policy::Guesses, &format!("{what}{whose}"))),
        ];
        for (policy, key) in &taken {
            let verdict = self.take(*policy, key).await;
            if !verdict.is_allowed {
                return Err(refused(verdict));
            }
        }
        Ok(Attempt { limits: self.clone(), taken, network })
    }

    async fn is_known(&self, network: &str, here: &str) -> bool {
        if self.0.known.0.contains_key(network) {
            return true;
        }
        let before = self.0.accepted.as_ref().map(|key| named(key, KNOWN, here));
        let found = self.0.redis.run(async |redis| {
            redis::cmd("EXISTS").arg(network).arg(before.as_ref()).query_async(redis).await
        });
        matches!(found.await, Ok(1_u8..))
    }
}

impl Attempt {
    /// It was no guess.
    pub async fn give_back(self) {
        for (policy, key) in &self.taken {
            self.limits.give_back(*policy, key).await;
        }
    }

    /// It was the owner, whose network is no stranger's any more.
    pub async fn succeeded(self) {
        let Limits(inner) = &self.limits;
        inner.known.0.insert(self.network.clone(), ());
        let seconds = REMEMBERED_FOR.as_secs();
        let remember = inner.redis.run(async |redis| {
            redis::cmd("SET").arg(&self.network).arg(1).arg("EX").arg(seconds).query_async(redis).await
        });
        // Without Redis this process remembers it alone.
        let _: Result<(), Away> = remember.await;
        self.give_back().await;
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::limits;
    use super::*;

    const HOME: &str = "192.0.2.1";

    /// Guesses wrong from `from`; why it may not.
    async fn guesses(limits: &Limits, account: &str, from: &str) -> Result<(), Problem> {
        limits.attempt(account, from.parse().unwrap()).await.map(drop)
    }

    #[tokio::test]
    async fn nobody_uses_up_the_guesses_of_a_session_by_its_name() {
        let (limits, session) = (limits(), SessionId::random());
        for name in [session.to_string(), format!("within {session}")] {
            while guesses(&limits, &name, HOME).await.is_ok() {}
        }
        assert!(limits.attempt_within(session, HOME.parse().unwrap()).await.is_ok());
        while limits.attempt_within(session, HOME.parse().unwrap()).await.is_ok() {}
    }

    #[tokio::test]
    async fn nobody_is_flooded_with_mail_and_that_takes_no_guesses() {
        let limits = limits();
        let mail = async |from: &str| limits.count_mail("Ada@example.com", from.parse().unwrap()).await;
        for stranger in 1..=4 {
            assert!(mail(&format!("198.51.100.{stranger}")).await.is_ok());
        }
        assert_eq!(mail("198.51.100.9").await.unwrap_err().status(), 429);
        assert!(guesses(&limits, "ada@example.com", HOME).await.is_ok());
    }

    #[tokio::test]
    async fn only_wrong_passwords_count() {
        let limits = limits();
        for _ in 0..20 {
            limits.attempt("ada@example.com", HOME.parse().unwrap()).await.ok().unwrap().give_back().await;
        }
    }

    #[tokio::test]
    async fn strangers_share_few_guesses_and_keep_the_owner_out_of_nothing() {
        let limits = limits();
        limits.attempt("Ada@example.com", HOME.parse().unwrap()).await.ok().unwrap().succeeded().await;
        for account in ["ada@example.com", "nobody@example.com"] {
            for stranger in 1..=4 {
                assert!(guesses(&limits, account, &format!("198.51.100.{stranger}")).await.is_ok());
            }
            let problem = guesses(&limits, account, "198.51.100.9").await.unwrap_err();
            assert_eq!((problem.status().as_u16(), problem.code()), (429, "too_many_requests"));
        }
        assert!(guesses(&limits, " ada@EXAMPLE.com", HOME).await.is_ok());
        assert!(guesses(&limits, "nobody@example.com", HOME).await.is_err());
    }

    #[tokio::test]
    async fn nobody_empties_the_bucket_of_another_network_with_a_crafted_name() {
        let limits = limits();
        limits.attempt("ada", HOME.parse().unwrap()).await.ok().unwrap().succeeded().await;
        for crafted in [format!("{HOME} ada"), format!("from {HOME} to ada"), format!("from {HOME} ada")] {
            for stranger in 1..=4 {
                let _ = guesses(&limits, &crafted, &format!("198.51.100.{stranger}")).await;
            }
        }
        assert!(guesses(&limits, "ada", HOME).await.is_ok());
    }
}
