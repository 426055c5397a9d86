//! The use cases of whoever reads medical records.
use crate::audited::{listed_records, on_record};
use crate::calendar::Calendar;
use crate::care::Care;
use crate::domain::access::{self, Reader, Reading};
use crate::domain::record::MedicalRecord;
use crate::error::Error;
use crate::pages::{AskedPage, Page};
use crate::store::{PAGE_BYTES, Sighting, Store};
use platform::caller::User;
use platform::context::about;
use platform::page::PageTokens;
use proto::ids::{AppointmentId, MedicalRecordId, PatientId};

/// Names of the lists in page tokens.
const RECORDS: &str = "medical-records";
const REVISIONS: &str = "medical-record-revisions";

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

    pub async fn find(&self, user: User, id: MedicalRecordId) -> Result<MedicalRecord, Error> {
        let (record, reading) = self.look(user, id).await?;
        self.store.note(on_record("read", &record, reading)).await?;
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
        about("medical_record", patient.0, Some(patient.0));
        let reader = access::reader(user.role).map_err(Error::of_patient)?;
        let reading = self.admitted(reader, patient, Error::PatientNotFound).await?;
        let patient = self.store.find_readable(patient).await?.ok_or(Error::PatientNotFound)?;
        let of = match reader {
            // Whoever was merged by mistake does not read what is another's.
            Reader::Oneself(own) => own,
            Reader::Treating(_) => patient.merged_into.unwrap_or(patient.id),
        };
        self.list(of, None, reading, page).await
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
        about("appointment", id.0, Some(visit.patient_id.0));
        let reading = self.admitted(reader, visit.patient_id, Error::AppointmentNotFound).await?;
        self.store.find_readable(visit.patient_id).await?.ok_or(Error::AppointmentNotFound)?;
        self.list(visit.patient_id, Some(id), reading, page).await
    }

    async fn list(
        &self,
        patient: PatientId,
        visit: Option<AppointmentId>,
        reading: Reading,
        page: AskedPage,
    ) -> Result<(Vec<MedicalRecord>, String), Error> {
        let Page { after, size } = page.open(&self.tokens, RECORDS)?;
        let records = self.store.records(patient, visit, reading, after, size + 1).await?;
        let size = fitting(&records, size);
        let (records, next) = self.tokens.cut(RECORDS, records, size, |record| record.id);
        self.store.note(listed_records(patient, reading, &records)).await?;
        Ok((records, next))
    }

    /// One page of a record's revisions, and the token of the next.
    pub async fn revisions(
        &self,
        user: User,
        id: MedicalRecordId,
        page: AskedPage,
    ) -> Result<(Vec<MedicalRecord>, String), Error> {
        let (record, reading) = self.look(user, id).await?;
        let Page { after, size } = page.open(&self.tokens, REVISIONS)?;
        let revisions = self.store.revisions(record.patient_id, id, reading, after, size + 1).await?;
        let size = fitting(&revisions, size);
        let (revisions, next) = self.tokens.cut(REVISIONS, revisions, size, |record| record.revision);
        // As the latest says, by which it is judged who reads any.
        self.store.note(on_record("read", &record, reading).fields(["revisions"])).await?;
        Ok((revisions, next))
    }

    /// The latest revision, and as whom the caller reads it, for a use case that notes what comes of it.
    pub async fn look(&self, user: User, id: MedicalRecordId) -> Result<(MedicalRecord, Reading), Error> {
        let reader = access::reader(user.role).map_err(Error::of_record)?;
        let patient = self.store.patient_of_record(id).await?.ok_or(Error::RecordNotFound)?;
        about("medical_record", id.0, Some(patient.0));
        let reading = self.reading(reader, patient, Error::RecordNotFound).await?;
        match self.store.record(patient, id, reading).await? {
            Some(Sighting::Open(record)) => Ok((*record, reading)),
            Some(Sighting::Untreated) => Err(Error::RelationshipRequired),
            Some(Sighting::Restricted) => Err(Error::RestrictedRecord),
            Some(Sighting::Hidden) | None => Err(Error::RecordNotFound),
        }
    }

    /// As whom somebody reads about `patient`. Patients read their own records, and others' are `hidden` from them;
    /// which of them are for a doctor is judged where they are read.
    async fn reading(&self, reader: Reader, patient: PatientId, hidden: Error) -> Result<Reading, Error> {
        match reader {
            Reader::Oneself(own) if self.care.is_same(own, patient).await? => Ok(Reading::Oneself),
            Reader::Oneself(_) => Err(hidden),
            Reader::Treating(id) => {
                Ok(Reading::Doctor { id, treats: self.care.treats_or_away(id, patient).await? })
            }
        }
    }

    /// The same, for a list, which says nothing to whoever may read none of it.
    async fn admitted(&self, reader: Reader, patient: PatientId, hidden: Error) -> Result<Reading, Error> {
        let reading = self.reading(reader, patient, hidden).await?;
        match reading {
            Reading::Doctor { id, treats: false } if !self.store.glass_is_broken(id, patient).await? => {
                Err(Error::RelationshipRequired)
            }
            reading => Ok(reading),
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
