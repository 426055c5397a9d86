//! Drafts, signatures, co-signatures.
use crate::clinic::{Clinic, Person, invalid, mask, refused};
use proto::ids::{DoctorId, PatientId};
use proto::patient as pb;
use tonic::Code;

fn draft(patient: PatientId, cosigner: Option<DoctorId>) -> pb::CreateMedicalRecordRequest {
    let medical_record = pb::MedicalRecord {
        patient_id: patient.to_string(),
        diagnosis: "Flu".to_owned(),
        state: pb::MedicalRecordState::Draft.into(),
        cosigner_doctor_id: cosigner.map(|id| id.to_string()).unwrap_or_default(),
        ..Default::default()
    };
    pb::CreateMedicalRecordRequest { medical_record: Some(medical_record) }
}

fn noted(record: &pb::MedicalRecord, notes: &str, reason: &str) -> pb::AmendMedicalRecordRequest {
    pb::AmendMedicalRecordRequest {
        medical_record: Some(pb::MedicalRecord { notes: notes.to_owned(), ..record.clone() }),
        update_mask: Some(mask(&["notes"])),
        reason: reason.to_owned(),
        expected_revision: record.revision,
    }
}

fn sign(record: &pb::MedicalRecord) -> pb::SignMedicalRecordRequest {
    pb::SignMedicalRecordRequest { id: record.id.clone(), expected_revision: record.revision }
}

fn cosign(record: &pb::MedicalRecord) -> pb::CosignMedicalRecordRequest {
    pb::CosignMedicalRecordRequest { id: record.id.clone(), expected_revision: record.revision }
}

fn get(record: &pb::MedicalRecord) -> pb::GetMedicalRecordRequest {
    pb::GetMedicalRecordRequest { id: record.id.clone() }
}

async fn listed(reader: &mut Person, patient: PatientId) -> Vec<pb::MedicalRecord> {
    let request = pb::ListMedicalRecordsRequest { patient_id: patient.to_string(), ..Default::default() };
    reader.list_medical_records(request).await.unwrap().into_inner().medical_records
}

async fn revisions(reader: &mut Person, record: &pb::MedicalRecord) -> Vec<i32> {
    let request = pb::ListMedicalRecordRevisionsRequest { id: record.id.clone(), ..Default::default() };
    let page = reader.list_medical_record_revisions(request).await.unwrap().into_inner();
    page.medical_records.iter().map(|record| record.revision).collect()
}

#[tokio::test]
async fn a_draft_is_for_its_author_and_its_cosigner_until_it_is_signed() {
    let clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    let (senior, colleague) = (DoctorId::random(), DoctorId::random());
    clinic.calendar.relates(senior, patient);
    clinic.calendar.relates(colleague, patient);
    let mut author = clinic.doctor(by);
    let first = author.create_medical_record(draft(patient, Some(senior))).await.unwrap().into_inner();
    assert_eq!((first.state(), first.sign_time), (pb::MedicalRecordState::Draft, None));
    let second = author.amend_medical_record(noted(&first, "Rest", "")).await.unwrap().into_inner();
    assert_eq!((second.state(), second.revision), (pb::MedicalRecordState::Draft, 2));

    for mut reader in [clinic.doctor(by), clinic.doctor(senior)] {
        assert!(listed(&mut reader, patient).await == [second.clone()]);
        assert_eq!(revisions(&mut reader, &first).await, [2, 1]);
    }
    for mut reader in [clinic.doctor(colleague), clinic.patient(patient)] {
        assert!(listed(&mut reader, patient).await.is_empty());
        let answer = reader.get_medical_record(get(&first)).await;
        refused(answer, Code::NotFound, "MEDICAL_RECORD_NOT_FOUND");
    }

    let answer = clinic.doctor(senior).sign_medical_record(sign(&second)).await;
    refused(answer, Code::PermissionDenied, "FORBIDDEN");
    refused(author.sign_medical_record(sign(&first)).await, Code::Aborted, "VERSION_MISMATCH");
    let blind = pb::SignMedicalRecordRequest { expected_revision: 0, ..sign(&second) };
    refused(author.sign_medical_record(blind).await, Code::FailedPrecondition, "REVISION_REQUIRED");
    let signed = author.sign_medical_record(sign(&second)).await.unwrap().into_inner();
    assert_eq!((signed.state(), signed.revision), (pb::MedicalRecordState::Signed, 3));
    assert_eq!((signed.notes.as_str(), signed.sign_time), ("Rest", signed.update_time));
    let again = author.sign_medical_record(sign(&second)).await.unwrap().into_inner();
    assert!(again == signed, "signing twice is signing once");
    for mut reader in [clinic.doctor(colleague), clinic.patient(patient)] {
        assert!(listed(&mut reader, patient).await == [signed.clone()]);
        assert_eq!(revisions(&mut reader, &first).await, [3], "drafts stay hidden");
    }
    assert_eq!(invalid(author.amend_medical_record(noted(&signed, "Tea", "")).await), ["reason"]);
    let amended = author.amend_medical_record(noted(&signed, "Tea", "Forgotten")).await.unwrap();
    assert_eq!(amended.into_inner().state(), pb::MedicalRecordState::Amended);
}

#[tokio::test]
async fn the_cosigner_signs_each_revision() {
    let clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    let senior = DoctorId::random();
    let mut author = clinic.doctor(by);
    for nobody in [senior, by] {
        let answer = author.create_medical_record(draft(patient, Some(nobody))).await;
        assert_eq!(invalid(answer), ["medical_record.cosigner_doctor_id"]);
    }
    clinic.calendar.relates(senior, patient);
    let first = author.create_medical_record(draft(patient, Some(senior))).await.unwrap().into_inner();
    let mut cosigner = clinic.doctor(senior);
    refused(cosigner.cosign_medical_record(cosign(&first)).await, Code::FailedPrecondition, "NOT_SIGNED");
    let signed = author.sign_medical_record(sign(&first)).await.unwrap().into_inner();
    assert!(signed.awaits_cosignature);
    refused(author.cosign_medical_record(cosign(&signed)).await, Code::PermissionDenied, "FORBIDDEN");
    let mut own = clinic.patient(patient);
    refused(own.cosign_medical_record(cosign(&signed)).await, Code::PermissionDenied, "FORBIDDEN");
    refused(cosigner.cosign_medical_record(cosign(&first)).await, Code::Aborted, "VERSION_MISMATCH");
    let done = cosigner.cosign_medical_record(cosign(&signed)).await.unwrap().into_inner();
    assert!(!done.awaits_cosignature && done.cosign_time.is_some());
    assert!(cosigner.cosign_medical_record(cosign(&signed)).await.unwrap().into_inner() == done);
    assert!(own.get_medical_record(get(&signed)).await.unwrap().into_inner() == done);

    let amended = author.amend_medical_record(noted(&signed, "Tea", "Forgotten")).await.unwrap().into_inner();
    assert!(amended.awaits_cosignature && amended.cosign_time.is_none());
    refused(cosigner.cosign_medical_record(cosign(&signed)).await, Code::Aborted, "VERSION_MISMATCH");
    let owner = clinic.owner().await;
    for change in ["UPDATE patient.cosignatures SET revision = 9", "DELETE FROM patient.cosignatures"] {
        assert!(owner.execute(change, &[]).await.is_err(), "{change}");
    }
}

#[tokio::test]
async fn a_draft_is_changed_and_not_marked() {
    let clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    let mut author = clinic.doctor(by);
    let first = author.create_medical_record(draft(patient, None)).await.unwrap().into_inner();
    let mark = pb::MarkMedicalRecordEnteredInErrorRequest {
        id: first.id.clone(),
        reason: "Another patient's".to_owned(),
        expected_revision: 0,
    };
    let answer = author.mark_medical_record_entered_in_error(mark.clone()).await;
    refused(answer, Code::FailedPrecondition, "NOT_SIGNED");
    author.sign_medical_record(sign(&first)).await.unwrap();
    let marked = author.mark_medical_record_entered_in_error(mark).await.unwrap().into_inner();
    assert_eq!(marked.state(), pb::MedicalRecordState::EnteredInError);
    let answer = author.sign_medical_record(sign(&marked)).await;
    refused(answer, Code::FailedPrecondition, "ENTERED_IN_ERROR");
}

#[tokio::test]
async fn what_is_signed_is_what_was_seen() {
    let clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    for round in 0..8 {
        let mut author = clinic.doctor(by);
        let first = author.create_medical_record(draft(patient, None)).await.unwrap().into_inner();
        let (mut one, mut other) = (clinic.doctor(by), clinic.doctor(by));
        let (signed, changed) = tokio::join!(
            one.sign_medical_record(sign(&first)),
            other.amend_medical_record(noted(&first, "Changed", "Changed my mind")),
        );
        // Either may win; the words that are signed are never words that were not seen.
        match (signed, changed) {
            (Ok(signed), lost) => {
                assert_eq!(signed.into_inner().notes, "", "round {round}");
                refused(lost, Code::Aborted, "VERSION_MISMATCH");
            }
            (lost, Ok(changed)) => {
                assert_eq!(changed.into_inner().state(), pb::MedicalRecordState::Draft);
                refused(lost, Code::Aborted, "VERSION_MISMATCH");
            }
            (Err(_), Err(_)) => panic!("one of them should win"),
        }
    }
}

#[tokio::test]
async fn what_was_written_before_there_were_states_was_signed() {
    let clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    let mut author = clinic.doctor(by);
    let first = author.create_medical_record(draft(patient, None)).await.unwrap().into_inner();
    author.sign_medical_record(sign(&first)).await.unwrap();
    // As replicas write that know no states.
    let database = clinic.superuser().await;
    let plain = "
        ALTER TABLE patient.medical_record_revisions DISABLE TRIGGER revisions_stay;
        UPDATE patient.medical_record_revisions SET state = NULL;
        ALTER TABLE patient.medical_record_revisions ENABLE TRIGGER revisions_stay";
    database.batch_execute(plain).await.unwrap();
    let states: Vec<_> = {
        let request = pb::ListMedicalRecordRevisionsRequest { id: first.id.clone(), ..Default::default() };
        let page = clinic.patient(patient).list_medical_record_revisions(request).await.unwrap().into_inner();
        page.medical_records.iter().map(pb::MedicalRecord::state).collect()
    };
    assert_eq!(states, [pb::MedicalRecordState::Amended, pb::MedicalRecordState::Signed]);
}
