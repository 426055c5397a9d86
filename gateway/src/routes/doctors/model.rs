//! Doctors and their hours as the REST face shows them.
use crate::reply::Resource;
use crate::routes::given;
use crate::times::{Garbled, Instant};
use proto::doctor as pb;
use serde::Serialize;
use utoipa::ToSchema;

mod requests; // what front ends send

pub use requests::{
    CreateAvailability, CreateDoctor, ListDoctors, NewBreak, UpdateAvailability, UpdateDoctor,
};

/// A person who treats.
#[derive(Serialize, ToSchema)]
pub struct Doctor {
    #[schema(value_type = Uuid)]
    pub id: String,
    #[schema(example = "Elizabeth")]
    pub first_name: String,
    #[schema(example = "Blackwell")]
    pub last_name: String,
    /// For the doctor, staff and admins.
    #[schema(example = "blackwell@example.com")]
    pub email: Option<String>,
    /// For the doctor, staff and admins.
    #[schema(example = "+49 30 123456")]
    pub phone: Option<String>,
    #[schema(example = "Cardiology")]
    pub specialization: String,
    /// The zone of the weekly hours, IANA.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
    /// BCP 47.
    #[schema(example = json!(["en", "de"]))]
    pub languages: Vec<String>,
    #[schema(example = "Twenty years of general practice.")]
    pub bio: Option<String>,
    /// Length of a visit when the booking names none, and the grid that slots lie on.
    #[schema(minimum = 5, maximum = 480, example = 30)]
    pub slot_minutes: i32,
    /// Most visits that start on one date; no limit when 0.
    #[schema(minimum = 0, maximum = 500, example = 0)]
    pub max_daily_visits: i32,
    /// The weekly hours; null in lists.
    pub availabilities: Option<Vec<Availability>>,
    pub created_at: Instant,
    pub updated_at: Instant,
    /// When the doctor was deleted.
    pub deleted_at: Option<Instant>,
    /// Grows by one with each change; the ETag.
    #[schema(minimum = 0, example = 3)]
    pub version: i64,
}

impl Resource for Doctor {
    const VERSION: Option<fn(&Self) -> i64> = Some(|doctor| doctor.version);

    fn location(&self) -> String {
        format!("/api/doctors/{}", self.id)
    }
}

impl TryFrom<pb::Doctor> for Doctor {
    type Error = Garbled;

    fn try_from(doctor: pb::Doctor) -> Result<Self, Garbled> {
        let pb::Doctor {
            id,
            first_name,
            last_name,
            email,
            phone,
            specialization,
            time_zone,
            languages,
            bio,
            slot_minutes,
            availabilities,
            create_time,
            update_time,
            delete_time,
            version,
            max_daily_visits,
        } = doctor;
        Ok(Self {
            id,
            first_name,
            last_name,
            email: given(email),
            phone: given(phone),
            specialization,
            time_zone,
            languages,
            bio: given(bio),
            slot_minutes,
            max_daily_visits,
            availabilities: Some(availabilities.into_iter().map(Into::into).collect()),
            created_at: Instant::utc("create_time", create_time)?,
            updated_at: Instant::utc("update_time", update_time)?,
            deleted_at: Instant::maybe_utc("delete_time", delete_time)?,
            version,
        })
    }
}

/// A doctor in a list, where the weekly hours are left out.
#[derive(Serialize, ToSchema)]
#[serde(transparent)]
pub struct ListedDoctor(Doctor);

impl TryFrom<pb::Doctor> for ListedDoctor {
    type Error = Garbled;

    fn try_from(doctor: pb::Doctor) -> Result<Self, Garbled> {
        Ok(Self(Doctor { availabilities: None, ..doctor.try_into()? }))
    }
}

/// Weekly working hours on one day, in the zone of the location or else of the doctor.
#[derive(Serialize, ToSchema)]
pub struct Availability {
    #[schema(value_type = Uuid)]
    pub id: String,
    #[schema(value_type = Uuid)]
    pub doctor_id: String,
    /// 0 is Monday, 6 is Sunday.
    #[schema(minimum = 0, maximum = 6, example = 0)]
    pub day_of_week: i32,
    #[schema(example = "09:00:00")]
    pub start_time: String,
    /// On the next day unless later than `start_time`.
    #[schema(example = "17:00:00")]
    pub end_time: String,
    /// False keeps the window on record and offers nothing in it.
    pub is_available: bool,
    /// Where; null when at no location.
    #[schema(value_type = Option<Uuid>)]
    pub location_id: Option<String>,
    /// The first date that it holds on; null when there is no bound.
    #[schema(format = Date, example = "2030-01-07")]
    pub valid_from: Option<String>,
    /// The last date that it holds on; null when there is no bound.
    #[schema(format = Date, example = "2030-12-31")]
    pub valid_until: Option<String>,
    /// By start.
    pub breaks: Vec<Break>,
}

/// Time within hours in which nothing is offered.
#[derive(Serialize, ToSchema)]
pub struct Break {
    #[schema(example = "12:00:00")]
    pub start_time: String,
    #[schema(example = "13:00:00")]
    pub end_time: String,
}

impl From<pb::availability::Break> for Break {
    fn from(pb::availability::Break { start_time, end_time }: pb::availability::Break) -> Self {
        Self { start_time, end_time }
    }
}

impl Resource for Availability {
    fn location(&self) -> String {
        format!("/api/doctors/{}/availability/{}", self.doctor_id, self.id)
    }
}

impl From<pb::Availability> for Availability {
    fn from(availability: pb::Availability) -> Self {
        let pb::Availability {
            id,
            doctor_id,
            day_of_week,
            start_time,
            end_time,
            is_available,
            location_id,
            valid_from,
            valid_until,
            breaks,
        } = availability;
        Self {
            id,
            doctor_id,
            day_of_week,
            start_time,
            end_time,
            is_available,
            location_id: given(location_id),
            valid_from: given(valid_from),
            valid_until: given(valid_until),
            breaks: breaks.into_iter().map(Into::into).collect(),
        }
    }
}
