//! How far a record is, and which doctors read it.
use crate::times::Garbled;
use proto::patient as pb;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A draft is for its author and co-signer only. What was signed is only ever added to.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordState {
    Draft,
    Signed,
    Amended,
    EnteredInError,
}

/// How a record begins.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NewState {
    Draft,
    #[default]
    Signed,
}

/// Which doctors read it: `normal`, those who treat the patient; `restricted`, its author, its co-signer and whoever
/// broke the glass; `very_restricted`, the same, if the glass was broken for such records as well.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Confidentiality {
    Normal,
    Restricted,
    VeryRestricted,
}

impl TryFrom<pb::MedicalRecordState> for RecordState {
    type Error = Garbled;

    fn try_from(state: pb::MedicalRecordState) -> Result<Self, Garbled> {
        match state {
            pb::MedicalRecordState::Draft => Ok(Self::Draft),
            pb::MedicalRecordState::Signed => Ok(Self::Signed),
            pb::MedicalRecordState::Amended => Ok(Self::Amended),
            pb::MedicalRecordState::EnteredInError => Ok(Self::EnteredInError),
            pb::MedicalRecordState::Unspecified => Err(Garbled("state")),
        }
    }
}

impl From<NewState> for pb::MedicalRecordState {
    fn from(state: NewState) -> Self {
        match state {
            NewState::Draft => Self::Draft,
            NewState::Signed => Self::Signed,
        }
    }
}

impl TryFrom<pb::Confidentiality> for Confidentiality {
    type Error = Garbled;

    fn try_from(label: pb::Confidentiality) -> Result<Self, Garbled> {
        match label {
            pb::Confidentiality::Normal => Ok(Self::Normal),
            pb::Confidentiality::Restricted => Ok(Self::Restricted),
            pb::Confidentiality::VeryRestricted => Ok(Self::VeryRestricted),
            pb::Confidentiality::Unspecified => Err(Garbled("confidentiality")),
        }
    }
}

impl From<Confidentiality> for pb::Confidentiality {
    fn from(label: Confidentiality) -> Self {
        match label {
            Confidentiality::Normal => Self::Normal,
            Confidentiality::Restricted => Self::Restricted,
            Confidentiality::VeryRestricted => Self::VeryRestricted,
        }
    }
}
