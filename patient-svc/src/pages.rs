//! Pages of lists, as asked for and as opened.
use platform::page::{self, PageTokens};
use platform::violations::Violations;
use serde::de::DeserializeOwned;

/// A page as the caller asks for it.
pub struct AskedPage {
    pub size: i32,
    pub token: String,
}

/// At most `size` rows after the one with key `after`.
pub struct Page<K> {
    pub after: Option<K>,
    pub size: i64,
}

impl AskedPage {
    pub fn open<K: DeserializeOwned>(self, tokens: &PageTokens, list: &str) -> Result<Page<K>, Violations> {
        let mut wrong = Violations::default();
        let size = wrong.field("page_size", page::size(self.size, page::MAX_SIZE));
        let after = wrong.field("page_token", tokens.open(list, &self.token));
        let (Some(size), Some(after)) = (size, after) else { return Err(wrong) };
        Ok(Page { after, size })
    }
}
