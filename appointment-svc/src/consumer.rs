//! What others tell: rules and people that changed. An event only says that something is new; what it is now is
//! asked of its owner, and a version that is not newer changes nothing, so a redelivery does no harm.
use crate::calendars::Calendars;
use crate::error::Error;
use platform::inbox::{Handler, Refused};
use platform::outbox::Envelope;

/// The queue of this service.
pub const QUEUE: &str = "appointment-svc.events";
/// Events that it takes.
pub const PATTERNS: &[&str] =
    &["doctor.created", "doctor.rules_changed", "doctor.deleted", "patient.created", "patient.deleted"];

pub struct Consumer {
    calendars: Calendars,
}

impl Consumer {
    pub fn new(calendars: Calendars) -> Self {
        Self { calendars }
    }
}

impl Handler for Consumer {
    async fn handle(&self, event: Envelope) -> Result<(), Refused> {
        let of_a_patient = event.event_type.starts_with("healthcare.patient.");
        let outcome = if of_a_patient {
            self.calendars.refresh_party(proto::ids::PatientId(event.subject)).await
        } else {
            self.calendars.refresh(proto::ids::DoctorId(event.subject)).await
        };
        match outcome {
            Ok(_) => Ok(()),
            Err(Error::Invalid(error)) => Err(Refused::Never(error.into())),
            Err(error) => Err(Refused::NotNow(error.into())),
        }
    }
}
