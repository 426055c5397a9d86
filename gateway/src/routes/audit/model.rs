//! The audit log as the REST face shows it.
use crate::problem::Problem;
use crate::query::{self, Limit};
use crate::routes::given;
use crate::times::{Bound, Garbled, Instant};
use proto::ids::{PatientId, UserId};
use proto::patient as pb;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Whether something was done.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    Allowed,
    Denied,
}

impl Decision {
    fn of(is_denied: bool) -> Self {
        if is_denied { Self::Denied } else { Self::Allowed }
    }
}

/// One thing that was done, or refused. Ids, codes and the names of fields, never values.
#[derive(Serialize, ToSchema)]
pub struct AuditEntry {
    /// Chain and number.
    #[schema(example = "17-204")]
    pub id: String,
    pub at: Instant,
    /// The database role of the process that noted it.
    #[schema(example = "patient_rw")]
    pub writer: String,
    /// The `X-Request-Id` of the request.
    pub request_id: Option<String>,
    pub trace_id: Option<String>,
    pub client_address: Option<String>,
    /// The account that did it; null when a service or nobody in particular did.
    #[schema(value_type = Option<Uuid>)]
    pub actor_id: Option<String>,
    /// `admin`, `staff`, `auditor`, `doctor`, `patient`; or `service`, `nobody`, `system` for what happens by itself.
    #[schema(example = "doctor")]
    pub role: String,
    #[schema(value_type = Option<Uuid>)]
    pub session_id: Option<String>,
    /// The service that asked.
    pub via: Option<String>,
    #[schema(example = "read")]
    pub action: String,
    /// Of calls that were refused the method.
    #[schema(example = "patient")]
    pub resource: String,
    #[schema(value_type = Vec<Uuid>)]
    pub resource_ids: Vec<String>,
    /// Whose data it was: patients, or the accounts whose log-in it was.
    #[schema(value_type = Vec<Uuid>)]
    pub subject_ids: Vec<String>,
    pub decision: Decision,
    /// A code.
    #[schema(example = "RELATIONSHIP_REQUIRED")]
    pub reason: Option<String>,
    /// Whether it was done although the rules of every day do not allow it.
    pub break_glass: bool,
    /// The names of what was changed.
    #[schema(example = json!(["phone"]))]
    pub fields: Vec<String>,
}

impl TryFrom<pb::AuditEntry> for AuditEntry {
    type Error = Garbled;

    fn try_from(entry: pb::AuditEntry) -> Result<Self, Garbled> {
        let pb::AuditEntry {
            id,
            time,
            writer,
            request_id,
            trace_id,
            client_address,
            actor_id,
            role,
            session_id,
            via,
            action,
            resource,
            resource_ids,
            subject_ids,
            is_denied,
            reason,
            break_glass,
            fields,
        } = entry;
        Ok(Self {
            id,
            at: Instant::utc("time", time)?,
            writer,
            request_id: given(request_id),
            trace_id: given(trace_id),
            client_address: given(client_address),
            actor_id: given(actor_id),
            role,
            session_id: given(session_id),
            via: given(via),
            action,
            resource,
            resource_ids,
            subject_ids,
            decision: Decision::of(is_denied),
            reason: given(reason),
            break_glass,
            fields,
        })
    }
}

/// What was done with the data of a patient.
#[derive(Serialize, ToSchema)]
pub struct PatientAccess {
    /// Chain and number.
    #[schema(example = "17-204")]
    pub id: String,
    pub at: Instant,
    /// The account that did it; null when a service or nobody in particular did.
    #[schema(value_type = Option<Uuid>)]
    pub actor_id: Option<String>,
    /// `admin`, `staff`, `auditor`, `doctor`, `patient`; or `service`, `nobody`, `system` for what happens by itself.
    #[schema(example = "doctor")]
    pub role: String,
    #[schema(example = "read")]
    pub action: String,
    /// Of calls that were refused the method.
    #[schema(example = "patient")]
    pub resource: String,
    pub decision: Decision,
    /// A code.
    #[schema(example = "RELATIONSHIP_REQUIRED")]
    pub reason: Option<String>,
    /// Whether it was done although the rules of every day do not allow it.
    pub break_glass: bool,
    /// The names of what was changed.
    #[schema(example = json!(["phone"]))]
    pub fields: Vec<String>,
}

impl TryFrom<pb::PatientAccess> for PatientAccess {
    type Error = Garbled;

    fn try_from(access: pb::PatientAccess) -> Result<Self, Garbled> {
        let pb::PatientAccess {
            id,
            time,
            actor_id,
            role,
            action,
            resource,
            is_denied,
            reason,
            break_glass,
            fields,
        } = access;
        Ok(Self {
            id,
            at: Instant::utc("time", time)?,
            actor_id: given(actor_id),
            role,
            action,
            resource,
            decision: Decision::of(is_denied),
            reason: given(reason),
            break_glass,
            fields,
        })
    }
}

/// A page of the audit log.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListAuditEntries {
    /// Only what was done with the data of this patient.
    #[param(value_type = Option<Uuid>)]
    pub patient_id: Option<PatientId>,
    /// Only what this account did.
    #[param(value_type = Option<Uuid>)]
    pub actor_id: Option<UserId>,
    /// Only this, for instance `read`.
    #[param(max_length = 40, pattern = "^[a-z_]*$")]
    pub action: Option<String>,
    /// From then on: an instant, or a day in UTC.
    #[param(inline)]
    pub from: Option<Bound>,
    /// Until then: an instant, or a day in UTC, which is part of it.
    #[param(inline)]
    pub to: Option<Bound>,
    /// Items on a page; 50 when absent.
    #[param(value_type = Option<i32>, minimum = 1, maximum = 200)]
    pub limit: Option<Limit<200>>,
    /// Where the page begins: from the `Link` of the page before.
    pub cursor: Option<String>,
}

impl TryFrom<ListAuditEntries> for pb::ListAuditEntriesRequest {
    type Error = Problem;

    fn try_from(query: ListAuditEntries) -> Result<Self, Problem> {
        let ListAuditEntries { patient_id, actor_id, action, from, to, limit, cursor } = query;
        let (time_from, time_until) = query::between(["from", "to"], from, to, None)?;
        Ok(Self {
            patient_id: patient_id.map(|id| id.to_string()).unwrap_or_default(),
            actor_id: actor_id.map(|id| id.to_string()).unwrap_or_default(),
            action: action.unwrap_or_default(),
            time_from,
            time_until,
            page_size: Limit::or_zero(limit),
            page_token: cursor.unwrap_or_default(),
        })
    }
}
