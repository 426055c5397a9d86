//! The words to owners of accounts.
use super::{Content, Link, Row, Words, in_utc, lay_out};
use crate::domain::{Account, AccountKind, Token};

/// What is said, and what the reader can do about it.
struct Saying {
    subject: &'static str,
    opening: &'static str,
    closing: &'static str,
    /// Where the link leads and what it says, when there is one.
    link: Option<(&'static str, &'static str)>,
}

/// What a message of `kind` says to the owner of `account`; links lead to pages below `public_url`. None when it lacks
/// the token that its link needs.
pub fn render_account(kind: AccountKind, account: &Account, public_url: &str) -> Option<Content> {
    let Saying { subject, opening, closing, link } = saying(kind);
    let greeting =
        if account.name.is_empty() { "Hello".to_owned() } else { format!("Dear {}", account.name) };
    let words = Words { subject, greeting, opening, closing };
    let Some((path, label)) = link else { return Some(lay_out(&words, &[], None)) };
    let Token { text, expires_at } = account.token.as_ref()?;
    let url = format!("{}{path}#token={text}", public_url.trim_end_matches('/'));
    let until = Row { label: "Valid until", value: in_utc(*expires_at) };
    Some(lay_out(&words, &[until], Some(&Link { url, label })))
}

fn saying(kind: AccountKind) -> Saying {
    match kind {
        AccountKind::PasswordReset => Saying {
            subject: "Choose a new password",
            opening: "Somebody asked for a new password for your account. If it was you, choose one here:",
            closing: "The link works once. If it was not you, ignore this message: your password stays as it is.",
            link: Some(("/account/password-reset", "Choose a new password")),
        },
        AccountKind::PasswordChanged => Saying {
            subject: "Your password was changed",
            opening: "The password of your account was changed, and others who were logged in are logged out.",
            closing: "If it was not you, ask for a new password at once where you log in, and tell us.",
            link: None,
        },
        AccountKind::EmailVerification => Saying {
            subject: "Confirm your e-mail address",
            opening: "Somebody registered an account with this e-mail address. If it was you, confirm that it is yours:",
            closing: "The link works once. If it was not you, ignore this message.",
            link: Some(("/account/verify-email", "Confirm the address")),
        },
        AccountKind::Invitation => Saying {
            subject: "You have been given an account",
            opening: "An account has been made for you at the clinic. Choose a password, and it is yours:",
            closing: "The link works once. If you do not expect it, ignore this message.",
            link: Some(("/account/accept-invitation", "Choose a password")),
        },
        AccountKind::RegisteredAgain => Saying {
            subject: "You have an account already",
            opening: "Somebody registered with this e-mail address, which has an account already. If it was you, log in, \
                      or ask for a new password where you log in.",
            closing: "If it was not you, there is nothing to do: nobody was told that you have an account.",
            link: None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(token: Option<&str>) -> Account {
        let expires_at = "2030-01-07T09:30:00Z".parse().unwrap();
        let token = token.map(|text| Token { text: text.to_owned(), expires_at });
        Account { email: "ada@example.com".to_owned(), name: "Ada Lovelace".to_owned(), token }
    }

    #[test]
    fn a_link_tells_until_when_it_works_and_keeps_its_token_behind_the_hash() {
        let content =
            render_account(AccountKind::PasswordReset, &account(Some("s3cret")), "https://c.example/");
        let content = content.unwrap();
        assert_eq!(content.subject, "Choose a new password");
        let expected = "\
Dear Ada Lovelace,

Somebody asked for a new password for your account. If it was you, choose one here:

https://c.example/account/password-reset#token=s3cret

Valid until: 09:30 UTC on Monday, 7 January 2030

The link works once. If it was not you, ignore this message: your password stays as it is.

--
This message was sent automatically. Replies to it are not read.";
        assert_eq!(content.text.trim_end(), expected);
        assert!(content.html.contains("href=\"https://c.example/account/password-reset#token=s3cret\""));
        assert!(content.html.contains("09:30 UTC on Monday, 7 January 2030"));
    }

    #[test]
    fn what_needs_no_answer_has_no_link_and_what_lacks_its_token_is_not_written() {
        let content =
            render_account(AccountKind::PasswordChanged, &account(None), "https://c.example").unwrap();
        assert!(!content.text.contains("https://") && !content.html.contains("href"));
        assert!(!content.text.contains("Valid until"));
        assert!(render_account(AccountKind::PasswordReset, &account(None), "https://c.example").is_none());
    }

    #[test]
    fn a_subject_tells_nothing_of_its_reader_and_a_name_smuggles_in_no_markup() {
        let named = Account { name: "<b>Ada</b>".to_owned(), ..account(Some("s3cret")) };
        for kind in AccountKind::ALL {
            let content = render_account(kind, &named, "https://c.example").unwrap();
            assert!(!content.subject.contains("Ada") && !content.subject.contains("s3cret"));
            assert!(!content.html.contains("<b>"));
        }
    }
}
