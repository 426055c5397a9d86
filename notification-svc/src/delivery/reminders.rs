//! Reminders, at the moment of sending.
use super::{Delivery, Prepared};
use crate::domain::{Failure, Moment, Notification, Outcome, Reminder};
use crate::templates::{TextTo, render_reminder, text_of_reminder};
use crate::words::Voice;
use jiff::Timestamp;
use std::ops::ControlFlow;

impl Delivery {
    /// What is still true, still wanted and neither late nor at night.
    pub(super) async fn about_reminder(
        &self,
        message: &Notification,
        reminder: &Reminder,
        now: Timestamp,
    ) -> Result<Prepared, Failure> {
        let of = self.neighbours.appointment(reminder.appointment_id).await?;
        if reminder.is_void_for(&of) {
            return Ok(ControlFlow::Break(Outcome::Superseded));
        }
        let visit = &of.visit;
        let (patient, to) = match self.reach(message, reminder.patient_id).await? {
            ControlFlow::Continue(reached) => reached,
            ControlFlow::Break(outcome) => return Ok(ControlFlow::Break(outcome)),
        };
        let zone = patient.zone.clone().unwrap_or_else(|| visit.starts_at.time_zone().clone());
        let quiet = self.choosing.quiet(reminder.patient_id, zone.clone()).await?;
        match reminder.moment(&quiet, now) {
            Moment::Now => {}
            Moment::Later(until) => return Ok(ControlFlow::Break(Outcome::Postponed { until })),
            Moment::TooLate => return Ok(ControlFlow::Break(Outcome::Late)),
        }
        let (ways, now) = (self.ways(&message.about, Some(&of)), now.to_zoned(zone));
        let words = |voice: &Voice, name: &str, doctor: Option<&str>| {
            render_reminder(voice, visit, name, doctor, &ways, &now)
        };
        let text = |voice: &Voice, to: &TextTo<'_>| Some(text_of_reminder(voice, visit, to));
        self.write(message, &patient, to, visit.doctor_id, words, text).await
    }
}
