//! Content lines (RFC 5545, section 3.1): folded, and with nothing in them that could end one.
use jiff::civil::DateTime;
use lettre::Address;
use std::fmt::Write as _;

/// Longest line, in octets, without its end.
const LONGEST: usize = 75;

#[derive(Default)]
pub(super) struct Lines(String);

impl Lines {
    /// `name` may have parameters; `value` is written as it is.
    pub(super) fn add(&mut self, name: &str, value: &str) {
        let line = format!("{name}:{value}");
        let mut room = LONGEST;
        for character in line.chars().filter(|character| !character.is_control()) {
            if character.len_utf8() > room {
                self.0.push_str("\r\n ");
                room = LONGEST - 1;
            }
            self.0.push(character);
            room -= character.len_utf8();
        }
        self.0.push_str("\r\n");
    }

    /// A value of type TEXT.
    pub(super) fn add_text(&mut self, name: &str, text: &str) {
        let mut escaped = String::with_capacity(text.len());
        for character in text.chars() {
            match character {
                '\n' => escaped.push_str("\\n"),
                '\\' | ';' | ',' => escaped.extend(['\\', character]),
                _ => escaped.push(character),
            }
        }
        self.add(name, &escaped);
    }

    pub(super) fn within(&mut self, component: &str, write: impl FnOnce(&mut Self)) {
        self.add("BEGIN", component);
        write(self);
        self.add("END", component);
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }
}

/// A parameter's value, quoted: there is no way to write a quote in one.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "'"))
}

/// The address as a URI (RFC 6068).
pub(super) fn mailto(address: &Address) -> String {
    let mut uri = String::from("mailto:");
    for &byte in AsRef::<str>::as_ref(address).as_bytes() {
        if byte.is_ascii_alphanumeric() || b"@.-_~+!$'*=/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

/// A date and a time of day, wherever that is.
pub(super) fn local(time: DateTime) -> String {
    time.strftime("%Y%m%dT%H%M%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(text: &str) -> String {
        let mut lines = Lines::default();
        lines.add_text("SUMMARY", text);
        lines.into_text()
    }

    #[test]
    fn what_has_a_meaning_in_lines_is_escaped() {
        assert_eq!(text(r"a;b,c\d:e"), "SUMMARY:a\\;b\\,c\\\\d:e\r\n");
        assert_eq!(text("a\r\nATTENDEE:b\u{85}"), "SUMMARY:a\\nATTENDEE:b\r\n");
        assert_eq!(quoted("Dr. \"Who\"; x"), "\"Dr. 'Who'; x\"");
        assert_eq!(
            mailto(&"o'hara+b%c@clinic.example".parse().unwrap()),
            "mailto:o'hara+b%25c@clinic.example"
        );
    }

    #[test]
    fn a_line_has_75_octets_and_the_next_begins_with_a_blank() {
        assert_eq!(text(&"x".repeat(67)), format!("SUMMARY:{}\r\n", "x".repeat(67)));
        assert_eq!(text(&"x".repeat(68)), format!("SUMMARY:{}\r\n x\r\n", "x".repeat(67)));
        // Of two octets, of which one would fit.
        assert_eq!(text(&"ü".repeat(34)), format!("SUMMARY:{}\r\n ü\r\n", "ü".repeat(33)));
    }

    proptest! {
        #[test]
        fn lines_are_short_and_unfold_to_what_was_written(written in ".*") {
            let lines = text(&written);
            prop_assert!(lines.split("\r\n").all(|line| line.len() <= LONGEST));
            prop_assert!(lines.strip_suffix("\r\n").unwrap().split("\r\n").skip(1).all(|line| line.starts_with(' ')));
            let unfolded = lines.replace("\r\n ", "");
            let escaped = unfolded.strip_prefix("SUMMARY:").unwrap().strip_suffix("\r\n").unwrap();
            let mut read = String::new();
            let mut characters = escaped.chars();
            while let Some(character) = characters.next() {
                read.push(match character {
                    '\\' => match characters.next().unwrap() {
                        'n' => '\n',
                        escaped => escaped,
                    },
                    plain => plain,
                });
            }
            let expected: String =
                written.chars().filter(|character| *character == '\n' || !character.is_control()).collect();
            prop_assert_eq!(read, expected);
        }
    }
}
