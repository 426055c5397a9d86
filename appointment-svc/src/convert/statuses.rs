//! Where visits stand, what may be done with them, and what was.
use super::expected_version;
use crate::domain::actions::Action;
use crate::domain::status::{Actor, Status};
use crate::domain::transition::Window;
use crate::domain::why::{StatusChange, Why};
use crate::store::HistoryEntry;
use platform::violations::Violations;
use proto::appointment as pb;
use proto::ids::AppointmentId;
use proto::scalars::SubStatus;
use proto::time::to_wire;

pub fn status_change(request: pb::UpdateAppointmentStatusRequest) -> Result<StatusChange, Violations> {
    let pb::UpdateAppointmentStatusRequest { id, status, expected_version, reason_code, note, request_id: _ } =
        request;
    let mut wrong = Violations::default();
    let status = wrong.field("status", known_status(status)).map(|status| status.ok_or("is required"));
    let to = status.and_then(|status| wrong.field("status", status));
    change(wrong, &id, to, expected_version, reason_code, note)
}

pub fn cancellation(request: pb::CancelAppointmentRequest) -> Result<StatusChange, Violations> {
    let pb::CancelAppointmentRequest { id, expected_version, reason_code, note, request_id: _ } = request;
    change(Violations::default(), &id, Some(Status::Cancelled), expected_version, reason_code, note)
}

fn change(
    mut wrong: Violations,
    id: &str,
    to: Option<Status>,
    version: i64,
    reason_code: String,
    note: String,
) -> Result<StatusChange, Violations> {
    let id = wrong.field("id", id.parse());
    let expected_version = expected_version(&mut wrong, version);
    let reason = wrong.optional("reason_code", reason_code);
    let note = wrong.optional("note", note);
    match (id, to) {
        (Some(id), Some(to)) => wrong.into_result(StatusChange {
            id,
            to,
            why: Why { reason, lift: None, note },
            expected_version,
        }),
        _ => Err(wrong),
    }
}

/// The id of the visit whose last change is to be taken back, and the version that the caller has seen.
pub fn undo(request: &pb::UndoAppointmentChangeRequest) -> Result<(AppointmentId, Option<i64>), Violations> {
    let mut wrong = Violations::default();
    let id = wrong.field("id", request.id.parse());
    let expected_version = expected_version(&mut wrong, request.expected_version);
    match id {
        Some(id) => wrong.into_result((id, expected_version)),
        None => Err(wrong),
    }
}

/// The id of the visit, its new label, and the version that the caller has seen.
pub fn sub_status(
    request: pb::SetSubStatusRequest,
) -> Result<(AppointmentId, Option<SubStatus>, Option<i64>), Violations> {
    let mut wrong = Violations::default();
    let id = wrong.field("id", request.id.parse());
    let label = wrong.optional("sub_status", request.sub_status);
    let expected_version = expected_version(&mut wrong, request.expected_version);
    match id {
        Some(id) => wrong.into_result((id, label, expected_version)),
        None => Err(wrong),
    }
}

/// One entry of a history as `reader` may see it.
pub fn history_entry(entry: HistoryEntry, reader: Actor) -> pb::AppointmentEvent {
    let from_status = entry.from_status.map_or(pb::AppointmentStatus::Unspecified, Into::into);
    pb::AppointmentEvent {
        version: entry.version,
        kind: entry.kind,
        from_status: from_status.into(),
        to_status: pb::AppointmentStatus::from(entry.to_status).into(),
        start_time: Some(to_wire(entry.visit.start)),
        end_time: Some(to_wire(entry.visit.end)),
        actor_id: entry.actor_id.to_string(),
        actor_role: entry.actor_role,
        time: Some(to_wire(entry.at)),
        reason_code: entry.reason_code,
        note: if reader.is_patient() { String::new() } else { entry.note },
    }
}

/// None when unspecified; wrong when it is of a later version of the contract.
pub fn known_status(number: i32) -> Result<Option<Status>, &'static str> {
    pb::AppointmentStatus::try_from(number).map(status).map_err(|_| "is not a status")
}

/// None when unspecified.
pub(super) fn status(status: pb::AppointmentStatus) -> Option<Status> {
    Some(match status {
        pb::AppointmentStatus::Unspecified => return None,
        pb::AppointmentStatus::Held => Status::Held,
        pb::AppointmentStatus::Requested => Status::Requested,
        pb::AppointmentStatus::Scheduled => Status::Scheduled,
        pb::AppointmentStatus::Confirmed => Status::Confirmed,
        pb::AppointmentStatus::Arrived => Status::Arrived,
        pb::AppointmentStatus::CheckedIn => Status::CheckedIn,
        pb::AppointmentStatus::InProgress => Status::InProgress,
        pb::AppointmentStatus::Completed => Status::Completed,
        pb::AppointmentStatus::Cancelled => Status::Cancelled,
        pb::AppointmentStatus::NoShow => Status::NoShow,
        pb::AppointmentStatus::Expired => Status::Expired,
        pb::AppointmentStatus::EnteredInError => Status::EnteredInError,
    })
}

impl From<Status> for pb::AppointmentStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Held => Self::Held,
            Status::Requested => Self::Requested,
            Status::Scheduled => Self::Scheduled,
            Status::Confirmed => Self::Confirmed,
            Status::Arrived => Self::Arrived,
            Status::CheckedIn => Self::CheckedIn,
            Status::InProgress => Self::InProgress,
            Status::Completed => Self::Completed,
            Status::Cancelled => Self::Cancelled,
            Status::NoShow => Self::NoShow,
            Status::Expired => Self::Expired,
            Status::EnteredInError => Self::EnteredInError,
        }
    }
}

pub(super) fn wire_action(action: Action) -> pb::AppointmentAction {
    match action {
        Action::Reschedule => pb::AppointmentAction::Reschedule,
        Action::EditNotes => pb::AppointmentAction::EditNotes,
        Action::Accept => pb::AppointmentAction::Accept,
        Action::Decline => pb::AppointmentAction::Decline,
        Action::Confirm => pb::AppointmentAction::Confirm,
        Action::Cancel => pb::AppointmentAction::Cancel,
        Action::MarkArrived => pb::AppointmentAction::MarkArrived,
        Action::CheckIn => pb::AppointmentAction::CheckIn,
        Action::Start => pb::AppointmentAction::Start,
        Action::Complete => pb::AppointmentAction::Complete,
        Action::MarkNoShow => pb::AppointmentAction::MarkNoShow,
        Action::Reinstate => pb::AppointmentAction::Reinstate,
        Action::Undo => pb::AppointmentAction::Undo,
        Action::EnterInError => pb::AppointmentAction::EnterInError,
    }
}

pub(super) fn action_window((action, window): (Action, Window)) -> pb::ActionWindow {
    pb::ActionWindow {
        action: wire_action(action).into(),
        from_time: window.from.map(to_wire),
        until_time: window.until.map(to_wire),
        late_after_time: window.late_after.map(to_wire),
    }
}
