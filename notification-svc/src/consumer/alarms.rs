//! Doctors who break the glass: those who watch are told.
use super::refused;
use crate::delivery::Delivery;
use crate::domain::{About, Alarm};
use crate::watch::Watch;
use jiff::Timestamp;
use platform::inbox::{Handler, Refused};
use platform::outbox::Envelope;
use proto::ids::{BreakGlassGrantId, DoctorId};
use serde::Deserialize;

/// Of its own: while auth-svc is away and nobody knows whom to tell, nothing else waits.
pub const QUEUE: &str = "notification-svc.alarms";
pub const PATTERNS: &[&str] = &["patient.break_glass"];

pub struct Consumer {
    delivery: Delivery,
    watch: Watch,
}

impl Consumer {
    pub fn new(delivery: Delivery, watch: Watch) -> Self {
        Self { delivery, watch }
    }
}

impl Handler for Consumer {
    async fn handle(&self, event: Envelope) -> Result<(), Refused> {
        if event.event_type != "healthcare.patient.break_glass.v1" {
            return Ok(());
        }
        let Envelope { id, time, data, .. } = event;
        let data: Data = serde_json::from_value(data).map_err(|error| Refused::Never(error.into()))?;
        let alarm = data.at(time);
        let recipients = self.watch.recipients().await;
        // Whom to tell must be known: it waits until then.
        let recipients = recipients.map_err(|failure| Refused::NotNow(failure.name().into()))?;
        if recipients.is_empty() {
            tracing::warn!(grant.id = %alarm.grant_id, "a doctor broke the glass, and there is nobody to tell");
        }
        let messages: Vec<About> =
            recipients.into_iter().map(|recipient| About::Alarm { alarm, recipient }).collect();
        self.delivery.enqueue(id, &messages).await.map_err(refused)
    }
}

/// What patient-svc says of a grant, as far as it is told.
#[derive(Deserialize)]
struct Data {
    grant_id: BreakGlassGrantId,
    doctor_id: DoctorId,
    includes_very_restricted: bool,
}

impl Data {
    fn at(self, at: Timestamp) -> Alarm {
        let Self { grant_id, doctor_id, includes_very_restricted } = self;
        Alarm { grant_id, doctor_id, at, includes_very_restricted }
    }
}
