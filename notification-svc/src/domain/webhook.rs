//! Programs of others that are told of events by HTTP (Standard Webhooks 1.0): where they are, what they hear of, and what
//! becomes of it.
mod address; // what is on the public internet
mod target; // where may be posted to
mod event; // what others may hear of
mod attempt; // how attempts end, and when the next one is

pub use address::is_public;
pub use attempt::{Answer, Failure, Outcome};
pub use event::{Event, PING, Subscriptions, about};
pub use target::{BadTarget, Host, Reach, Target};

use jiff::{SignedDuration, Timestamp};
use proto::ids::{EventId, WebhookDeliveryId, WebhookId};
use proto::scalars::Description;
use uuid::Uuid;

/// Most webhooks there are.
pub const MAX_WEBHOOKS: i64 = 100;
/// How long a secret signs beside the next.
pub const OVERLAP: SignedDuration = SignedDuration::from_hours(24);
/// A webhook to which nothing arrives for as long is disabled.
pub const PATIENCE: SignedDuration = SignedDuration::from_hours(5 * 24);
/// What was settled is kept for as long.
pub const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Where events are posted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    pub id: WebhookId,
    pub url: String,
    pub description: Option<Description>,
    pub events: Subscriptions,
    /// Enabled when there is no reason.
    pub disabled: Option<Disabled>,
    /// Since when no attempt has succeeded.
    pub failing_since: Option<Timestamp>,
    /// Until when the secret before signs, too.
    pub previous_expires_at: Option<Timestamp>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Why nothing is posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disabled {
    /// An admin wanted it.
    Admin,
    /// The receiver answered 410.
    Gone,
    /// Nothing arrived for [`PATIENCE`].
    Failing,
}

/// One event for one webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookDelivery {
    pub id: WebhookDeliveryId,
    pub webhook_id: WebhookId,
    pub event_id: EventId,
    /// For instance `appointment.cancelled`.
    pub event_type: String,
    pub subject: Uuid,
    pub occurred_at: Timestamp,
    pub stage: Stage,
    /// How often posting was tried.
    pub attempts: u32,
    /// Only while pending.
    pub next_attempt_at: Option<Timestamp>,
    pub last_status: Option<u16>,
    /// The class of the last failure: see [`Failure::name`].
    pub last_error: Option<String>,
    pub settled_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Pending,
    Sending,
    Delivered,
    Failed,
    Cancelled,
}

/// What an admin wants changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits {
    pub url: Option<Target>,
    pub description: Option<Option<Description>>,
    pub events: Option<Subscriptions>,
    pub enabled: Option<bool>,
}

impl Webhook {
    /// Changes it; the names of what was changed.
    pub fn edit(&mut self, edits: Edits) -> Vec<&'static str> {
        let Edits { url, description, events, enabled } = edits;
        let mut changed = Vec::new();
        if let Some(url) = url {
            self.url = url.to_string();
            // That was another program.
            self.failing_since = None;
            changed.push("url");
        }
        if let Some(description) = description {
            self.description = description;
            changed.push("description");
        }
        if let Some(events) = events {
            self.events = events;
            changed.push("events");
        }
        match enabled {
            // Whoever enables it wants it tried from anew.
            Some(true) => (self.disabled, self.failing_since) = (None, None),
            Some(false) => self.disabled = self.disabled.or(Some(Disabled::Admin)),
            None => return changed,
        }
        changed.push("enabled");
        changed
    }
}

impl Disabled {
    const ALL: [Self; 3] = [Self::Admin, Self::Gone, Self::Failing];

    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Gone => "gone",
            Self::Failing => "failing",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

impl Stage {
    const ALL: [Self; 5] = [Self::Pending, Self::Sending, Self::Delivered, Self::Failed, Self::Cancelled];

    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sending => "sending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_enables_a_webhook_forgets_why_it_was_not_and_who_disables_it_twice_keeps_the_first_reason() {
        let mut webhook = Webhook {
            id: WebhookId::random(),
            url: "https://receiver.example/".to_owned(),
            description: None,
            events: Subscriptions::parse(&["doctor.*".to_owned()]).unwrap(),
            disabled: Some(Disabled::Gone),
            failing_since: Some(Timestamp::UNIX_EPOCH),
            previous_expires_at: None,
            version: 1,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        };
        let enabled = |enabled| Edits { enabled: Some(enabled), ..Edits::default() };
        assert_eq!(webhook.edit(enabled(false)), ["enabled"]);
        assert_eq!(webhook.disabled, Some(Disabled::Gone));
        webhook.edit(enabled(true));
        assert_eq!((webhook.disabled, webhook.failing_since), (None, None));
        webhook.edit(enabled(false));
        assert_eq!(webhook.disabled, Some(Disabled::Admin));
        assert_eq!(webhook.edit(Edits::default()), [""; 0]);
    }

    #[test]
    fn every_name_leads_back() {
        assert!(Stage::ALL.into_iter().all(|stage| Stage::named(stage.name()) == Some(stage)));
        assert!(Disabled::ALL.into_iter().all(|reason| Disabled::named(reason.name()) == Some(reason)));
    }
}
