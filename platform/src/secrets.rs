//! The root secret, and the keys derived from it (HKDF-SHA256, RFC 5869). One key, one purpose.
use crate::config::Process;
use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use secrecy::{ExposeSecret, SecretString};
use std::{collections::HashSet, fmt};

/// The secret from which every other is derived. Perhaps there is another, from which nothing new is made, but what was
/// made from it is accepted: while the secret is exchanged, every process takes what any other makes.
#[derive(Clone)]
pub struct RootSecret {
    own: SecretString,
    accepted: Option<SecretString>,
}

/// Of the setting of this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakSecret {
    #[error("{0} is too short: give it at least 32 random bytes, for instance `openssl rand -base64 48`")]
    Short(&'static str),
    #[error("{0} is easy to guess: make it random, for instance `openssl rand -base64 48`")]
    Guessable(&'static str),
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

    /// That of a process, by its settings.
    pub fn of(process: &Process) -> Result<Self, WeakSecret> {
        let root = Self::new(&process.secret_key)?;
        process.secret_key_accepted.as_ref().map_or(Ok(root.clone()), |other| root.accepting(other))
    }

    pub fn new(secret: &SecretString) -> Result<Self, WeakSecret> {
        strong("SECRET_KEY", secret)?;
        Ok(Self { own: secret.clone(), accepted: None })
    }

    /// Accepts what was made from `other`, too. Nothing is no secret: a setting may be empty.
    pub fn accepting(self, other: &SecretString) -> Result<Self, WeakSecret> {
        let text = other.expose_secret();
        if text.is_empty() || text == self.own.expose_secret() {
            return Ok(self);
        }
        strong("SECRET_KEY_ACCEPTED", other)?;
        Ok(Self { accepted: Some(other.clone()), ..self })
    }

    /// The 32-byte key for one purpose; another purpose gives an unrelated key.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        derive(&self.own, purpose)
    }

    /// [`Self::derive`] from the secret that is accepted, if there is one.
    pub fn derive_accepted(&self, purpose: &str) -> Option<[u8; 32]> {
        self.accepted.as_ref().map(|secret| derive(secret, purpose))
    }

    /// The key with which things are made, then the one with which they may have been made.
    pub fn derive_all(&self, purpose: &str) -> impl Iterator<Item = [u8; 32]> {
        [self.derive(purpose)].into_iter().chain(self.derive_accepted(purpose))
    }

    /// Seals and opens for one purpose.
    pub fn sealer(&self, purpose: &str) -> Sealer {
        Sealer {
            accepted: self.derive_accepted(purpose).map(|key| cipher(&key)),
            ..Sealer::new(&self.derive(purpose))
        }
    }

    /// What the secret is known by, and the one that is accepted: tells who has which, and nothing of either.
    pub fn names(&self) -> (String, Option<String>) {
        let name = |[a, b, c, d, ..]: [u8; 32]| format!("{:08x}", u32::from_be_bytes([a, b, c, d]));
        (name(self.derive("name")), self.derive_accepted("name").map(name))
    }
}

fn strong(name: &'static str, secret: &SecretString) -> Result<(), WeakSecret> {
    let text = secret.expose_secret();
    if text.len() < RootSecret::MIN_BYTES {
        return Err(WeakSecret::Short(name));
    }
    let distinct: HashSet<char> = text.chars().collect();
    let lower = text.to_lowercase();
    let known = ["secret-key", "secret_key", "changeme", "change-me", "change_me", "password", "example"];
    if distinct.len() < 10 || known.iter().any(|word| lower.contains(word)) {
        return Err(WeakSecret::Guessable(name));
    }
    Ok(())
}

fn derive(secret: &SecretString, purpose: &str) -> [u8; 32] {
    let mut key = [0; 32];
    let pseudo_random = Salt::new(HKDF_SHA256, b"healthcare").extract(secret.expose_secret().as_bytes());
    pseudo_random
        .expand(&[purpose.as_bytes()], KeyLength)
        .and_then(|output| output.fill(&mut key))
        .expect("32 bytes are within HKDF's limit");
    key
}

fn cipher(key: &[u8; 32]) -> RandomizedNonceKey {
    RandomizedNonceKey::new(&AES_256_GCM, key).expect("the key has 32 bytes")
}

impl fmt::Debug for RootSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootSecret(…)")
    }
}

/// AES-256-GCM with a random nonce before each ciphertext.
pub struct Sealer {
    own: RandomizedNonceKey,
    accepted: Option<RandomizedNonceKey>,
}

impl Sealer {
    const NONCE: usize = 12;

    pub fn new(key: &[u8; 32]) -> Self {
        Self { own: cipher(key), accepted: None }
    }

    /// `context` is not stored; the same must be given to open.
    pub fn seal(&self, context: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut sealed = plain.to_vec();
        let nonce =
            self.own.seal_in_place_append_tag(Aad::from(context), &mut sealed).expect("plain text fits");
        [nonce.as_ref().as_slice(), sealed.as_slice()].concat()
    }

    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, NotSealed> {
        open(&self.own, context, sealed)
            .or_else(|error| open(self.accepted.as_ref().ok_or(error)?, context, sealed))
    }

    /// What is sealed as this root secret seals it; none when it is so already.
    pub fn reseal(&self, context: &[u8], sealed: &[u8]) -> Result<Option<Vec<u8>>, NotSealed> {
        if open(&self.own, context, sealed).is_ok() {
            return Ok(None);
        }
        self.open(context, sealed).map(|plain| Some(self.seal(context, &plain)))
    }
}

fn open(key: &RandomizedNonceKey, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, NotSealed> {
    let (nonce, cipher) = sealed.split_at_checked(Sealer::NONCE).ok_or(NotSealed)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| NotSealed)?;
    let mut plain = cipher.to_vec();
    let length = key.open_in_place(nonce, Aad::from(context), &mut plain).map_err(|_| NotSealed)?.len();
    plain.truncate(length);
    Ok(plain)
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

    const OLD: &str = "kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!";
    const NEW: &str = "Aq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!";

    /// Who makes things from `own`, and takes what was made from `other`.
    fn both(own: &str, other: &str) -> Result<RootSecret, WeakSecret> {
        root(own)?.accepting(&other.to_owned().into())
    }

    #[test]
    fn a_weak_root_secret_is_refused() {
        assert_eq!(root("short").err(), Some(WeakSecret::Short("SECRET_KEY")));
        assert_eq!(root(&"a".repeat(64)).err(), Some(WeakSecret::Guessable("SECRET_KEY")));
        let copied = "your-secret-key-your-secret-key-0123456789";
        assert_eq!(root(copied).err(), Some(WeakSecret::Guessable("SECRET_KEY")));
        assert!(root(OLD).is_ok());
        assert_eq!(both(OLD, "short").err(), Some(WeakSecret::Short("SECRET_KEY_ACCEPTED")));
    }

    #[test]
    fn what_was_sealed_opens_with_its_context_only() {
        let root = root(OLD).unwrap();
        let sealed = root.sealer("a").seal(b"row 1", b"plain");
        assert_eq!(root.sealer("a").open(b"row 1", &sealed), Ok(b"plain".to_vec()));
        assert_eq!(root.sealer("a").open(b"row 2", &sealed), Err(NotSealed));
        assert_eq!(root.sealer("b").open(b"row 1", &sealed), Err(NotSealed));
        assert_eq!(root.sealer("a").open(b"row 1", b"x"), Err(NotSealed));
    }

    #[test]
    fn neighbours_in_an_exchange_open_what_either_seals() {
        let steps = [root(OLD), both(OLD, NEW), both(NEW, OLD), root(NEW)].map(Result::unwrap);
        for pair in steps.windows(2) {
            for (one, other) in [(&pair[0], &pair[1]), (&pair[1], &pair[0])] {
                let sealed = one.sealer("a").seal(b"row", b"plain");
                assert_eq!(other.sealer("a").open(b"row", &sealed), Ok(b"plain".to_vec()));
            }
        }
        let sealed = steps[2].sealer("a").seal(b"row", b"plain");
        assert_eq!(steps[0].sealer("a").open(b"row", &sealed), Err(NotSealed), "one step is left out");
    }

    #[test]
    fn what_is_sealed_anew_needs_the_other_secret_no_more() {
        let sealed = root(OLD).unwrap().sealer("a").seal(b"row", b"plain");
        let between = both(NEW, OLD).unwrap().sealer("a");
        let anew = between.reseal(b"row", &sealed).unwrap().unwrap();
        assert_eq!(root(NEW).unwrap().sealer("a").open(b"row", &anew), Ok(b"plain".to_vec()));
        assert_eq!(between.reseal(b"row", &anew), Ok(None), "once is enough");
        assert_eq!(root(NEW).unwrap().sealer("a").reseal(b"row", &sealed), Err(NotSealed));
    }

    #[test]
    fn an_empty_setting_and_the_secret_itself_are_no_other_secret() {
        for none in ["", OLD] {
            assert_eq!(both(OLD, none).unwrap().names(), root(OLD).unwrap().names());
        }
        let (own, other) = both(OLD, NEW).unwrap().names();
        assert_eq!(both(NEW, OLD).unwrap().names(), (other.unwrap(), Some(own)));
    }
}
