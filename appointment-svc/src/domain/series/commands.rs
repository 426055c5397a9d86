//! What callers ask for of visits that recur, already parsed.
use super::super::commands::When;
use super::super::recurrence::Recurrence;
use super::super::why::Why;
use super::{Mode, Scope, Shift};
use proto::ids::{DoctorId, PatientId, VisitTypeId};
use proto::scalars::VisitNotes;

#[derive(Clone, Debug)]
pub struct CreateSeries {
    pub patient_id: PatientId,
    pub doctor_id: DoctorId,
    /// Without one, any start and length within the doctor's hours.
    pub visit_type_id: Option<VisitTypeId>,
    /// Length without a type; the doctor's usual one when not given.
    pub minutes: Option<u32>,
    /// Of the first visit.
    pub start: When,
    pub rule: Recurrence,
    /// On each visit.
    pub notes: Option<VisitNotes>,
    pub mode: Mode,
    pub dry_run: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct UpdateSeries {
    pub scope: Scope,
    pub shift: Shift,
    pub mode: Mode,
    pub dry_run: bool,
    pub expected_version: Option<i64>,
}

#[derive(Clone, Debug)]
pub struct CancelSeries {
    pub scope: Scope,
    pub why: Why,
    pub expected_version: Option<i64>,
}
