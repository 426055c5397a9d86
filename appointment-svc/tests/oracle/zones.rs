//! The zones of the tz database, and when their clocks change.
use crate::wall::{DAY, Wall};
use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// The database that is compiled in.
pub(crate) fn all() -> Vec<(String, TimeZone)> {
    let database = TimeZoneDatabase::bundled();
    let names = database.available().map(|name| name.as_str().to_owned());
    names.map(|name| (name.clone(), database.get(&name).unwrap())).collect()
}

/// One of those that share all changes from 2020 to 2035, with its clock.
pub(crate) fn distinct() -> Vec<(String, TimeZone, Wall)> {
    let mut distinct: Vec<(String, TimeZone, Wall)> = Vec::new();
    for (name, zone) in all() {
        let wall = wall(&zone);
        if !distinct.iter().any(|(_, _, known)| *known == wall) {
            distinct.push((name, zone, wall));
        }
    }
    distinct
}

/// How clocks are set in `zone` from the end of 2019 to the beginning of 2036.
pub(crate) fn wall(zone: &TimeZone) -> Wall {
    let (begin, end) = (instant("2019-12-01T00:00Z"), instant("2036-02-01T00:00Z"));
    wall_between(zone, begin, end)
}

/// How clocks are set in `zone`, from `begin` to `end`.
pub(crate) fn wall_between(zone: &TimeZone, begin: Timestamp, end: Timestamp) -> Wall {
    let offset = |at: Timestamp| {
        let seconds = i64::from(zone.to_offset(at).seconds());
        assert_eq!(seconds % 60, 0, "clocks differ by whole minutes");
        seconds / 60
    };
    let mut offsets = vec![(begin.as_second() / 60, offset(begin))];
    for change in zone.following(begin).map(|change| change.timestamp()).take_while(|at| *at < end) {
        // Some changes are of the zone's abbreviation only.
        if offsets.last().is_some_and(|(_, before)| *before != offset(change)) {
            offsets.push((change.as_second() / 60, offset(change)));
        }
    }
    Wall { offsets }
}

/// A change of clocks: what they show when they are set, and what they show then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    pub(crate) at: i64,
    pub(crate) from: i64,
    pub(crate) to: i64,
}

impl Change {
    /// The date of the later of the two times.
    pub(crate) fn day(self) -> i64 {
        self.from.max(self.to).div_euclid(DAY)
    }
}

pub(crate) fn changes(wall: &Wall) -> Vec<Change> {
    let change = |pair: &[(i64, i64)]| {
        let ((_, before), (at, after)) = (pair[0], pair[1]);
        Change { at, from: at + before, to: at + after }
    };
    wall.offsets.windows(2).map(change).collect()
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}
