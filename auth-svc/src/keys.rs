//! The keys that access tokens are signed with (Ed25519, RFC 8037), and which of them is in use when.
use aws_lc_rs::error::{KeyRejected, Unspecified};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::EncodingKey;
use platform::secrets::{NotSealed, Sealer};
use uuid::Uuid;

/// What the key that seals them is derived for.
pub const PURPOSE: &str = "signing-keys";

/// A key is followed by a new one after this long.
const LIFE: SignedDuration = SignedDuration::from_hours(90 * 24);
/// An old key is published for this long after the next has taken over: what it signed has expired by then.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);

/// A private key as it is stored.
#[derive(Clone, Debug)]
pub struct SealedKey {
    pub id: Uuid,
    pub sealed: Vec<u8>,
    pub created_at: Timestamp,
}

pub struct SigningKey {
    /// The `kid` of tokens and of the published key.
    pub id: String,
    /// The public key, base64url.
    pub x: String,
    pub private: EncodingKey,
    pub created_at: Timestamp,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("signing key {0} was sealed with another SECRET_KEY")]
    OtherSecret(Uuid),
    #[error("signing key {0} is damaged")]
    Damaged(Uuid),
    #[error("there is no signing key")]
    None,
    #[error("a signing key could not be made")]
    NotMade(#[from] Unspecified),
}

impl SealedKey {
    pub fn generate(sealer: &Sealer, now: Timestamp) -> Result<Self, Error> {
        let id = Uuid::now_v7();
        let mut seed = [0; 32];
        aws_lc_rs::rand::fill(&mut seed)?;
        Ok(Self { id, sealed: sealer.seal(id.as_bytes(), &seed), created_at: now })
    }

    /// As this root secret seals it; none when it is so already.
    pub fn reseal(&self, sealer: &Sealer) -> Result<Option<Vec<u8>>, NotSealed> {
        sealer.reseal(self.id.as_bytes(), &self.sealed)
    }

    /// The public key is made from the private one, never stored: a key that somebody slipped into the
    /// table does not open.
    fn open(&self, sealer: &Sealer) -> Result<SigningKey, Error> {
        let seed = sealer.open(self.id.as_bytes(), &self.sealed);
        let seed = seed.map_err(|NotSealed| Error::OtherSecret(self.id))?;
        let damaged = |KeyRejected { .. }| Error::Damaged(self.id);
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(damaged)?;
        Ok(SigningKey {
            id: self.id.to_string(),
            x: BASE64_URL_SAFE_NO_PAD.encode(pair.public_key()),
            private: EncodingKey::from_ed_der(pair.to_pkcs8()?.as_ref()),
            created_at: self.created_at,
        })
    }
}

/// Whether it is time for another key; `keys` are sorted by age, oldest first.
pub fn wants_another(keys: &[SealedKey], now: Timestamp) -> bool {
    keys.last().is_none_or(|newest| now.duration_since(newest.created_at) >= LIFE)
}

/// How many of `keys`, sorted by age, are of no use any more.
pub fn retired(keys: &[SealedKey], ripening: SignedDuration, now: Timestamp) -> usize {
    let took_over = |key: &&SealedKey| now.duration_since(key.created_at) >= ripening + KEPT_FOR;
    keys.iter().take_while(took_over).count().saturating_sub(1)
}

/// The keys in force, at least one, oldest first.
pub struct KeySet {
    keys: Vec<SigningKey>,
    ripening: SignedDuration,
}

impl KeySet {
    /// A new key signs only after `ripening`, when every replica and whoever keeps the published keys has read it.
    pub fn open(keys: &[SealedKey], ripening: SignedDuration, sealer: &Sealer) -> Result<Self, Error> {
        let keys: Vec<SigningKey> = keys.iter().map(|key| key.open(sealer)).collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(Error::None) } else { Ok(Self { keys, ripening }) }
    }

    /// The key to sign with: the newest that everyone knows, the oldest when there is none.
    pub fn signing(&self, now: Timestamp) -> &SigningKey {
        let ripe = |key: &&SigningKey| now >= self.signs_from(key);
        self.keys.iter().rev().find(ripe).unwrap_or(&self.keys[0])
    }

    /// From when on `key` signs, unless it has to before.
    pub fn signs_from(&self, key: &SigningKey) -> Timestamp {
        key.created_at.saturating_add(self.ripening).unwrap_or(Timestamp::MAX)
    }

    pub fn published(&self) -> impl Iterator<Item = &SigningKey> {
        self.keys.iter()
    }

    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| key.id.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::secrets::RootSecret;

    const DAY: SignedDuration = SignedDuration::from_hours(24);
    const RIPENING: SignedDuration = SignedDuration::from_mins(5);

    fn sealer(secret: &str) -> Sealer {
        RootSecret::new(&secret.to_owned().into()).unwrap().sealer("test")
    }

    fn noon() -> Timestamp {
        "2026-01-05T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_new_key_signs_once_everyone_knows_it() {
        let sealer = sealer("kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!");
        let made = |at| SealedKey::generate(&sealer, at).unwrap();
        let keys = [made(noon()), made(noon() + DAY)];
        let set = KeySet::open(&keys, RIPENING, &sealer).unwrap();
        assert_eq!(set.published().count(), 2);
        assert_eq!(set.signing(noon()).id, keys[0].id.to_string());
        assert_eq!(set.signing(noon() + DAY).id, keys[0].id.to_string());
        assert_eq!(set.signing(noon() + DAY + RIPENING).id, keys[1].id.to_string());
    }

    #[test]
    fn a_key_is_followed_then_retired() {
        let sealer = sealer("kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!");
        let keys = [noon(), noon() + LIFE].map(|at| SealedKey::generate(&sealer, at).unwrap());
        assert!(wants_another(&[], noon()));
        assert!(!wants_another(&keys[..1], noon() + LIFE - DAY));
        assert!(wants_another(&keys[..1], noon() + LIFE));
        assert_eq!(retired(&keys, RIPENING, noon() + LIFE + DAY), 0);
        assert_eq!(retired(&keys, RIPENING, noon() + LIFE + DAY * 2), 1);
        assert_eq!(retired(&keys[..1], RIPENING, noon() + LIFE * 2), 0);
    }

    #[test]
    fn another_secret_opens_no_key() {
        let key = SealedKey::generate(&sealer("kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!"), noon()).unwrap();
        let opened = KeySet::open(&[key], RIPENING, &sealer("Aq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!"));
        assert!(matches!(opened, Err(Error::OtherSecret(_))));
    }
}
