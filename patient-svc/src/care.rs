//! Who treats whom: whoever treats a patient under one record treats them under every record that was merged.
use crate::calendar::Calendar;
use crate::error::Error;
use crate::store::Store;
use proto::ids::{DoctorId, PatientId};

#[derive(Clone)]
pub struct Care {
    store: Store,
    calendar: Calendar,
}

impl Care {
    pub fn new(store: Store, calendar: Calendar) -> Self {
        Self { store, calendar }
    }

    /// Whether `doctor` treats `patient`.
    pub async fn treats(&self, doctor: DoctorId, patient: PatientId) -> Result<bool, Error> {
        if self.calendar.treats(doctor, patient).await? {
            return Ok(true);
        }
        for same in self.store.same_people(&[patient]).await? {
            if same != patient && self.calendar.treats(doctor, same).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether `doctor` treats `patient`, for a statement that looks at grants itself: whoever has one need not wait for
    /// a calendar that is away.
    pub async fn treats_or_away(&self, doctor: DoctorId, patient: PatientId) -> Result<bool, Error> {
        match self.treats(doctor, patient).await {
            Err(Error::CalendarAway(_)) if self.store.glass_is_broken(doctor, patient).await? => Ok(false),
            answer => answer,
        }
    }

    /// The patients whom `doctor` treats, under every record they have.
    pub async fn panel(&self, doctor: DoctorId) -> Result<Vec<PatientId>, Error> {
        let treated = self.calendar.panel(doctor).await?;
        Ok(self.store.same_people(&treated).await?)
    }

    /// Whether the records of `patient` are those of whoever logs in as `own`.
    pub async fn is_same(&self, own: PatientId, patient: PatientId) -> Result<bool, Error> {
        Ok(own == patient || self.store.survivor(patient).await? == Some(own))
    }
}
