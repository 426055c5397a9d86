//! Reminders, at the moment of sending.
use super::{Delivery, Prepared, SKIPPED};
use crate::channel::Letter;
use crate::domain::{About, Failure, Moment, Outcome, Reminder};
use crate::templates::render_reminder;
use jiff::Timestamp;
use proto::ids::NotificationId;
use std::ops::ControlFlow;

impl Delivery {
    /// What is still true, still wanted and neither late nor at night.
    pub(super) async fn about_reminder(
        &self,
        message: NotificationId,
        about: &About,
        reminder: &Reminder,
        now: Timestamp,
    ) -> Result<Prepared, Failure> {
        let of = self.neighbours.appointment(reminder.appointment_id).await?;
        if reminder.is_void_for(&of) {
            return Ok(ControlFlow::Break(Outcome::Superseded));
        }
        let visit = &of.visit;
        let Some(patient) = self.neighbours.patient(reminder.patient_id).await? else { return Ok(SKIPPED) };
        let Some(to) = patient.email else { return Ok(SKIPPED) };
        let zone = patient.zone.unwrap_or_else(|| visit.starts_at.time_zone().clone());
        let quiet = self.choosing.quiet(reminder.patient_id, zone.clone()).await?;
        match reminder.moment(&quiet, now) {
            Moment::Now => {}
            Moment::Later(until) => return Ok(ControlFlow::Break(Outcome::Postponed { until })),
            Moment::TooLate => return Ok(ControlFlow::Break(Outcome::Late)),
        }
        let doctor = self.neighbours.doctor(visit.doctor_id).await?;
        let doctor = doctor.as_ref().map(|doctor| doctor.name.as_str());
        let voice = self.voice(&patient.languages).await?;
        let (ways, now) = (self.ways(about, Some(&of)), now.to_zoned(zone));
        let content = render_reminder(&voice, visit, &patient.name, doctor, &ways, &now);
        Ok(ControlFlow::Continue(Letter { id: message, to, content }))
    }
}
