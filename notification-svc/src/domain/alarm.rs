//! What those who watch are told.
use jiff::Timestamp;
use proto::ids::{BreakGlassGrantId, DoctorId};
use uuid::Uuid;

/// That a doctor broke the glass: as far as it may be mailed, so neither of whom nor why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alarm {
    pub grant_id: BreakGlassGrantId,
    pub doctor_id: DoctorId,
    pub at: Timestamp,
    pub includes_very_restricted: bool,
}

/// An address of the settings, by an id that every process makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContactId(pub Uuid);
