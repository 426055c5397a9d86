//! Codes by which a patient's account is linked to a record: read out at the desk, typed at home.
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::error::Unspecified;
use std::fmt;

/// Crockford's base 32: no letter that is taken for a digit, and no U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 16;

/// 80 bits that nobody guesses, as 16 characters.
#[derive(Clone, PartialEq, Eq)]
pub struct ClaimCode([u8; LENGTH]);

/// The same for all that is no token or code that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is unknown, was used before or is too old")]
pub struct BadToken;

impl ClaimCode {
    pub fn random() -> Result<Self, Unspecified> {
        let mut bytes = [0; LENGTH];
        aws_lc_rs::rand::fill(&mut bytes)?;
        Ok(Self(bytes.map(|byte| ALPHABET[usize::from(byte % 32)])))
    }

    /// What is stored of it.
    pub fn digest(&self) -> Vec<u8> {
        digest(&SHA256, &self.0).as_ref().to_vec()
    }
}

impl TryFrom<String> for ClaimCode {
    type Error = BadToken;

    /// However people write it: in groups, in small letters, with O for 0 and I or L for 1.
    fn try_from(text: String) -> Result<Self, BadToken> {
        let written = text.chars().filter(|c| *c != '-' && !c.is_whitespace());
        let meant = written.map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            c => c,
        });
        let meant = meant.map(|c| u8::try_from(c).ok().filter(|c| ALPHABET.contains(c)).ok_or(BadToken));
        let meant: Vec<u8> = meant.take(LENGTH + 1).collect::<Result<_, _>>()?;
        meant.try_into().map(Self).map_err(|_| BadToken)
    }
}

impl fmt::Display for ClaimCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, character) in self.0.iter().enumerate() {
            if index > 0 && index % 4 == 0 {
                f.write_str("-")?;
            }
            write!(f, "{}", char::from(*character))?;
        }
        Ok(())
    }
}

impl fmt::Debug for ClaimCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClaimCode(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_people_write_it() {
        let code = ClaimCode::random().unwrap();
        let text = code.to_string();
        assert_eq!((text.len(), text.matches('-').count()), (19, 3));
        for written in [text.clone(), text.to_lowercase(), text.replace('-', ""), text.replace('-', " - ")] {
            assert_eq!(ClaimCode::try_from(written), Ok(code.clone()));
        }
        let misread = ClaimCode::try_from("oOiI-lL00-1111-ABCD".to_owned()).unwrap();
        assert_eq!(misread.to_string(), "0011-1100-1111-ABCD");
    }

    #[test]
    fn nothing_else_is_a_code_and_none_shows_in_logs() {
        let code = ClaimCode::random().unwrap();
        assert_eq!(format!("{code:?}"), "ClaimCode(…)");
        for wrong in ["", "ABCD", "UUUU-UUUU-UUUU-UUUU", "0123-4567-89AB-CDEF-G", "0123-4567-89AB-CDEÄ"] {
            assert_eq!(ClaimCode::try_from(wrong.to_owned()), Err(BadToken), "{wrong}");
        }
        assert_ne!(ClaimCode::random().unwrap().digest(), code.digest());
    }
}
