//! Whether a pattern that the clinic writes can stand for a message: before it is kept, and again whenever it is read,
//! because a release may have changed what the message names.
use super::catalogue::{Message, NUMBERS, find};
use super::pattern::{Name, names};
use super::{Bundle, say};
use crate::domain::Language;
use fluent_bundle::{FluentArgs, FluentResource};
use fluent_syntax::ast::Entry;
use fluent_syntax::parser::ParserError;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Most characters of a pattern.
pub const LONGEST_PATTERN: usize = 2000;
/// Each may hold another, and a pattern is read recursively.
const MOST_PLACEABLES: usize = 40;
/// What numbers are tried up to: all that words of ours tell of, and every plural that our languages have below a
/// million.
const NUMBERS_TRIED: u16 = 400;

/// Why a pattern cannot stand for a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("there is no message with this id")]
    NoSuchMessage,
    #[error("must be 1 to {LONGEST_PATTERN} characters long")]
    Length,
    #[error("must have at most {MOST_PLACEABLES} placeables")]
    Placeables,
    #[error("line {line}: must not contain {}", described(*.character))]
    Character { line: usize, character: char },
    #[error("line {line}: is not Fluent: {problem}")]
    Syntax { line: usize, problem: String },
    #[error("line {line}: may name variables only, not other messages, terms or functions")]
    Reference { line: usize },
    #[error("line {line}: ${name} is not a variable of this message; {}", among(.known))]
    Variable { line: usize, name: String, known: Vec<&'static str> },
    #[error("line {line}: only a number may decide between words, and ${name} is none")]
    Decision { line: usize, name: String },
    #[error("must say something, whatever its variables are")]
    Empty,
    #[error("must come out as one line, whatever its variables are")]
    Lines,
    #[error("must come out at most {longest} characters long, whatever its variables are, and not {length}")]
    Long { longest: usize, length: usize },
    #[error("must not come out with {}", described(*.0))]
    Written(char),
}

fn described(character: char) -> String {
    let code = u32::from(character);
    format!("the control, invisible or direction character U+{code:04X}")
}

fn among(known: &[&str]) -> String {
    if known.is_empty() {
        return "it has none".to_owned();
    }
    let known: Vec<String> = known.iter().map(|name| format!("${name}")).collect();
    format!("it has {}", known.join(", "))
}

/// `pattern` for the message with the id `message`, as a resource of that one message.
pub fn check(message: &str, language: Language, pattern: &str) -> Result<Arc<FluentResource>, Unfit> {
    let message = find(message).ok_or(Unfit::NoSuchMessage)?;
    if pattern.trim().is_empty() || pattern.chars().count() > LONGEST_PATTERN {
        return Err(Unfit::Length);
    }
    for (index, line) in pattern.split('\n').enumerate() {
        if let Some(character) = line.chars().find(|character| is_hidden(*character)) {
            return Err(Unfit::Character { line: index + 1, character });
        }
    }
    if pattern.matches('{').count() > MOST_PLACEABLES {
        return Err(Unfit::Placeables);
    }
    let resource = Arc::new(parse(message, pattern)?);
    let decisive = may_name(message, pattern, &resource)?;
    let bundle = super::bundle(language, &resource);
    try_out(message, &bundle, &decisive)?;
    Ok(resource)
}

/// What is not seen, and what makes text seem other than it is.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// Further lines are indented, so that each belongs to the message.
fn parse(message: &Message, pattern: &str) -> Result<FluentResource, Unfit> {
    let source = format!("{} = {}\n", message.id, pattern.trim_end().replace('\n', "\n    "));
    // Where something is missing at the end, the line is the last.
    let lines = pattern.split('\n').count();
    let line = |position: usize| source.bytes().take(position).filter(|byte| *byte == b'\n').count() + 1;
    let resource = match FluentResource::try_new(source.clone()) {
        Ok(resource) => resource,
        Err((_, errors)) => {
            let ParserError { pos, kind, .. } = errors.first().ok_or(Unfit::Length)?;
            return Err(Unfit::Syntax { line: line(pos.start).min(lines), problem: kind.to_string() });
        }
    };
    let alone = {
        let mut entries = resource.entries();
        let first = entries.next();
        let is_alone = entries.next().is_none();
        matches!(first, Some(Entry::Message(read)) if is_alone && read.value.is_some() && read.attributes.is_empty())
    };
    if alone {
        Ok(resource)
    } else {
        Err(Unfit::Syntax { line: 1, problem: "it must be one pattern, without attributes".to_owned() })
    }
}

/// The variables that decide between words, when nothing is named that must not be.
fn may_name<'r>(
    message: &Message,
    pattern: &str,
    resource: &'r FluentResource,
) -> Result<BTreeSet<&'r str>, Unfit> {
    let line_of =
        |part: &str| pattern.split('\n').position(|line| line.contains(part)).map_or(1, |index| index + 1);
    let Some(Entry::Message(read)) = resource.get_entry(0) else { return Err(Unfit::NoSuchMessage) };
    let mut decisive = BTreeSet::new();
    for Name { variable, decides } in read.value.iter().flat_map(names) {
        let Some(name) = variable else { return Err(Unfit::Reference { line: line_of("{") }) };
        let line = line_of(&format!("${name}"));
        if !message.variables.contains(name) {
            let known = message.variables.iter().copied().collect();
            return Err(Unfit::Variable { line, name: name.to_owned(), known });
        }
        if decides && !NUMBERS.contains(&name) {
            return Err(Unfit::Decision { line, name: name.to_owned() });
        }
        if decides {
            decisive.insert(name);
        }
    }
    Ok(decisive)
}

/// Says it with every number that may come: so in every branch that may be taken.
fn try_out(message: &Message, bundle: &Bundle, decisive: &BTreeSet<&str>) -> Result<(), Unfit> {
    let tried = if decisive.is_empty() { 1..=1 } else { 0..=NUMBERS_TRIED };
    for number in tried {
        let mut arguments = FluentArgs::new();
        for variable in &message.variables {
            if NUMBERS.contains(variable) {
                arguments.set(*variable, number);
            } else {
                arguments.set(*variable, sample(variable));
            }
        }
        let said = say(bundle, message.id, &arguments).ok_or(Unfit::Empty)?;
        let length = said.chars().count();
        if said.trim().is_empty() {
            return Err(Unfit::Empty);
        }
        if said.contains('\n') {
            return Err(Unfit::Lines);
        }
        if let Some(character) = said.chars().find(|character| is_hidden(*character)) {
            return Err(Unfit::Written(character));
        }
        if length > message.longest() {
            return Err(Unfit::Long { longest: message.longest(), length });
        }
    }
    Ok(())
}

/// What a variable may hold, as long as it may usually be.
fn sample(variable: &str) -> &'static str {
    match variable {
        "name" => "Maria-Magdalena Schmidt-Lindqvist",
        "doctor" => "Dr. Maria-Magdalena Schmidt-Lindqvist",
        "when" => "12:30 pm on Wednesday, 25 September 2030, with Dr. Maria-Magdalena Schmidt-Lindqvist",
        "until" => "12:30 pm on Wednesday, 25 September 2030",
        "clinic" => "Clinic",
        "date" => "Wednesday, 25 September 2030",
        "month" => "September",
        "weekday" => "Wednesday",
        "year" => "2030",
        "zone" => "America/Argentina/Buenos_Aires",
        "label" => "Time",
        _ => "12",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Language::{French, German};

    fn told(message: &str, pattern: &str) -> String {
        check(message, German, pattern).map_or_else(|unfit| unfit.to_string(), |_| "fits".to_owned())
    }

    #[test]
    fn what_fits_says_what_the_message_may_name_in_any_of_its_branches() {
        for (message, pattern) in [
            ("greeting-patient", "Grüß Gott { $name },"),
            ("greeting-patient", "Hallo!"),
            ("booked-patient-subject", "{ $clinic }: Ihr Termin ist gebucht"),
            ("booked-patient-opening", "Schön, dass Sie zu { $clinic } kommen."),
            ("month-1", "Jänner"),
            ("time", "{ $hour }.{ $minute }"),
            (
                "reminder-patient-opening_days",
                "{ $days ->\n    [one] Morgen!\n   *[other] In { $days } Tagen.\n}",
            ),
            ("reminder-patient-opening_days", "Noch {$days -> \n [2] zwei Tage\n*[other] {$days} Tage\n}."),
            ("label-date", "{ \"Datum\" }"),
        ] {
            assert_eq!(told(message, pattern), "fits", "{pattern}");
        }
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_line() {
        let mut wrong = Vec::new();
        let long = "x".repeat(LONGEST_PATTERN + 1);
        let deep = format!("{}$name{}", "{".repeat(41), "}".repeat(41));
        let wordy = "x".repeat(121);
        for (message, pattern, problem) in [
            ("greeting", "Hallo", "there is no message with this id"),
            ("greeting-patient", " \n ", "must be 1 to 2000 characters long"),
            ("greeting-patient", &long, "must be 1 to 2000 characters long"),
            ("greeting-patient", &deep, "must have at most 40 placeables"),
            (
                "greeting-patient",
                "Hallo\n\u{202E}",
                "line 2: must not contain the control, invisible or direction character U+202E",
            ),
            (
                "greeting-patient",
                "Hallo\0",
                "line 1: must not contain the control, invisible or direction character U+0000",
            ),
            (
                "greeting-patient",
                "Hallo { $name",
                "line 1: is not Fluent: Expected a token starting with \"}\"",
            ),
            ("greeting-patient", "Hallo\n{ $name -> }", "line 2: is not Fluent"),
            (
                "greeting-patient",
                "Hallo\n.title = Frau",
                "line 1: is not Fluent: it must be one pattern, without attributes",
            ),
            ("greeting-patient", "Hallo }", "line 1: is not Fluent: Unbalanced closing brace"),
            (
                "greeting-patient",
                "Hallo\n{ $nmae }",
                "line 2: $nmae is not a variable of this message; it has $clinic, $name",
            ),
            ("label-date", "{ $clinic }", "line 1: $clinic is not a variable of this message; it has none"),
            (
                "greeting-patient",
                "{ greeting-patient }",
                "line 1: may name variables only, not other messages, terms or functions",
            ),
            ("greeting-patient", "{ -brand }", "line 1: may name variables only"),
            ("greeting-patient", "{ NUMBER($name) }", "line 1: may name variables only"),
            (
                "greeting-patient",
                "{ $name ->\n [Ada] Liebe Ada\n*[other] Hallo\n}",
                "line 1: only a number may decide between words, and $name is none",
            ),
            ("greeting-patient", "{ \"\" }", "must say something, whatever its variables are"),
            ("greeting-patient", "Hallo\nWelt", "must come out as one line, whatever its variables are"),
            (
                "greeting-patient",
                "{ \"\\u202E\" }Hallo",
                "must not come out with the control, invisible or direction character U+202E",
            ),
            (
                "booked-patient-subject",
                "Termin für { $name }",
                "line 1: $name is not a variable of this message; it has $clinic",
            ),
            (
                "preheader-visit",
                "Termin am { $date }",
                "line 1: $date is not a variable of this message; it has $clinic",
            ),
            (
                "booked-patient-subject",
                &wordy,
                "must come out at most 120 characters long, whatever its variables are, and not 121",
            ),
            (
                "reminder-patient-opening_days",
                "{ $days ->\n [one] morgen\n [77] {\"\"}\n*[other] bald\n}",
                "must say something, whatever its variables are",
            ),
            (
                "reminder-patient-opening_days",
                "{ $days ->\n [one] morgen\n*[other] in { $hours } Stunden\n}",
                "line 3: $hours is not a variable of this message; it has $clinic, $days",
            ),
        ] {
            let told = told(message, pattern);
            if !told.starts_with(problem) {
                wrong.push(format!("{pattern}: {told}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn all_that_is_built_in_and_refers_to_nothing_else_would_fit() {
        for message in super::super::messages() {
            for language in Language::ALL {
                let checked = check(message.id, language, message.pattern(language)).map(drop);
                let refers = matches!(checked, Err(Unfit::Reference { .. }));
                assert!(checked.is_ok() || refers, "{} in {language:?}: {checked:?}", message.id);
            }
        }
        assert!(check("date", French, find("date").unwrap().pattern(French)).is_ok());
    }
}
