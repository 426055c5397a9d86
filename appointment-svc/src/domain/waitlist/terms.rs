//! How long an offer stands, and to how many it is made.
use crate::domain::local;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use std::str::FromStr;

/// Nobody answers faster: with less time left, nothing is offered.
const SHORTEST: SignedDuration = SignedDuration::from_secs(1);

#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// How long an offer stands, unless the visit is near.
    pub ttl: SignedDuration,
    /// When nobody is asked to answer.
    pub quiet: Option<QuietHours>,
    /// To how many one time is offered at once: one, and it is kept for them; or several, and the first has it.
    pub most: usize,
}

/// Hours of the night, as seconds since the civil midnight of the place; they may pass midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    from: u32,
    until: u32,
}

impl Terms {
    /// When an offer of a visit at `start` in `zone` begins to count and when it runs out, if it is made at `now`; none
    /// when there is too little time for an answer. A quarter of the time until the visit is enough, and quiet hours
    /// do not count.
    pub fn stand(&self, now: Timestamp, start: Timestamp, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        let told = self.quiet.and_then(|quiet| quiet.end_after(now, zone)).unwrap_or(now);
        let quarter = start.duration_since(told) / 4;
        let ttl = self.ttl.min(quarter);
        if ttl < SHORTEST {
            return None;
        }
        let until = told + ttl;
        let later = self.quiet.and_then(|quiet| {
            let (from, end) = quiet.around(until, zone)?;
            Some(end + until.duration_since(from))
        });
        // Unless the visit is near by then.
        Some((told, later.filter(|later| *later + ttl <= start).unwrap_or(until)))
    }
}

impl QuietHours {
    /// When the quiet hours end in which `now` lies; none when it lies in none.
    fn end_after(self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        self.around(now, zone).map(|(_, end)| end)
    }

    /// The quiet hours in which `now` lies.
    fn around(self, now: Timestamp, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        let date = zone.to_datetime(now).date();
        let begun = [date.yesterday().ok()?, date].into_iter();
        let ends = begun.filter_map(|date| {
            let from = local::boundary(zone, local::on(date, self.from)?)?;
            let end_date = if self.from < self.until { date } else { date.checked_add(1.day()).ok()? };
            let until = local::boundary(zone, local::on(end_date, self.until)?)?;
            (from <= now && now < until).then_some((from, until))
        });
        ends.max_by_key(|(_, until)| *until)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be two times of day as in 21:00-08:00")]
pub struct BadQuietHours;

impl FromStr for QuietHours {
    type Err = BadQuietHours;

    fn from_str(text: &str) -> Result<Self, BadQuietHours> {
        let (from, until) = text.split_once('-').ok_or(BadQuietHours)?;
        let seconds = |text| proto::time::seconds_of_day(text).map_err(|_| BadQuietHours);
        let hours = Self { from: seconds(from)?, until: seconds(until)? };
        if hours.from == hours.until { Err(BadQuietHours) } else { Ok(hours) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn stand(now: &str, start: &str) -> Option<(Timestamp, Timestamp)> {
        let quiet = Some("21:00-08:00".parse().unwrap());
        let terms = Terms { ttl: SignedDuration::from_mins(30), quiet, most: 1 };
        terms.stand(at(now), at(start), &TimeZone::get("Europe/Berlin").unwrap())
    }

    #[test]
    fn an_offer_stands_for_half_an_hour_and_shorter_when_the_visit_is_near() {
        let noon = "2030-01-07T12:00:00Z";
        assert_eq!(stand(noon, "2030-01-09T12:00:00Z"), Some((at(noon), at("2030-01-07T12:30:00Z"))));
        assert_eq!(stand(noon, "2030-01-07T13:00:00Z"), Some((at(noon), at("2030-01-07T12:15:00Z"))));
        assert_eq!(stand(noon, "2030-01-07T12:00:02Z"), None, "half a second");
        assert_eq!(stand(noon, "2030-01-07T11:00:00Z"), None, "over");
    }

    #[test]
    fn at_night_it_begins_to_count_in_the_morning() {
        let morning = at("2030-01-08T07:00:00Z");
        let until = at("2030-01-08T07:30:00Z");
        for night in ["2030-01-07T20:00:00Z", "2030-01-08T00:30:00Z", "2030-01-08T06:59:59Z"] {
            assert_eq!(stand(night, "2030-01-08T15:00:00Z"), Some((morning, until)), "{night}");
        }
        assert_eq!(stand("2030-01-08T07:00:00Z", "2030-01-08T15:00:00Z"), Some((morning, until)));
        assert_eq!(stand("2030-01-07T23:00:00Z", "2030-01-08T07:00:00Z"), None, "nobody is woken");
        let evening = at("2030-01-07T19:45:00Z");
        assert_eq!(
            stand("2030-01-07T19:45:00Z", "2030-01-09T07:00:00Z"),
            Some((evening, at("2030-01-08T07:15:00Z"))),
            "a quarter of an hour is left for the morning"
        );
        assert_eq!(
            stand("2030-01-07T19:45:00Z", "2030-01-08T07:30:00Z"),
            Some((evening, at("2030-01-07T20:15:00Z"))),
            "in the morning it would be too late"
        );
    }

    #[test]
    fn quiet_hours_may_lie_within_a_day_and_are_two_times() {
        let noon: QuietHours = "12:00-13:00".parse().unwrap();
        let end = noon.end_after(at("2030-01-07T12:30:00Z"), &TimeZone::UTC);
        assert_eq!(end, Some(at("2030-01-07T13:00:00Z")));
        assert_eq!(noon.end_after(at("2030-01-07T13:00:00Z"), &TimeZone::UTC), None);
        for wrong in ["", "21:00", "21-8", "21:00-21:00", "25:00-08:00"] {
            assert!(wrong.parse::<QuietHours>().is_err(), "{wrong}");
        }
    }
}
