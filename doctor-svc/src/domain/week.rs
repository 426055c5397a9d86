//! Days of the week, and the dates on which something weekly holds.
use jiff::ToSpan as _;
use jiff::civil::Date;

/// A day of the week; Monday is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(i16);

/// From one date to another, both included; without bound where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Validity {
    from: Option<Date>,
    until: Option<Date>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 0 (Monday) to 6 (Sunday)")]
pub struct BadDay;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must not be before valid_from")]
pub struct BadValidity;

impl Day {
    pub fn number(self) -> i16 {
        self.0
    }

    #[must_use]
    pub fn next(self) -> Self {
        Self((self.0 + 1) % 7)
    }

    fn is_of(self, date: Date) -> bool {
        i16::from(date.weekday().to_monday_zero_offset()) == self.0
    }
}

impl TryFrom<i32> for Day {
    type Error = BadDay;

    fn try_from(number: i32) -> Result<Self, BadDay> {
        i16::try_from(number).ok().filter(|day| (0..=6).contains(day)).map(Self).ok_or(BadDay)
    }
}

impl Validity {
    pub fn new(from: Option<Date>, until: Option<Date>) -> Result<Self, BadValidity> {
        match (from, until) {
            (Some(from), Some(until)) if until < from => Err(BadValidity),
            _ => Ok(Self { from, until }),
        }
    }

    pub fn from(self) -> Option<Date> {
        self.from
    }

    pub fn until(self) -> Option<Date> {
        self.until
    }

    pub fn contains(self, other: Self) -> bool {
        let begins = self.from.is_none_or(|from| other.from.is_some_and(|other| from <= other));
        begins && self.until.is_none_or(|until| other.until.is_some_and(|other| other <= until))
    }

    /// The dates on which both hold; none when they have none in common.
    pub fn common(self, other: Self) -> Option<Self> {
        let earlier = |a: Option<Date>, b: Option<Date>| [a, b].into_iter().flatten().min();
        Self::new(self.from.max(other.from), earlier(self.until, other.until)).ok()
    }

    /// The day after each date.
    #[must_use]
    pub fn next_day(self) -> Self {
        let next = |date: Option<Date>| date.map(|date| date.saturating_add(1.day()));
        Self { from: next(self.from), until: next(self.until) }
    }

    /// Whether one of the dates is such a day.
    pub fn has(self, day: Day) -> bool {
        let (Some(from), Some(until)) = (self.from, self.until) else { return true };
        let dates = std::iter::successors(Some(from), |date| date.tomorrow().ok());
        dates.take(7).take_while(|date| *date <= until).any(|date| day.is_of(date))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn dates(from: &str, until: &str) -> Validity {
        let date = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
        Validity::new(date(from), date(until)).unwrap()
    }

    #[test]
    fn a_week_has_seven_days() {
        for wrong in [-1, 7, i32::MAX] {
            assert_eq!(Day::try_from(wrong), Err(BadDay));
        }
        assert_eq!(Day(6).next(), Day(0));
    }

    #[test]
    fn dates_without_bound_contain_all_others() {
        let (always, autumn) = (dates("", ""), dates("2030-09-01", "2030-11-30"));
        assert!(always.contains(autumn) && !autumn.contains(always) && autumn.contains(autumn));
        assert!(dates("2030-09-01", "").contains(autumn) && !dates("", "2030-11-29").contains(autumn));
        assert_eq!(Validity::new(autumn.until(), autumn.from()), Err(BadValidity));
    }

    #[test]
    fn what_two_have_in_common_may_be_one_date_or_none() {
        let (first, second) = (dates("", "2030-01-07"), dates("2030-01-07", ""));
        assert_eq!(first.common(second), Some(dates("2030-01-07", "2030-01-07")));
        assert_eq!(first.common(second.next_day()), None);
    }

    #[test]
    fn a_short_time_has_not_every_day_of_the_week() {
        // 2030-01-07 is a Monday.
        let (monday, sunday) = (Day(0), Day(6));
        assert!(dates("2030-01-07", "2030-01-12").has(monday));
        assert!(!dates("2030-01-07", "2030-01-12").has(sunday));
        assert!(dates("2030-01-08", "2030-01-14").has(monday));
        assert!(dates("", "2030-01-12").has(sunday));
    }
}
