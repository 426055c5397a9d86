//! What others tell: rules and people that changed. An event only says that something is new; what it is now is
//! asked of its owner, and a version that is not newer changes nothing, so a redelivery does no harm.
use crate::calendars::Calendars;
use crate::error::Error;
use crate::visits::Visits;
use platform::inbox::{Handler, Refused};
use platform::outbox::Envelope;
use proto::ids::{DoctorId, PatientId};

/// The queue of this service.
pub const QUEUE: &str = "appointment-svc.events";
/// Events that it takes: every one of these owners, so that none is without a queue and held back by its relay.
pub const PATTERNS: &[&str] = &["doctor.*", "patient.*"];

pub struct Consumer {
    calendars: Calendars,
    visits: Visits,
}

impl Consumer {
    pub fn new(calendars: Calendars, visits: Visits) -> Self {
        Self { calendars, visits }
    }
}

impl Handler for Consumer {
    async fn handle(&self, event: Envelope) -> Result<(), Refused> {
        let kind = event.event_type.trim_start_matches("healthcare.").trim_end_matches(".v1");
        let outcome = match kind {
            "doctor.created" | "doctor.rules_changed" | "doctor.deleted" => {
                self.calendars.refresh(DoctorId(event.subject)).await.map(drop)
            }
            "doctor.clinic_changed" => self.calendars.refresh_clinic().await,
            "patient.created" | "patient.deleted" | "patient.merged" | "patient.unmerged" => {
                self.calendars.refresh_party(PatientId(event.subject)).await.map(drop)
            }
            "patient.erased" => self.visits.forget_words(PatientId(event.subject)).await,
            // Nothing that a calendar knows of.
            _ => return Ok(()),
        };
        match outcome {
            Ok(()) => Ok(()),
            Err(error @ Error::Unreadable { .. }) => Err(Refused::Never(error.into())),
            Err(error) => Err(Refused::NotNow(error.into())),
        }
    }
}
