//! Calendars that programs subscribe to (iTIP `PUBLISH`), and read again and again.
use super::line::Lines;
use super::{Event, Standing, calendar};
use crate::domain::{Visit, VisitStatus};
use jiff::Timestamp;
use lettre::message::Mailbox;

/// How often programs should look.
const REFRESH: &str = "PT15M";

/// A visit in such a calendar.
pub struct Published {
    event: Event,
    changed_at: Timestamp,
}

impl Published {
    /// None while the visit is not settled. What is cancelled stays, so that programs take it out of what they show.
    pub fn of(visit: &Visit, title: String, changed_at: Timestamp) -> Option<Self> {
        let standing = match visit.status {
            VisitStatus::Scheduled => Standing::Expected,
            VisitStatus::Confirmed
            | VisitStatus::Arrived
            | VisitStatus::CheckedIn
            | VisitStatus::InProgress
            | VisitStatus::Completed
            | VisitStatus::NoShow => Standing::Confirmed,
            VisitStatus::Cancelled => Standing::Cancelled,
            VisitStatus::Held
            | VisitStatus::Requested
            | VisitStatus::Expired
            | VisitStatus::EnteredInError => return None,
        };
        Some(Self { event: Event::of(visit, standing, title), changed_at })
    }
}

/// The calendar that is called `name`, with the visits of one person: the same text as long as they are the same.
pub fn publish(clinic: &Mailbox, name: &str, visits: &[Published]) -> String {
    let describe = |lines: &mut Lines| {
        for property in ["NAME", "X-WR-CALNAME"] {
            lines.add_text(property, name);
        }
        lines.add("REFRESH-INTERVAL;VALUE=DURATION", REFRESH);
        lines.add("X-PUBLISHED-TTL", REFRESH);
    };
    calendar("PUBLISH", visits.iter().map(|visit| &visit.event), describe, |lines| {
        for Published { event, changed_at } in visits {
            event.write(lines, clinic, *changed_at, |_| {});
        }
    })
}
