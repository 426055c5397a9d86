//! What a doctor offers: weekly windows, dates with other hours, time away.
use super::interval::Interval;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use proto::ids::{DoctorId, LocationId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything about a doctor that decides when they can be booked.
#[derive(Clone, Debug)]
pub struct Rules {
    pub doctor_id: DoctorId,
    /// Larger for every later state.
    pub version: i64,
    /// False when the doctor is no longer here.
    pub is_active: bool,
    /// Of hours without a location.
    pub zone: TimeZone,
    /// Length of a visit when the booking names none, and the grid of slots then.
    pub slot_minutes: i32,
    pub windows: Vec<Window>,
    pub extras: Extras,
}

/// What a doctor's rules have beside the weekly windows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Extras {
    /// Instead of the weekly windows; closed when empty.
    pub overrides: BTreeMap<Date, Vec<Hours>>,
    pub absences: Vec<Interval>,
    /// Most visits that start on one date in the doctor's zone.
    pub max_daily_visits: Option<u32>,
    pub specialization: String,
    /// BCP 47.
    pub languages: Vec<String>,
}

/// Hours of one date, as seconds since its civil midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    pub start: u32,
    /// On the next day when beyond 86,400.
    pub end: u32,
    /// Where; in the doctor's own zone when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationId>,
}

/// Hours of one day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub weekday: Weekday,
    pub hours: Hours,
    /// The first date that it holds on.
    pub valid_from: Option<Date>,
    /// The last date that it holds on.
    pub valid_until: Option<Date>,
}

impl Window {
    pub fn holds_on(&self, date: Date) -> bool {
        self.weekday == date.weekday()
            && self.valid_from.is_none_or(|from| from <= date)
            && self.valid_until.is_none_or(|until| date <= until)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const WEEK: [Weekday; 7] = [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ];

    pub(crate) fn hours(start_hour: u32, end_hour: u32) -> Hours {
        Hours { start: start_hour * 3600, end: end_hour * 3600, location: None }
    }

    pub(crate) fn every_day(zone: &str, start_hour: u32, end_hour: u32) -> Rules {
        let hours = hours(start_hour, end_hour);
        let window = |weekday| Window { weekday, hours, valid_from: None, valid_until: None };
        Rules {
            doctor_id: DoctorId::random(),
            version: 1,
            is_active: true,
            zone: TimeZone::get(zone).unwrap(),
            slot_minutes: 30,
            windows: WEEK.into_iter().map(window).collect(),
            extras: Extras::default(),
        }
    }

    #[test]
    fn a_window_holds_on_its_dates_only() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        let window = Window {
            weekday: Weekday::Monday,
            hours: hours(9, 17),
            valid_from: Some(date("2026-06-01")),
            valid_until: Some(date("2026-06-08")),
        };
        let on = ["2026-05-25", "2026-06-01", "2026-06-02", "2026-06-08", "2026-06-15"].map(date);
        assert_eq!(on.map(|date| window.holds_on(date)), [false, true, false, true, false]);
    }
}
