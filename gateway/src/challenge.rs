//! Challenges of log-ins that wait for a code, as front ends keep them: with the name that was typed, sealed, so that
//! whoever shows a code is counted as whoever guesses that account's password.
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use platform::secrets::{RootSecret, Sealer};
use std::sync::Arc;

const CONTEXT: &[u8] = b"challenge";

#[derive(Clone)]
pub struct Challenges(Arc<Sealer>);

/// A log-in that waits for a code.
#[derive(Debug, PartialEq, Eq)]
pub struct Challenge {
    /// As auth-svc knows it.
    pub challenge: String,
    /// The account, as it was typed.
    pub username: String,
}

impl Challenges {
    pub fn new(root: &RootSecret) -> Self {
        Self(Arc::new(root.sealer("login-challenge")))
    }

    pub fn seal(&self, challenge: &Challenge) -> String {
        let Challenge { challenge, username } = challenge;
        BASE64_URL_SAFE_NO_PAD.encode(self.0.seal(CONTEXT, format!("{challenge} {username}").as_bytes()))
    }

    /// None when it is none of ours.
    pub fn open(&self, text: &str) -> Option<Challenge> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let plain = String::from_utf8(self.0.open(CONTEXT, &sealed).ok()?).ok()?;
        let (challenge, username) = plain.split_once(' ')?;
        Some(Challenge { challenge: challenge.to_owned(), username: username.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_sealed_opens() {
        let root = RootSecret::new(&"kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!".to_owned().into()).unwrap();
        let challenges = Challenges::new(&root);
        let challenge = Challenge { challenge: "lc_x".to_owned(), username: "ada of example".to_owned() };
        let sealed = challenges.seal(&challenge);
        assert_eq!(challenges.open(&sealed), Some(challenge));
        for wrong in ["", "lc_x", &sealed[1..]] {
            assert_eq!(challenges.open(wrong), None, "{wrong}");
        }
    }
}
