//! Page tokens that are not what we sealed, or not for this list.
#![expect(clippy::unwrap_used, reason = "what cannot be prepared fails the test")]

use platform::page::{self, BadPage, PageTokens};
use platform::secrets::RootSecret;
use proptest::prelude::*;

/// What lists are sorted by.
type Key = (String, i64);

fn tokens(secret: &str) -> PageTokens {
    PageTokens::new(&RootSecret::new(&secret.to_owned().into()).unwrap())
}

fn ours() -> PageTokens {
    tokens("kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!")
}

proptest! {
    #[test]
    fn a_token_leads_to_the_page_it_was_made_for_and_to_no_other(name in "\\PC{0,20}", number in any::<i64>()) {
        let token = ours().seal("patients", &(&name, number));
        prop_assert!(!token.contains(&name) || name.len() < 4, "{} shows in {}", name, token);
        prop_assert_eq!(ours().open::<Key>("patients", &token), Ok(Some((name, number))));
        prop_assert_eq!(ours().open::<Key>("doctors", &token), Err(BadPage::Token));
        prop_assert_eq!(ours().open::<i64>("patients", &token), Err(BadPage::Token));
        let others = tokens("another-secret-of-32-characters!");
        prop_assert_eq!(others.open::<Key>("patients", &token), Err(BadPage::Token));
    }

    #[test]
    fn a_token_that_was_touched_leads_nowhere(
        number in any::<i64>(),
        at in any::<prop::sample::Index>(),
        put in prop_oneof!["[A-Za-z0-9_=-]{0,2}", "\\PC"],
        cut in 0..3usize,
    ) {
        let token = ours().seal("patients", &("Lovelace", number));
        let at = at.index(token.len() + 1);
        let mut touched = token.clone();
        touched.replace_range(at..(at + cut).min(token.len()), &put);
        prop_assume!(touched != token);
        prop_assert_eq!(ours().open::<Key>("patients", &touched), Err(BadPage::Token));
    }

    #[test]
    fn what_strangers_write_is_no_token(token in prop_oneof!["[A-Za-z0-9_-]{1,200}", "(?s).{1,40}"]) {
        prop_assert_eq!(ours().open::<Key>("patients", &token), Err(BadPage::Token));
    }

    #[test]
    fn a_page_has_as_many_rows_as_asked_for_within_reason(asked in any::<i32>(), max in 1..=page::MAX_SIZE) {
        match page::size(asked, max) {
            Ok(size) => prop_assert!(asked >= 0 && (1..=i64::from(max)).contains(&size) && (asked == 0 || size <= i64::from(asked))),
            Err(error) => prop_assert!(asked < 0 && error == BadPage::NegativeSize),
        }
    }

    #[test]
    fn pages_show_every_row_once(rows in 0..30i64, size in 1..8i64) {
        let (mut seen, mut token) = (Vec::new(), String::new());
        loop {
            let after = ours().open::<i64>("rows", &token).unwrap().unwrap_or(-1);
            let found = (after + 1..rows).take(usize::try_from(size).unwrap() + 1).collect();
            let (page, next) = ours().cut("rows", found, size, |row| *row);
            seen.extend(page);
            token = next;
            if token.is_empty() {
                break;
            }
        }
        prop_assert_eq!(seen, (0..rows).collect::<Vec<_>>());
    }
}
