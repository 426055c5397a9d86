//! Who acts for a patient.
use crate::reply::Resource;
use crate::routes::given;
use crate::times::{Garbled, Instant, Moment};
use proto::auth as pb;
use proto::ids::PatientId;
use proto::scalars::Email;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What whoever acts is to the patient: by law, or by choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    Guardian,
    Proxy,
}

/// That somebody may act for a patient.
#[derive(Serialize, ToSchema)]
pub struct Proxy {
    #[schema(value_type = Uuid)]
    pub id: String,
    #[schema(value_type = Uuid)]
    pub patient_id: String,
    /// Of the account that acts.
    #[schema(example = "ada@example.com")]
    pub email: String,
    #[schema(example = "Ada Lovelace")]
    pub full_name: Option<String>,
    pub relation: Relation,
    /// Whether acting shows the patient's medical records.
    pub may_read_records: bool,
    pub created_at: Instant,
    /// Null when it holds until it is withdrawn.
    pub expires_at: Option<Instant>,
}

impl Resource for Proxy {
    fn location(&self) -> String {
        format!("/api/patients/{}/proxies/{}", self.patient_id, self.id)
    }
}

impl TryFrom<pb::Proxy> for Proxy {
    type Error = Garbled;

    fn try_from(proxy: pb::Proxy) -> Result<Self, Garbled> {
        let relation = match proxy.relation() {
            pb::Relation::Guardian => Relation::Guardian,
            pb::Relation::Proxy => Relation::Proxy,
            pb::Relation::Unspecified => return Err(Garbled("relation")),
        };
        let pb::Proxy {
            id,
            patient_id,
            email,
            full_name,
            relation: _,
            may_read_records,
            create_time,
            expire_time,
        } = proxy;
        Ok(Self {
            id,
            patient_id,
            email,
            full_name: given(full_name),
            relation,
            may_read_records,
            created_at: Instant::utc("create_time", create_time)?,
            expires_at: Instant::maybe_utc("expire_time", expire_time)?,
        })
    }
}

/// Somebody who is to act for a patient.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantProxy {
    /// Of a patient's account.
    pub email: Email,
    pub relation: Relation,
    /// Whether acting shows the patient's medical records; false when absent.
    #[serde(default)]
    #[schema(required = false)]
    pub may_read_records: bool,
    /// Until it is withdrawn when absent.
    #[schema(value_type = Option<String>, format = DateTime, example = "2040-01-07T09:00:00+01:00")]
    pub expires_at: Option<Moment>,
}

impl GrantProxy {
    pub fn of(self, patient: PatientId) -> pb::GrantProxyRequest {
        let Self { email, relation, may_read_records, expires_at } = self;
        let relation = match relation {
            Relation::Guardian => pb::Relation::Guardian,
            Relation::Proxy => pb::Relation::Proxy,
        };
        pb::GrantProxyRequest {
            patient_id: patient.to_string(),
            email: email.into(),
            relation: relation.into(),
            may_read_records,
            expire_time: expires_at.map(Into::into),
        }
    }
}

/// Whom to act for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActFor {
    #[schema(value_type = Uuid)]
    pub patient_id: PatientId,
}
