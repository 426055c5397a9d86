//! A span of time, half-open: 09:00–09:30 and 09:30–10:00 do not overlap.
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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

    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
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

/// What of `open` is in none of `closed`, earliest first.
pub fn without(open: Interval, closed: &[Interval]) -> Vec<Interval> {
    let mut left = Vec::new();
    let mut from = open.start;
    for closed in merged(closed.iter().copied().filter(|closed| closed.overlaps(open)).collect()) {
        left.push(Interval { start: from, end: closed.start });
        from = closed.end;
    }
    left.push(Interval { start: from, end: open.end });
    left.retain(|left| left.start < left.end);
    left
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

    #[test]
    fn what_is_closed_is_cut_out() {
        let closed = [between(50, 60), between(0, 20), between(15, 30), between(90, 200), between(300, 310)];
        assert_eq!(without(between(10, 100), &closed), [between(30, 50), between(60, 90)]);
        assert_eq!(without(between(0, 10), &[between(0, 10)]), []);
        assert_eq!(without(between(0, 10), &[between(10, 20)]), [between(0, 10)]);
    }
}
