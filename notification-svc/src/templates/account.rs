//! What owners of accounts are told, and what they can do about it.
use super::{Content, Letter, Link, greeting, row};
use crate::domain::{Account, AccountKind, Token};
use crate::words::Voice;

/// What a message of `kind` says to the owner of `account`; links lead to pages below `public_url`. None when it lacks
/// the token that its link needs.
pub fn render_account(
    voice: &Voice,
    kind: AccountKind,
    account: &Account,
    public_url: &str,
) -> Option<Content> {
    let said = format!("{}-account", kind.name());
    let letter = Letter::of(voice, &said, "preheader-account", greeting(voice, "account", &account.name));
    let Some(path) = page(kind) else { return Some(letter.lay_out(voice)) };
    let Token { text, expires_at } = account.token.as_ref()?;
    let url = format!("{}{path}#token={text}", public_url.trim_end_matches('/'));
    let link = Some(Link { url, label: voice.say(&format!("{said}-link")), is_main: true });
    let rows = vec![row(voice, "valid_until", voice.instant_in_utc(*expires_at))];
    Some(Letter { link, rows, ..letter }.lay_out(voice))
}

/// Where the link leads, when there is one.
fn page(kind: AccountKind) -> Option<&'static str> {
    match kind {
        AccountKind::PasswordReset => Some("/account/password-reset"),
        AccountKind::EmailVerification => Some("/account/verify-email"),
        AccountKind::Invitation => Some("/account/accept-invitation"),
        AccountKind::PasswordChanged | AccountKind::RegisteredAgain => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::voice;
    use super::*;
    use crate::domain::Language::{English, German};

    fn account(token: Option<&str>) -> Account {
        let expires_at = "2030-01-07T09:30:00Z".parse().unwrap();
        let token = token.map(|text| Token { text: text.to_owned(), expires_at });
        Account { email: "ada@example.com".to_owned(), name: "Ada Lovelace".to_owned(), token }
    }

    #[test]
    fn a_link_tells_until_when_it_works_and_keeps_its_token_behind_the_hash() {
        let account = account(Some("s3cret"));
        let told = |language| {
            render_account(&voice(language), AccountKind::PasswordReset, &account, "https://c.example/")
                .unwrap()
        };
        let content = told(English);
        assert_eq!(content.subject, "Choose a new password");
        let expected = "\
Dear Ada Lovelace,

Somebody asked for a new password for your account. If it was you, choose one here:

https://c.example/account/password-reset#token=s3cret

Valid until: 9:30 am UTC on Monday, 7 January 2030

The link works once. If it was not you, ignore this message: your password stays as it is.

Kind regards,
Lindenhof

--
This message was sent automatically. Replies to it are not read.";
        assert_eq!(content.text.trim_end(), expected);
        assert!(content.html.contains("href=\"https://c.example/account/password-reset#token=s3cret\""));
        assert!(content.html.contains("9:30 am UTC on Monday, 7 January 2030"));
        let german = told(German);
        assert_eq!(german.subject, "Wählen Sie ein neues Passwort");
        assert!(german.text.contains("Gültig bis: Montag, 7. Januar 2030, 9:30\u{a0}Uhr (UTC)\n"));
    }

    #[test]
    fn what_needs_no_answer_has_no_link_and_what_lacks_its_token_is_not_written() {
        let told = |kind| render_account(&voice(English), kind, &account(None), "https://c.example");
        let content = told(AccountKind::PasswordChanged).unwrap();
        assert!(!content.text.contains("https://") && !content.html.contains("href"));
        assert!(!content.text.contains("Valid until"));
        assert!(told(AccountKind::PasswordReset).is_none());
    }

    #[test]
    fn a_subject_tells_nothing_of_its_reader_and_a_name_smuggles_in_no_markup() {
        let named = Account { name: "<b>Ada</b>".to_owned(), ..account(Some("s3cret")) };
        for kind in AccountKind::ALL {
            let content = render_account(&voice(English), kind, &named, "https://c.example").unwrap();
            assert!(!content.subject.contains("Ada") && !content.subject.contains("s3cret"));
            assert!(!content.html.contains("<b>"));
        }
    }
}
