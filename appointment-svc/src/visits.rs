//! Use cases that read visits.
use crate::domain::appointment::Appointment;
use crate::domain::status::{Actor, Status};
use crate::error::Error;
use crate::neighbours::{Names, Neighbours};
use crate::store::{Attendance, Filter, HistoryEntry, Store, audited};
use jiff::Timestamp;
use platform::audit::Entry;
use platform::caller::{Role, User};
use platform::context::about;
use proto::ids::{AppointmentId, DoctorId, PatientId};

#[derive(Clone)]
pub struct Visits {
    store: Store,
    neighbours: Neighbours,
    /// How many days before and after a visit its doctor treats the patient.
    care_days: i32,
}

/// Visits, and the time at which they were so.
pub struct Seen {
    pub appointments: Vec<Appointment>,
    pub now: Timestamp,
}

impl Visits {
    pub fn new(store: Store, neighbours: Neighbours, care_days: i32) -> Self {
        Self { store, neighbours, care_days }
    }

    pub async fn get(&self, user: &User, id: AppointmentId) -> Result<Seen, Error> {
        let connection = self.store.connection().await?;
        let (appointment, now) = connection.find(id).await?.ok_or(Error::NotFound)?;
        audited::about_visit(&appointment);
        appointment.reader(user)?;
        connection.note(audited::visit("read", &appointment)).await?;
        Ok(Seen { appointments: vec![appointment], now })
    }

    /// `id`, if it is of a visit that `user` may see: others must not tell by what is free when that is.
    pub async fn if_seen(
        &self,
        user: &User,
        id: Option<AppointmentId>,
    ) -> Result<Option<AppointmentId>, Error> {
        let Some(id) = id else { return Ok(None) };
        let found = self.store.connection().await?.find(id).await?;
        Ok(found.filter(|(visit, _)| visit.reader(user).is_ok()).map(|_| id))
    }

    /// The visit as it was at some time, but for its words, and as whom `user` reads it: words of the past are not kept.
    pub async fn get_as_of(
        &self,
        user: &User,
        id: AppointmentId,
        at: Timestamp,
    ) -> Result<(Appointment, Actor), Error> {
        let connection = self.store.connection().await?;
        let (mut appointment, now) = connection.find(id).await?.ok_or(Error::NotFound)?;
        audited::about_visit(&appointment);
        appointment.reader(user)?;
        let change = connection.last_change(id, at).await?.ok_or(Error::NotFound)?;
        change.restore(&mut appointment);
        appointment.version = change.version;
        appointment.updated_at = change.at;
        appointment.notes = None;
        appointment.sub_status = None;
        let appointment = appointment.at(at.min(now));
        let reader = appointment.reader(user)?;
        connection.note(audited::visit("read", &appointment)).await?;
        Ok((appointment, reader))
    }

    /// The visits of `filter` that `user` may see: as many as are shown, and one more that tells of the next page.
    pub async fn list(&self, user: &User, filter: Filter) -> Result<Seen, Error> {
        let filter = within_role(user, filter)?;
        let connection = self.store.connection().await?;
        let list = async {
            match &filter {
                Some(filter) => connection.list(filter).await,
                None => Ok(Vec::new()),
            }
        };
        // One round trip.
        let (now, appointments) = tokio::try_join!(connection.now(), list)?;
        let shown = audited::shown(&appointments, filter.map_or(1, |filter| filter.limit));
        connection.note(audited::visits("list", shown)).await?;
        Ok(Seen { appointments, now })
    }

    /// The visits of which nobody said how they ended, as far as they are `user`'s to say so.
    pub async fn unresolved(&self, user: &User, filter: Filter) -> Result<Seen, Error> {
        if matches!(user.role, Role::Patient(_)) {
            return Err(Error::NotAllowed("patients do not say how visits ended"));
        }
        self.list(user, Filter { is_unresolved: true, ..filter }).await
    }

    /// The names to show beside `appointments`, a page of them at most.
    pub async fn names(&self, appointments: &[Appointment]) -> Names {
        self.neighbours.names(appointments).await
    }

    /// Every change, oldest first, and as whom `user` reads them.
    pub async fn history(&self, user: &User, id: AppointmentId) -> Result<(Vec<HistoryEntry>, Actor), Error> {
        let connection = self.store.connection().await?;
        let (appointment, _) = connection.find(id).await?.ok_or(Error::NotFound)?;
        audited::about_visit(&appointment);
        let actor = appointment.reader(user)?;
        let history = connection.history(id).await?;
        connection.note(audited::visit("read", &appointment).fields(["history"])).await?;
        Ok((history, actor))
    }

    /// For the patient and those who treat them or run the practice.
    pub async fn attendance(&self, user: &User, patient: PatientId) -> Result<Attendance, Error> {
        about("attendance", patient.0, Some(patient.0));
        let connection = self.store.connection().await?;
        match user.role {
            Role::Admin | Role::Staff => {}
            Role::Patient(own) if own == patient => {}
            Role::Patient(_) => return Err(Error::NoSuchPatient),
            Role::Doctor(doctor) if connection.treats(doctor, patient, self.care_days).await? => {}
            Role::Doctor(_) | Role::Auditor => return Err(Error::NotAllowed("not a patient of yours")),
        }
        let (attendance, is_known) =
            tokio::try_join!(connection.attendance(patient), connection.knows_party(patient))?;
        connection.note(Entry::new("read", "attendance").ids([patient.0]).of([patient.0])).await?;
        drop(connection);
        let is_the_practice = matches!(user.role, Role::Admin | Role::Staff);
        if is_the_practice && !is_known && self.neighbours.party(patient).await?.is_none() {
            return Err(Error::NoSuchPatient);
        }
        Ok(attendance)
    }

    /// For other services, which act for nobody; and when it was so.
    pub async fn summary(&self, id: AppointmentId) -> Result<(Appointment, Timestamp), Error> {
        self.store.connection().await?.find(id).await?.ok_or(Error::NotFound)
    }

    /// For calendars, which are of one doctor or patient. Programs keep what they got for minutes.
    pub async fn summaries(&self, filter: &Filter) -> Result<Seen, Error> {
        let (appointments, now) = self.store.list_late(filter).await?;
        Ok(Seen { appointments, now })
    }

    pub async fn treats(&self, doctor: DoctorId, patient: PatientId) -> Result<bool, Error> {
        Ok(self.store.connection().await?.treats(doctor, patient, self.care_days).await?)
    }

    /// Blanks what people wrote about visits of `patient`.
    pub async fn forget_words(&self, patient: PatientId) -> Result<(), Error> {
        Ok(self.store.connection().await?.forget_words(patient).await?)
    }

    pub async fn treated(&self, doctor: DoctorId) -> Result<Vec<PatientId>, Error> {
        Ok(self.store.connection().await?.treated(doctor, self.care_days).await?)
    }
}

/// `filter` narrowed to what the role may see; none when that is nothing.
fn within_role(user: &User, filter: Filter) -> Result<Option<Filter>, Error> {
    let is_hidden = filter.status == Some(Status::EnteredInError);
    match user.role {
        Role::Admin => Ok(Some(filter)),
        Role::Auditor => Err(Error::NotAllowed("auditors do not see visits")),
        _ if is_hidden => Ok(None),
        Role::Staff => Ok(Some(filter)),
        Role::Patient(own) if filter.patient_id.is_none_or(|asked| asked == own) => {
            Ok(Some(Filter { patient_id: Some(own), ..filter }))
        }
        Role::Doctor(own) if filter.doctor_id.is_none_or(|asked| asked == own) => {
            Ok(Some(Filter { doctor_id: Some(own), ..filter }))
        }
        Role::Patient(_) | Role::Doctor(_) => Ok(None),
    }
}
