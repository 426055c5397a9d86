//! Events of others: what patients and doctors are to be told of.
pub mod accounts; // what owners of accounts are told
pub mod alarms; // doctors who break the glass
pub mod offers; // free times that are offered
pub mod webhooks; // what others are told of
pub mod reminders; // visits that are to be reminded of

use crate::delivery::Delivery;
use crate::domain::{About, Change, Failure, Kind, Recipient, VisitStatus};
use crate::error::Error;
use platform::inbox::{Handler, Refused};
use platform::outbox::Envelope;
use proto::ids::{AppointmentId, DoctorId, PatientId};
use serde::Deserialize;

pub const QUEUE: &str = "notification-svc.appointments";
pub const PATTERNS: &[&str] = &["appointment.*"];

/// Takes what becomes of visits.
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
        if !is_told(&event.event_type) {
            return Ok(());
        }
        let messages = messages(event).map_err(|error| Refused::Never(error.into()))?;
        let Some(messages) = messages else { return Ok(()) };
        self.delivery.enqueue(id, &messages).await.map_err(refused)
    }
}

/// False for events that nobody is told of, among them those that do not exist yet.
fn is_told(event_type: &str) -> bool {
    matches!(
        event_type,
        "healthcare.appointment.booked.v1"
            | "healthcare.appointment.rescheduled.v1"
            | "healthcare.appointment.cancelled.v1"
            | "healthcare.appointment.expired.v1"
            | "healthcare.appointment.status_changed.v1"
            | "healthcare.appointment.undone.v1"
    )
}

/// None when the change is no news.
fn kind(event_type: &str, data: &Data, from: Option<VisitStatus>, to: VisitStatus) -> Option<Kind> {
    let is_news = to.is_news(from);
    match event_type {
        "healthcare.appointment.booked.v1" => is_news.then_some(Kind::Booked),
        "healthcare.appointment.rescheduled.v1" => Some(Kind::Rescheduled),
        "healthcare.appointment.cancelled.v1" => Some(Kind::Cancelled),
        // The time is what it was before: to whoever was told of another, it is new.
        "healthcare.appointment.undone.v1" if data.is_moved => Some(Kind::Rescheduled),
        _ => is_news.then_some(Kind::StatusChanged),
    }
}

/// What appointment-svc says of a change.
#[derive(Deserialize)]
struct Data {
    appointment_id: AppointmentId,
    patient_id: PatientId,
    doctor_id: DoctorId,
    /// Who had the visit before; when that is another.
    previous_doctor_id: Option<DoctorId>,
    version: i64,
    status: String,
    /// Where the visit stood before; of changes of status.
    from_status: Option<String>,
    #[serde(default)]
    is_moved: bool,
}

#[derive(Debug, thiserror::Error)]
enum BadEvent {
    #[error("its data cannot be read")]
    Data(#[from] serde_json::Error),
    #[error("it has a status that does not exist")]
    Status,
}

/// One to the patient and one to the doctor, and one to whoever had the visit before; none when they are not told.
fn messages(event: Envelope) -> Result<Option<Vec<About>>, BadEvent> {
    let data: Data = serde_json::from_value(event.data)?;
    let status = VisitStatus::named(&data.status).ok_or(BadEvent::Status)?;
    let from = data.from_status.as_deref().and_then(VisitStatus::named);
    let kind = kind(&event.event_type, &data, from, status);
    let Data { appointment_id, patient_id, doctor_id, previous_doctor_id, version, .. } = data;
    let about = |kind, recipient| {
        let change = Change { kind, appointment_id, version, status };
        About::Visit { change, recipient }
    };
    Ok(kind.map(|kind| {
        let former = previous_doctor_id.map(|id| about(Kind::Cancelled, Recipient::Doctor(id)));
        [about(kind, Recipient::Patient(patient_id)), about(kind, Recipient::Doctor(doctor_id))]
            .into_iter()
            .chain(former)
            .collect()
    }))
}

fn refused(error: Error) -> Refused {
    match error {
        Error::Store(store) if store.is_outage() => Refused::NotNow(store.into()),
        Error::Neighbour(failure) if !failure.is_permanent() && failure != Failure::BadAnswer => {
            Refused::NotNow(error.into())
        }
        error => Refused::Never(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::ids::EventId;
    use serde_json::{Value, json};

    fn event(what: &str, data: Value) -> Envelope {
        Envelope {
            specversion: "1.0".to_owned(),
            id: EventId::random(),
            source: "/appointment-svc".to_owned(),
            event_type: format!("healthcare.appointment.{what}.v1"),
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

    fn change(event: Envelope) -> Option<Change> {
        messages(event).unwrap().map(|messages| match messages[..] {
            [
                About::Visit { change, recipient: Recipient::Patient(_) },
                About::Visit { change: same, recipient: Recipient::Doctor(_) },
            ] if change == same => change,
            ref other => panic!("not told to both: {other:?}"),
        })
    }

    fn told(what: &str, from: &str, to: &str, is_moved: bool) -> Option<Kind> {
        let mut data = data(to);
        data["from_status"] = from.into();
        data["is_moved"] = is_moved.into();
        change(event(what, data)).map(|change| change.kind)
    }

    #[test]
    fn nobody_is_told_of_edited_notes_labels_or_imports() {
        assert!(is_told("healthcare.appointment.booked.v1"));
        for silent in
            ["notes_edited", "sub_status_set", "imported", "slot_released", "offered", "something_new"]
        {
            assert!(!is_told(&format!("healthcare.appointment.{silent}.v1")), "{silent}");
        }
    }

    #[test]
    fn a_change_is_read_whatever_fields_were_added() {
        let change = change(event("booked", data("requested"))).unwrap();
        assert_eq!((change.kind, change.version, change.status), (Kind::Booked, 2, VisitStatus::Requested));
    }

    #[test]
    fn what_happens_in_the_house_is_read_and_not_told() {
        for (from, to) in [
            ("confirmed", "arrived"),
            ("arrived", "checked_in"),
            ("checked_in", "in_progress"),
            ("scheduled", "entered_in_error"),
            ("no_show", "arrived"),
        ] {
            assert_eq!(told("status_changed", from, to, false), None, "{to}");
        }
        assert_eq!(told("status_changed", "requested", "scheduled", false), Some(Kind::StatusChanged));
        assert_eq!(told("status_changed", "cancelled", "scheduled", false), Some(Kind::StatusChanged));
    }

    #[test]
    fn a_request_that_ran_out_is_told() {
        assert!(is_told("healthcare.appointment.expired.v1"));
        assert_eq!(told("expired", "requested", "expired", false), Some(Kind::StatusChanged));
    }

    #[test]
    fn what_was_taken_back_is_told_where_it_was_told_before() {
        assert_eq!(told("undone", "cancelled", "confirmed", false), Some(Kind::StatusChanged));
        assert_eq!(told("undone", "scheduled", "confirmed", true), Some(Kind::Rescheduled));
        assert_eq!(told("undone", "arrived", "confirmed", false), None);
    }

    #[test]
    fn an_event_that_makes_no_sense_is_refused() {
        assert!(matches!(messages(event("booked", data("lost"))), Err(BadEvent::Status)));
        assert!(matches!(messages(event("booked", json!({}))), Err(BadEvent::Data(_))));
    }
}
