//! Times of a series in answers and refusals.
use super::{Garbled, Instant};
use jiff::tz::TimeZone;
use proto::appointment as pb;
use serde::Serialize;
use utoipa::ToSchema;

/// One time of a series, and whether it can be booked.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SeriesOccurrence {
    /// In the zone of the place.
    #[schema(example = "2030-01-07T09:00:00")]
    pub start_local: String,
    /// Null when the clock jumps over it.
    pub start_time: Option<Instant>,
    /// Null when the clock jumps over the start.
    pub end_time: Option<Instant>,
    pub is_bookable: bool,
    /// Why not: the code that a refusal to book it would have, or `nonexistent_local_time`.
    #[schema(example = "slot_taken")]
    pub code: Option<String>,
    /// The nearest start that could be booked instead, within three days.
    pub nearest_start_time: Option<Instant>,
    /// The visit; null when there is none.
    #[schema(value_type = Option<Uuid>)]
    pub appointment_id: Option<String>,
}

impl SeriesOccurrence {
    pub fn new(occurrence: pb::SeriesOccurrence, zone: &TimeZone) -> Result<Self, Garbled> {
        let pb::SeriesOccurrence {
            start_local,
            start_time,
            end_time,
            is_bookable,
            code,
            nearest_start_time,
            appointment_id,
        } = occurrence;
        let instant = |field, at: Option<prost_types::Timestamp>| {
            at.map(|at| Instant::in_zone(field, Some(at), zone)).transpose()
        };
        Ok(Self {
            start_local,
            start_time: instant("start_time", start_time)?,
            end_time: instant("end_time", end_time)?,
            is_bookable,
            code: (!code.is_empty()).then(|| code.to_lowercase()),
            nearest_start_time: instant("nearest_start_time", nearest_start_time)?,
            appointment_id: (!appointment_id.is_empty()).then_some(appointment_id),
        })
    }
}
