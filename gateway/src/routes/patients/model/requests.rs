//! What front ends send about patients.
use super::{ContactPreference, Gender, Identifier};
use crate::patch::{Clearable, Edit, Mask};
use crate::query::Limit;
use crate::times::CivilDate;
use proto::ids::PatientId;
use proto::patient as pb;
use proto::scalars::{Address, Email, Label, Language, PersonName, Phone, Reason, TimeZoneName};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// A patient to be created.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePatient {
    /// Only by admins; patients get the id that their account was given.
    #[schema(value_type = Option<Uuid>)]
    pub id: Option<PatientId>,
    pub first_name: PersonName,
    pub last_name: PersonName,
    pub date_of_birth: CivilDate,
    pub email: Option<Email>,
    pub phone: Option<Phone>,
    pub address: Option<Address>,
    pub insurance_provider: Option<Label>,
    pub insurance_id: Option<Label>,
    #[serde(default)]
    #[schema(max_items = 10)]
    pub identifiers: Vec<Identifier>,
    pub gender: Option<Gender>,
    pub language: Option<Language>,
    pub time_zone: Option<TimeZoneName>,
    pub contact_preference: Option<ContactPreference>,
    /// It is known that this is nobody who is here already.
    #[serde(default)]
    #[schema(default = false)]
    pub confirm_new: bool,
}

impl From<CreatePatient> for pb::CreatePatientRequest {
    fn from(body: CreatePatient) -> Self {
        let CreatePatient {
            id,
            first_name,
            last_name,
            date_of_birth,
            email,
            phone,
            address,
            insurance_provider,
            insurance_id,
            identifiers,
            gender,
            language,
            time_zone,
            contact_preference,
            confirm_new,
        } = body;
        let patient = pb::Patient {
            id: id.map(|id| id.to_string()).unwrap_or_default(),
            first_name: first_name.into(),
            last_name: last_name.into(),
            date_of_birth: date_of_birth.into(),
            email: email.map(Into::into).unwrap_or_default(),
            phone: phone.map(Into::into).unwrap_or_default(),
            address: address.map(Into::into).unwrap_or_default(),
            insurance_provider: insurance_provider.map(Into::into).unwrap_or_default(),
            insurance_id: insurance_id.map(Into::into).unwrap_or_default(),
            identifiers: to_wire(identifiers),
            gender: gender.map_or(pb::Gender::Unspecified, Into::into).into(),
            language: language.map(Into::into).unwrap_or_default(),
            time_zone: time_zone.map(Into::into).unwrap_or_default(),
            contact_preference: contact_preference
                .map_or(pb::ContactPreference::Unspecified, Into::into)
                .into(),
            ..pb::Patient::default()
        };
        Self { patient: Some(patient), confirm_new }
    }
}

fn to_wire(identifiers: Vec<Identifier>) -> Vec<pb::Identifier> {
    identifiers.into_iter().map(Into::into).collect()
}

/// Changes to a patient.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdatePatient {
    #[serde(default)]
    #[schema(value_type = PersonName)]
    pub first_name: Edit<PersonName>,
    #[serde(default)]
    #[schema(value_type = PersonName)]
    pub last_name: Edit<PersonName>,
    #[serde(default)]
    #[schema(value_type = CivilDate)]
    pub date_of_birth: Edit<CivilDate>,
    #[serde(default)]
    #[schema(value_type = Option<Email>)]
    pub email: Clearable<Email>,
    #[serde(default)]
    #[schema(value_type = Option<Phone>)]
    pub phone: Clearable<Phone>,
    #[serde(default)]
    #[schema(value_type = Option<Address>)]
    pub address: Clearable<Address>,
    #[serde(default)]
    #[schema(value_type = Option<Label>)]
    pub insurance_provider: Clearable<Label>,
    #[serde(default)]
    #[schema(value_type = Option<Label>)]
    pub insurance_id: Clearable<Label>,
    /// All of them: the list replaces the one before.
    #[serde(default)]
    #[schema(value_type = Vec<Identifier>, max_items = 10)]
    pub identifiers: Edit<Vec<Identifier>>,
    #[serde(default)]
    #[schema(value_type = Option<Gender>)]
    pub gender: Clearable<Gender>,
    #[serde(default)]
    #[schema(value_type = Option<Language>)]
    pub language: Clearable<Language>,
    #[serde(default)]
    #[schema(value_type = Option<TimeZoneName>)]
    pub time_zone: Clearable<TimeZoneName>,
    #[serde(default)]
    #[schema(value_type = Option<ContactPreference>)]
    pub contact_preference: Clearable<ContactPreference>,
}

impl UpdatePatient {
    pub fn of(self, id: PatientId, expected_version: i64) -> pb::UpdatePatientRequest {
        let Self {
            first_name,
            last_name,
            date_of_birth,
            email,
            phone,
            address,
            insurance_provider,
            insurance_id,
            identifiers,
            gender,
            language,
            time_zone,
            contact_preference,
        } = self;
        let mut mask = Mask::default();
        let patient = pb::Patient {
            id: id.to_string(),
            first_name: mask.text("first_name", first_name),
            last_name: mask.text("last_name", last_name),
            date_of_birth: mask.text("date_of_birth", date_of_birth),
            email: mask.text("email", email),
            phone: mask.text("phone", phone),
            address: mask.text("address", address),
            insurance_provider: mask.text("insurance_provider", insurance_provider),
            insurance_id: mask.text("insurance_id", insurance_id),
            identifiers: mask.value("identifiers", identifiers).map(to_wire).unwrap_or_default(),
            gender: mask.value("gender", gender).map_or(pb::Gender::Unspecified, Into::into).into(),
            language: mask.text("language", language),
            time_zone: mask.text("time_zone", time_zone),
            contact_preference: mask
                .value("contact_preference", contact_preference)
                .map_or(pb::ContactPreference::Unspecified, Into::into)
                .into(),
            ..pb::Patient::default()
        };
        pb::UpdatePatientRequest { patient: Some(patient), update_mask: Some(mask.into()), expected_version }
    }
}

/// Into whom a patient is merged.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MergePatient {
    /// Who stays.
    #[schema(value_type = Uuid)]
    pub into_patient_id: PatientId,
    pub reason: Reason,
}

impl MergePatient {
    pub fn of(self, id: PatientId, expected_version: i64) -> pb::MergePatientRequest {
        let Self { into_patient_id, reason } = self;
        pb::MergePatientRequest {
            id: id.to_string(),
            into_patient_id: into_patient_id.to_string(),
            reason: reason.into(),
            expected_version,
        }
    }
}

/// Why a merged patient is one of their own after all.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnmergePatient {
    pub reason: Reason,
}

impl UnmergePatient {
    pub fn of(self, id: PatientId) -> pb::UnmergePatientRequest {
        pb::UnmergePatientRequest { id: id.to_string(), reason: self.reason.into() }
    }
}

/// What is looked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchPatients {
    /// A part of a name, e-mail address, phone number or identifier.
    #[param(value_type = String, min_length = 3, max_length = 100, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$", example = "lovelace")]
    pub query: SearchText,
    /// Items in the answer; 20 when absent.
    #[param(value_type = Option<i32>, minimum = 1, maximum = 50)]
    pub limit: Option<Limit<50>>,
}

/// What is looked for, out of sight of logs that hold addresses.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchPatientsBody {
    /// A part of a name, e-mail address, phone number or identifier.
    #[schema(value_type = String, min_length = 3, max_length = 100, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$", example = "lovelace")]
    pub query: SearchText,
    /// Items in the answer; 20 when absent.
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 50, example = 20)]
    pub limit: Option<Limit<50>>,
}

/// Words to look for.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub struct SearchText(String);

#[derive(Debug, thiserror::Error)]
pub enum BadSearch {
    #[error("must be 3 to 100 characters long")]
    Length,
    #[error("must not contain control characters")]
    ControlCharacter,
}

impl TryFrom<String> for SearchText {
    type Error = BadSearch;

    fn try_from(text: String) -> Result<Self, BadSearch> {
        let text = text.trim();
        if text.chars().any(char::is_control) {
            return Err(BadSearch::ControlCharacter);
        }
        if !(3..=100).contains(&text.chars().count()) {
            return Err(BadSearch::Length);
        }
        Ok(Self(text.to_owned()))
    }
}

impl From<SearchText> for String {
    fn from(text: SearchText) -> Self {
        text.0
    }
}

impl From<SearchPatients> for pb::SearchPatientsRequest {
    fn from(SearchPatients { query, limit }: SearchPatients) -> Self {
        Self { query: query.into(), page_size: Limit::or_zero(limit) }
    }
}

impl From<SearchPatientsBody> for pb::SearchPatientsRequest {
    fn from(SearchPatientsBody { query, limit }: SearchPatientsBody) -> Self {
        Self { query: query.into(), page_size: Limit::or_zero(limit) }
    }
}
