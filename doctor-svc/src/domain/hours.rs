//! Civil hours: times of day, and the time between two of them.
use proto::ids::LocationId;

/// Seconds of a civil day.
pub const DAY: u32 = 24 * 3600;

/// A time of day, to the minute; midnight at the end of the day is one too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(u32);

/// From `start` up to, not including, `end`, which may lie on the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hours {
    /// Seconds since the midnight at which the day begins.
    start: u32,
    /// Since the same midnight, so more than [`DAY`] on the next day.
    end: u32,
}

/// Hours at a place; at none when that is absent, in the doctor's own zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HoursAt {
    pub hours: Hours,
    pub location: Option<LocationId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadHours {
    #[error("must be a whole minute of the day")]
    TimeOfDay,
    #[error("must be before 24:00")]
    Start,
    #[error("must not be the same as start_time")]
    Empty,
}

impl TimeOfDay {
    pub fn seconds(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for TimeOfDay {
    type Error = BadHours;

    /// `seconds` since midnight.
    fn try_from(seconds: u32) -> Result<Self, BadHours> {
        if seconds <= DAY && seconds.is_multiple_of(60) {
            Ok(Self(seconds))
        } else {
            Err(BadHours::TimeOfDay)
        }
    }
}

impl Hours {
    /// An end that is not later than the start is on the next day.
    pub fn new(start: TimeOfDay, end: TimeOfDay) -> Result<Self, BadHours> {
        if start == end {
            return Err(BadHours::Empty);
        }
        if start.0 == DAY {
            return Err(BadHours::Start);
        }
        let end = if end > start { end.0 } else { end.0 + DAY };
        Ok(Self { start: start.0, end })
    }

    /// From `start` to `end` seconds after the midnight at which the day begins, as they were stored.
    pub fn between(start: u32, end: u32) -> Result<Self, BadHours> {
        let is_late = end > DAY;
        let end = if is_late { end - DAY } else { end };
        let hours = Self::new(start.try_into()?, end.try_into()?)?;
        if (hours.end > DAY) == is_late { Ok(hours) } else { Err(BadHours::Empty) }
    }

    /// The first time from `start` to `end` that is not before these hours begin.
    pub fn within(self, start: TimeOfDay, end: TimeOfDay) -> Result<Self, BadHours> {
        if start == end {
            return Err(BadHours::Empty);
        }
        let start = if start.0 < self.start { start.0 + DAY } else { start.0 };
        let later = [end.0, end.0 + DAY, end.0 + 2 * DAY].into_iter().find(|end| *end > start);
        Ok(Self { start, end: later.ok_or(BadHours::Empty)? })
    }

    /// Seconds since the midnight at which the day begins.
    pub fn start(self) -> u32 {
        self.start
    }

    /// Seconds since the same midnight.
    pub fn end(self) -> u32 {
        self.end
    }

    pub fn opens(self) -> TimeOfDay {
        TimeOfDay(civil(self.start))
    }

    pub fn closes(self) -> TimeOfDay {
        TimeOfDay(civil(self.end))
    }

    /// Hours that only touch do not overlap.
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Whether `later`, `days` days after the day of these, overlaps them.
    pub fn reaches(self, later: Self, days: u32) -> bool {
        self.end > later.start + days * DAY
    }

    pub fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// What is left without `breaks`, which are ordered and lie within.
    pub fn without(self, breaks: &[Self]) -> impl Iterator<Item = Self> {
        let starts = std::iter::once(self.start).chain(breaks.iter().map(|pause| pause.end));
        let ends = breaks.iter().map(|pause| pause.start).chain(std::iter::once(self.end));
        let pieces = starts.zip(ends).map(|(start, end)| Self { start, end });
        pieces.filter(|piece| piece.start < piece.end).collect::<Vec<_>>().into_iter()
    }
}

fn civil(seconds: u32) -> u32 {
    if seconds > DAY { seconds - DAY } else { seconds }
}

/// Whether every minute of `wanted` is one of `offered`. Hours that touch count as one.
pub fn covers(offered: impl IntoIterator<Item = Hours>, wanted: Hours) -> bool {
    merged(offered).iter().any(|offered| offered.contains(wanted))
}

fn merged(hours: impl IntoIterator<Item = Hours>) -> Vec<Hours> {
    let mut hours: Vec<Hours> = hours.into_iter().collect();
    hours.sort_unstable();
    let mut merged: Vec<Hours> = Vec::with_capacity(hours.len());
    for next in hours {
        match merged.last_mut() {
            Some(last) if next.start <= last.end => last.end = last.end.max(next.end),
            _ => merged.push(next),
        }
    }
    merged
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    pub(crate) fn time(hour: u32) -> TimeOfDay {
        TimeOfDay::try_from(hour * 3600).unwrap()
    }

    /// From one hour of the day to another.
    pub(crate) fn hours(start: u32, end: u32) -> Hours {
        Hours::new(time(start), time(end)).unwrap()
    }

    #[test]
    fn a_day_ends_at_midnight() {
        assert_eq!(TimeOfDay::try_from(86_400).map(TimeOfDay::seconds), Ok(86_400));
        assert_eq!(TimeOfDay::try_from(86_460), Err(BadHours::TimeOfDay));
        assert_eq!(TimeOfDay::try_from(30), Err(BadHours::TimeOfDay));
    }

    #[test]
    fn an_end_that_is_not_later_is_on_the_next_day() {
        assert_eq!((hours(22, 6).start(), hours(22, 6).end()), (22 * 3600, 30 * 3600));
        assert_eq!(hours(22, 6).closes(), time(6));
        assert_eq!(hours(9, 24), hours(9, 0));
        assert_eq!(hours(0, 24).end(), 86_400);
        for same in [0, 9, 24] {
            assert_eq!(Hours::new(time(same), time(same)), Err(BadHours::Empty));
        }
        assert_eq!(Hours::new(time(24), time(3)), Err(BadHours::Start));
    }

    #[test]
    fn what_was_stored_is_read_back() {
        for stored in [hours(9, 17), hours(22, 6), hours(9, 24), hours(0, 24), hours(23, 22)] {
            assert_eq!(Hours::between(stored.start(), stored.end()), Ok(stored));
        }
        assert!(Hours::between(6 * 3600, 31 * 3600).is_err());
        assert!(Hours::between(9 * 3600, 9 * 3600).is_err());
        assert!(Hours::between(9 * 3600, 8 * 3600).is_err());
    }

    #[test]
    fn touching_is_not_overlapping() {
        assert!(!hours(9, 12).overlaps(hours(12, 15)));
        assert!(hours(9, 12).overlaps(hours(11, 15)));
        assert!(hours(22, 6).reaches(hours(5, 9), 1));
        assert!(!hours(22, 6).reaches(hours(6, 9), 1));
        assert!(!hours(9, 24).reaches(hours(0, 9), 1));
    }

    #[test]
    fn breaks_leave_what_lies_between_them() {
        let left = |whole: Hours, breaks: &[Hours]| whole.without(breaks).collect::<Vec<_>>();
        assert_eq!(left(hours(9, 17), &[]), [hours(9, 17)]);
        let breaks = [hours(9, 10), hours(12, 13)];
        assert_eq!(left(hours(9, 17), &breaks), [hours(10, 12), hours(13, 17)]);
        assert_eq!(left(hours(9, 17), &[hours(9, 17)]), []);
    }

    proptest! {
        #[test]
        fn covering_is_about_every_hour(offered in proptest::collection::vec(any_hours(), 0..5), wanted in any_hours()) {
            let each = |hours: Hours| (hours.start / 3600..hours.end / 3600).collect::<HashSet<_>>();
            let there: HashSet<u32> = offered.iter().copied().flat_map(each).collect();
            prop_assert_eq!(covers(offered, wanted), each(wanted).is_subset(&there));
        }

        #[test]
        fn overlapping_is_mutual(a in any_hours(), b in any_hours()) {
            prop_assert_eq!(a.overlaps(b), b.overlaps(a));
        }
    }

    fn any_hours() -> impl Strategy<Value = Hours> {
        (0u32..24, 1u32..=23).prop_map(|(start, length)| hours(start, (start + length) % 24))
    }
}
