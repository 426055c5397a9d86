//! What front ends send about doctors and their hours.
use crate::patch::{Clearable, Edit, Mask};
use crate::query::{Limit, Within};
use crate::times::{CivilDate, TimeOfDay};
use proto::doctor as pb;
use proto::ids::{AvailabilityId, DoctorId, LocationId};
use proto::scalars::{Bio, Email, Language, PersonName, Phone, Specialization, TimeZoneName};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// A doctor to be created.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateDoctor {
    pub first_name: PersonName,
    pub last_name: PersonName,
    pub specialization: Specialization,
    /// Of the weekly hours.
    pub time_zone: TimeZoneName,
    pub email: Email,
    pub phone: Option<Phone>,
    #[serde(default)]
    #[schema(max_items = 20)]
    pub languages: Vec<Language>,
    pub bio: Option<Bio>,
    /// A multiple of 5; 30 when absent.
    #[schema(value_type = Option<i32>, minimum = 5, maximum = 480, multiple_of = 5, example = 30)]
    pub slot_minutes: Option<Within<5, 480>>,
    /// Most visits that start on one date; no limit when 0 or absent.
    #[schema(value_type = Option<i32>, minimum = 0, maximum = 500, example = 20)]
    pub max_daily_visits: Option<Within<0, 500>>,
}

impl From<CreateDoctor> for pb::CreateDoctorRequest {
    fn from(body: CreateDoctor) -> Self {
        let CreateDoctor {
            first_name,
            last_name,
            email,
            phone,
            specialization,
            time_zone,
            languages,
            bio,
            slot_minutes,
            max_daily_visits,
        } = body;
        let doctor = pb::Doctor {
            first_name: first_name.into(),
            last_name: last_name.into(),
            email: email.into(),
            phone: phone.map(Into::into).unwrap_or_default(),
            specialization: specialization.into(),
            time_zone: time_zone.into(),
            languages: languages.into_iter().map(Into::into).collect(),
            bio: bio.map(Into::into).unwrap_or_default(),
            slot_minutes: Within::or_zero(slot_minutes),
            max_daily_visits: Within::or_zero(max_daily_visits),
            ..pb::Doctor::default()
        };
        Self { doctor: Some(doctor) }
    }
}

/// Changes to a doctor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateDoctor {
    #[serde(default)]
    #[schema(value_type = PersonName)]
    pub first_name: Edit<PersonName>,
    #[serde(default)]
    #[schema(value_type = PersonName)]
    pub last_name: Edit<PersonName>,
    #[serde(default)]
    #[schema(value_type = Email)]
    pub email: Edit<Email>,
    #[serde(default)]
    #[schema(value_type = Option<Phone>)]
    pub phone: Clearable<Phone>,
    #[serde(default)]
    #[schema(value_type = Specialization)]
    pub specialization: Edit<Specialization>,
    #[serde(default)]
    #[schema(value_type = TimeZoneName)]
    pub time_zone: Edit<TimeZoneName>,
    /// All of them: the list replaces the one before.
    #[serde(default)]
    #[schema(value_type = Vec<Language>, max_items = 20)]
    pub languages: Edit<Vec<Language>>,
    #[serde(default)]
    #[schema(value_type = Option<Bio>)]
    pub bio: Clearable<Bio>,
    /// A multiple of 5.
    #[serde(default)]
    #[schema(value_type = i32, minimum = 5, maximum = 480, multiple_of = 5, example = 30)]
    pub slot_minutes: Edit<Within<5, 480>>,
    /// Most visits that start on one date; no limit when 0.
    #[serde(default)]
    #[schema(value_type = i32, minimum = 0, maximum = 500, example = 20)]
    pub max_daily_visits: Edit<Within<0, 500>>,
}

impl UpdateDoctor {
    pub fn of(self, id: DoctorId, expected_version: i64) -> pb::UpdateDoctorRequest {
        let Self {
            first_name,
            last_name,
            email,
            phone,
            specialization,
            time_zone,
            languages,
            bio,
            slot_minutes,
            max_daily_visits,
        } = self;
        let mut mask = Mask::default();
        let languages = mask.value("languages", languages).unwrap_or_default();
        let doctor = pb::Doctor {
            id: id.to_string(),
            first_name: mask.text("first_name", first_name),
            last_name: mask.text("last_name", last_name),
            email: mask.text("email", email),
            phone: mask.text("phone", phone),
            specialization: mask.text("specialization", specialization),
            time_zone: mask.text("time_zone", time_zone),
            languages: languages.into_iter().map(Into::into).collect(),
            bio: mask.text("bio", bio),
            slot_minutes: Within::or_zero(mask.value("slot_minutes", slot_minutes)),
            max_daily_visits: Within::or_zero(mask.value("max_daily_visits", max_daily_visits)),
            ..pb::Doctor::default()
        };
        pb::UpdateDoctorRequest { doctor: Some(doctor), update_mask: Some(mask.into()), expected_version }
    }
}

/// Hours to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAvailability {
    /// 0 is Monday, 6 is Sunday.
    #[schema(value_type = i32, minimum = 0, maximum = 6, example = 0)]
    pub day_of_week: Within<0, 6>,
    pub start_time: TimeOfDay,
    /// On the next day unless later than `start_time`; `24:00` is midnight at the end of the day.
    pub end_time: TimeOfDay,
    /// True when absent.
    pub is_available: Option<bool>,
    /// Where; in the doctor's own zone when absent.
    #[schema(value_type = Option<Uuid>)]
    pub location_id: Option<LocationId>,
    /// The first date that it holds on; no bound when absent.
    pub valid_from: Option<CivilDate>,
    /// The last date that it holds on; no bound when absent.
    pub valid_until: Option<CivilDate>,
    /// Within the hours, without touching each other; each ends before midnight.
    #[serde(default)]
    #[schema(max_items = 10)]
    pub breaks: Vec<NewBreak>,
}

/// A break of hours.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBreak {
    pub start_time: TimeOfDay,
    pub end_time: TimeOfDay,
}

impl From<NewBreak> for pb::availability::Break {
    fn from(NewBreak { start_time, end_time }: NewBreak) -> Self {
        Self { start_time: start_time.into(), end_time: end_time.into() }
    }
}

impl CreateAvailability {
    pub fn of(self, doctor_id: DoctorId) -> pb::CreateAvailabilityRequest {
        let Self {
            day_of_week,
            start_time,
            end_time,
            is_available,
            location_id,
            valid_from,
            valid_until,
            breaks,
        } = self;
        let availability = pb::Availability {
            id: String::new(),
            doctor_id: doctor_id.to_string(),
            day_of_week: day_of_week.get(),
            start_time: start_time.into(),
            end_time: end_time.into(),
            is_available: is_available.unwrap_or(true),
            location_id: location_id.map(|id| id.to_string()).unwrap_or_default(),
            valid_from: valid_from.map(Into::into).unwrap_or_default(),
            valid_until: valid_until.map(Into::into).unwrap_or_default(),
            breaks: breaks.into_iter().map(Into::into).collect(),
        };
        pb::CreateAvailabilityRequest { availability: Some(availability) }
    }
}

/// Changes to hours.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateAvailability {
    /// 0 is Monday, 6 is Sunday.
    #[serde(default)]
    #[schema(value_type = i32, minimum = 0, maximum = 6, example = 0)]
    pub day_of_week: Edit<Within<0, 6>>,
    #[serde(default)]
    #[schema(value_type = TimeOfDay)]
    pub start_time: Edit<TimeOfDay>,
    #[serde(default)]
    #[schema(value_type = TimeOfDay)]
    pub end_time: Edit<TimeOfDay>,
    #[serde(default)]
    #[schema(value_type = bool)]
    pub is_available: Edit<bool>,
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    pub location_id: Clearable<LocationId>,
    #[serde(default)]
    #[schema(value_type = Option<CivilDate>)]
    pub valid_from: Clearable<CivilDate>,
    #[serde(default)]
    #[schema(value_type = Option<CivilDate>)]
    pub valid_until: Clearable<CivilDate>,
    /// All of them: the list replaces the one before.
    #[serde(default)]
    #[schema(value_type = Vec<NewBreak>, max_items = 10)]
    pub breaks: Edit<Vec<NewBreak>>,
}

impl UpdateAvailability {
    pub fn of(self, doctor_id: DoctorId, id: AvailabilityId) -> pb::UpdateAvailabilityRequest {
        let Self {
            day_of_week,
            start_time,
            end_time,
            is_available,
            location_id,
            valid_from,
            valid_until,
            breaks,
        } = self;
        let mut mask = Mask::default();
        let availability = pb::Availability {
            id: id.to_string(),
            doctor_id: doctor_id.to_string(),
            day_of_week: Within::or_zero(mask.value("day_of_week", day_of_week)),
            start_time: mask.text("start_time", start_time),
            end_time: mask.text("end_time", end_time),
            is_available: mask.value("is_available", is_available).unwrap_or_default(),
            location_id: mask
                .value("location_id", location_id)
                .map(|id: LocationId| id.to_string())
                .unwrap_or_default(),
            valid_from: mask.text("valid_from", valid_from),
            valid_until: mask.text("valid_until", valid_until),
            breaks: mask
                .value("breaks", breaks)
                .unwrap_or_default()
                .into_iter()
                .map(|pause: NewBreak| pause.into())
                .collect(),
        };
        pb::UpdateAvailabilityRequest { availability: Some(availability), update_mask: Some(mask.into()) }
    }
}

/// A page of doctors.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListDoctors {
    /// Only doctors of this specialization, compared without case.
    #[param(value_type = Option<String>, min_length = 2, max_length = 100, example = "Cardiology")]
    pub specialization: Option<Specialization>,
    /// Items on a page; 50 when absent.
    #[param(value_type = Option<i32>, minimum = 1, maximum = 200)]
    pub limit: Option<Limit<200>>,
    /// Where the page begins: from the `Link` of the page before.
    pub cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json};

    #[test]
    fn no_slot_is_shorter_than_five_minutes() {
        let mut doctor = json!({
            "first_name": "Ada", "last_name": "Lovelace", "specialization": "Cardiology",
            "time_zone": "Europe/Berlin", "email": "ada@example.com",
        });
        assert!(from_value::<CreateDoctor>(doctor.clone()).is_ok());
        for wrong in [0, 4, -30, 485] {
            doctor["slot_minutes"] = wrong.into();
            assert!(from_value::<CreateDoctor>(doctor.clone()).is_err(), "{wrong}");
            assert!(from_value::<UpdateDoctor>(json!({"slot_minutes": wrong})).is_err(), "{wrong}");
        }
    }

    #[test]
    fn monday_is_a_day() {
        let change: UpdateAvailability = from_value(json!({"day_of_week": 0})).unwrap();
        let message = change.of(DoctorId::random(), AvailabilityId::random());
        assert_eq!(message.update_mask.unwrap().paths, ["day_of_week"]);
        assert!(from_value::<UpdateAvailability>(json!({"day_of_week": 7})).is_err());
    }
}
