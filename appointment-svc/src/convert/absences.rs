//! Plans for a doctor who will be away.
use super::{when, zone_name};
use crate::domain::absence::{AskedAbsence, MAX_MOVES, Move, Proposal};
use crate::domain::commands::When;
use crate::domain::questions::MAX_DOCTORS;
use platform::violations::Violations;
use prost_types::Timestamp as WireTime;
use proto::appointment as pb;
use proto::ids::DoctorId;
use proto::time::{BadTime, to_wire};

pub struct PlanQuery {
    pub absence: AskedAbsence,
    pub substitutes: Vec<DoctorId>,
}

pub struct ApplyPlan {
    pub absence: AskedAbsence,
    pub moves: Vec<Move>,
}

impl TryFrom<pb::PlanAbsenceRequest> for PlanQuery {
    type Error = Violations;

    fn try_from(request: pb::PlanAbsenceRequest) -> Result<Self, Violations> {
        let pb::PlanAbsenceRequest {
            doctor_id,
            start_time,
            end_time,
            substitute_doctor_ids,
            start_local,
            end_local,
        } = request;
        let mut wrong = Violations::default();
        let absence = absence(&mut wrong, &doctor_id, (start_time, &start_local), (end_time, &end_local));
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
        let pb::ApplyAbsencePlanRequest {
            doctor_id,
            start_time,
            end_time,
            moves: planned,
            start_local,
            end_local,
        } = request;
        let mut wrong = Violations::default();
        let absence = absence(&mut wrong, &doctor_id, (start_time, &start_local), (end_time, &end_local));
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

/// An instant and a local time, of which one is set.
type Given<'g> = (Option<WireTime>, &'g str);

fn absence(wrong: &mut Violations, doctor: &str, start: Given<'_>, end: Given<'_>) -> Option<AskedAbsence> {
    let doctor = wrong.field("doctor_id", doctor.parse());
    let start = required(wrong, ["start_time", "start_local"], start);
    let end = required(wrong, ["end_time", "end_local"], end);
    Some(AskedAbsence { doctor: doctor?, start: start?, end: end? })
}

fn required(wrong: &mut Violations, names: [&str; 2], (time, local): Given<'_>) -> Option<When> {
    if time.is_none() && local.is_empty() {
        wrong.add(names[0], BadTime::Missing);
    }
    when(wrong, names, time, local)
}

fn one(wrong: &mut Violations, place: &str, planned: &pb::PlannedMove) -> Option<Move> {
    let appointment = wrong.field(&format!("{place}.appointment_id"), planned.appointment_id.parse());
    let start = (planned.new_start_time, planned.new_start_local.as_str());
    let to = match (planned.new_doctor_id.as_str(), start) {
        ("", (None, "")) => Some(None),
        (doctor, start) => {
            let doctor = wrong.field(&format!("{place}.new_doctor_id"), doctor.parse());
            let names = [format!("{place}.new_start_time"), format!("{place}.new_start_local")];
            let start = required(wrong, [&names[0], &names[1]], start);
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
            time_zone: zone_name(&visit.zone),
            new_start_local: String::new(),
        }
    }
}
