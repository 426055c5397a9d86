//! Times as front ends write and read them: instants with an offset, civil times without.
use jiff::Unit;
use jiff::fmt::temporal::DateTimePrinter;
use jiff::tz::{Offset, TimeZone};
use proto::time;
use serde::Serialize;
use utoipa::ToSchema;

mod given; // times in requests
mod schema; // how they look, for the document
mod occurrence; // times of a series

pub use given::{Bound, CivilDate, DatePart, Moment, TimeOfDay, When};
pub use occurrence::SeriesOccurrence;

/// An answer of a service that breaks the contract.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is missing or malformed in an answer")]
pub struct Garbled(pub &'static str);

/// An instant in an answer, RFC 3339, shown with the offset of a zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = DateTime, example = "2030-01-07T09:00:00+01:00")]
pub struct Instant(String);

impl Instant {
    pub fn in_zone(
        field: &'static str,
        wire: Option<prost_types::Timestamp>,
        zone: &TimeZone,
    ) -> Result<Self, Garbled> {
        let at = time::from_wire(wire).map_err(|_| Garbled(field))?;
        // RFC 3339 has no offsets with seconds, as clocks had before there were zones.
        let offset = zone.to_offset(at).round(Unit::Minute).unwrap_or(Offset::UTC);
        Ok(Self(DateTimePrinter::new().timestamp_with_offset_to_string(&at, offset)))
    }

    pub fn utc(field: &'static str, wire: Option<prost_types::Timestamp>) -> Result<Self, Garbled> {
        let at = time::from_wire(wire).map_err(|_| Garbled(field))?;
        Ok(Self(at.to_string()))
    }

    /// None when the field is not set.
    pub fn maybe_utc(
        field: &'static str,
        wire: Option<prost_types::Timestamp>,
    ) -> Result<Option<Self>, Garbled> {
        wire.map(|wire| Self::utc(field, Some(wire))).transpose()
    }
}

/// The zone that an answer names.
pub fn zone(name: &str) -> Result<TimeZone, Garbled> {
    TimeZone::get(name).map_err(|_| Garbled("time_zone"))
}

/// A time that can be booked.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Slot {
    pub start_time: Instant,
    pub end_time: Instant,
    /// Always true.
    pub is_available: bool,
    /// The zone whose offset the times have.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
    #[schema(value_type = Uuid)]
    pub doctor_id: String,
    /// Where; null when at no location.
    #[schema(value_type = Option<Uuid>)]
    pub location_id: Option<String>,
    /// How many more patients it has room for.
    #[schema(minimum = 1, example = 1)]
    pub places_left: i32,
}

impl Slot {
    pub fn new(slot: proto::appointment::Slot, zone: &TimeZone) -> Result<Self, Garbled> {
        let proto::appointment::Slot {
            start_time,
            end_time,
            doctor_id,
            location_id,
            time_zone: _,
            places_left,
        } = slot;
        Ok(Self {
            start_time: Instant::in_zone("start_time", start_time, zone)?,
            end_time: Instant::in_zone("end_time", end_time, zone)?,
            is_available: true,
            time_zone: zone.iana_name().unwrap_or("UTC").to_owned(),
            doctor_id,
            location_id: (!location_id.is_empty()).then_some(location_id),
            places_left,
        })
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_shows_the_clinics_time() {
        let wire = Some(time::to_wire("2030-07-01T07:00:00Z".parse().unwrap()));
        let berlin = zone("Europe/Berlin").unwrap();
        let shown = Instant::in_zone("start_time", wire, &berlin).unwrap();
        assert_eq!(shown, Instant("2030-07-01T09:00:00+02:00".to_owned()));
        let shown = Instant::in_zone("start_time", wire, &TimeZone::UTC).unwrap();
        assert_eq!(shown, Instant("2030-07-01T07:00:00+00:00".to_owned()));
    }

    #[test]
    fn an_old_offset_with_seconds_does_not_move_the_instant() {
        let at = "1921-01-15T05:36:12Z";
        let wire = Some(time::to_wire(at.parse().unwrap()));
        let Instant(shown) = Instant::in_zone("at", wire, &zone("America/Chihuahua").unwrap()).unwrap();
        assert_eq!(shown.parse::<jiff::Timestamp>().unwrap().to_string(), at, "{shown}");
    }
}
