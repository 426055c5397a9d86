//! What is asked of appointment-svc, which keeps the calendars that bookings are made in.
use crate::domain::clinic::Clinic;
use crate::domain::practice::Practice;
use crate::error::Error;
use crate::published;
use platform::client::Peer;
use platform::{deadline, fault};
use proto::appointment::appointment_service_client::AppointmentServiceClient;
use proto::appointment::{ApplyClinicRulesRequest, ApplyDoctorRulesRequest};
use std::time::Duration;
use tokio::time::Instant;
use tonic::{Code, Status};

/// Longest wait for a decision; what is changed is locked meanwhile.
const DECISION: Duration = Duration::from_secs(3);
/// Longest wait for a courtesy; the event tells it again.
const COURTESY: Duration = Duration::from_millis(500);

#[derive(Clone)]
pub struct Calendar {
    appointments: AppointmentServiceClient<Peer>,
}

/// Rules as calendars take them.
pub enum Document<'a> {
    Doctor(&'a Practice),
    Clinic(&'a Clinic),
}

impl Document<'_> {
    fn version(&self) -> i64 {
        match self {
            Self::Doctor(practice) => practice.rules_version,
            Self::Clinic(clinic) => clinic.rules_version,
        }
    }
}

impl Calendar {
    pub fn new(appointments: Peer) -> Self {
        Self { appointments: AppointmentServiceClient::new(appointments) }
    }

    /// Puts rules in force, unless booked visits would fall outside. From then on nothing is booked outside.
    pub async fn narrow(&self, document: Document<'_>) -> Result<(), Error> {
        let version = document.version();
        match self.apply(document, true, DECISION).await {
            Ok(in_force) if in_force == version => Ok(()),
            Ok(_) => Err(Error::CalendarAway(Status::aborted("the calendar has later rules"))),
            Err(answer) if fault::reason(&answer).as_deref() == Some("HAS_ACTIVE_APPOINTMENTS") => {
                Err(Error::HasActiveAppointments(answer))
            }
            Err(answer) => Err(Error::CalendarAway(answer)),
        }
    }

    /// Tells of rules that have been committed, so that they can be booked at once.
    pub async fn widen(&self, document: Document<'_>) {
        let version = document.version();
        if let Err(answer) = self.apply(document, false, COURTESY).await {
            tracing::warn!(rules.version = version, code = ?answer.code(), "calendar will learn of rules by event");
        }
    }

    /// The version that is in force afterwards.
    async fn apply(
        &self,
        document: Document<'_>,
        refuse_if_booked: bool,
        patience: Duration,
    ) -> Result<i64, Status> {
        let mut appointments = self.appointments.clone();
        let asking = async {
            match document {
                Document::Doctor(practice) => {
                    let rules = Some(published::doctor(practice));
                    let request = ApplyDoctorRulesRequest { rules, refuse_if_booked };
                    Ok(appointments.apply_doctor_rules(request).await?.into_inner().version)
                }
                Document::Clinic(clinic) => {
                    let rules = Some(published::clinic(clinic));
                    let request = ApplyClinicRulesRequest { rules, refuse_if_booked };
                    Ok(appointments.apply_clinic_rules(request).await?.into_inner().version)
                }
            }
        };
        let late = |_| Status::new(Code::DeadlineExceeded, "appointment-svc did not answer in time");
        deadline::within(Instant::now() + patience, asking).await.map_err(late)?
    }
}
