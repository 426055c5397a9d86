//! Erasures as the REST face shows them.
use crate::times::{Garbled, Instant};
use proto::ids::PatientId;
use proto::patient as pb;
use proto::scalars::Reason;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// That nothing is known of a patient any more.
#[derive(Serialize, ToSchema)]
pub struct PatientErasure {
    #[schema(value_type = Uuid)]
    pub patient_id: String,
    #[schema(example = "Asked for by letter of 3 March")]
    pub reason: String,
    /// The account of the admin.
    #[schema(value_type = Uuid)]
    pub erased_by_user_id: String,
    pub erased_at: Instant,
}

impl TryFrom<pb::PatientErasure> for PatientErasure {
    type Error = Garbled;

    fn try_from(erasure: pb::PatientErasure) -> Result<Self, Garbled> {
        let pb::PatientErasure { patient_id, reason, erased_by_user_id, erase_time } = erasure;
        let erased_at = Instant::utc("erase_time", erase_time)?;
        Ok(Self { patient_id, reason, erased_by_user_id, erased_at })
    }
}

/// Why a patient is erased. It stays, so it names nobody.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasePatient {
    pub reason: Reason,
}

impl ErasePatient {
    pub fn of(self, id: PatientId) -> pb::ErasePatientRequest {
        pb::ErasePatientRequest { patient_id: id.to_string(), reason: self.reason.into() }
    }
}
