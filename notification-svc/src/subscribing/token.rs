//! The secret in the address of a calendar. The store has only its hash.
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

/// 256 random bits.
pub(super) struct Token([u8; 32]);

impl Token {
    pub(super) fn generate() -> Result<Self, Unspecified> {
        let mut bits = [0; 32];
        rand::fill(&mut bits)?;
        Ok(Self(bits))
    }

    /// None when it cannot be one of ours.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bits = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        bits.try_into().ok().map(Self)
    }

    /// As it stands in the address.
    pub(super) fn reveal(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }

    pub(super) fn hash(&self) -> Vec<u8> {
        digest(&SHA256, &self.0).as_ref().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_written_and_nothing_else_is() {
        let token = Token::generate().unwrap();
        let text = token.reveal();
        assert_eq!(Token::parse(&text).unwrap().hash(), token.hash());
        for wrong in ["", &text[1..], &format!("{text}A"), &format!("{text}="), "../../etc/passwd"] {
            assert!(Token::parse(wrong).is_none(), "{wrong}");
        }
        assert_ne!(Token::generate().unwrap().hash(), token.hash());
    }
}
