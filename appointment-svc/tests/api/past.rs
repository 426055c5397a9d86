//! Visits that are about to begin, or have begun: booked, and then moved past the service, which books nothing there.
use crate::clinic::{Client, Clinic};
use crate::wishes::{book, hours};
use jiff::{SignedDuration, Timestamp};
use platform::caller::Role;
use platform::clock::Clock;
use proto::appointment::Appointment;
use proto::ids::{DoctorId, PatientId};
use uuid::Uuid;

/// Those whom a visit is about, and a receptionist.
pub(crate) struct People {
    pub(crate) doctor_id: DoctorId,
    pub(crate) patient_id: PatientId,
    pub(crate) doctor: Client,
    pub(crate) patient: Client,
    pub(crate) staff: Client,
    pub(crate) admin: Client,
}

impl People {
    /// A doctor who works around the clock, where it is about noon.
    pub(crate) async fn of(clinic: &Clinic) -> Self {
        let ahead = now().to_zoned(jiff::tz::TimeZone::UTC).hour() - 12;
        let doctor_id = clinic.hire(hours(&format!("Etc/GMT{ahead:+}"), "00:00", "24:00")).await;
        let patient_id = clinic.patient().await;
        Self {
            doctor_id,
            patient_id,
            doctor: clinic.by(Role::Doctor(doctor_id)),
            patient: clinic.by(Role::Patient(patient_id)),
            staff: clinic.staff(),
            admin: clinic.by(Role::Admin),
        }
    }

    /// A visit that begins in so many minutes, or began so many minutes ago.
    pub(crate) async fn visit_in(&mut self, clinic: &Clinic, minutes: i64) -> Appointment {
        let later = whole_hour() + SignedDuration::from_hours(72);
        let visit = book(&mut self.staff, self.patient_id, self.doctor_id, later).await.unwrap();
        begins_in(clinic, &visit.id, minutes).await;
        visit
    }
}

pub(crate) fn now() -> Timestamp {
    Clock::system().now()
}

fn whole_hour() -> Timestamp {
    let second = now().as_second();
    Timestamp::from_second(second - second % 3600).unwrap()
}

/// Lets a visit begin in so many minutes, for half an hour.
pub(crate) async fn begins_in(clinic: &Clinic, id: &str, minutes: i64) {
    let id: Uuid = id.parse().unwrap();
    let start = now() + SignedDuration::from_mins(minutes);
    let end = start + SignedDuration::from_mins(30);
    let visit = "UPDATE appointment.appointments SET start_time = $2, end_time = $3 WHERE id = $1";
    let claim =
        "UPDATE appointment.claims SET busy_from = $2, busy_until = $3, visit_from = $2, visit_until = $3
                  WHERE appointment_id = $1";
    for statement in [visit, claim] {
        clinic.sql.execute(statement, &[&id, &start, &end]).await.unwrap();
    }
}

/// Makes a visit a request that is to be answered within so many minutes.
pub(crate) async fn waits_for_answer(clinic: &Clinic, id: &str, minutes: i64) {
    let id: Uuid = id.parse().unwrap();
    let due = now() + SignedDuration::from_mins(minutes);
    let request = "UPDATE appointment.appointments SET status = 'requested', respond_by = $2 WHERE id = $1";
    clinic.sql.execute(request, &[&id, &due]).await.unwrap();
}

/// Books a visit under other terms, afterwards.
pub(crate) async fn has_policy(clinic: &Clinic, id: &str, policy: serde_json::Value) {
    let id: Uuid = id.parse().unwrap();
    let terms =
        "UPDATE appointment.appointments SET terms = jsonb_build_object('policy', $2::jsonb) WHERE id = $1";
    clinic.sql.execute(terms, &[&id, &policy]).await.unwrap();
}
