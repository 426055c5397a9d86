//! Passwords hashed with argon2id, a few at a time: each takes a core for some 30 ms and 19 MiB.
mod cores; // where they are hashed
mod guessable; // what everybody tries first
mod policy; // which passwords are good enough

pub use policy::{NewPassword, Policy, Weak};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{self, PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::error::Unspecified;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use cores::Cores;
use secrecy::{ExposeSecret as _, SecretString};
use std::thread::available_parallelism;

/// Memory in KiB, passes and lanes, as OWASP recommends.
const COST: (u32, u32, u32) = (19_456, 2, 1);
/// What a password is stored as: algorithm, cost, salt and hash in one line (PHC string).
#[derive(Clone)]
pub struct Hash(pub String);

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("too many log-ins at once")]
    Busy,
    #[error("the hash function failed: {0}")]
    Function(password_hash::Error),
    #[error("there is no randomness")]
    Randomness(#[from] Unspecified),
    #[error("there are no threads to hash on: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    #[error("the hash function did not return")]
    Panicked,
}

pub struct Passwords {
    verifying: Cores,
    /// Of its own, so that a flood of registrations does not keep people from logging in.
    setting: Cores,
    /// Checked when there is no account, so that the answer takes as long as if there were.
    nobody: Hash,
}

impl Passwords {
    pub fn new() -> Result<Self, Error> {
        let cores = available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1));
        let nobody = hash("nobody has this password")?;
        Ok(Self { verifying: Cores::new("verify", cores)?, setting: Cores::new("set", 1)?, nobody })
    }

    pub async fn hash(&self, password: NewPassword) -> Result<Hash, Error> {
        self.setting.run(move || hash(password.expose())).await?
    }

    /// What is stored where nobody is to log in yet: nobody has that password.
    pub async fn unknowable(&self) -> Result<Hash, Error> {
        let mut secret = [0; 32];
        aws_lc_rs::rand::fill(&mut secret)?;
        self.setting.run(move || hash(&BASE64_URL_SAFE_NO_PAD.encode(secret))).await?
    }

    /// Whether `password` is the one of `account`; never when there is none.
    pub async fn verify(&self, password: SecretString, account: Option<Hash>) -> Result<bool, Error> {
        if password.expose_secret().len() > Policy::MAX_BYTES {
            return Ok(false);
        }
        let exists = account.is_some();
        let stored = account.unwrap_or_else(|| self.nobody.clone());
        let work = move || verify(&policy::normalized(password.expose_secret()), &stored);
        Ok(self.verifying.run(work).await?? && exists)
    }
}

fn argon2() -> Argon2<'static> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).expect("the cost is within limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(password: &str) -> Result<Hash, Error> {
    let hash: PasswordHash = argon2().hash_password(password.as_bytes()).map_err(Error::Function)?;
    Ok(Hash(hash.to_string()))
}

fn verify(password: &str, stored: &Hash) -> Result<bool, Error> {
    let stored = PasswordHash::new(&stored.0).map_err(|error| Error::Function(error.into()))?;
    match argon2().verify_password(password.as_bytes(), &stored) {
        Ok(()) => Ok(true),
        Err(password_hash::Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(Error::Function(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(password: &str) -> NewPassword {
        Policy { min_length: 15 }.accept(&password.to_owned().into(), &[]).unwrap()
    }

    #[tokio::test]
    async fn only_the_same_password_verifies() {
        let passwords = Passwords::new().unwrap();
        let hash = passwords.hash(chosen("correct horse battery")).await.unwrap();
        assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let verify = |text: &str, hash| passwords.verify(text.to_owned().into(), hash);
        assert!(verify("correct horse battery", Some(hash.clone())).await.unwrap());
        assert!(!verify("Correct horse battery", Some(hash)).await.unwrap());
        assert!(!verify("nobody has this password", None).await.unwrap());
    }

    #[tokio::test]
    async fn an_accent_may_be_typed_in_two_ways() {
        let passwords = Passwords::new().unwrap();
        let hash = passwords.hash(chosen("cre\u{300}me bru\u{302}le\u{301}e au four")).await.unwrap();
        let composed = "cr\u{e8}me br\u{fb}l\u{e9}e au four".to_owned().into();
        assert!(passwords.verify(composed, Some(hash)).await.unwrap());
    }
}
