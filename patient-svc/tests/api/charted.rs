//! What is noted of who reads and writes medical records.
use crate::audited::{log_of, noted};
use crate::clinic::{Clinic, get, mask, refused};
use platform::caller::Role;
use proto::ids::{DoctorId, PatientId, UserId};
use proto::patient as pb;
use tonic::Code;

fn flu(patient: PatientId, label: pb::Confidentiality) -> pb::CreateMedicalRecordRequest {
    let medical_record = pb::MedicalRecord {
        patient_id: patient.to_string(),
        diagnosis: "Flu".to_owned(),
        confidentiality: label.into(),
        ..Default::default()
    };
    pb::CreateMedicalRecordRequest { medical_record: Some(medical_record) }
}

/// What the author adds to `record`.
fn rest(record: pb::MedicalRecord) -> pb::AmendMedicalRecordRequest {
    pb::AmendMedicalRecordRequest {
        expected_revision: record.revision,
        medical_record: Some(pb::MedicalRecord { treatment: "Rest".to_owned(), ..record }),
        update_mask: Some(mask(&["treatment"])),
        reason: "Laboratory result".to_owned(),
    }
}

fn all(patient: PatientId) -> pb::ListMedicalRecordsRequest {
    pb::ListMedicalRecordsRequest { patient_id: patient.to_string(), ..Default::default() }
}

#[tokio::test]
async fn each_record_read_and_written_is_noted_once() {
    let clinic = Clinic::open().await;
    let log = log_of(&clinic).await;
    let (patient, by) = clinic.couple().await;
    noted(&log).await;
    let mut doctor = clinic.doctor(by);
    let written = doctor.create_medical_record(flu(patient, pb::Confidentiality::Normal)).await;
    let record = written.unwrap().into_inner();
    assert_eq!(noted(&log).await, ["create medical_record by doctor"]);
    let one = pb::GetMedicalRecordRequest { id: record.id.clone() };
    doctor.get_medical_record(one.clone()).await.unwrap();
    clinic.patient(patient).get_medical_record(one.clone()).await.unwrap();
    assert_eq!(noted(&log).await, ["read medical_record by doctor", "read medical_record by patient"]);
    doctor.list_medical_records(all(patient)).await.unwrap();
    let revisions = pb::ListMedicalRecordRevisionsRequest { id: record.id.clone(), ..Default::default() };
    doctor.list_medical_record_revisions(revisions).await.unwrap();
    assert_eq!(
        noted(&log).await,
        ["list medical_record by doctor", "read medical_record by doctor revisions"]
    );
    let amendment = pb::AmendMedicalRecordRequest {
        medical_record: Some(pb::MedicalRecord { treatment: "Rest".to_owned(), ..record.clone() }),
        update_mask: Some(mask(&["treatment"])),
        reason: "Laboratory result".to_owned(),
        expected_revision: 1,
    };
    doctor.amend_medical_record(amendment.clone()).await.unwrap();
    assert_eq!(noted(&log).await, ["amend medical_record by doctor treatment"]);
    refused(doctor.amend_medical_record(amendment).await, Code::Aborted, "VERSION_MISMATCH");
    assert_eq!(noted(&log).await, [""; 0]);
    let mistake = pb::MarkMedicalRecordEnteredInErrorRequest {
        id: record.id.clone(),
        reason: "Another patient".to_owned(),
        expected_revision: 2,
    };
    doctor.mark_medical_record_entered_in_error(mistake.clone()).await.unwrap();
    doctor.mark_medical_record_entered_in_error(mistake).await.unwrap();
    let expected = ["mark_entered_in_error medical_record by doctor", "read medical_record by doctor"];
    assert_eq!(noted(&log).await, expected);
    let of_whom = "SELECT count(*) FROM audit.entries
        WHERE resource = 'medical_record' AND subjects = ARRAY[$1::uuid] AND NOT break_glass";
    assert_eq!(log.query_one(of_whom, &[&patient.0]).await.unwrap().get::<_, i64>(0), 8);

    refused(clinic.staff().get_medical_record(one).await, Code::PermissionDenied, "FORBIDDEN");
    let called = "call healthcare.patient.v1.PatientService/GetMedicalRecord by staff FORBIDDEN";
    assert_eq!(noted(&log).await, [called]);

    log.batch_execute("REVOKE EXECUTE ON FUNCTION audit.append(jsonb) FROM patient_rw").await.unwrap();
    let list = doctor.list_medical_records(all(patient)).await;
    refused(list, Code::Unavailable, "DEPENDENCY_UNAVAILABLE");
    let written = doctor.create_medical_record(flu(patient, pb::Confidentiality::Normal)).await;
    refused(written, Code::Unavailable, "DEPENDENCY_UNAVAILABLE");
}

#[tokio::test]
async fn whoever_breaks_the_glass_is_seen_to_have_done_so() {
    let clinic = Clinic::open().await;
    let log = log_of(&clinic).await;
    let (patient, by) = clinic.couple().await;
    let written =
        clinic.doctor(by).create_medical_record(flu(patient, pb::Confidentiality::Restricted)).await;
    let record = pb::GetMedicalRecordRequest { id: written.unwrap().into_inner().id };
    let stranger = DoctorId::random();
    let request = pb::BreakGlassRequest {
        patient_id: patient.to_string(),
        reason: "Unconscious in the emergency room".to_owned(),
        includes_very_restricted: false,
    };
    clinic.emergencies(UserId::random(), Role::Doctor(stranger)).break_glass(request).await.unwrap();
    clinic.doctor(stranger).get_patient(get(patient)).await.unwrap();
    clinic.doctor(stranger).get_medical_record(record.clone()).await.unwrap();
    clinic.doctor(stranger).list_medical_records(all(patient)).await.unwrap();
    let own = clinic.doctor(stranger).create_medical_record(flu(patient, pb::Confidentiality::Normal)).await;
    clinic.doctor(stranger).amend_medical_record(rest(own.unwrap().into_inner())).await.unwrap();
    // For those who treat the patient nothing was broken.
    clinic.doctor(by).get_medical_record(record).await.unwrap();
    let own = clinic.doctor(by).create_medical_record(flu(patient, pb::Confidentiality::Restricted)).await;
    clinic.doctor(by).amend_medical_record(rest(own.unwrap().into_inner())).await.unwrap();
    let broken = "SELECT concat_ws(' ', action, resource) FROM audit.entries WHERE break_glass ORDER BY at";
    let broken = log.query(broken, &[]).await.unwrap();
    let broken: Vec<String> = broken.iter().map(|row| row.get(0)).collect();
    let read = ["create break_glass_grant", "read patient", "read medical_record", "list medical_record"];
    let written = ["create medical_record", "amend medical_record"];
    assert_eq!(broken, [read.as_slice(), &written].concat());
    let words = "SELECT count(*) FROM audit.entries WHERE entries::text ILIKE '%unconscious%'";
    assert_eq!(log.query_one(words, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn what_was_confidential_once_is_read_without_breaking_anything() {
    let clinic = Clinic::open().await;
    let log = log_of(&clinic).await;
    let (patient, by) = clinic.couple().await;
    let colleague = DoctorId::random();
    clinic.calendar.relates(colleague, patient);
    let mut author = clinic.doctor(by);
    let written = author.create_medical_record(flu(patient, pb::Confidentiality::Restricted)).await;
    let record = written.unwrap().into_inner();
    let opened = pb::AmendMedicalRecordRequest {
        medical_record: Some(pb::MedicalRecord { id: record.id.clone(), ..Default::default() }),
        update_mask: Some(mask(&["confidentiality"])),
        reason: "Settled".to_owned(),
        expected_revision: 1,
    };
    author.amend_medical_record(opened).await.unwrap();
    let revisions = pb::ListMedicalRecordRevisionsRequest { id: record.id, ..Default::default() };
    let seen = clinic.doctor(colleague).list_medical_record_revisions(revisions).await.unwrap();
    assert_eq!(seen.into_inner().medical_records.len(), 2);
    let broken = "SELECT count(*) FROM audit.entries WHERE break_glass";
    assert_eq!(log.query_one(broken, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn patients_are_told_that_records_are_written_and_not_what_is_kept_from_them() {
    let clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    let mut author = clinic.doctor(by);
    let written = author.create_medical_record(flu(patient, pb::Confidentiality::Normal)).await;
    let withheld = pb::AmendMedicalRecordRequest {
        medical_record: Some(pb::MedicalRecord {
            id: written.unwrap().into_inner().id,
            withheld_reason: "Might do harm".to_owned(),
            ..Default::default()
        }),
        update_mask: Some(mask(&["withheld_reason"])),
        reason: "Second thoughts".to_owned(),
        expected_revision: 1,
    };
    author.amend_medical_record(withheld).await.unwrap();
    let ask = pb::ListPatientAccessesRequest { patient_id: patient.to_string(), ..Default::default() };
    let told = clinic.log(Role::Patient(patient)).list_patient_accesses(ask).await.unwrap().into_inner();
    let told: Vec<_> =
        told.accesses.iter().map(|access| (access.action.as_str(), access.fields.len())).collect();
    assert_eq!(told, [("amend", 0), ("create", 0), ("create", 0)]);
}
