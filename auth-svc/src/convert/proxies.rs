//! Who acts for whom.
use crate::domain::{Proxy, Relation};
use crate::proxies::Grant;
use platform::violations::Violations;
use proto::auth as pb;
use proto::time::{from_wire, to_wire};

pub fn grant(request: pb::GrantProxyRequest) -> Result<Grant, Violations> {
    let mut wrong = Violations::default();
    let relation = match request.relation() {
        pb::Relation::Guardian => Some(Relation::Guardian),
        pb::Relation::Proxy => Some(Relation::Proxy),
        pb::Relation::Unspecified => {
            wrong.add("relation", "is required");
            None
        }
    };
    let pb::GrantProxyRequest { patient_id, email, relation: _, may_read_records, expire_time } = request;
    let patient_id = wrong.field("patient_id", patient_id.parse());
    let email = wrong.field("email", email.try_into());
    let expires_at = expire_time.and_then(|at| wrong.field("expire_time", from_wire(Some(at))));
    match (patient_id, email, relation) {
        (Some(patient_id), Some(email), Some(relation)) if wrong.is_empty() => {
            Ok(Grant { patient_id, email, relation, may_read_records, expires_at })
        }
        _ => Err(wrong),
    }
}

pub fn proxy(proxy: Proxy) -> pb::Proxy {
    let relation = match proxy.relation {
        Relation::Guardian => pb::Relation::Guardian,
        Relation::Proxy => pb::Relation::Proxy,
    };
    pb::Proxy {
        id: proxy.id.to_string(),
        patient_id: proxy.patient_id.to_string(),
        email: proxy.email.into(),
        full_name: proxy.full_name.map(String::from).unwrap_or_default(),
        relation: relation.into(),
        may_read_records: proxy.may_read_records,
        create_time: Some(to_wire(proxy.created_at)),
        expire_time: proxy.expires_at.map(to_wire),
    }
}
