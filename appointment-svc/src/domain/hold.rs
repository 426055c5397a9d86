//! A time that is kept for whoever is about to book it.
use super::appointment::Appointment;
use super::clinic::Timing;
use super::commands::Book;
use super::interval::Interval;
use super::status::Status;
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use platform::secrets::RootSecret;
use platform::violations::Violations;
use proto::ids::AppointmentId;
use std::fmt;

/// Times that are kept for one patient at once, at most.
pub const MOST: i64 = 2;
/// No time is kept longer, renewed or not.
pub const LONGEST: SignedDuration = SignedDuration::from_mins(15);

/// A visit that is not booked yet.
#[derive(Clone, Debug)]
pub struct Hold {
    pub appointment: Appointment,
    pub since: Timestamp,
    pub until: Timestamp,
}

/// Why a hold is not kept on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unrenewable {
    RunOut,
    /// It was before, and that is enough.
    Renewed,
}

/// What became of a hold when its time was booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldOutcome {
    /// It is the visit now.
    Converted,
    /// It had run out, and the time was still free.
    Reclaimed,
}

impl Hold {
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.appointment.status == Status::Held && now < self.until
    }

    /// Until when it is kept once it is renewed, when each lasts `ttl`.
    pub fn renewed(&self, ttl: SignedDuration, now: Timestamp) -> Result<Timestamp, Unrenewable> {
        if !self.is_live(now) {
            return Err(Unrenewable::RunOut);
        }
        if self.until > self.since + ttl || ttl >= LONGEST {
            return Err(Unrenewable::Renewed);
        }
        Ok((now + ttl).min(self.since + LONGEST))
    }

    /// What `book` asks for must be what is held.
    pub fn check(&self, book: &Book) -> Result<(), Violations> {
        let held = &self.appointment;
        let length = u32::try_from(held.visit.duration().as_mins()).unwrap_or_default();
        let Interval { start, end } = book.visit(&held.zone, &Timing::plain(length, length))?;
        let is_same = (book.doctor_id, book.patient_id, book.visit_type_id)
            == (held.doctor_id, held.patient_id, held.visit_type_id);
        if is_same && (start, end) == (held.visit.start, held.visit.end) {
            return Ok(());
        }
        Err(Violations::of("hold_token", "is for another time, doctor, visit type or patient"))
    }
}

/// What whoever holds a time knows: 128 bits that nobody guesses.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Token([u8; 16]);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a hold token")]
pub struct BadToken;

impl Token {
    /// What is stored of it.
    pub fn digest(&self) -> [u8; 32] {
        let mut digest = [0; 32];
        digest.copy_from_slice(digest::digest(&digest::SHA256, &self.0).as_ref());
        digest
    }
}

impl TryFrom<String> for Token {
    type Error = BadToken;

    fn try_from(text: String) -> Result<Self, BadToken> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| BadToken)?;
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

/// Makes tokens from ids, so that the same can be told again and none is kept.
#[derive(Clone)]
pub struct Tokens {
    own: hmac::Key,
    /// While the root secret is exchanged, another process may have made a token with another.
    accepted: Option<hmac::Key>,
}

const PURPOSE: &str = "hold tokens";

impl Tokens {
    pub fn new(root: &RootSecret) -> Self {
        let key = |key: [u8; 32]| hmac::Key::new(hmac::HMAC_SHA256, &key);
        Self { own: key(root.derive(PURPOSE)), accepted: root.derive_accepted(PURPOSE).map(key) }
    }

    /// That of a new hold.
    pub fn of(&self, id: AppointmentId) -> Token {
        token(&self.own, id)
    }

    /// The one that a hold was given, of which `digest` is stored; none when another secret has made it.
    pub fn again(&self, id: AppointmentId, digest: &[u8]) -> Option<Token> {
        let mut tokens =
            [Some(&self.own), self.accepted.as_ref()].into_iter().flatten().map(|key| token(key, id));
        tokens.find(|token| token.digest() == digest)
    }
}

fn token(key: &hmac::Key, id: AppointmentId) -> Token {
    let tag = hmac::sign(key, id.0.as_bytes());
    let mut token = [0; 16];
    token.copy_from_slice(&tag.as_ref()[..16]);
    Token(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::appointment::tests::visit;

    const TTL: SignedDuration = SignedDuration::from_mins(5);

    fn now() -> Timestamp {
        "2030-01-07T12:00:00Z".parse().unwrap()
    }

    fn hold() -> Hold {
        Hold { appointment: visit(Status::Held), since: now(), until: now() + TTL }
    }

    #[test]
    fn a_hold_is_renewed_once_and_never_kept_longer_than_a_quarter_of_an_hour() {
        let late = now() + SignedDuration::from_mins(4);
        let until = hold().renewed(TTL, late).unwrap();
        assert_eq!(until, late + TTL);
        let again = Hold { until, ..hold() };
        assert_eq!(again.renewed(TTL, late), Err(Unrenewable::Renewed));
        let long = SignedDuration::from_mins(12);
        let slow = Hold { until: now() + long, ..hold() };
        assert_eq!(slow.renewed(long, late), Ok(now() + LONGEST));
    }

    #[test]
    fn a_hold_that_ran_out_is_not_kept_on() {
        assert_eq!(hold().renewed(TTL, now() + TTL), Err(Unrenewable::RunOut));
        let mut released = hold();
        released.appointment.status = Status::Expired;
        assert!(!released.is_live(now()));
    }

    #[test]
    fn a_token_is_the_same_again_and_another_for_another_hold() {
        let root = RootSecret::new(&"kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!".to_owned().into()).unwrap();
        let (a, b) = (AppointmentId::random(), AppointmentId::random());
        let token = Tokens::new(&root).of(a);
        assert_eq!(Tokens::new(&root).of(a), token);
        assert_ne!(Tokens::new(&root).of(b), token);
        let text = token.to_string();
        assert_eq!(text.len(), 22);
        assert_eq!(Token::try_from(text), Ok(token));
        assert_eq!(Token::try_from("AAAA".to_owned()), Err(BadToken));
    }

    #[test]
    fn a_token_is_told_again_by_whoever_accepts_its_secret() {
        let root = |secret: &str| RootSecret::new(&secret.to_owned().into()).unwrap();
        let (old, new) = ("kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!", "Aq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!");
        let id = AppointmentId::random();
        let token = Tokens::new(&root(old)).of(id);
        let between = Tokens::new(&root(new).accepting(&old.to_owned().into()).unwrap());
        assert_eq!(between.again(id, &token.digest()), Some(token));
        assert_ne!(between.of(id), token);
        assert_eq!(between.again(id, &between.of(id).digest()), Some(between.of(id)));
        assert_eq!(Tokens::new(&root(new)).again(id, &token.digest()), None);
    }
}
