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

/// How long a token is in force, in seconds.
const LIFE: i64 = 300;

/// The identity with which `service` calls others: a token for each, made anew before it expires.
pub fn service_identity(root: &RootSecret, service: &'static str, clock: Clock) -> anyhow::Result<Identity> {
    let key = EncodingKey::from_ed_der(key(root).to_pkcs8()?.as_ref());
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

/// What checks tokens of services.
pub(super) fn verifying_key(root: &RootSecret) -> DecodingKey {
    DecodingKey::from_ed_der(key(root).public_key().as_ref())
}

fn key(root: &RootSecret) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&root.derive("service-token")).expect("a seed has 32 bytes")
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

    #[tokio::test]
    async fn a_token_is_for_one_service_only() {
        let root = RootSecret::new(&"kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!".to_owned().into()).unwrap();
        let identity = service_identity(&root, "gateway", Clock::system()).unwrap();
        let header = identity("doctor-svc");
        let token = header.to_str().unwrap().trim_start_matches("Bearer ");
        let verifier = |name| Verifier::new(name, &root, None, Clock::system());
        assert_eq!(verifier("doctor-svc").verify(token).await, Ok(Caller::Service("gateway".to_owned())));
        assert_eq!(verifier("patient-svc").verify(token).await, Err(Rejected::Invalid));
    }
}
