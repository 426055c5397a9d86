//! When the weekly hours of a doctor do not hold: other hours on one date, and time away.
use super::hours::{self, HoursAt};
use super::local::{Nonexistent, Typed};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use proto::ids::TimeOffId;
use proto::scalars::Reason;

/// What replaces the weekly hours on one date: closed when there are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    pub date: Date,
    /// By start.
    pub hours: Vec<HoursAt>,
}

/// Time in which a doctor is away, whatever the hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeOff {
    pub id: TimeOffId,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub reason: Option<Reason>,
}

/// Time off as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedTimeOff {
    pub start: Typed,
    pub end: Typed,
    pub reason: Option<Reason>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTimeOff {
    #[error(transparent)]
    Start(Nonexistent),
    #[error(transparent)]
    End(Nonexistent),
    #[error("must be later than the start")]
    Empty,
    #[error("must lie ahead")]
    Over,
}

/// Most hours of an override.
pub const MAX_HOURS: usize = 12;

impl Override {
    /// None when hours overlap.
    pub fn new(date: Date, mut hours: Vec<HoursAt>) -> Option<Self> {
        hours.sort_unstable();
        let overlap = hours.windows(2).any(|two| two[0].hours.overlaps(two[1].hours));
        (!overlap).then_some(Self { date, hours })
    }

    /// Whether every minute of `wanted` is one of these hours, in the same place. In doubt it is not.
    pub fn covers(&self, wanted: &Self) -> bool {
        wanted.hours.iter().all(|wanted| {
            let there = self.hours.iter().filter(|offered| offered.location == wanted.location);
            hours::covers(there.map(|offered| offered.hours), wanted.hours)
        })
    }
}

/// The first date whose hours may not be over, wherever that is: a night may last into the day after, and the last
/// zone is half a day behind.
pub fn first_date(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date().saturating_sub(2.days())
}

impl TimeOff {
    pub fn new(
        id: TimeOffId,
        typed: TypedTimeOff,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Result<Self, BadTimeOff> {
        let TypedTimeOff { start, end, reason } = typed;
        let starts_at = start.resolve(zone).map_err(BadTimeOff::Start)?;
        let ends_at = end.resolve(zone).map_err(BadTimeOff::End)?;
        if ends_at <= starts_at {
            return Err(BadTimeOff::Empty);
        }
        if ends_at <= now {
            return Err(BadTimeOff::Over);
        }
        Ok(Self { id, starts_at, ends_at, reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::hours::tests::hours;
    use proto::ids::LocationId;

    fn at(start: u32, end: u32) -> HoursAt {
        HoursAt { hours: hours(start, end), location: None }
    }

    fn on_monday(hours: Vec<HoursAt>) -> Option<Override> {
        Override::new("2030-01-07".parse().unwrap(), hours)
    }

    #[test]
    fn hours_of_a_date_do_not_overlap() {
        assert_eq!(on_monday(vec![at(12, 15), at(9, 12)]).unwrap().hours, [at(9, 12), at(12, 15)]);
        assert_eq!(on_monday(vec![at(11, 15), at(9, 12)]), None);
        assert!(on_monday(Vec::new()).is_some());
    }

    #[test]
    fn an_override_covers_another_in_the_same_place() {
        let closed = on_monday(Vec::new()).unwrap();
        let (long, short) = (on_monday(vec![at(9, 15)]).unwrap(), on_monday(vec![at(10, 12)]).unwrap());
        assert!(long.covers(&short) && !short.covers(&long) && short.covers(&closed));
        let there = HoursAt { location: Some(LocationId::random()), ..at(9, 15) };
        assert!(!on_monday(vec![there]).unwrap().covers(&short));
    }

    #[test]
    fn time_off_lies_ahead_and_in_time_that_exists() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let civil = |at: &str| Typed::Civil(at.parse().unwrap());
        let now = "2030-01-07T12:00:00Z".parse().unwrap();
        let off = |start, end| {
            let typed = TypedTimeOff { start: civil(start), end: civil(end), reason: None };
            TimeOff::new(TimeOffId::random(), typed, &berlin, now)
        };
        let made = off("2030-01-07T09:00", "2030-01-08T00:00").unwrap();
        assert_eq!(made.ends_at, "2030-01-07T23:00:00Z".parse().unwrap());
        assert_eq!(off("2030-01-08T09:00", "2030-01-08T09:00"), Err(BadTimeOff::Empty));
        assert_eq!(off("2030-01-06T09:00", "2030-01-07T13:00"), Err(BadTimeOff::Over));
        assert!(matches!(off("2030-03-31T02:30", "2030-03-31T09:00"), Err(BadTimeOff::Start(_))));
        assert!(matches!(off("2030-03-30T09:00", "2030-03-31T02:30"), Err(BadTimeOff::End(_))));
    }

    #[test]
    fn a_date_is_over_when_its_last_night_is_everywhere() {
        let first = first_date("2030-01-09T11:59:00Z".parse().unwrap());
        assert_eq!(first, "2030-01-07".parse().unwrap());
    }
}
