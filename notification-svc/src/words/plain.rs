//! Letters that phones agree on (GSM 03.38): a text in these takes 160 to a message, and one sign that is not among them
//! leaves it 70.

/// Signs beside digits and the letters of English that take the room of one.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà";
/// Signs that take the room of two.
const EXTENDED: &str = "^{}\\[~]|€";

/// What stands for signs that are not among those, and is read the same.
const ALIKE: &[(&str, &str)] = &[
    ("áâãāăą", "a"),
    ("ÁÂÀÃĀĂĄ", "A"),
    ("çćĉċč", "c"),
    ("ĆĈĊČ", "C"),
    ("ďđ", "d"),
    ("ĎĐ", "D"),
    ("êëēĕėęě", "e"),
    ("ÊËÈĒĔĖĘĚ", "E"),
    ("ĝğġģ", "g"),
    ("ĜĞĠĢ", "G"),
    ("ĥħ", "h"),
    ("ĤĦ", "H"),
    ("íîïĩīĭįı", "i"),
    ("ÍÎÌÏĨĪĬĮİ", "I"),
    ("ĳ", "ij"),
    ("Ĳ", "IJ"),
    ("ĵ", "j"),
    ("Ĵ", "J"),
    ("ķ", "k"),
    ("Ķ", "K"),
    ("ĺļľŀł", "l"),
    ("ĹĻĽĿŁ", "L"),
    ("ńņň", "n"),
    ("ŃŅŇ", "N"),
    ("óôõōŏő", "o"),
    ("ÓÔÒÕŌŎŐ", "O"),
    ("œ", "oe"),
    ("Œ", "OE"),
    ("ŕŗř", "r"),
    ("ŔŖŘ", "R"),
    ("śŝşšșſ", "s"),
    ("ŚŜŞŠȘ", "S"),
    ("ţťŧț", "t"),
    ("ŢŤŦȚ", "T"),
    ("úûũūŭůűų", "u"),
    ("ÚÛÙŨŪŬŮŰŲ", "U"),
    ("ŵ", "w"),
    ("Ŵ", "W"),
    ("ýÿŷ", "y"),
    ("ÝŶŸ", "Y"),
    ("źżž", "z"),
    ("ŹŻŽ", "Z"),
    ("\u{a0}\u{202f}\u{2009}", " "),
    ("‘’‚", "'"),
    ("“”„«»", "\""),
    ("–—‑", "-"),
    ("…", "..."),
    ("•", "-"),
];

/// The same text in letters that phones agree on, where that can be read the same; otherwise as it is.
pub fn in_plain_letters(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for sign in text.chars() {
        match ALIKE.iter().find(|(signs, _)| signs.contains(sign)) {
            Some((_, alike)) => plain.push_str(alike),
            None => plain.push(sign),
        }
    }
    if septets(&plain).is_some() { plain } else { text.to_owned() }
}

/// How many messages `text` is sent as.
#[cfg(test)]
pub fn segments(text: &str) -> usize {
    match septets(text) {
        Some(length) if length <= 160 => 1,
        Some(length) => length.div_ceil(153),
        None => match text.encode_utf16().count() {
            ..=70 => 1,
            length => length.div_ceil(67),
        },
    }
}

/// None when some sign is not among those that phones agree on.
fn septets(text: &str) -> Option<usize> {
    text.chars()
        .map(|sign| match sign {
            _ if sign.is_ascii_alphanumeric() || BASIC.contains(sign) => Some(1),
            _ if EXTENDED.contains(sign) => Some(2),
            _ => None,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_that_would_double_the_cost_are_left_out_and_others_stay() {
        for (text, plain) in [
            ("Su cita está reservada: miércoles", "Su cita esta reservada: miércoles"),
            ("9\u{a0}h\u{a0}30, le 1er août : ça n’a", "9 h 30, le 1er aout : ca n'a"),
            ("Schöne Grüße, Dr. Müller", "Schöne Grüße, Dr. Müller"),
            ("Dr. José Núñez", "Dr. José Nuñez"),
            ("Dr. Łukasz Żak", "Dr. Lukasz Zak"),
            ("Dr. Zofia Wąs, Dr. İpek Dağlı", "Dr. Zofia Was, Dr. Ipek Dagli"),
            ("Dr. Ștefan Țîru, Dr. Đorđe Ďurica", "Dr. Stefan Tiru, Dr. Dorde Durica"),
        ] {
            assert_eq!(in_plain_letters(text), plain);
        }
        // With one sign that nothing stands for, nothing is won.
        assert_eq!(in_plain_letters("está 渡辺"), "está 渡辺");
    }

    #[test]
    fn each_letter_of_the_latin_languages_of_europe_has_one_that_is_read_the_same() {
        /// Of Sami and Greenlandic, and one that is written no more.
        const NONE: &str = "ĸŉŊŋ";
        for letter in ('\u{100}'..='\u{17f}').chain("ȘșȚț".chars()) {
            let plain = in_plain_letters(&letter.to_string());
            let is_read_the_same = plain.chars().all(|sign| sign.is_ascii_alphabetic());
            assert_eq!(is_read_the_same, !NONE.contains(letter), "{letter} {plain}");
            let is_capital = |text: &str| text.chars().all(char::is_uppercase);
            assert!(!is_read_the_same || is_capital(&plain) == letter.is_uppercase(), "{letter} {plain}");
        }
    }

    #[test]
    fn a_text_is_as_many_messages_as_networks_make_of_it() {
        for (text, count) in [
            ("x".repeat(160), 1),
            ("x".repeat(161), 2),
            ("x".repeat(306), 2),
            ("x".repeat(307), 3),
            ("€".repeat(80), 1),
            ("€".repeat(81), 2),
            ("á".repeat(70), 1),
            ("á".repeat(71), 2),
        ] {
            assert_eq!(segments(&text), count, "{}", text.chars().count());
        }
    }
}
