//! Patients who stay as they are.
use crate::clinic::{Clinic, ada, delete, get, id_of, invalid, refused};
use proto::ids::{DoctorId, PatientId};
use proto::patient as pb;
use tonic::Code;

fn place(id: PatientId, reason: &str) -> pb::PlaceLegalHoldRequest {
    pb::PlaceLegalHoldRequest { patient_id: id.to_string(), reason: reason.to_owned() }
}

fn lift(id: PatientId) -> pb::LiftLegalHoldRequest {
    pb::LiftLegalHoldRequest { patient_id: id.to_string() }
}

fn find(id: PatientId) -> pb::GetLegalHoldRequest {
    pb::GetLegalHoldRequest { patient_id: id.to_string() }
}

fn merge(id: PatientId, into: PatientId) -> pb::MergePatientRequest {
    let reason = "registered twice".to_owned();
    pb::MergePatientRequest {
        id: id.to_string(),
        into_patient_id: into.to_string(),
        reason,
        expected_version: 0,
    }
}

#[tokio::test]
async fn who_is_held_is_neither_deleted_nor_merged_until_it_is_lifted() {
    let clinic = Clinic::open().await;
    let (held, other) = (id_of(&clinic.admits(ada()).await), id_of(&clinic.admits(ada()).await));
    let mut admin = clinic.admin();
    let placed = admin.place_legal_hold(place(held, "Claim 12")).await.unwrap().into_inner();
    assert_eq!((placed.reason.as_str(), placed.lift_time), ("Claim 12", None));

    let status = refused(admin.delete_patient(delete(held)).await, Code::FailedPrecondition, "LEGAL_HOLD");
    assert!(!status.message().contains("Claim"));
    for (id, into) in [(held, other), (other, held)] {
        let answer = clinic.staff().merge_patient(merge(id, into)).await;
        refused(answer, Code::FailedPrecondition, "LEGAL_HOLD");
    }
    assert_eq!(clinic.calendar.party(held).map(|party| party.is_active), Some(true));
    let left = clinic.owner().await.query("SELECT FROM patient.removals", &[]).await.unwrap();
    assert!(left.is_empty());
    assert!(clinic.staff().get_patient(get(held)).await.is_ok());

    let lifted = admin.lift_legal_hold(lift(held)).await.unwrap().into_inner();
    assert!(lifted.lift_time.is_some());
    refused(admin.lift_legal_hold(lift(held)).await, Code::NotFound, "LEGAL_HOLD_NOT_FOUND");
    refused(admin.get_legal_hold(find(held)).await, Code::NotFound, "LEGAL_HOLD_NOT_FOUND");
    assert!(admin.delete_patient(delete(held)).await.is_ok());
}

#[tokio::test]
async fn who_was_deleted_is_held_until_they_are_erased() {
    let clinic = Clinic::open().await;
    let id = id_of(&clinic.admits(ada()).await);
    let mut admin = clinic.admin();
    admin.delete_patient(delete(id)).await.unwrap();
    let placed = admin.place_legal_hold(place(id, "Claim 12")).await.unwrap().into_inner();
    assert!(admin.get_legal_hold(find(id)).await.unwrap().into_inner() == placed);
    let erase = pb::ErasePatientRequest { patient_id: id.to_string(), reason: "asked for".to_owned() };
    refused(admin.erase_patient(erase.clone()).await, Code::FailedPrecondition, "LEGAL_HOLD");
    admin.lift_legal_hold(lift(id)).await.unwrap();
    admin.erase_patient(erase).await.unwrap();
    refused(admin.place_legal_hold(place(id, "Claim 12")).await, Code::NotFound, "PATIENT_NOT_FOUND");
    refused(admin.lift_legal_hold(lift(id)).await, Code::NotFound, "PATIENT_NOT_FOUND");
    refused(admin.get_legal_hold(find(id)).await, Code::NotFound, "LEGAL_HOLD_NOT_FOUND");
}

#[tokio::test]
async fn who_was_merged_into_one_who_is_held_stays_there() {
    let clinic = Clinic::open().await;
    let (merged, survivor) = (id_of(&clinic.admits(ada()).await), id_of(&clinic.admits(ada()).await));
    clinic.staff().merge_patient(merge(merged, survivor)).await.unwrap();
    clinic.admin().place_legal_hold(place(survivor, "Claim 12")).await.unwrap();
    let parted = pb::UnmergePatientRequest { id: merged.to_string(), reason: "father and son".to_owned() };
    refused(clinic.staff().unmerge_patient(parted).await, Code::FailedPrecondition, "LEGAL_HOLD");
    let answer = clinic.admin().place_legal_hold(place(merged, "Claim 12")).await;
    refused(answer, Code::FailedPrecondition, "PATIENT_MERGED");
}

#[tokio::test]
async fn another_reason_replaces_the_one_before() {
    let clinic = Clinic::open().await;
    let id = id_of(&clinic.admits(ada()).await);
    let mut admin = clinic.admin();
    let first = admin.place_legal_hold(place(id, "Claim 12")).await.unwrap().into_inner();
    let again = admin.place_legal_hold(place(id, "Claim 12")).await.unwrap().into_inner();
    assert!(again == first);
    let next = admin.place_legal_hold(place(id, "Claim 13")).await.unwrap().into_inner();
    assert_eq!(next.reason, "Claim 13");
    assert!(admin.get_legal_hold(find(id)).await.unwrap().into_inner() == next);
    let kept = clinic.owner().await.query("SELECT FROM patient.legal_holds", &[]).await.unwrap();
    assert_eq!(kept.len(), 2, "those before are kept");
    assert_eq!(invalid(admin.place_legal_hold(place(id, "")).await), ["reason"]);
}

#[tokio::test]
async fn holds_and_their_reasons_are_for_admins() {
    let clinic = Clinic::open().await;
    let id = id_of(&clinic.admits(ada()).await);
    clinic.admin().place_legal_hold(place(id, "Claim 12")).await.unwrap();
    let doctor = DoctorId::random();
    clinic.calendar.relates(doctor, id);
    for mut person in [clinic.staff(), clinic.patient(id), clinic.doctor(doctor), clinic.auditor()] {
        refused(person.get_legal_hold(find(id)).await, Code::PermissionDenied, "FORBIDDEN");
        refused(person.place_legal_hold(place(id, "")).await, Code::PermissionDenied, "FORBIDDEN");
        refused(person.lift_legal_hold(lift(id)).await, Code::PermissionDenied, "FORBIDDEN");
    }
    let mut other = clinic.patient(PatientId::random());
    refused(other.get_legal_hold(find(id)).await, Code::NotFound, "PATIENT_NOT_FOUND");
}
