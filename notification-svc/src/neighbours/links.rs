//! What appointment-svc does with a visit for whoever has its link.
use super::{Neighbours, patient_may, status, zoned};
use crate::domain::{Failure, Refusal, Visit, VisitAction};
use jiff::civil::Date;
use jiff::{Timestamp, Zoned};
use platform::fault;
use proto::appointment as pb;
use proto::ids::{AppointmentId, PatientId};
use proto::time;
use tonic::{Code, Status};

/// Why there is no answer.
pub enum Unanswered {
    Refused(Refusal),
    Failed(Failure),
}

/// A visit, for its patient.
pub struct Seen {
    pub visit: Visit,
    /// What they may do with it now.
    pub may: Vec<VisitAction>,
    /// From when on it counts as late to cancel it.
    pub late_after: Option<Timestamp>,
}

impl Neighbours {
    pub async fn linked_visit(&self, id: AppointmentId, patient: PatientId) -> Result<Seen, Unanswered> {
        let request = pb::GetLinkedVisitRequest { id: id.to_string(), patient_id: patient.to_string() };
        seen(self.links.clone().get_linked_visit(request).await)
    }

    /// The times on `days` dates from `date` that the visit could be moved to, each in the zone of its place.
    pub async fn linked_slots(
        &self,
        id: AppointmentId,
        patient: PatientId,
        date: Date,
        days: i32,
    ) -> Result<Vec<Zoned>, Unanswered> {
        let request = pb::ListLinkedSlotsRequest {
            id: id.to_string(),
            patient_id: patient.to_string(),
            date: date.to_string(),
            days,
        };
        let slots = self.links.clone().list_linked_slots(request).await.map_err(|status| why(&status))?;
        let start = |slot: pb::Slot| zoned(slot.start_time, &slot.time_zone);
        let slots: Option<Vec<Zoned>> = slots.into_inner().slots.into_iter().map(start).collect();
        slots.ok_or(Unanswered::Failed(Failure::BadAnswer))
    }

    /// Confirms or cancels the visit, or says that the patient is there, if it is of this `version`.
    pub async fn change_linked_visit(
        &self,
        id: AppointmentId,
        patient: PatientId,
        to: pb::AppointmentStatus,
        version: i64,
    ) -> Result<Seen, Unanswered> {
        let request = pb::ChangeLinkedVisitRequest {
            id: id.to_string(),
            patient_id: patient.to_string(),
            status: to.into(),
            expected_version: version,
        };
        seen(self.links.clone().change_linked_visit(request).await)
    }

    pub async fn move_linked_visit(
        &self,
        id: AppointmentId,
        patient: PatientId,
        start: Timestamp,
        version: i64,
    ) -> Result<Seen, Unanswered> {
        let request = pb::MoveLinkedVisitRequest {
            id: id.to_string(),
            patient_id: patient.to_string(),
            start_time: Some(time::to_wire(start)),
            expected_version: version,
        };
        seen(self.links.clone().move_linked_visit(request).await)
    }
}

fn seen(answer: tonic::Result<tonic::Response<pb::Appointment>>) -> Result<Seen, Unanswered> {
    let visit = answer.map_err(|status| why(&status))?.into_inner();
    let is_cancel = |window: &&pb::ActionWindow| window.action() == pb::AppointmentAction::Cancel;
    let late_after = visit.action_windows.iter().find(is_cancel).and_then(|window| window.late_after_time);
    let late_after = late_after.and_then(|at| time::from_wire(Some(at)).ok());
    let may = patient_may(visit.allowed_actions());
    let visit = self::visit(&visit).ok_or(Unanswered::Failed(Failure::BadAnswer))?;
    Ok(Seen { visit, may, late_after })
}

fn visit(of: &pb::Appointment) -> Option<Visit> {
    Some(Visit {
        id: of.id.parse().ok()?,
        doctor_id: of.doctor_id.parse().ok()?,
        version: of.version,
        status: status(of.status())?,
        starts_at: zoned(of.start_time, &of.time_zone)?,
        ends_at: zoned(of.end_time, &of.time_zone)?,
    })
}

/// What appointment-svc says when it does not do something.
fn why(status: &Status) -> Unanswered {
    let refusal = match (status.code(), fault::reason(status).as_deref()) {
        (_, Some("APPOINTMENT_NOT_FOUND")) => Refusal::Gone,
        (_, Some("VERSION_MISMATCH")) => Refusal::Changed,
        (_, Some("POLICY_VIOLATION")) => Refusal::TooLate,
        (
            _,
            Some("INVALID_TRANSITION" | "TOO_EARLY" | "TOO_LATE" | "ALREADY_STARTED" | "APPOINTMENT_CLOSED"),
        )
        | (Code::NotFound | Code::PermissionDenied, _) => Refusal::Impossible,
        // Of a time that was chosen.
        (Code::AlreadyExists | Code::FailedPrecondition | Code::InvalidArgument, _) => Refusal::Taken,
        (Code::Internal | Code::Unimplemented | Code::DataLoss, _) => {
            return Unanswered::Failed(Failure::BadAnswer);
        }
        _ => return Unanswered::Failed(Failure::AppointmentSvcUnavailable),
    };
    Unanswered::Refused(refusal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_appointment_svc_says_is_a_refusal_or_a_failure() {
        let told = |code, reason: &str| match why(&fault::fault(code, "test", reason, "no")) {
            Unanswered::Refused(refusal) => Ok(refusal),
            Unanswered::Failed(failure) => Err(failure),
        };
        for (code, reason, expected) in [
            (Code::NotFound, "APPOINTMENT_NOT_FOUND", Ok(Refusal::Gone)),
            (Code::NotFound, "DOCTOR_NOT_FOUND", Ok(Refusal::Impossible)),
            (Code::Aborted, "VERSION_MISMATCH", Ok(Refusal::Changed)),
            (Code::FailedPrecondition, "POLICY_VIOLATION", Ok(Refusal::TooLate)),
            (Code::FailedPrecondition, "INVALID_TRANSITION", Ok(Refusal::Impossible)),
            (Code::FailedPrecondition, "TOO_EARLY", Ok(Refusal::Impossible)),
            (Code::FailedPrecondition, "ALREADY_STARTED", Ok(Refusal::Impossible)),
            (Code::PermissionDenied, "FORBIDDEN", Ok(Refusal::Impossible)),
            (Code::AlreadyExists, "SLOT_TAKEN", Ok(Refusal::Taken)),
            (Code::AlreadyExists, "PATIENT_CONFLICT", Ok(Refusal::Taken)),
            (Code::FailedPrecondition, "OUTSIDE_AVAILABILITY", Ok(Refusal::Taken)),
            (Code::Unavailable, "", Err(Failure::AppointmentSvcUnavailable)),
            (Code::DeadlineExceeded, "", Err(Failure::AppointmentSvcUnavailable)),
            (Code::Internal, "", Err(Failure::BadAnswer)),
        ] {
            assert_eq!(told(code, reason), expected, "{code:?} {reason}");
        }
    }
}
