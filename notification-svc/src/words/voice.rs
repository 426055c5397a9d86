//! One language, speaking for one clinic.
use super::Words;
use crate::domain::Language;
use fluent_bundle::{FluentArgs, FluentValue};
use std::sync::Arc;

#[derive(Clone)]
pub struct Voice {
    words: Arc<Words>,
    language: Language,
    /// The name of the clinic.
    clinic: Arc<str>,
}

impl Voice {
    pub fn new(words: Arc<Words>, language: Language, clinic: Arc<str>) -> Self {
        Self { words, language, clinic }
    }

    pub fn language(&self) -> Language {
        self.language
    }

    /// The name of the clinic.
    pub fn clinic(&self) -> &str {
        &self.clinic
    }

    /// The message with this `id`, which needs no variable but the clinic's name.
    pub fn say(&self, id: &str) -> String {
        self.say_with(id, [])
    }

    /// The message with this `id`, with what its variables hold.
    pub fn say_with<'v, const N: usize>(
        &self,
        id: &str,
        variables: [(&'v str, FluentValue<'v>); N],
    ) -> String {
        let mut arguments: FluentArgs<'_> = variables.into_iter().collect();
        arguments.set("clinic", self.clinic());
        self.words.say(self.language, id, &arguments)
    }
}
