//! What is built in: which messages there are, what they say in each language, and by which variables.
use super::pattern::{Name, names};
use super::place;
use crate::domain::Language;
use fluent_bundle::FluentResource;
use fluent_syntax::ast::{Entry, Message as Ast, Resource};
use fluent_syntax::serializer;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

macro_rules! sources {
    ($language:literal) => {
        concat!(
            include_str!(concat!("../../templates/", $language, "/letter.ftl")),
            "\n",
            include_str!(concat!("../../templates/", $language, "/calendar.ftl")),
            "\n",
            include_str!(concat!("../../templates/", $language, "/visits.ftl")),
            "\n",
            include_str!(concat!("../../templates/", $language, "/offers.ftl")),
            "\n",
            include_str!(concat!("../../templates/", $language, "/texts.ftl")),
            "\n",
            include_str!(concat!("../../templates/", $language, "/links.ftl")),
            "\n",
            include_str!(concat!("../../templates/", $language, "/accounts.ftl")),
            "\n",
            include_str!(concat!("../../templates/", $language, "/alarms.ftl")),
        )
    };
}

/// In the order of [`Language::ALL`].
const SOURCES: [&str; 4] = [sources!("en"), sources!("es"), sources!("de"), sources!("fr")];

/// The variables that hold numbers: words may depend on them.
pub(super) const NUMBERS: [&str; 3] = ["day", "days", "hours"];

/// The name of the clinic. It tells of nobody, so any words may have it.
const CLINIC: &str = "clinic";

/// One message, which the clinic may put in other words.
pub struct Message {
    /// What the words stand for: kind of message, reader and part, for instance `booked-patient-opening`.
    pub id: &'static str,
    /// What its words may name.
    pub variables: BTreeSet<&'static str>,
    /// In the order of [`Language::ALL`].
    patterns: [String; 4],
}

impl Message {
    /// What is built in.
    pub fn pattern(&self, language: Language) -> &str {
        &self.patterns[place(language)]
    }

    /// Whether it is seen by whoever holds the phone, before the mail is opened.
    pub fn is_seen_outside(&self) -> bool {
        self.id.ends_with("-subject") || self.id.starts_with("preheader-")
    }

    /// Most characters of what it says.
    pub fn longest(&self) -> usize {
        let is_short = ["label", "weekday-", "month-", "half-", "button-"]
            .iter()
            .any(|short| self.id.starts_with(short));
        match (is_short, self.is_seen_outside()) {
            // Two messages, when the clinic has a long name.
            _ if self.id.ends_with("-sms") => 240,
            (true, _) => 40,
            (_, true) => 120,
            _ => 1000,
        }
    }
}

static MESSAGES: LazyLock<BTreeMap<&'static str, Message>> = LazyLock::new(|| {
    let mut messages = BTreeMap::new();
    for language in Language::ALL {
        for (id, message) in built_in(language) {
            let known = messages.entry(id).or_insert_with(|| Message {
                id,
                variables: BTreeSet::new(),
                patterns: <[String; 4]>::default(),
            });
            if let Some(pattern) = &message.value {
                known
                    .variables
                    .extend(names(pattern).into_iter().filter_map(|Name { variable, .. }| variable));
            }
            if !id.starts_with("label") {
                known.variables.insert(CLINIC);
            }
            known.patterns[place(language)] = text(message);
        }
    }
    messages
});

static RESOURCES: LazyLock<[Arc<FluentResource>; 4]> = LazyLock::new(|| {
    SOURCES
        .map(|source| Arc::new(FluentResource::try_new(source.to_owned()).unwrap_or_else(|(read, _)| read)))
});

pub(super) fn resource(language: Language) -> Arc<FluentResource> {
    RESOURCES[place(language)].clone()
}

/// All of them, by id.
pub fn messages() -> impl Iterator<Item = &'static Message> {
    MESSAGES.values()
}

/// None when there is no such message.
pub fn find(id: &str) -> Option<&'static Message> {
    MESSAGES.get(id)
}

pub(super) fn built_in(
    language: Language,
) -> impl Iterator<Item = (&'static str, &'static Ast<&'static str>)> {
    RESOURCES[place(language)].entries().filter_map(|entry| match entry {
        Entry::Message(message) => Some((message.id.name, message)),
        _ => None,
    })
}

/// The pattern of `message` as one would write it.
fn text(message: &Ast<&'static str>) -> String {
    let alone = Ast { comment: None, ..message.clone() };
    let written = serializer::serialize(&Resource { body: vec![Entry::Message(alone)] });
    let pattern = written.split_once('=').map_or("", |(_, pattern)| pattern);
    let lines: Vec<&str> =
        pattern.trim().lines().map(|line| line.strip_prefix("    ").unwrap_or(line)).collect();
    lines.join("\n")
}
