//! Civil times that people type, and the instants they mean.
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use proto::scalars::TimeZoneName;

/// A time as it was typed: an instant, or civil time in a zone that is known later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    Instant(Timestamp),
    Civil(DateTime),
}

/// A civil time that the clock jumps over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("does not exist: the clock jumps over it; the nearest are {before} and {after}")]
pub struct Nonexistent {
    pub before: DateTime,
    pub after: DateTime,
}

impl Typed {
    /// The instant that is meant: of a civil time that comes twice, the first.
    pub fn resolve(self, zone: &TimeZone) -> Result<Timestamp, Nonexistent> {
        let at = match self {
            Self::Instant(at) => return Ok(at),
            Self::Civil(at) => at,
        };
        let offset = match zone.to_ambiguous_timestamp(at).offset() {
            AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => offset,
            AmbiguousOffset::Gap { before, after } => {
                let neighbour =
                    |offset: Offset| offset.to_timestamp(at).map_or(at, |at| zone.to_datetime(at));
                return Err(Nonexistent { before: neighbour(after), after: neighbour(before) });
            }
        };
        offset.to_timestamp(at).map_err(|_| Nonexistent { before: at, after: at })
    }
}

/// The zone of that name, which was looked up when it was parsed.
pub fn zone(name: &TimeZoneName) -> TimeZone {
    TimeZone::get(name.as_str()).unwrap_or(TimeZone::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_berlin(at: &str) -> Result<String, Nonexistent> {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        Typed::Civil(at.parse().unwrap()).resolve(&berlin).map(|at| at.to_string())
    }

    #[test]
    fn a_time_that_comes_twice_is_the_first() {
        assert_eq!(in_berlin("2026-10-25T02:30"), Ok("2026-10-25T00:30:00Z".to_owned()));
        assert_eq!(in_berlin("2026-07-01T09:00"), Ok("2026-07-01T07:00:00Z".to_owned()));
    }

    #[test]
    fn a_time_the_clock_jumps_over_is_refused_with_its_neighbours() {
        let neighbours = in_berlin("2026-03-29T02:30").unwrap_err();
        assert_eq!(neighbours.before, "2026-03-29T01:30".parse().unwrap());
        assert_eq!(neighbours.after, "2026-03-29T03:30".parse().unwrap());
    }
}
