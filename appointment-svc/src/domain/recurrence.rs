//! Rules by which visits recur: the part of RFC 5545 that clinics need, on civil dates.
//!
//! `FREQ=DAILY`, `FREQ=WEEKLY` with any days of the week, or `FREQ=MONTHLY` with one day of the week by its place in
//! the month (`2TU`, `-1FR`); `INTERVAL`; and either `COUNT` or `UNTIL`. Weeks begin on Monday.
use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan as _};
use std::fmt;
use std::str::FromStr;

/// How often visits of one series recur.
pub const OCCURRENCES: std::ops::RangeInclusive<usize> = 2..=104;
const INTERVALS: std::ops::RangeInclusive<i32> = 1..=52;
/// No series is longer.
const LONGEST_YEARS: i32 = 10;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recurrence {
    pub pattern: Pattern,
    /// Every so many days, weeks or months.
    pub interval: i32,
    pub end: End,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    Daily,
    /// From Monday; that of the start when empty.
    Weekly(Vec<Weekday>),
    Monthly(Nth),
}

/// A day of the week by its place in the month: 1 to 5 from its beginning, -1 to -5 from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nth(pub i8, pub Weekday);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// After so many visits.
    Count(usize),
    /// On or before this date.
    Until(Date),
}

/// What cannot be done with a rule, and which part of it is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part} {problem}")]
pub struct BadRule {
    pub part: &'static str,
    pub problem: &'static str,
}

/// Why a rule names no dates from a start on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoDates {
    /// The start is not a date of the rule.
    Start,
    Rule(BadRule),
}

const DAYS: [(&str, Weekday); 7] = [
    ("MO", Weekday::Monday),
    ("TU", Weekday::Tuesday),
    ("WE", Weekday::Wednesday),
    ("TH", Weekday::Thursday),
    ("FR", Weekday::Friday),
    ("SA", Weekday::Saturday),
    ("SU", Weekday::Sunday),
];
const PARTS: [&str; 5] = ["FREQ", "INTERVAL", "BYDAY", "COUNT", "UNTIL"];
/// Parts of RFC 5545 that say something else than clinics need.
const OTHER_PARTS: [&str; 9] =
    ["BYSECOND", "BYMINUTE", "BYHOUR", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYMONTH", "BYSETPOS", "WKST"];

impl Recurrence {
    /// The dates of the rule from `start` on, which must be the first of them.
    pub fn dates(&self, start: Date) -> Result<Vec<Date>, NoDates> {
        let last = start.saturating_add(LONGEST_YEARS.years());
        let dates = (0..).map_while(|number| self.period(start, number)).flatten();
        let mut dates = dates.skip_while(|date| *date < start).take_while(|date| *date <= last);
        let part = match self.end {
            End::Count(_) => "COUNT",
            End::Until(_) => "UNTIL",
        };
        let bad = |problem| NoDates::Rule(BadRule { part, problem });
        let dates: Vec<Date> = match self.end {
            End::Count(count) => dates.by_ref().take(count).collect(),
            End::Until(until) if until > last => return Err(bad("must lie within 10 years")),
            End::Until(until) => {
                dates.take_while(|date| *date <= until).take(OCCURRENCES.end() + 1).collect()
            }
        };
        if dates.first() != Some(&start) {
            return Err(NoDates::Start);
        }
        match self.end {
            End::Count(count) if dates.len() < count => Err(bad("must be reached within 10 years")),
            End::Until(_) if !OCCURRENCES.contains(&dates.len()) => Err(bad("must allow 2 to 104 visits")),
            _ => Ok(dates),
        }
    }

    /// The dates of one day, week or month, counted from that of `start`; none after the last that there is.
    fn period(&self, start: Date, number: i32) -> Option<Vec<Date>> {
        let after = |from: Date, span: Span| from.checked_add(span).ok();
        let number = number.checked_mul(self.interval)?;
        match &self.pattern {
            Pattern::Daily => Some(vec![after(start, number.days())?]),
            Pattern::Weekly(days) => {
                let usual = [start.weekday()];
                let days = if days.is_empty() { &usual } else { days.as_slice() };
                let into = i32::from(start.weekday().to_monday_zero_offset());
                let monday = after(start, (-into).days()).and_then(|monday| after(monday, number.weeks()))?;
                days.iter().map(|day| after(monday, day.to_monday_zero_offset().days())).collect()
            }
            Pattern::Monthly(Nth(place, day)) => {
                let month = after(start.first_of_month(), number.months())?;
                // Not every month has a fifth one.
                Some(month.nth_weekday_of_month(*place, *day).ok().into_iter().collect())
            }
        }
    }
}

impl FromStr for Recurrence {
    type Err = BadRule;

    fn from_str(text: &str) -> Result<Self, BadRule> {
        let text = text.to_ascii_uppercase();
        let mut values: [Option<&str>; PARTS.len()] = [None; PARTS.len()];
        for part in text.split(';') {
            let (name, value) = part.split_once('=').ok_or(bad("rrule", "must be parts like FREQ=WEEKLY"))?;
            let Some(place) = PARTS.iter().position(|known| *known == name) else {
                let part = OTHER_PARTS.iter().find(|other| **other == name);
                return Err(match part {
                    Some(part) => bad(part, "is not supported"),
                    None => bad("rrule", "has a part that RFC 5545 does not know"),
                });
            };
            if values[place].replace(value).is_some() {
                return Err(bad(PARTS[place], "must be given once"));
            }
        }
        let [frequency, interval, days, count, until] = values;
        let interval = interval.map_or(Some(1), |text| number(text).filter(|n| INTERVALS.contains(n)));
        let interval = interval.ok_or(bad("INTERVAL", "must be 1 to 52"))?;
        let end = match (count, until) {
            (Some(count), None) => {
                let count = number(count).filter(|count| OCCURRENCES.contains(count));
                End::Count(count.ok_or(bad("COUNT", "must be 2 to 104"))?)
            }
            (None, Some(until)) => {
                End::Until(civil_date(until).ok_or(bad("UNTIL", "must be a civil date, YYYYMMDD"))?)
            }
            (Some(_), Some(_)) => return Err(bad("UNTIL", "must not be set together with COUNT")),
            (None, None) => return Err(bad("COUNT", "or UNTIL is required")),
        };
        let pattern = match (frequency, days) {
            (None, _) => return Err(bad("FREQ", "is required")),
            (Some("DAILY"), None) => Pattern::Daily,
            (Some("DAILY"), Some(_)) => return Err(bad("BYDAY", "must not be set with FREQ=DAILY")),
            (Some("WEEKLY"), days) => Pattern::Weekly(days.map(weekdays).transpose()?.unwrap_or_default()),
            (Some("MONTHLY"), days) => {
                let nth = days.and_then(nth);
                Pattern::Monthly(nth.ok_or(bad("BYDAY", "must be one day with its place, like 2TU or -1FR"))?)
            }
            (Some(_), _) => return Err(bad("FREQ", "must be DAILY, WEEKLY or MONTHLY")),
        };
        Ok(Self { pattern, interval, end })
    }
}

impl fmt::Display for Recurrence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pattern, interval, end } = self;
        f.write_str(match pattern {
            Pattern::Daily => "FREQ=DAILY",
            Pattern::Weekly(_) => "FREQ=WEEKLY",
            Pattern::Monthly(_) => "FREQ=MONTHLY",
        })?;
        if *interval != 1 {
            write!(f, ";INTERVAL={interval}")?;
        }
        match pattern {
            Pattern::Weekly(days) if !days.is_empty() => {
                let days: Vec<_> = days.iter().map(|day| letters(*day)).collect();
                write!(f, ";BYDAY={}", days.join(","))?;
            }
            Pattern::Monthly(Nth(place, day)) => write!(f, ";BYDAY={place}{}", letters(*day))?,
            Pattern::Daily | Pattern::Weekly(_) => {}
        }
        match end {
            End::Count(count) => write!(f, ";COUNT={count}"),
            End::Until(date) => write!(f, ";UNTIL={}", date.strftime("%Y%m%d")),
        }
    }
}

fn bad(part: &'static str, problem: &'static str) -> BadRule {
    BadRule { part, problem }
}

fn letters(day: Weekday) -> &'static str {
    DAYS[usize::try_from(day.to_monday_zero_offset()).unwrap_or_default()].0
}

fn weekday(letters: &str) -> Option<Weekday> {
    DAYS.iter().find(|(name, _)| *name == letters).map(|(_, day)| *day)
}

fn weekdays(text: &str) -> Result<Vec<Weekday>, BadRule> {
    let days: Option<Vec<_>> = text.split(',').map(weekday).collect();
    let mut days = days.ok_or(bad("BYDAY", "must be days like MO,TH"))?;
    days.sort_unstable_by_key(|day| day.to_monday_zero_offset());
    days.dedup();
    Ok(days)
}

fn nth(text: &str) -> Option<Nth> {
    let (place, letters) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let place = place.strip_prefix('+').unwrap_or(place);
    let place = number(place.strip_prefix('-').unwrap_or(place))
        .map(|n: i8| if text.starts_with('-') { -n } else { n });
    Some(Nth(place.filter(|place| (1..=5).contains(&place.abs()))?, weekday(letters)?))
}

/// Digits only: no sign, no blanks.
fn number<T: FromStr>(text: &str) -> Option<T> {
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn civil_date(text: &str) -> Option<Date> {
    let digits = text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit());
    let part = |range: std::ops::Range<usize>| text.get(range).and_then(number::<i16>);
    let short = |range| part(range).and_then(|n| i8::try_from(n).ok());
    if digits { Date::new(part(0..4)?, short(4..6)?, short(6..8)?).ok() } else { None }
}

#[cfg(test)]
mod tests;
