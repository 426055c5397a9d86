//! How much of a password is left to guess when what everybody tries first is taken out of it: words of the kind
//! that lists of leaked passwords are full of, the names at hand, years, and walks over the keyboard.

/// What guessers begin with, and what this place is about. Whoever adds a word need not add its forms: what stands
/// around it is counted by itself.
const WORDS: &str = "
    abend access account admin administrator amigo amour and angel april august autumn baby baseball basketball
    batman berlin bonjour calendar change changeme cheese chocolate clinic clinica clinique computer cookie
    december default demo dezember doctor doktor dragon family february flower football freedom friday friend
    fussball geheim ginger guest hallo health healthcare hello herbst home hospital iloveyou internet january
    jesus juli july june juni klinik krankenhaus letmein liverpool login london love lovely march master medical
    michael money monkey mother mustang name november nurse october office oktober orange paris pass passphrase
    passwd password passwort patient pepper please practice praxis princess private root samsung saturday schatz
    schedule scheduling secret security september server service shadow sommer spring starwars summer sunday
    sunshine superman system temp test the thursday trustno tuesday user visit wednesday welcome whatever
    willkommen winter word work you your";

/// Keys in the order in which fingers and the alphabet have them, of the usual layouts, also downwards.
const WALKS: &str = "
    abcdefghijklmnopqrstuvwxyz 01234567890 qwertyuiop asdfghjkl zxcvbnm qwertzuiop yxcvbnm azertyuiop qsdfghjklm
    1qaz 2wsx 3edc 4rfv 5tgb 6yhn 7ujm 1qay 6zhn !@#$%^&*()";

/// Shorter ones are found in any text by chance.
const SHORTEST_WALK: usize = 4;
/// A part that stands there a second time is no more to guess.
const SHORTEST_REPEAT: usize = 4;
const SHORTEST_RUN: usize = 3;
/// Parts of names that are shorter than this are found in any text by chance.
const SHORTEST_NAME: usize = 4;

/// How many things there are to guess in `password`: a character is one, and so is a whole part that is known
/// beforehand. `names` are what others know about the person.
pub(super) fn left_to_guess(password: &str, names: &[&str]) -> usize {
    let text: Vec<char> = password.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    let names: Vec<String> = names.iter().flat_map(|name| parts(name)).collect();
    let known: Vec<&str> = WORDS.split_whitespace().chain(names.iter().map(String::as_str)).collect();
    let (mut at, mut things) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        let word = known.iter().filter(|word| starts_with(rest, word)).map(|word| word.len()).max();
        let lengths = [word.unwrap_or(0), walk(rest), run(rest), year(rest), repeat(&text, at)];
        at += lengths.into_iter().max().unwrap_or(0).max(1);
        things += 1;
    }
    things
}

/// The parts of an address or a user name, as long as they tell something.
fn parts(name: &str) -> impl Iterator<Item = String> {
    let parts = name.split(|c: char| !c.is_ascii_alphabetic()).filter(|part| part.len() >= SHORTEST_NAME);
    parts.map(str::to_ascii_lowercase)
}

/// Whether `text` begins with `word`, digits and signs being read as the letters they stand for.
fn starts_with(text: &[char], word: &str) -> bool {
    text.len() >= word.len()
        && text.iter().zip(word.chars()).all(|(c, letter)| *c == letter || stands_for(*c, letter))
}

fn stands_for(sign: char, letter: char) -> bool {
    matches!(
        (sign, letter),
        ('0', 'o')
            | ('1' | '!' | '|', 'i' | 'l')
            | ('3', 'e')
            | ('4' | '@', 'a')
            | ('5' | '$', 's')
            | ('7', 't')
    )
}

fn walk(text: &[char]) -> usize {
    let along = |keys: &mut dyn Iterator<Item = char>| {
        let mut keys = keys.skip_while(|key| *key != text[0]);
        text.iter().take_while(|c| keys.next() == Some(**c)).count()
    };
    let longest = WALKS
        .split_whitespace()
        .map(|keys| along(&mut keys.chars()).max(along(&mut keys.chars().rev())))
        .max();
    longest.filter(|length| *length >= SHORTEST_WALK).unwrap_or(0)
}

fn run(text: &[char]) -> usize {
    let length = text.iter().take_while(|c| **c == text[0]).count();
    if length >= SHORTEST_RUN { length } else { 0 }
}

/// The year of a birth or of now.
fn year(text: &[char]) -> usize {
    match text {
        ['1', '9', a, b, ..] | ['2', '0', a, b, ..] if a.is_ascii_digit() && b.is_ascii_digit() => 4,
        _ => 0,
    }
}

/// How much of what stands at `at` has stood somewhere before.
fn repeat(text: &[char], at: usize) -> usize {
    let same = |from: usize| text[from..at].iter().zip(&text[at..]).take_while(|(a, b)| a == b).count();
    (0..at).map(same).max().filter(|length| *length >= SHORTEST_REPEAT).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(password: &str) -> usize {
        left_to_guess(password, &["ada.lovelace@example.com", "countess"])
    }

    #[test]
    fn a_known_part_is_one_thing_to_guess() {
        for (password, things) in [
            ("password", 1),
            ("P@$$w0rd", 1),
            ("Healthcare2026", 2),
            ("1qaz2wsx3edc4rfv", 4),
            ("qwertyuiopasdfghjkl", 2),
            ("lkjhgfdsa", 1),
            ("aaaaaaab", 2),
            ("19841984", 2),
            ("Lovelace!", 2),
            ("zebu zebu", 5),
        ] {
            assert_eq!(left(password), things, "{password}");
        }
    }

    #[test]
    fn what_nobody_knows_is_counted_by_the_character() {
        for (password, things) in [("xkcdq", 5), ("ad ve", 4), ("qwe", 3), ("1066", 4), ("", 0), ("пять", 4)]
        {
            assert_eq!(left(password), things, "{password}");
        }
    }

    #[test]
    fn words_are_in_order_and_once() {
        let words: Vec<&str> = WORDS.split_whitespace().collect();
        assert!(words.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
