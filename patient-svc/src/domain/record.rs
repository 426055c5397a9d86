//! A medical record: what was found and done. Never overwritten; an amendment is a new revision.
use jiff::Timestamp;
use proto::ids::{AppointmentId, DoctorId, MedicalRecordId, PatientId};
use proto::scalars::{ClinicalText, Reason};
use serde::{Deserialize, Serialize};

/// One revision of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MedicalRecord {
    pub id: MedicalRecordId,
    pub patient_id: PatientId,
    pub appointment_id: Option<AppointmentId>,
    pub author: DoctorId,
    /// 1 for the first.
    pub revision: i32,
    pub content: Content,
    pub created_at: Timestamp,
    /// When this revision was made.
    pub revised_at: Timestamp,
}

/// The words of one revision, which are stored sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    #[serde(flatten)]
    pub sections: Sections,
    /// Why the revision was made; none for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amendment_reason: Option<Reason>,
    /// Whether the record should never have been written: then this is the last revision.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub entered_in_error: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sections {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diagnosis: Option<ClinicalText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub treatment: Option<ClinicalText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prescription: Option<ClinicalText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<ClinicalText>,
}

/// A record to be written, parsed.
#[derive(Clone, Debug)]
pub struct NewRecord {
    pub appointment_id: Option<AppointmentId>,
    pub sections: Sections,
}

/// One section with its new text.
#[derive(Clone, Debug)]
pub enum SectionChange {
    Diagnosis(Option<ClinicalText>),
    Treatment(Option<ClinicalText>),
    Prescription(Option<ClinicalText>),
    Notes(Option<ClinicalText>),
}

/// An amendment to be made, parsed.
#[derive(Clone, Debug)]
pub struct Amendment {
    pub changes: Vec<SectionChange>,
    pub reason: Reason,
}

/// A visit, as far as a record needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    pub patient_id: PatientId,
    pub doctor_id: DoctorId,
    pub is_cancelled: bool,
}

/// Why a record cannot be amended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unamendable {
    #[error(transparent)]
    NothingWritten(#[from] NothingWritten),
    #[error("the record was entered in error")]
    EnteredInError,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at least one of diagnosis, treatment, prescription and notes is required")]
pub struct NothingWritten;

impl MedicalRecord {
    pub fn first(new: NewRecord, patient_id: PatientId, author: DoctorId, now: Timestamp) -> Self {
        let NewRecord { appointment_id, sections } = new;
        let content = Content { sections, amendment_reason: None, entered_in_error: false };
        let id = MedicalRecordId::random();
        Self {
            id,
            patient_id,
            appointment_id,
            author,
            revision: 1,
            content,
            created_at: now,
            revised_at: now,
        }
    }

    /// The next revision.
    pub fn amended(self, amendment: Amendment, now: Timestamp) -> Result<Self, Unamendable> {
        if self.content.entered_in_error {
            return Err(Unamendable::EnteredInError);
        }
        let mut sections = self.content.sections.clone();
        for change in amendment.changes {
            sections.set(change);
        }
        let (sections, amendment_reason) = (sections.with_something()?, Some(amendment.reason));
        let content = Content { sections, amendment_reason, entered_in_error: false };
        Ok(Self { revision: self.revision + 1, content, revised_at: now, ..self })
    }

    /// The last revision, which has the words of the one before.
    #[must_use]
    pub fn entered_in_error(self, reason: Reason, now: Timestamp) -> Self {
        let sections = self.content.sections;
        let content = Content { sections, amendment_reason: Some(reason), entered_in_error: true };
        Self { revision: self.revision + 1, content, revised_at: now, ..self }
    }
}

impl Sections {
    pub fn with_something(self) -> Result<Self, NothingWritten> {
        if self == Self::default() { Err(NothingWritten) } else { Ok(self) }
    }

    /// How many bytes of text it is.
    pub fn bytes(&self) -> usize {
        let Self { diagnosis, treatment, prescription, notes } = self;
        [diagnosis, treatment, prescription, notes]
            .into_iter()
            .flatten()
            .map(|text| text.as_str().len())
            .sum()
    }

    fn set(&mut self, change: SectionChange) {
        match change {
            SectionChange::Diagnosis(text) => self.diagnosis = text,
            SectionChange::Treatment(text) => self.treatment = text,
            SectionChange::Prescription(text) => self.prescription = text,
            SectionChange::Notes(text) => self.notes = text,
        }
    }
}

impl Visit {
    /// Whether a record by `author` about `patient` can belong to the visit.
    pub fn fits(self, patient: PatientId, author: DoctorId) -> bool {
        self.patient_id == patient && self.doctor_id == author && !self.is_cancelled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Timestamp {
        "2030-01-07T12:00:00Z".parse().unwrap()
    }

    fn text(text: &str) -> ClinicalText {
        text.to_owned().try_into().unwrap()
    }

    fn first() -> MedicalRecord {
        let sections = Sections { diagnosis: Some(text("Flu")), ..Sections::default() };
        let new = NewRecord { appointment_id: None, sections };
        MedicalRecord::first(new, PatientId::random(), DoctorId::random(), noon())
    }

    fn amendment(changes: Vec<SectionChange>) -> Amendment {
        Amendment { changes, reason: "Laboratory result".to_owned().try_into().unwrap() }
    }

    #[test]
    fn an_amendment_keeps_what_it_does_not_mention() {
        let amended =
            first().amended(amendment(vec![SectionChange::Treatment(Some(text("Rest")))]), noon()).unwrap();
        assert_eq!(amended.revision, 2);
        assert_eq!(amended.content.sections.diagnosis, Some(text("Flu")));
        assert_eq!(amended.content.sections.treatment, Some(text("Rest")));
        assert!(amended.content.amendment_reason.is_some());
    }

    #[test]
    fn a_record_never_becomes_empty() {
        let emptied = first().amended(amendment(vec![SectionChange::Diagnosis(None)]), noon());
        assert_eq!(emptied, Err(Unamendable::NothingWritten(NothingWritten)));
    }

    #[test]
    fn what_was_entered_in_error_keeps_its_words_and_is_amended_no_more() {
        let first = first();
        let wrong = first.clone().entered_in_error("Another patient".to_owned().try_into().unwrap(), noon());
        assert_eq!((wrong.revision, &wrong.content.sections), (2, &first.content.sections));
        let amended = wrong.amended(amendment(vec![SectionChange::Notes(Some(text("Rest")))]), noon());
        assert_eq!(amended, Err(Unamendable::EnteredInError));
    }

    #[test]
    fn what_was_sealed_before_was_not_entered_in_error() {
        let content: Content = serde_json::from_str(r#"{"diagnosis":"Flu"}"#).unwrap();
        assert!(!content.entered_in_error);
        assert_eq!(serde_json::to_string(&content).unwrap(), r#"{"diagnosis":"Flu"}"#);
    }

    #[test]
    fn a_record_belongs_to_a_visit_of_the_same_two_people() {
        let (patient_id, doctor_id) = (PatientId::random(), DoctorId::random());
        let visit = Visit { patient_id, doctor_id, is_cancelled: false };
        assert!(visit.fits(patient_id, doctor_id));
        assert!(!visit.fits(PatientId::random(), doctor_id));
        assert!(!visit.fits(patient_id, DoctorId::random()));
        assert!(!Visit { is_cancelled: true, ..visit }.fits(patient_id, doctor_id));
    }
}
