//! Tokens that work once: what they are for, how long they last, and what is stored of them.
use super::claim_code::{BadToken, ClaimCode};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hmac;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use platform::secrets::{NotSealed, RootSecret, Sealer};
use proto::ids::{OneTimeTokenId, PatientId, UserId};
use std::fmt;
use std::sync::Arc;
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

/// What a token that is mailed is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minted {
    pub nonce: Vec<u8>,
    pub digest: Vec<u8>,
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
pub struct Mint {
    own: hmac::Key,
    /// While the root secret is exchanged, a token may have been made by another process with another.
    accepted: Option<hmac::Key>,
    sealer: Arc<Sealer>,
}

const PURPOSE: &str = "one-time tokens";
const SEALING: &str = "one-time tokens, sealed";

impl Mint {
    /// Bytes of a nonce. What is longer is a sealed token.
    const NONCE: usize = 16;

    pub fn new(root: &RootSecret) -> Self {
        let key = |key: [u8; 32]| hmac::Key::new(hmac::HMAC_SHA256, &key);
        let accepted = root.derive_accepted(PURPOSE).map(key);
        Self { own: key(root.derive(PURPOSE)), accepted, sealer: Arc::new(root.sealer(SEALING)) }
    }

    /// A token for the owner of `user`.
    pub fn issue(&self, purpose: Purpose, user: UserId, now: Timestamp) -> Result<OneTimeToken, Unspecified> {
        let id = OneTimeTokenId::random();
        let mut nonce = [0; Self::NONCE];
        aws_lc_rs::rand::fill(&mut nonce)?;
        let digest = made(&self.own, id, &nonce).digest();
        Ok(OneTimeToken::new(id, purpose, user.0, digest, Some(nonce.to_vec()), now))
    }

    /// The token that was issued under `id`, by what is stored of it.
    pub fn token(&self, id: OneTimeTokenId, minted: &Minted) -> Result<Token, NotSealed> {
        let Minted { nonce, digest } = minted;
        let token = if nonce.len() == Self::NONCE {
            let mut tokens = [Some(&self.own), self.accepted.as_ref()].into_iter().flatten();
            tokens.find_map(|key| Some(made(key, id, nonce)).filter(|token| token.digest() == *digest))
        } else {
            let token = self.sealer.open(id.0.as_bytes(), nonce)?;
            token.try_into().ok().map(Token)
        };
        token.ok_or(NotSealed)
    }

    /// What to store in place of the nonce, so that the token can be told by this root secret alone; none when it can be.
    pub fn reseal(&self, id: OneTimeTokenId, minted: &Minted) -> Result<Option<Vec<u8>>, NotSealed> {
        let Minted { nonce, digest } = minted;
        let context = id.0.as_bytes();
        if nonce.len() != Self::NONCE {
            return self.sealer.reseal(context, nonce);
        }
        if made(&self.own, id, nonce).digest() == *digest {
            return Ok(None);
        }
        self.token(id, minted).map(|token| Some(self.sealer.seal(context, &token.0)))
    }
}

fn made(key: &hmac::Key, id: OneTimeTokenId, nonce: &[u8]) -> Token {
    let tag = hmac::sign(key, &[id.0.as_bytes().as_slice(), nonce].concat());
    let mut token = [0; 32];
    token.copy_from_slice(tag.as_ref());
    Token(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!";
    const NEW: &str = "Zq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!";

    fn root(secret: &str) -> RootSecret {
        RootSecret::new(&secret.to_owned().into()).unwrap()
    }

    fn issued(mint: &Mint) -> (OneTimeTokenId, Minted) {
        let issued = mint.issue(Purpose::PasswordReset, UserId::random(), Timestamp::UNIX_EPOCH).unwrap();
        (issued.id, Minted { nonce: issued.nonce.unwrap(), digest: issued.digest })
    }

    #[test]
    fn a_token_is_made_again_from_what_is_stored_and_with_our_secret_only() {
        let (ours, theirs) = (Mint::new(&root(OLD)), Mint::new(&root(NEW)));
        let (id, minted) = issued(&ours);
        assert_eq!(ours.token(id, &minted).unwrap().digest(), minted.digest);
        assert_eq!(theirs.token(id, &minted), Err(NotSealed));
        assert_eq!(ours.token(OneTimeTokenId::random(), &minted), Err(NotSealed));
        assert_eq!(ours.token(id, &Minted { nonce: vec![0; 16], ..minted }), Err(NotSealed));
    }

    #[test]
    fn a_token_is_told_by_whoever_accepts_its_secret_and_by_the_next_once_it_is_resealed() {
        let before = Mint::new(&root(OLD));
        let between = Mint::new(&root(NEW).accepting(&OLD.to_owned().into()).unwrap());
        let after = Mint::new(&root(NEW));
        let (id, minted) = issued(&before);
        let token = before.token(id, &minted).unwrap();
        assert_eq!(between.token(id, &minted).as_ref(), Ok(&token));
        assert_eq!(after.reseal(id, &minted), Err(NotSealed));
        let nonce = between.reseal(id, &minted).unwrap().unwrap();
        let resealed = Minted { nonce, digest: minted.digest };
        assert_eq!(after.token(id, &resealed), Ok(token));
        assert_eq!(after.token(OneTimeTokenId::random(), &resealed), Err(NotSealed));
        assert_eq!(between.reseal(id, &resealed), Ok(None));
        let (id, own) = issued(&after);
        assert_eq!(between.reseal(id, &own), Ok(None));
    }

    #[test]
    fn a_token_survives_the_wire_and_hides_in_logs() {
        let mint = Mint::new(&root(OLD));
        let (id, minted) = issued(&mint);
        let token = mint.token(id, &minted).unwrap();
        let text = token.to_string();
        assert_eq!(text.len(), 43);
        assert_eq!(Token::try_from(format!(" {text}\n")), Ok(token.clone()));
        assert!(!format!("{token:?}").contains(&text));
        for wrong in ["", "short", &"A".repeat(42), &text[1..]] {
            assert_eq!(Token::try_from(wrong.to_owned()), Err(BadToken), "{wrong}");
        }
    }
}
