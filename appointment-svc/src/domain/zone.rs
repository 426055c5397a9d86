//! Time zones by their IANA names, in stored rules.
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

pub fn serialize<S: Serializer>(zone: &TimeZone, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(name(zone))
}

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TimeZone, D::Error> {
    TimeZone::get(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// The IANA name of `zone`.
pub fn name(zone: &TimeZone) -> &str {
    zone.iana_name().unwrap_or("UTC")
}
