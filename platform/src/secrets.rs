//! The root secret, and the keys derived from it (HKDF-SHA256, RFC 5869). One key, one purpose.
use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use secrecy::{ExposeSecret, SecretString};
use std::{collections::HashSet, fmt};

/// The secret from which every other is derived.
#[derive(Clone)]
pub struct RootSecret(SecretString);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakSecret {
    #[error(
        "SECRET_KEY is too short: give it at least 32 random bytes, for instance `openssl rand -base64 48`"
    )]
    Short,
    #[error("SECRET_KEY is easy to guess: make it random, for instance `openssl rand -base64 48`")]
    Guessable,
}

/// Text or bytes that were not sealed with this key for this purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not sealed by this key")]
pub struct NotSealed;

struct KeyLength;

impl KeyType for KeyLength {
    fn len(&self) -> usize {
        32
    }
}

impl RootSecret {
    /// Fewest bytes of a root secret.
    pub const MIN_BYTES: usize = 32;

    pub fn new(secret: &SecretString) -> Result<Self, WeakSecret> {
        let text = secret.expose_secret();
        if text.len() < Self::MIN_BYTES {
            return Err(WeakSecret::Short);
        }
        let distinct: HashSet<char> = text.chars().collect();
        let lower = text.to_lowercase();
        let known = ["secret-key", "secret_key", "changeme", "change-me", "change_me", "password", "example"];
        if distinct.len() < 10 || known.iter().any(|word| lower.contains(word)) {
            return Err(WeakSecret::Guessable);
        }
        Ok(Self(secret.clone()))
    }

    /// The 32-byte key for one purpose; another purpose gives an unrelated key.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut key = [0; 32];
        let pseudo_random = Salt::new(HKDF_SHA256, b"healthcare").extract(self.0.expose_secret().as_bytes());
        pseudo_random
            .expand(&[purpose.as_bytes()], KeyLength)
            .and_then(|output| output.fill(&mut key))
            .expect("32 bytes are within HKDF's limit");
        key
    }

    /// Seals and opens for one purpose.
    pub fn sealer(&self, purpose: &str) -> Sealer {
        Sealer::new(&self.derive(purpose))
    }
}

impl fmt::Debug for RootSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootSecret(…)")
    }
}

/// AES-256-GCM with a random nonce before each ciphertext.
pub struct Sealer(RandomizedNonceKey);

impl Sealer {
    const NONCE: usize = 12;

    pub fn new(key: &[u8; 32]) -> Self {
        Self(RandomizedNonceKey::new(&AES_256_GCM, key).expect("the key has 32 bytes"))
    }

    /// `context` is not stored; the same must be given to open.
    pub fn seal(&self, context: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut sealed = plain.to_vec();
        let nonce =
            self.0.seal_in_place_append_tag(Aad::from(context), &mut sealed).expect("plain text fits");
        [nonce.as_ref().as_slice(), sealed.as_slice()].concat()
    }

    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, NotSealed> {
        let (nonce, cipher) = sealed.split_at_checked(Self::NONCE).ok_or(NotSealed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| NotSealed)?;
        let mut plain = cipher.to_vec();
        let length =
            self.0.open_in_place(nonce, Aad::from(context), &mut plain).map_err(|_| NotSealed)?.len();
        plain.truncate(length);
        Ok(plain)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(text: &str) -> Result<RootSecret, WeakSecret> {
        RootSecret::new(&text.to_owned().into())
    }

    #[test]
    fn a_weak_root_secret_is_refused() {
        assert_eq!(root("short").err(), Some(WeakSecret::Short));
        assert_eq!(root(&"a".repeat(64)).err(), Some(WeakSecret::Guessable));
        assert_eq!(root("your-secret-key-your-secret-key-0123456789").err(), Some(WeakSecret::Guessable));
        assert!(root("kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!").is_ok());
    }

    #[test]
    fn what_was_sealed_opens_with_its_context_only() {
        let root = root("kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!").unwrap();
        let sealed = root.sealer("a").seal(b"row 1", b"plain");
        assert_eq!(root.sealer("a").open(b"row 1", &sealed), Ok(b"plain".to_vec()));
        assert_eq!(root.sealer("a").open(b"row 2", &sealed), Err(NotSealed));
        assert_eq!(root.sealer("b").open(b"row 1", &sealed), Err(NotSealed));
        assert_eq!(root.sealer("a").open(b"row 1", b"x"), Err(NotSealed));
    }
}
