//! A patient, and what may change about one.
use super::access::Denied;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{TimeZone, offset};
use platform::caller::Role;
use proto::ids::PatientId;
use proto::scalars::{Address, Email, Label, Language, PersonName, Phone, TimeZoneName};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patient {
    pub id: PatientId,
    pub profile: Profile,
    pub version: i64,
    /// Of the latest [`Party`] told to the calendar.
    pub party_version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Since when they are not here any more.
    pub deleted_at: Option<Timestamp>,
    /// Under whom everything goes on, when that is why they are not here.
    pub merged_into: Option<PatientId>,
}

/// Why a patient is not here any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    Deleted,
    Merged,
}

/// What is known about a patient, as far as people write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    pub first_name: PersonName,
    pub last_name: PersonName,
    pub date_of_birth: BirthDate,
    pub email: Option<Email>,
    pub phone: Option<Phone>,
    pub address: Option<Address>,
    pub insurance_provider: Option<Label>,
    pub insurance_id: Option<Label>,
    pub identifiers: Vec<Identifier>,
    pub gender: Option<Gender>,
    pub language: Option<Language>,
    pub time_zone: Option<TimeZoneName>,
    pub contact_preference: ContactPreference,
}

/// A number by which some system knows a patient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identifier {
    pub system: Label,
    pub value: Label,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gender {
    Female,
    Male,
    Other,
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactPreference {
    Email,
    Phone,
    None,
}

/// A patient as the calendar knows one. The larger version is the later truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Party {
    pub patient_id: PatientId,
    pub is_active: bool,
    pub version: i64,
}

/// A day on which somebody was born, so not one to come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BirthDate(Date);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must not be in the future")]
pub struct NotBornYet;

/// One field with its new value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    FirstName(PersonName),
    LastName(PersonName),
    DateOfBirth(BirthDate),
    Email(Option<Email>),
    Phone(Option<Phone>),
    Address(Option<Address>),
    InsuranceProvider(Option<Label>),
    InsuranceId(Option<Label>),
    Identifiers(Vec<Identifier>),
    Gender(Option<Gender>),
    Language(Option<Language>),
    TimeZone(Option<TimeZoneName>),
    ContactPreference(ContactPreference),
}

impl Patient {
    pub fn party(&self) -> Party {
        Party { patient_id: self.id, is_active: self.deleted_at.is_none(), version: self.party_version }
    }

    /// The patient, if still here.
    pub fn present(self) -> Result<Self, Gone> {
        match (self.deleted_at, self.merged_into) {
            (None, _) => Ok(self),
            (Some(_), None) => Err(Gone::Deleted),
            (Some(_), Some(_)) => Err(Gone::Merged),
        }
    }

    /// What somebody with `role` gets to see of a patient they may look at.
    #[must_use]
    pub fn shown_to(mut self, role: Role) -> Self {
        if let Role::Doctor(_) = role {
            self.profile.insurance_id = self.profile.insurance_id.and_then(|id| last_four(&id));
            self.profile.identifiers.retain(Identifier::is_record_number);
        }
        self
    }
}

impl Profile {
    /// The profile after `changes` by somebody with `role`.
    pub fn changed(&self, changes: Vec<Change>, role: Role) -> Result<Self, Denied> {
        let mut profile = self.clone();
        for change in changes {
            let field = change.field();
            let fixed = matches!(role, Role::Patient(_)) && change.is_of_identity();
            let before = fixed.then(|| profile.clone());
            profile.set(change);
            // A form may send back what it was given.
            if before.is_some_and(|before| before != profile) {
                return Err(Denied::Field(field));
            }
        }
        Ok(profile)
    }

    /// The fields in which `other` is another, as in the proto.
    pub fn differences(&self, other: &Self) -> Vec<&'static str> {
        let differs = [
            ("first_name", self.first_name != other.first_name),
            ("last_name", self.last_name != other.last_name),
            ("date_of_birth", self.date_of_birth != other.date_of_birth),
            ("email", self.email != other.email),
            ("phone", self.phone != other.phone),
            ("address", self.address != other.address),
            ("insurance_provider", self.insurance_provider != other.insurance_provider),
            ("insurance_id", self.insurance_id != other.insurance_id),
            ("identifiers", self.identifiers != other.identifiers),
            ("gender", self.gender != other.gender),
            ("language", self.language != other.language),
            ("time_zone", self.time_zone != other.time_zone),
            ("contact_preference", self.contact_preference != other.contact_preference),
        ];
        differs.into_iter().filter_map(|(field, differs)| differs.then_some(field)).collect()
    }

    fn set(&mut self, change: Change) {
        match change {
            Change::FirstName(name) => self.first_name = name,
            Change::LastName(name) => self.last_name = name,
            Change::DateOfBirth(date) => self.date_of_birth = date,
            Change::Email(email) => self.email = email,
            Change::Phone(phone) => self.phone = phone,
            Change::Address(address) => self.address = address,
            Change::InsuranceProvider(provider) => self.insurance_provider = provider,
            Change::InsuranceId(id) => self.insurance_id = id,
            Change::Identifiers(identifiers) => self.identifiers = identifiers,
            Change::Gender(gender) => self.gender = gender,
            Change::Language(language) => self.language = language,
            Change::TimeZone(zone) => self.time_zone = zone,
            Change::ContactPreference(preference) => self.contact_preference = preference,
        }
    }
}

impl Change {
    /// As in the proto and in update masks.
    pub fn field(&self) -> &'static str {
        match self {
            Self::FirstName(_) => "first_name",
            Self::LastName(_) => "last_name",
            Self::DateOfBirth(_) => "date_of_birth",
            Self::Email(_) => "email",
            Self::Phone(_) => "phone",
            Self::Address(_) => "address",
            Self::InsuranceProvider(_) => "insurance_provider",
            Self::InsuranceId(_) => "insurance_id",
            Self::Identifiers(_) => "identifiers",
            Self::Gender(_) => "gender",
            Self::Language(_) => "language",
            Self::TimeZone(_) => "time_zone",
            Self::ContactPreference(_) => "contact_preference",
        }
    }

    /// Whether it says who the patient is: told once by themselves, then corrected by the clinic only.
    fn is_of_identity(&self) -> bool {
        matches!(
            self,
            Self::FirstName(_)
                | Self::LastName(_)
                | Self::DateOfBirth(_)
                | Self::Gender(_)
                | Self::Identifiers(_)
        )
    }
}

impl Identifier {
    /// Most identifiers of one patient.
    pub const MOST: usize = 10;

    /// Whether both are one identifier, however they are capitalised.
    pub fn is_same(&self, other: &Self) -> bool {
        let same = |a: &Label, b: &Label| a.as_str().to_lowercase() == b.as_str().to_lowercase();
        same(&self.system, &other.system) && same(&self.value, &other.value)
    }

    /// Whether it is the clinic's own number, as opposed to one of the state or an insurer. Doctors see no
    /// other, and find by no other: `panel_search_text` in the schema says the same.
    fn is_record_number(&self) -> bool {
        self.system.as_str().eq_ignore_ascii_case("mrn")
    }
}

impl BirthDate {
    pub fn new(date: Date, now: Timestamp) -> Result<Self, NotBornYet> {
        // Where the day begins first.
        let today = now.to_zoned(TimeZone::fixed(offset(14))).date();
        if date <= today { Ok(Self(date)) } else { Err(NotBornYet) }
    }

    /// A date that was checked when it was stored.
    pub fn stored(date: Date) -> Self {
        Self(date)
    }

    pub fn date(self) -> Date {
        self.0
    }
}

impl std::fmt::Debug for BirthDate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BirthDate(…)")
    }
}

fn last_four(label: &Label) -> Option<Label> {
    let text = label.as_str();
    let from = text.char_indices().rev().nth(3).map_or(0, |(position, _)| position);
    Label::try_from(text[from..].to_owned()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::ids::DoctorId;

    fn text<T: TryFrom<String, Error = proto::scalars::BadText>>(text: &str) -> T {
        T::try_from(text.to_owned()).unwrap()
    }

    fn profile() -> Profile {
        Profile {
            first_name: text("Ada"),
            last_name: text("Lovelace"),
            date_of_birth: BirthDate::stored(jiff::civil::date(1985, 12, 10)),
            email: None,
            phone: None,
            address: None,
            insurance_provider: None,
            insurance_id: Some(text("AX-123-6789")),
            identifiers: vec![
                Identifier { system: text("MRN"), value: text("77") },
                Identifier { system: text("http://hl7.org/fhir/sid/us-ssn"), value: text("078-05-1120") },
            ],
            gender: None,
            language: None,
            time_zone: None,
            contact_preference: ContactPreference::Email,
        }
    }

    fn patient() -> Patient {
        Patient {
            id: PatientId::random(),
            profile: profile(),
            version: 1,
            party_version: 1,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            deleted_at: None,
            merged_into: None,
        }
    }

    #[test]
    fn nobody_is_born_tomorrow() {
        let noon: Timestamp = "2030-01-07T12:00:00Z".parse().unwrap();
        // It is the 8th already in Kiribati.
        assert!(BirthDate::new(jiff::civil::date(2030, 1, 8), noon).is_ok());
        assert_eq!(BirthDate::new(jiff::civil::date(2030, 1, 9), noon), Err(NotBornYet));
    }

    #[test]
    fn patients_do_not_rename_themselves() {
        let own = Role::Patient(PatientId::random());
        let renamed = profile().changed(vec![Change::FirstName(text("Augusta"))], own);
        assert_eq!(renamed, Err(Denied::Field("first_name")));
        let changed = profile().changed(vec![Change::Email(Some(text("ada@example.com")))], own).unwrap();
        assert_eq!(changed.email, Some(text("ada@example.com")));
        assert_eq!(profile().differences(&changed), ["email"]);
        assert!(profile().changed(vec![Change::FirstName(text("Augusta"))], Role::Staff).is_ok());
    }

    #[test]
    fn patients_may_send_back_the_name_they_have() {
        let changes = vec![Change::Phone(Some(text("123"))), Change::FirstName(text("Ada"))];
        assert!(profile().changed(changes, Role::Patient(PatientId::random())).is_ok());
    }

    #[test]
    fn doctors_see_the_end_of_the_insurance_number_and_the_clinics_own_number() {
        let seen = patient().shown_to(Role::Doctor(DoctorId::random())).profile;
        assert_eq!(seen.insurance_id, Some(text("6789")));
        assert_eq!(seen.identifiers.len(), 1);
        assert_eq!(patient().shown_to(Role::Staff).profile, profile());
    }

    #[test]
    fn the_last_four_of_a_short_number_are_all_of_it() {
        assert_eq!(last_four(&text("ä1")), Some(text("ä1")));
        assert_eq!(last_four(&text("äöüß1")), Some(text("öüß1")));
    }
}
