//! What is known about a doctor.
use super::numbers::Number;
use jiff::Timestamp;
use proto::ids::DoctorId;
use proto::scalars::{Bio, Email, Language, PersonName, Phone, Specialization, TimeZoneName};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doctor {
    pub id: DoctorId,
    pub profile: Profile,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
    /// Grows by one with each change of the doctor or the hours.
    pub version: i64,
}

/// What people enter about a doctor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    pub first_name: PersonName,
    pub last_name: PersonName,
    pub email: Email,
    pub phone: Option<Phone>,
    pub specialization: Specialization,
    pub time_zone: TimeZoneName,
    pub languages: Vec<Language>,
    pub bio: Option<Bio>,
    pub slot_minutes: SlotMinutes,
    /// Most visits that start on one date; no limit when 0.
    pub max_daily_visits: MaxDailyVisits,
}

/// Most visits that start on one date.
pub type MaxDailyVisits = Number<0, 500>;

/// One field of a profile, as it shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    FirstName(PersonName),
    LastName(PersonName),
    Email(Email),
    Phone(Option<Phone>),
    Specialization(Specialization),
    TimeZone(TimeZoneName),
    Languages(Vec<Language>),
    Bio(Option<Bio>),
    SlotMinutes(SlotMinutes),
    MaxDailyVisits(MaxDailyVisits),
}

/// Length of a visit when the booking names none, and the grid that slots lie on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotMinutes(i32);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a multiple of {} from {} to {}", SlotMinutes::STEP, SlotMinutes::MIN, SlotMinutes::MAX)]
pub struct BadSlotMinutes;

impl Doctor {
    pub fn hired(profile: Profile, now: Timestamp) -> Self {
        let id = DoctorId::random();
        Self { id, profile, created_at: now, updated_at: now, deleted_at: None, version: 1 }
    }

    pub fn is_live(&self) -> bool {
        self.deleted_at.is_none()
    }
}

impl Profile {
    /// The fields in which `other` is another, as in the proto.
    pub fn differences(&self, other: &Self) -> Vec<&'static str> {
        let differs = [
            ("first_name", self.first_name != other.first_name),
            ("last_name", self.last_name != other.last_name),
            ("email", self.email != other.email),
            ("phone", self.phone != other.phone),
            ("specialization", self.specialization != other.specialization),
            ("time_zone", self.time_zone != other.time_zone),
            ("languages", self.languages != other.languages),
            ("bio", self.bio != other.bio),
            ("slot_minutes", self.slot_minutes != other.slot_minutes),
            ("max_daily_visits", self.max_daily_visits != other.max_daily_visits),
        ];
        differs.into_iter().filter_map(|(field, differs)| differs.then_some(field)).collect()
    }

    pub fn edit(&mut self, edit: Edit) {
        match edit {
            Edit::FirstName(name) => self.first_name = name,
            Edit::LastName(name) => self.last_name = name,
            Edit::Email(email) => self.email = email,
            Edit::Phone(phone) => self.phone = phone,
            Edit::Specialization(specialization) => self.specialization = specialization,
            Edit::TimeZone(zone) => self.time_zone = zone,
            Edit::Languages(languages) => self.languages = languages,
            Edit::Bio(bio) => self.bio = bio,
            Edit::SlotMinutes(minutes) => self.slot_minutes = minutes,
            Edit::MaxDailyVisits(most) => self.max_daily_visits = most,
        }
    }
}

impl SlotMinutes {
    pub const MIN: i32 = 5;
    pub const MAX: i32 = 480;
    pub const STEP: i32 = 5;

    pub fn get(self) -> i32 {
        self.0
    }
}

impl Default for SlotMinutes {
    fn default() -> Self {
        Self(30)
    }
}

impl TryFrom<i32> for SlotMinutes {
    type Error = BadSlotMinutes;

    fn try_from(minutes: i32) -> Result<Self, BadSlotMinutes> {
        let fits = (Self::MIN..=Self::MAX).contains(&minutes) && minutes % Self::STEP == 0;
        if fits { Ok(Self(minutes)) } else { Err(BadSlotMinutes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_multiples_of_five_minutes_up_to_eight_hours() {
        for fits in [5, 30, 45, 480] {
            assert!(SlotMinutes::try_from(fits).is_ok(), "{fits}");
        }
        for wrong in [i32::MIN, -5, 0, 4, 7, 485] {
            assert_eq!(SlotMinutes::try_from(wrong), Err(BadSlotMinutes), "{wrong}");
        }
        assert_eq!(BadSlotMinutes.to_string(), "must be a multiple of 5 from 5 to 480");
    }
}
