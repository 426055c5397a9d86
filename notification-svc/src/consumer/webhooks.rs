//! What others are told of by webhooks.
use super::refused;
use crate::domain::webhook::{Event, about};
use crate::webhooks::Webhooks;
use platform::inbox::{Handler, Refused};
use platform::outbox::Envelope;
use serde::Deserialize;

/// Of its own: it takes what others take, too. So it does not remember events, which is one memory for all queues: there is
/// one delivery of an event for a webhook, however often it comes.
pub const QUEUE: &str = "notification-svc.webhooks";
pub const PATTERNS: &[&str] = &["appointment.*", "doctor.*"];

pub struct Consumer {
    webhooks: Webhooks,
}

impl Consumer {
    pub fn new(webhooks: Webhooks) -> Self {
        Self { webhooks }
    }
}

impl Handler for Consumer {
    async fn handle(&self, event: Envelope) -> Result<(), Refused> {
        let Some(name) = about(&event.event_type) else { return Ok(()) };
        let Envelope { id, subject, time, data, .. } = event;
        let Data { version } = serde_json::from_value(data).map_err(|error| Refused::Never(error.into()))?;
        let event = Event { id, event_type: name.to_owned(), subject, version, time };
        self.webhooks.announce(&event).await.map_err(refused)
    }
}

/// All that leaves of what an event says.
#[derive(Deserialize)]
struct Data {
    version: i64,
}
