//! What others may hear of: that something is new about a visit or a doctor, and where it can be read by those who may.
use jiff::Timestamp;
use proto::ids::EventId;
use serde::Serialize;
use uuid::Uuid;

/// What a test posts.
pub const PING: &str = "webhook.ping";

/// Every event that others may hear of, all with the version of what they are about. What is not named here never leaves,
/// least of all what happens to patients and accounts.
const TOLD: [&str; 12] = [
    "appointment.booked",
    "appointment.cancelled",
    "appointment.expired",
    "appointment.imported",
    "appointment.notes_edited",
    "appointment.rescheduled",
    "appointment.status_changed",
    "appointment.sub_status_set",
    "appointment.undone",
    "doctor.created",
    "doctor.deleted",
    "doctor.updated",
];

/// Most patterns of one webhook.
const MAX_PATTERNS: usize = 64;

/// All of a kind, and where that is read.
const KINDS: [(&str, &str); 3] =
    [("appointment.*", "appointments"), ("doctor.*", "doctors"), ("webhook.*", "webhooks")];

/// The events that somebody wants to hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriptions(Vec<String>);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSubscriptions {
    #[error("is required")]
    None,
    #[error("must be at most {MAX_PATTERNS}")]
    TooMany,
    #[error("{0:?} is not told of; these are: appointment.*, doctor.*, {all}", all = TOLD.join(", "))]
    Unknown(String),
}

impl Subscriptions {
    /// Each once, in their order.
    pub fn parse(patterns: &[String]) -> Result<Self, BadSubscriptions> {
        let is_known =
            |pattern: &str| TOLD.iter().any(|told| *told == pattern || kind(told) == Some(pattern));
        if let Some(unknown) = patterns.iter().find(|pattern| !is_known(pattern)) {
            // Of what somebody sends, only as much as helps to find it.
            return Err(BadSubscriptions::Unknown(unknown.chars().take(64).collect()));
        }
        match patterns.len() {
            0 => return Err(BadSubscriptions::None),
            1..=MAX_PATTERNS => {}
            _ => return Err(BadSubscriptions::TooMany),
        }
        let mut patterns = patterns.to_vec();
        patterns.sort_unstable();
        patterns.dedup();
        Ok(Self(patterns))
    }

    /// As they were stored: one that there is no more is of no consequence.
    pub fn stored(patterns: Vec<String>) -> Self {
        Self(patterns)
    }

    pub fn patterns(&self) -> &[String] {
        &self.0
    }
}

/// The pattern that takes all of the kind of `event_type`.
fn kind(event_type: &str) -> Option<&'static str> {
    let is_of = |pattern: &&str| event_type.starts_with(pattern.trim_end_matches('*'));
    KINDS.iter().map(|(pattern, _)| *pattern).find(is_of)
}

/// Something that happened, as others are told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub id: EventId,
    /// For instance `appointment.cancelled`.
    pub event_type: String,
    pub subject: Uuid,
    pub version: i64,
    pub time: Timestamp,
}

/// What the type of an event on the wire says, for instance `healthcare.appointment.cancelled.v1`; none when others are
/// not told of it.
pub fn about(wire_type: &str) -> Option<&'static str> {
    let name = wire_type.strip_prefix("healthcare.")?.strip_suffix(".v1")?;
    TOLD.into_iter().find(|told| *told == name)
}

/// A thin CloudEvents 1.0 event: ids and versions, no personal data.
#[derive(Serialize)]
struct Body<'a> {
    specversion: &'a str,
    id: EventId,
    source: &'a str,
    #[serde(rename = "type")]
    event_type: String,
    subject: Uuid,
    time: Timestamp,
    datacontenttype: &'a str,
    data: Data,
}

#[derive(Serialize)]
struct Data {
    id: Uuid,
    version: i64,
    links: Links,
}

#[derive(Serialize)]
struct Links {
    #[serde(rename = "self")]
    this: String,
}

impl Event {
    /// The patterns by which it is asked for.
    pub fn patterns(&self) -> Vec<&str> {
        [Some(self.event_type.as_str()), kind(&self.event_type)].into_iter().flatten().collect()
    }

    /// What is posted; `public_url` is where the gateway is reached.
    pub fn body(&self, public_url: &str) -> String {
        let source = public_url.trim_end_matches('/');
        let place = KINDS.iter().find(|(pattern, _)| Some(*pattern) == kind(&self.event_type));
        let place = place.map_or("events", |(_, place)| place);
        let body = Body {
            specversion: "1.0",
            id: self.id,
            source,
            event_type: format!("{}.v1", self.event_type),
            subject: self.subject,
            time: self.time,
            datacontenttype: "application/json",
            data: Data {
                id: self.subject,
                version: self.version,
                links: Links { this: format!("{source}/api/{place}/{}", self.subject) },
            },
        };
        serde_json::to_string(&body).expect("ids and times can be written down")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn parsed(patterns: &[&str]) -> Result<Subscriptions, BadSubscriptions> {
        let patterns: Vec<String> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        Subscriptions::parse(&patterns)
    }

    #[test]
    fn only_what_is_told_can_be_asked_for() {
        let twice = parsed(&["doctor.*", "appointment.booked", "doctor.*"]).unwrap();
        assert_eq!(twice.patterns(), ["appointment.booked", "doctor.*"]);
        assert_eq!(parsed(&[]), Err(BadSubscriptions::None));
        assert!(parsed(&["doctor.*"; MAX_PATTERNS]).is_ok());
        assert_eq!(parsed(&["doctor.*"; MAX_PATTERNS + 1]), Err(BadSubscriptions::TooMany));
        let others = [
            "*",
            "",
            "patient.*",
            "account.*",
            "webhook.*",
            "webhook.ping",
            "patient.break_glass",
            "appointment.offered",
            "appointment.slot_released",
            "appointment.book*",
            "doctor.rules_changed",
        ];
        for other in others {
            assert_eq!(parsed(&[other]), Err(BadSubscriptions::Unknown(other.to_owned())), "{other}");
        }
    }

    #[test]
    fn what_is_on_the_wire_and_not_for_others_is_about_nothing() {
        assert_eq!(about("healthcare.appointment.cancelled.v1"), Some("appointment.cancelled"));
        let others = [
            "healthcare.appointment.offered.v1",
            "healthcare.appointment.cancelled.v2",
            "healthcare.patient.created.v1",
            "healthcare.patient.break_glass.v1",
            "healthcare.account.password_reset_requested.v1",
            "appointment.cancelled",
        ];
        for other in others {
            assert_eq!(about(other), None, "{other}");
        }
    }

    #[test]
    fn a_body_says_what_and_where_and_nothing_else() {
        let event = Event {
            id: EventId(Uuid::from_u128(1)),
            event_type: "appointment.cancelled".to_owned(),
            subject: Uuid::from_u128(2),
            version: 3,
            time: "2026-05-04T08:30:00.123456Z".parse().unwrap(),
        };
        assert_eq!(event.patterns(), ["appointment.cancelled", "appointment.*"]);
        let body: Value = serde_json::from_str(&event.body("https://clinic.example/")).unwrap();
        let (id, subject) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let expected = json!({
            "specversion": "1.0",
            "id": id,
            "source": "https://clinic.example",
            "type": "appointment.cancelled.v1",
            "subject": subject,
            "time": "2026-05-04T08:30:00.123456Z",
            "datacontenttype": "application/json",
            "data": {
                "id": subject,
                "version": 3,
                "links": { "self": format!("https://clinic.example/api/appointments/{subject}") },
            },
        });
        assert_eq!(body, expected);
    }
}
