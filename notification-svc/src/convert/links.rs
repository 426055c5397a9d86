//! What is asked by links, and the pages that they lead to, as the wire shows and takes them.
use crate::domain::VisitAction;
use crate::linking::{Answer, Outcome, Wish};
use crate::templates::{Choice, Day, Page, Step};
use jiff::Timestamp;
use jiff::civil::Date;
use platform::violations::Violations;
use proto::notification as pb;
use proto::time::{date, from_wire, to_wire};

/// Most languages of a reader that are looked at.
const LANGUAGES: usize = 20;

/// What somebody looks at: how far they are, from which date on, and what they speak.
pub fn look(request: &pb::OpenLinkRequest) -> Result<(Step, Option<Date>, &[String]), Violations> {
    let mut wrong = Violations::default();
    let step = step(&mut wrong, request.action);
    let from = Some(request.from_date.as_str()).filter(|from| !from.is_empty());
    let from = from.and_then(|from| wrong.field("from_date", date(from)));
    let languages = languages(&mut wrong, &request.languages);
    wrong.into_result((step.unwrap_or(Step::Look), from, languages))
}

pub fn wish(request: &pb::FollowLinkRequest) -> Result<(Wish, &[String]), Violations> {
    let mut wrong = Violations::default();
    let step = step(&mut wrong, request.action);
    if step == Some(Step::Look) {
        wrong.add("action", "is required");
    }
    if matches!(step, Some(Step::Visit(_))) && request.version < 1 {
        wrong.add("version", "is required");
    }
    let start = request.start_time;
    let start: Option<Timestamp> = start.and_then(|start| wrong.field("start_time", from_wire(Some(start))));
    let languages = languages(&mut wrong, &request.languages);
    let step = step.unwrap_or(Step::Look);
    wrong.into_result((Wish { step, version: request.version, start }, languages))
}

fn step(wrong: &mut Violations, action: i32) -> Option<Step> {
    match pb::LinkAction::try_from(action) {
        Ok(pb::LinkAction::Unspecified) => Some(Step::Look),
        Ok(pb::LinkAction::Confirm) => Some(Step::Visit(VisitAction::Confirm)),
        Ok(pb::LinkAction::Arrive) => Some(Step::Visit(VisitAction::Arrive)),
        Ok(pb::LinkAction::Move) => Some(Step::Visit(VisitAction::Move)),
        Ok(pb::LinkAction::Cancel) => Some(Step::Visit(VisitAction::Cancel)),
        Ok(pb::LinkAction::Unsubscribe) => Some(Step::Unsubscribe),
        Ok(pb::LinkAction::Subscribe) => Some(Step::Subscribe),
        Err(_) => {
            wrong.add("action", "is not an action");
            None
        }
    }
}

fn languages<'a>(wrong: &mut Violations, languages: &'a [String]) -> &'a [String] {
    if languages.len() > LANGUAGES {
        wrong.add("languages", format!("must be at most {LANGUAGES}"));
    }
    languages
}

pub fn page(Answer { page, outcome }: Answer) -> pb::LinkPage {
    let Page { language, clinic, title, refusal, lead, facts, warning, days, later, button, others, version } =
        page;
    let outcome = match outcome {
        Outcome::Shown => pb::LinkOutcome::Shown,
        Outcome::Done => pb::LinkOutcome::Done,
        Outcome::Refused => pb::LinkOutcome::Refused,
        Outcome::Dead => pb::LinkOutcome::Dead,
    };
    pb::LinkPage {
        outcome: outcome.into(),
        language: language.tag().to_owned(),
        clinic,
        title,
        refusal: refusal.unwrap_or_default(),
        lead,
        facts: facts.into_iter().map(|(label, value)| pb::LinkFact { label, value }).collect(),
        warning: warning.unwrap_or_default(),
        days: days.into_iter().map(day).collect(),
        later: later.map(|(date, label)| pb::LinkLater { date: date.to_string(), label }),
        button: button.map(choice),
        others: others.into_iter().map(choice).collect(),
        version,
    }
}

fn day(Day { label, times }: Day) -> pb::LinkDay {
    let time = |(start, label)| pb::LinkTime { start_time: Some(to_wire(start)), label };
    pb::LinkDay { label, times: times.into_iter().map(time).collect() }
}

fn choice(Choice { step, label }: Choice) -> pb::LinkChoice {
    let action = match step {
        Step::Look => pb::LinkAction::Unspecified,
        Step::Visit(VisitAction::Confirm) => pb::LinkAction::Confirm,
        Step::Visit(VisitAction::Arrive) => pb::LinkAction::Arrive,
        Step::Visit(VisitAction::Move) => pb::LinkAction::Move,
        Step::Visit(VisitAction::Cancel) => pb::LinkAction::Cancel,
        Step::Unsubscribe => pb::LinkAction::Unsubscribe,
        Step::Subscribe => pb::LinkAction::Subscribe,
    };
    pb::LinkChoice { action: action.into(), label }
}
