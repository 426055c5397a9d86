//! Hours in which nobody wants to be reminded.
use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::str::FromStr;

/// From one time that clocks show until another; they may pass midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    from: Time,
    until: Time,
}

/// When somebody wants quiet, where they are.
#[derive(Clone, Debug)]
pub struct Quiet {
    /// None when never.
    pub hours: Option<QuietHours>,
    pub zone: TimeZone,
}

/// The shortest time that a clock tells apart here.
const INSTANT: SignedDuration = SignedDuration::from_micros(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadQuietHours {
    #[error("must be two times of day as in 21:00-08:00")]
    Unreadable,
    #[error("must last a minute or longer, and 16 hours at most")]
    Length,
}

impl QuietHours {
    /// What is left of a day is enough to be told of things.
    const LONGEST: SignedDuration = SignedDuration::from_hours(16);
    const SHORTEST: SignedDuration = SignedDuration::from_mins(1);

    pub fn new(from: Time, until: Time) -> Result<Self, BadQuietHours> {
        let day = SignedDuration::from_hours(24);
        let lasts = until.duration_since(from);
        let lasts = if lasts.is_negative() { lasts + day } else { lasts };
        let fits = (Self::SHORTEST..=Self::LONGEST).contains(&lasts);
        if fits { Ok(Self { from, until }) } else { Err(BadQuietHours::Length) }
    }

    pub fn from(self) -> Time {
        self.from
    }

    pub fn until(self) -> Time {
        self.until
    }

    fn cover(self, time: Time) -> bool {
        if self.from < self.until {
            self.from <= time && time < self.until
        } else {
            self.from <= time || time < self.until
        }
    }
}

impl FromStr for QuietHours {
    type Err = BadQuietHours;

    fn from_str(text: &str) -> Result<Self, BadQuietHours> {
        let (from, until) = text.split_once('-').ok_or(BadQuietHours::Unreadable)?;
        Self::new(time_of_day(from)?, time_of_day(until)?)
    }
}

/// `HH:MM` or `HH:MM:SS`; `24:00` is midnight.
pub fn time_of_day(text: &str) -> Result<Time, BadQuietHours> {
    let seconds = proto::time::seconds_of_day(text).map_err(|_| BadQuietHours::Unreadable)?;
    Ok(Time::midnight().wrapping_add(SignedDuration::from_secs(seconds.into())))
}

impl Quiet {
    /// Whether clocks there show a quiet time.
    pub fn is_at(&self, at: Timestamp) -> bool {
        self.hours.is_some_and(|hours| hours.cover(self.zone.to_datetime(at).time()))
    }

    /// The first instant from `at` on that is not quiet.
    pub fn over_by(&self, at: Timestamp) -> Timestamp {
        let Some(hours) = self.hours else { return at };
        let mut at = at;
        // Clocks that change may show a quiet time again, or pass over the end.
        while self.is_at(at) {
            let offset = self.zone.to_offset(at);
            let clock = offset.to_datetime(at);
            let is_today = clock.time() < hours.until;
            let date = if is_today { Ok(clock.date()) } else { clock.date().tomorrow() };
            let end = date.and_then(|date| offset.to_timestamp(date.to_datetime(hours.until)));
            let Ok(end) = end else { return at };
            let change = self.zone.following(at).next().map(|change| change.timestamp());
            at = change.filter(|change| *change < end).unwrap_or(end);
        }
        at
    }

    /// When the quiet began that lasts at `at`; `at` itself when it is not quiet.
    pub fn began(&self, at: Timestamp) -> Timestamp {
        let Some(hours) = self.hours else { return at };
        let mut begin = at;
        let mut before = at;
        while self.is_at(before) {
            let offset = self.zone.to_offset(before);
            let clock = offset.to_datetime(before);
            let is_today = hours.from <= clock.time();
            let date = if is_today { Ok(clock.date()) } else { clock.date().yesterday() };
            let from = date.and_then(|date| offset.to_timestamp(date.to_datetime(hours.from)));
            let Ok(from) = from else { return begin };
            let change = self.zone.preceding(before + INSTANT).next().map(|change| change.timestamp());
            let Some(change) = change.filter(|change| *change >= from) else { return from };
            begin = change;
            before = change - INSTANT;
        }
        begin
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn quiet(hours: &str, zone: &str) -> Quiet {
        Quiet { hours: Some(hours.parse().unwrap()), zone: TimeZone::get(zone).unwrap() }
    }

    /// When the quiet began and ends that lasts at some time.
    fn around(hours: &str, zone: &str, time: &str) -> [String; 2] {
        let quiet = quiet(hours, zone);
        [quiet.began(at(time)), quiet.over_by(at(time))].map(|at| at.to_string())
    }

    #[test]
    fn quiet_hours_pass_midnight_or_lie_within_a_day() {
        let night = around("21:00-08:00", "Europe/Berlin", "2030-01-07T02:00:00Z");
        assert_eq!(night, ["2030-01-06T20:00:00Z", "2030-01-07T07:00:00Z"]);
        let evening = around("21:00-08:00", "Europe/Berlin", "2030-01-06T20:00:00Z");
        assert_eq!(evening, night);
        let noon = around("12:00-13:30", "Asia/Kathmandu", "2030-01-07T07:00:00Z");
        assert_eq!(noon, ["2030-01-07T06:15:00Z", "2030-01-07T07:45:00Z"]);
        for loud in ["2030-01-07T07:00:00Z", "2030-01-07T19:59:59Z"] {
            assert_eq!(around("21:00-08:00", "Europe/Berlin", loud), [loud; 2]);
        }
    }

    #[test]
    fn where_clocks_change_in_the_night_it_is_longer_or_shorter() {
        let spring = around("21:00-08:00", "Europe/Berlin", "2026-03-29T00:30:00Z");
        assert_eq!(spring, ["2026-03-28T20:00:00Z", "2026-03-29T06:00:00Z"]);
        let autumn = around("21:00-08:00", "Europe/Berlin", "2026-10-25T00:30:00Z");
        assert_eq!(autumn, ["2026-10-24T19:00:00Z", "2026-10-25T07:00:00Z"]);
    }

    #[test]
    fn an_end_that_clocks_jump_over_is_the_jump_and_a_begin_too() {
        let end = around("21:00-02:30", "Europe/Berlin", "2026-03-29T00:30:00Z");
        assert_eq!(end, ["2026-03-28T20:00:00Z", "2026-03-29T01:00:00Z"]);
        let begin = around("02:30-08:00", "Europe/Berlin", "2026-03-29T03:00:00Z");
        assert_eq!(begin, ["2026-03-29T01:00:00Z", "2026-03-29T06:00:00Z"]);
        // There is no midnight, and so no hour from then on.
        let gone = quiet("00:00-01:00", "America/Santiago");
        assert!(!gone.is_at(at("2026-09-06T03:59:59Z")) && !gone.is_at(at("2026-09-06T04:00:00Z")));
    }

    #[test]
    fn an_hour_that_comes_twice_is_quiet_twice() {
        let first = around("02:00-02:30", "Europe/Berlin", "2026-10-25T00:10:00Z");
        assert_eq!(first, ["2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z"]);
        let second = around("02:00-02:30", "Europe/Berlin", "2026-10-25T01:10:00Z");
        assert_eq!(second, ["2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z"]);
        // From one quiet hour at once into the next.
        let both = around("02:00-03:00", "Europe/Berlin", "2026-10-25T01:10:00Z");
        assert_eq!(both, ["2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z"]);
    }

    #[test]
    fn a_day_that_there_was_not_was_not_quiet() {
        let apia = around("21:00-08:00", "Pacific/Apia", "2011-12-30T10:30:00Z");
        assert_eq!(apia, ["2011-12-30T07:00:00Z", "2011-12-30T18:00:00Z"]);
    }

    #[test]
    fn quiet_hours_are_two_times_that_leave_something_of_the_day() {
        assert!("21:00-08:00".parse::<QuietHours>().is_ok());
        assert!("20:00-24:00".parse::<QuietHours>().is_ok());
        for wrong in ["", "21:00", "21-8", "25:00-08:00"] {
            assert_eq!(wrong.parse::<QuietHours>(), Err(BadQuietHours::Unreadable), "{wrong}");
        }
        for wrong in ["21:00-21:00", "08:00-07:59", "08:00-00:01", "21:00:00-21:00:59"] {
            assert_eq!(wrong.parse::<QuietHours>(), Err(BadQuietHours::Length), "{wrong}");
        }
    }
}
