//! Other hours and time away as the REST face shows and takes them.
use crate::reply::Resource;
use crate::routes::given;
use crate::times::{CivilDate, Garbled, Instant, TimeOfDay, When};
use proto::doctor as pb;
use proto::doctor::availability_override::Hours;
use proto::ids::{DoctorId, LocationId};
use proto::scalars::Reason;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Hours that hold on one date instead of the weekly ones.
#[derive(Serialize, ToSchema)]
pub struct AvailabilityOverride {
    #[schema(value_type = Uuid)]
    pub doctor_id: String,
    #[schema(format = Date, example = "2030-01-07")]
    pub date: String,
    /// By start; the doctor is away all day when there are none.
    pub hours: Vec<OverrideHours>,
}

/// Hours of one date, in the zone of the location or else of the doctor.
#[derive(Serialize, ToSchema)]
pub struct OverrideHours {
    #[schema(example = "09:00:00")]
    pub start_time: String,
    /// On the next day unless later than `start_time`.
    #[schema(example = "12:00:00")]
    pub end_time: String,
    /// Where; null when at no location.
    #[schema(value_type = Option<Uuid>)]
    pub location_id: Option<String>,
}

impl Resource for AvailabilityOverride {
    fn location(&self) -> String {
        format!("/api/doctors/{}/overrides/{}", self.doctor_id, self.date)
    }
}

impl From<pb::AvailabilityOverride> for AvailabilityOverride {
    fn from(there: pb::AvailabilityOverride) -> Self {
        let pb::AvailabilityOverride { doctor_id, date, hours } = there;
        let shown = |Hours { start_time, end_time, location_id }| OverrideHours {
            start_time,
            end_time,
            location_id: given(location_id),
        };
        Self { doctor_id, date, hours: hours.into_iter().map(shown).collect() }
    }
}

/// Hours to be set on one date.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetAvailabilityOverride {
    /// Without overlapping each other; none close the date.
    #[schema(max_items = 12)]
    pub hours: Vec<NewOverrideHours>,
}

/// Hours of one date.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOverrideHours {
    pub start_time: TimeOfDay,
    /// On the next day unless later than `start_time`; `24:00` is midnight at the end of the day.
    pub end_time: TimeOfDay,
    /// Where; in the doctor's own zone when absent.
    #[schema(value_type = Option<Uuid>)]
    pub location_id: Option<LocationId>,
}

impl SetAvailabilityOverride {
    pub fn of(self, doctor_id: DoctorId, date: CivilDate) -> pb::SetAvailabilityOverrideRequest {
        let hours = |NewOverrideHours { start_time, end_time, location_id }| Hours {
            start_time: String::from(start_time),
            end_time: String::from(end_time),
            location_id: location_id.map(|id: LocationId| id.to_string()).unwrap_or_default(),
        };
        let new = pb::AvailabilityOverride {
            doctor_id: doctor_id.to_string(),
            date: date.into(),
            hours: self.hours.into_iter().map(hours).collect(),
        };
        pb::SetAvailabilityOverrideRequest { r#override: Some(new) }
    }
}

/// Time in which a doctor is away, whatever the hours.
#[derive(Serialize, ToSchema)]
pub struct TimeOff {
    #[schema(value_type = Uuid)]
    pub id: String,
    #[schema(value_type = Uuid)]
    pub doctor_id: String,
    pub start_time: Instant,
    pub end_time: Instant,
    /// Civil time in the doctor's zone.
    #[schema(example = "2030-01-07T09:00:00")]
    pub start_local: String,
    /// Civil time in the doctor's zone.
    #[schema(example = "2030-01-08T00:00:00")]
    pub end_local: String,
    /// For the doctor, staff and admins.
    #[schema(example = "Conference")]
    pub reason: Option<String>,
}

impl Resource for TimeOff {
    fn location(&self) -> String {
        format!("/api/doctors/{}/time-off/{}", self.doctor_id, self.id)
    }
}

impl TryFrom<pb::TimeOff> for TimeOff {
    type Error = Garbled;

    fn try_from(off: pb::TimeOff) -> Result<Self, Garbled> {
        let pb::TimeOff { id, doctor_id, start_time, end_time, start_local, end_local, reason } = off;
        Ok(Self {
            id,
            doctor_id,
            start_time: Instant::utc("start_time", start_time)?,
            end_time: Instant::utc("end_time", end_time)?,
            start_local,
            end_local,
            reason: given(reason),
        })
    }
}

/// Time off to be taken.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTimeOff {
    pub start_time: When,
    /// Later than `start_time`, and ahead.
    pub end_time: When,
    pub reason: Option<Reason>,
}

impl CreateTimeOff {
    pub fn of(self, doctor_id: DoctorId) -> pb::CreateTimeOffRequest {
        let Self { start_time, end_time, reason } = self;
        let (start_time, start_local) = start_time.into_wire();
        let (end_time, end_local) = end_time.into_wire();
        let off = pb::TimeOff {
            id: String::new(),
            doctor_id: doctor_id.to_string(),
            start_time,
            end_time,
            start_local,
            end_local,
            reason: reason.map(Into::into).unwrap_or_default(),
        };
        pb::CreateTimeOffRequest { time_off: Some(off) }
    }
}
