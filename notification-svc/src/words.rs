//! The words of every message in every language: those that are built in (`templates/<language>/*.ftl`), and those that
//! the clinic has put in their place.
mod pattern; // what a pattern names
mod catalogue; // which messages there are, what they say, and by which variables
mod check; // whether a pattern can stand for a message
mod plain; // letters that phones agree on
mod voice; // one language, speaking
mod calendar; // dates and times

pub use catalogue::{Message, find, messages};
pub use check::{LONGEST_PATTERN, Unfit, check};
pub use plain::in_plain_letters;
#[cfg(test)]
pub use plain::segments;
pub use voice::Voice;

use crate::domain::{Language, Wording};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use std::sync::Arc;

type Bundle = FluentBundle<Arc<FluentResource>>;

/// All words that are in force.
pub struct Words {
    /// In the order of [`Language::ALL`].
    bundles: [Bundle; 4],
}

impl Words {
    /// Those built in.
    pub fn built_in() -> Self {
        Self { bundles: Language::ALL.map(|language| bundle(language, &catalogue::resource(language))) }
    }

    /// Those built in, and in their place `wordings` as far as they fit; with what does not.
    pub fn with(wordings: &[Wording]) -> (Self, Vec<(&Wording, Unfit)>) {
        let mut words = Self::built_in();
        let mut unfit = Vec::new();
        for wording in wordings {
            match check(&wording.message, wording.language, &wording.pattern) {
                Ok(resource) => words.bundles[place(wording.language)].add_resource_overriding(resource),
                Err(problem) => unfit.push((wording, problem)),
            }
        }
        (words, unfit)
    }

    /// What the message with this `id` says. Every language has every message, which tests hold them to.
    fn say(&self, language: Language, id: &str, arguments: &FluentArgs<'_>) -> String {
        say(&self.bundles[place(language)], id, arguments).unwrap_or_else(|| {
            tracing::error!(message.id = id, message.language = language.tag(), "a message has no words");
            String::new()
        })
    }
}

fn place(language: Language) -> usize {
    match language {
        Language::English => 0,
        Language::Spanish => 1,
        Language::German => 2,
        Language::French => 3,
    }
}

fn bundle(language: Language, resource: &Arc<FluentResource>) -> Bundle {
    let tag = language.tag().parse().unwrap_or_default();
    let mut bundle = Bundle::new_concurrent(vec![tag]);
    // All of our languages are written from left to right, and mail is searched and copied.
    bundle.set_use_isolating(false);
    bundle.add_resource_overriding(resource.clone());
    bundle
}

/// None when there is no such message, or it needs what is not among `arguments`.
fn say(bundle: &Bundle, id: &str, arguments: &FluentArgs<'_>) -> Option<String> {
    let pattern = bundle.get_message(id)?.value()?;
    let mut errors = Vec::new();
    let text = bundle.format_pattern(pattern, Some(arguments), &mut errors).into_owned();
    errors.is_empty().then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use proto::ids::UserId;

    fn wording(message: &str, language: Language, pattern: &str) -> Wording {
        Wording {
            message: message.to_owned(),
            language,
            pattern: pattern.to_owned(),
            updated_at: Timestamp::UNIX_EPOCH,
            updated_by: UserId::random(),
        }
    }

    /// `time` is told by another clock in each.
    #[test]
    fn every_language_has_the_same_messages_with_the_same_variables() {
        let of = |language| {
            let mut told: Vec<(&str, Vec<&str>)> = catalogue::built_in(language)
                .map(|(id, message)| {
                    let named = message.value.iter().flat_map(pattern::names);
                    let mut variables: Vec<&str> = named.filter_map(|name| name.variable).collect();
                    variables.sort_unstable();
                    variables.dedup();
                    (id, if id == "time" { Vec::new() } else { variables })
                })
                .collect();
            told.sort_unstable();
            told
        };
        let english = of(Language::English);
        assert!(english.len() > 100);
        for language in Language::ALL {
            assert_eq!(of(language), english, "{language:?}");
            let ids: Vec<&str> = catalogue::built_in(language).map(|(id, _)| id).collect();
            assert!(
                ids.iter().all(|id| ids.iter().filter(|other| *other == id).count() == 1),
                "{language:?}"
            );
            let whole = FluentResource::try_new(catalogue::resource(language).source().to_owned());
            assert!(whole.is_ok(), "{language:?}");
        }
    }

    #[test]
    fn what_is_seen_outside_names_nothing_but_the_clinic() {
        let seen: Vec<&Message> = messages().filter(|message| message.is_seen_outside()).collect();
        assert!(seen.len() > 30);
        assert!(seen.into_iter().all(|message| message.variables.iter().eq(["clinic"].iter())));
    }

    #[test]
    fn words_of_the_clinic_stand_in_place_of_ours_in_their_language_only() {
        let greeting = wording("greeting-patient", Language::German, "Grüß Gott { $name },");
        let (words, unfit) = Words::with(std::slice::from_ref(&greeting));
        assert!(unfit.is_empty());
        let words = Arc::new(words);
        let said = |language| {
            let voice = Voice::new(words.clone(), language, "Clinic".into());
            voice.say_with("greeting-patient", [("name", "Ada".into())])
        };
        assert_eq!(said(Language::German), "Grüß Gott Ada,");
        assert_eq!(said(Language::English), "Dear Ada,");
    }

    /// As if a release had taken a variable or a message away.
    #[test]
    fn words_that_no_longer_fit_leave_those_built_in() {
        let unknown = wording("greeting-patient", Language::English, "Dear { $title } { $name },");
        let gone = wording("greeting-friend", Language::English, "Hi!");
        let all = [unknown, gone];
        let (words, unfit) = Words::with(&all);
        let voice = Voice::new(Arc::new(words), Language::English, "Clinic".into());
        assert_eq!(voice.say_with("greeting-patient", [("name", "Ada".into())]), "Dear Ada,");
        let told: Vec<&str> = unfit.iter().map(|(wording, _)| wording.message.as_str()).collect();
        assert_eq!(told, ["greeting-patient", "greeting-friend"]);
    }
}
