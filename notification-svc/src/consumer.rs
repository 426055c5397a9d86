//! Events of others: what patients and doctors are to be told of.
use crate::delivery::Delivery;
use crate::domain::{Change, Kind, VisitStatus};
use crate::error::Error;
use platform::inbox::{Handler, Refused};
use platform::outbox::Envelope;
use proto::ids::{AppointmentId, DoctorId, PatientId};
use serde::Deserialize;

pub const QUEUE: &str = "notification-svc.appointments";
pub const PATTERNS: &[&str] = &["appointment.*"];

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
        let id = event.id;
        let Some(kind) = kind(&event.event_type) else { return Ok(()) };
        let change = change(kind, event).map_err(|error| Refused::Never(error.into()))?;
        self.delivery.enqueue(id, &change).await.map_err(refused)
    }
}

/// None for events that nobody is told of, among them those that do not exist yet.
fn kind(event_type: &str) -> Option<Kind> {
    match event_type {
        "healthcare.appointment.booked.v1" => Some(Kind::Booked),
        "healthcare.appointment.rescheduled.v1" => Some(Kind::Rescheduled),
        "healthcare.appointment.cancelled.v1" => Some(Kind::Cancelled),
        "healthcare.appointment.status_changed.v1" => Some(Kind::StatusChanged),
        _ => None,
    }
}

/// What appointment-svc says of a change.
#[derive(Deserialize)]
struct Data {
    appointment_id: AppointmentId,
    patient_id: PatientId,
    doctor_id: DoctorId,
    version: i64,
    status: String,
}

#[derive(Debug, thiserror::Error)]
enum BadEvent {
    #[error("its data cannot be read")]
    Data(#[from] serde_json::Error),
    #[error("it has a status that does not exist")]
    Status,
}

fn change(kind: Kind, event: Envelope) -> Result<Change, BadEvent> {
    let Data { appointment_id, patient_id, doctor_id, version, status } = serde_json::from_value(event.data)?;
    let status = VisitStatus::named(&status).ok_or(BadEvent::Status)?;
    Ok(Change { kind, appointment_id, patient_id, doctor_id, version, status })
}

fn refused(error: Error) -> Refused {
    match error {
        Error::Store(store) if store.is_outage() => Refused::NotNow(store.into()),
        error => Refused::Never(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::ids::EventId;
    use serde_json::{Value, json};

    fn event(data: Value) -> Envelope {
        Envelope {
            specversion: "1.0".to_owned(),
            id: EventId::random(),
            source: "/appointment-svc".to_owned(),
            event_type: "healthcare.appointment.booked.v1".to_owned(),
            subject: uuid::Uuid::nil(),
            time: jiff::Timestamp::UNIX_EPOCH,
            datacontenttype: "application/json".to_owned(),
            data,
        }
    }

    fn data(status: &str) -> Value {
        let id = uuid::Uuid::nil();
        json!({"appointment_id": id, "patient_id": id, "doctor_id": id, "version": 2, "status": status, "new": 1})
    }

    #[test]
    fn nobody_is_told_of_edited_notes_or_imports() {
        assert_eq!(kind("healthcare.appointment.booked.v1"), Some(Kind::Booked));
        for silent in ["notes_edited", "imported", "something_new"] {
            assert_eq!(kind(&format!("healthcare.appointment.{silent}.v1")), None, "{silent}");
        }
    }

    #[test]
    fn a_change_is_read_whatever_fields_were_added() {
        let change = change(Kind::Booked, event(data("no_show"))).unwrap();
        assert_eq!((change.version, change.status), (2, VisitStatus::NoShow));
    }

    #[test]
    fn an_event_that_makes_no_sense_is_refused() {
        assert!(matches!(change(Kind::Booked, event(data("lost"))), Err(BadEvent::Status)));
        assert!(matches!(change(Kind::Booked, event(json!({}))), Err(BadEvent::Data(_))));
    }
}
