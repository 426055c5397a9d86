//! Weekly hours: civil times on days of the week.
use super::hours::{self, BadHours, DAY, Hours, HoursAt, TimeOfDay};
use super::week::{BadValidity, Day, Validity};
use jiff::civil::Date;
use proto::ids::{AvailabilityId, LocationId};

/// Hours of a day of the week, on the dates of `validity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    pub day: Day,
    pub at: HoursAt,
    pub validity: Validity,
}

/// A window on record; it offers nothing unless `is_available`, and nothing in its breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Availability {
    pub id: AvailabilityId,
    pub window: Window,
    /// By start, within the hours, without touching each other.
    pub breaks: Vec<Hours>,
    pub is_available: bool,
}

/// A break as it was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypedBreak {
    pub start: TimeOfDay,
    pub end: TimeOfDay,
}

/// What shall be different about an availability.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AvailabilityEdit {
    pub day: Option<Day>,
    pub start: Option<TimeOfDay>,
    pub end: Option<TimeOfDay>,
    pub location: Option<Option<LocationId>>,
    pub valid_from: Option<Option<Date>>,
    pub valid_until: Option<Option<Date>>,
    pub breaks: Option<Vec<TypedBreak>>,
    pub is_available: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadWindow {
    #[error(transparent)]
    Hours(#[from] BadHours),
    #[error(transparent)]
    Validity(#[from] BadValidity),
    /// The break of this number.
    #[error("must not be the same as start_time")]
    EmptyBreak(usize),
    #[error("must lie within the hours")]
    BreakOutside(usize),
    #[error("must not overlap or touch another break")]
    BreaksTouch(usize),
    #[error("must end before midnight: enter what follows a later break as hours of the next day")]
    BreakPastMidnight(usize),
}

/// Most breaks of a window.
pub const MAX_BREAKS: usize = 10;

impl Window {
    /// Windows that only touch do not overlap, nor do those that never hold at once.
    pub fn overlaps(self, other: Self) -> bool {
        let (a, b) = (self.at.hours, other.at.hours);
        let on_one_day =
            self.day == other.day && a.overlaps(b) && self.validity.common(other.validity).is_some();
        on_one_day || self.reaches(other) || other.reaches(self)
    }

    /// Whether it goes on past midnight into `other`.
    fn reaches(self, other: Self) -> bool {
        self.day.next() == other.day
            && self.at.hours.reaches(other.at.hours, 1)
            && self.validity.next_day().common(other.validity).is_some_and(|dates| dates.has(other.day))
    }
}

impl Availability {
    pub fn new(window: Window, breaks: &[TypedBreak], is_available: bool) -> Result<Self, BadWindow> {
        let breaks = checked(window.at.hours, breaks)?;
        Ok(Self { id: AvailabilityId::random(), window, breaks, is_available })
    }

    pub fn edited(&self, edit: &AvailabilityEdit) -> Result<Self, BadWindow> {
        let AvailabilityEdit { day, start, end, location, valid_from, valid_until, breaks, is_available } =
            edit;
        let Window { day: old_day, at, validity } = self.window;
        let hours = Hours::new(start.unwrap_or(at.hours.opens()), end.unwrap_or(at.hours.closes()))?;
        let validity =
            Validity::new(valid_from.unwrap_or(validity.from()), valid_until.unwrap_or(validity.until()))?;
        let kept = || {
            let typed = |pause: &Hours| TypedBreak { start: pause.opens(), end: pause.closes() };
            self.breaks.iter().map(typed).collect()
        };
        let breaks = checked(hours, &breaks.clone().unwrap_or_else(kept))?;
        let at = HoursAt { hours, location: location.unwrap_or(at.location) };
        Ok(Self {
            id: self.id,
            window: Window { day: day.unwrap_or(old_day), at, validity },
            breaks,
            is_available: is_available.unwrap_or(self.is_available),
        })
    }

    /// What it offers.
    pub fn windows(&self) -> impl Iterator<Item = Window> {
        let Window { day, at, validity } = self.window;
        let piece = move |hours| Window { day, at: HoursAt { hours, ..at }, validity };
        let pieces = at.hours.without(&self.breaks).map(piece);
        pieces.filter(|_| self.is_available)
    }
}

/// The breaks of `hours`, by start. A piece between breaks begins on the day of the hours.
fn checked(hours: Hours, typed: &[TypedBreak]) -> Result<Vec<Hours>, BadWindow> {
    let mut breaks = Vec::with_capacity(typed.len());
    for (number, TypedBreak { start, end }) in typed.iter().enumerate() {
        let pause = hours.within(*start, *end).map_err(|_| BadWindow::EmptyBreak(number))?;
        if !hours.contains(pause) {
            return Err(BadWindow::BreakOutside(number));
        }
        if pause.end() >= DAY && pause.end() != hours.end() {
            return Err(BadWindow::BreakPastMidnight(number));
        }
        breaks.push((pause, number));
    }
    breaks.sort_unstable();
    let touching = breaks.windows(2).find(|two| two[1].0.start() <= two[0].0.end());
    match touching {
        Some(two) => Err(BadWindow::BreaksTouch(two[1].1)),
        None => Ok(breaks.into_iter().map(|(pause, _)| pause).collect()),
    }
}

/// Whether every minute of `wanted` is one of `offered`, in the same place. In doubt it is not.
pub fn covers(offered: &[Window], wanted: &[Window]) -> bool {
    wanted.iter().all(|wanted| {
        let holds = |offered: &&Window| {
            offered.day == wanted.day
                && offered.at.location == wanted.at.location
                && offered.validity.contains(wanted.validity)
        };
        let there = offered.iter().filter(holds).map(|offered| offered.at.hours);
        hours::covers(there, wanted.at.hours)
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::domain::hours::tests::{hours, time};
    use crate::domain::week::tests::dates;

    /// A window from `start` to `end`, in hours.
    pub(crate) fn window(day: i32, start: u32, end: u32) -> Window {
        let at = HoursAt { hours: hours(start, end), location: None };
        Window { day: day.try_into().unwrap(), at, validity: Validity::default() }
    }

    pub(crate) fn availability(window: Window) -> Availability {
        Availability::new(window, &[], true).unwrap()
    }

    fn pause(start: u32, end: u32) -> TypedBreak {
        TypedBreak { start: time(start), end: time(end) }
    }

    #[test]
    fn windows_overlap_over_midnight_too() {
        assert!(!window(0, 9, 12).overlaps(window(0, 12, 15)));
        assert!(!window(0, 9, 12).overlaps(window(1, 9, 12)));
        assert!(window(0, 9, 12).overlaps(window(0, 11, 15)));
        for (night, morning) in [(window(0, 22, 6), window(1, 5, 9)), (window(6, 22, 6), window(0, 5, 9))] {
            assert!(night.overlaps(morning) && morning.overlaps(night));
        }
        assert!(!window(0, 22, 6).overlaps(window(1, 6, 9)));
        assert!(!window(0, 22, 6).overlaps(window(6, 5, 9)));
    }

    #[test]
    fn windows_that_never_hold_at_once_do_not_overlap() {
        let spring = Window { validity: dates("", "2030-06-30"), ..window(0, 9, 12) };
        let autumn = Window { validity: dates("2030-07-01", ""), ..window(0, 9, 12) };
        assert!(!spring.overlaps(autumn));
        assert!(spring.overlaps(Window { validity: dates("2030-06-30", ""), ..autumn }));
    }

    #[test]
    fn a_night_reaches_into_the_first_morning_of_what_follows() {
        // 2030-06-30 is a Sunday, and the last night of these.
        let nights = Window { validity: dates("", "2030-06-30"), ..window(6, 22, 6) };
        let mornings = Window { validity: dates("2030-07-01", ""), ..window(0, 5, 9) };
        assert!(nights.overlaps(mornings));
        let later = Window { validity: dates("2030-07-02", ""), ..mornings };
        assert!(!nights.overlaps(later));
        // A Saturday night is not one of the last day.
        let nights = Window { day: 5.try_into().unwrap(), ..nights };
        let mornings = Window { day: 6.try_into().unwrap(), ..mornings };
        assert!(!nights.overlaps(mornings));
    }

    #[test]
    fn breaks_lie_within_and_apart() {
        let made = |window: Window, breaks: &[TypedBreak]| Availability::new(window, breaks, true);
        let day = window(0, 9, 17);
        let offered = made(day, &[pause(15, 16), pause(12, 13)]).unwrap();
        let pieces: Vec<_> = offered.windows().map(|piece| piece.at.hours).collect();
        assert_eq!(pieces, [hours(9, 12), hours(13, 15), hours(16, 17)]);
        assert_eq!(made(day, &[pause(12, 12)]), Err(BadWindow::EmptyBreak(0)));
        assert_eq!(made(day, &[pause(12, 13), pause(8, 10)]), Err(BadWindow::BreakOutside(1)));
        assert_eq!(made(day, &[pause(12, 13), pause(11, 12)]), Err(BadWindow::BreaksTouch(0)));
    }

    #[test]
    fn what_a_night_offers_begins_before_midnight() {
        let made = |breaks: &[TypedBreak]| Availability::new(window(0, 20, 6), breaks, true);
        let early = made(&[pause(22, 23)]).unwrap();
        assert_eq!(early.windows().map(|piece| piece.at.hours).last(), Some(hours(23, 6)));
        assert_eq!(made(&[pause(23, 24)]), Err(BadWindow::BreakPastMidnight(0)));
        assert_eq!(made(&[pause(2, 3)]), Err(BadWindow::BreakPastMidnight(0)));
        assert!(made(&[pause(5, 6)]).is_ok());
    }

    #[test]
    fn an_edit_changes_what_it_names() {
        let before = Availability::new(window(0, 9, 17), &[pause(12, 13)], true).unwrap();
        let location = Some(LocationId::random());
        let edit =
            AvailabilityEdit { end: Some(time(18)), location: Some(location), ..AvailabilityEdit::default() };
        let after = before.edited(&edit).unwrap();
        assert_eq!(after.window.at, HoursAt { hours: hours(9, 18), location });
        assert_eq!(after.breaks, before.breaks);
        let shorter = AvailabilityEdit { end: Some(time(12)), ..AvailabilityEdit::default() };
        assert_eq!(before.edited(&shorter), Err(BadWindow::BreakOutside(0)));
    }

    #[test]
    fn two_windows_that_touch_cover_one_across_them() {
        assert!(covers(&[window(0, 12, 15), window(0, 9, 12)], &[window(0, 10, 14)]));
        assert!(!covers(&[window(0, 13, 15), window(0, 9, 12)], &[window(0, 10, 14)]));
        assert!(!covers(&[window(1, 9, 15)], &[window(0, 10, 14)]));
        assert!(covers(&[], &[]));
    }

    #[test]
    fn a_window_elsewhere_or_for_a_shorter_time_does_not_cover() {
        let wanted = window(0, 9, 12);
        let at = HoursAt { location: Some(LocationId::random()), ..wanted.at };
        assert!(!covers(&[Window { at, ..wanted }], &[wanted]));
        let shorter = Window { validity: dates("", "2030-06-30"), ..wanted };
        assert!(!covers(&[shorter], &[wanted]));
        assert!(covers(&[wanted], &[shorter]));
    }
}
