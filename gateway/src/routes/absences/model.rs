//! Plans for absences as the REST face shows them.
use crate::times::{Garbled, Instant, When, zone};
use proto::appointment as pb;
use proto::ids::{AppointmentId, DoctorId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A time in which a doctor will be away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanAbsence {
    #[schema(value_type = Uuid)]
    pub doctor_id: DoctorId,
    pub start_time: When,
    /// At most 62 days after the start.
    pub end_time: When,
    /// Who may take visits over; those of the same specialization when empty.
    #[serde(default)]
    #[schema(value_type = Vec<Uuid>, max_items = 500)]
    pub substitute_doctor_ids: Vec<DoctorId>,
}

impl From<PlanAbsence> for pb::PlanAbsenceRequest {
    fn from(body: PlanAbsence) -> Self {
        let PlanAbsence { doctor_id, start_time, end_time, substitute_doctor_ids } = body;
        let (start_time, start_local) = start_time.into_wire();
        let (end_time, end_local) = end_time.into_wire();
        Self {
            doctor_id: doctor_id.to_string(),
            start_time,
            end_time,
            start_local,
            end_local,
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
    pub start_time: When,
    pub end_time: When,
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
    /// Without an offset, in the zone of the new doctor.
    pub new_start_time: Option<When>,
}

impl From<ApplyAbsencePlan> for pb::ApplyAbsencePlanRequest {
    fn from(body: ApplyAbsencePlan) -> Self {
        let ApplyAbsencePlan { doctor_id, start_time, end_time, moves } = body;
        let planned = |MoveToApply { appointment_id, version, new_doctor_id, new_start_time }| {
            let (new_start_time, new_start_local) = new_start_time.map(When::into_wire).unwrap_or_default();
            pb::PlannedMove {
                appointment_id: appointment_id.to_string(),
                version,
                new_doctor_id: new_doctor_id.map(|id| id.to_string()).unwrap_or_default(),
                new_start_time,
                new_start_local,
                ..pb::PlannedMove::default()
            }
        };
        let (start_time, start_local) = start_time.into_wire();
        let (end_time, end_local) = end_time.into_wire();
        Self {
            doctor_id: doctor_id.to_string(),
            start_time,
            end_time,
            start_local,
            end_local,
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
    /// The zone whose offset `start_time` has.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
    /// Null when no time was found within two weeks.
    #[schema(value_type = Option<Uuid>)]
    pub new_doctor_id: Option<String>,
    pub new_start_time: Option<Instant>,
    /// The zone whose offset `new_start_time` has.
    #[schema(example = "Europe/Berlin")]
    pub new_time_zone: Option<String>,
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
            new_start_local: _,
            mut time_zone,
        } = planned;
        // A service of the release before names the new place only.
        if time_zone.is_empty() {
            time_zone.clone_from(&new_time_zone);
        }
        let place = zone(&new_time_zone)?;
        let new_time_zone = new_start_time.is_some().then_some(new_time_zone);
        let new_start_time = new_start_time.map(|at| Instant::in_zone("new_start_time", Some(at), &place));
        Ok(Self {
            appointment_id,
            version,
            patient_id,
            start_time: Instant::in_zone("start_time", start_time, &zone(&time_zone)?)?,
            time_zone,
            new_doctor_id: (!new_doctor_id.is_empty()).then_some(new_doctor_id),
            new_start_time: new_start_time.transpose()?,
            new_time_zone,
        })
    }
}
