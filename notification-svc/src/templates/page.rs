//! What the links in messages lead to: what can be done, and what became of it, in the words of the reader. How a page
//! looks is for whoever shows it.
use super::{Row, when};
use crate::domain::{Category, Language, Refusal, Visit, VisitAction, VisitStatus};
use crate::words::Voice;
use jiff::civil::Date;
use jiff::{Timestamp, Zoned};

/// A page, ready to be shown.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    pub language: Language,
    pub clinic: String,
    pub title: String,
    /// Why what was asked for was not done.
    pub refusal: Option<String>,
    pub lead: String,
    /// What it is about: label and value.
    pub facts: Vec<(String, String)>,
    /// What to know before it is done.
    pub warning: Option<String>,
    /// Times to choose from.
    pub days: Vec<Day>,
    /// Where later times are, and what that is called.
    pub later: Option<(Date, String)>,
    /// What is done from here.
    pub button: Option<Choice>,
    /// What else there is.
    pub others: Vec<Choice>,
    /// Of the visit that is shown; 0 when there is none.
    pub version: i64,
}

/// Free times of one day.
#[derive(Debug, PartialEq, Eq)]
pub struct Day {
    pub label: String,
    pub times: Vec<(Timestamp, String)>,
}

/// Something that can be done or looked at.
#[derive(Debug, PartialEq, Eq)]
pub struct Choice {
    pub step: Step,
    pub label: String,
}

/// Where a reader is, or goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Look,
    Visit(VisitAction),
    Unsubscribe,
    Subscribe,
}

/// What is to be shown of a visit.
pub struct Sight<'a> {
    pub visit: &'a Visit,
    pub doctor: Option<&'a str>,
    /// What its patient may do with it now.
    pub may: &'a [VisitAction],
    /// Whether it counts as late to cancel it now.
    pub is_late: bool,
}

/// How far the reader has come.
#[derive(Clone, Copy)]
pub enum Stage<'a> {
    Look,
    Before(VisitAction),
    /// With times that the visit can be moved to, and the date from which there may be more.
    Choosing(&'a [Zoned], Option<Date>),
    Done(VisitAction),
}

/// A visit, and what can be done with it; `refusal` is why something was not done just now.
pub fn visit_page(voice: &Voice, sight: &Sight<'_>, stage: Stage<'_>, refusal: Option<Refusal>) -> Page {
    let Sight { visit, doctor, may, is_late } = sight;
    let (title, lead) = match stage {
        Stage::Look => ("page-visit-title".to_owned(), format!("page-visit-{}", standing(visit.status))),
        Stage::Before(action) => {
            (format!("page-{}-title", action.name()), format!("page-{}-lead", action.name()))
        }
        Stage::Choosing(..) => ("page-move-title".to_owned(), "page-move-lead".to_owned()),
        Stage::Done(action) => ("page-visit-title".to_owned(), format!("page-{}-done", action.name())),
    };
    let mut page = Page::of(voice, &title, &lead);
    page.version = visit.version;
    page.refusal = refusal.and_then(reason).map(|reason| voice.say(&format!("page-refused-{reason}")));
    let facts = when(voice, &visit.starts_at, &visit.ends_at, *doctor);
    page.facts = facts.into_iter().map(|Row { label, value }| (label, value)).collect();
    let choice = |action| Choice::of(voice, Step::Visit(action));
    match stage {
        Stage::Look | Stage::Done(_) => page.others = may.iter().copied().map(choice).collect(),
        Stage::Before(action) => {
            page.button = Some(choice(action));
            page.others.push(Choice::of(voice, Step::Look));
            let is_late = action == VisitAction::Cancel && *is_late;
            page.warning = is_late.then(|| voice.say("page-cancel-late"));
        }
        Stage::Choosing(times, later) => {
            page.days = days(voice, times);
            page.later = later.map(|date| (date, voice.say("page-move-later")));
            page.others.push(Choice::of(voice, Step::Look));
            if times.is_empty() {
                page.warning = Some(voice.say("page-move-none"));
            } else {
                page.button = Some(choice(VisitAction::Move));
            }
        }
    }
    page
}

/// Whether somebody wants messages of `category` no more: before it is done when `is_done` is none, and after it was
/// done or taken back.
pub fn subscription(voice: &Voice, category: Category, is_done: Option<bool>) -> Page {
    let (which, lead, step) = match is_done {
        None => ("unsubscribe", category.name(), Step::Unsubscribe),
        Some(true) => ("unsubscribed", "lead", Step::Subscribe),
        Some(false) => ("subscribed", "lead", Step::Unsubscribe),
    };
    let page = Page::of(voice, &format!("page-{which}-title"), &format!("page-{which}-{lead}"));
    Page { button: Some(Choice::of(voice, step)), ..page }
}

/// Of a link that leads nowhere.
pub fn dead(voice: &Voice) -> Page {
    Page::of(voice, "page-dead-title", "page-dead-lead")
}

/// The last part of the id of what is said of a visit.
fn standing(status: VisitStatus) -> &'static str {
    match status {
        VisitStatus::Requested => "requested",
        VisitStatus::Scheduled => "scheduled",
        VisitStatus::Confirmed => "confirmed",
        VisitStatus::Arrived | VisitStatus::CheckedIn | VisitStatus::InProgress => "arrived",
        VisitStatus::Cancelled => "cancelled",
        VisitStatus::Expired => "expired",
        VisitStatus::Held | VisitStatus::Completed | VisitStatus::NoShow | VisitStatus::EnteredInError => {
            "over"
        }
    }
}

/// The last part of the id of what is said of a refusal; what is gone has no page.
fn reason(refusal: Refusal) -> Option<&'static str> {
    match refusal {
        Refusal::Gone => None,
        Refusal::Changed => Some("changed"),
        Refusal::Taken => Some("taken"),
        Refusal::TooLate => Some("too_late"),
        Refusal::Impossible => Some("impossible"),
        Refusal::NothingChosen => Some("choice"),
    }
}

/// `times` are in their order.
fn days(voice: &Voice, times: &[Zoned]) -> Vec<Day> {
    let of_days = times.chunk_by(|one, next| one.date() == next.date());
    let day = |times: &[Zoned]| {
        let label = times.first().map(|first| voice.date(first)).unwrap_or_default();
        let times = times.iter().map(|at| (at.timestamp(), voice.time(at))).collect();
        Day { label, times }
    };
    of_days.map(day).collect()
}

impl Page {
    fn of(voice: &Voice, title: &str, lead: &str) -> Self {
        Self {
            language: voice.language(),
            clinic: voice.clinic().to_owned(),
            title: voice.say(title),
            refusal: None,
            lead: voice.say(lead),
            facts: Vec::new(),
            warning: None,
            days: Vec::new(),
            later: None,
            button: None,
            others: Vec::new(),
            version: 0,
        }
    }
}

impl Choice {
    fn of(voice: &Voice, step: Step) -> Self {
        let label = match step {
            Step::Look => voice.say("page-visit-back"),
            Step::Visit(action) => voice.say(&format!("button-{}", action.name())),
            Step::Unsubscribe => voice.say("button-unsubscribe"),
            Step::Subscribe => voice.say("button-subscribe"),
        };
        Self { step, label }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::voice;
    use super::*;
    use proto::ids::{AppointmentId, DoctorId};

    fn visit(status: VisitStatus) -> Visit {
        Visit {
            id: AppointmentId::random(),
            doctor_id: DoctorId::random(),
            version: 3,
            status,
            starts_at: "2030-01-07T09:00[Europe/Berlin]".parse().unwrap(),
            ends_at: "2030-01-07T09:30[Europe/Berlin]".parse().unwrap(),
        }
    }

    fn page(language: Language, stage: Stage<'_>, refusal: Option<Refusal>) -> Page {
        let may = [VisitAction::Confirm, VisitAction::Move, VisitAction::Cancel];
        let visit = visit(VisitStatus::Scheduled);
        let sight = Sight { visit: &visit, doctor: Some("Grace Hopper"), may: &may, is_late: true };
        visit_page(&voice(language), &sight, stage, refusal)
    }

    #[test]
    fn a_page_shows_the_visit_and_what_can_be_done_with_it() {
        let shown = page(Language::English, Stage::Look, None);
        assert_eq!((shown.title.as_str(), shown.version), ("Your appointment", 3));
        assert_eq!(shown.facts[1], ("Time".to_owned(), "9:00 am to 9:30 am".to_owned()));
        let steps: Vec<Step> = shown.others.iter().map(|choice| choice.step).collect();
        let expected = [VisitAction::Confirm, VisitAction::Move, VisitAction::Cancel].map(Step::Visit);
        assert_eq!((steps.as_slice(), shown.button.is_none()), (expected.as_slice(), true));

        let before = page(Language::German, Stage::Before(VisitAction::Cancel), None);
        assert_eq!(before.title, "Termin absagen?");
        assert!(before.warning.is_some_and(|warning| warning.starts_with("Das ist kurzfristiger")));
        assert_eq!(before.button.map(|choice| choice.step), Some(Step::Visit(VisitAction::Cancel)));
        assert_eq!(before.others[0].step, Step::Look);
    }

    #[test]
    fn times_are_told_by_day_and_where_none_is_free_there_is_nothing_to_press() {
        let times: Vec<Zoned> = ["2030-01-08T09:00", "2030-01-08T14:30", "2030-01-09T10:00"]
            .map(|at| format!("{at}[Europe/Berlin]").parse().unwrap())
            .into();
        let later = "2030-01-10".parse().unwrap();
        let shown = page(Language::French, Stage::Choosing(&times, Some(later)), Some(Refusal::Taken));
        assert_eq!(shown.days.len(), 2);
        assert_eq!(shown.days[0].label, "mardi 8 janvier 2030");
        assert_eq!(shown.days[0].times[1], (times[1].timestamp(), "14\u{a0}h\u{a0}30".to_owned()));
        assert!(shown.refusal.is_some_and(|refusal| refusal.contains("plus disponible")));
        let none = page(Language::English, Stage::Choosing(&[], Some(later)), None);
        assert!(none.button.is_none() && none.days.is_empty());
        assert_eq!(none.warning.as_deref(), Some("There is no free time in these weeks."));
        assert_eq!(none.later, Some((later, "Later times".to_owned())));
    }

    #[test]
    fn every_page_has_words_in_every_language() {
        let all = [
            VisitStatus::Requested,
            VisitStatus::Scheduled,
            VisitStatus::Confirmed,
            VisitStatus::Arrived,
            VisitStatus::Cancelled,
            VisitStatus::Expired,
            VisitStatus::NoShow,
        ];
        let refusals =
            [Refusal::Changed, Refusal::Taken, Refusal::TooLate, Refusal::Impossible, Refusal::NothingChosen];
        for language in Language::ALL {
            let voice = voice(language);
            let mut pages = vec![dead(&voice)];
            for category in Category::ALL {
                pages
                    .extend([None, Some(true), Some(false)].map(|done| subscription(&voice, category, done)));
            }
            for status in all {
                let visit = visit(status);
                let sight = Sight { visit: &visit, doctor: None, may: &VisitAction::ALL, is_late: false };
                pages.push(visit_page(&voice, &sight, Stage::Look, None));
                for action in VisitAction::ALL {
                    pages.push(visit_page(&voice, &sight, Stage::Before(action), None));
                    pages.push(visit_page(&voice, &sight, Stage::Done(action), None));
                }
                for refusal in refusals {
                    let page = visit_page(&voice, &sight, Stage::Look, Some(refusal));
                    assert!(page.refusal.as_ref().is_some_and(|told| !told.is_empty()));
                    pages.push(page);
                }
            }
            for page in pages {
                assert!(!page.title.is_empty() && !page.lead.is_empty(), "{language:?}: {page:?}");
                let labels = page.others.iter().chain(&page.button).map(|choice| &choice.label);
                assert!(labels.into_iter().all(|label| !label.is_empty()), "{language:?}: {page:?}");
            }
        }
    }
}
