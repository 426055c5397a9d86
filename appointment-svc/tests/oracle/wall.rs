//! A clock on the wall of the practice, looked at every minute, and what it says about working hours.
//!
//! A doctor begins when the clock shows the opening time or a later one for the first time, and stops when it shows
//! the closing time or a later one for the first time. That is all there is to days on which it is set: a time that
//! it jumps over is reached by the jump, and one that comes twice is reached when it comes first.
//!
//! Everything is in minutes: of real time since 1970 in UTC, and of the clock since 1970 by the clock.

use std::collections::BTreeSet;

pub(crate) const DAY: i64 = 24 * 60;

/// Working hours on one day of the week, in minutes since midnight. When they close no later than they open, it is
/// on the next date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// From Monday, which is 0.
    pub(crate) weekday: i64,
    pub(crate) opens: i64,
    pub(crate) closes: i64,
}

/// How the clock is set: from which minute on it is ahead of UTC by how many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wall {
    pub(crate) offsets: Vec<(i64, i64)>,
}

/// Some days of looking at the clock.
pub(crate) struct Watch {
    /// Minutes, and the furthest time that the clock had shown by then.
    seen: Vec<(i64, i64)>,
}

impl Wall {
    pub(crate) fn shows(&self, minute: i64) -> i64 {
        let setting = self.offsets.iter().rev().find(|(from, _)| *from <= minute);
        minute + setting.expect("the first setting is older than all that is asked").1
    }

    /// Looks at the clock through `day`, its two neighbours, and as long as any zone is away from UTC.
    pub(crate) fn watch(&self, day: i64) -> Watch {
        let mut furthest = i64::MIN;
        let mut seen = Vec::new();
        for minute in (day - 2) * DAY..(day + 4) * DAY {
            furthest = furthest.max(self.shows(minute));
            seen.push((minute, furthest));
        }
        Watch { seen }
    }
}

impl Watch {
    /// The minutes during which a doctor works by the windows of one date.
    pub(crate) fn open(&self, windows: &[Window], day: i64) -> Vec<i64> {
        let mut hours = Vec::new();
        for window in windows.iter().filter(|window| window.weekday == weekday(day)) {
            let is_overnight = window.closes <= window.opens;
            let closes = if is_overnight { window.closes + DAY } else { window.closes };
            hours.push((day * DAY + window.opens, day * DAY + closes));
        }
        let mut open = Vec::new();
        for (minute, furthest) in &self.seen {
            if hours.iter().any(|(opens, closes)| opens <= furthest && furthest < closes) {
                open.push(*minute);
            }
        }
        open
    }

    /// When visits of `length` minutes can start on one date: every `length` minutes from each opening, or from the
    /// first multiple of five minutes after it, where the doctor then works every minute, over midnight too.
    pub(crate) fn starts(&self, windows: &[Window], day: i64, length: i64) -> Vec<i64> {
        let of_the_date = self.open(&always(), day);
        let open: BTreeSet<i64> = (day - 1..=day + 1).flat_map(|date| self.open(windows, date)).collect();
        let mut starts = BTreeSet::new();
        // The hours of the date before may reach into it.
        for date in [day - 1, day] {
            for (opens, closes) in runs(&self.open(windows, date)) {
                let mut start = opens + (-opens).rem_euclid(5);
                while start < closes {
                    let fits = (start..start + length).all(|minute| open.contains(&minute));
                    if fits && of_the_date.binary_search(&start).is_ok() {
                        starts.insert(start);
                    }
                    start += length;
                }
            }
        }
        starts.into_iter().collect()
    }
}

/// The whole of every date.
pub(crate) fn always() -> Vec<Window> {
    every_day(0, DAY)
}

pub(crate) fn every_day(opens: i64, closes: i64) -> Vec<Window> {
    (0..7).map(|weekday| Window { weekday, opens, closes }).collect()
}

/// 1970 began on a Thursday.
pub(crate) fn weekday(day: i64) -> i64 {
    (day + 3).rem_euclid(7)
}

/// Minutes that follow each other as the first of them and the first that is no longer one of them.
pub(crate) fn runs(minutes: &[i64]) -> Vec<(i64, i64)> {
    let mut runs: Vec<(i64, i64)> = Vec::new();
    for minute in minutes {
        match runs.last_mut() {
            Some((_, end)) if *end == *minute => *end += 1,
            _ => runs.push((*minute, minute + 1)),
        }
    }
    runs
}
