//! A span of time, half-open: 09:00–09:30 and 09:30–10:00 do not overlap.
use jiff::{SignedDuration, Timestamp};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval {
    pub start: Timestamp,
    pub end: Timestamp,
}

impl Interval {
    pub fn duration(self) -> SignedDuration {
        self.end.duration_since(self.start)
    }

    pub fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

/// Sorted, with touching and overlapping intervals made one, and empty ones dropped.
pub fn merged(mut intervals: Vec<Interval>) -> Vec<Interval> {
    intervals.retain(|interval| interval.start < interval.end);
    intervals.sort();
    let mut merged: Vec<Interval> = Vec::with_capacity(intervals.len());
    for interval in intervals {
        match merged.last_mut() {
            Some(last) if interval.start <= last.end => last.end = last.end.max(interval.end),
            _ => merged.push(interval),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(start: i64, end: i64) -> Interval {
        Interval { start: Timestamp::from_second(start).unwrap(), end: Timestamp::from_second(end).unwrap() }
    }

    #[test]
    fn touching_intervals_become_one() {
        let open = vec![between(20, 30), between(0, 10), between(10, 15), between(12, 13), between(40, 40)];
        assert_eq!(merged(open), [between(0, 15), between(20, 30)]);
    }
}
