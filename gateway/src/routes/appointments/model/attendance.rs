//! How patients keep to visits.
use crate::times::Garbled;
use proto::appointment as pb;
use serde::Serialize;
use utoipa::ToSchema;

/// How a patient kept to what was agreed, over all visits.
#[derive(Serialize, ToSchema)]
pub struct PatientAttendance {
    #[schema(value_type = Uuid)]
    pub patient_id: String,
    /// Visits that took place.
    #[schema(minimum = 0, example = 12)]
    pub kept: i64,
    /// Visits that the patient cancelled when it was late.
    #[schema(minimum = 0, example = 1)]
    pub late_cancelled: i64,
    /// Visits to which the patient did not come.
    #[schema(minimum = 0, example = 0)]
    pub no_show: i64,
}

impl TryFrom<pb::PatientAttendance> for PatientAttendance {
    type Error = Garbled;

    fn try_from(attendance: pb::PatientAttendance) -> Result<Self, Garbled> {
        let pb::PatientAttendance { patient_id, kept, late_cancelled, no_show } = attendance;
        Ok(Self { patient_id, kept, late_cancelled, no_show })
    }
}
