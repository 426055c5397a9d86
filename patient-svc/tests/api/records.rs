//! Medical records.
use crate::clinic::{Clinic, Person, ada, id_of, invalid, mask, named, refused};
use crate::peers::Mood;
use patient_svc::domain::access::Reading;
use proto::appointment::AppointmentStatus;
use proto::ids::{AppointmentId, DoctorId, MedicalRecordId, PatientId};
use proto::patient as pb;
use tonic::Code;

fn diagnosed(patient: PatientId, diagnosis: &str) -> pb::CreateMedicalRecordRequest {
    let medical_record = pb::MedicalRecord {
        patient_id: patient.to_string(),
        diagnosis: diagnosis.to_owned(),
        ..Default::default()
    };
    pb::CreateMedicalRecordRequest { medical_record: Some(medical_record) }
}

fn at_visit(patient: PatientId, visit: AppointmentId) -> pb::CreateMedicalRecordRequest {
    let mut request = diagnosed(patient, "Flu");
    request.medical_record.as_mut().unwrap().appointment_id = visit.to_string();
    request
}

/// An amendment of the first revision.
fn treated(record: &pb::MedicalRecord, treatment: &str) -> pb::AmendMedicalRecordRequest {
    let medical_record = pb::MedicalRecord { treatment: treatment.to_owned(), ..record.clone() };
    pb::AmendMedicalRecordRequest {
        medical_record: Some(medical_record),
        update_mask: Some(mask(&["treatment"])),
        reason: "Laboratory result".to_owned(),
        expected_revision: 1,
    }
}

fn record(id: &str) -> pb::GetMedicalRecordRequest {
    pb::GetMedicalRecordRequest { id: id.to_owned() }
}

fn of_patient(patient: PatientId) -> pb::ListMedicalRecordsRequest {
    pb::ListMedicalRecordsRequest { patient_id: patient.to_string(), ..Default::default() }
}

fn of_visit(visit: AppointmentId) -> pb::ListMedicalRecordsRequest {
    pb::ListMedicalRecordsRequest { appointment_id: visit.to_string(), ..Default::default() }
}

async fn written(doctor: &mut Person, request: pb::CreateMedicalRecordRequest) -> pb::MedicalRecord {
    doctor.create_medical_record(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn a_record_is_between_patient_and_doctor() {
    let clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    let other = id_of(&clinic.admits(named("Bob", "Babbage")).await);
    let mut doctor = clinic.doctor(by);
    let flu = written(&mut doctor, diagnosed(patient, "Flu")).await;
    assert_eq!((flu.author_doctor_id.clone(), flu.revision), (by.to_string(), 1));

    for mut reader in [clinic.doctor(by), clinic.patient(patient)] {
        assert!(reader.get_medical_record(record(&flu.id)).await.unwrap().into_inner() == flu);
        let list = reader.list_medical_records(of_patient(patient)).await.unwrap().into_inner();
        assert!(list.medical_records == [flu.clone()]);
    }
    for mut denied in [clinic.staff(), clinic.admin(), clinic.auditor()] {
        refused(denied.get_medical_record(record(&flu.id)).await, Code::PermissionDenied, "FORBIDDEN");
        refused(denied.list_medical_records(of_patient(patient)).await, Code::PermissionDenied, "FORBIDDEN");
        let written = denied.create_medical_record(diagnosed(patient, "Flu")).await;
        refused(written, Code::PermissionDenied, "FORBIDDEN");
    }
    let mut stranger = clinic.patient(other);
    for id in [flu.id.clone(), MedicalRecordId::random().to_string()] {
        refused(stranger.get_medical_record(record(&id)).await, Code::NotFound, "MEDICAL_RECORD_NOT_FOUND");
    }
    refused(stranger.list_medical_records(of_patient(patient)).await, Code::NotFound, "PATIENT_NOT_FOUND");
    let mut stranger = clinic.doctor(DoctorId::random());
    let answer = stranger.get_medical_record(record(&flu.id)).await;
    refused(answer, Code::PermissionDenied, "RELATIONSHIP_REQUIRED");
    let answer = stranger.create_medical_record(diagnosed(patient, "")).await;
    refused(answer, Code::PermissionDenied, "RELATIONSHIP_REQUIRED");
    let answer = clinic.patient(patient).create_medical_record(diagnosed(patient, "Flu")).await;
    refused(answer, Code::PermissionDenied, "FORBIDDEN");
}

#[tokio::test]
async fn a_record_belongs_to_a_visit_of_the_same_two() {
    let clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    let mut doctor = clinic.doctor(by);
    let done = AppointmentStatus::Completed;
    let visit = clinic.calendar.has_visit(by, patient, done);
    let flu = written(&mut doctor, at_visit(patient, visit)).await;
    assert_eq!(flu.appointment_id, visit.to_string());
    let wrong = [
        clinic.calendar.has_visit(by, PatientId::random(), done),
        clinic.calendar.has_visit(DoctorId::random(), patient, done),
        clinic.calendar.has_visit(by, patient, AppointmentStatus::Cancelled),
        AppointmentId::random(),
    ];
    for visit in wrong {
        let fields = invalid(doctor.create_medical_record(at_visit(patient, visit)).await);
        assert_eq!(fields, ["medical_record.appointment_id"]);
    }

    written(&mut doctor, diagnosed(patient, "Cold")).await;
    for mut reader in [clinic.doctor(by), clinic.patient(patient)] {
        let list = reader.list_medical_records(of_visit(visit)).await.unwrap().into_inner();
        assert!(list.medical_records == [flu.clone()]);
    }
    let mut stranger = clinic.patient(PatientId::random());
    for visit in [visit, AppointmentId::random()] {
        refused(
            stranger.list_medical_records(of_visit(visit)).await,
            Code::NotFound,
            "APPOINTMENT_NOT_FOUND",
        );
    }
}

#[tokio::test]
async fn an_amendment_is_a_new_revision_by_the_author() {
    let clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    let mut doctor = clinic.doctor(by);
    let flu = written(&mut doctor, diagnosed(patient, "Flu")).await;
    let amended = doctor.amend_medical_record(treated(&flu, "Rest")).await.unwrap().into_inner();
    assert_eq!(
        (amended.diagnosis.as_str(), amended.treatment.as_str(), amended.revision),
        ("Flu", "Rest", 2)
    );
    assert_eq!(amended.amendment_reason, "Laboratory result");
    let revisions = pb::ListMedicalRecordRevisionsRequest { id: flu.id.clone(), ..Default::default() };
    let revisions = doctor.list_medical_record_revisions(revisions).await.unwrap().into_inner();
    assert!(revisions.medical_records == [amended, flu.clone()]);

    let late = doctor.amend_medical_record(treated(&flu, "Tea")).await;
    refused(late, Code::Aborted, "VERSION_MISMATCH");
    let blind = pb::AmendMedicalRecordRequest { expected_revision: 0, ..treated(&flu, "Tea") };
    refused(doctor.amend_medical_record(blind).await, Code::FailedPrecondition, "REVISION_REQUIRED");

    let colleague = DoctorId::random();
    clinic.calendar.relates(colleague, patient);
    let answer = clinic.doctor(colleague).amend_medical_record(treated(&flu, "Tea")).await;
    refused(answer, Code::PermissionDenied, "FORBIDDEN");
    let answer = clinic.doctor(DoctorId::random()).amend_medical_record(treated(&flu, "Tea")).await;
    refused(answer, Code::PermissionDenied, "RELATIONSHIP_REQUIRED");
    let answer = clinic.patient(patient).amend_medical_record(treated(&flu, "Tea")).await;
    refused(answer, Code::PermissionDenied, "FORBIDDEN");
    let answer = clinic.patient(PatientId::random()).amend_medical_record(treated(&flu, "Tea")).await;
    refused(answer, Code::NotFound, "MEDICAL_RECORD_NOT_FOUND");
    refused(
        clinic.staff().amend_medical_record(treated(&flu, "Tea")).await,
        Code::PermissionDenied,
        "FORBIDDEN",
    );
}

#[tokio::test]
async fn of_two_amendments_of_one_revision_one_is_told() {
    let clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    let flu = written(&mut clinic.doctor(by), diagnosed(patient, "Flu")).await;
    let amendments = ["Rest", "Tea", "Soup", "Sleep"].map(|treatment| {
        let (mut doctor, request) = (clinic.doctor(by), treated(&flu, treatment));
        async move { doctor.amend_medical_record(request).await }
    });
    let (won, lost): (Vec<_>, Vec<_>) =
        futures::future::join_all(amendments).await.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 3));
    for answer in lost {
        refused(answer, Code::Aborted, "VERSION_MISMATCH");
    }
}

#[tokio::test]
async fn a_record_always_says_something() {
    let clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    let mut doctor = clinic.doctor(by);
    assert_eq!(invalid(doctor.create_medical_record(diagnosed(patient, "")).await), ["medical_record"]);
    let flu = written(&mut doctor, diagnosed(patient, "Flu")).await;
    let emptied = pb::AmendMedicalRecordRequest {
        medical_record: Some(pb::MedicalRecord { diagnosis: String::new(), ..flu.clone() }),
        update_mask: Some(mask(&["diagnosis"])),
        ..treated(&flu, "")
    };
    assert_eq!(invalid(doctor.amend_medical_record(emptied).await), ["medical_record"]);
    let careless = pb::AmendMedicalRecordRequest {
        update_mask: Some(mask(&["revision"])),
        reason: String::new(),
        ..treated(&flu, "Rest")
    };
    assert_eq!(invalid(doctor.amend_medical_record(careless).await), ["reason", "update_mask"]);
}

#[tokio::test]
async fn records_come_newest_first_page_by_page() {
    let clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    let mut doctor = clinic.doctor(by);
    for diagnosis in ["Flu", "Cold", "Cough"] {
        written(&mut doctor, diagnosed(patient, diagnosis)).await;
    }
    let first = pb::ListMedicalRecordsRequest { page_size: 2, ..of_patient(patient) };
    let page = doctor.list_medical_records(first.clone()).await.unwrap().into_inner();
    assert_eq!(diagnoses(&page), ["Cough", "Cold"]);
    let second = pb::ListMedicalRecordsRequest { page_token: page.next_page_token, ..first };
    let page = doctor.list_medical_records(second).await.unwrap().into_inner();
    assert_eq!((diagnoses(&page), page.next_page_token.as_str()), (vec!["Flu".to_owned()], ""));
}

#[tokio::test]
async fn a_page_is_never_larger_than_a_message() {
    let clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    let mut doctor = clinic.doctor(by);
    let long = "ü".repeat(20_000);
    let record = pb::MedicalRecord {
        patient_id: patient.to_string(),
        diagnosis: long.clone(),
        treatment: long.clone(),
        prescription: long.clone(),
        notes: long,
        ..Default::default()
    };
    for _ in 0..60 {
        written(&mut doctor, pb::CreateMedicalRecordRequest { medical_record: Some(record.clone()) }).await;
    }
    let mut request = of_patient(patient);
    let mut pages = Vec::new();
    loop {
        let page = doctor.list_medical_records(request.clone()).await.unwrap().into_inner();
        pages.push(page.medical_records.len());
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert!(pages.len() > 1);
    assert_eq!(pages.iter().sum::<usize>(), 60);
    let reading = Reading::Doctor { id: by, treats: true };
    let read = clinic.store().records(patient, None, reading, None, 201).await.unwrap();
    assert!(read.len() < 60, "nothing is read that is far from being shown");
}

#[tokio::test]
async fn without_the_calendar_doctors_read_and_write_nothing() {
    let clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    let mut doctor = clinic.doctor(by);
    let flu = written(&mut doctor, diagnosed(patient, "Flu")).await;
    clinic.calendar.is(Mood::Away);
    let away = "DEPENDENCY_UNAVAILABLE";
    refused(doctor.get_medical_record(record(&flu.id)).await, Code::Unavailable, away);
    refused(doctor.list_medical_records(of_patient(patient)).await, Code::Unavailable, away);
    refused(doctor.create_medical_record(diagnosed(patient, "Flu")).await, Code::Unavailable, away);
    refused(doctor.amend_medical_record(treated(&flu, "Rest")).await, Code::Unavailable, away);
    assert!(clinic.patient(patient).get_medical_record(record(&flu.id)).await.is_ok());
}

#[tokio::test]
async fn what_is_stored_is_sealed_and_stays_as_it_was() {
    let clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    written(&mut clinic.doctor(by), diagnosed(patient, "Hypertension")).await;
    let (owner, database) = (clinic.owner().await, clinic.superuser().await);
    let stored = "SELECT sealed FROM patient.medical_record_revisions";
    let stored = database.query_one(stored, &[]).await.unwrap();
    let sealed: Vec<u8> = stored.get("sealed");
    assert!(!String::from_utf8_lossy(&sealed).contains("Hypertension"));
    for change in [
        "UPDATE patient.medical_record_revisions SET sealed = ''",
        "DELETE FROM patient.medical_record_revisions",
    ] {
        assert!(owner.execute(change, &[]).await.is_err(), "{change}");
    }
    let privileges = "SELECT string_agg(privilege_type, ' ' ORDER BY privilege_type) AS all
        FROM information_schema.role_table_grants
       WHERE table_name = 'medical_record_revisions' AND grantee = 'patient_rw'";
    let granted: String = owner.query_one(privileges, &[]).await.unwrap().get("all");
    assert_eq!(granted, "INSERT SELECT");
}

#[tokio::test]
async fn a_record_whose_key_was_erased_is_no_more() {
    let clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    let mut doctor = clinic.doctor(by);
    let flu = written(&mut doctor, diagnosed(patient, "Flu")).await;
    clinic.superuser().await.execute("DELETE FROM patient.data_keys", &[]).await.unwrap();
    refused(doctor.get_medical_record(record(&flu.id)).await, Code::NotFound, "MEDICAL_RECORD_NOT_FOUND");
    let cold = written(&mut doctor, diagnosed(patient, "Cold")).await;
    let list = doctor.list_medical_records(of_patient(patient)).await.unwrap().into_inner();
    assert!(list.medical_records == [cold]);
}

#[tokio::test]
async fn nothing_is_written_about_nobody() {
    let clinic = Clinic::open().await;
    let (nobody, doctor) = (PatientId::random(), DoctorId::random());
    clinic.calendar.relates(doctor, nobody);
    let answer = clinic.doctor(doctor).create_medical_record(diagnosed(nobody, "Flu")).await;
    refused(answer, Code::NotFound, "PATIENT_NOT_FOUND");
    let known = id_of(&clinic.admits(ada()).await);
    let list = clinic.patient(known).list_medical_records(of_patient(known)).await.unwrap().into_inner();
    assert!(list.medical_records.is_empty());
}

fn diagnoses(page: &pb::ListMedicalRecordsResponse) -> Vec<String> {
    page.medical_records.iter().map(|record| record.diagnosis.clone()).collect()
}

fn in_error(record: &pb::MedicalRecord, reason: &str) -> pb::MarkMedicalRecordEnteredInErrorRequest {
    let (id, reason) = (record.id.clone(), reason.to_owned());
    pb::MarkMedicalRecordEnteredInErrorRequest { id, reason, expected_revision: 0 }
}

#[tokio::test]
async fn what_was_entered_in_error_is_marked_by_its_author_and_stays() {
    let clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    let colleague = DoctorId::random();
    clinic.calendar.relates(colleague, patient);
    let mut author = clinic.doctor(by);
    let flu = written(&mut author, diagnosed(patient, "Flu")).await;
    let why = "Another patient's";
    for mut denied in [clinic.doctor(colleague), clinic.patient(patient), clinic.staff(), clinic.admin()] {
        let answer = denied.mark_medical_record_entered_in_error(in_error(&flu, "")).await;
        refused(answer, Code::PermissionDenied, "FORBIDDEN");
    }
    let mut other = clinic.patient(PatientId::random());
    let answer = other.mark_medical_record_entered_in_error(in_error(&flu, why)).await;
    refused(answer, Code::NotFound, "MEDICAL_RECORD_NOT_FOUND");
    let mut stranger = clinic.doctor(DoctorId::random());
    let answer = stranger.mark_medical_record_entered_in_error(in_error(&flu, why)).await;
    refused(answer, Code::PermissionDenied, "RELATIONSHIP_REQUIRED");
    assert_eq!(invalid(author.mark_medical_record_entered_in_error(in_error(&flu, "")).await), ["reason"]);
    let stale = pb::MarkMedicalRecordEnteredInErrorRequest { expected_revision: 7, ..in_error(&flu, why) };
    let answer = author.mark_medical_record_entered_in_error(stale).await;
    refused(answer, Code::Aborted, "VERSION_MISMATCH");
    assert!(!author.get_medical_record(record(&flu.id)).await.unwrap().into_inner().entered_in_error);

    let marked = author.mark_medical_record_entered_in_error(in_error(&flu, why)).await;
    let marked = marked.unwrap().into_inner();
    assert_eq!((marked.entered_in_error, marked.revision), (true, 2));
    assert_eq!((marked.diagnosis.as_str(), marked.amendment_reason.as_str()), ("Flu", why));
    let again = author.mark_medical_record_entered_in_error(in_error(&flu, "For another reason")).await;
    assert!(again.unwrap().into_inner() == marked, "marking twice is marking once");
    let amendment = pb::AmendMedicalRecordRequest { expected_revision: 2, ..treated(&marked, "Rest") };
    let answer = author.amend_medical_record(amendment).await;
    refused(answer, Code::FailedPrecondition, "ENTERED_IN_ERROR");
    for mut reader in [clinic.doctor(colleague), clinic.patient(patient)] {
        let list = reader.list_medical_records(of_patient(patient)).await.unwrap().into_inner();
        assert!(list.medical_records == [marked.clone()]);
    }
}
