//! Instants and civil times, to and from the wire.
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil};
use prost_types::Timestamp as Wire;

/// Instants the clinic can talk about: 1900 to 2199. Everything else is a typing error.
const YEARS: std::ops::Range<i16> = 1900..2200;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTime {
    #[error("is required")]
    Missing,
    #[error("must lie between the years 1900 and 2199")]
    OutOfRange,
    #[error("must be a date, YYYY-MM-DD")]
    Date,
    #[error("must be a time of day, HH:MM or HH:MM:SS")]
    TimeOfDay,
    #[error("must be a date and time, YYYY-MM-DDTHH:MM or YYYY-MM-DDTHH:MM:SS")]
    DateTime,
}

/// An instant on the wire.
pub fn to_wire(at: Timestamp) -> Wire {
    Wire { seconds: at.as_second(), nanos: at.subsec_nanosecond() }
}

/// An instant from the wire, cut to microseconds, which is what the stores keep.
pub fn from_wire(wire: Option<Wire>) -> Result<Timestamp, BadTime> {
    let Wire { seconds, nanos } = wire.ok_or(BadTime::Missing)?;
    let at = Timestamp::new(seconds, nanos / 1_000 * 1_000).map_err(|_| BadTime::OutOfRange)?;
    // A year begins and ends up to a day earlier or later somewhere.
    let day = SignedDuration::from_hours(24);
    let anywhere = [at.saturating_sub(day), at.saturating_add(day)];
    let is_known =
        anywhere.into_iter().flatten().any(|at| YEARS.contains(&at.to_zoned(TimeZone::UTC).year()));
    if is_known { Ok(at) } else { Err(BadTime::OutOfRange) }
}

/// A civil date, `YYYY-MM-DD`.
pub fn date(text: &str) -> Result<civil::Date, BadTime> {
    if text.is_empty() {
        return Err(BadTime::Missing);
    }
    if !looks_like("0000-00-00", text) {
        return Err(BadTime::Date);
    }
    let date: civil::Date = text.parse().map_err(|_| BadTime::Date)?;
    if YEARS.contains(&date.year()) { Ok(date) } else { Err(BadTime::OutOfRange) }
}

/// A civil date and time, `YYYY-MM-DDTHH:MM[:SS]`, without zone or offset.
pub fn date_time(text: &str) -> Result<civil::DateTime, BadTime> {
    // jiff reads more: an offset, which would be lost, and leap seconds.
    let shapes = ["0000-00-00T00:00", "0000-00-00T00:00:00"];
    if !shapes.iter().any(|shape| looks_like(shape, text)) || text.get(17..) == Some("60") {
        return Err(BadTime::DateTime);
    }
    let at: civil::DateTime = text.parse().map_err(|_| BadTime::DateTime)?;
    if YEARS.contains(&at.year()) { Ok(at) } else { Err(BadTime::OutOfRange) }
}

/// Whether `text` has the shape of `shape`, whose zeros stand for digits.
fn looks_like(shape: &str, text: &str) -> bool {
    let fits = |(shape, byte): (u8, u8)| if shape == b'0' { byte.is_ascii_digit() } else { shape == byte };
    shape.len() == text.len() && shape.bytes().zip(text.bytes()).all(fits)
}

/// Seconds since midnight of a civil time, `HH:MM` or `HH:MM:SS`; `24:00` is the end of the day.
pub fn seconds_of_day(text: &str) -> Result<u32, BadTime> {
    let two = |part: Option<&str>, limit: u32| match part {
        Some(digits) if digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit()) => {
            digits.parse().ok().filter(|n| *n < limit).ok_or(BadTime::TimeOfDay)
        }
        _ => Err(BadTime::TimeOfDay),
    };
    let mut parts = text.split(':');
    let hour = two(parts.next(), 25)?;
    let minute = two(parts.next(), 60)?;
    let second = parts.next().map_or(Ok(0), |part| two(Some(part), 60))?;
    let seconds = hour * 3600 + minute * 60 + second;
    if parts.next().is_some() || seconds > 24 * 3600 {
        return Err(BadTime::TimeOfDay);
    }
    Ok(seconds)
}

/// `HH:MM:SS` of seconds since midnight.
pub fn time_of_day(seconds: u32) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_survive_the_wire_to_the_microsecond() {
        let at: Timestamp = "2026-03-29T01:30:00.123456Z".parse().unwrap();
        assert_eq!(from_wire(Some(to_wire(at))), Ok(at));
        assert_eq!(from_wire(None), Err(BadTime::Missing));
        for (text, is_known) in [
            ("1899-12-30T23:59:59Z", false),
            ("1899-12-31T12:00:00Z", true),
            ("2200-01-01T12:00:00Z", true),
            ("2200-01-02T00:00:00Z", false),
        ] {
            let at: Timestamp = text.parse().unwrap();
            assert_eq!(from_wire(Some(to_wire(at))).is_ok(), is_known, "{text}");
        }
        assert_eq!(from_wire(Some(Wire { seconds: i64::MAX, nanos: 0 })), Err(BadTime::OutOfRange));
    }

    #[test]
    fn the_day_ends_at_24_00_and_not_later() {
        assert_eq!(seconds_of_day("24:00"), Ok(86_400));
        assert_eq!(seconds_of_day("09:30:15"), Ok(34_215));
        for wrong in ["24:01", "9:30", "09:60", "09:30:15:00", "+9:30", ""] {
            assert_eq!(seconds_of_day(wrong), Err(BadTime::TimeOfDay), "{wrong}");
        }
        assert_eq!(time_of_day(86_400), "24:00:00");
    }

    #[test]
    fn dates_have_four_digit_years() {
        assert!(date("2026-02-28").is_ok());
        for wrong in ["2026-02-30", "20260228", "26-02-28", "9999999-01-01"] {
            assert_eq!(date(wrong), Err(BadTime::Date), "{wrong}");
        }
        assert_eq!(date_time("2026-02-28T09:00Z"), Err(BadTime::DateTime));
    }

    #[test]
    fn an_offset_of_whole_hours_and_a_leap_second_are_no_part_of_civil_time() {
        for wrong in ["2030-01-07T09:00-05", "2030-01-07T09-05", "20300107T0900-05", "2030-01-07T09:00:60"] {
            assert_eq!(date_time(wrong), Err(BadTime::DateTime), "{wrong}");
        }
        assert!(date_time("2030-01-07T09:00:59").is_ok());
    }
}
