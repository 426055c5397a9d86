//! Times that can be booked: what the rules offer, less what is taken.
use super::interval::Interval;
use super::local;
use super::rules::Rules;
use jiff::civil::Date;
use jiff::{SignedDuration, Span, Timestamp};

/// Most civil dates that one question may cover.
pub const MAX_DAYS: i32 = 62;
/// Visits start within this many days from now.
pub const HORIZON_DAYS: i64 = 730;
/// Visits last between these, in minutes.
pub const DURATION_MINUTES: std::ops::RangeInclusive<i64> = 5..=480;

/// Starts of visits lie on this grid of real time.
pub const START_GRID_SECONDS: i64 = 300;

/// A question for free times.
#[derive(Clone, Copy, Debug)]
pub struct Search {
    /// The first civil date, in the zone of the clinic.
    pub from: Date,
    /// How many dates, up to [`MAX_DAYS`].
    pub days: i32,
    pub duration: SignedDuration,
}

impl Search {
    /// The instants between which slots may start.
    pub fn span(&self, rules: &Rules) -> Option<Interval> {
        let midnight = |date| local::boundary(&rules.zone, local::on(date, 0)?);
        let until = self.from.checked_add(Span::new().days(self.days)).ok()?;
        Some(Interval { start: midnight(self.from)?, end: midnight(until)? })
    }
}

/// The free times that `search` asks for, earliest first; `busy` is sorted by start.
///
/// Candidates lie on a grid of real minutes from each opening, so that a slot is where it is whatever else is
/// booked and whatever range is asked for.
pub fn free(rules: &Rules, search: &Search, busy: &[Interval], now: Timestamp) -> Vec<Interval> {
    let Some(span) = search.span(rules).filter(|_| rules.is_active) else { return Vec::new() };
    let step = SignedDuration::from_mins(i64::from(rules.slot_minutes));
    let earliest = span.start.max(now + SignedDuration::from_nanos(1));
    let latest = span.end.min(now + SignedDuration::from_hours(24 * HORIZON_DAYS));
    // The date before: where clocks go back over midnight, its windows reach into the range.
    let dates = search.from.yesterday().unwrap_or(search.from).series(Span::new().days(1));
    let dates = dates.take(usize::try_from(search.days).unwrap_or_default() + 1);

    let mut slots = Vec::new();
    for open in dates.flat_map(|date| rules.open_on(date)) {
        let mut start = on_grid(open.start);
        while start + search.duration <= open.end {
            let slot = Interval { start, end: start + search.duration };
            if earliest <= start && start < latest && is_free(slot, busy) {
                slots.push(slot);
            }
            start += step;
        }
    }
    slots.sort();
    slots.dedup();
    slots
}

/// The first instant from `opening` on at which a visit may start.
fn on_grid(opening: Timestamp) -> Timestamp {
    let into = opening.as_second().rem_euclid(START_GRID_SECONDS);
    if into == 0 { opening } else { opening + SignedDuration::from_secs(START_GRID_SECONDS - into) }
}

/// The three free times nearest to one that is taken, earliest first.
pub fn nearest(mut slots: Vec<Interval>, wanted: Timestamp) -> Vec<Interval> {
    slots.sort_by_key(|slot| slot.start.duration_since(wanted).abs());
    slots.truncate(3);
    slots.sort();
    slots
}

fn is_free(slot: Interval, busy: &[Interval]) -> bool {
    // Busy times of one doctor do not overlap, so they are sorted by end as well.
    let first = busy.partition_point(|busy| busy.end <= slot.start);
    busy.get(first).is_none_or(|busy| slot.end <= busy.start)
}

#[cfg(test)]
mod tests {
    use super::super::rules::tests::every_day;
    use super::*;

    const LONG_AGO: &str = "2020-01-01T00:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn search(from: &str, days: i32) -> Search {
        Search { from: from.parse().unwrap(), days, duration: SignedDuration::from_mins(30) }
    }

    fn starts(rules: &Rules, search: &Search, busy: &[Interval], now: &str) -> Vec<String> {
        free(rules, search, busy, at(now)).iter().map(|slot| slot.start.to_string()).collect()
    }

    #[test]
    fn a_booked_slot_is_gone_and_its_neighbours_stay() {
        let rules = every_day("Europe/Berlin", 9, 11);
        let busy = [Interval { start: at("2026-06-01T07:30:00Z"), end: at("2026-06-01T08:00:00Z") }];
        let slots = starts(&rules, &search("2026-06-01", 1), &busy, "2026-05-01T00:00:00Z");
        assert_eq!(slots, ["2026-06-01T07:00:00Z", "2026-06-01T08:00:00Z", "2026-06-01T08:30:00Z"]);
    }

    #[test]
    fn a_visit_off_the_grid_takes_every_slot_it_touches() {
        let rules = every_day("UTC", 9, 11);
        let busy = [Interval { start: at("2026-06-01T09:15:00Z"), end: at("2026-06-01T09:45:00Z") }];
        let slots = starts(&rules, &search("2026-06-01", 1), &busy, "2026-05-01T00:00:00Z");
        assert_eq!(slots, ["2026-06-01T10:00:00Z", "2026-06-01T10:30:00Z"]);
    }

    #[test]
    fn hours_that_open_off_the_grid_offer_what_can_be_booked() {
        let mut rules = every_day("UTC", 9, 11);
        rules.windows.iter_mut().for_each(|window| window.start += 120);
        let slots = starts(&rules, &search("2026-06-01", 1), &[], "2026-05-01T00:00:00Z");
        assert_eq!(slots, ["2026-06-01T09:05:00Z", "2026-06-01T09:35:00Z", "2026-06-01T10:05:00Z"]);
    }

    #[test]
    fn what_has_begun_is_not_offered() {
        let rules = every_day("UTC", 9, 11);
        let slots = starts(&rules, &search("2026-06-01", 1), &[], "2026-06-01T10:00:00Z");
        assert_eq!(slots, ["2026-06-01T10:30:00Z"]);
    }

    #[test]
    fn the_day_the_clock_goes_back_has_its_hour_twice() {
        let rules = every_day("Europe/Berlin", 1, 4);
        assert_eq!(free(&rules, &search("2026-10-25", 1), &[], at("2026-10-01T00:00:00Z")).len(), 8);
        assert_eq!(free(&rules, &search("2026-03-29", 1), &[], at("2026-03-01T00:00:00Z")).len(), 4);
    }

    #[test]
    fn two_weeks_are_the_first_and_the_second_in_every_zone() {
        for zone in
            ["Europe/Berlin", "America/Santiago", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Kathmandu"]
        {
            let rules = every_day(zone, 0, 24);
            for from in ["2026-03-22", "2026-03-29", "2026-04-19", "2026-08-30", "2026-10-18", "2026-10-25"] {
                let first: Date = from.parse().unwrap();
                let second = first.checked_add(Span::new().days(7)).unwrap();
                let list = |from, days| {
                    free(
                        &rules,
                        &Search { from, days, ..search("2026-01-01", 1) },
                        &[],
                        at("2026-01-01T00:00:00Z"),
                    )
                };
                assert_eq!(list(first, 14), [list(first, 7), list(second, 7)].concat(), "{zone} {from}");
            }
        }
    }

    #[test]
    fn offered_times_never_overlap_and_lie_within_the_rules() {
        for zone in
            ["Europe/Berlin", "America/Santiago", "Africa/Cairo", "Antarctica/Troll", "Pacific/Chatham"]
        {
            let rules = every_day(zone, 0, 24);
            let slots =
                free(&rules, &search("2026-03-01", 62), &[], at(LONG_AGO).max(at("2026-01-01T00:00:00Z")));
            assert!(slots.windows(2).all(|pair| pair[0].end <= pair[1].start), "{zone}");
            assert!(slots.iter().all(|slot| rules.covers(*slot)), "{zone}");
        }
    }

    #[test]
    fn alternatives_are_the_nearest() {
        let rules = every_day("UTC", 9, 17);
        let slots = free(&rules, &search("2026-06-01", 1), &[], at("2026-05-01T00:00:00Z"));
        let slots = nearest(slots, at("2026-06-01T12:10:00Z"));
        let starts: Vec<_> = slots.iter().map(|slot| slot.start.to_string()).collect();
        assert_eq!(starts, ["2026-06-01T11:30:00Z", "2026-06-01T12:00:00Z", "2026-06-01T12:30:00Z"]);
    }
}
