//! Why a patient stays as they are.
use jiff::Timestamp;
use proto::ids::{PatientId, UserId};
use proto::scalars::Reason;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegalHold {
    pub patient_id: PatientId,
    pub reason: Reason,
    pub placed_by: UserId,
    pub placed_at: Timestamp,
    pub lifted_at: Option<Timestamp>,
}
