//! What is asked of appointment-svc, which keeps the calendars that bookings are made in.
use crate::domain::practice::Rules;
use crate::domain::schedule::Window;
use crate::error::Error;
use platform::client::Peer;
use platform::{deadline, fault};
use proto::appointment::{ApplyDoctorRulesRequest, appointment_service_client::AppointmentServiceClient};
use proto::{doctor as pb, time};
use std::time::Duration;
use tokio::time::Instant;
use tonic::{Code, Status};

/// Longest wait for a decision; the doctor's row is locked meanwhile.
const DECISION: Duration = Duration::from_secs(3);
/// Longest wait for a courtesy; the event tells it again.
const COURTESY: Duration = Duration::from_millis(500);

#[derive(Clone)]
pub struct Calendar {
    appointments: AppointmentServiceClient<Peer>,
}

impl Calendar {
    pub fn new(appointments: Peer) -> Self {
        Self { appointments: AppointmentServiceClient::new(appointments) }
    }

    /// Puts `rules` in force, unless booked visits would fall outside. From then on nothing is booked outside.
    pub async fn narrow(&self, rules: &Rules, version: i64) -> Result<(), Error> {
        match self.apply(rules, version, true, DECISION).await {
            Ok(in_force) if in_force == version => Ok(()),
            Ok(_) => Err(Error::CalendarAway(Status::aborted("the calendar has later rules"))),
            Err(answer) if fault::reason(&answer).as_deref() == Some("HAS_ACTIVE_APPOINTMENTS") => {
                Err(Error::HasActiveAppointments(answer))
            }
            Err(answer) => Err(Error::CalendarAway(answer)),
        }
    }

    /// Tells of `rules` that have been committed, so that they can be booked at once.
    pub async fn widen(&self, rules: &Rules, version: i64) {
        if let Err(answer) = self.apply(rules, version, false, COURTESY).await {
            let doctor_id = rules.doctor_id;
            tracing::warn!(doctor.id = %doctor_id, code = ?answer.code(), "calendar will learn of rules by event");
        }
    }

    /// The version that is in force afterwards.
    async fn apply(
        &self,
        rules: &Rules,
        version: i64,
        refuse_if_booked: bool,
        patience: Duration,
    ) -> Result<i64, Status> {
        let rules = Some(published(rules, version));
        let request = ApplyDoctorRulesRequest { rules, refuse_if_booked };
        let mut appointments = self.appointments.clone();
        let asking = deadline::within(Instant::now() + patience, appointments.apply_doctor_rules(request));
        let late = |_| Status::new(Code::DeadlineExceeded, "appointment-svc did not answer in time");
        Ok(asking.await.map_err(late)??.into_inner().version)
    }
}

/// Rules as the calendar reads them.
pub fn published(rules: &Rules, version: i64) -> pb::DoctorRules {
    let Rules { doctor_id, is_active, time_zone, slot_minutes, windows } = rules;
    pb::DoctorRules {
        doctor_id: doctor_id.to_string(),
        version,
        is_active: *is_active,
        time_zone: time_zone.as_str().to_owned(),
        slot_minutes: slot_minutes.get(),
        windows: windows.iter().map(|window| published_window(*window)).collect(),
    }
}

fn published_window(window: Window) -> pb::doctor_rules::Window {
    pb::doctor_rules::Window {
        day_of_week: window.day().number().into(),
        start_time: time::time_of_day(window.start().seconds()),
        end_time: time::time_of_day(window.end().seconds()),
    }
}
