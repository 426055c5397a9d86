//! What is to be had on each date: for calendars that show a month.
use super::interval::Interval;
use super::schedule::{Closed, Schedule};
use super::slots::{Refusal, Rule, Situation};
use jiff::civil::Date;

/// One civil date of a doctor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    pub date: Date,
    pub state: DayState,
    pub free: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayState {
    Available,
    /// The doctor does not work then.
    NoAvailability,
    FullyBooked,
    /// What is free begins too soon.
    TooSoon,
    BeyondHorizon,
    TimeOff,
    Holiday,
    Past,
}

impl Situation<'_> {
    /// What is to be had on `date`, in the doctor's zone.
    pub fn day(&self, date: Date) -> Option<Day> {
        let span = self.schedule.span(date, 1)?;
        let free = self.free(span).len();
        let state = if free > 0 { DayState::Available } else { self.why_nothing(date, span) };
        Some(Day { date, state, free })
    }

    fn why_nothing(&self, date: Date, span: Interval) -> DayState {
        if span.end <= self.now {
            return DayState::Past;
        }
        let candidates = self.candidates(span);
        if candidates.is_empty() {
            return match closed(&self.schedule, date) {
                Closed::Hours => DayState::NoAvailability,
                Closed::TimeOff => DayState::TimeOff,
                Closed::Holiday => DayState::Holiday,
            };
        }
        let breaks = |rule| candidates.iter().all(|(visit, _)| self.check(rule, *visit).is_err());
        if breaks(Rule::Horizon) {
            return DayState::BeyondHorizon;
        }
        // What cannot be had for another reason is taken, however soon it begins.
        let rest = [Rule::DailyLimit, Rule::Free, Rule::Room, Rule::Patient];
        let too_soon = candidates.iter().any(|(visit, _)| {
            let keeps_the_rest = rest.into_iter().all(|rule| self.check(rule, *visit).is_ok());
            keeps_the_rest && matches!(self.check(Rule::Notice, *visit), Err(Refusal::TooSoon(_)))
        });
        if too_soon || breaks(Rule::Notice) { DayState::TooSoon } else { DayState::FullyBooked }
    }
}

/// Why the doctor has no time on `date`.
fn closed(schedule: &Schedule<'_>, date: Date) -> Closed {
    let extras = &schedule.rules.extras;
    let weekly = || schedule.rules.windows.iter().filter(|window| window.holds_on(date));
    let has_hours = match extras.overrides.get(&date) {
        Some(hours) => !hours.is_empty(),
        None if weekly().any(|window| !schedule.clinic.is_closed(date, window.hours.location)) => true,
        None if weekly().next().is_some() => return Closed::Holiday,
        None => false,
    };
    if has_hours && !extras.absences.is_empty() { Closed::TimeOff } else { Closed::Hours }
}

#[cfg(test)]
mod tests {
    use super::super::clinic::{Holiday, Timing};
    use super::super::rules::tests::every_day;
    use super::super::slots::tests::{World, at, between};
    use super::*;

    fn state(world: &World, date: &str) -> DayState {
        world.situation().day(date.parse().unwrap()).unwrap().state
    }

    #[test]
    fn every_date_without_free_times_says_why() {
        let timing = Timing { min_notice: 60, horizon_days: 30, ..Timing::plain(60, 60) };
        let mut world = World::typed(every_day("UTC", 9, 11), timing)
            .taken(&[between("2026-06-03T09:00:00Z", "2026-06-03T11:00:00Z")]);
        world.now = at("2026-06-01T09:30:00Z");
        world.rules.extras.absences = vec![between("2026-06-04T00:00:00Z", "2026-06-05T00:00:00Z")];
        world.rules.extras.overrides.insert("2026-06-06".parse().unwrap(), Vec::new());
        world.clinic.holidays = vec![Holiday { date: "2026-06-05".parse().unwrap(), location: None }];
        for (date, expected) in [
            ("2026-05-31", DayState::Past),
            ("2026-06-01", DayState::TooSoon),
            ("2026-06-02", DayState::Available),
            ("2026-06-03", DayState::FullyBooked),
            ("2026-06-04", DayState::TimeOff),
            ("2026-06-05", DayState::Holiday),
            ("2026-06-06", DayState::NoAvailability),
            ("2026-07-02", DayState::BeyondHorizon),
        ] {
            assert_eq!(state(&world, date), expected, "{date}");
        }
        assert_eq!(world.situation().day("2026-06-02".parse().unwrap()).unwrap().free, 2);
    }

    #[test]
    fn a_date_whose_free_times_are_all_over_is_too_soon() {
        let mut world = World::new(every_day("UTC", 9, 10));
        world.now = at("2026-06-01T12:00:00Z");
        assert_eq!(state(&world, "2026-06-01"), DayState::TooSoon);
    }
}
