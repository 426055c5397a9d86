//! Codes by which patients get to their records.
use crate::clinic::{Clinic, ada, delete, id_of, identified, refused};
use crate::peers::CODE;
use proto::ids::{DoctorId, PatientId};
use proto::patient as pb;
use std::time::Duration;
use tonic::Code;

fn code(id: PatientId) -> pb::CreateClaimCodeRequest {
    pb::CreateClaimCodeRequest { patient_id: id.to_string() }
}

#[tokio::test]
async fn the_practice_hands_out_codes_for_those_who_are_here_and_have_no_account() {
    let clinic = Clinic::open().await;
    let id = id_of(&clinic.admits(ada()).await);
    for mut person in [clinic.staff(), clinic.admin()] {
        assert_eq!(person.create_claim_code(code(id)).await.unwrap().into_inner().code, CODE);
    }
    let unknown = clinic.staff().create_claim_code(code(PatientId::random())).await;
    refused(unknown, Code::NotFound, "PATIENT_NOT_FOUND");

    clinic.accounts.has_account(id);
    let taken = clinic.staff().create_claim_code(code(id)).await;
    refused(taken, Code::FailedPrecondition, "HAS_ACCOUNT");
}

#[tokio::test]
async fn who_is_being_merged_gets_no_code() {
    let clinic = Clinic::open().await;
    let id = id_of(&clinic.admits(ada()).await);
    let survivor = id_of(&clinic.admits(identified("mrn", "K-77")).await);
    let database = clinic.superuser().await;
    let merge = "BEGIN; UPDATE patient.patients SET deleted_at = now(), merged_into = ";
    database.batch_execute(&format!("{merge} '{survivor}' WHERE id = '{id}'")).await.unwrap();
    let mut staff = clinic.staff();
    let merged = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        database.batch_execute("COMMIT").await.unwrap();
    };
    let (asked, ()) = tokio::join!(staff.create_claim_code(code(id)), merged);
    refused(asked, Code::FailedPrecondition, "PATIENT_MERGED");
}

#[tokio::test]
async fn nobody_else_gets_a_code() {
    let clinic = Clinic::open().await;
    let id = id_of(&clinic.admits(ada()).await);
    for mut person in [clinic.doctor(DoctorId::random()), clinic.auditor(), clinic.patient(id)] {
        refused(person.create_claim_code(code(id)).await, Code::PermissionDenied, "FORBIDDEN");
    }
    let other = clinic.patient(PatientId::random()).create_claim_code(code(id)).await;
    refused(other, Code::NotFound, "PATIENT_NOT_FOUND");
}

#[tokio::test]
async fn auth_svc_learns_what_there_is_under_an_id_and_nobody_else_does() {
    let clinic = Clinic::open().await;
    let asked = |id: PatientId| pb::CheckPatientRecordRequest { patient_id: id.to_string() };
    let here = id_of(&clinic.admits(ada()).await);
    let gone = id_of(&clinic.admits(identified("mrn", "K-77")).await);
    clinic.admin().delete_patient(delete(gone)).await.unwrap();
    let mut auth = clinic.service("auth-svc");
    for (id, exists, is_present) in
        [(here, true, true), (gone, true, false), (PatientId::random(), false, false)]
    {
        let found = auth.check_patient_record(asked(id)).await.unwrap().into_inner();
        assert_eq!((found.exists, found.is_present), (exists, is_present));
    }
    for mut other in [clinic.admin(), clinic.service("notification-svc")] {
        refused(other.check_patient_record(asked(here)).await, Code::PermissionDenied, "FORBIDDEN");
    }
}
