//! What somebody typed to find a patient: parts of a name, an e-mail address, a phone number, an identifier.

/// A query as patterns for SQL's `LIKE`, in lower case.
#[derive(Clone, PartialEq, Eq)]
pub struct Query {
    /// The text to rank by.
    pub text: String,
    /// One of these must match; they are what an index is asked for.
    pub any: Vec<String>,
    /// Each of these must match.
    pub all: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be {} to {} characters long", Query::MIN, Query::MAX)]
pub struct BadQuery;

impl Query {
    /// Fewest characters: what an index of trigrams can find.
    pub const MIN: usize = 3;
    /// Most characters.
    pub const MAX: usize = 200;

    pub fn new(typed: &str) -> Result<Self, BadQuery> {
        let text = typed.trim().to_lowercase();
        if !(Self::MIN..=Self::MAX).contains(&text.chars().count()) || text.contains('\0') {
            return Err(BadQuery);
        }
        if let Some(digits) = phone_digits(&text) {
            let any = vec![contains(&text), contains(&digits)];
            return Ok(Self { text: digits, any, all: Vec::new() });
        }
        // Words in any order: `Smith, Ann` finds Ann Smith.
        let words: Vec<&str> =
            text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty()).collect();
        let longest = words.iter().max_by_key(|word| word.chars().count()).ok_or(BadQuery)?;
        let any = vec![contains(longest)];
        let all = words.iter().map(|word| contains(word)).collect();
        Ok(Self { text, any, all })
    }
}

/// The digits of what looks like a phone number, without the zeros that are dialled before it.
fn phone_digits(text: &str) -> Option<String> {
    let punctuation = |c: char| " +-()./".contains(c);
    if !text.chars().all(|c| c.is_ascii_digit() || punctuation(c)) {
        return None;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0');
    (digits.len() >= Query::MIN).then(|| digits.to_owned())
}

/// The pattern of texts that contain `part`, whatever characters it has.
fn contains(part: &str) -> String {
    let mut pattern = String::with_capacity(part.len() + 2);
    pattern.push('%');
    for c in part.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_characters_are_needed() {
        assert!(Query::new(" an ").is_err());
        assert!(Query::new("ann").is_ok());
        assert!(Query::new(" , , ").is_err());
        assert!(Query::new(&"a".repeat(Query::MAX + 1)).is_err());
    }

    #[test]
    fn words_match_in_any_order_and_the_longest_is_looked_up() {
        let query = Query::new("Smith, Ann").unwrap();
        assert_eq!(query.any, ["%smith%"]);
        assert_eq!(query.all, ["%smith%", "%ann%"]);
    }

    #[test]
    fn wildcards_are_just_characters() {
        assert_eq!(Query::new("a_b%\\").unwrap().any, ["%a\\_b\\%\\\\%"]);
    }

    #[test]
    fn phone_numbers_match_however_they_are_punctuated() {
        let query = Query::new("(030) 12-34").unwrap();
        assert_eq!(query.any, ["%(030) 12-34%", "%301234%"]);
        // Too few digits to be a phone number, yet it may be part of an identifier.
        assert_eq!(Query::new("0-12").unwrap().any, ["%0-12%"]);
    }
}
