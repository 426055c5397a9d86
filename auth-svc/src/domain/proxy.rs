//! People who act for a patient.
use jiff::Timestamp;
use proto::ids::{PatientId, ProxyId, UserId};
use proto::scalars::{Email, PersonName};

/// That the owner of an account may act for a patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    pub id: ProxyId,
    pub user_id: UserId,
    /// Of the account.
    pub email: Email,
    pub full_name: Option<PersonName>,
    pub patient_id: PatientId,
    pub relation: Relation,
    pub may_read_records: bool,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

/// What whoever acts may do, besides reading medical records.
const ACTING: [&str; 6] = [
    "account.read",
    "appointments.read",
    "appointments.write",
    "doctors.read",
    "patients.read",
    "patients.write",
];

/// What whoever acts is to the patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// By law.
    Guardian,
    /// By choice.
    Proxy,
}

/// In whose place a session acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acting {
    pub proxy_id: ProxyId,
    pub patient_id: PatientId,
}

impl Relation {
    pub fn name(self) -> &'static str {
        match self {
            Self::Guardian => "guardian",
            Self::Proxy => "proxy",
        }
    }

    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Guardian, Self::Proxy].into_iter().find(|relation| relation.name() == name)
    }
}

impl Proxy {
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    pub fn acting(&self) -> Acting {
        Acting { proxy_id: self.id, patient_id: self.patient_id }
    }

    /// What tokens of those who act by it allow: what the patient may do, but nothing with anybody's account, and
    /// medical records only if that was granted.
    pub fn scopes(&self) -> String {
        let records = self.may_read_records.then_some("records.read");
        ACTING.iter().copied().chain(records).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;
    use proto::access::Scopes;

    fn proxy(may_read_records: bool) -> Proxy {
        Proxy {
            id: ProxyId::random(),
            user_id: UserId::random(),
            email: "ada@example.com".to_owned().try_into().unwrap(),
            full_name: None,
            patient_id: PatientId::random(),
            relation: Relation::Guardian,
            may_read_records,
            created_at: Timestamp::UNIX_EPOCH,
            expires_at: None,
            revoked_at: None,
        }
    }

    #[test]
    fn a_proxy_is_in_force_until_it_runs_out_or_is_withdrawn() {
        let (noon, hour) = (Timestamp::UNIX_EPOCH, SignedDuration::from_hours(1));
        assert!(proxy(false).is_in_force(noon));
        let limited = Proxy { expires_at: Some(noon + hour), ..proxy(false) };
        assert!(limited.is_in_force(noon) && !limited.is_in_force(noon + hour));
        assert!(!Proxy { revoked_at: Some(noon), ..proxy(false) }.is_in_force(noon));
    }

    #[test]
    fn whoever_acts_has_no_say_over_accounts_and_sees_records_only_if_granted() {
        for may_read_records in [false, true] {
            let scopes = Scopes::parse(&proxy(may_read_records).scopes());
            assert!(ACTING.iter().all(|scope| scopes.allow(scope)), "every scope is one that there is");
            assert_eq!(scopes.allow("records.read"), may_read_records);
            for scope in ["account.write", "account.act", "proxies.read", "proxies.write", "users.read"] {
                assert!(!scopes.allow(scope), "{scope}");
            }
        }
    }
}
