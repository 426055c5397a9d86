//! Two records of one person made one, and taken apart again.
use crate::clinic::{
    Clinic, Person, ada, create, delete, get, id_of, identified, invalid, named, refused, update,
};
use crate::peers::Mood;
use proto::appointment::AppointmentStatus;
use proto::ids::{DoctorId, PatientId};
use proto::patient as pb;
use tonic::{Code, Response, Status};

fn merge(id: PatientId, into: PatientId) -> pb::MergePatientRequest {
    let reason = "registered twice".to_owned();
    pb::MergePatientRequest {
        id: id.to_string(),
        into_patient_id: into.to_string(),
        reason,
        expected_version: 0,
    }
}

fn unmerge(id: PatientId) -> pb::UnmergePatientRequest {
    pb::UnmergePatientRequest { id: id.to_string(), reason: "father and son".to_owned() }
}

/// One who is to be merged, and one who stays.
async fn twice(clinic: &Clinic) -> (PatientId, PatientId) {
    let merged = clinic.admits(identified("mrn", "K-77")).await;
    let survivor = clinic.admits(identified("mrn", "K-88")).await;
    (id_of(&merged), id_of(&survivor))
}

async fn found(mut person: Person, query: &str) -> Vec<PatientId> {
    let request = pb::SearchPatientsRequest { query: query.to_owned(), page_size: 0 };
    person.search_patients(request).await.unwrap().into_inner().patients.iter().map(id_of).collect()
}

fn written(patient: PatientId, notes: &str) -> pb::CreateMedicalRecordRequest {
    let record =
        pb::MedicalRecord { patient_id: patient.to_string(), notes: notes.to_owned(), ..Default::default() };
    pb::CreateMedicalRecordRequest { medical_record: Some(record) }
}

async fn notes(
    mut person: Person,
    patient: PatientId,
) -> Result<Response<pb::ListMedicalRecordsResponse>, Status> {
    let request = pb::ListMedicalRecordsRequest { patient_id: patient.to_string(), ..Default::default() };
    person.list_medical_records(request).await
}

fn read(answer: Result<Response<pb::ListMedicalRecordsResponse>, Status>) -> Vec<String> {
    answer.unwrap().into_inner().medical_records.into_iter().map(|record| record.notes).collect()
}

/// The events about `patient`, in order.
async fn told(clinic: &Clinic, patient: PatientId) -> Vec<String> {
    let events = "SELECT event_type FROM patient.outbox WHERE aggregate_id = $1 ORDER BY position";
    let rows = clinic.owner().await.query(events, &[&patient.0]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn the_one_who_stays_is_found_by_the_identifiers_of_both() {
    let clinic = Clinic::open().await;
    let (id, survivor) = twice(&clinic).await;
    let merged = clinic.staff().merge_patient(merge(id, survivor)).await.unwrap().into_inner();
    assert_eq!(merged.merged_into, survivor.to_string());
    assert!(merged.delete_time.is_some());
    for query in ["lovelace", "k-77", "k-88", "030 123456"] {
        assert_eq!(found(clinic.staff(), query).await, [survivor], "{query}");
    }
    let kept = clinic.staff().get_patient(get(survivor)).await.unwrap().into_inner();
    let values: Vec<_> = kept.identifiers.iter().map(|identifier| identifier.value.as_str()).collect();
    assert_eq!((values, kept.version), (vec!["K-88", "K-77"], 2));
    let taken = clinic.staff().create_patient(create(identified("mrn", "K-77"))).await;
    refused(taken, Code::AlreadyExists, "IDENTIFIER_TAKEN");

    let read = clinic.staff().get_patient(get(id)).await.unwrap().into_inner();
    assert!(read == merged, "whoever has the old id learns of the new one");
    let list = clinic.staff().list_patients(pb::ListPatientsRequest::default()).await.unwrap().into_inner();
    assert_eq!(list.patients.iter().map(id_of).collect::<Vec<_>>(), [survivor]);
    assert_eq!(clinic.calendar.party(id).map(|party| party.is_active), Some(false));
    assert_eq!(told(&clinic, id).await.last().unwrap(), "patient.merged");
    assert_eq!(told(&clinic, survivor).await.last().unwrap(), "patient.updated");
}

#[tokio::test]
async fn unmerging_restores_what_was() {
    let clinic = Clinic::open().await;
    let (id, survivor) = twice(&clinic).await;
    let before = [id, survivor].map(|id| (id, clinic.staff()));
    let mut seen = Vec::new();
    for (id, mut staff) in before {
        seen.push(staff.get_patient(get(id)).await.unwrap().into_inner());
    }
    clinic.staff().merge_patient(merge(id, survivor)).await.unwrap();
    let parted = clinic.staff().unmerge_patient(unmerge(id)).await.unwrap().into_inner();
    let kept = clinic.staff().get_patient(get(survivor)).await.unwrap().into_inner();
    for (now, was) in [parted, kept].into_iter().zip(seen) {
        assert_eq!(now.version, 3);
        assert!(pb::Patient { version: 1, update_time: was.update_time, ..now } == was);
    }
    assert!(clinic.calendar.knows(id, true).await.is_active);
    assert_eq!(told(&clinic, id).await.last().unwrap(), "patient.unmerged");
    let taken = clinic.staff().create_patient(create(identified("mrn", "K-77"))).await;
    refused(taken, Code::AlreadyExists, "IDENTIFIER_TAKEN");
    refused(clinic.staff().unmerge_patient(unmerge(id)).await, Code::FailedPrecondition, "NOT_MERGED");
    assert!(clinic.staff().merge_patient(merge(id, survivor)).await.is_ok(), "and again");
}

#[tokio::test]
async fn what_changed_about_the_one_who_stays_is_kept() {
    let clinic = Clinic::open().await;
    let (id, survivor) = twice(&clinic).await;
    clinic.staff().merge_patient(merge(id, survivor)).await.unwrap();
    let kept = clinic.staff().get_patient(get(survivor)).await.unwrap().into_inner();
    let moved = pb::Patient { address: "1 Main Street".to_owned(), identifiers: Vec::new(), ..kept };
    clinic.staff().update_patient(update(moved, &["address", "identifiers"])).await.unwrap();
    let parted = clinic.staff().unmerge_patient(unmerge(id)).await.unwrap().into_inner();
    assert_eq!(parted.identifiers[0].value, "K-77");
    let kept = clinic.staff().get_patient(get(survivor)).await.unwrap().into_inner();
    assert_eq!((kept.address.as_str(), kept.identifiers.len()), ("1 Main Street", 0));
}

#[tokio::test]
async fn an_identifier_that_somebody_else_has_by_now_keeps_the_two_together() {
    let clinic = Clinic::open().await;
    let (id, survivor) = twice(&clinic).await;
    clinic.staff().merge_patient(merge(id, survivor)).await.unwrap();
    let kept = clinic.staff().get_patient(get(survivor)).await.unwrap().into_inner();
    let bare = pb::Patient { identifiers: Vec::new(), ..kept };
    clinic.staff().update_patient(update(bare, &["identifiers"])).await.unwrap();
    clinic.admits(identified("mrn", "K-77")).await;
    let answer = clinic.staff().unmerge_patient(unmerge(id)).await;
    refused(answer, Code::AlreadyExists, "IDENTIFIER_TAKEN");
    assert_eq!(
        clinic.staff().get_patient(get(id)).await.unwrap().into_inner().merged_into,
        survivor.to_string()
    );
}

#[tokio::test]
async fn records_stay_where_they_were_written_and_are_read_with_those_of_the_survivor() {
    let clinic = Clinic::open().await;
    let (id, survivor) = twice(&clinic).await;
    let (before, after) = (DoctorId::random(), DoctorId::random());
    clinic.calendar.relates(before, id);
    clinic.calendar.relates(after, survivor);
    let visit = clinic.calendar.has_visit(before, id, AppointmentStatus::Completed);
    let mut first = written(id, "first");
    first.medical_record.as_mut().unwrap().appointment_id = visit.to_string();
    let first = clinic.doctor(before).create_medical_record(first).await.unwrap().into_inner();
    clinic.doctor(after).create_medical_record(written(survivor, "second")).await.unwrap();
    refused(notes(clinic.doctor(after), id).await, Code::PermissionDenied, "RELATIONSHIP_REQUIRED");

    clinic.staff().merge_patient(merge(id, survivor)).await.unwrap();
    for person in [clinic.doctor(before), clinic.doctor(after), clinic.patient(survivor)] {
        assert_eq!(read(notes(person.clone(), survivor).await), ["second", "first"]);
        let by_id = pb::GetMedicalRecordRequest { id: first.id.clone() };
        assert!(person.clone().get_medical_record(by_id).await.unwrap().into_inner() == first);
    }
    for person in [clinic.doctor(before), clinic.doctor(after)] {
        assert_eq!(read(notes(person, id).await), ["second", "first"], "under the old id as well");
    }
    assert_eq!(read(notes(clinic.patient(id), id).await), ["first"], "should they be two people");
    let stranger = clinic.doctor(DoctorId::random());
    refused(notes(stranger, survivor).await, Code::PermissionDenied, "RELATIONSHIP_REQUIRED");
    let answer = clinic.doctor(before).create_medical_record(written(id, "third")).await;
    refused(answer, Code::FailedPrecondition, "PATIENT_MERGED");
    assert_eq!(found(clinic.doctor(before), "lovelace").await, [survivor]);

    clinic.staff().unmerge_patient(unmerge(id)).await.unwrap();
    assert_eq!(read(notes(clinic.doctor(before), id).await), ["first"]);
    assert_eq!(read(notes(clinic.doctor(after), survivor).await), ["second"]);
    refused(notes(clinic.doctor(before), survivor).await, Code::PermissionDenied, "RELATIONSHIP_REQUIRED");
}

#[tokio::test]
async fn whoever_goes_takes_along_who_was_merged_into_them() {
    let clinic = Clinic::open().await;
    let (id, survivor) = twice(&clinic).await;
    let doctor = DoctorId::random();
    clinic.calendar.relates(doctor, id);
    clinic.doctor(doctor).create_medical_record(written(id, "first")).await.unwrap();
    clinic.staff().merge_patient(merge(id, survivor)).await.unwrap();
    clinic.admin().delete_patient(delete(survivor)).await.unwrap();
    refused(clinic.staff().get_patient(get(id)).await, Code::NotFound, "PATIENT_NOT_FOUND");
    refused(notes(clinic.doctor(doctor), id).await, Code::NotFound, "PATIENT_NOT_FOUND");
    refused(clinic.staff().unmerge_patient(unmerge(id)).await, Code::NotFound, "PATIENT_NOT_FOUND");
    let batch = pb::BatchGetPatientsRequest { ids: vec![id.to_string()] };
    assert!(clinic.admin().batch_get_patients(batch).await.unwrap().into_inner().patients.is_empty());
}

#[tokio::test]
async fn a_merged_patient_is_changed_no_more() {
    let clinic = Clinic::open().await;
    let (id, survivor) = twice(&clinic).await;
    let merged = clinic.staff().merge_patient(merge(id, survivor)).await.unwrap().into_inner();
    let again = clinic.staff().merge_patient(merge(id, survivor)).await.unwrap().into_inner();
    assert!(again == merged, "merging twice is merging once");
    let other = id_of(&clinic.admits(named("Bob", "Babbage")).await);
    let merged = pb::Patient { email: String::new(), ..merged };
    let mut admin = clinic.admin();
    refused(admin.merge_patient(merge(id, other)).await, Code::FailedPrecondition, "PATIENT_MERGED");
    refused(admin.delete_patient(delete(id)).await, Code::FailedPrecondition, "PATIENT_MERGED");
    let answer = admin.update_patient(update(merged, &["email"])).await;
    refused(answer, Code::FailedPrecondition, "PATIENT_MERGED");
}

#[tokio::test]
async fn who_stays_is_another_patient_who_is_here() {
    let clinic = Clinic::open().await;
    let (id, survivor) = twice(&clinic).await;
    let (gone, merged) = twice_more(&clinic).await;
    clinic.admin().delete_patient(delete(gone)).await.unwrap();
    clinic.staff().merge_patient(merge(merged, survivor)).await.unwrap();
    for into in [id, gone, merged, PatientId::random()] {
        assert_eq!(invalid(clinic.staff().merge_patient(merge(id, into)).await), ["into_patient_id"]);
    }
    // Others were merged into this one.
    let answer = clinic.staff().merge_patient(merge(survivor, id)).await;
    refused(answer, Code::FailedPrecondition, "HAS_MERGED_PATIENTS");
    let nobody = clinic.staff().merge_patient(merge(PatientId::random(), survivor)).await;
    refused(nobody, Code::NotFound, "PATIENT_NOT_FOUND");
    let left = clinic.owner().await.query("SELECT FROM patient.removals", &[]).await.unwrap();
    assert!(left.is_empty());
}

async fn twice_more(clinic: &Clinic) -> (PatientId, PatientId) {
    (id_of(&clinic.admits(ada()).await), id_of(&clinic.admits(ada()).await))
}

#[tokio::test]
async fn visits_ahead_an_account_and_a_stale_version_stand_in_the_way() {
    let clinic = Clinic::open().await;
    let (id, survivor) = twice(&clinic).await;
    let stale = pb::MergePatientRequest { expected_version: 7, ..merge(id, survivor) };
    refused(clinic.staff().merge_patient(stale).await, Code::Aborted, "VERSION_MISMATCH");
    clinic.calendar.has_booked(id);
    let answer = clinic.staff().merge_patient(merge(id, survivor)).await;
    refused(answer, Code::FailedPrecondition, "HAS_ACTIVE_APPOINTMENTS");
    clinic.accounts.has_account(survivor);
    clinic.accounts.has_account(id);
    let answer = clinic.staff().merge_patient(merge(id, survivor)).await;
    refused(answer, Code::FailedPrecondition, "HAS_ACCOUNT");
    let seen = clinic.staff().get_patient(get(id)).await.unwrap().into_inner();
    assert_eq!((seen.merged_into.as_str(), seen.version), ("", 1));
    // Who stays may have one.
    let third = id_of(&clinic.admits(identified("mrn", "K-99")).await);
    refused(
        clinic.staff().merge_patient(merge(survivor, third)).await,
        Code::FailedPrecondition,
        "HAS_ACCOUNT",
    );
    clinic.staff().merge_patient(merge(third, survivor)).await.unwrap();
}

#[tokio::test]
async fn a_merge_whose_answer_was_lost_is_undone() {
    let clinic = Clinic::open().await;
    let (id, survivor) = twice(&clinic).await;
    clinic.calendar.is(Mood::Mute);
    let answer = clinic.staff().merge_patient(merge(id, survivor)).await;
    refused(answer, Code::Unavailable, "DEPENDENCY_UNAVAILABLE");
    let told = clinic.calendar.knows(id, false).await;
    clinic.calendar.is(Mood::Well);
    assert!(clinic.calendar.knows(id, true).await.version > told.version);
    assert_eq!(clinic.staff().get_patient(get(id)).await.unwrap().into_inner().merged_into, "");
    assert!(clinic.staff().merge_patient(merge(id, survivor)).await.is_ok());
}

#[tokio::test]
async fn of_two_who_merge_each_into_the_other_one_does() {
    let clinic = Clinic::open().await;
    let (one, other) = twice(&clinic).await;
    let (mut staff, mut admin) = (clinic.staff(), clinic.admin());
    let (first, second) =
        tokio::join!(staff.merge_patient(merge(one, other)), admin.merge_patient(merge(other, one)));
    assert!(first.is_ok() != second.is_ok());
}

#[tokio::test]
async fn only_the_practice_merges_patients() {
    let clinic = Clinic::open().await;
    let (id, survivor) = twice(&clinic).await;
    let doctor = DoctorId::random();
    clinic.calendar.relates(doctor, id);
    for mut person in [clinic.patient(id), clinic.doctor(doctor), clinic.auditor()] {
        let answer = person.merge_patient(merge(id, survivor)).await;
        refused(answer, Code::PermissionDenied, "FORBIDDEN");
        refused(person.unmerge_patient(unmerge(id)).await, Code::PermissionDenied, "FORBIDDEN");
    }
    let mut other = clinic.patient(survivor);
    refused(other.merge_patient(merge(id, survivor)).await, Code::NotFound, "PATIENT_NOT_FOUND");
    refused(other.unmerge_patient(unmerge(id)).await, Code::NotFound, "PATIENT_NOT_FOUND");
}
