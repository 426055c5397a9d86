//! What is given to somebody whose password was right and whose code is awaited.
use crate::recovery::RecoveryCode;
use crate::totp::Code;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::error::Unspecified;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::SignedDuration;
use std::fmt;
use std::str::FromStr;

/// How long a code is awaited.
pub const LIFE: SignedDuration = SignedDuration::from_mins(5);
/// So many wrong codes end it.
pub const WRONG_CODES: i16 = 5;

/// What is shown besides the password.
pub enum Proof {
    Code(Code),
    RecoveryCode(RecoveryCode),
}

/// `lc_<secret>`.
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge([u8; 32]);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a challenge")]
pub struct NotAChallenge;

impl Challenge {
    pub fn generate() -> Result<Self, Unspecified> {
        let mut secret = [0; 32];
        aws_lc_rs::rand::fill(&mut secret)?;
        Ok(Self(secret))
    }

    /// What is stored instead of it.
    pub fn digest(&self) -> Vec<u8> {
        digest(&SHA256, &self.0).as_ref().to_vec()
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lc_{}", BASE64_URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Challenge(…)")
    }
}

impl FromStr for Challenge {
    type Err = NotAChallenge;

    fn from_str(text: &str) -> Result<Self, NotAChallenge> {
        let secret = text.strip_prefix("lc_").ok_or(NotAChallenge)?;
        let secret = BASE64_URL_SAFE_NO_PAD.decode(secret).map_err(|_| NotAChallenge)?;
        secret.try_into().map(Self).map_err(|_| NotAChallenge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_survives_the_wire_and_hides_in_logs() {
        let challenge = Challenge::generate().unwrap();
        assert_eq!(challenge.to_string().parse(), Ok(challenge.clone()));
        assert_eq!(format!("{challenge:?}"), "Challenge(…)");
        for wrong in ["", "lc_", "lc_c2hvcnQ", "rt_0198c5a4-7c1e-7d3a-9d8e-2f1b6a5c4d3e.c2VjcmV0"] {
            assert_eq!(wrong.parse::<Challenge>(), Err(NotAChallenge), "{wrong}");
        }
    }
}
