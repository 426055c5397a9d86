//! A medical record: what was found and done. Never overwritten; an amendment is a new revision.
use jiff::Timestamp;
use proto::ids::{AppointmentId, DoctorId, MedicalRecordId, PatientId};
use proto::scalars::{ClinicalText, Reason};
use serde::{Deserialize, Serialize};

mod labels; // how far a record is, and which doctors read it

pub use labels::{Confidentiality, State};

/// One revision of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MedicalRecord {
    pub id: MedicalRecordId,
    pub patient_id: PatientId,
    pub appointment_id: Option<AppointmentId>,
    pub author: DoctorId,
    /// 1 for the first.
    pub revision: i32,
    pub state: State,
    /// Who is to sign besides the author.
    pub cosigner: Option<DoctorId>,
    pub confidentiality: Confidentiality,
    pub content: Content,
    /// When the co-signer signed this revision.
    pub cosigned_at: Option<Timestamp>,
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
    /// Why the patient does not read the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld_reason: Option<Reason>,
    /// Whether the record should never have been written: then this is the last revision. Revisions from before there
    /// were states have it here only.
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
    pub is_draft: bool,
    pub sections: Sections,
    pub cosigner: Option<DoctorId>,
    pub confidentiality: Confidentiality,
    pub withheld_reason: Option<Reason>,
}

/// One field with what it becomes.
#[derive(Clone, Debug)]
pub enum Change {
    Diagnosis(Option<ClinicalText>),
    Treatment(Option<ClinicalText>),
    Prescription(Option<ClinicalText>),
    Notes(Option<ClinicalText>),
    Cosigner(Option<DoctorId>),
    Confidentiality(Confidentiality),
    WithheldReason(Option<Reason>),
}

impl Change {
    /// As in the proto and in update masks.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Diagnosis(_) => "diagnosis",
            Self::Treatment(_) => "treatment",
            Self::Prescription(_) => "prescription",
            Self::Notes(_) => "notes",
            Self::Cosigner(_) => "cosigner_doctor_id",
            Self::Confidentiality(_) => "confidentiality",
            Self::WithheldReason(_) => "withheld_reason",
        }
    }
}

/// The next revision to be made, parsed.
#[derive(Clone, Debug)]
pub struct Amendment {
    pub changes: Vec<Change>,
    /// None only for a draft.
    pub reason: Option<Reason>,
}

/// A visit, as far as a record needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    pub patient_id: PatientId,
    pub doctor_id: DoctorId,
    pub is_cancelled: bool,
}

/// Why nothing more is said about a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    #[error(transparent)]
    NothingWritten(#[from] NothingWritten),
    #[error("the record was entered in error")]
    EnteredInError,
    #[error("the record is a draft")]
    NotSigned,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at least one of diagnosis, treatment, prescription and notes is required")]
pub struct NothingWritten;

impl MedicalRecord {
    /// Whether `doctor`, who may read it, may do so only for having broken the glass.
    pub fn is_behind_glass(&self, doctor: DoctorId, treats: bool) -> bool {
        let is_own = self.author == doctor || self.cosigner == Some(doctor);
        !treats || self.confidentiality != Confidentiality::Normal && !is_own
    }

    pub fn first(new: NewRecord, patient_id: PatientId, author: DoctorId, now: Timestamp) -> Self {
        let NewRecord { appointment_id, is_draft, sections, cosigner, confidentiality, withheld_reason } =
            new;
        let content = Content { sections, amendment_reason: None, withheld_reason, entered_in_error: false };
        let id = MedicalRecordId::random();
        Self {
            id,
            patient_id,
            appointment_id,
            author,
            revision: 1,
            state: if is_draft { State::Draft } else { State::Signed },
            cosigner,
            confidentiality,
            content,
            cosigned_at: None,
            created_at: now,
            revised_at: now,
        }
    }

    /// When the author signed this revision: as they wrote it.
    pub fn signed_at(&self) -> Option<Timestamp> {
        (self.state != State::Draft).then_some(self.revised_at)
    }

    /// Whether the co-signer has still to sign this revision.
    pub fn awaits_cosignature(&self) -> bool {
        self.cosigner.is_some() && self.state.is_in_force() && self.cosigned_at.is_none()
    }

    /// The next revision: of a draft another draft, of a signed record an amendment.
    pub fn amended(self, amendment: Amendment, now: Timestamp) -> Result<Self, Closed> {
        let state = match self.state {
            State::Draft => State::Draft,
            State::Signed | State::Amended => State::Amended,
            State::EnteredInError => return Err(Closed::EnteredInError),
        };
        let Amendment { changes, reason } = amendment;
        let mut next = Self { state, ..self.followed(reason, now) };
        for change in changes {
            next.apply(change);
        }
        next.content.sections = next.content.sections.with_something()?;
        Ok(next)
    }

    /// The signed revision with the words of the draft.
    pub fn signed(self, now: Timestamp) -> Result<Self, Closed> {
        match self.state {
            State::Draft => Ok(Self { state: State::Signed, ..self.followed(None, now) }),
            State::Signed | State::Amended => Ok(self),
            State::EnteredInError => Err(Closed::EnteredInError),
        }
    }

    /// Whether a co-signature can be put under it.
    pub fn cosignable(&self) -> Result<(), Closed> {
        match self.state {
            State::Draft => Err(Closed::NotSigned),
            State::Signed | State::Amended => Ok(()),
            State::EnteredInError => Err(Closed::EnteredInError),
        }
    }

    /// The last revision, which has the words of the one before. A draft, which others never saw, has none.
    pub fn entered_in_error(self, reason: Reason, now: Timestamp) -> Result<Self, Closed> {
        if self.state == State::Draft {
            return Err(Closed::NotSigned);
        }
        let mut next = Self { state: State::EnteredInError, ..self.followed(Some(reason), now) };
        next.content.entered_in_error = true;
        Ok(next)
    }

    /// The same once more, as another revision.
    fn followed(self, reason: Option<Reason>, now: Timestamp) -> Self {
        let content = Content { amendment_reason: reason, ..self.content };
        Self { revision: self.revision + 1, content, cosigned_at: None, revised_at: now, ..self }
    }

    fn apply(&mut self, change: Change) {
        let sections = &mut self.content.sections;
        match change {
            Change::Diagnosis(text) => sections.diagnosis = text,
            Change::Treatment(text) => sections.treatment = text,
            Change::Prescription(text) => sections.prescription = text,
            Change::Notes(text) => sections.notes = text,
            Change::Cosigner(doctor) => self.cosigner = doctor,
            Change::Confidentiality(label) => self.confidentiality = label,
            Change::WithheldReason(reason) => self.content.withheld_reason = reason,
        }
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

    fn written(is_draft: bool) -> MedicalRecord {
        let new = NewRecord {
            appointment_id: None,
            is_draft,
            sections: Sections { diagnosis: Some(text("Flu")), ..Sections::default() },
            cosigner: None,
            confidentiality: Confidentiality::Normal,
            withheld_reason: None,
        };
        MedicalRecord::first(new, PatientId::random(), DoctorId::random(), noon())
    }

    fn reason(text: &str) -> Reason {
        text.to_owned().try_into().unwrap()
    }

    fn amendment(changes: Vec<Change>) -> Amendment {
        Amendment { changes, reason: Some(reason("Laboratory result")) }
    }

    #[test]
    fn an_amendment_keeps_what_it_does_not_mention() {
        let treated = amendment(vec![Change::Treatment(Some(text("Rest")))]);
        let amended = written(false).amended(treated, noon()).unwrap();
        assert_eq!((amended.revision, amended.state), (2, State::Amended));
        assert_eq!(amended.content.sections.diagnosis, Some(text("Flu")));
        assert_eq!(amended.content.sections.treatment, Some(text("Rest")));
        assert!(amended.content.amendment_reason.is_some());
    }

    #[test]
    fn a_draft_stays_a_draft_until_it_is_signed() {
        let changed = written(true).amended(Amendment { changes: vec![], reason: None }, noon()).unwrap();
        assert_eq!((changed.revision, changed.state, changed.signed_at()), (2, State::Draft, None));
        let signed = changed.signed(noon()).unwrap();
        assert_eq!((signed.revision, signed.state, signed.signed_at()), (3, State::Signed, Some(noon())));
        assert_eq!(signed.clone().signed(noon()), Ok(signed), "signing twice is signing once");
    }

    #[test]
    fn a_draft_is_neither_cosigned_nor_entered_in_error() {
        assert_eq!(written(true).cosignable(), Err(Closed::NotSigned));
        assert_eq!(written(true).entered_in_error(reason("Mistake"), noon()), Err(Closed::NotSigned));
    }

    #[test]
    fn every_revision_waits_for_its_own_cosignature() {
        let draft = MedicalRecord { cosigner: Some(DoctorId::random()), ..written(true) };
        assert!(!draft.awaits_cosignature());
        let signed = draft.signed(noon()).unwrap();
        assert!(signed.awaits_cosignature());
        let cosigned = MedicalRecord { cosigned_at: Some(noon()), ..signed };
        assert!(!cosigned.awaits_cosignature());
        assert!(cosigned.amended(amendment(vec![]), noon()).unwrap().awaits_cosignature());
    }

    #[test]
    fn a_record_never_becomes_empty() {
        let emptied = written(false).amended(amendment(vec![Change::Diagnosis(None)]), noon());
        assert_eq!(emptied, Err(Closed::NothingWritten(NothingWritten)));
    }

    #[test]
    fn what_was_entered_in_error_keeps_its_words_and_is_amended_no_more() {
        let first = written(false);
        let wrong = first.clone().entered_in_error(reason("Another patient"), noon()).unwrap();
        assert_eq!((wrong.revision, &wrong.content.sections), (2, &first.content.sections));
        let amended = wrong.clone().amended(amendment(vec![Change::Notes(Some(text("Rest")))]), noon());
        assert_eq!(amended, Err(Closed::EnteredInError));
        assert_eq!(wrong.signed(noon()), Err(Closed::EnteredInError));
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
