//! What the audit log is told of patients.
use crate::domain::access::Reading;
use crate::domain::break_glass::Grant;
use crate::domain::patient::Patient;
use crate::domain::record::MedicalRecord;
use platform::audit::Entry;
use proto::ids::PatientId;

pub fn on_patient(action: &'static str, id: PatientId) -> Entry {
    Entry::new(action, "patient").ids([id.0]).of([id.0])
}

/// Of all who are shown, who may be none.
pub fn on_patients(action: &'static str, patients: &[Patient]) -> Entry {
    let ids = patients.iter().map(|patient| patient.id.0);
    Entry::new(action, "patient").ids(ids.clone()).of(ids)
}

/// Of a record that somebody who reads it like this reads or writes.
pub fn on_record(action: &'static str, record: &MedicalRecord, reading: Reading) -> Entry {
    let entry = Entry::new(action, "medical_record").ids([record.id.0]).of([record.patient_id.0]);
    flagged(entry, reading, std::slice::from_ref(record))
}

/// Of records of `patient` that are listed to whoever reads, which may be none.
pub fn listed_records(patient: PatientId, reading: Reading, records: &[MedicalRecord]) -> Entry {
    let patients = records.iter().map(|record| record.patient_id.0);
    let ids = records.iter().map(|record| record.id.0);
    let entry = Entry::new("list", "medical_record").of([patient.0]).of(patients).ids(ids);
    flagged(entry, reading, records)
}

/// With whether the glass was broken for that.
fn flagged(entry: Entry, reading: Reading, records: &[MedicalRecord]) -> Entry {
    match reading {
        Reading::Doctor { id, treats }
            if !treats || records.iter().any(|record| record.is_behind_glass(id, treats)) =>
        {
            entry.breaking_glass()
        }
        Reading::Doctor { .. } | Reading::Oneself => entry,
    }
}

/// Of a doctor's leave to read in an emergency.
pub fn on_grant(action: &'static str, grant: &Grant) -> Entry {
    Entry::new(action, "break_glass_grant").ids([grant.id.0]).of([grant.patient_id.0])
}

/// Of the legal hold on a patient.
pub fn on_legal_hold(action: &'static str, id: PatientId) -> Entry {
    Entry::new(action, "legal_hold").ids([id.0]).of([id.0])
}
