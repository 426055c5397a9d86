//! Visits of one patient to one doctor that recur at one civil time, and where they find a place.
use super::appointment::{Appointment, Hidden, actor};
use super::clinic::Clinic;
use super::commands::When;
use super::diary::{Diary, Reader, Taken};
use super::interval::Interval;
use super::local;
use super::recurrence::{NoDates, Recurrence};
use super::rules::Rules;
use super::schedule::Schedule;
use super::slots::{Placement, Refusal, Wish};
use super::status::Actor;
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use platform::caller::User;
use platform::violations::Violations;
use proto::ids::{AppointmentId, DoctorId, PatientId, SeriesId, VisitTypeId};
use std::collections::HashSet;
use std::sync::Arc;

pub mod commands; // what callers ask for

/// Time on both sides of an occurrence in which another is looked for.
const NEARBY: SignedDuration = SignedDuration::from_hours(24 * 3);

#[derive(Clone, Debug)]
pub struct Series {
    pub id: SeriesId,
    pub patient_id: PatientId,
    pub doctor_id: DoctorId,
    /// None when it was booked without one.
    pub visit_type_id: Option<VisitTypeId>,
    /// As it was booked.
    pub rule: Recurrence,
    /// The civil start of the first visit as it was booked.
    pub start: DateTime,
    /// The zone of the place.
    pub zone: TimeZone,
    /// Of each visit, in minutes.
    pub duration: u32,
    /// From this occurrence on it was cancelled.
    pub ended_from: Option<DateTime>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What becomes of the others when one visit finds no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    AllOrNothing,
    SkipConflicts,
}

/// Which visits of a series a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    All,
    /// This one and those after it.
    Following(AppointmentId),
}

/// How visits of a series are moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift {
    /// The civil time of day from then on.
    pub time: Option<Time>,
    pub days: i32,
}

/// A visit that wants a place.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub appointment: AppointmentId,
    pub local: DateTime,
    pub wish: Wish,
}

/// One time of a series, and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// The visit; none when there is none.
    pub appointment: Option<AppointmentId>,
    pub local: DateTime,
    pub outcome: Result<(Interval, Placement), Obstacle>,
    /// The nearest start that can be booked instead.
    pub nearest: Option<Timestamp>,
}

/// Why a visit of a series finds no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The clock jumps over it.
    Nonexistent,
    Refused(Interval, Refusal),
    /// The patient may not move the visit any more.
    Policy,
}

impl Wanted {
    /// The occurrence of a visit that its patient may not move any more.
    pub fn withheld(&self) -> Occurrence {
        let outcome = Err(Obstacle::Policy);
        Occurrence { appointment: Some(self.appointment), local: self.local, outcome, nearest: None }
    }
}

impl Series {
    /// As whom `user` acts on this series.
    pub fn actor(&self, user: &User) -> Result<Actor, Hidden> {
        actor(user, self.patient_id, self.doctor_id)
    }
}

impl Shift {
    /// Where a visit goes that is at `at`; none beyond the end of time.
    pub fn of(self, at: DateTime) -> Option<DateTime> {
        let date = at.date().checked_add(self.days.days()).ok()?;
        Some(date.to_datetime(self.time.unwrap_or(at.time())))
    }
}

impl Scope {
    /// The visits that belong to the scope; none when the visit that is named is not one of `visits`.
    pub fn of(self, visits: Vec<Appointment>) -> Option<Vec<Appointment>> {
        let occurrence = |visit: &Appointment| visit.series.map(|series| series.occurrence);
        let first = match self {
            Self::All => None,
            Self::Following(id) => Some(occurrence(visits.iter().find(|visit| visit.id == id)?)),
        };
        Some(
            visits.into_iter().filter(|visit| first.is_none_or(|first| first <= occurrence(visit))).collect(),
        )
    }
}

/// The zone in which a series that begins with `start` keeps its civil time, and that of its start.
///
/// The start is meant in the doctor's zone; the visits take place in that of the place.
pub fn anchored(schedule: Schedule<'_>, start: When, duration: SignedDuration) -> (TimeZone, DateTime) {
    let own = &schedule.rules.zone;
    let at = match start {
        When::Instant(at) => at,
        When::Local(local) => match local::typed(own, local) {
            Ok(at) => at,
            // No visit will be there; the others are counted from it all the same.
            Err(_) => return (own.clone(), local),
        },
    };
    let place = schedule.place_of(Interval { start: at, end: at + duration });
    let zone = schedule.zone(place.and_then(|open| open.location)).clone();
    let local = zone.to_datetime(at);
    (zone, local)
}

/// The civil starts of a series by `rule` that begins at `start`.
pub fn starts(rule: &Recurrence, start: DateTime) -> Result<Vec<DateTime>, Violations> {
    if start.minute() % 5 != 0 || start.second() != 0 || start.subsec_nanosecond() != 0 {
        return Err(Violations::of("start_time", "must be on a multiple of 5 minutes"));
    }
    let dates = rule.dates(start.date()).map_err(|wrong| match wrong {
        NoDates::Start => Violations::of("start_time", "must be on a date of the rule"),
        NoDates::Rule(bad) => Violations::of("rrule", bad),
    })?;
    Ok(dates.into_iter().map(|date| date.to_datetime(start.time())).collect())
}

/// The time in which all of `wanted` lie.
pub fn span(zone: &TimeZone, wanted: &[Wanted]) -> Option<Interval> {
    let at = |wanted: &Wanted| local::boundary(zone, wanted.local);
    let start = wanted.iter().filter_map(at).min()?;
    let end = wanted.iter().filter_map(|wanted| Some(at(wanted)? + wanted.wish.timing.duration())).max()?;
    Some(Interval { start, end })
}

/// Finds a place for each of `wanted`, in order, and takes it: those before count as booked.
pub fn place_all(diary: &mut Diary, zone: &TimeZone, wanted: &[Wanted]) -> Vec<Occurrence> {
    let place = |wanted: &Wanted| {
        let Wanted { appointment, local, wish } = *wanted;
        let outcome = place(diary, zone, local, wish);
        if let Ok((visit, place)) = &outcome {
            diary.take(appointment, *visit, place);
        }
        Occurrence { appointment: Some(appointment), local, outcome, nearest: None }
    };
    wanted.iter().map(place).collect()
}

fn place(
    diary: &Diary,
    zone: &TimeZone,
    at: DateTime,
    wish: Wish,
) -> Result<(Interval, Placement), Obstacle> {
    let start = local::typed(zone, at).map_err(|_| Obstacle::Nonexistent)?;
    let visit = Interval { start, end: start + wish.timing.duration() };
    let place = diary.situation(wish).place(visit);
    place.map(|place| (visit, place)).map_err(|refusal| Obstacle::Refused(visit, refusal))
}

/// A doctor, a patient, and all that is taken before visits of a series are moved.
pub struct Present<'p> {
    pub rules: &'p Rules,
    pub clinic: &'p Arc<Clinic>,
    pub taken: &'p [Taken],
    pub reader: Reader,
    pub now: Timestamp,
}

impl Present<'_> {
    /// Finds a place for each of `wanted`, which leave theirs. With [`Mode::SkipConflicts`], whoever finds none stays,
    /// and stands in the way of the others.
    pub fn move_all(&self, zone: &TimeZone, wanted: &[Wanted], mode: Mode) -> (Vec<Occurrence>, Diary) {
        let mut staying: Vec<Occurrence> = Vec::new();
        loop {
            let is_staying = |id: AppointmentId| staying.iter().any(|stuck| stuck.appointment == Some(id));
            let moving: Vec<Wanted> =
                wanted.iter().filter(|wanted| !is_staying(wanted.appointment)).copied().collect();
            let left: HashSet<AppointmentId> = moving.iter().map(|wanted| wanted.appointment).collect();
            let in_the_way: Vec<Taken> =
                self.taken.iter().filter(|taken| !left.contains(&taken.appointment)).copied().collect();
            let mut diary =
                Diary::new(self.rules.clone(), self.clinic.clone(), &in_the_way, self.reader, self.now);
            let placed = place_all(&mut diary, zone, &moving);
            let stuck: Vec<Occurrence> =
                placed.iter().filter(|occurrence| occurrence.outcome.is_err()).copied().collect();
            if mode == Mode::AllOrNothing || stuck.is_empty() {
                let mut all = [staying, placed].concat();
                all.sort_by_key(|occurrence| occurrence.local);
                return (all, diary);
            }
            staying.extend(stuck);
        }
    }
}

/// Adds to each that found no place the nearest start that is free beside all that did.
pub fn suggest(diary: &Diary, zone: &TimeZone, wanted: &[Wanted], occurrences: &mut [Occurrence]) {
    for occurrence in occurrences.iter_mut().filter(|occurrence| occurrence.outcome.is_err()) {
        let wish = wanted.iter().find(|wanted| Some(wanted.appointment) == occurrence.appointment);
        let at = local::boundary(zone, occurrence.local);
        let (Some(Wanted { wish, .. }), Some(at)) = (wish, at) else { continue };
        let free = diary.situation(*wish).free(Interval { start: at - NEARBY, end: at + NEARBY });
        let starts = free.into_iter().map(|slot| slot.visit.start);
        occurrence.nearest = starts.min_by_key(|start| start.duration_since(at).abs());
    }
}

#[cfg(test)]
mod tests;
