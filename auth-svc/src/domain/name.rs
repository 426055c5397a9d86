//! What people type to say who they are.
use proto::scalars::Email;

/// A user name as its owner writes it; compared without case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 3 to 64 characters out of letters, digits, . _ and -")]
pub struct BadUsername;

impl Username {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Username {
    type Error = BadUsername;

    fn try_from(text: String) -> Result<Self, BadUsername> {
        // ASCII only: names that look the same must be the same.
        let allowed = |c: u8| c.is_ascii_alphanumeric() || b"._-".contains(&c);
        let fits = (3..=64).contains(&text.len()) && text.bytes().all(allowed);
        if fits { Ok(Self(text)) } else { Err(BadUsername) }
    }
}

impl From<Username> for String {
    fn from(username: Username) -> Self {
        username.0
    }
}

/// Which account to log in to. A user name has no `@`, so nobody can take another's address for a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    Email(Email),
    Username(Username),
}

impl Login {
    /// None when no account can have this name.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_owned();
        if text.contains('@') {
            Email::try_from(text).ok().map(Self::Email)
        } else {
            Username::try_from(text).ok().map(Self::Username)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_name_is_plain() {
        assert!(Username::try_from("Ada.Lovelace_1815-".to_owned()).is_ok());
        for wrong in ["ab", "ada lovelace", "ada@example.com", "ädä", "ada\0", &"a".repeat(65)] {
            assert_eq!(Username::try_from(wrong.to_owned()), Err(BadUsername), "{wrong}");
        }
    }

    #[test]
    fn an_at_sign_makes_a_login_an_address() {
        let Some(Login::Email(email)) = Login::parse(" Ada@Example.com ") else { panic!("not an address") };
        assert_eq!(email.as_str(), "ada@example.com");
        assert!(matches!(Login::parse("ada"), Some(Login::Username(_))));
        assert_eq!(Login::parse("ada@"), None);
        assert_eq!(Login::parse(""), None);
    }
}
