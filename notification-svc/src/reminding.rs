//! The use case that plans reminders: when a visit may take place at another time than before, or not at all.
//!
//! What is planned follows from the visit as it is when it is looked at, so an event that comes again, or late, changes
//! nothing.
use crate::choosing::Choosing;
use crate::domain::{Failure, Plan, plan};
use crate::error::Error;
use crate::neighbours::Neighbours;
use crate::store::Store;
use platform::propagation;
use proto::ids::AppointmentId;
use std::sync::Arc;

#[derive(Clone)]
pub struct Reminding {
    store: Store,
    neighbours: Neighbours,
    choosing: Choosing,
    /// How long before a visit, in minutes, unless its type says otherwise.
    usual: Arc<[i32]>,
}

impl Reminding {
    pub fn new(store: Store, neighbours: Neighbours, choosing: Choosing, usual: Vec<i32>) -> Self {
        Self { store, neighbours, choosing, usual: usual.into() }
    }

    /// Plans the reminders of a visit that has come to `version`.
    pub async fn plan(&self, id: AppointmentId, version: i64) -> Result<(), Error> {
        let (planned, now) = self.store.planned_up_to(id).await?;
        if planned >= Some(version) {
            return Ok(());
        }
        let of = match self.neighbours.appointment(id).await {
            Ok(of) => of,
            Err(Failure::AppointmentUnknown) => {
                tracing::warn!(appointment.id = %id, "there is no such visit to be reminded of");
                return Ok(());
            }
            Err(failure) => return Err(Error::Neighbour(failure)),
        };
        let patient = self.neighbours.patient(of.patient_id).await.map_err(Error::Neighbour)?;
        let plan = match patient {
            // Whoever was deleted comes to no visit.
            None => Plan::default(),
            Some(patient) => {
                let zone = patient.zone.unwrap_or_else(|| of.visit.starts_at.time_zone().clone());
                let quiet = self.choosing.quiet(of.patient_id, zone).await?;
                plan(&of, &self.usual, &quiet, now)
            }
        };
        let is_texting = self.choosing.is_texting();
        if self.store.plan(&of, &plan, is_texting, propagation::traceparent().as_deref()).await? {
            for offset in plan.dropped {
                metrics::counter!("notifications_total", "kind" => "reminder", "outcome" => "dropped")
                    .increment(1);
                tracing::info!(
                    appointment.id = %id,
                    reminder.offset_minutes = offset,
                    "there is no time for a reminder but a quiet one"
                );
            }
        }
        Ok(())
    }
}
