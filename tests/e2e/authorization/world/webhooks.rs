//! Programs of others that are told of events. Nobody listens where theirs are.
use super::{Ask, World};
use serde_json::{Value, json};
use tests::people::{Admin, text};

/// One to be registered.
fn webhook() -> Value {
    json!({ "url": "http://127.0.0.1:1/", "events": ["doctor.deleted"] })
}

/// Where a new one is.
pub(crate) async fn registered(admin: &Admin) -> String {
    let new = admin.post("/api/webhooks", webhook()).await.created();
    format!("/api/webhooks/{}", text(&new, "id"))
}

impl World {
    pub(super) async fn webhook(&self, operation: &str, persona: usize) -> Ask {
        let path = self.webhook.clone();
        let ask = |path: String, body: Option<Value>, untouched: Option<String>| Ask {
            path,
            body,
            headers: Vec::new(),
            untouched,
            caller: None,
        };
        match operation {
            "POST /api/webhooks" => ask("/api/webhooks".into(), Some(webhook()), None),
            "PUT /api/webhooks/{id}" => {
                let change = json!({ "description": format!("by {persona}") });
                ask(path.clone(), Some(change), Some(path))
            }
            "DELETE /api/webhooks/{id}" => {
                let path = if persona == 7 { registered(&self.admin).await } else { path };
                ask(path.clone(), None, Some(path))
            }
            "POST /api/webhooks/{id}/secret" => ask(format!("{path}/secret"), None, None),
            "POST /api/webhooks/{id}/test" => ask(format!("{path}/test"), None, None),
            "GET /api/webhooks/{id}/deliveries" => ask(format!("{path}/deliveries"), None, None),
            "POST /api/webhooks/{id}/deliveries/{delivery_id}/replay" => {
                let delivery = text(&self.admin.post(&format!("{path}/test"), json!({})).await.ok(), "id");
                ask(format!("{path}/deliveries/{delivery}/replay"), None, None)
            }
            _ => ask(path, None, None),
        }
    }
}
