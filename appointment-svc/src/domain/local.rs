//! Civil times in a zone, and the instants they stand for, on days when clocks change too.
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp};

/// The instant at which a working window opens or closes.
///
/// A time that the clock jumps over becomes the instant of the jump, so that no window is longer than the
/// real time in it; a time that comes twice is the first, so that adjacent windows stay adjacent.
pub fn boundary(zone: &TimeZone, at: DateTime) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(at);
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(at).ok(),
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(at).ok(),
        AmbiguousOffset::Gap { after, .. } => {
            // With the later offset the time falls before the jump; the next transition is the jump itself.
            let shortly_before = after.to_timestamp(at).ok()?;
            zone.following(shortly_before).next().map(|jump| jump.timestamp())
        }
    }
}

/// `seconds` after the civil midnight of `date`; 86,400 is the next midnight.
pub fn on(date: Date, seconds: u32) -> Option<DateTime> {
    date.to_datetime(jiff::civil::Time::midnight()).checked_add(Span::new().seconds(seconds)).ok()
}

/// Where a civil time that a person typed cannot be taken as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("does not exist: the clock jumps over it; the nearest are {before} and {after}")]
pub struct Nonexistent {
    pub before: DateTime,
    pub after: DateTime,
}

/// The instant that a person means by a civil time: of one that comes twice, the first.
pub fn typed(zone: &TimeZone, at: DateTime) -> Result<Timestamp, Nonexistent> {
    let ambiguous = zone.to_ambiguous_timestamp(at);
    let offset = match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => offset,
        AmbiguousOffset::Gap { before, after } => {
            let neighbour = |offset: jiff::tz::Offset| {
                offset.to_timestamp(at).map_or(at, |instant| zone.to_datetime(instant))
            };
            return Err(Nonexistent { before: neighbour(after), after: neighbour(before) });
        }
    };
    offset.to_timestamp(at).map_err(|_| Nonexistent { before: at, after: at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn instant(zone: &str, at: &str) -> String {
        boundary(&TimeZone::get(zone).unwrap(), at.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn a_time_the_clock_jumps_over_is_the_jump() {
        assert_eq!(instant("Europe/Berlin", "2026-03-29T02:00"), "2026-03-29T01:00:00Z");
        assert_eq!(instant("Europe/Berlin", "2026-03-29T02:30"), "2026-03-29T01:00:00Z");
        assert_eq!(instant("Europe/Berlin", "2026-03-29T03:00"), "2026-03-29T01:00:00Z");
        // Midnight itself does not exist.
        assert_eq!(instant("America/Santiago", "2026-09-06T00:30"), "2026-09-06T04:00:00Z");
        // Half an hour, and a quarter to three.
        assert_eq!(instant("Australia/Lord_Howe", "2026-10-04T02:15"), "2026-10-03T15:30:00Z");
        assert_eq!(instant("Pacific/Chatham", "2026-09-27T03:00"), "2026-09-26T14:00:00Z");
        // A whole day.
        assert_eq!(instant("Pacific/Apia", "2011-12-30T12:00"), "2011-12-30T10:00:00Z");
    }

    #[test]
    fn a_time_that_comes_twice_is_the_first() {
        assert_eq!(instant("Europe/Berlin", "2026-10-25T02:30"), "2026-10-25T00:30:00Z");
        assert_eq!(instant("America/New_York", "2026-11-01T01:30"), "2026-11-01T05:30:00Z");
    }

    #[test]
    fn a_typed_time_must_exist() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let at = |text: &str| text.parse::<DateTime>().unwrap();
        let neighbours = Nonexistent { before: at("2026-03-29T01:30"), after: at("2026-03-29T03:30") };
        assert_eq!(typed(&berlin, at("2026-03-29T02:30")), Err(neighbours));
        assert_eq!(typed(&berlin, at("2026-10-25T02:30")).unwrap().to_string(), "2026-10-25T00:30:00Z");
    }
    /// Civil times near changes of clocks, and others.
    fn any_time() -> impl Strategy<Value = (TimeZone, DateTime)> {
        let names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
        let times = (0..2_000_000_000i64, any::<prop::sample::Index>(), -300..300i64, any::<bool>());
        (proptest::sample::select(names), times).prop_map(|(name, (second, nth, minutes, is_near))| {
            let zone = TimeZone::get(&name).unwrap();
            let anywhere = Timestamp::from_second(second).unwrap();
            let changes: Vec<_> = zone.following(anywhere).take(4).map(|change| change.timestamp()).collect();
            let base =
                if is_near && !changes.is_empty() { changes[nth.index(changes.len())] } else { anywhere };
            let at = zone.to_datetime(base).checked_add(Span::new().minutes(minutes)).unwrap();
            (zone, at)
        })
    }

    proptest! {
        #[test]
        fn a_typed_time_is_what_the_clock_shows_or_lies_between_two_that_it_shows((zone, at) in any_time()) {
            match typed(&zone, at) {
                Ok(instant) => {
                    prop_assert_eq!(zone.to_datetime(instant), at);
                    // Of two, the first: an hour or two before, the clock shows something else.
                    let earlier = (1..=36).map(|fives| instant - jiff::SignedDuration::from_mins(5 * fives));
                    prop_assert!(earlier.into_iter().all(|instant| zone.to_datetime(instant) != at));
                    prop_assert_eq!(boundary(&zone, at), Some(instant));
                }
                Err(Nonexistent { before, after }) => {
                    prop_assert!(before < at && at < after);
                    let (before, after) = (typed(&zone, before), typed(&zone, after));
                    let jump = boundary(&zone, at).unwrap();
                    prop_assert!(before.unwrap() < jump && jump <= after.unwrap());
                }
            }
        }

        #[test]
        fn windows_never_end_before_they_begin((zone, at) in any_time(), minutes in prop_oneof![0..150i64, 0..3_000i64]) {
            let later = at.checked_add(Span::new().minutes(minutes)).unwrap();
            let (open, close) = (boundary(&zone, at).unwrap(), boundary(&zone, later).unwrap());
            prop_assert!(open <= close);
        }
    }
}
