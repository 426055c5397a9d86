//! Visits that are to be reminded of, or no longer.
use super::refused;
use crate::reminding::Reminding;
use platform::inbox::{Handler, Refused};
use platform::outbox::Envelope;
use proto::ids::AppointmentId;
use serde::Deserialize;

/// Of its own: while appointment-svc or patient-svc is away and nobody knows what to plan, changes are told all the same.
pub const QUEUE: &str = "notification-svc.reminders";
pub const PATTERNS: &[&str] = &["appointment.*"];

pub struct Consumer {
    reminding: Reminding,
}

impl Consumer {
    pub fn new(reminding: Reminding) -> Self {
        Self { reminding }
    }
}

impl Handler for Consumer {
    async fn handle(&self, event: Envelope) -> Result<(), Refused> {
        if !matters(&event.event_type) {
            return Ok(());
        }
        let data = serde_json::from_value(event.data).map_err(|error| Refused::Never(error.into()))?;
        let Data { appointment_id, version } = data;
        self.reminding.plan(appointment_id, version).await.map_err(refused)
    }
}

/// Whether it may change when a visit takes place, or that it does.
fn matters(event_type: &str) -> bool {
    matches!(
        event_type,
        "healthcare.appointment.booked.v1"
            | "healthcare.appointment.imported.v1"
            | "healthcare.appointment.rescheduled.v1"
            | "healthcare.appointment.cancelled.v1"
            | "healthcare.appointment.status_changed.v1"
            | "healthcare.appointment.undone.v1"
    )
}

/// What appointment-svc says of a change, as far as it is needed: the rest is asked for.
#[derive(Deserialize)]
struct Data {
    appointment_id: AppointmentId,
    version: i64,
}
