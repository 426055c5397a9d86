//! Weekly hours: civil times on days of the week, in the doctor's zone.
use proto::ids::AvailabilityId;

/// A day of the week; Monday is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(i16);

/// A time of day, to the minute; midnight at the end of the day is one too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(u32);

/// Hours on one day: from `start` up to, not including, `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    day: Day,
    start: TimeOfDay,
    end: TimeOfDay,
}

/// A window on record; it offers nothing unless `is_available`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Availability {
    pub id: AvailabilityId,
    pub window: Window,
    pub is_available: bool,
}

/// What shall be different about an availability.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AvailabilityEdit {
    pub day: Option<Day>,
    pub start: Option<TimeOfDay>,
    pub end: Option<TimeOfDay>,
    pub is_available: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadWindow {
    #[error("must be 0 (Monday) to 6 (Sunday)")]
    Day,
    #[error("must be a whole minute of the day")]
    TimeOfDay,
    #[error("must be later than start_time")]
    Empty,
}

impl Day {
    pub fn number(self) -> i16 {
        self.0
    }
}

impl TryFrom<i32> for Day {
    type Error = BadWindow;

    fn try_from(number: i32) -> Result<Self, BadWindow> {
        i16::try_from(number).ok().filter(|day| (0..=6).contains(day)).map(Self).ok_or(BadWindow::Day)
    }
}

impl TimeOfDay {
    pub fn seconds(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for TimeOfDay {
    type Error = BadWindow;

    /// `seconds` since midnight.
    fn try_from(seconds: u32) -> Result<Self, BadWindow> {
        if seconds <= 24 * 3600 && seconds.is_multiple_of(60) {
            Ok(Self(seconds))
        } else {
            Err(BadWindow::TimeOfDay)
        }
    }
}

impl Window {
    pub fn new(day: Day, start: TimeOfDay, end: TimeOfDay) -> Result<Self, BadWindow> {
        if start < end { Ok(Self { day, start, end }) } else { Err(BadWindow::Empty) }
    }

    pub fn day(self) -> Day {
        self.day
    }

    pub fn start(self) -> TimeOfDay {
        self.start
    }

    pub fn end(self) -> TimeOfDay {
        self.end
    }

    /// Windows that only touch do not overlap.
    pub fn overlaps(self, other: Self) -> bool {
        self.day == other.day && self.start < other.end && other.start < self.end
    }

    fn contains(self, other: Self) -> bool {
        self.day == other.day && self.start <= other.start && other.end <= self.end
    }
}

impl Availability {
    pub fn new(window: Window, is_available: bool) -> Self {
        Self { id: AvailabilityId::random(), window, is_available }
    }

    pub fn edited(self, edit: AvailabilityEdit) -> Result<Self, BadWindow> {
        let AvailabilityEdit { day, start, end, is_available } = edit;
        let Window { day: old_day, start: old_start, end: old_end } = self.window;
        let window = Window::new(day.unwrap_or(old_day), start.unwrap_or(old_start), end.unwrap_or(old_end))?;
        Ok(Self { window, is_available: is_available.unwrap_or(self.is_available), ..self })
    }
}

/// Whether every minute of `wanted` is one of `offered`. Windows that touch count as one.
pub fn covers(offered: &[Window], wanted: &[Window]) -> bool {
    let offered = merged(offered);
    wanted.iter().all(|wanted| offered.iter().any(|offered| offered.contains(*wanted)))
}

fn merged(windows: &[Window]) -> Vec<Window> {
    let mut windows = windows.to_vec();
    windows.sort_unstable();
    let mut merged: Vec<Window> = Vec::with_capacity(windows.len());
    for window in windows {
        match merged.last_mut() {
            Some(last) if last.day == window.day && window.start <= last.end => {
                last.end = last.end.max(window.end);
            }
            _ => merged.push(window),
        }
    }
    merged
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    /// A window from `start` to `end`, in hours.
    pub(crate) fn window(day: i32, start: u32, end: u32) -> Window {
        let hour = |hour: u32| TimeOfDay::try_from(hour * 3600).unwrap();
        Window::new(Day::try_from(day).unwrap(), hour(start), hour(end)).unwrap()
    }

    #[test]
    fn a_week_has_seven_days_and_a_day_ends_at_midnight() {
        assert_eq!(Day::try_from(-1), Err(BadWindow::Day));
        assert_eq!(Day::try_from(7), Err(BadWindow::Day));
        assert_eq!(Day::try_from(i32::MAX), Err(BadWindow::Day));
        assert_eq!(TimeOfDay::try_from(86_400).map(TimeOfDay::seconds), Ok(86_400));
        assert_eq!(TimeOfDay::try_from(86_460), Err(BadWindow::TimeOfDay));
        assert_eq!(TimeOfDay::try_from(30), Err(BadWindow::TimeOfDay));
    }

    #[test]
    fn a_window_ends_after_it_starts() {
        let nine = TimeOfDay::try_from(9 * 3600).unwrap();
        assert_eq!(Window::new(Day(0), nine, nine), Err(BadWindow::Empty));
    }

    #[test]
    fn touching_is_not_overlapping() {
        assert!(!window(0, 9, 12).overlaps(window(0, 12, 15)));
        assert!(!window(0, 9, 12).overlaps(window(1, 9, 12)));
        assert!(window(0, 9, 12).overlaps(window(0, 11, 15)));
        assert!(window(0, 9, 12).overlaps(window(0, 10, 11)));
    }

    #[test]
    fn two_windows_that_touch_cover_one_across_them() {
        assert!(covers(&[window(0, 12, 15), window(0, 9, 12)], &[window(0, 10, 14)]));
        assert!(!covers(&[window(0, 13, 15), window(0, 9, 12)], &[window(0, 10, 14)]));
        assert!(covers(&[], &[]));
    }

    proptest! {
        #[test]
        fn covering_is_about_every_hour(offered in windows(), wanted in windows()) {
            let hours = |windows: &[Window]| -> HashSet<(i16, u32)> {
                let hours = |w: &Window| (w.start.0 / 3600..w.end.0 / 3600).map(|hour| (w.day.0, hour)).collect::<Vec<_>>();
                windows.iter().flat_map(hours).collect()
            };
            prop_assert_eq!(covers(&offered, &wanted), hours(&wanted).is_subset(&hours(&offered)));
        }

        #[test]
        fn overlapping_is_mutual(a in one_window(), b in one_window()) {
            prop_assert_eq!(a.overlaps(b), b.overlaps(a));
        }
    }

    fn one_window() -> impl Strategy<Value = Window> {
        (0..2, 0u32..8)
            .prop_flat_map(|(day, start)| (start + 1..=8).prop_map(move |end| window(day, start, end)))
    }

    fn windows() -> impl Strategy<Value = Vec<Window>> {
        proptest::collection::vec(one_window(), 0..6)
    }
}
