//! Patients of whom nothing is to be known any more.
use crate::clinic::{Clinic, ada, create, delete, get, id_of, invalid, named, refused};
use platform::caller::Role;
use proto::ids::{PatientId, UserId};
use proto::patient as pb;
use tonic::Code;

fn erase(id: PatientId) -> pb::ErasePatientRequest {
    pb::ErasePatientRequest { patient_id: id.to_string(), reason: "asked for in writing".to_owned() }
}

fn merge(id: PatientId, into: PatientId) -> pb::MergePatientRequest {
    pb::MergePatientRequest {
        id: id.to_string(),
        into_patient_id: into.to_string(),
        reason: "Lovelace twice".to_owned(),
        expected_version: 0,
    }
}

/// Every row of the schema, as text.
async fn everything(clinic: &Clinic) -> String {
    let database = clinic.superuser().await;
    let tables = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'patient'";
    let mut all = String::new();
    for table in database.query(tables, &[]).await.unwrap() {
        let table: String = table.get(0);
        let rows = format!("SELECT row::text FROM patient.\"{table}\" AS row");
        for row in database.query(&rows, &[]).await.unwrap() {
            all += &row.get::<_, String>(0);
        }
    }
    all
}

#[tokio::test]
async fn of_an_erased_patient_nothing_is_left_but_that_they_were_here() {
    let clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    let twin = id_of(&clinic.admits(named("Augusta", "Lovelace")).await);
    clinic.staff().merge_patient(merge(twin, patient)).await.unwrap();
    let record = pb::MedicalRecord {
        patient_id: patient.to_string(),
        diagnosis: "Melancholy".to_owned(),
        ..Default::default()
    };
    let request = pb::CreateMedicalRecordRequest { medical_record: Some(record) };
    let record = clinic.doctor(by).create_medical_record(request).await.unwrap().into_inner();
    let glass = pb::BreakGlassRequest {
        patient_id: patient.to_string(),
        reason: "Lovelace is unconscious".to_owned(),
        includes_very_restricted: false,
    };
    clinic.emergencies(UserId::random(), Role::Doctor(by)).break_glass(glass).await.unwrap();

    let mut admin = clinic.admin();
    refused(admin.erase_patient(erase(patient)).await, Code::FailedPrecondition, "NOT_DELETED");
    refused(admin.erase_patient(erase(twin)).await, Code::FailedPrecondition, "PATIENT_MERGED");
    refused(admin.erase_patient(erase(PatientId::random())).await, Code::NotFound, "PATIENT_NOT_FOUND");
    assert_eq!(
        invalid(
            admin.erase_patient(pb::ErasePatientRequest { reason: String::new(), ..erase(patient) }).await
        ),
        ["reason"]
    );
    admin.delete_patient(delete(patient)).await.unwrap();
    for mut denied in [clinic.staff(), clinic.auditor(), clinic.doctor(by), clinic.patient(patient)] {
        refused(denied.erase_patient(erase(patient)).await, Code::PermissionDenied, "FORBIDDEN");
    }
    let hidden = clinic.patient(PatientId::random()).erase_patient(erase(patient)).await;
    refused(hidden, Code::NotFound, "PATIENT_NOT_FOUND");

    let erasure = admin.erase_patient(erase(patient)).await.unwrap().into_inner();
    assert!(admin.erase_patient(erase(patient)).await.unwrap().into_inner() == erasure);
    let left = everything(&clinic).await.to_lowercase();
    assert!(left.contains(&patient.to_string()));
    for gone in ["augusta", "lovelace", "example.com", "1985-12-10", "melancholy"] {
        assert!(!left.contains(gone), "{gone} is still there");
    }
    // Digests have these letters in them.
    assert!(left.split(|c: char| !c.is_alphanumeric()).all(|word| word != "ada"), "ada is still there");
    assert!(clinic.accounts.erased(patient) && clinic.accounts.erased(twin));
    let answer =
        clinic.doctor(by).get_medical_record(pb::GetMedicalRecordRequest { id: record.id.clone() }).await;
    refused(answer, Code::NotFound, "MEDICAL_RECORD_NOT_FOUND");
    refused(admin.get_patient(get(patient)).await, Code::NotFound, "PATIENT_NOT_FOUND");
    let events = "SELECT aggregate_id FROM patient.outbox WHERE event_type = 'patient.erased'";
    assert_eq!(clinic.owner().await.query(events, &[]).await.unwrap().len(), 2);
    // Whoever comes again is somebody new.
    assert!(clinic.staff().create_patient(create(ada())).await.is_ok());
}

#[tokio::test]
async fn without_auth_svc_nobody_is_half_erased() {
    let clinic = Clinic::open().await;
    let patient = id_of(&clinic.admits(ada()).await);
    let mut admin = clinic.admin();
    admin.delete_patient(delete(patient)).await.unwrap();
    clinic.accounts.go_away(true);
    refused(admin.erase_patient(erase(patient)).await, Code::Unavailable, "DEPENDENCY_UNAVAILABLE");
    assert!(everything(&clinic).await.contains("Lovelace"));
    clinic.accounts.go_away(false);
    admin.erase_patient(erase(patient)).await.unwrap();
    assert!(!everything(&clinic).await.contains("Lovelace"));
}
