//! Programs that log in by themselves, for one cell each.
use super::World;
use serde_json::{Value, json};
use tests::people::text;

/// One to be added.
pub(super) fn program() -> Value {
    json!({ "name": "Laboratory", "scopes": ["patients.read"] })
}

impl World {
    /// Where one is, and how it asks for a token.
    pub(super) async fn program(&self) -> (String, Value) {
        let client = self.admin.post("/api/api-clients", program()).await.created();
        let path = format!("/api/api-clients/{}", text(&client, "id"));
        let (id, secret) = (&client["id"], &client["secret"]);
        let ask = json!({ "grant_type": "client_credentials", "client_id": id, "client_secret": secret });
        (path, ask)
    }
}
