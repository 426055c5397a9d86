//! Medical records and amendments.
use super::paths;
use crate::domain::record::{Amendment, Content, MedicalRecord, NewRecord, SectionChange, Sections};
use platform::violations::Violations;
use proto::ids::{AppointmentId, MedicalRecordId, PatientId};
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
    let appointment_id = match record.appointment_id.as_str() {
        "" => None,
        id => wrong.field("medical_record.appointment_id", id.parse()),
    };
    let sections = Sections {
        diagnosis: wrong.optional("medical_record.diagnosis", record.diagnosis),
        treatment: wrong.optional("medical_record.treatment", record.treatment),
        prescription: wrong.optional("medical_record.prescription", record.prescription),
        notes: wrong.optional("medical_record.notes", record.notes),
    };
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let sections = sections.with_something().map_err(|problem| Violations::of("medical_record", problem))?;
    Ok(NewRecord { appointment_id, sections })
}

pub fn amendment(request: pb::AmendMedicalRecordRequest) -> Result<Amendment, Violations> {
    let pb::AmendMedicalRecordRequest { medical_record, update_mask, reason, expected_revision: _ } = request;
    let record = medical_record.unwrap_or_default();
    let mut wrong = Violations::default();
    let reason = wrong.field("reason", reason.try_into());
    let paths = paths(update_mask);
    if paths.is_empty() {
        wrong.add("update_mask", "must name at least one section");
    }
    let changes = paths.iter().filter_map(|path| section_change(&mut wrong, path, &record)).collect();
    let Some(reason) = reason else { return Err(wrong) };
    wrong.into_result(Amendment { changes, reason })
}

fn section_change(wrong: &mut Violations, path: &str, record: &pb::MedicalRecord) -> Option<SectionChange> {
    let field = format!("medical_record.{path}");
    Some(match path {
        "diagnosis" => SectionChange::Diagnosis(wrong.optional(&field, record.diagnosis.clone())),
        "treatment" => SectionChange::Treatment(wrong.optional(&field, record.treatment.clone())),
        "prescription" => SectionChange::Prescription(wrong.optional(&field, record.prescription.clone())),
        "notes" => SectionChange::Notes(wrong.optional(&field, record.notes.clone())),
        _ => {
            wrong.add("update_mask", "names a field that is unknown or cannot be changed");
            return None;
        }
    })
}

impl From<MedicalRecord> for pb::MedicalRecord {
    fn from(record: MedicalRecord) -> Self {
        let MedicalRecord {
            id,
            patient_id,
            appointment_id,
            author,
            revision,
            content,
            created_at,
            revised_at,
        } = record;
        let Content { sections, amendment_reason, entered_in_error } = content;
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
            entered_in_error,
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
    fn an_amendment_needs_a_reason_and_a_section() {
        let request = |paths: &[&str], reason: &str| pb::AmendMedicalRecordRequest {
            update_mask: Some(prost_types::FieldMask {
                paths: paths.iter().map(ToString::to_string).collect(),
            }),
            reason: reason.to_owned(),
            ..Default::default()
        };
        assert!(amendment(request(&["notes"], "Typing error")).is_ok());
        assert!(amendment(request(&["notes"], "")).is_err());
        assert!(amendment(request(&[], "Typing error")).is_err());
        assert!(amendment(request(&["author_doctor_id"], "Typing error")).is_err());
    }
}
