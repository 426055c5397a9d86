//! Patients as the REST face shows them.
use crate::reply::Resource;
use crate::routes::given;
use crate::times::{Garbled, Instant};
use proto::patient as pb;
use proto::scalars::Label;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

mod claim_code; // what links an account to a record
mod legal_hold; // why a patient stays as they are
mod erasure; // that nothing is known of a patient any more
mod requests; // what front ends send

pub use claim_code::ClaimCode;
pub use erasure::{ErasePatient, PatientErasure};
pub use legal_hold::{LegalHold, PlaceLegalHold};
pub use requests::{
    CreatePatient, MergePatient, SearchPatients, SearchPatientsBody, UnmergePatient, UpdatePatient,
};

/// FHIR administrative gender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Gender {
    Female,
    Male,
    Other,
    Unknown,
}

impl From<Gender> for pb::Gender {
    fn from(gender: Gender) -> Self {
        match gender {
            Gender::Female => Self::Female,
            Gender::Male => Self::Male,
            Gender::Other => Self::Other,
            Gender::Unknown => Self::Unknown,
        }
    }
}

impl Gender {
    fn from_wire(gender: pb::Gender) -> Option<Self> {
        match gender {
            pb::Gender::Female => Some(Self::Female),
            pb::Gender::Male => Some(Self::Male),
            pb::Gender::Other => Some(Self::Other),
            pb::Gender::Unknown => Some(Self::Unknown),
            pb::Gender::Unspecified => None,
        }
    }
}

/// How a patient wants to be told about visits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContactPreference {
    Email,
    /// By a call from the clinic: no messages are sent.
    Phone,
    /// No messages.
    None,
}

impl From<ContactPreference> for pb::ContactPreference {
    fn from(preference: ContactPreference) -> Self {
        match preference {
            ContactPreference::Email => Self::Email,
            ContactPreference::Phone => Self::Phone,
            ContactPreference::None => Self::None,
        }
    }
}

impl ContactPreference {
    fn from_wire(preference: pb::ContactPreference) -> Option<Self> {
        match preference {
            pb::ContactPreference::Email => Some(Self::Email),
            pb::ContactPreference::Phone => Some(Self::Phone),
            pb::ContactPreference::None => Some(Self::None),
            pb::ContactPreference::Unspecified => None,
        }
    }
}

/// A number by which some system knows the patient.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Identifier {
    /// Who issued it, as a URI or short name, for instance `mrn`.
    pub system: Label,
    pub value: Label,
}

impl From<Identifier> for pb::Identifier {
    fn from(Identifier { system, value }: Identifier) -> Self {
        Self { system: system.into(), value: value.into() }
    }
}

impl TryFrom<pb::Identifier> for Identifier {
    type Error = Garbled;

    fn try_from(pb::Identifier { system, value }: pb::Identifier) -> Result<Self, Garbled> {
        let label = |text: String| Label::try_from(text).map_err(|_| Garbled("identifiers"));
        Ok(Self { system: label(system)?, value: label(value)? })
    }
}

/// A person who is treated here.
#[derive(Serialize, ToSchema)]
pub struct Patient {
    #[schema(value_type = Uuid)]
    pub id: String,
    #[schema(example = "Ada")]
    pub first_name: String,
    #[schema(example = "Lovelace")]
    pub last_name: String,
    #[schema(format = Date, example = "1980-12-24")]
    pub date_of_birth: String,
    #[schema(example = "ada@example.com")]
    pub email: Option<String>,
    #[schema(example = "+49 30 123456")]
    pub phone: Option<String>,
    #[schema(example = "1 Main Street, Springfield")]
    pub address: Option<String>,
    #[schema(example = "Acme Health")]
    pub insurance_provider: Option<String>,
    /// Only the last four characters for doctors.
    #[schema(example = "AC-123456")]
    pub insurance_id: Option<String>,
    pub identifiers: Vec<Identifier>,
    pub gender: Option<Gender>,
    /// BCP 47.
    #[schema(example = "en")]
    pub language: Option<String>,
    /// IANA.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: Option<String>,
    pub contact_preference: Option<ContactPreference>,
    pub created_at: Instant,
    pub updated_at: Instant,
    /// When the patient was deleted, or merged into another.
    pub deleted_at: Option<Instant>,
    /// Under whom everything goes on, when the patient was merged.
    #[schema(value_type = Option<Uuid>)]
    pub merged_into: Option<String>,
    /// Grows by one with each change; the ETag.
    #[schema(minimum = 0, example = 3)]
    pub version: i64,
}

impl Resource for Patient {
    const VERSION: Option<fn(&Self) -> i64> = Some(|patient| patient.version);

    fn location(&self) -> String {
        format!("/api/patients/{}", self.id)
    }
}

impl TryFrom<pb::Patient> for Patient {
    type Error = Garbled;

    fn try_from(patient: pb::Patient) -> Result<Self, Garbled> {
        let gender = Gender::from_wire(patient.gender());
        let contact_preference = ContactPreference::from_wire(patient.contact_preference());
        let pb::Patient {
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
            gender: _,
            language,
            time_zone,
            contact_preference: _,
            create_time,
            update_time,
            delete_time,
            version,
            merged_into,
        } = patient;
        Ok(Self {
            id,
            first_name,
            last_name,
            date_of_birth,
            email: given(email),
            phone: given(phone),
            address: given(address),
            insurance_provider: given(insurance_provider),
            insurance_id: given(insurance_id),
            identifiers: identifiers.into_iter().map(TryFrom::try_from).collect::<Result<_, _>>()?,
            gender,
            language: given(language),
            time_zone: given(time_zone),
            contact_preference,
            created_at: Instant::utc("create_time", create_time)?,
            updated_at: Instant::utc("update_time", update_time)?,
            deleted_at: Instant::maybe_utc("delete_time", delete_time)?,
            merged_into: given(merged_into),
            version,
        })
    }
}
