//! Rust text taken apart, as far as the checks need it.
use Token::{Sign, Text, Word};

/// What the compiler reads: no comments, no white space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// A name, a keyword or a number.
    Word(&'a str),
    /// A string or a character, with its quotes.
    Text(&'a str),
    Sign(char),
}

/// The tokens of a file, but for its inline modules of tests.
pub(crate) fn production(source: &str) -> Vec<Token<'_>> {
    let all = tokens(source);
    let mut kept = Vec::with_capacity(all.len());
    let mut rest = all.as_slice();
    while let [first, after @ ..] = rest {
        rest = match rest {
            [Sign('#'), Sign('['), Word("cfg"), Sign('('), Word("test"), Sign(')'), Sign(']'), item @ ..]
                if is_inline_module(item) =>
            {
                behind_braces(item)
            }
            _ => {
                kept.push(*first);
                after
            }
        };
    }
    kept
}

pub(crate) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = source.trim_start();
    while let Some(sign) = rest.chars().next() {
        let length = if let Some(length) = comment(rest) {
            length
        } else if let Some(length) = text(rest) {
            found.push(Text(&rest[..length]));
            length
        } else if let Some(length) = word(rest) {
            found.push(Word(&rest[..length]));
            length
        } else {
            found.push(Sign(sign));
            sign.len_utf8()
        };
        rest = rest[length..].trim_start();
    }
    found
}

fn comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    rest.strip_prefix("/*").map(|body| body.find("*/").map_or(rest.len(), |end| end + 4))
}

fn text(rest: &str) -> Option<usize> {
    let unprefixed = rest.trim_start_matches(['b', 'c', 'r']);
    let is_raw = rest[..rest.len() - unprefixed.len()].contains('r');
    let body = if is_raw { unprefixed.trim_start_matches('#') } else { unprefixed };
    let hashes = &unprefixed[..unprefixed.len() - body.len()];

    let (body, end) = match body.chars().next()? {
        '"' if is_raw => (&body[1..], body[1..].find(&format!("\"{hashes}"))? + 1 + hashes.len()),
        '"' => (&body[1..], behind_quote(&body[1..], '"')?),
        // Else it is a lifetime.
        '\'' if body[1..].starts_with('\\') || body.chars().nth(2) == Some('\'') => {
            (&body[1..], behind_quote(&body[1..], '\'')?)
        }
        _ => return None,
    };
    Some(rest.len() - body.len() + end)
}

fn behind_quote(body: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    body.char_indices().find_map(|(at, next)| {
        let ends = next == quote && !is_escaped;
        is_escaped = next == '\\' && !is_escaped;
        ends.then_some(at + 1)
    })
}

fn word(rest: &str) -> Option<usize> {
    let end = rest.find(|next: char| !next.is_alphanumeric() && next != '_').unwrap_or(rest.len());
    (end > 0).then_some(end)
}

/// Whether `mod name {` stands here, behind whatever visibility.
fn is_inline_module(item: &[Token]) -> bool {
    match item {
        [Word("mod"), Word(_), Sign('{'), ..] => true,
        [Word("pub" | "crate" | "super") | Sign('(' | ')'), rest @ ..] => is_inline_module(rest),
        _ => false,
    }
}

fn behind_braces<'t, 'a>(item: &'t [Token<'a>]) -> &'t [Token<'a>] {
    let mut depth = 0;
    for (at, token) in item.iter().enumerate() {
        match token {
            Sign('{') => depth += 1,
            Sign('}') if depth == 1 => return &item[at + 1..],
            Sign('}') => depth -= 1,
            _ => {}
        }
    }
    &[]
}

#[test]
fn comments_are_no_tokens_and_text_is_one() {
    let source = r##"
        //! crate::doc
        let a = "SELECT \" // no comment"; // crate::line
        let b = r#""crate::raw" "#; /* crate::block */ let c = ('"', '\'', '…');
        fn d<'a>(b: &'a str) {}
    "##;
    let texts: Vec<_> = tokens(source).into_iter().filter(|token| matches!(token, Text(_))).collect();
    let expected = [r#""SELECT \" // no comment""#, r##"r#""crate::raw" "#"##, "'\"'", r"'\''", "'…'"];
    assert_eq!(texts, expected.map(Text));
    assert!(!tokens(source).contains(&Word("crate")));
    assert_eq!(tokens(source).last(), Some(&Sign('}')));
}

#[test]
fn tests_beside_the_code_are_no_production() {
    let source = "fn a() {} #[cfg(test)] pub(crate) mod tests { fn b() { if true {} } } fn c() {}";
    assert_eq!(production(source), tokens("fn a() {} fn c() {}"));
}
