//! A word that is nowhere else, and what it can look like.
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

pub(crate) struct Canary(String);

impl Canary {
    pub(crate) fn random() -> Self {
        Self(format!("canary{}", uuid::Uuid::now_v7().simple()))
    }

    pub(crate) fn word(&self) -> &str {
        &self.0
    }

    /// Whether it is in `place`: in whatever case, in hexadecimal digits, or in base64, where it looks different for
    /// each of three positions.
    pub(crate) fn is_in(&self, place: &[u8]) -> bool {
        let lower = place.to_ascii_lowercase();
        let hex = self.0.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        contains(&lower, self.0.as_bytes())
            || contains(&lower, hex.as_bytes())
            || ["", "x", "xx"].iter().any(|before| contains(place, in_base64(before, &self.0).as_bytes()))
    }

    #[track_caller]
    pub(crate) fn must_not_be_in(&self, what: &str, place: &[u8]) {
        if self.is_in(place) {
            let text = String::from_utf8_lossy(place);
            let line = text.lines().find(|line| self.is_in(line.as_bytes())).unwrap_or(&text);
            panic!("{what} has what is the patient's: {line}");
        }
    }
}

/// The digits that depend on `word` alone when `before` comes before it and anything after it.
fn in_base64(before: &str, word: &str) -> String {
    let digits = STANDARD_NO_PAD.encode(format!("{before}{word}"));
    digits[(before.len() * 8).div_ceil(6)..(before.len() + word.len()) * 8 / 6].to_owned()
}

fn contains(place: &[u8], word: &[u8]) -> bool {
    place.windows(word.len()).any(|window| window == word)
}

#[test]
fn a_word_is_found_however_it_is_written() {
    let canary = Canary("canary0198c5a47c1e".to_owned());
    assert!(canary.is_in(b"GET /CANARY0198C5A47C1E"));
    assert!(canary.is_in(b"\\x2063616e61727930313938633561343763316500"));
    for before in ["", "a", "ab", "abc"] {
        assert!(canary.is_in(STANDARD_NO_PAD.encode(format!("{before}{}, and more", canary.0)).as_bytes()));
    }
    assert!(!canary.is_in(b"canary0198c5a47c1f"));
}
