//! Confidential records, and who breaks the glass.
use crate::audited::{log_of, noted};
use crate::clinic::{Clinic, Emergencies, Person, invalid, mask, refused};
use crate::peers::Mood;
use platform::caller::Role;
use proto::ids::{DoctorId, PatientId, UserId};
use proto::patient as pb;
use tonic::Code;

use pb::Confidentiality::{Normal, Restricted, VeryRestricted};

fn labelled(
    patient: PatientId,
    label: pb::Confidentiality,
    withheld: &str,
) -> pb::CreateMedicalRecordRequest {
    let medical_record = pb::MedicalRecord {
        patient_id: patient.to_string(),
        diagnosis: label.as_str_name().to_owned(),
        confidentiality: label.into(),
        withheld_reason: withheld.to_owned(),
        ..Default::default()
    };
    pb::CreateMedicalRecordRequest { medical_record: Some(medical_record) }
}

async fn written(author: &mut Person, request: pb::CreateMedicalRecordRequest) -> pb::MedicalRecord {
    author.create_medical_record(request).await.unwrap().into_inner()
}

fn get(record: &pb::MedicalRecord) -> pb::GetMedicalRecordRequest {
    pb::GetMedicalRecordRequest { id: record.id.clone() }
}

fn all(patient: PatientId) -> pb::ListMedicalRecordsRequest {
    pb::ListMedicalRecordsRequest { patient_id: patient.to_string(), ..Default::default() }
}

/// The labels of what somebody finds in a list, newest first.
async fn found(reader: &mut Person, patient: PatientId) -> Vec<pb::Confidentiality> {
    let list = reader.list_medical_records(all(patient)).await.unwrap().into_inner();
    list.medical_records.iter().map(pb::MedicalRecord::confidentiality).collect()
}

fn emergency(patient: PatientId, includes_very_restricted: bool) -> pb::BreakGlassRequest {
    let reason = "Unconscious in the emergency room".to_owned();
    pb::BreakGlassRequest { patient_id: patient.to_string(), reason, includes_very_restricted }
}

async fn broken(doctor: &mut Emergencies, request: pb::BreakGlassRequest) -> pb::BreakGlassGrant {
    doctor.break_glass(request).await.unwrap().into_inner()
}

fn verdict(grant: &pb::BreakGlassGrant, outcome: pb::ReviewOutcome) -> pb::ReviewBreakGlassGrantRequest {
    let note = "The patient could not be asked".to_owned();
    pb::ReviewBreakGlassGrantRequest { id: grant.id.clone(), outcome: outcome.into(), note }
}

#[tokio::test]
async fn what_is_confidential_is_left_out_for_colleagues() {
    let clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    let (senior, colleague) = (DoctorId::random(), DoctorId::random());
    clinic.calendar.relates(senior, patient);
    clinic.calendar.relates(colleague, patient);
    let mut author = clinic.doctor(by);
    written(&mut author, labelled(patient, Normal, "")).await;
    let mut secret = labelled(patient, VeryRestricted, "");
    secret.medical_record.as_mut().unwrap().cosigner_doctor_id = senior.to_string();
    let secret = written(&mut author, secret).await;
    let restricted = written(&mut author, labelled(patient, Restricted, "")).await;

    let mut colleague = clinic.doctor(colleague);
    assert_eq!(found(&mut colleague, patient).await, [Normal]);
    for hidden in [&secret, &restricted] {
        let answer = colleague.get_medical_record(get(hidden)).await;
        refused(answer, Code::PermissionDenied, "RESTRICTED_RECORD");
    }
    assert_eq!(found(&mut clinic.doctor(senior), patient).await, [VeryRestricted, Normal]);
    for mut reader in [author.clone(), clinic.patient(patient)] {
        assert_eq!(found(&mut reader, patient).await, [Restricted, VeryRestricted, Normal]);
    }
    // A page is full of what is for the reader, however much is left out.
    for _ in 0..3 {
        written(&mut author, labelled(patient, Restricted, "")).await;
    }
    written(&mut author, labelled(patient, Normal, "")).await;
    let two = pb::ListMedicalRecordsRequest { page_size: 2, ..all(patient) };
    let page = colleague.list_medical_records(two).await.unwrap().into_inner();
    assert_eq!((page.medical_records.len(), page.next_page_token.as_str()), (2, ""));
}

#[tokio::test]
async fn the_author_says_that_a_record_is_confidential_no_more() {
    let clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    let colleague = DoctorId::random();
    clinic.calendar.relates(colleague, patient);
    let mut author = clinic.doctor(by);
    let record = written(&mut author, labelled(patient, Restricted, "Might do harm")).await;
    let opened = pb::AmendMedicalRecordRequest {
        medical_record: Some(pb::MedicalRecord { id: record.id.clone(), ..Default::default() }),
        update_mask: Some(mask(&["confidentiality", "withheld_reason"])),
        reason: "Settled".to_owned(),
        expected_revision: 1,
    };
    author.amend_medical_record(opened).await.unwrap();
    let seen = clinic.doctor(colleague).get_medical_record(get(&record)).await.unwrap().into_inner();
    assert_eq!((seen.confidentiality(), seen.withheld_reason.as_str()), (Normal, ""));
    let revisions = pb::ListMedicalRecordRevisionsRequest { id: record.id.clone(), ..Default::default() };
    let mut own = clinic.patient(patient);
    let seen = own.list_medical_record_revisions(revisions).await.unwrap().into_inner().medical_records;
    let seen: Vec<_> = seen.iter().map(|record| record.revision).collect();
    assert_eq!(seen, [2], "what was withheld stays so");
}

#[tokio::test]
async fn what_is_withheld_is_hidden_from_the_patient() {
    let clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    let colleague = DoctorId::random();
    clinic.calendar.relates(colleague, patient);
    let mut author = clinic.doctor(by);
    let withheld = written(&mut author, labelled(patient, Normal, "Psychotherapy notes")).await;
    let mut own = clinic.patient(patient);
    assert!(found(&mut own, patient).await.is_empty());
    refused(own.get_medical_record(get(&withheld)).await, Code::NotFound, "MEDICAL_RECORD_NOT_FOUND");
    let revisions = pb::ListMedicalRecordRevisionsRequest { id: withheld.id.clone(), ..Default::default() };
    let answer = own.list_medical_record_revisions(revisions).await;
    refused(answer, Code::NotFound, "MEDICAL_RECORD_NOT_FOUND");
    let seen = clinic.doctor(colleague).get_medical_record(get(&withheld)).await.unwrap().into_inner();
    assert_eq!(seen.withheld_reason, "Psychotherapy notes");
}

#[tokio::test]
async fn a_doctor_who_breaks_the_glass_reads_for_a_while() {
    let clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    let mut author = clinic.doctor(by);
    let normal = written(&mut author, labelled(patient, Normal, "")).await;
    written(&mut author, labelled(patient, VeryRestricted, "")).await;
    written(&mut author, labelled(patient, Restricted, "")).await;
    let (user, stranger) = (UserId::random(), DoctorId::random());
    let (mut reader, mut emergencies) =
        (clinic.doctor(stranger), clinic.emergencies(user, Role::Doctor(stranger)));
    let patients = |id: PatientId| pb::GetPatientRequest { id: id.to_string() };
    refused(reader.get_patient(patients(patient)).await, Code::PermissionDenied, "RELATIONSHIP_REQUIRED");
    let short = pb::BreakGlassRequest { reason: "Urgent!!".to_owned(), ..emergency(patient, false) };
    assert_eq!(invalid(emergencies.break_glass(short).await), ["reason"]);
    let nobody = emergencies.break_glass(emergency(PatientId::random(), false)).await;
    refused(nobody, Code::NotFound, "PATIENT_NOT_FOUND");

    let grant = broken(&mut emergencies, emergency(patient, false)).await;
    let (from, until) = (grant.create_time.unwrap(), grant.expire_time.unwrap());
    assert_eq!(until.seconds - from.seconds, 3600);
    assert!(broken(&mut emergencies, emergency(patient, false)).await == grant, "once is enough");
    assert!(reader.get_patient(patients(patient)).await.is_ok());
    assert_eq!(found(&mut reader, patient).await, [Restricted, Normal]);
    assert!(reader.get_medical_record(get(&normal)).await.is_ok());
    let wider = broken(&mut emergencies, emergency(patient, true)).await;
    assert_ne!(wider.id, grant.id);
    assert_eq!(found(&mut reader, patient).await, [Restricted, VeryRestricted, Normal]);
    assert!(
        written(&mut reader, labelled(patient, Normal, "")).await.revision == 1,
        "and writes what was done"
    );
    // The calendar need not be there for that.
    clinic.calendar.is(Mood::Away);
    assert_eq!(found(&mut reader, patient).await.len(), 4);
    assert!(reader.get_patient(patients(patient)).await.is_ok());
    clinic.calendar.is(Mood::Well);

    let owner = clinic.owner().await;
    let over = "UPDATE patient.break_glass
        SET created_at = created_at - interval '2 hours', expires_at = expires_at - interval '2 hours'";
    owner.execute(over, &[]).await.unwrap();
    refused(reader.get_patient(patients(patient)).await, Code::PermissionDenied, "RELATIONSHIP_REQUIRED");
    let answer = reader.get_medical_record(get(&normal)).await;
    refused(answer, Code::PermissionDenied, "RELATIONSHIP_REQUIRED");
    refused(reader.list_medical_records(all(patient)).await, Code::PermissionDenied, "RELATIONSHIP_REQUIRED");
    let events = "SELECT data::text FROM patient.outbox WHERE event_type = 'patient.break_glass'";
    let events = owner.query(events, &[]).await.unwrap();
    assert_eq!(events.len(), 2, "one for each grant");
}

#[tokio::test]
async fn somebody_else_reviews_it() {
    use pb::ReviewOutcome::{Justified, Unjustified};
    let clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    let user = UserId::random();
    let mut doctor = clinic.emergencies(user, Role::Doctor(by));
    let grant = broken(&mut doctor, emergency(patient, false)).await;
    let mut auditor = clinic.emergencies(UserId::random(), Role::Auditor);
    let open = auditor.list_break_glass_grants(pb::ListBreakGlassGrantsRequest::default()).await.unwrap();
    assert!(open.into_inner().grants == [grant.clone()]);
    for mut denied in [doctor.clone(), clinic.emergencies(UserId::random(), Role::Staff)] {
        let list = denied.list_break_glass_grants(pb::ListBreakGlassGrantsRequest::default()).await;
        refused(list, Code::PermissionDenied, "FORBIDDEN");
        let answer = denied.review_break_glass_grant(verdict(&grant, Justified)).await;
        refused(answer, Code::PermissionDenied, "FORBIDDEN");
        let answer =
            denied.get_break_glass_grant(pb::GetBreakGlassGrantRequest { id: grant.id.clone() }).await;
        refused(answer, Code::PermissionDenied, "FORBIDDEN");
    }
    // Who was made an admin since.
    let mut oneself = clinic.emergencies(user, Role::Admin);
    let answer = oneself.review_break_glass_grant(verdict(&grant, Justified)).await;
    refused(answer, Code::PermissionDenied, "OWN_BREAK_GLASS_GRANT");
    let empty = pb::ReviewBreakGlassGrantRequest { id: grant.id.clone(), ..Default::default() };
    assert_eq!(invalid(auditor.review_break_glass_grant(empty).await), ["outcome", "note"]);

    let reviewed = auditor.review_break_glass_grant(verdict(&grant, Justified)).await.unwrap().into_inner();
    assert_eq!((reviewed.outcome(), reviewed.review_time.is_some()), (Justified, true));
    assert!(
        auditor.review_break_glass_grant(verdict(&grant, Justified)).await.unwrap().into_inner() == reviewed
    );
    let answer = auditor.review_break_glass_grant(verdict(&grant, Unjustified)).await;
    refused(answer, Code::FailedPrecondition, "ALREADY_REVIEWED");
    let open = auditor.list_break_glass_grants(pb::ListBreakGlassGrantsRequest::default()).await.unwrap();
    assert!(open.into_inner().grants.is_empty());
    let every = pb::ListBreakGlassGrantsRequest { include_reviewed: true, ..Default::default() };
    assert!(auditor.list_break_glass_grants(every).await.unwrap().into_inner().grants == [reviewed]);
}

#[tokio::test]
async fn who_goes_without_a_review_breaks_no_more_glass() {
    let clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    let (other, _) = clinic.couple().await;
    let mut doctor = clinic.emergencies(UserId::random(), Role::Doctor(by));
    let grant = broken(&mut doctor, emergency(patient, false)).await;
    let long_ago = "UPDATE patient.break_glass
        SET created_at = created_at - interval '8 days', expires_at = expires_at - interval '8 days'";
    clinic.owner().await.execute(long_ago, &[]).await.unwrap();
    let answer = doctor.break_glass(emergency(other, false)).await;
    refused(answer, Code::FailedPrecondition, "REVIEW_PENDING");
    let mut auditor = clinic.emergencies(UserId::random(), Role::Auditor);
    auditor.review_break_glass_grant(verdict(&grant, pb::ReviewOutcome::Justified)).await.unwrap();
    broken(&mut doctor, emergency(other, false)).await;
}

#[tokio::test]
async fn five_wait_for_their_review_at_most_and_a_refusal_is_noted() {
    let clinic = Clinic::open().await;
    let log = log_of(&clinic).await;
    let doctor = clinic.emergencies(UserId::random(), Role::Doctor(DoctorId::random()));
    let mut patients = Vec::new();
    for _ in 0..7 {
        patients.push(clinic.couple().await.0);
    }
    noted(&log).await;
    let asked = patients.iter().map(|patient| {
        let mut doctor = doctor.clone();
        async move { doctor.break_glass(emergency(*patient, false)).await }
    });
    let answers = futures::future::join_all(asked).await;
    let (given, refusals): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((given.len(), refusals.len()), (5, 2));
    for answer in refusals {
        refused(answer, Code::FailedPrecondition, "REVIEW_PENDING");
    }
    let mut entries = noted(&log).await;
    entries.sort();
    let [given, refused] =
        ["create break_glass_grant by doctor", "create break_glass_grant by doctor REVIEW_PENDING"];
    assert_eq!(entries, [vec![given; 5], vec![refused; 2]].concat());
    let denied = "SELECT count(*) FROM audit.entries WHERE decision = 'denied' AND cardinality(subjects) = 1";
    assert_eq!(log.query_one(denied, &[]).await.unwrap().get::<_, i64>(0), 2);
}

#[tokio::test]
async fn whose_emergency_was_none_reads_no_more_and_breaks_no_more_glass_for_a_month() {
    let clinic = Clinic::open().await;
    let (patient, _) = clinic.couple().await;
    let (other, _) = clinic.couple().await;
    let stranger = DoctorId::random();
    let mut doctor = clinic.emergencies(UserId::random(), Role::Doctor(stranger));
    let grant = broken(&mut doctor, emergency(patient, false)).await;
    assert!(clinic.doctor(stranger).list_medical_records(all(patient)).await.is_ok());
    let mut auditor = clinic.emergencies(UserId::random(), Role::Auditor);
    let review = verdict(&grant, pb::ReviewOutcome::Unjustified);
    let reviewed = auditor.review_break_glass_grant(review).await.unwrap().into_inner();
    assert!(reviewed.expire_time.unwrap().seconds < grant.expire_time.unwrap().seconds);
    let answer = clinic.doctor(stranger).list_medical_records(all(patient)).await;
    refused(answer, Code::PermissionDenied, "RELATIONSHIP_REQUIRED");
    for patient in [patient, other] {
        let answer = doctor.break_glass(emergency(patient, false)).await;
        refused(answer, Code::FailedPrecondition, "GLASS_WITHDRAWN");
    }
    let a_month_ago = "UPDATE patient.break_glass SET reviewed_at = reviewed_at - interval '31 days'";
    clinic.owner().await.execute(a_month_ago, &[]).await.unwrap();
    broken(&mut doctor, emergency(other, false)).await;
}

#[tokio::test]
async fn only_doctors_break_the_glass() {
    let clinic = Clinic::open().await;
    let (patient, _) = clinic.couple().await;
    for role in [Role::Admin, Role::Staff, Role::Auditor] {
        let answer = clinic.emergencies(UserId::random(), role).break_glass(emergency(patient, false)).await;
        refused(answer, Code::PermissionDenied, "FORBIDDEN");
    }
}

#[tokio::test]
async fn many_who_ask_at_once_get_one_grant() {
    let clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    let user = UserId::random();
    let asked = (0..8).map(|_| {
        let mut doctor = clinic.emergencies(user, Role::Doctor(by));
        async move { broken(&mut doctor, emergency(patient, false)).await.id }
    });
    let mut ids = futures::future::join_all(asked).await;
    ids.dedup();
    assert_eq!(ids.len(), 1);
}
