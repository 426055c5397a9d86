//! One dead letter.
use crate::outbox::Envelope;
use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use lapin::message::Delivery;
use lapin::types::AMQPValue;
use tokio_postgres::Row;
use uuid::Uuid;

/// What the broker delivers of an event that died.
pub struct Death {
    /// The message's own, or a digest of it.
    pub message_id: String,
    pub event_type: Option<String>,
    pub reason: String,
    pub body: Vec<u8>,
    pub traceparent: Option<String>,
}

/// An event that died, and what was decided about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    pub id: Uuid,
    pub queue: String,
    pub message_id: String,
    pub event_type: Option<String>,
    pub reason: String,
    pub body: Vec<u8>,
    pub traceparent: Option<String>,
    pub state: State,
    pub deaths: i32,
    pub died_at: Timestamp,
    pub settled_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Dead,
    Replayed,
    Discarded,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::Replayed => "replayed",
            Self::Discarded => "discarded",
        }
    }

    /// What was done to come to this, for the audit log.
    pub(super) fn action(self) -> &'static str {
        match self {
            Self::Dead => "keep",
            Self::Replayed => "replay",
            Self::Discarded => "discard",
        }
    }

    fn named(name: &str) -> Self {
        match name {
            "replayed" => Self::Replayed,
            "discarded" => Self::Discarded,
            _ => Self::Dead,
        }
    }
}

impl Death {
    pub fn of(delivery: &Delivery) -> Self {
        let header = |name| {
            let value = delivery.properties.headers().as_ref()?.inner().get(name)?;
            match value {
                AMQPValue::LongString(text) => Some(storable(&String::from_utf8_lossy(text.as_bytes()))),
                _ => None,
            }
        };
        let message_id = delivery.properties.message_id().as_ref().map(|id| storable(id.as_str()));
        let event = serde_json::from_slice::<Envelope>(&delivery.data).ok();
        Self {
            message_id: message_id
                .unwrap_or_else(|| crate::audit::hex(digest(&SHA256, &delivery.data).as_ref())),
            event_type: event.map(|event| storable(&event.event_type)),
            reason: header("x-first-death-reason").unwrap_or_else(|| "unknown".to_owned()),
            body: delivery.data.clone(),
            traceparent: header("traceparent"),
        }
    }
}

/// PostgreSQL keeps no NUL in texts.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

impl From<&Row> for DeadLetter {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get("id"),
            queue: row.get("queue"),
            message_id: row.get("message_id"),
            event_type: row.get("event_type"),
            reason: row.get("reason"),
            body: row.get("body"),
            traceparent: row.get("traceparent"),
            state: State::named(row.get("state")),
            deaths: row.get("deaths"),
            died_at: row.get("died_at"),
            settled_at: row.get("settled_at"),
        }
    }
}
