use crate::clinic::Clinic;
use crate::ledger;
use crate::offers::{book_type, offering, visit_type};
use crate::past::now;
use crate::wishes::{at, book, change, date_in, free, get, refusal, undo};
use jiff::SignedDuration;
use platform::caller::Role;
use proto::appointment::AppointmentStatus::{Cancelled, Expired, Requested, Scheduled, Unspecified};
use proto::appointment::{Appointment, AppointmentStatus, ListAppointmentEventsRequest, SetSubStatusRequest};
use proto::doctor::VisitType;
use proto::ids::{DoctorId, PatientId};
use serde_json::{Value, json};
use uuid::Uuid;

/// A patient who has asked for nine o'clock in three days.
struct Asked {
    clinic: Clinic,
    doctor: DoctorId,
    patient: PatientId,
    visit: Appointment,
}

impl Asked {
    async fn for_a_visit() -> Self {
        let on_request = VisitType { needs_approval: true, ..visit_type() };
        let clinic = offering(&[&on_request]).await;
        let (doctor, patient) = (clinic.doctor().await, clinic.patient().await);
        let mut client = clinic.by(Role::Patient(patient));
        let visit = book_type(&mut client, patient, doctor, &on_request, at(3, 9, 0)).await.unwrap();
        assert_eq!(visit.status(), Requested);
        Self { clinic, doctor, patient, visit }
    }

    /// Nobody has answered in time.
    async fn wait_out(&self) {
        let id: Uuid = self.visit.id.parse().unwrap();
        let due = now() - SignedDuration::from_mins(1);
        for statement in [
            "UPDATE appointment.appointments SET respond_by = $2 WHERE id = $1 AND status = 'requested'",
            "UPDATE appointment.claims SET hold_until = $2 WHERE appointment_id = $1 AND active AND hold_until IS NOT NULL",
        ] {
            let waited_out = self.clinic.sql.execute(statement, &[&id, &due]).await.unwrap();
            assert_eq!(waited_out, 1, "{statement}");
        }
    }

    /// What the history says: what was done, by whom, and from where to where it led.
    async fn history(&self) -> Vec<(i64, String, String, [AppointmentStatus; 2])> {
        let request = ListAppointmentEventsRequest { id: self.visit.id.clone() };
        let history = self.clinic.staff().list_appointment_events(request).await.unwrap().into_inner();
        let entries = history.events.into_iter();
        entries
            .map(|e| (e.version, e.kind.clone(), e.actor_role.clone(), [e.from_status(), e.to_status()]))
            .collect()
    }

    /// It is over by nobody's doing, and others have been told so.
    async fn is_over(&self) {
        let visit = get(&mut self.clinic.by(Role::Patient(self.patient)), &self.visit.id).await.unwrap();
        assert_eq!((visit.version, visit.status()), (2, Expired));
        let booked = (1, "booked".to_owned(), "patient".to_owned(), [Unspecified, Requested]);
        let expired = (2, "expired".to_owned(), "system".to_owned(), [Requested, Expired]);
        assert_eq!(self.history().await, [booked, expired]);
        let told = "SELECT data FROM appointment.outbox WHERE event_type = 'appointment.expired'";
        let expected = json!({
            "appointment_id": self.visit.id,
            "patient_id": self.patient,
            "doctor_id": self.doctor,
            "version": 2,
            "schedule_version": 1,
            "status": "expired",
            "from_status": "requested",
        });
        assert_eq!(self.clinic.sql.query_one(told, &[]).await.unwrap().get::<_, Value>(0), expected);
        ledger::is_sound(&self.clinic.sql).await;
    }
}

#[tokio::test]
async fn a_request_that_nobody_answered_ends_when_somebody_takes_its_time() {
    let asked = Asked::for_a_visit().await;
    let (clinic, mut staff) = (&asked.clinic, asked.clinic.staff());
    let other = clinic.patient().await;
    let refused = book(&mut staff, other, asked.doctor, at(3, 9, 0)).await;
    assert_eq!(refusal(refused).1, "SLOT_TAKEN");
    asked.wait_out().await;
    book(&mut staff, other, asked.doctor, at(3, 9, 0)).await.unwrap();
    asked.is_over().await;
}

#[tokio::test]
async fn a_request_that_nobody_answered_ends_though_nobody_wants_its_time() {
    let asked = Asked::for_a_visit().await;
    asked.wait_out().await;
    let over = "SELECT count(*) FROM appointment.appointments WHERE status = 'expired'";
    asked.clinic.until(over, 1).await;
    asked.is_over().await;
    assert_eq!(ledger::occupied(&asked.clinic.sql).await, 0);
}

#[tokio::test]
async fn a_request_that_is_labelled_or_asked_for_again_runs_out_as_before() {
    for answer in [None, Some(Scheduled), Some(Cancelled)] {
        let asked = Asked::for_a_visit().await;
        let (id, mut staff) = (&asked.visit.id, asked.clinic.staff());
        if let Some(answer) = answer {
            change(&mut staff, id, answer).await.unwrap();
            assert_eq!(undo(&mut staff, id).await.unwrap().status(), Requested);
        } else {
            let sub_status = "call back".to_owned();
            let label = SetSubStatusRequest { id: id.clone(), sub_status, ..Default::default() };
            staff.set_sub_status(label).await.unwrap();
        }
        asked.wait_out().await;
        assert!(free(&mut staff, asked.doctor, date_in(3)).await.contains(&at(3, 9, 0)), "{answer:?}");
    }
}

#[tokio::test]
async fn a_request_that_was_accepted_does_not_run_out() {
    let asked = Asked::for_a_visit().await;
    change(&mut asked.clinic.staff(), &asked.visit.id, Scheduled).await.unwrap();
    let kept = "SELECT count(*) FROM appointment.claims WHERE active AND hold_until IS NULL";
    asked.clinic.until(kept, 1).await;
}
