//! The use cases of the links in messages: show what can be done, and do it.
use crate::choosing::Choosing;
use crate::domain::{Category, Channel, Purpose, Refusal, VisitAction, VisitStatus};
use crate::error::Error;
use crate::links::Links;
use crate::neighbours::{Neighbours, Seen, Unanswered};
use crate::phrasebook::Phrasebook;
use crate::templates::{Page, Sight, Stage, Step, dead, subscription, visit_page};
use crate::words::Voice;
use jiff::civil::Date;
use jiff::{SignedDuration, Span, Timestamp, Zoned};
use platform::clock::Clock;
use proto::appointment::AppointmentStatus;
use proto::ids::{AppointmentId, PatientId};

/// How long after its end a visit can still be looked at.
const AFTERWARDS: SignedDuration = SignedDuration::from_hours(24);
/// Visits lie within so many days.
const HORIZON: i32 = 730;
/// How many dates are searched for free times.
const SEARCHED: i32 = 31;
/// How many dates with free times are shown at once.
const SHOWN: usize = 5;

#[derive(Clone)]
pub struct Linking {
    pub links: Links,
    pub neighbours: Neighbours,
    pub choosing: Choosing,
    pub phrasebook: Phrasebook,
    pub clock: Clock,
}

/// A page, and what has happened.
pub struct Answer {
    pub page: Page,
    pub outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Shown,
    Done,
    Refused,
    /// The link is of no use.
    Dead,
}

/// What whoever has a link sends.
pub struct Wish {
    pub step: Step,
    /// Of the visit as it was shown.
    pub version: i64,
    /// The time that was chosen.
    pub start: Option<Timestamp>,
}

/// One visit of one patient.
#[derive(Clone, Copy)]
struct Target {
    id: AppointmentId,
    patient: PatientId,
}

impl Linking {
    /// What can be done by the link with this `token`, at this `step`; times are those from `from` on. Whoever is not
    /// known is spoken to in one of `languages`.
    pub async fn open(
        &self,
        token: &str,
        step: Step,
        from: Option<Date>,
        languages: &[String],
    ) -> Result<Answer, Error> {
        let shown = match (self.links.open(token), step) {
            (
                Some(Purpose::Visit { appointment_id, patient_id, .. }),
                step @ (Step::Look | Step::Visit(_)),
            ) => self.show(Target { id: appointment_id, patient: patient_id }, step, from).await?,
            (
                Some(Purpose::Subscription { patient_id, category, .. }),
                Step::Look | Step::Unsubscribe | Step::Subscribe,
            ) => {
                let voice = self.voice(patient_id).await?;
                voice.map(|voice| Answer {
                    page: subscription(&voice, category, None),
                    outcome: Outcome::Shown,
                })
            }
            _ => None,
        };
        self.or_dead(shown, languages).await
    }

    /// Does what is wished for by the link with this `token`.
    pub async fn follow(&self, token: &str, wish: Wish, languages: &[String]) -> Result<Answer, Error> {
        let done = match (self.links.open(token), wish.step) {
            (Some(Purpose::Visit { appointment_id, patient_id, .. }), Step::Visit(action)) => {
                self.act(Target { id: appointment_id, patient: patient_id }, action, &wish).await?
            }
            (
                Some(Purpose::Subscription { patient_id, category, channel }),
                step @ (Step::Unsubscribe | Step::Subscribe),
            ) => self.subscribe(patient_id, category, channel, step == Step::Subscribe).await?,
            _ => None,
        };
        self.or_dead(done, languages).await
    }

    async fn or_dead(&self, answer: Option<Answer>, languages: &[String]) -> Result<Answer, Error> {
        if let Some(answer) = answer {
            return Ok(answer);
        }
        let voice = self.phrasebook.voice(languages).await?;
        Ok(Answer { page: dead(&voice), outcome: Outcome::Dead })
    }

    /// The visit; none when it is gone, or long over.
    async fn seen(&self, target: Target) -> Result<Option<Seen>, Error> {
        match self.neighbours.linked_visit(target.id, target.patient).await {
            Ok(seen) if seen.visit.ends_at.timestamp() + AFTERWARDS <= self.clock.now() => Ok(None),
            Ok(seen) => Ok(Some(seen)),
            Err(Unanswered::Refused(_)) => Ok(None),
            Err(Unanswered::Failed(failure)) => Err(Error::Neighbour(failure)),
        }
    }

    /// None when the patient or the visit is gone.
    async fn show(&self, target: Target, step: Step, from: Option<Date>) -> Result<Option<Answer>, Error> {
        let Some(seen) = self.seen(target).await? else { return Ok(None) };
        match step {
            Step::Visit(action) if seen.may.contains(&action) => {
                self.before(target, &seen, action, from, None).await
            }
            Step::Visit(action) => self.page(target, &seen, Stage::Look, why_not(&seen, action)).await,
            _ => self.page(target, &seen, Stage::Look, None).await,
        }
    }

    /// The page from which `action` is taken.
    async fn before(
        &self,
        target: Target,
        seen: &Seen,
        action: VisitAction,
        from: Option<Date>,
        refusal: Option<Refusal>,
    ) -> Result<Option<Answer>, Error> {
        if action != VisitAction::Move {
            return self.page(target, seen, Stage::Before(action), refusal).await;
        }
        let today = self.clock.now().to_zoned(seen.visit.starts_at.time_zone().clone()).date();
        let from = from.map_or(today, |from| from.max(today));
        let found = self.neighbours.linked_slots(target.id, target.patient, from, SEARCHED).await;
        let found = match found {
            Ok(found) => found,
            Err(Unanswered::Refused(Refusal::Gone)) => return Ok(None),
            // For instance a doctor who no longer offers such visits.
            Err(Unanswered::Refused(_)) => {
                return self.page(target, seen, Stage::Choosing(&[], None), refusal).await;
            }
            Err(Unanswered::Failed(failure)) => return Err(Error::Neighbour(failure)),
        };
        let others = found.into_iter().filter(|time| time.timestamp() != seen.visit.starts_at.timestamp());
        let (times, later) = first_days(others, from);
        let later = Some(later).filter(|later| *later <= today.saturating_add(Span::new().days(HORIZON)));
        self.page(target, seen, Stage::Choosing(&times, later), refusal).await
    }

    async fn act(&self, target: Target, action: VisitAction, wish: &Wish) -> Result<Option<Answer>, Error> {
        let Target { id, patient } = target;
        // Before anything is done that could not be told of.
        if self.voice(patient).await?.is_none() {
            return Ok(None);
        }
        let change = async |to| self.neighbours.change_linked_visit(id, patient, to, wish.version).await;
        let done = match (action, wish.start) {
            (VisitAction::Confirm, _) => change(AppointmentStatus::Confirmed).await,
            (VisitAction::Arrive, _) => change(AppointmentStatus::Arrived).await,
            (VisitAction::Cancel, _) => change(AppointmentStatus::Cancelled).await,
            (VisitAction::Move, Some(start)) => {
                self.neighbours.move_linked_visit(id, patient, start, wish.version).await
            }
            (VisitAction::Move, None) => Err(Unanswered::Refused(Refusal::NothingChosen)),
        };
        let refusal = match done {
            // It had come to that already, and to something else besides, which whoever pressed the button has not seen.
            Ok(seen) if seen.visit.version > wish.version + 1 => {
                return self.page(target, &seen, Stage::Look, Some(Refusal::Changed)).await;
            }
            Ok(seen) => return self.page(target, &seen, Stage::Done(action), None).await,
            Err(Unanswered::Refused(refusal)) => refusal,
            Err(Unanswered::Failed(failure)) => return Err(Error::Neighbour(failure)),
        };
        let Some(seen) = self.seen(target).await? else { return Ok(None) };
        // Whoever presses a button twice has moved the visit the first time.
        if action == VisitAction::Move && wish.start == Some(seen.visit.starts_at.timestamp()) {
            return self.page(target, &seen, Stage::Done(action), None).await;
        }
        match refusal {
            Refusal::Taken | Refusal::NothingChosen if seen.may.contains(&VisitAction::Move) => {
                self.before(target, &seen, VisitAction::Move, None, Some(refusal)).await
            }
            refusal => self.page(target, &seen, Stage::Look, Some(refusal)).await,
        }
    }

    async fn subscribe(
        &self,
        patient: PatientId,
        category: Category,
        channel: Channel,
        wanted: bool,
    ) -> Result<Option<Answer>, Error> {
        let Some(voice) = self.voice(patient).await? else { return Ok(None) };
        self.choosing.subscribe(patient, category, channel, wanted).await?;
        Ok(Some(Answer { page: subscription(&voice, category, Some(!wanted)), outcome: Outcome::Done }))
    }

    async fn page(
        &self,
        target: Target,
        seen: &Seen,
        stage: Stage<'_>,
        refusal: Option<Refusal>,
    ) -> Result<Option<Answer>, Error> {
        let (voice, doctor) =
            tokio::join!(self.voice(target.patient), self.neighbours.doctor(seen.visit.doctor_id));
        let Some(voice) = voice? else { return Ok(None) };
        // Without the name, while doctor-svc is away.
        let doctor = doctor.ok().flatten();
        let now = self.clock.now();
        let sight = Sight {
            visit: &seen.visit,
            doctor: doctor.as_ref().map(|doctor| doctor.name.as_str()),
            may: &seen.may,
            is_late: seen.late_after.is_some_and(|late| now > late),
        };
        let outcome = match (stage, refusal) {
            (_, Some(_)) => Outcome::Refused,
            (Stage::Done(_), None) => Outcome::Done,
            (Stage::Look | Stage::Before(_) | Stage::Choosing(..), None) => Outcome::Shown,
        };
        Ok(Some(Answer { page: visit_page(&voice, &sight, stage, refusal), outcome }))
    }

    /// How to speak to `patient`; none when they are gone.
    async fn voice(&self, patient: PatientId) -> Result<Option<Voice>, Error> {
        match self.neighbours.patient(patient).await.map_err(Error::Neighbour)? {
            Some(contact) => Ok(Some(self.phrasebook.voice(&contact.languages).await?)),
            None => Ok(None),
        }
    }
}

/// Why the patient cannot take `action`; none when it has come to that already.
fn why_not(seen: &Seen, action: VisitAction) -> Option<Refusal> {
    let status = seen.visit.status;
    match (action, status) {
        (VisitAction::Confirm, VisitStatus::Confirmed)
        | (VisitAction::Arrive, VisitStatus::Arrived | VisitStatus::CheckedIn)
        | (VisitAction::Cancel, VisitStatus::Cancelled) => None,
        // Only a policy, or the hour, stands in the way.
        (VisitAction::Move | VisitAction::Cancel, VisitStatus::Scheduled | VisitStatus::Confirmed) => {
            Some(Refusal::TooLate)
        }
        _ => Some(Refusal::Impossible),
    }
}

/// The times of the first dates that have some, and the date after them; of the date after all that were searched, when
/// none has.
fn first_days(times: impl Iterator<Item = Zoned>, from: Date) -> (Vec<Zoned>, Date) {
    let mut shown: Vec<Zoned> = Vec::new();
    let mut dates = 0;
    for time in times {
        if shown.last().is_none_or(|last| last.date() != time.date()) {
            if dates == SHOWN {
                break;
            }
            dates += 1;
        }
        shown.push(time);
    }
    let later = match shown.last() {
        Some(last) if dates == SHOWN => last.date().saturating_add(Span::new().days(1)),
        _ => from.saturating_add(Span::new().days(SEARCHED)),
    };
    (shown, later)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_days_with_free_times_are_shown_and_the_rest_is_later() {
        let from: Date = "2030-01-07".parse().unwrap();
        let day = |days: i64| from.saturating_add(Span::new().days(days));
        let at = |date: Date, hour| date.at(hour, 0, 0, 0).in_tz("Europe/Berlin").unwrap();
        let all: Vec<Zoned> = (0..7).flat_map(|days| [at(day(2 * days), 9), at(day(2 * days), 10)]).collect();
        let (shown, later) = first_days(all.clone().into_iter(), from);
        assert_eq!((shown.as_slice(), later), (&all[..10], day(9)));
        let (shown, later) = first_days(all[..4].iter().cloned(), from);
        assert_eq!((shown.len(), later), (4, day(31)));
        assert_eq!(first_days(std::iter::empty(), from), (Vec::new(), day(31)));
    }
}
