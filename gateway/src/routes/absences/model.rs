//! Plans for absences as the REST face shows them.
use crate::times::{Garbled, Instant, zone};
use proto::appointment as pb;
use proto::ids::{AppointmentId, DoctorId};
use proto::time::to_wire;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A time in which a doctor will be away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanAbsence {
    #[schema(value_type = Uuid)]
    pub doctor_id: DoctorId,
    #[schema(value_type = String, format = DateTime, example = "2030-01-07T00:00:00+01:00")]
    pub start_time: jiff::Timestamp,
    /// At most 62 days after the start.
    #[schema(value_type = String, format = DateTime, example = "2030-01-12T00:00:00+01:00")]
    pub end_time: jiff::Timestamp,
    /// Who may take visits over; those of the same specialization when empty.
    #[serde(default)]
    #[schema(value_type = Vec<Uuid>, max_items = 500)]
    pub substitute_doctor_ids: Vec<DoctorId>,
}

impl From<PlanAbsence> for pb::PlanAbsenceRequest {
    fn from(body: PlanAbsence) -> Self {
        let PlanAbsence { doctor_id, start_time, end_time, substitute_doctor_ids } = body;
        Self {
            doctor_id: doctor_id.to_string(),
            start_time: Some(to_wire(start_time)),
            end_time: Some(to_wire(end_time)),
            substitute_doctor_ids: substitute_doctor_ids.iter().map(ToString::to_string).collect(),
        }
    }
}

/// What is to become of the visits in a doctor's absence.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplyAbsencePlan {
    #[schema(value_type = Uuid)]
    pub doctor_id: DoctorId,
    #[schema(value_type = String, format = DateTime, example = "2030-01-07T00:00:00+01:00")]
    pub start_time: jiff::Timestamp,
    #[schema(value_type = String, format = DateTime, example = "2030-01-12T00:00:00+01:00")]
    pub end_time: jiff::Timestamp,
    #[schema(max_items = 200)]
    pub moves: Vec<MoveToApply>,
}

/// Another time for a visit; without doctor and start it is cancelled.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveToApply {
    #[schema(value_type = Uuid)]
    pub appointment_id: AppointmentId,
    /// As in the plan.
    #[schema(minimum = 1, example = 1)]
    pub version: i64,
    #[schema(value_type = Option<Uuid>)]
    pub new_doctor_id: Option<DoctorId>,
    #[schema(value_type = Option<String>, format = DateTime, example = "2030-01-14T09:00:00+01:00")]
    pub new_start_time: Option<jiff::Timestamp>,
}

impl From<ApplyAbsencePlan> for pb::ApplyAbsencePlanRequest {
    fn from(body: ApplyAbsencePlan) -> Self {
        let ApplyAbsencePlan { doctor_id, start_time, end_time, moves } = body;
        let planned =
            |MoveToApply { appointment_id, version, new_doctor_id, new_start_time }| pb::PlannedMove {
                appointment_id: appointment_id.to_string(),
                version,
                new_doctor_id: new_doctor_id.map(|id| id.to_string()).unwrap_or_default(),
                new_start_time: new_start_time.map(to_wire),
                ..pb::PlannedMove::default()
            };
        Self {
            doctor_id: doctor_id.to_string(),
            start_time: Some(to_wire(start_time)),
            end_time: Some(to_wire(end_time)),
            moves: moves.into_iter().map(planned).collect(),
        }
    }
}

/// The visits in a doctor's absence, and where they could go.
#[derive(Serialize, ToSchema)]
pub struct AbsencePlan {
    /// By start, 200 at most.
    pub moves: Vec<PlannedMove>,
}

/// A visit that an absence affects.
#[derive(Serialize, ToSchema)]
pub struct PlannedMove {
    #[schema(value_type = Uuid)]
    pub appointment_id: String,
    /// The version that it was planned for.
    #[schema(minimum = 1, example = 1)]
    pub version: i64,
    #[schema(value_type = Uuid)]
    pub patient_id: String,
    pub start_time: Instant,
    /// Null when no time was found within two weeks.
    #[schema(value_type = Option<Uuid>)]
    pub new_doctor_id: Option<String>,
    pub new_start_time: Option<Instant>,
}

impl TryFrom<pb::AbsencePlan> for AbsencePlan {
    type Error = Garbled;

    fn try_from(plan: pb::AbsencePlan) -> Result<Self, Garbled> {
        Ok(Self { moves: plan.moves.into_iter().map(PlannedMove::try_from).collect::<Result<_, _>>()? })
    }
}

impl TryFrom<pb::PlannedMove> for PlannedMove {
    type Error = Garbled;

    fn try_from(planned: pb::PlannedMove) -> Result<Self, Garbled> {
        let pb::PlannedMove {
            appointment_id,
            version,
            patient_id,
            start_time,
            new_doctor_id,
            new_start_time,
            new_time_zone,
        } = planned;
        let place = zone(&new_time_zone)?;
        let new_start_time = new_start_time.map(|at| Instant::in_zone("new_start_time", Some(at), &place));
        Ok(Self {
            appointment_id,
            version,
            patient_id,
            start_time: Instant::in_zone("start_time", start_time, &place)?,
            new_doctor_id: (!new_doctor_id.is_empty()).then_some(new_doctor_id),
            new_start_time: new_start_time.transpose()?,
        })
    }
}
