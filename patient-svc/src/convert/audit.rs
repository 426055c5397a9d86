//! The audit log.
use crate::store::Filter;
use platform::audit::chain::Link;
use platform::violations::Violations;
use proto::patient as pb;
use proto::time::{from_wire, to_wire};
use uuid::Uuid;

/// Which entries are asked for.
pub fn filter(request: &pb::ListAuditEntriesRequest) -> Result<Filter, Violations> {
    let mut wrong = Violations::default();
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let patient = given(&request.patient_id).and_then(|id| wrong.field("patient_id", id.parse()));
    let patients = patient.into_iter().collect();
    let actor = given(&request.actor_id).and_then(|id| wrong.field("actor_id", id.parse()));
    let action = given(&request.action).and_then(|action| wrong.field("action", self::action(action)));
    let mut bound = |field, at: Option<_>| at.and_then(|at| wrong.field(field, from_wire(Some(at))));
    let from = bound("time_from", request.time_from);
    let until = bound("time_until", request.time_until);
    wrong.into_result(Filter { patients, actor, action, from, until })
}

pub fn entry(link: Link) -> pb::AuditEntry {
    pb::AuditEntry {
        id: format!("{}-{}", link.shard, link.number),
        time: Some(to_wire(link.at)),
        writer: link.writer,
        request_id: link.request_id.unwrap_or_default(),
        trace_id: link.trace_id.unwrap_or_default(),
        client_address: link.client_address.unwrap_or_default(),
        actor_id: id(link.actor_id),
        role: link.role,
        session_id: id(link.session_id),
        via: link.via.unwrap_or_default(),
        action: link.action,
        resource: link.resource,
        resource_ids: link.resource_ids.iter().map(Uuid::to_string).collect(),
        subject_ids: link.subjects.iter().map(Uuid::to_string).collect(),
        is_denied: link.decision == "denied",
        reason: link.reason.unwrap_or_default(),
        break_glass: link.break_glass,
        fields: link.fields,
    }
}

/// What the patient is told: who it was by role and account, and not from where; of records, which may be kept from
/// them, not what was changed.
pub fn access(link: Link) -> pb::PatientAccess {
    let fields = if link.resource == "medical_record" { Vec::new() } else { link.fields };
    pb::PatientAccess {
        id: format!("{}-{}", link.shard, link.number),
        time: Some(to_wire(link.at)),
        actor_id: id(link.actor_id),
        role: link.role,
        action: link.action,
        resource: link.resource,
        is_denied: link.decision == "denied",
        reason: link.reason.unwrap_or_default(),
        break_glass: link.break_glass,
        fields,
    }
}

fn action(text: String) -> Result<String, &'static str> {
    let is_action = text.len() <= 40 && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if is_action { Ok(text) } else { Err("must be up to 40 lower-case letters and underscores") }
}

fn id(id: Option<Uuid>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}
