//! What is asked for by a link that a patient was sent.
use super::offers::dates;
use super::{expected_version, known_status};
use crate::domain::commands::{Edit, When};
use crate::domain::diary::LINK_HOLDER;
use crate::domain::questions::Dates;
use crate::domain::status::Status;
use crate::domain::why::{StatusChange, Why};
use platform::caller::{Role, User};
use platform::violations::Violations;
use proto::appointment as pb;
use proto::cancellation::CancellationReason;
use proto::ids::{AppointmentId, PatientId, SessionId};
use proto::time::from_wire;
use uuid::Uuid;

/// One visit, and who has its link: they may do what its patient may, and have no account.
pub struct Linked {
    pub id: AppointmentId,
    pub holder: User,
}

pub fn visit(request: &pb::GetLinkedVisitRequest) -> Result<Linked, Violations> {
    let mut wrong = Violations::default();
    let linked = linked(&mut wrong, &request.id, &request.patient_id);
    linked.ok_or(wrong)
}

pub fn slots(request: &pb::ListLinkedSlotsRequest) -> Result<(Linked, Dates), Violations> {
    let mut wrong = Violations::default();
    let linked = linked(&mut wrong, &request.id, &request.patient_id);
    let dates = dates(&mut wrong, &request.date, request.days, 1);
    match (linked, dates) {
        (Some(linked), Some(dates)) => wrong.into_result((linked, dates)),
        _ => Err(wrong),
    }
}

pub fn change(request: &pb::ChangeLinkedVisitRequest) -> Result<(User, StatusChange), Violations> {
    let mut wrong = Violations::default();
    let linked = linked(&mut wrong, &request.id, &request.patient_id);
    let to = wrong.field("status", known_status(request.status)).flatten();
    let to = to.filter(|to| matches!(to, Status::Confirmed | Status::Arrived | Status::Cancelled));
    if to.is_none() {
        wrong.add("status", "must be confirmed, arrived or cancelled");
    }
    let expected_version = expected_version(&mut wrong, request.expected_version);
    match (linked, to) {
        (Some(Linked { id, holder }), Some(to)) => {
            let reason = (to == Status::Cancelled).then_some(CancellationReason::ReminderSystem);
            let why = Why { reason, ..Why::default() };
            wrong.into_result((holder, StatusChange { id, to, why, expected_version }))
        }
        _ => Err(wrong),
    }
}

pub fn edit(request: &pb::MoveLinkedVisitRequest) -> Result<(Linked, Edit), Violations> {
    let mut wrong = Violations::default();
    let linked = linked(&mut wrong, &request.id, &request.patient_id);
    let start = wrong.field("start_time", from_wire(request.start_time)).map(When::Instant);
    let expected_version = expected_version(&mut wrong, request.expected_version);
    match (linked, start) {
        (Some(linked), start @ Some(_)) => {
            let edit = Edit { start, end: None, notes: None, leave: None, expected_version };
            wrong.into_result((linked, edit))
        }
        _ => Err(wrong),
    }
}

fn linked(wrong: &mut Violations, id: &str, patient: &str) -> Option<Linked> {
    let (id, patient) =
        (wrong.field("id", id.parse()), wrong.field("patient_id", patient.parse::<PatientId>()));
    let holder = |patient| User::new(LINK_HOLDER, SessionId(Uuid::nil()), Role::Patient(patient));
    Some(Linked { id: id?, holder: holder(patient?) })
}
