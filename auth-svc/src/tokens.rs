//! Tokens: a signed one for access, which says who is asking, and an opaque one to get the next.
use crate::domain::{Granted, Session};
use crate::keys::SigningKey;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::error::Unspecified;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::errors;
use platform::caller::{Role, User};
use platform::token::{Claims, sign};
use proto::access::Scopes;
use proto::ids::{ApiClientId, SessionId, UserId};
use std::fmt;
use std::str::FromStr;

/// What a log-in or a refresh gives.
pub struct TokenPair {
    pub access: AccessToken,
    pub refresh: RefreshToken,
}

pub struct AccessToken {
    pub text: String,
    /// Seconds from now.
    pub expires_in: i32,
}

/// Signs that `caller` uses `session`. The token does not outlive it.
pub fn access_token(
    key: &SigningKey,
    caller: User,
    session: &Session,
    life: SignedDuration,
    now: Timestamp,
) -> errors::Result<AccessToken> {
    let life = life.min(session.expires_at.duration_since(now)).as_secs();
    let amr = session.methods().iter().map(|method| (*method).to_owned()).collect();
    let claims = Claims { amr: Some(amr), ..Claims::of(caller, now, life) };
    let text = sign(&key.private, &key.id, &claims)?;
    Ok(AccessToken { text, expires_in: i32::try_from(life).unwrap_or(i32::MAX) })
}

/// Signs that a program asks, for some of what staff may do. Its own id stands for the account and the session.
pub fn client_token(
    key: &SigningKey,
    id: ApiClientId,
    scopes: &Granted,
    life: SignedDuration,
    now: Timestamp,
) -> errors::Result<AccessToken> {
    let scopes = Scopes::parse(&scopes.text());
    let caller = User { scopes, ..User::new(UserId(id.0), SessionId(id.0), Role::Staff) };
    let claims = Claims { client_id: Some(id.to_string()), ..Claims::of(caller, now, life.as_secs()) };
    let text = sign(&key.private, &key.id, &claims)?;
    Ok(AccessToken { text, expires_in: i32::try_from(life.as_secs()).unwrap_or(i32::MAX) })
}

/// `rt_<session>.<secret>`, good for one use.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    pub session_id: SessionId,
    secret: [u8; 32],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a refresh token")]
pub struct NotARefreshToken;

impl RefreshToken {
    pub fn new(session_id: SessionId) -> Result<Self, Unspecified> {
        let mut secret = [0; 32];
        aws_lc_rs::rand::fill(&mut secret)?;
        Ok(Self { session_id, secret })
    }

    /// What is stored instead of the token. One round of SHA-256 suffices: nobody can guess 256 random bits.
    pub fn digest(&self) -> Vec<u8> {
        digest(&SHA256, &self.secret).as_ref().to_vec()
    }
}

impl fmt::Display for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rt_{}.{}", self.session_id, BASE64_URL_SAFE_NO_PAD.encode(self.secret))
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RefreshToken({}, …)", self.session_id)
    }
}

impl FromStr for RefreshToken {
    type Err = NotARefreshToken;

    fn from_str(text: &str) -> Result<Self, NotARefreshToken> {
        let (session_id, secret) =
            text.strip_prefix("rt_").and_then(|rest| rest.split_once('.')).ok_or(NotARefreshToken)?;
        let session_id = session_id.parse().map_err(|_| NotARefreshToken)?;
        let secret = BASE64_URL_SAFE_NO_PAD.decode(secret).map_err(|_| NotARefreshToken)?;
        Ok(Self { session_id, secret: secret.try_into().map_err(|_| NotARefreshToken)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_token_survives_the_wire_and_hides_in_logs() {
        let token = RefreshToken::new(SessionId::random()).unwrap();
        assert_eq!(token.to_string().parse(), Ok(token.clone()));
        let secret = token.to_string().split_once('.').unwrap().1.to_owned();
        assert!(!format!("{token:?}").contains(&secret));
    }

    #[test]
    fn nothing_else_is_a_refresh_token() {
        let id = SessionId::random();
        for wrong in
            ["", "rt_", "rt_x.y", &format!("rt_{id}"), &format!("rt_{id}.c2hvcnQ"), &format!("{id}.{id}")]
        {
            assert_eq!(wrong.parse::<RefreshToken>(), Err(NotARefreshToken), "{wrong}");
        }
    }
}
