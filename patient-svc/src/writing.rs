//! The use cases of whoever writes medical records. As in the registry, what was sent is looked at once the sender may
//! write.
use crate::audited::on_record;
use crate::calendar::Calendar;
use crate::care::Care;
use crate::charts::Charts;
use crate::domain::Expected;
use crate::domain::access::{self, Reading};
use crate::domain::record::{Amendment, Change, MedicalRecord, NewRecord, State};
use crate::error::Error;
use crate::store::Store;
use jiff::Timestamp;
use platform::audit::Entry;
use platform::caller::User;
use platform::context::about;
use platform::violations::Violations;
use proto::ids::{AppointmentId, DoctorId, MedicalRecordId, PatientId};
use proto::scalars::Reason;

#[derive(Clone)]
pub struct Writing {
    store: Store,
    calendar: Calendar,
    care: Care,
    charts: Charts,
}

impl Writing {
    pub fn new(store: Store, calendar: Calendar, care: Care, charts: Charts) -> Self {
        Self { store, calendar, care, charts }
    }

    pub async fn write(
        &self,
        user: User,
        patient: PatientId,
        new: Result<NewRecord, Violations>,
        now: Timestamp,
    ) -> Result<MedicalRecord, Error> {
        about("medical_record", patient.0, Some(patient.0));
        let author = access::writer(user.role, patient).map_err(Error::of_patient)?;
        let reading = self.attending(author, patient).await?;
        let new = new?;
        if let Some(visit) = new.appointment_id {
            self.require_visit(visit, patient, author).await?;
        }
        if let Some(cosigner) = new.cosigner {
            self.require_cosigner(cosigner, patient, author).await?;
        }
        let record = MedicalRecord::first(new, patient, author, now);
        let mut connection = self.store.connection().await?;
        let tx = connection.begin_about(patient).await?;
        tx.lock(patient).await?.ok_or(Error::PatientNotFound)?.present()?;
        tx.insert_record(&record).await?;
        tx.note(on_record("create", &record, reading));
        tx.commit().await?;
        Ok(record)
    }

    /// Writes another draft, or amends what was signed. `amendment` is parsed for the state that the record is in.
    pub async fn amend(
        &self,
        user: User,
        id: MedicalRecordId,
        expected: Expected,
        amendment: impl FnOnce(State) -> Result<Amendment, Violations>,
        now: Timestamp,
    ) -> Result<MedicalRecord, Error> {
        let (record, reading) = self.find_as_author(user, id).await?;
        require_seen(expected)?;
        let amendment = amendment(record.state)?;
        expected.check(record.revision.into())?;
        for change in &amendment.changes {
            if let Change::Cosigner(Some(cosigner)) = change {
                self.require_cosigner(*cosigner, record.patient_id, record.author).await?;
            }
        }
        let fields: Vec<&str> = amendment.changes.iter().map(Change::field).collect();
        let record = record.amended(amendment, now)?;
        let entry = on_record("amend", &record, reading).fields(fields);
        self.append(record, entry).await
    }

    /// Signs a draft; a second time answers the same again.
    pub async fn sign(
        &self,
        user: User,
        id: MedicalRecordId,
        expected: Expected,
        now: Timestamp,
    ) -> Result<MedicalRecord, Error> {
        let (record, reading) = self.find_as_author(user, id).await?;
        require_seen(expected)?;
        let revision = record.revision;
        let signed = record.signed(now)?;
        if signed.revision == revision {
            self.store.note(on_record("read", &signed, reading)).await?;
            return Ok(signed);
        }
        expected.check(revision.into())?;
        let entry = on_record("sign", &signed, reading);
        self.append(signed, entry).await
    }

    /// Signs the revision as well; a second time answers the same again.
    pub async fn cosign(
        &self,
        user: User,
        id: MedicalRecordId,
        expected: Expected,
        now: Timestamp,
    ) -> Result<MedicalRecord, Error> {
        let (record, reading) = self.charts.look(user, id).await?;
        let doctor = access::writer(user.role, record.patient_id).map_err(Error::of_record)?;
        if record.cosigner != Some(doctor) {
            return Err(Error::NotTheCosigner);
        }
        require_seen(expected)?;
        record.cosignable()?;
        expected.check(record.revision.into())?;
        if record.cosigned_at.is_some() {
            self.store.note(on_record("read", &record, reading)).await?;
            return Ok(record);
        }
        let mut connection = self.store.connection().await?;
        let tx = connection.begin_about(record.patient_id).await?;
        tx.cosign_record(id, record.revision, doctor, now).await?;
        tx.note(on_record("cosign", &record, reading));
        tx.commit().await?;
        Ok(MedicalRecord { cosigned_at: Some(now), ..record })
    }

    /// Marks a record; a second time answers the same again.
    pub async fn mark_entered_in_error(
        &self,
        user: User,
        id: MedicalRecordId,
        expected: Expected,
        reason: Result<Reason, Violations>,
        now: Timestamp,
    ) -> Result<MedicalRecord, Error> {
        let (record, reading) = self.find_as_author(user, id).await?;
        let reason = reason?;
        if record.state == State::EnteredInError {
            self.store.note(on_record("read", &record, reading)).await?;
            return Ok(record);
        }
        expected.check(record.revision.into())?;
        let record = record.entered_in_error(reason, now)?;
        let entry = on_record("mark_entered_in_error", &record, reading);
        self.append(record, entry).await
    }

    /// Writes the next revision.
    async fn append(&self, record: MedicalRecord, entry: Entry) -> Result<MedicalRecord, Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin_about(record.patient_id).await?;
        tx.amend_record(&record).await?;
        tx.note(entry);
        tx.commit().await?;
        Ok(record)
    }

    /// As whom `doctor` writes about `patient`: one who treats them, or who broke the glass and says what was done.
    async fn attending(&self, doctor: DoctorId, patient: PatientId) -> Result<Reading, Error> {
        let treats = self.care.treats_or_away(doctor, patient).await?;
        if !treats && !self.store.glass_is_broken(doctor, patient).await? {
            return Err(Error::RelationshipRequired);
        }
        Ok(Reading::Doctor { id: doctor, treats })
    }

    /// The record, for the doctor who wrote it and still treats the patient, and as whom they read it.
    async fn find_as_author(
        &self,
        user: User,
        id: MedicalRecordId,
    ) -> Result<(MedicalRecord, Reading), Error> {
        let (record, reading) = self.charts.look(user, id).await?;
        match access::writer(user.role, record.patient_id) {
            Ok(doctor) if doctor == record.author => Ok((record, reading)),
            Ok(_) => Err(Error::NotTheAuthor),
            Err(denied) => Err(Error::of_record(denied)),
        }
    }

    async fn require_visit(
        &self,
        id: AppointmentId,
        patient: PatientId,
        author: DoctorId,
    ) -> Result<(), Error> {
        match self.calendar.visit(id).await? {
            Some(visit) if visit.fits(patient, author) => Ok(()),
            // One answer for all: it says nothing about other people's visits.
            _ => {
                let problem = "must be a visit of this patient to this doctor that was not cancelled";
                Err(Violations::of("medical_record.appointment_id", problem).into())
            }
        }
    }

    async fn require_cosigner(
        &self,
        cosigner: DoctorId,
        patient: PatientId,
        author: DoctorId,
    ) -> Result<(), Error> {
        if cosigner != author && self.care.treats(cosigner, patient).await? {
            return Ok(());
        }
        let problem = "must be another doctor who treats this patient";
        Err(Violations::of("medical_record.cosigner_doctor_id", problem).into())
    }
}

/// One signs, or adds to, what one has seen.
fn require_seen(expected: Expected) -> Result<(), Error> {
    if expected.0.is_none() { Err(Error::RevisionRequired) } else { Ok(()) }
}
