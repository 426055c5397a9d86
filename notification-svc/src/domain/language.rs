//! The languages that messages are written in, and who reads which.
use std::str::FromStr;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    English,
    Spanish,
    German,
    French,
}

/// That messages are not written in a language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be one of en, es, de, fr, or one of their regions, for instance de-AT")]
pub struct NotSpoken;

impl Language {
    pub const ALL: [Self; 4] = [Self::English, Self::Spanish, Self::German, Self::French];

    /// BCP 47.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
            Self::German => "de",
            Self::French => "fr",
        }
    }

    /// By its own tag, as it is stored.
    pub fn tagged(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// For whoever speaks `tags` (BCP 47), the first of them that there is (RFC 4647, lookup).
    pub fn first_of(tags: &[String]) -> Option<Self> {
        tags.iter().find_map(|tag| tag.parse().ok())
    }
}

impl FromStr for Language {
    type Err = NotSpoken;

    fn from_str(tag: &str) -> Result<Self, NotSpoken> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        Self::tagged(&primary).ok_or(NotSpoken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_reads_its_language_and_what_is_not_there_is_no_other() {
        for (tag, language) in [
            ("de", Some(Language::German)),
            ("de-AT", Some(Language::German)),
            ("DE-ch-1996", Some(Language::German)),
            ("fr-CA", Some(Language::French)),
            ("es-419", Some(Language::Spanish)),
            ("en", Some(Language::English)),
            ("gsw", None),
            ("den", None),
            ("pt-BR", None),
            ("", None),
        ] {
            assert_eq!(tag.parse().ok(), language, "{tag}");
        }
    }

    #[test]
    fn whoever_speaks_several_reads_the_first_that_there_is() {
        let tags = ["pt", "fr-BE", "en"].map(str::to_owned);
        assert_eq!(Language::first_of(&tags), Some(Language::French));
        assert_eq!(Language::first_of(&tags[..1]), None);
    }

    #[test]
    fn every_tag_leads_back() {
        assert!(Language::ALL.into_iter().all(|language| Language::tagged(language.tag()) == Some(language)));
    }
}
