//! The use cases on medical records. As in the registry, what was sent is looked at once the sender may write.
use crate::calendar::Calendar;
use crate::care::Care;
use crate::domain::Expected;
use crate::domain::access::{self, Reader};
use crate::domain::record::{Amendment, MedicalRecord, NewRecord, Unamendable};
use crate::error::Error;
use crate::pages::{AskedPage, Page};
use crate::store::{RecordsOf, Store};
use jiff::Timestamp;
use platform::caller::User;
use platform::page::PageTokens;
use platform::violations::Violations;
use proto::ids::{AppointmentId, DoctorId, MedicalRecordId, PatientId};
use proto::scalars::Reason;

/// Names of the lists in page tokens.
const RECORDS: &str = "medical-records";
const REVISIONS: &str = "medical-record-revisions";

/// Most bytes of text on one page: clients take messages of 4 MiB.
const PAGE_BYTES: usize = 2 * 1024 * 1024;

#[derive(Clone)]
pub struct Charts {
    store: Store,
    calendar: Calendar,
    care: Care,
    tokens: PageTokens,
}

impl Charts {
    pub fn new(store: Store, calendar: Calendar, care: Care, tokens: PageTokens) -> Self {
        Self { store, calendar, care, tokens }
    }

    pub async fn write(
        &self,
        user: User,
        patient: PatientId,
        new: Result<NewRecord, Violations>,
        now: Timestamp,
    ) -> Result<MedicalRecord, Error> {
        let author = access::writer(user.role, patient).map_err(Error::of_patient)?;
        self.require_treating(author, patient).await?;
        let new = new?;
        if let Some(visit) = new.appointment_id {
            self.require_visit(visit, patient, author).await?;
        }
        let record = MedicalRecord::first(new, patient, author, now);
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        tx.lock(patient).await?.ok_or(Error::PatientNotFound)?.present()?;
        tx.insert_record(&record).await?;
        tx.commit().await?;
        Ok(record)
    }

    pub async fn find(&self, user: User, id: MedicalRecordId) -> Result<MedicalRecord, Error> {
        let reader = access::reader(user.role).map_err(Error::of_record)?;
        let record = self.store.record(id).await?.ok_or(Error::RecordNotFound)?;
        self.require_readable(reader, record.patient_id, Error::RecordNotFound).await?;
        Ok(record)
    }

    /// One page of a patient's records, with those that were written before records were merged, and the token of
    /// the next.
    pub async fn list_of_patient(
        &self,
        user: User,
        patient: PatientId,
        page: AskedPage,
    ) -> Result<(Vec<MedicalRecord>, String), Error> {
        let reader = access::reader(user.role).map_err(Error::of_patient)?;
        self.require_readable(reader, patient, Error::PatientNotFound).await?;
        let patient = self.store.find_readable(patient).await?.ok_or(Error::PatientNotFound)?;
        let of = match reader {
            // Whoever was merged by mistake does not read what is another's.
            Reader::Oneself(own) => own,
            Reader::Treating(_) => patient.merged_into.unwrap_or(patient.id),
        };
        self.list(RecordsOf::Patient(of), page).await
    }

    /// One page of a visit's records, and the token of the next.
    pub async fn list_of_visit(
        &self,
        user: User,
        id: AppointmentId,
        page: AskedPage,
    ) -> Result<(Vec<MedicalRecord>, String), Error> {
        let reader = access::reader(user.role).map_err(Error::of_record)?;
        let visit = self.calendar.visit(id).await?.ok_or(Error::AppointmentNotFound)?;
        self.require_readable(reader, visit.patient_id, Error::AppointmentNotFound).await?;
        self.list(RecordsOf::Visit(id), page).await
    }

    async fn list(&self, of: RecordsOf, page: AskedPage) -> Result<(Vec<MedicalRecord>, String), Error> {
        let Page { after, size } = page.open(&self.tokens, RECORDS)?;
        let records = self.store.records(of, after, size + 1).await?;
        let size = fitting(&records, size);
        Ok(self.tokens.cut(RECORDS, records, size, |record| record.id))
    }

    /// One page of a record's revisions, and the token of the next.
    pub async fn revisions(
        &self,
        user: User,
        id: MedicalRecordId,
        page: AskedPage,
    ) -> Result<(Vec<MedicalRecord>, String), Error> {
        self.find(user, id).await?;
        let Page { after, size } = page.open(&self.tokens, REVISIONS)?;
        let revisions = self.store.revisions(id, after, size + 1).await?;
        let size = fitting(&revisions, size);
        Ok(self.tokens.cut(REVISIONS, revisions, size, |record| record.revision))
    }

    pub async fn amend(
        &self,
        user: User,
        id: MedicalRecordId,
        expected: Expected,
        amendment: Result<Amendment, Violations>,
        now: Timestamp,
    ) -> Result<MedicalRecord, Error> {
        let record = self.find_as_author(user, id).await?;
        if expected.0.is_none() {
            return Err(Error::RevisionRequired);
        }
        let amendment = amendment?;
        expected.check(record.revision.into())?;
        let record = record.amended(amendment, now).map_err(|problem| match problem {
            Unamendable::NothingWritten(problem) => Violations::of("medical_record", problem).into(),
            Unamendable::EnteredInError => Error::EnteredInError,
        })?;
        self.append(&record).await?;
        Ok(record)
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
        let record = self.find_as_author(user, id).await?;
        let reason = reason?;
        if record.content.entered_in_error {
            return Ok(record);
        }
        expected.check(record.revision.into())?;
        let record = record.entered_in_error(reason, now);
        self.append(&record).await?;
        Ok(record)
    }

    /// Writes the next revision.
    async fn append(&self, record: &MedicalRecord) -> Result<(), Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        tx.amend_record(record).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The record, for the doctor who wrote it and still treats the patient.
    async fn find_as_author(&self, user: User, id: MedicalRecordId) -> Result<MedicalRecord, Error> {
        let record = self.find(user, id).await?;
        match access::writer(user.role, record.patient_id) {
            Ok(doctor) if doctor == record.author => Ok(record),
            Ok(_) => Err(Error::NotTheAuthor),
            Err(denied) => Err(Error::of_record(denied)),
        }
    }

    /// Patients read their own records, and others' are `hidden` from them; doctors read those of the
    /// patients they treat.
    async fn require_readable(&self, reader: Reader, patient: PatientId, hidden: Error) -> Result<(), Error> {
        match reader {
            Reader::Oneself(own) if self.care.is_same(own, patient).await? => Ok(()),
            Reader::Oneself(_) => Err(hidden),
            Reader::Treating(doctor) => self.require_treating(doctor, patient).await,
        }
    }

    async fn require_treating(&self, doctor: DoctorId, patient: PatientId) -> Result<(), Error> {
        if self.care.treats(doctor, patient).await? { Ok(()) } else { Err(Error::RelationshipRequired) }
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
}

/// How many of `records`, at most `size`, fit on one page.
fn fitting(records: &[MedicalRecord], size: i64) -> i64 {
    let mut bytes = 0;
    let fits = |record: &&MedicalRecord| {
        bytes += record.content.sections.bytes();
        bytes <= PAGE_BYTES
    };
    let fitting = records.iter().take_while(fits).count().max(1);
    i64::try_from(fitting).map_or(size, |fitting| fitting.min(size))
}
