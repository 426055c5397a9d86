//! Wire ↔ domain: requests are parsed here, once and whole; replies are rendered as the caller may see them.
use crate::domain::access;
use crate::domain::doctor::{Doctor, Edit, Profile, SlotMinutes};
use crate::domain::practice::Practice;
use crate::roster::{EditDoctor, ListDoctors};
use platform::caller::Caller;
use platform::page;
use platform::violations::Violations;
use prost_types::FieldMask;
use proto::doctor as pb;
use proto::ids::DoctorId;
use proto::scalars::{Bio, Language, Phone, Specialization};
use proto::time;
use std::str::FromStr;

mod hours; // weekly hours
mod exceptions; // other hours on one date, and time away
mod places; // locations, rooms and holidays
mod visit_types; // kinds of visits

pub use exceptions::{override_date, rendered_override, time_off};
pub use hours::availability;
pub use places::{new_holiday, new_room};

/// Most ids of a `BatchGet`.
const MAX_IDS: usize = 200;
/// Most languages of a doctor.
const MAX_LANGUAGES: usize = 20;

/// An id in `field`.
pub fn id<T: FromStr<Err = proto::ids::BadId>>(field: &str, text: &str) -> Result<T, Violations> {
    text.parse().map_err(|wrong| Violations::of(field, wrong))
}

/// The paths of an update mask; an empty mask changes nothing.
pub fn paths(mask: Option<&FieldMask>) -> impl Iterator<Item = &str> {
    mask.into_iter().flat_map(|mask| &mask.paths).map(String::as_str)
}

impl TryFrom<pb::CreateDoctorRequest> for Profile {
    type Error = Violations;

    fn try_from(request: pb::CreateDoctorRequest) -> Result<Self, Violations> {
        let Some(doctor) = request.doctor else { return Err(Violations::of("doctor", "is required")) };
        let mut wrong = Violations::default();
        if !doctor.availabilities.is_empty() {
            wrong.add("doctor.availabilities", "must be empty: hours are added one by one");
        }
        let first_name = wrong.field("doctor.first_name", doctor.first_name.try_into());
        let last_name = wrong.field("doctor.last_name", doctor.last_name.try_into());
        let email = wrong.field("doctor.email", doctor.email.try_into());
        let phone = wrong.optional("doctor.phone", doctor.phone);
        let specialization = wrong.field("doctor.specialization", doctor.specialization.try_into());
        let time_zone = wrong.field("doctor.time_zone", doctor.time_zone.try_into());
        let languages = languages(doctor.languages, &mut wrong);
        let bio = wrong.optional("doctor.bio", doctor.bio);
        let slot_minutes = slot_minutes(doctor.slot_minutes, &mut wrong);
        let max_daily_visits = wrong.field("doctor.max_daily_visits", doctor.max_daily_visits.try_into());
        let (
            Some(first_name),
            Some(last_name),
            Some(email),
            Some(specialization),
            Some(time_zone),
            Some(slot_minutes),
            Some(max_daily_visits),
        ) = (first_name, last_name, email, specialization, time_zone, slot_minutes, max_daily_visits)
        else {
            return Err(wrong);
        };
        wrong.into_result(Self {
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
        })
    }
}

impl EditDoctor {
    pub fn parse(id: DoctorId, request: pb::UpdateDoctorRequest) -> Result<Self, Violations> {
        let pb::UpdateDoctorRequest { doctor, update_mask, expected_version } = request;
        let doctor = doctor.unwrap_or_default();
        let mut wrong = Violations::default();
        let edits = paths(update_mask.as_ref()).filter_map(|path| edit(path, &doctor, &mut wrong)).collect();
        wrong.into_result(Self { id, edits, expected_version })
    }
}

/// What `path` of the mask asks for; none when that is wrong.
fn edit(path: &str, doctor: &pb::Doctor, wrong: &mut Violations) -> Option<Edit> {
    let pb::Doctor { first_name, last_name, email, phone, specialization, time_zone, bio, .. } = doctor;
    let field = format!("doctor.{path}");
    Some(match path {
        "first_name" => Edit::FirstName(wrong.field(&field, first_name.clone().try_into())?),
        "last_name" => Edit::LastName(wrong.field(&field, last_name.clone().try_into())?),
        "email" => Edit::Email(wrong.field(&field, email.clone().try_into())?),
        "phone" => Edit::Phone(wrong.optional::<Phone, _>(&field, phone.clone())),
        "specialization" => Edit::Specialization(wrong.field(&field, specialization.clone().try_into())?),
        "time_zone" => Edit::TimeZone(wrong.field(&field, time_zone.clone().try_into())?),
        "languages" => Edit::Languages(languages(doctor.languages.clone(), wrong)),
        "bio" => Edit::Bio(wrong.optional::<Bio, _>(&field, bio.clone())),
        "slot_minutes" => Edit::SlotMinutes(slot_minutes(doctor.slot_minutes, wrong)?),
        "max_daily_visits" => Edit::MaxDailyVisits(wrong.field(&field, doctor.max_daily_visits.try_into())?),
        _ => {
            wrong.add("update_mask", "names a field that cannot be changed");
            return None;
        }
    })
}

fn languages(texts: Vec<String>, wrong: &mut Violations) -> Vec<Language> {
    if texts.len() > MAX_LANGUAGES {
        wrong.add("doctor.languages", format!("must be at most {MAX_LANGUAGES}"));
        return Vec::new();
    }
    let language =
        |(index, text)| wrong.field(&format!("doctor.languages[{index}]"), Language::try_from(text));
    texts.into_iter().enumerate().filter_map(language).collect()
}

/// 0 stands for the default.
fn slot_minutes(minutes: i32, wrong: &mut Violations) -> Option<SlotMinutes> {
    if minutes == 0 {
        Some(SlotMinutes::default())
    } else {
        wrong.field("doctor.slot_minutes", minutes.try_into())
    }
}

impl TryFrom<pb::ListDoctorsRequest> for ListDoctors {
    type Error = Violations;

    fn try_from(request: pb::ListDoctorsRequest) -> Result<Self, Violations> {
        let pb::ListDoctorsRequest { specialization, page_size, page_token } = request;
        let mut wrong = Violations::default();
        let specialization = wrong.optional::<Specialization, _>("specialization", specialization);
        let page_size = wrong.field("page_size", page::size(page_size, page::MAX_SIZE)).unwrap_or_default();
        wrong.into_result(Self { specialization, page_size, page_token })
    }
}

/// The ids of a `BatchGet`.
pub fn ids(texts: &[String]) -> Result<Vec<DoctorId>, Violations> {
    if texts.len() > MAX_IDS {
        return Err(Violations::of("ids", format!("must be at most {MAX_IDS}")));
    }
    let mut wrong = Violations::default();
    let id = |(index, text): (usize, &String)| wrong.field(&format!("ids[{index}]"), text.parse());
    let ids = texts.iter().enumerate().filter_map(id).collect();
    wrong.into_result(ids)
}

/// A doctor with the hours, as `caller` may see them.
pub fn practice_for(caller: &Caller, practice: Practice) -> pb::Doctor {
    let Practice { doctor, hours, overrides: _, time_off: _, rules_version: _ } = practice;
    let id = doctor.id;
    let availabilities = hours.iter().map(|hours| availability(id, hours)).collect();
    pb::Doctor { availabilities, ..doctor_for(caller, doctor) }
}

/// A doctor without the hours, as `caller` may see them.
pub fn doctor_for(caller: &Caller, doctor: Doctor) -> pb::Doctor {
    let Doctor { id, profile, created_at, updated_at, deleted_at, version } = doctor;
    let Profile {
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
    } = profile;
    let sees_contact = access::sees_contact(caller, id);
    let email = sees_contact.then_some(email);
    let phone = phone.filter(|_| sees_contact);
    pb::Doctor {
        id: id.to_string(),
        first_name: first_name.into(),
        last_name: last_name.into(),
        email: email.map(String::from).unwrap_or_default(),
        phone: phone.map(String::from).unwrap_or_default(),
        specialization: specialization.into(),
        time_zone: time_zone.into(),
        languages: languages.into_iter().map(String::from).collect(),
        bio: bio.map(String::from).unwrap_or_default(),
        slot_minutes: slot_minutes.get(),
        availabilities: Vec::new(),
        create_time: Some(time::to_wire(created_at)),
        update_time: Some(time::to_wire(updated_at)),
        delete_time: deleted_at.map(time::to_wire),
        version,
        max_daily_visits: max_daily_visits.get(),
    }
}

/// Where notification-svc writes to.
pub fn contact(doctor: Doctor) -> pb::DoctorContact {
    let Doctor { id, profile, .. } = doctor;
    let Profile { first_name, last_name, email, specialization, time_zone, languages, .. } = profile;
    pb::DoctorContact {
        doctor_id: id.to_string(),
        first_name: first_name.into(),
        last_name: last_name.into(),
        specialization: specialization.into(),
        email: email.into(),
        time_zone: time_zone.into(),
        languages: languages.into_iter().map(String::from).collect(),
    }
}
