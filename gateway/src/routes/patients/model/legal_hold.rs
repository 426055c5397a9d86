//! Legal holds as the REST face shows them.
use crate::reply::Resource;
use crate::times::{Garbled, Instant};
use proto::ids::PatientId;
use proto::patient as pb;
use proto::scalars::Reason;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a patient is neither deleted nor merged.
#[derive(Serialize, ToSchema)]
pub struct LegalHold {
    #[schema(value_type = Uuid)]
    pub patient_id: String,
    #[schema(example = "Claim 12-345 is pending")]
    pub reason: String,
    /// The account of the admin.
    #[schema(value_type = Uuid)]
    pub placed_by_user_id: String,
    pub placed_at: Instant,
    pub lifted_at: Option<Instant>,
}

impl Resource for LegalHold {
    fn location(&self) -> String {
        format!("/api/patients/{}/legal-hold", self.patient_id)
    }
}

impl TryFrom<pb::LegalHold> for LegalHold {
    type Error = Garbled;

    fn try_from(hold: pb::LegalHold) -> Result<Self, Garbled> {
        let pb::LegalHold { patient_id, reason, placed_by_user_id, place_time, lift_time } = hold;
        Ok(Self {
            patient_id,
            reason,
            placed_by_user_id,
            placed_at: Instant::utc("place_time", place_time)?,
            lifted_at: Instant::maybe_utc("lift_time", lift_time)?,
        })
    }
}

/// A legal hold to be placed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceLegalHold {
    pub reason: Reason,
}

impl PlaceLegalHold {
    pub fn of(self, id: PatientId) -> pb::PlaceLegalHoldRequest {
        pb::PlaceLegalHoldRequest { patient_id: id.to_string(), reason: self.reason.into() }
    }
}
