//! What the owners of accounts are told, and until when that is of use.
use jiff::Timestamp;

/// What a message about an account tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// How to set another password, for whoever forgot it.
    PasswordReset,
    /// Somebody set another password.
    PasswordChanged,
    /// How to prove the address.
    EmailVerification,
    /// How to accept an invitation.
    Invitation,
    /// Somebody registered with the address.
    RegisteredAgain,
}

impl AccountKind {
    pub const ALL: [Self; 5] = [
        Self::PasswordReset,
        Self::PasswordChanged,
        Self::EmailVerification,
        Self::Invitation,
        Self::RegisteredAgain,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::PasswordReset => "password_reset",
            Self::PasswordChanged => "password_changed",
            Self::EmailVerification => "email_verification",
            Self::Invitation => "invitation",
            Self::RegisteredAgain => "registered_again",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// The owner of an account, and what they are to send back.
pub struct Account {
    pub email: String,
    /// Empty when it is not known.
    pub name: String,
    pub token: Option<Token>,
}

/// What proves that a message was read: known to its reader alone.
pub struct Token {
    pub text: String,
    pub expires_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back() {
        assert!(AccountKind::ALL.into_iter().all(|kind| AccountKind::named(kind.name()) == Some(kind)));
    }
}
