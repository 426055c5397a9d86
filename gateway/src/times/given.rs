//! Times in requests. What can be read here is told to front ends in `schema`.
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use proto::time::{self, BadTime};
use serde::Deserialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadInput {
    #[error("must be a date and time, for instance 2030-01-07T09:00:00+01:00 or 2030-01-07T09:00")]
    When,
    #[error("must be a date and time with an offset, for instance 2030-01-07T09:00:00+01:00")]
    Moment,
    #[error("must be a date or a date and time, for instance 2030-01-07 or 2030-01-07T09:00:00Z")]
    Bound,
    #[error(transparent)]
    Time(#[from] BadTime),
}

/// A date and time in a request: an instant when it has an offset, otherwise civil time in the doctor's zone.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum When {
    Instant(Timestamp),
    Civil(String),
}

impl TryFrom<String> for When {
    type Error = BadInput;

    fn try_from(text: String) -> Result<Self, BadInput> {
        match instant(&text) {
            Ok(at) => Ok(Self::Instant(at)),
            Err(BadInput::When) => match time::date_time(&text) {
                Ok(_) => Ok(Self::Civil(text)),
                Err(BadTime::OutOfRange) => Err(BadTime::OutOfRange.into()),
                Err(_) => Err(BadInput::When),
            },
            Err(error) => Err(error),
        }
    }
}

impl When {
    /// The two fields that carry it on the wire: the instant, or the civil time.
    pub fn into_wire(self) -> (Option<prost_types::Timestamp>, String) {
        match self {
            Self::Instant(at) => (Some(time::to_wire(at)), String::new()),
            Self::Civil(text) => (None, text),
        }
    }
}

/// An instant in a request, where no place says what a time without an offset would mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Moment(Timestamp);

impl TryFrom<String> for Moment {
    type Error = BadInput;

    fn try_from(text: String) -> Result<Self, BadInput> {
        match instant(&text) {
            Err(BadInput::When) => Err(BadInput::Moment),
            other => other.map(Self),
        }
    }
}

impl From<Moment> for prost_types::Timestamp {
    fn from(Moment(at): Moment) -> Self {
        time::to_wire(at)
    }
}

/// An RFC 3339 instant between the years 1900 and 2199.
fn instant(text: &str) -> Result<Timestamp, BadInput> {
    let plain = |b: u8| b.is_ascii_digit() || b"-+:.TtZz".contains(&b);
    if text.len() < 17 || !text.bytes().all(plain) {
        return Err(BadInput::When);
    }
    // jiff reads more than RFC 3339 writes: clocks and offsets in other forms, and every minute's leap second.
    let offset = &text[text.len() - 6..];
    let has_offset = offset.ends_with(['Z', 'z']) || offset.starts_with(['+', '-']) && &offset[3..4] == ":";
    if !has_offset || &text[13..14] != ":" || text.get(17..19) == Some("60") {
        return Err(BadInput::When);
    }
    let at: Timestamp = text.parse().map_err(|_| BadInput::When)?;
    Ok(time::from_wire(Some(time::to_wire(at)))?)
}

/// One end of a range of time in a request: a day, or an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Bound {
    Day(Date),
    Civil(DateTime),
    Instant(Timestamp),
}

impl TryFrom<String> for Bound {
    type Error = BadInput;

    fn try_from(text: String) -> Result<Self, BadInput> {
        if text.len() == 10 {
            return match time::date(&text) {
                Ok(day) => Ok(Self::Day(day)),
                Err(BadTime::OutOfRange) => Err(BadTime::OutOfRange.into()),
                Err(_) => Err(BadInput::Bound),
            };
        }
        match When::try_from(text) {
            Ok(When::Instant(at)) => Ok(Self::Instant(at)),
            Ok(When::Civil(text)) => Ok(Self::Civil(time::date_time(&text)?)),
            Err(BadInput::When) => Err(BadInput::Bound),
            Err(error) => Err(error),
        }
    }
}

impl Bound {
    /// The first instant of a range that begins with it; days and civil times are those of `zone`.
    pub fn begin(self, zone: &TimeZone) -> Option<prost_types::Timestamp> {
        self.resolve(zone, |day| Some(day.to_datetime(Time::midnight())))
    }

    /// The first instant after a range that ends with it: a day belongs to the range, an instant does not.
    pub fn end(self, zone: &TimeZone) -> Option<prost_types::Timestamp> {
        self.resolve(zone, |day| Some(day.checked_add(1.day()).ok()?.to_datetime(Time::midnight())))
    }

    fn resolve(
        self,
        zone: &TimeZone,
        midnight: impl FnOnce(Date) -> Option<DateTime>,
    ) -> Option<prost_types::Timestamp> {
        let civil = match self {
            Self::Instant(at) => return Some(time::to_wire(at)),
            Self::Civil(at) => at,
            Self::Day(day) => midnight(day)?,
        };
        Some(time::to_wire(zone.to_timestamp(civil).ok()?))
    }
}

/// A civil date in a request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct CivilDate(String);

impl TryFrom<String> for CivilDate {
    type Error = BadTime;

    fn try_from(text: String) -> Result<Self, BadTime> {
        time::date(&text).map(|_| Self(text))
    }
}

impl From<CivilDate> for String {
    fn from(date: CivilDate) -> Self {
        date.0
    }
}

/// A civil date in a request; of a date and time, what stands before the time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct DatePart(String);

impl TryFrom<String> for DatePart {
    type Error = BadInput;

    fn try_from(mut text: String) -> Result<Self, BadInput> {
        Bound::try_from(text.clone())?;
        text.truncate(10);
        Ok(Self(text))
    }
}

impl From<DatePart> for String {
    fn from(date: DatePart) -> Self {
        date.0
    }
}

/// A civil time of day in a request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct TimeOfDay(String);

impl TryFrom<String> for TimeOfDay {
    type Error = BadTime;

    fn try_from(text: String) -> Result<Self, BadTime> {
        time::seconds_of_day(&text).map(|_| Self(text))
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn when(text: &str) -> Result<When, BadInput> {
        text.to_owned().try_into()
    }

    fn bound(text: &str) -> Bound {
        text.to_owned().try_into().unwrap()
    }

    #[test]
    fn an_offset_makes_an_instant_and_its_absence_civil_time() {
        let instant = When::Instant("2030-01-07T08:00:00Z".parse().unwrap());
        assert_eq!(when("2030-01-07T09:00:00+01:00"), Ok(instant.clone()));
        assert_eq!(when("2030-01-07T08:00:00.000z"), Ok(instant));
        assert_eq!(when("2030-01-07T09:00"), Ok(When::Civil("2030-01-07T09:00".to_owned())));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for wrong in
            ["", "tomorrow", "2030-01-07", "2030-02-30T09:00", "2030-01-07T25:00Z", "20300107T090000Z"]
        {
            assert_eq!(when(wrong), Err(BadInput::When), "{wrong}");
        }
        assert_eq!(when("9999-01-01T00:00:00Z"), Err(BadTime::OutOfRange.into()));
        assert_eq!(when("1800-01-01T00:00"), Err(BadTime::OutOfRange.into()));
    }

    #[test]
    fn a_moment_has_an_offset() {
        assert!(Moment::try_from("2030-01-07T09:00:00+01:00".to_owned()).is_ok());
        for civil in ["2030-01-07T09:00:00", "2030-01-07"] {
            assert_eq!(Moment::try_from(civil.to_owned()), Err(BadInput::Moment), "{civil}");
        }
        let late = Moment::try_from("9999-01-01T00:00:00Z".to_owned());
        assert_eq!(late, Err(BadTime::OutOfRange.into()));
    }

    #[test]
    fn a_range_of_days_holds_its_last_day() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let seconds = |at: &str| at.parse::<Timestamp>().unwrap().as_second();
        let day = bound("2030-03-31");
        assert_eq!(day.begin(&berlin).unwrap().seconds, seconds("2030-03-30T23:00:00Z"));
        assert_eq!(day.end(&berlin).unwrap().seconds, seconds("2030-03-31T22:00:00Z"));
        let instant = bound("2030-03-31T09:00:00Z");
        assert_eq!(instant.begin(&berlin), instant.end(&berlin));
    }

    #[test]
    fn a_date_and_time_is_cut_to_the_date_as_written() {
        let date = DatePart::try_from("2030-01-07T23:30:00-11:00".to_owned()).unwrap();
        assert_eq!(String::from(date), "2030-01-07");
        assert!(DatePart::try_from("2030-01-07T99:00".to_owned()).is_err());
    }
}
