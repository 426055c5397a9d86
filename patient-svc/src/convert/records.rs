//! Medical records and amendments.
use super::paths;
use crate::domain::record::{
    Amendment, Change, Confidentiality, Content, MedicalRecord, NewRecord, Sections, State,
};
use platform::violations::Violations;
use proto::ids::{AppointmentId, DoctorId, MedicalRecordId, PatientId};
use proto::patient as pb;
use proto::time::to_wire;

/// Whose records, or of which visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListedOf {
    Patient(PatientId),
    Visit(AppointmentId),
}

pub fn record_id(field: &str, id: &str) -> Result<MedicalRecordId, Violations> {
    id.parse().map_err(|problem| Violations::of(field, problem))
}

pub fn listed_of(request: &pb::ListMedicalRecordsRequest) -> Result<ListedOf, Violations> {
    let mut wrong = Violations::default();
    let of = match (request.patient_id.as_str(), request.appointment_id.as_str()) {
        (id, "") => wrong.field("patient_id", id.parse()).map(ListedOf::Patient),
        ("", id) => wrong.field("appointment_id", id.parse()).map(ListedOf::Visit),
        _ => {
            wrong.add("appointment_id", "must not be set together with patient_id");
            None
        }
    };
    of.ok_or(wrong)
}

pub fn new_record(record: pb::MedicalRecord) -> Result<NewRecord, Violations> {
    let mut wrong = Violations::default();
    let is_draft = match record.state() {
        pb::MedicalRecordState::Draft => true,
        pb::MedicalRecordState::Unspecified | pb::MedicalRecordState::Signed => false,
        pb::MedicalRecordState::Amended | pb::MedicalRecordState::EnteredInError => {
            wrong.add("medical_record.state", "must be draft or signed");
            false
        }
    };
    let appointment_id = match record.appointment_id.as_str() {
        "" => None,
        id => wrong.field("medical_record.appointment_id", id.parse()),
    };
    let cosigner = cosigner(&mut wrong, &record);
    let confidentiality = confidentiality(&record).unwrap_or(Confidentiality::Normal);
    let sections = Sections {
        diagnosis: wrong.optional("medical_record.diagnosis", record.diagnosis),
        treatment: wrong.optional("medical_record.treatment", record.treatment),
        prescription: wrong.optional("medical_record.prescription", record.prescription),
        notes: wrong.optional("medical_record.notes", record.notes),
    };
    let withheld_reason = wrong.optional("medical_record.withheld_reason", record.withheld_reason);
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let sections = sections.with_something().map_err(|problem| Violations::of("medical_record", problem))?;
    Ok(NewRecord { appointment_id, is_draft, sections, cosigner, confidentiality, withheld_reason })
}

/// What is to be written of a record that is in `state`: changes to a draft need no reason.
pub fn amendment(request: pb::AmendMedicalRecordRequest, state: State) -> Result<Amendment, Violations> {
    let pb::AmendMedicalRecordRequest { medical_record, update_mask, reason, expected_revision: _ } = request;
    let record = medical_record.unwrap_or_default();
    let mut wrong = Violations::default();
    let reason = match state {
        State::Draft => wrong.optional("reason", reason),
        _ => wrong.field("reason", reason.try_into()),
    };
    let paths = paths(update_mask);
    if paths.is_empty() {
        wrong.add("update_mask", "must name at least one field");
    }
    let changes = paths.iter().filter_map(|path| change(&mut wrong, path, &record)).collect();
    wrong.into_result(Amendment { changes, reason })
}

fn change(wrong: &mut Violations, path: &str, record: &pb::MedicalRecord) -> Option<Change> {
    let field = format!("medical_record.{path}");
    Some(match path {
        "diagnosis" => Change::Diagnosis(wrong.optional(&field, record.diagnosis.clone())),
        "treatment" => Change::Treatment(wrong.optional(&field, record.treatment.clone())),
        "prescription" => Change::Prescription(wrong.optional(&field, record.prescription.clone())),
        "notes" => Change::Notes(wrong.optional(&field, record.notes.clone())),
        "withheld_reason" => Change::WithheldReason(wrong.optional(&field, record.withheld_reason.clone())),
        "cosigner_doctor_id" => Change::Cosigner(cosigner(wrong, record)),
        "confidentiality" => {
            Change::Confidentiality(confidentiality(record).unwrap_or(Confidentiality::Normal))
        }
        _ => {
            wrong.add("update_mask", "names a field that is unknown or cannot be changed");
            return None;
        }
    })
}

fn cosigner(wrong: &mut Violations, record: &pb::MedicalRecord) -> Option<DoctorId> {
    match record.cosigner_doctor_id.as_str() {
        "" => None,
        id => wrong.field("medical_record.cosigner_doctor_id", id.parse()),
    }
}

fn confidentiality(record: &pb::MedicalRecord) -> Option<Confidentiality> {
    match record.confidentiality() {
        pb::Confidentiality::Unspecified => None,
        pb::Confidentiality::Normal => Some(Confidentiality::Normal),
        pb::Confidentiality::Restricted => Some(Confidentiality::Restricted),
        pb::Confidentiality::VeryRestricted => Some(Confidentiality::VeryRestricted),
    }
}

impl From<MedicalRecord> for pb::MedicalRecord {
    fn from(record: MedicalRecord) -> Self {
        let signed_at = record.signed_at();
        let awaits_cosignature = record.awaits_cosignature();
        let MedicalRecord {
            id,
            patient_id,
            appointment_id,
            author,
            revision,
            state,
            cosigner,
            confidentiality,
            content,
            cosigned_at,
            created_at,
            revised_at,
        } = record;
        let Content { sections, amendment_reason, withheld_reason, entered_in_error: _ } = content;
        let Sections { diagnosis, treatment, prescription, notes } = sections;
        let section = |text: Option<proto::scalars::ClinicalText>| text.map(String::from).unwrap_or_default();
        Self {
            id: id.to_string(),
            patient_id: patient_id.to_string(),
            appointment_id: appointment_id.map(|id| id.to_string()).unwrap_or_default(),
            author_doctor_id: author.to_string(),
            diagnosis: section(diagnosis),
            treatment: section(treatment),
            prescription: section(prescription),
            notes: section(notes),
            revision,
            amendment_reason: amendment_reason.map(String::from).unwrap_or_default(),
            create_time: Some(to_wire(created_at)),
            update_time: Some(to_wire(revised_at)),
            entered_in_error: state == State::EnteredInError,
            state: pb::MedicalRecordState::from(state).into(),
            cosigner_doctor_id: cosigner.map(|id| id.to_string()).unwrap_or_default(),
            confidentiality: pb::Confidentiality::from(confidentiality).into(),
            withheld_reason: withheld_reason.map(String::from).unwrap_or_default(),
            sign_time: signed_at.map(to_wire),
            cosign_time: cosigned_at.map(to_wire),
            awaits_cosignature,
        }
    }
}

impl From<State> for pb::MedicalRecordState {
    fn from(state: State) -> Self {
        match state {
            State::Draft => Self::Draft,
            State::Signed => Self::Signed,
            State::Amended => Self::Amended,
            State::EnteredInError => Self::EnteredInError,
        }
    }
}

impl From<Confidentiality> for pb::Confidentiality {
    fn from(label: Confidentiality) -> Self {
        match label {
            Confidentiality::Normal => Self::Normal,
            Confidentiality::Restricted => Self::Restricted,
            Confidentiality::VeryRestricted => Self::VeryRestricted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_says_something() {
        assert!(new_record(pb::MedicalRecord::default()).is_err());
        assert!(new_record(pb::MedicalRecord { notes: "Rest".to_owned(), ..Default::default() }).is_ok());
    }

    #[test]
    fn a_record_begins_as_a_draft_or_signed() {
        let notes = || pb::MedicalRecord { notes: "Rest".to_owned(), ..Default::default() };
        let begins = |state: pb::MedicalRecordState| {
            new_record(pb::MedicalRecord { state: state.into(), ..notes() }).map(|new| new.is_draft)
        };
        assert!(!begins(pb::MedicalRecordState::Unspecified).unwrap());
        assert!(begins(pb::MedicalRecordState::Draft).unwrap());
        assert!(begins(pb::MedicalRecordState::Amended).is_err());
    }

    #[test]
    fn records_are_listed_of_a_patient_or_of_a_visit() {
        let id = PatientId::random().to_string();
        let request = |patient_id: &str, appointment_id: &str| pb::ListMedicalRecordsRequest {
            patient_id: patient_id.to_owned(),
            appointment_id: appointment_id.to_owned(),
            ..Default::default()
        };
        assert!(matches!(listed_of(&request(&id, "")), Ok(ListedOf::Patient(_))));
        assert!(matches!(listed_of(&request("", &id)), Ok(ListedOf::Visit(_))));
        assert!(listed_of(&request(&id, &id)).is_err());
        assert!(listed_of(&request("", "")).is_err());
    }

    #[test]
    fn an_amendment_needs_a_reason_and_a_field() {
        let request = |paths: &[&str], reason: &str| pb::AmendMedicalRecordRequest {
            update_mask: Some(prost_types::FieldMask {
                paths: paths.iter().map(ToString::to_string).collect(),
            }),
            reason: reason.to_owned(),
            ..Default::default()
        };
        let amends = |paths, reason, state| amendment(request(paths, reason), state).is_ok();
        assert!(amends(&["notes"], "Typing error", State::Signed));
        assert!(!amends(&["notes"], "", State::Signed));
        assert!(amends(&["notes"], "", State::Draft));
        assert!(!amends(&[], "Typing error", State::Signed));
        assert!(!amends(&["author_doctor_id"], "Typing error", State::Signed));
    }
}
