//! Which passwords are good enough: long ones that do not give themselves away (NIST SP 800-63B-4). No rules on
//! the kinds of characters.
use super::guessable::left_to_guess;
use secrecy::{ExposeSecret as _, SecretString};
use std::collections::HashSet;
use unicode_normalization::UnicodeNormalization as _;

/// Names shorter than this are found in any text by chance.
const TELLING_NAME: usize = 4;
/// Fewer distinct characters than this are easy to guess whatever their order.
const DISTINCT: usize = 5;

#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Fewest characters.
    pub min_length: usize,
}

/// A password that the policy has accepted.
pub struct NewPassword(SecretString);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    #[error("must be {min} to {max} characters long")]
    Length { min: usize, max: usize },
    #[error("must not contain the e-mail address or the user name")]
    Personal,
    #[error("must not be a repetition or a sequence")]
    Repetitive,
    #[error("must not be made up of common words, names, years and keyboard patterns")]
    Guessable,
    #[error("must be another than the current one")]
    Unchanged,
}

impl Policy {
    /// Most characters.
    pub const MAX_LENGTH: usize = 128;
    /// Most bytes, so that nobody can make us hash a book.
    pub const MAX_BYTES: usize = 512;

    /// `names` are what others know about the person: e-mail address, user name.
    pub fn accept(&self, password: &SecretString, names: &[&str]) -> Result<NewPassword, Weak> {
        let too_long_or_short = Weak::Length { min: self.min_length, max: Self::MAX_LENGTH };
        if password.expose_secret().len() > Self::MAX_BYTES {
            return Err(too_long_or_short);
        }
        let text = normalized(password.expose_secret());
        let characters: Vec<char> = text.chars().collect();
        if !(self.min_length..=Self::MAX_LENGTH).contains(&characters.len()) {
            return Err(too_long_or_short);
        }
        if names.iter().any(|name| tells(&text, name)) {
            return Err(Weak::Personal);
        }
        if is_repetitive(&characters) {
            return Err(Weak::Repetitive);
        }
        if left_to_guess(&text, names) < self.min_length.div_ceil(2) {
            return Err(Weak::Guessable);
        }
        Ok(NewPassword(text.into()))
    }
}

impl NewPassword {
    pub(super) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// One spelling for what looks the same: keyboards differ in how they send an accent (NFC).
pub(super) fn normalized(password: &str) -> String {
    password.nfc().collect()
}

/// Whether `password` contains `name`, or its part before the `@`.
fn tells(password: &str, name: &str) -> bool {
    let name = name.split_once('@').map_or(name, |(local, _)| local).to_lowercase();
    name.chars().count() >= TELLING_NAME && password.to_lowercase().contains(&name)
}

fn is_repetitive(characters: &[char]) -> bool {
    let distinct: HashSet<&char> = characters.iter().collect();
    let steps = characters.windows(2).filter(|pair| u32::from(pair[0]).abs_diff(u32::from(pair[1])) <= 1);
    let mostly_sequence = steps.count() * 4 >= characters.len() * 3;
    let repeats = |period: usize| characters.iter().zip(&characters[period..]).all(|(a, b)| a == b);
    distinct.len() < DISTINCT || mostly_sequence || (1..=characters.len() / 2).any(repeats)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(password: &str) -> Result<(), Weak> {
        let names = ["Ada.Lovelace@example.com", "countess", "me"];
        Policy { min_length: 15 }.accept(&password.to_owned().into(), &names).map(drop)
    }

    #[test]
    fn length_counts_characters_and_kinds_do_not_matter() {
        let length = Weak::Length { min: 15, max: 128 };
        assert_eq!(accept("fourteen chars"), Err(length));
        assert_eq!(accept("fifteen chars!!"), Ok(()));
        assert_eq!(accept("пятнадцать букв"), Ok(()));
        let long: String =
            ('!'..).take(128).collect::<String>().chars().step_by(2).chain("ab".chars()).collect();
        assert_eq!(accept(&long), Ok(()));
        assert_eq!(accept(&"correct horse ".repeat(10)), Err(length));
        assert_eq!(accept(&"🐎".repeat(129)), Err(length));
    }

    #[test]
    fn names_give_a_password_away() {
        assert_eq!(accept("ADA.LOVELACE was first"), Err(Weak::Personal));
        assert_eq!(accept("the Countess of numbers"), Err(Weak::Personal));
        assert_eq!(accept("some of these are mine"), Ok(()));
    }

    #[test]
    fn what_everybody_tries_first_is_no_password() {
        for common in [
            "Password2026!Password2027",
            "passwordpassword1",
            "1qaz2wsx3edc4rfv",
            "Qwertyuiop123456!",
            "welcome to the clinic 2026",
            "P@ssw0rdP@ssw0rd1984",
            "Summer Winter Autumn Spring",
            "lovelace lovelace 1815",
            "iloveyou iloveyou you",
        ] {
            assert_eq!(accept(common), Err(Weak::Guessable), "{common}");
        }
        for good in [
            "correct horse battery staple",
            "a long and private sentence",
            "the sun over my house in 1984",
            "k7xq2 mv9tz 4hwbn",
            "qwerty is not what I type",
        ] {
            assert_eq!(accept(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn patterns_are_no_passwords() {
        for pattern in [
            "aaaaaaaaaaaaaaaa",
            "abcabcabcabcabcabc",
            "passwordpassword",
            "1234567890123456",
            "ponmlkjihgfedcba",
            "aabbccddaabcdabcdd",
        ] {
            assert_eq!(accept(pattern), Err(Weak::Repetitive), "{pattern}");
        }
    }
}
