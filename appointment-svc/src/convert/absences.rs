//! Plans for a doctor who will be away.
use super::zone_name;
use crate::domain::absence::{Absence, MAX_MOVES, Move, Proposal};
use crate::domain::interval::Interval;
use crate::domain::questions::MAX_DOCTORS;
use jiff::SignedDuration;
use platform::violations::Violations;
use prost_types::Timestamp as WireTime;
use proto::appointment as pb;
use proto::ids::DoctorId;
use proto::time::{from_wire, to_wire};

/// The longest absence that is planned at once.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 62);

pub struct PlanQuery {
    pub absence: Absence,
    pub substitutes: Vec<DoctorId>,
}

pub struct ApplyPlan {
    pub absence: Absence,
    pub moves: Vec<Move>,
}

impl TryFrom<pb::PlanAbsenceRequest> for PlanQuery {
    type Error = Violations;

    fn try_from(request: pb::PlanAbsenceRequest) -> Result<Self, Violations> {
        let pb::PlanAbsenceRequest { doctor_id, start_time, end_time, substitute_doctor_ids } = request;
        let mut wrong = Violations::default();
        let absence = absence(&mut wrong, &doctor_id, start_time, end_time);
        if i64::try_from(substitute_doctor_ids.len()).unwrap_or(i64::MAX) > MAX_DOCTORS {
            wrong.add("substitute_doctor_ids", format!("must be at most {MAX_DOCTORS}"));
        }
        let parsed = |id: &String| wrong.field("substitute_doctor_ids", id.parse());
        let substitutes = substitute_doctor_ids.iter().filter_map(parsed).collect();
        match absence {
            Some(absence) => wrong.into_result(Self { absence, substitutes }),
            None => Err(wrong),
        }
    }
}

impl TryFrom<pb::ApplyAbsencePlanRequest> for ApplyPlan {
    type Error = Violations;

    fn try_from(request: pb::ApplyAbsencePlanRequest) -> Result<Self, Violations> {
        let pb::ApplyAbsencePlanRequest { doctor_id, start_time, end_time, moves: planned } = request;
        let mut wrong = Violations::default();
        let absence = absence(&mut wrong, &doctor_id, start_time, end_time);
        if planned.len() > MAX_MOVES {
            wrong.add("moves", format!("must be at most {MAX_MOVES}"));
        }
        let mut moves = Vec::new();
        for (index, planned) in planned.into_iter().enumerate() {
            moves.extend(one(&mut wrong, &format!("moves[{index}]"), &planned));
        }
        match absence {
            Some(absence) => wrong.into_result(Self { absence, moves }),
            None => Err(wrong),
        }
    }
}

fn absence(
    wrong: &mut Violations,
    doctor: &str,
    start: Option<WireTime>,
    end: Option<WireTime>,
) -> Option<Absence> {
    let doctor = wrong.field("doctor_id", doctor.parse());
    let start = wrong.field("start_time", from_wire(start));
    let end = wrong.field("end_time", from_wire(end));
    let (doctor, start, end) = (doctor?, start?, end?);
    if end <= start || end > start + LONGEST {
        wrong.add("end_time", "must be after start_time, by 62 days at most");
    }
    Some(Absence { doctor, time: Interval { start, end } })
}

fn one(wrong: &mut Violations, place: &str, planned: &pb::PlannedMove) -> Option<Move> {
    let appointment = wrong.field(&format!("{place}.appointment_id"), planned.appointment_id.parse());
    let to = match (planned.new_doctor_id.as_str(), planned.new_start_time) {
        ("", None) => Some(None),
        (doctor, start) => {
            let doctor = wrong.field(&format!("{place}.new_doctor_id"), doctor.parse());
            let start = wrong.field(&format!("{place}.new_start_time"), from_wire(start));
            doctor.zip(start).map(Some)
        }
    };
    Some(Move { appointment: appointment?, version: planned.version, to: to? })
}

impl From<Proposal> for pb::PlannedMove {
    fn from(Proposal { visit, to, zone }: Proposal) -> Self {
        Self {
            appointment_id: visit.id.to_string(),
            version: visit.version,
            patient_id: visit.patient_id.to_string(),
            start_time: Some(to_wire(visit.visit.start)),
            new_doctor_id: to.map(|(doctor, _)| doctor.to_string()).unwrap_or_default(),
            new_start_time: to.map(|(_, start)| to_wire(start)),
            new_time_zone: zone_name(&zone),
        }
    }
}
