//! A patient as a row, and back.
use super::Error;
use crate::domain::patient::{BirthDate, ContactPreference, Gender, Patient, Profile};
use proto::ids::PatientId;
use proto::scalars::{Address, Email, Label, Language, Phone, TimeZoneName};
use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

/// A profile as columns take it.
pub(super) struct Columns<'p> {
    pub(super) first_name: &'p str,
    pub(super) last_name: &'p str,
    pub(super) date_of_birth: jiff::civil::Date,
    pub(super) email: Option<&'p str>,
    pub(super) phone: Option<&'p str>,
    pub(super) address: Option<&'p str>,
    pub(super) insurance_provider: Option<&'p str>,
    pub(super) insurance_id: Option<&'p str>,
    pub(super) identifiers: Value,
    pub(super) gender: Option<&'static str>,
    pub(super) language: Option<&'p str>,
    pub(super) time_zone: Option<&'p str>,
    pub(super) contact_preference: &'static str,
}

impl<'p> Columns<'p> {
    pub(super) fn of(profile: &'p Profile) -> Self {
        Self {
            first_name: profile.first_name.as_str(),
            last_name: profile.last_name.as_str(),
            date_of_birth: profile.date_of_birth.date(),
            email: profile.email.as_ref().map(Email::as_str),
            phone: profile.phone.as_ref().map(Phone::as_str),
            address: profile.address.as_ref().map(Address::as_str),
            insurance_provider: profile.insurance_provider.as_ref().map(Label::as_str),
            insurance_id: profile.insurance_id.as_ref().map(Label::as_str),
            identifiers: serde_json::to_value(&profile.identifiers).expect("identifiers are plain data"),
            gender: profile.gender.map(gender_name),
            language: profile.language.as_ref().map(Language::as_str),
            time_zone: profile.time_zone.as_ref().map(TimeZoneName::as_str),
            contact_preference: preference_name(profile.contact_preference),
        }
    }
}

fn gender_name(gender: Gender) -> &'static str {
    match gender {
        Gender::Female => "female",
        Gender::Male => "male",
        Gender::Other => "other",
        Gender::Unknown => "unknown",
    }
}

fn preference_name(preference: ContactPreference) -> &'static str {
    match preference {
        ContactPreference::Email => "email",
        ContactPreference::Phone => "phone",
        ContactPreference::None => "none",
    }
}

impl TryFrom<&Row> for Patient {
    type Error = Error;

    fn try_from(row: &Row) -> Result<Self, Error> {
        let gender = match row.try_get("gender")? {
            None => None,
            Some("female") => Some(Gender::Female),
            Some("male") => Some(Gender::Male),
            Some("other") => Some(Gender::Other),
            Some("unknown") => Some(Gender::Unknown),
            Some(_) => return Err(Error::Unreadable("gender")),
        };
        let contact_preference = match row.try_get("contact_preference")? {
            "email" => ContactPreference::Email,
            "phone" => ContactPreference::Phone,
            "none" => ContactPreference::None,
            _ => return Err(Error::Unreadable("contact_preference")),
        };
        let identifiers = serde_json::from_value(row.try_get("identifiers")?);
        let profile = Profile {
            first_name: text(row, "first_name")?.ok_or(Error::Unreadable("first_name"))?,
            last_name: text(row, "last_name")?.ok_or(Error::Unreadable("last_name"))?,
            date_of_birth: BirthDate::stored(row.try_get("date_of_birth")?),
            email: text(row, "email")?,
            phone: text(row, "phone")?,
            address: text(row, "address")?,
            insurance_provider: text(row, "insurance_provider")?,
            insurance_id: text(row, "insurance_id")?,
            identifiers: identifiers.map_err(|_| Error::Unreadable("identifiers"))?,
            gender,
            language: text(row, "language")?,
            time_zone: text(row, "time_zone")?,
            contact_preference,
        };
        Ok(Self {
            id: PatientId(row.try_get("id")?),
            profile,
            version: row.try_get("version")?,
            party_version: row.try_get("party_version")?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
            deleted_at: row.try_get("deleted_at")?,
            merged_into: row.try_get::<_, Option<Uuid>>("merged_into")?.map(PatientId),
        })
    }
}

/// A checked text, or none.
fn text<T: TryFrom<String>>(row: &Row, column: &'static str) -> Result<Option<T>, Error> {
    let text: Option<String> = row.try_get(column)?;
    text.map(T::try_from).transpose().map_err(|_| Error::Unreadable(column))
}
