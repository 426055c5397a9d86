//! Sessions and accounts that one cell may end or change.
use super::World;
use serde_json::json;
use tests::people::{PASSWORD, fresh_email, log_in, text};
use tests::rest::Rest;

impl World {
    /// A session of the patient.
    pub(super) async fn patients_session(&self) -> String {
        let session = log_in(&self.anyone, &self.patient.email, PASSWORD).await;
        let sessions = session.get("/api/auth/sessions").await.ok();
        let own = sessions.as_array().unwrap().iter().find(|session| session["is_current"] == json!(true));
        text(own.unwrap(), "id")
    }

    /// That somebody may act for the patient, for one cell to withdraw.
    pub(super) async fn fresh_proxy(&self) -> String {
        let proxy = json!({ "email": self.admin.patient().await.email, "relation": "proxy" });
        let path = format!("/api/patients/{}/proxies", self.patient.id);
        text(&self.admin.post(&path, proxy).await.created(), "id")
    }

    /// Somebody whom the patient, and nobody else, may act for.
    pub(super) async fn patients_child(&self) -> String {
        let child = self.admin.anybody().await;
        let proxy = json!({ "email": self.patient.email, "relation": "guardian" });
        self.admin.post(&format!("/api/patients/{child}/proxies"), proxy).await.created();
        child
    }

    /// An account that nobody else uses.
    pub(super) async fn fresh_account(&self) -> String {
        let account = json!({ "email": fresh_email("signed-in"), "password": PASSWORD });
        text(&self.anyone.post("/api/auth/register", account).await.created(), "id")
    }

    /// Somebody like the persona, for a cell to log out or give another password.
    pub(super) async fn alike(&self, persona: usize) -> Rest {
        match persona {
            0 | 1 => self.caller(persona),
            2 | 3 => self.admin.patient().await.rest,
            4 | 5 => self.admin.doctor_in("UTC").await.rest,
            6 => self.admin.staff().await.rest,
            7 => self.admin.another().await.rest,
            8 => self.admin.auditor().await.rest,
            _ => self.anyone.with_token(&text(&self.acting_again(persona).await, "access_token")),
        }
    }
}
