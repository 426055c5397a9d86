//! Free times that are offered to patients who wait.
use super::refused;
use crate::delivery::Delivery;
use crate::domain::About;
use platform::inbox::{Handler, Refused};
use platform::outbox::Envelope;
use proto::ids::{PatientId, WaitlistOfferId};
use serde::Deserialize;

/// Of its own, because a replica of the release before takes from the other what it does not know, and tells nobody.
pub const QUEUE: &str = "notification-svc.offers";
pub const PATTERNS: &[&str] = &["appointment.offered"];

pub struct Consumer {
    delivery: Delivery,
}

impl Consumer {
    pub fn new(delivery: Delivery) -> Self {
        Self { delivery }
    }
}

impl Handler for Consumer {
    async fn handle(&self, event: Envelope) -> Result<(), Refused> {
        if event.event_type != "healthcare.appointment.offered.v1" {
            return Ok(());
        }
        let data = serde_json::from_value(event.data).map_err(|error| Refused::Never(error.into()))?;
        let Data { offer_id, patient_id } = data;
        let message = About::Offer { id: offer_id, patient_id };
        self.delivery.enqueue(event.id, &[message]).await.map_err(refused)
    }
}

/// What appointment-svc says of an offer, as far as it is needed: the rest is asked for when the message is sent.
#[derive(Deserialize)]
struct Data {
    offer_id: WaitlistOfferId,
    patient_id: PatientId,
}
