//! Tokens that work once: what they are for, how long they last, and what is stored of them.
use super::claim_code::{BadToken, ClaimCode};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hmac;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use platform::secrets::RootSecret;
use proto::ids::{OneTimeTokenId, PatientId, UserId};
use std::fmt;
use uuid::Uuid;

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    PasswordReset,
    /// Proves that the address of an account is its owner's.
    EmailVerification,
    /// Makes an account usable that an administrator made.
    Invitation,
    /// Links a patient's account to a record.
    PatientClaim,
}

impl Purpose {
    pub fn name(self) -> &'static str {
        match self {
            Self::PasswordReset => "password_reset",
            Self::EmailVerification => "email_verification",
            Self::Invitation => "invitation",
            Self::PatientClaim => "patient_claim",
        }
    }

    pub fn life(self) -> SignedDuration {
        match self {
            Self::PasswordReset => SignedDuration::from_mins(30),
            Self::EmailVerification => SignedDuration::from_hours(24),
            Self::Invitation => SignedDuration::from_hours(72),
            Self::PatientClaim => SignedDuration::from_hours(14 * 24),
        }
    }
}

/// What the owner of an account is sent: 256 bits that nobody guesses.
#[derive(Clone, PartialEq, Eq)]
pub struct Token([u8; 32]);

/// A token as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneTimeToken {
    pub id: OneTimeTokenId,
    pub purpose: Purpose,
    /// The account; of a claim, the patient record.
    pub subject: Uuid,
    pub digest: Vec<u8>,
    /// Of one that is mailed.
    pub nonce: Option<Vec<u8>>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

impl OneTimeToken {
    /// What is stored of a code that is told at the desk.
    pub fn of_code(code: &ClaimCode, patient: PatientId, now: Timestamp) -> Self {
        let (id, purpose) = (OneTimeTokenId::random(), Purpose::PatientClaim);
        Self::new(id, purpose, patient.0, code.digest(), None, now)
    }

    /// One that is known by `digest`, from now on.
    fn new(
        id: OneTimeTokenId,
        purpose: Purpose,
        subject: Uuid,
        digest: Vec<u8>,
        nonce: Option<Vec<u8>>,
        now: Timestamp,
    ) -> Self {
        let expires_at = now.saturating_add(purpose.life()).unwrap_or(Timestamp::MAX);
        Self { id, purpose, subject, digest, nonce, created_at: now, expires_at }
    }
}

impl Token {
    /// One round of SHA-256 suffices: nobody can guess 256 bits.
    pub fn digest(&self) -> Vec<u8> {
        digest(&SHA256, &self.0).as_ref().to_vec()
    }
}

impl TryFrom<String> for Token {
    type Error = BadToken;

    fn try_from(text: String) -> Result<Self, BadToken> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.trim()).map_err(|_| BadToken)?;
        bytes.try_into().map(Self).map_err(|_| BadToken)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Makes the tokens that are mailed: from what is stored, so that none rests anywhere until its mail is written.
#[derive(Clone)]
pub struct Mint(hmac::Key);

impl Mint {
    pub fn new(root: &RootSecret) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, &root.derive("one-time tokens")))
    }

    /// A token for the owner of `user`.
    pub fn issue(&self, purpose: Purpose, user: UserId, now: Timestamp) -> Result<OneTimeToken, Unspecified> {
        let id = OneTimeTokenId::random();
        let mut nonce = [0; 16];
        aws_lc_rs::rand::fill(&mut nonce)?;
        let digest = self.token(id, &nonce).digest();
        Ok(OneTimeToken::new(id, purpose, user.0, digest, Some(nonce.to_vec()), now))
    }

    /// The token that was issued under `id` with `nonce`.
    pub fn token(&self, id: OneTimeTokenId, nonce: &[u8]) -> Token {
        let tag = hmac::sign(&self.0, &[id.0.as_bytes().as_slice(), nonce].concat());
        let mut token = [0; 32];
        token.copy_from_slice(tag.as_ref());
        Token(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mint(secret: &str) -> Mint {
        Mint::new(&RootSecret::new(&secret.to_owned().into()).unwrap())
    }

    #[test]
    fn a_token_is_made_again_from_what_is_stored_and_with_our_secret_only() {
        let (ours, theirs) =
            (mint("kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!"), mint("Zq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!"));
        let issued = ours.issue(Purpose::PasswordReset, UserId::random(), Timestamp::UNIX_EPOCH).unwrap();
        let nonce = issued.nonce.clone().unwrap();
        assert_eq!(ours.token(issued.id, &nonce).digest(), issued.digest);
        assert_ne!(theirs.token(issued.id, &nonce).digest(), issued.digest);
        assert_ne!(ours.token(OneTimeTokenId::random(), &nonce).digest(), issued.digest);
        assert_ne!(ours.token(issued.id, &[0; 16]).digest(), issued.digest);
    }

    #[test]
    fn a_token_survives_the_wire_and_hides_in_logs() {
        let token = mint("kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!").token(OneTimeTokenId::random(), &[1; 16]);
        let text = token.to_string();
        assert_eq!(text.len(), 43);
        assert_eq!(Token::try_from(format!(" {text}\n")), Ok(token.clone()));
        assert!(!format!("{token:?}").contains(&text));
        for wrong in ["", "short", &"A".repeat(42), &text[1..]] {
            assert_eq!(Token::try_from(wrong.to_owned()), Err(BadToken), "{wrong}");
        }
    }
}
