//! That nothing is known of a patient any more.
use jiff::Timestamp;
use proto::ids::{PatientId, UserId};
use proto::scalars::Reason;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    pub patient_id: PatientId,
    pub reason: Reason,
    pub erased_by: UserId,
    pub erased_at: Timestamp,
}
