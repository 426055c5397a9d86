//! Pages of a list: sizes clamped, tokens sealed (AIP-158). A token holds the key of the last row, which may
//! be a person's name, so it is encrypted; a token of another list does not open.
use crate::secrets::{RootSecret, Sealer};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;

/// Rows on a page when the caller does not say.
pub const DEFAULT_SIZE: i32 = 50;
/// Most rows on a page.
pub const MAX_SIZE: i32 = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPage {
    #[error("must not be negative")]
    NegativeSize,
    #[error("is not a page token of this list")]
    Token,
}

/// A page size: the default for 0, at most `max`.
pub fn size(asked: i32, max: i32) -> Result<i64, BadPage> {
    match asked {
        i32::MIN..=-1 => Err(BadPage::NegativeSize),
        0 => Ok(i64::from(DEFAULT_SIZE.min(max))),
        asked => Ok(i64::from(asked.min(max))),
    }
}

/// Makes and reads the tokens of a service's lists.
#[derive(Clone)]
pub struct PageTokens(Arc<Sealer>);

impl PageTokens {
    pub fn new(root: &RootSecret) -> Self {
        Self(Arc::new(root.sealer("page-token")))
    }

    /// The token of the page after the row with key `last` in `list`.
    pub fn seal<K: Serialize>(&self, list: &str, last: &K) -> String {
        let plain = serde_json::to_vec(last).expect("a row's key is plain data");
        BASE64_URL_SAFE_NO_PAD.encode(self.0.seal(list.as_bytes(), &plain))
    }

    /// The key of the last row of the page before; none for the first page.
    pub fn open<K: DeserializeOwned>(&self, list: &str, token: &str) -> Result<Option<K>, BadPage> {
        if token.is_empty() {
            return Ok(None);
        }
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(token).map_err(|_| BadPage::Token)?;
        let plain = self.0.open(list.as_bytes(), &sealed).map_err(|_| BadPage::Token)?;
        serde_json::from_slice(&plain).map(Some).map_err(|_| BadPage::Token)
    }

    /// Cuts `rows`, of which one more than `size` was asked for, to a page; with the next page's token.
    pub fn cut<T, K: Serialize>(
        &self,
        list: &str,
        mut rows: Vec<T>,
        size: i64,
        key: impl Fn(&T) -> K,
    ) -> (Vec<T>, String) {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if rows.len() <= size {
            return (rows, String::new());
        }
        rows.truncate(size);
        let token = rows.last().map(|last| self.seal(list, &key(last))).unwrap_or_default();
        (rows, token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> PageTokens {
        PageTokens::new(&RootSecret::new(&"kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!".to_owned().into()).unwrap())
    }

    #[test]
    fn a_token_opens_in_its_own_list_only() {
        let token = tokens().seal("patients", &("Lovelace", 7));
        assert_eq!(tokens().open("patients", &token), Ok(Some(("Lovelace".to_owned(), 7))));
        assert_eq!(tokens().open::<(String, i32)>("doctors", &token), Err(BadPage::Token));
        assert_eq!(tokens().open::<(String, i32)>("patients", "x"), Err(BadPage::Token));
        assert_eq!(tokens().open::<(String, i32)>("patients", ""), Ok(None));
    }

    #[test]
    fn only_a_full_page_has_a_next_one() {
        let (page, token) = tokens().cut("numbers", vec![1, 2, 3], 2, |n| *n);
        assert_eq!((page, tokens().open("numbers", &token)), (vec![1, 2], Ok(Some(2))));
        let (page, token) = tokens().cut("numbers", vec![1, 2], 2, |n| *n);
        assert_eq!((page.len(), token.as_str()), (2, ""));
    }

    #[test]
    fn sizes_are_clamped() {
        assert_eq!(size(0, MAX_SIZE), Ok(50));
        assert_eq!(size(1000, MAX_SIZE), Ok(200));
        assert_eq!(size(-1, MAX_SIZE), Err(BadPage::NegativeSize));
    }
}
