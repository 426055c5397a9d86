//! When a doctor works: weekly windows in the zone of the clinic.
use super::interval::{Interval, merged};
use super::local;
use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use proto::ids::DoctorId;

/// Everything that decides when a doctor can be booked.
#[derive(Clone, Debug)]
pub struct Rules {
    pub doctor_id: DoctorId,
    /// Larger for every later state.
    pub version: i64,
    /// False when the doctor is no longer here.
    pub is_active: bool,
    pub zone: TimeZone,
    /// Length of a visit when the booking names none, and the grid of slots.
    pub slot_minutes: i32,
    pub windows: Vec<Window>,
}

/// Weekly hours on one day, as seconds since the civil midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub weekday: Weekday,
    pub start: u32,
    pub end: u32,
}

impl Rules {
    /// The IANA name of the zone.
    pub fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// The working time of one civil date, as instants.
    pub fn open_on(&self, date: Date) -> Vec<Interval> {
        let today = self.windows.iter().filter(|window| window.weekday == date.weekday());
        let instants = today.filter_map(|window| {
            let start = local::boundary(&self.zone, local::on(date, window.start)?)?;
            let end = local::boundary(&self.zone, local::on(date, window.end)?)?;
            Some(Interval { start, end })
        });
        merged(instants.collect())
    }

    /// Whether the doctor works during the whole of `visit`.
    pub fn covers(&self, visit: Interval) -> bool {
        let date = |at: Timestamp| self.zone.to_datetime(at).date();
        // A day more on both sides: where clocks change at midnight, a date's window may reach over it.
        let first = date(visit.start).yesterday();
        let last = date(visit.end).tomorrow();
        let (Ok(first), Ok(last)) = (first, last) else { return false };
        let dates = first.series(jiff::Span::new().days(1)).take_while(|date| *date <= last);
        let open = merged(dates.flat_map(|date| self.open_on(date)).collect());
        self.is_active && open.iter().any(|open| open.contains(visit))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn every_day(zone: &str, start_hour: u32, end_hour: u32) -> Rules {
        let days = [
            Weekday::Monday,
            Weekday::Tuesday,
            Weekday::Wednesday,
            Weekday::Thursday,
            Weekday::Friday,
            Weekday::Saturday,
            Weekday::Sunday,
        ];
        let window = |weekday| Window { weekday, start: start_hour * 3600, end: end_hour * 3600 };
        Rules {
            doctor_id: DoctorId::random(),
            version: 1,
            is_active: true,
            zone: TimeZone::get(zone).unwrap(),
            slot_minutes: 30,
            windows: days.into_iter().map(window).collect(),
        }
    }

    fn hours(rules: &Rules, date: &str) -> i64 {
        let open = rules.open_on(date.parse().unwrap());
        open.iter().map(|open| open.duration().as_hours()).sum()
    }

    fn visit(start: &str, end: &str) -> Interval {
        Interval { start: start.parse().unwrap(), end: end.parse().unwrap() }
    }

    #[test]
    fn a_window_lasts_as_long_as_the_clock_really_ran() {
        let night = every_day("Europe/Berlin", 1, 4);
        assert_eq!(hours(&night, "2026-03-28"), 3);
        assert_eq!(hours(&night, "2026-03-29"), 2);
        assert_eq!(hours(&night, "2026-10-25"), 4);
    }

    #[test]
    fn a_window_in_the_hour_that_does_not_exist_is_empty() {
        let lost = every_day("Europe/Berlin", 2, 3);
        assert_eq!(lost.open_on("2026-03-29".parse().unwrap()), []);
    }

    #[test]
    fn a_visit_may_cross_midnight_where_the_windows_touch() {
        let always = every_day("Europe/Berlin", 0, 24);
        assert!(always.covers(visit("2026-06-01T21:45:00Z", "2026-06-01T22:15:00Z")));
        let day = every_day("Europe/Berlin", 9, 17);
        assert!(day.covers(visit("2026-06-01T07:00:00Z", "2026-06-01T15:00:00Z")));
        assert!(!day.covers(visit("2026-06-01T06:59:00Z", "2026-06-01T07:30:00Z")));
        assert!(!day.covers(visit("2026-06-01T14:45:00Z", "2026-06-01T15:15:00Z")));
    }

    #[test]
    fn a_doctor_who_left_works_at_no_time() {
        let left = Rules { is_active: false, ..every_day("UTC", 0, 24) };
        assert!(!left.covers(visit("2026-06-01T12:00:00Z", "2026-06-01T12:30:00Z")));
    }
}
