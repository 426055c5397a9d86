//! What is counted of visits, and what that says.
use crate::domain::status::Status;
use crate::events::Change;
use metrics::{Counter, describe_counter};

/// The codes of refusals that are about the time that somebody wanted.
const CONFLICTS: [&str; 13] = [
    "SLOT_TAKEN",
    "PATIENT_CONFLICT",
    "OUTSIDE_AVAILABILITY",
    "DOCTOR_INACTIVE",
    "VISIT_TYPE_NOT_OFFERED",
    "OFF_GRID",
    "TOO_SOON",
    "BEYOND_HORIZON",
    "DAY_FULL",
    "NO_ROOM",
    "OVERBOOK_LIMIT",
    "HOLD_EXPIRED",
    "SERIES_CONFLICT",
];

/// Says what is counted, and begins with nought: what came into being with its first event would not have risen by it.
pub fn begin() {
    describe_counter!(
        "appointment_changes_total",
        "Changes of visits that were committed, by what became of them."
    );
    describe_counter!(
        "booking_conflicts_total",
        "Times that somebody wanted and did not get, by the reason."
    );
    let statuses = Status::ALL.map(|status| Change::StatusChanged.word(status));
    let others = [
        Change::Booked,
        Change::Imported,
        Change::Rescheduled,
        Change::NotesEdited,
        Change::Cancelled,
        Change::Undone,
        Change::SubStatusSet,
    ];
    let others = others.map(|change| change.word(Status::Scheduled));
    for word in
        statuses.into_iter().filter(|word| *word != Status::Held.name()).chain(others).chain(["reassigned"])
    {
        changes(word).increment(0);
    }
    for reason in CONFLICTS {
        conflicts(reason).increment(0);
    }
}

/// Of visits to which the same has happened.
pub(crate) fn changes(word: &'static str) -> Counter {
    metrics::counter!("appointment_changes_total", "change" => word)
}

/// Of refusals for the same reason.
pub(crate) fn conflicts(reason: &'static str) -> Counter {
    metrics::counter!("booking_conflicts_total", "reason" => reason)
}
