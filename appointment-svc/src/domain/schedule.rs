//! When a doctor works: the rules of doctor and clinic as instants.
use super::clinic::Clinic;
use super::interval::{Interval, merged, without};
use super::local;
use super::rules::{Extras, Hours, Rules};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use proto::ids::LocationId;

/// A doctor of a clinic.
#[derive(Clone, Copy, Debug)]
pub struct Schedule<'r> {
    pub rules: &'r Rules,
    pub clinic: &'r Clinic,
}

/// Working time at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Open {
    pub time: Interval,
    pub location: Option<LocationId>,
}

/// Why a doctor does not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// No hours then.
    Hours,
    TimeOff,
    Holiday,
}

impl<'r> Schedule<'r> {
    /// The zone of what is at `location`.
    pub fn zone(&self, location: Option<LocationId>) -> &'r TimeZone {
        let place = location.and_then(|id| self.clinic.locations.get(&id));
        place.map_or(&self.rules.zone, |place| &place.zone)
    }

    /// The working time that begins on `date`, a civil date of each place, in order. What touches is one.
    pub fn open_on(&self, date: Date) -> Vec<Open> {
        if !self.rules.is_active {
            return Vec::new();
        }
        if let Some(hours) = self.rules.extras.overrides.get(&date) {
            return self.opened(date, hours);
        }
        let held = self.rules.windows.iter().filter(|window| window.holds_on(date));
        let hours = held.map(|window| window.hours);
        let hours: Vec<Hours> = hours.filter(|hours| !self.clinic.is_closed(date, hours.location)).collect();
        self.opened(date, &hours)
    }

    /// The working time of dates around `span`, in order. What touches is one, over midnight too.
    pub fn open_around(&self, span: Interval) -> Vec<Open> {
        let mut open: Vec<Open> = self.dates_around(span).flat_map(|date| self.open_on(date)).collect();
        join(&mut open);
        open
    }

    /// The civil dates that `span` touches, in the doctor's zone.
    pub fn whole_dates(&self, span: Interval) -> Interval {
        let (first, last) = (self.date_of(span.start), self.date_of(span.end));
        let days = first.until(last).map_or(1, |days| days.get_days() + 1);
        self.span(first, days).unwrap_or(span)
    }

    /// The working time within `span` that there was not `before`, earliest first.
    pub fn gained(&self, before: Option<Schedule<'_>>, span: Interval) -> Vec<Interval> {
        let open = |schedule: &Schedule<'_>| {
            merged(schedule.open_around(span).into_iter().map(|open| open.time).collect())
        };
        let was_open = before.as_ref().map(open).unwrap_or_default();
        let gained = open(self).into_iter().flat_map(|time| without(time, &was_open));
        gained.filter(|time| time.overlaps(span)).collect()
    }

    /// Where the doctor works during the whole of `visit`; none when they do not.
    pub fn place_of(&self, visit: Interval) -> Option<Open> {
        self.open_around(visit).into_iter().find(|open| open.time.contains(visit))
    }

    /// Whether the doctor works during the whole of `visit`.
    pub fn covers(&self, visit: Interval) -> bool {
        self.place_of(visit).is_some()
    }

    /// Why the doctor does not work during the whole of `visit`.
    pub fn closed_for(&self, visit: Interval) -> Closed {
        if self.rules.extras.absences.iter().any(|absence| absence.overlaps(visit)) {
            return Closed::TimeOff;
        }
        let rules = Rules { extras: Extras::default(), ..self.rules.clone() };
        let clinic = Clinic { holidays: Vec::new(), ..self.clinic.clone() };
        let without_holidays = Schedule { rules: &rules, clinic: &clinic };
        let is_overridden = self.rules.extras.overrides.contains_key(&self.date_of(visit.start));
        if !is_overridden && without_holidays.covers(visit) { Closed::Holiday } else { Closed::Hours }
    }

    /// The civil date of `at` in the doctor's zone.
    pub fn date_of(&self, at: Timestamp) -> Date {
        self.rules.zone.to_datetime(at).date()
    }

    /// The instants of `days` civil dates from `date` in the doctor's zone.
    pub fn span(&self, date: Date, days: i32) -> Option<Interval> {
        let midnight = |date| local::boundary(&self.rules.zone, local::on(date, 0)?);
        let until = date.checked_add(Span::new().days(days)).ok()?;
        Some(Interval { start: midnight(date)?, end: midnight(until)? })
    }

    /// Dates on which working time may begin that reaches into `span`: hours may pass midnight, clocks may change
    /// there, and places may lie in other zones.
    pub fn dates_around(&self, span: Interval) -> impl Iterator<Item = Date> + use<> {
        let (first, last) = (self.date_of(span.start), self.date_of(span.end));
        let reach = |date: Date, days| date.checked_add(Span::new().days(days)).unwrap_or(date);
        let (first, last) = (reach(first, -2), reach(last, 1));
        first.series(Span::new().days(1)).take_while(move |date| *date <= last)
    }

    fn opened(&self, date: Date, hours: &[Hours]) -> Vec<Open> {
        let instants = hours.iter().filter_map(|Hours { start, end, location }| {
            let zone = self.zone(*location);
            let start = local::boundary(zone, local::on(date, *start)?)?;
            let end = local::boundary(zone, local::on(date, *end)?)?;
            Some(Open { time: Interval { start, end }, location: *location })
        });
        let mut open: Vec<Open> = instants.collect();
        join(&mut open);
        let left = open.into_iter().flat_map(|Open { time, location }| {
            let left = without(time, &self.rules.extras.absences);
            left.into_iter().map(move |time| Open { time, location })
        });
        left.collect()
    }
}

/// Puts in order, and makes one of what touches or overlaps at one place.
fn join(open: &mut Vec<Open>) {
    let mut places: Vec<Option<LocationId>> = open.iter().map(|open| open.location).collect();
    places.sort();
    places.dedup();
    let at = |location| {
        let times = open.iter().filter(|open| open.location == location).map(|open| open.time).collect();
        merged(times).into_iter().map(move |time| Open { time, location }).collect::<Vec<_>>()
    };
    let mut joined: Vec<Open> = places.into_iter().flat_map(at).collect();
    joined.sort();
    *open = joined;
}

#[cfg(test)]
mod tests {
    use super::super::clinic::{Holiday, Location};
    use super::super::rules::tests::{every_day, hours};
    use super::*;
    use std::collections::HashMap;

    fn visit(start: &str, end: &str) -> Interval {
        Interval { start: start.parse().unwrap(), end: end.parse().unwrap() }
    }

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    /// Hours of real time in which `rules` are open on `on`.
    fn open_hours(rules: &Rules, on: &str) -> i64 {
        let schedule = Schedule { rules, clinic: &Clinic::default() };
        schedule.open_on(date(on)).iter().map(|open| open.time.duration().as_hours()).sum()
    }

    fn covers(rules: &Rules, start: &str, end: &str) -> bool {
        Schedule { rules, clinic: &Clinic::default() }.covers(visit(start, end))
    }

    #[test]
    fn a_window_lasts_as_long_as_the_clock_really_ran() {
        let night = every_day("Europe/Berlin", 1, 4);
        assert_eq!(open_hours(&night, "2026-03-28"), 3);
        assert_eq!(open_hours(&night, "2026-03-29"), 2);
        assert_eq!(open_hours(&night, "2026-10-25"), 4);
    }

    #[test]
    fn a_window_in_the_hour_that_does_not_exist_is_empty() {
        assert_eq!(open_hours(&every_day("Europe/Berlin", 2, 3), "2026-03-29"), 0);
    }

    #[test]
    fn a_window_past_midnight_belongs_to_the_day_it_opens_on() {
        let night = every_day("Europe/Berlin", 22, 30);
        assert_eq!(open_hours(&night, "2026-06-01"), 8);
        assert!(covers(&night, "2026-06-01T23:00:00Z", "2026-06-02T04:00:00Z"));
        assert!(!covers(&night, "2026-06-02T03:30:00Z", "2026-06-02T04:30:00Z"));
        // One real hour less in the night in which the clock jumps.
        assert_eq!(open_hours(&night, "2026-03-28"), 7);
    }

    #[test]
    fn a_visit_may_cross_midnight_where_the_windows_touch() {
        let always = every_day("Europe/Berlin", 0, 24);
        assert!(covers(&always, "2026-06-01T21:45:00Z", "2026-06-01T22:15:00Z"));
        let day = every_day("Europe/Berlin", 9, 17);
        assert!(covers(&day, "2026-06-01T07:00:00Z", "2026-06-01T15:00:00Z"));
        assert!(!covers(&day, "2026-06-01T06:59:00Z", "2026-06-01T07:30:00Z"));
        assert!(!covers(&day, "2026-06-01T14:45:00Z", "2026-06-01T15:15:00Z"));
    }

    #[test]
    fn a_doctor_who_left_works_at_no_time() {
        let left = Rules { is_active: false, ..every_day("UTC", 0, 24) };
        assert!(!covers(&left, "2026-06-01T12:00:00Z", "2026-06-01T12:30:00Z"));
    }

    #[test]
    fn other_hours_replace_those_of_the_week_on_their_date() {
        let mut rules = every_day("UTC", 9, 17);
        rules.extras.overrides.insert(date("2026-06-01"), vec![hours(18, 20)]);
        rules.extras.overrides.insert(date("2026-06-02"), Vec::new());
        assert!(covers(&rules, "2026-06-01T18:00:00Z", "2026-06-01T20:00:00Z"));
        assert!(!covers(&rules, "2026-06-01T09:00:00Z", "2026-06-01T09:30:00Z"));
        assert_eq!(open_hours(&rules, "2026-06-02"), 0);
        assert_eq!(open_hours(&rules, "2026-06-03"), 8);
    }

    #[test]
    fn time_away_is_cut_out_of_the_hours() {
        let mut rules = every_day("UTC", 9, 17);
        rules.extras.absences = vec![visit("2026-06-01T12:00:00Z", "2026-06-02T10:00:00Z")];
        let schedule = Schedule { rules: &rules, clinic: &Clinic::default() };
        assert_eq!((open_hours(&rules, "2026-06-01"), open_hours(&rules, "2026-06-02")), (3, 7));
        let lost = visit("2026-06-01T13:00:00Z", "2026-06-01T13:30:00Z");
        assert_eq!(schedule.closed_for(lost), Closed::TimeOff);
        let night = visit("2026-06-01T03:00:00Z", "2026-06-01T03:30:00Z");
        assert_eq!(schedule.closed_for(night), Closed::Hours);
    }

    #[test]
    fn on_a_holiday_only_hours_for_that_very_date_hold() {
        let mut rules = every_day("UTC", 9, 17);
        let holiday = |text| Holiday { date: date(text), location: None };
        let clinic =
            Clinic { holidays: vec![holiday("2026-06-01"), holiday("2026-06-02")], ..Clinic::default() };
        rules.extras.overrides.insert(date("2026-06-02"), vec![hours(9, 10)]);
        let schedule = Schedule { rules: &rules, clinic: &clinic };
        assert_eq!(schedule.open_on(date("2026-06-01")), []);
        assert_eq!(schedule.open_on(date("2026-06-02")).len(), 1);
        let lost = visit("2026-06-01T13:00:00Z", "2026-06-01T13:30:00Z");
        assert_eq!(schedule.closed_for(lost), Closed::Holiday);
    }

    #[test]
    fn each_place_has_its_own_zone_and_days_off() {
        let lisbon = LocationId::random();
        let mut rules = every_day("Europe/Berlin", 9, 12);
        for window in &mut rules.windows {
            window.hours.location = Some(lisbon);
        }
        let place = Location { zone: TimeZone::get("Europe/Lisbon").unwrap(), rooms: Vec::new() };
        let away = Holiday { date: date("2026-06-02"), location: Some(lisbon) };
        let elsewhere = Holiday { date: date("2026-06-01"), location: Some(LocationId::random()) };
        let clinic = Clinic {
            locations: HashMap::from([(lisbon, place)]),
            holidays: vec![away, elsewhere],
            ..Clinic::default()
        };
        let schedule = Schedule { rules: &rules, clinic: &clinic };
        let open = schedule.open_on(date("2026-06-01"));
        assert_eq!(
            open,
            [Open { time: visit("2026-06-01T08:00:00Z", "2026-06-01T11:00:00Z"), location: Some(lisbon) }]
        );
        assert_eq!(schedule.open_on(date("2026-06-02")), []);
    }

    #[test]
    fn what_is_gained_was_not_open_before() {
        let clinic = Clinic::default();
        let short = every_day("UTC", 9, 12);
        let long = Rules { windows: every_day("UTC", 8, 13).windows, ..short.clone() };
        let (short, long) =
            (Schedule { rules: &short, clinic: &clinic }, Schedule { rules: &long, clinic: &clinic });
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let day = Interval { start: at("2026-06-01T00:00:00Z"), end: at("2026-06-02T00:00:00Z") };
        let gained: Vec<String> =
            long.gained(Some(short), day).iter().map(|time| time.start.to_string()).collect();
        assert_eq!(gained, ["2026-06-01T08:00:00Z", "2026-06-01T12:00:00Z"]);
        assert!(short.gained(Some(long), day).is_empty());
        assert_eq!(short.gained(None, day).len(), 1);
    }
}
