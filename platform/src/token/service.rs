//! How services vouch for themselves: tokens for one other service each, signed with a key derived from the root
//! secret.
use super::{Claims, sign};
use crate::client::Identity;
use crate::clock::Clock;
use crate::secrets::RootSecret;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use http::HeaderValue;
use jsonwebtoken::{DecodingKey, EncodingKey};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Who issues tokens to services.
pub(super) const ISSUER: &str = "healthcare-services";
/// The `kid` of their tokens.
pub(super) const KEY_ID: &str = "services";

const PURPOSE: &str = "service-token";

/// How long a token is in force, in seconds.
const LIFE: i64 = 300;

/// The identity with which `service` calls others: a token for each, made anew before it expires.
pub fn service_identity(root: &RootSecret, service: &'static str, clock: Clock) -> anyhow::Result<Identity> {
    let key = EncodingKey::from_ed_der(key(root.derive(PURPOSE)).to_pkcs8()?.as_ref());
    // Fails at start rather than in the middle of a request.
    token(&key, service, service, clock.now().as_second())?;
    let current: Mutex<HashMap<&'static str, (HeaderValue, i64)>> = Mutex::default();
    Ok(Arc::new(move |audience| {
        let now = clock.now().as_second();
        let mut current = current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((header, made_at)) = current.get(audience)
            && now < made_at + LIFE / 2
        {
            return header.clone();
        }
        let token = token(&key, service, audience, now).expect("the key has signed before");
        let header = HeaderValue::from_str(&format!("Bearer {token}")).expect("a token is ASCII");
        current.insert(audience, (header.clone(), now));
        header
    }))
}

/// What checks tokens of services, also of those that go before or behind while the root secret is exchanged.
pub(super) fn verifying_keys(root: &RootSecret) -> Vec<DecodingKey> {
    let keys = root.derive_all(PURPOSE).map(key);
    keys.map(|key| DecodingKey::from_ed_der(key.public_key().as_ref())).collect()
}

fn key(seed: [u8; 32]) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&seed).expect("a seed has 32 bytes")
}

fn token(key: &EncodingKey, service: &str, audience: &str, now: i64) -> jsonwebtoken::errors::Result<String> {
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: audience.to_owned(),
        sub: service.to_owned(),
        iat: now,
        nbf: now,
        exp: now + LIFE,
        jti: uuid::Uuid::now_v7().to_string(),
        ..Claims::default()
    };
    sign(key, KEY_ID, &claims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::Caller;
    use crate::token::{Rejected, Verifier};

    fn root(secret: &str) -> RootSecret {
        RootSecret::new(&secret.to_owned().into()).unwrap()
    }

    #[tokio::test]
    async fn a_token_is_for_one_service_only() {
        let root = root(OLD);
        let identity = service_identity(&root, "gateway", Clock::system()).unwrap();
        let header = identity("doctor-svc");
        let token = header.to_str().unwrap().trim_start_matches("Bearer ");
        let verifier = |name| Verifier::new(name, &root, None, Clock::system());
        assert_eq!(verifier("doctor-svc").verify(token).await, Ok(Caller::Service("gateway".to_owned())));
        assert_eq!(verifier("patient-svc").verify(token).await, Err(Rejected::Invalid));
    }

    const OLD: &str = "kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!";
    const NEW: &str = "Aq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!";

    #[tokio::test]
    async fn neighbours_in_an_exchange_of_the_root_secret_know_each_other() {
        let both = |own, other: &str| root(own).accepting(&other.to_owned().into()).unwrap();
        let steps = [root(OLD), both(OLD, NEW), both(NEW, OLD), root(NEW)];
        let knows = async |callee: &RootSecret, caller: &RootSecret| {
            let header = service_identity(caller, "gateway", Clock::system()).unwrap()("doctor-svc");
            let token = header.to_str().unwrap().trim_start_matches("Bearer ");
            Verifier::new("doctor-svc", callee, None, Clock::system()).verify(token).await.is_ok()
        };
        for pair in steps.windows(2) {
            assert!(knows(&pair[0], &pair[1]).await && knows(&pair[1], &pair[0]).await);
        }
        assert!(!knows(&steps[0], &steps[2]).await, "one step is left out");
    }
}
