//! Recovery codes: each stands in once for an authenticator that is lost.
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::error::Unspecified;
use std::fmt;

/// How many an account is given at a time.
pub const COUNT: usize = 10;

/// 80 random bits, shown as `ABCD-EFGH-IJKL-MNOP`.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode([u8; 10]);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 16 letters and digits, with or without dashes")]
pub struct NotARecoveryCode;

impl RecoveryCode {
    pub fn generate() -> Result<Vec<Self>, Unspecified> {
        let one = |_| {
            let mut bits = [0; 10];
            aws_lc_rs::rand::fill(&mut bits)?;
            Ok(Self(bits))
        };
        (0..COUNT).map(one).collect()
    }

    /// What is stored instead of the code.
    pub fn digest(&self) -> Vec<u8> {
        digest(&SHA256, &self.0).as_ref().to_vec()
    }
}

impl TryFrom<String> for RecoveryCode {
    type Error = NotARecoveryCode;

    fn try_from(text: String) -> Result<Self, NotARecoveryCode> {
        let letters = text.chars().filter(|c| !c.is_whitespace() && *c != '-');
        let letters: String = letters.map(|c| c.to_ascii_uppercase()).collect();
        let bits = totp_rs::Secret::try_from_base32(letters).map_err(|_| NotARecoveryCode)?;
        bits.as_bytes().try_into().map(Self).map_err(|_| NotARecoveryCode)
    }
}

impl fmt::Display for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters = totp_rs::Secret::new(Box::new(self.0)).to_base32();
        let (one, two, three, four) = (&letters[..4], &letters[4..8], &letters[8..12], &letters[12..]);
        write!(f, "{one}-{two}-{three}-{four}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_may_be_typed_as_people_type() {
        let codes = RecoveryCode::generate().unwrap();
        assert_eq!(codes.len(), COUNT);
        for code in codes {
            let shown = code.to_string();
            assert_eq!(shown.len(), 19);
            for typed in [shown.clone(), shown.to_lowercase(), shown.replace('-', " ")] {
                assert!(RecoveryCode::try_from(typed) == Ok(code.clone()));
            }
        }
    }

    #[test]
    fn nothing_else_is_a_code() {
        for wrong in ["", "123456", "ABCD-EFGH-IJKL", "ABCD-EFGH-IJKL-MNO1", "ABCD-EFGH-IJKL-MNOP-QRST"] {
            assert!(RecoveryCode::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
