//! Use cases that read visits.
use crate::domain::appointment::Appointment;
use crate::error::Error;
use crate::neighbours::{Names, Neighbours};
use crate::store::{Filter, HistoryEntry, Store};
use jiff::Timestamp;
use platform::caller::{Role, User};
use proto::ids::{AppointmentId, DoctorId, PatientId};

#[derive(Clone)]
pub struct Visits {
    store: Store,
    neighbours: Neighbours,
}

/// Visits, and the time at which they were so.
pub struct Seen {
    pub appointments: Vec<Appointment>,
    pub now: Timestamp,
}

impl Visits {
    pub fn new(store: Store, neighbours: Neighbours) -> Self {
        Self { store, neighbours }
    }

    pub async fn get(&self, user: &User, id: AppointmentId) -> Result<Seen, Error> {
        let (appointment, now) = self.store.connection().await?.find(id).await?.ok_or(Error::NotFound)?;
        appointment.actor(user)?;
        Ok(Seen { appointments: vec![appointment], now })
    }

    /// The visits of `filter` that `user` may see.
    pub async fn list(&self, user: &User, filter: Filter) -> Result<Seen, Error> {
        let Some(filter) = within_role(user, filter)? else {
            let now = self.store.connection().await?.now().await?;
            return Ok(Seen { appointments: Vec::new(), now });
        };
        let connection = self.store.connection().await?;
        let now = connection.now().await?;
        let appointments = connection.list(&filter).await?;
        Ok(Seen { appointments, now })
    }

    /// The names to show beside `appointments`, a page of them at most.
    pub async fn names(&self, appointments: &[Appointment]) -> Names {
        self.neighbours.names(appointments).await
    }

    pub async fn history(&self, user: &User, id: AppointmentId) -> Result<Vec<HistoryEntry>, Error> {
        let connection = self.store.connection().await?;
        let (appointment, _) = connection.find(id).await?.ok_or(Error::NotFound)?;
        appointment.actor(user)?;
        Ok(connection.history(id).await?)
    }

    /// For other services, which act for nobody.
    pub async fn summary(&self, id: AppointmentId) -> Result<Appointment, Error> {
        let (appointment, _) = self.store.connection().await?.find(id).await?.ok_or(Error::NotFound)?;
        Ok(appointment)
    }

    pub async fn treats(&self, doctor: DoctorId, patient: PatientId) -> Result<bool, Error> {
        Ok(self.store.connection().await?.treats(doctor, patient).await?)
    }

    pub async fn treated(&self, doctor: DoctorId) -> Result<Vec<PatientId>, Error> {
        Ok(self.store.connection().await?.treated(doctor).await?)
    }
}

/// `filter` narrowed to what the role may see; none when that is nothing.
fn within_role(user: &User, filter: Filter) -> Result<Option<Filter>, Error> {
    match user.role {
        Role::Admin | Role::Staff => Ok(Some(filter)),
        Role::Patient(own) if filter.patient_id.is_none_or(|asked| asked == own) => {
            Ok(Some(Filter { patient_id: Some(own), ..filter }))
        }
        Role::Doctor(own) if filter.doctor_id.is_none_or(|asked| asked == own) => {
            Ok(Some(Filter { doctor_id: Some(own), ..filter }))
        }
        Role::Patient(_) | Role::Doctor(_) => Ok(None),
        Role::Auditor => Err(Error::NotAllowed("auditors do not see visits")),
    }
}
