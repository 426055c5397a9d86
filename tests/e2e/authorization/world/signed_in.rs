//! Sessions that one cell may end.
use super::World;
use serde_json::{Value, json};
use tests::people::{PASSWORD, fresh_email, log_in, text};
use tests::rest::Rest;

impl World {
    /// The persona in a session of its own.
    pub(super) async fn fresh_session(&self, persona: usize) -> Rest {
        match persona {
            0 | 1 => self.caller(persona),
            7 => log_in(&self.anyone, &self.admin.email, &self.admin_password).await,
            _ => log_in(&self.anyone, self.email(persona), PASSWORD).await,
        }
    }

    /// A session of the patient.
    pub(super) async fn patients_session(&self) -> String {
        let session = self.fresh_session(2).await;
        let sessions = session.get("/api/auth/sessions").await.ok();
        let own = sessions.as_array().unwrap().iter().find(|session| session["is_current"] == json!(true));
        text(own.unwrap(), "id")
    }

    /// An account that nobody else uses.
    pub(super) async fn fresh_account(&self) -> String {
        text(&self.anyone.post("/api/auth/register", newcomer()).await.created(), "id")
    }
}

fn newcomer() -> Value {
    json!({ "email": fresh_email("signed-in"), "password": PASSWORD })
}
