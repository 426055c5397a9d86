//! Those who act for the patient.
use super::World;
use serde_json::{Value, json};
use tests::people::{Admin, Patient, text};
use tests::rest::Rest;

/// Somebody who has leave to act for the patient, and does.
pub(crate) struct Acting {
    /// As themself, a patient like any other.
    pub(crate) account: Patient,
    /// In the patient's place.
    pub(crate) rest: Rest,
}

impl Acting {
    /// A guardian, who may read the records, too, or a proxy, who may not.
    pub(super) async fn for_patient(admin: &Admin, patient: &Patient, relation: &str) -> Self {
        let account = admin.patient().await;
        let may_read_records = relation == "guardian";
        let proxy =
            json!({ "email": account.email, "relation": relation, "may_read_records": may_read_records });
        admin.post(&format!("/api/patients/{}/proxies", patient.id), proxy).await.created();
        let rest = account.with_token(&text(&tokens(&account, &patient.id).await, "access_token"));
        Self { account, rest }
    }
}

async fn tokens(account: &Patient, patient: &str) -> Value {
    account.post("/api/auth/act-for", json!({ "patient_id": patient })).await.ok()
}

impl World {
    /// Whether the persona is the patient, or acts for them.
    pub(super) fn is_for_patient(persona: usize) -> bool {
        [2, 9, 10].contains(&persona)
    }

    /// Somebody like the guardian or the proxy, and the patient whom they act for.
    pub(super) async fn acting_for_another(&self, persona: usize) -> (Rest, String) {
        let patient = self.admin.patient().await;
        let relation = if persona == 9 { "guardian" } else { "proxy" };
        (Acting::for_patient(&self.admin, &patient, relation).await.rest, patient.id)
    }

    /// The tokens of another session in which the guardian or the proxy acts.
    pub(super) async fn acting_again(&self, persona: usize) -> Value {
        let acting = if persona == 9 { &self.guardian } else { &self.proxy };
        tokens(&acting.account, &self.patient.id).await
    }
}
