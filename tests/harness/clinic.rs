//! Times to book, and what tests do over and over.
use crate::people::{Doctor, Patient};
use crate::rest::{Answer, Rest};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;
use tokio_postgres::Client;

/// The present.
pub fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "tests live in the present, as the mesh does")]
    Timestamp::now()
}

/// A civil date that many days from today, in UTC.
pub fn date_in(days: i64) -> Date {
    let at = now() + SignedDuration::from_hours(24 * days);
    at.to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// That hour of that day, in UTC.
pub fn at(days: i64, hour: i8, minute: i8) -> Timestamp {
    let time = date_in(days).at(hour, minute, 0, 0);
    time.to_zoned(jiff::tz::TimeZone::UTC).expect("UTC has every time").timestamp()
}

/// A visit of half an hour.
pub fn visit(patient: &str, doctor: &str, start: Timestamp) -> Value {
    visit_of(patient, doctor, start, SignedDuration::from_mins(30))
}

pub fn visit_of(patient: &str, doctor: &str, start: Timestamp, length: SignedDuration) -> Value {
    json!({
        "patient_id": patient,
        "doctor_id": doctor,
        "start_time": start.to_string(),
        "end_time": (start + length).to_string(),
        "notes": "check-up",
    })
}

impl Patient {
    /// Asks for half an hour with `doctor`.
    pub async fn books(&self, doctor: &Doctor, start: Timestamp) -> Answer {
        self.post("/api/appointments/", visit(&self.id, &doctor.id, start)).await
    }

    pub async fn cancels(&self, visit: &Value) -> Answer {
        self.delete(&path(visit)).await
    }
}

/// Where a visit is.
#[track_caller]
pub fn path(visit: &Value) -> String {
    format!("/api/appointments/{}", crate::people::text(visit, "id"))
}

/// The starts of the free times that `caller` sees with `doctor` on one date.
pub async fn free_starts(caller: &Rest, doctor: &str, date: Date) -> Vec<Timestamp> {
    let path = format!("/api/appointments/doctor/{doctor}/available-slots?date={date}");
    let slots = caller.get(&path).await.ok();
    slots.as_array().unwrap().iter().map(|slot| instant(&slot["start_time"])).collect()
}

/// An instant in an answer.
#[track_caller]
pub fn instant(value: &Value) -> Timestamp {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{value} is not an instant"))
}

/// Waits until every change of a visit has had its effect, and nothing is under way.
pub async fn all_is_told(database: &Client) {
    // Two of each change: to patient and doctor.
    let open = "
        SELECT (SELECT 2 * count(*) FROM appointment.appointment_events)
             - (SELECT count(*) FROM notification.notifications)
             , (SELECT count(*) FROM notification.messages
                 WHERE state = 'sending' OR state = 'pending' AND next_attempt_at < now() + interval '1 hour')
             , (SELECT count(*) FROM appointment.outbox WHERE published_at IS NULL)
             , (SELECT count(*) FROM notification.dead_letters)";
    let mut counts = [0_i64; 4];
    for _ in 0..900 {
        let row = database.query_one(open, &[]).await.unwrap();
        counts = std::array::from_fn(|index| row.get(index));
        if counts == [0; 4] {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("not everybody has been told: {counts:?}");
}
