//! What messages are made of: who is told what, and how that is laid out. The words are elsewhere.
//!
//! Mail is read by whoever holds the phone, so a subject tells nothing of the patient, and what the doctor gets
//! does not say who comes: the schedule does.
mod visit; // of what becomes of visits
mod reminder; // of visits that are near
mod offer; // of free times that are offered
mod account; // to owners of accounts
mod alarm; // to those who watch
mod text; // in short, to phones
mod page; // what links lead to
mod sample; // every message, about nobody

pub use account::render_account;
pub use alarm::render_alarm;
pub use offer::render_offer;
pub use page::{Choice, Day, Page, Sight, Stage, Step, dead, subscription, visit_page};
pub use reminder::render_reminder;
pub use sample::{TEMPLATES, Template};
pub use text::{TextTo, text_of_offer, text_of_reminder, text_of_visit};
pub use visit::{Reader, render};

use crate::calendar::Invite;
use crate::domain::{Language, VisitAction};
use crate::links::Ways;
use crate::words::Voice;
use askama::Template as _;
use jiff::Zoned;

/// A message, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    pub language: Language,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// Of the visit, for the reader's calendar.
    pub invite: Option<Invite>,
    /// Where whoever wants no more of its kind says so, by one click.
    pub unsubscribe: Option<String>,
}

/// What a message says, before it is laid out.
struct Letter {
    subject: String,
    /// Shown beside the subject where mail is listed.
    preheader: String,
    greeting: String,
    opening: String,
    link: Option<Link>,
    rows: Vec<Row>,
    closing: String,
    /// What the reader can do about it.
    actions: Vec<Link>,
    unsubscribe: Option<Link>,
}

/// One fact.
struct Row {
    label: String,
    value: String,
}

/// Where the reader goes from here.
struct Link {
    url: String,
    label: String,
    /// Whether it is what most readers will do.
    is_main: bool,
}

impl Letter {
    /// What `which`, for instance `booked-patient`, says to whoever is greeted so; without facts.
    fn of(voice: &Voice, which: &str, preheader: &str, greeting: String) -> Self {
        let part = |part: &str| voice.say(&format!("{which}-{part}"));
        Self {
            subject: part("subject"),
            preheader: voice.say(preheader),
            greeting,
            opening: part("opening"),
            link: None,
            rows: Vec::new(),
            closing: part("closing"),
            actions: Vec::new(),
            unsubscribe: None,
        }
    }

    /// Offers what the reader can do.
    fn with(self, voice: &Voice, Ways { actions, unsubscribe }: &Ways) -> Self {
        let button = |name: &str, url: &str, is_main| {
            let label = voice.say(&format!("button-{name}"));
            Link { url: url.to_owned(), label, is_main }
        };
        let is_main = |action| matches!(action, VisitAction::Confirm | VisitAction::Arrive);
        let actions = actions.iter().map(|(action, url)| button(action.name(), url, is_main(*action)));
        let unsubscribe = unsubscribe.as_ref().map(|url| button("unsubscribe", url, false));
        Self { actions: actions.collect(), unsubscribe, ..self }
    }

    /// Links that most readers will follow.
    fn buttons(&self) -> impl Iterator<Item = &Link> {
        self.link.iter().chain(&self.actions).filter(|link| link.is_main)
    }

    fn others(&self) -> impl Iterator<Item = &Link> {
        self.actions.iter().filter(|link| !link.is_main)
    }

    fn lay_out(&self, voice: &Voice) -> Content {
        let (sign_off, footer) = (voice.say("sign_off"), voice.say("footer"));
        let labelled: Vec<(String, &str)> = self
            .rows
            .iter()
            .map(|row| (voice.say_with("label", [("label", row.label.as_str().into())]), row.value.as_str()))
            .collect();
        let widest = labelled.iter().map(|(label, _)| label.chars().count()).max().unwrap_or_default();
        let facts = labelled.iter().map(|(label, value)| format!("{label:<widest$} {value}")).collect();
        let text = Text { letter: self, facts, sign_off: &sign_off, clinic: voice.clinic(), footer: &footer };
        let html = Html {
            letter: self,
            language: voice.language().tag(),
            sign_off: &sign_off,
            clinic: voice.clinic(),
            footer: &footer,
        };
        let rendered = "a template only puts text together";
        Content {
            language: voice.language(),
            subject: self.subject.clone(),
            text: text.render().expect(rendered),
            html: html.render().expect(rendered),
            invite: None,
            unsubscribe: self.unsubscribe.as_ref().map(|link| link.url.clone()),
        }
    }
}

#[derive(askama::Template)]
#[template(path = "message.txt")]
struct Text<'a> {
    letter: &'a Letter,
    /// Labels in a column of their own.
    facts: Vec<String>,
    sign_off: &'a str,
    clinic: &'a str,
    footer: &'a str,
}

#[derive(askama::Template)]
#[template(path = "message.html")]
struct Html<'a> {
    letter: &'a Letter,
    /// BCP 47.
    language: &'static str,
    sign_off: &'a str,
    clinic: &'a str,
    footer: &'a str,
}

/// The fact that is called `label-{name}`.
fn row(voice: &Voice, name: &str, value: String) -> Row {
    Row { label: voice.say(&format!("label-{name}")), value }
}

/// The greeting of patients, doctors or owners of accounts, of whom the name may not be known.
fn greeting(voice: &Voice, reader: &str, name: &str) -> String {
    if name.is_empty() {
        voice.say("greeting-unnamed")
    } else {
        voice.say_with(&format!("greeting-{reader}"), [("name", name.into())])
    }
}

/// When, in the zone of the place, and with whom, when that is known.
fn when(voice: &Voice, starts_at: &Zoned, ends_at: &Zoned, doctor: Option<&str>) -> Vec<Row> {
    let mut rows = vec![
        row(voice, "date", voice.date(starts_at)),
        row(voice, "time", voice.span(starts_at, ends_at)),
        row(voice, "zone", voice.zone(starts_at)),
    ];
    let doctor = doctor.map(|name| voice.say_with("doctor_name", [("name", name.into())]));
    rows.extend(doctor.map(|name| row(voice, "doctor", name)));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Words;
    use std::collections::BTreeSet;
    use std::sync::Arc;

    /// The language, as it is built in.
    pub(super) fn voice(language: Language) -> Voice {
        Voice::new(Arc::new(Words::built_in()), language, "Lindenhof".into())
    }

    #[test]
    fn every_message_is_whole_in_every_language() {
        for language in Language::ALL {
            let voice = voice(language);
            for template in TEMPLATES {
                let Content { subject, text, html, .. } = (template.preview)(&voice);
                let which = format!("{}-{} in {language:?}", template.kind, template.reader);
                assert!(!subject.is_empty() && !subject.contains("Ada"), "{which}: {subject}");
                assert!(
                    !text.contains('{') && !html.contains("{$") && !html.contains("{ $"),
                    "{which}: {text}"
                );
                let gaps = ["\n\n\n", "\n,\n", ": \n", "\n \n"];
                assert!(!gaps.iter().any(|gap| text.contains(gap)), "{which}: {text}");
                assert!(html.contains(&format!("<html lang=\"{}\"", language.tag())), "{which}");
                assert!(text.contains("Lindenhof") && html.contains("Lindenhof"), "{which}: {text}");
            }
        }
    }

    #[test]
    fn no_message_is_in_another_language() {
        for template in TEMPLATES {
            let texts: BTreeSet<String> =
                Language::ALL.map(|language| (template.preview)(&voice(language)).text).into();
            assert_eq!(texts.len(), 4, "{}-{}", template.kind, template.reader);
        }
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere_and_what_is_listed_beside_the_subject_tells_of_nobody() {
        for language in Language::ALL {
            for template in TEMPLATES {
                let html = (template.preview)(&voice(language)).html;
                for loading in ["<img", "src=", "url(", "<link", "@import", "<script"] {
                    assert!(!html.contains(loading), "{}: {loading}", template.kind);
                }
                let body = html.split_once("<body").unwrap().1;
                let preheader = body.split_once("</div>").unwrap().0;
                assert!(preheader.contains("Lindenhof"), "{preheader}");
                assert!(!["Ada", "Grace", "2030"].iter().any(|told| preheader.contains(told)), "{preheader}");
            }
        }
    }
}
