//! Removing a patient: the calendar is asked first, and never left with something that did not happen.
use crate::clinic::{Clinic, ada, create, delete, get, id_of, identified, refused, update};
use crate::peers::Mood;
use proto::patient as pb;
use tonic::Code;
use tonic_types::StatusExt as _;

#[tokio::test]
async fn a_deleted_patient_is_gone_from_everywhere() {
    let clinic = Clinic::open().await;
    let patient = clinic.admits(identified("mrn", "77")).await;
    let id = id_of(&patient);
    let mut admin = clinic.admin();
    let deleted = admin.delete_patient(delete(id)).await.unwrap().into_inner();
    assert!(deleted.delete_time.is_some());
    assert_eq!(deleted.version, 2);
    assert_eq!(clinic.calendar.party(id).map(|party| party.is_active), Some(false));

    refused(admin.get_patient(get(id)).await, Code::NotFound, "PATIENT_NOT_FOUND");
    refused(clinic.patient(id).get_patient(get(id)).await, Code::NotFound, "PATIENT_NOT_FOUND");
    refused(admin.update_patient(update(patient, &["email"])).await, Code::NotFound, "PATIENT_NOT_FOUND");
    let list = admin.list_patients(pb::ListPatientsRequest::default()).await.unwrap().into_inner();
    assert!(list.patients.is_empty());
    let search = pb::SearchPatientsRequest { query: "ada".to_owned(), page_size: 0 };
    assert!(admin.search_patients(search).await.unwrap().into_inner().patients.is_empty());
    let batch = pb::BatchGetPatientsRequest { ids: vec![id.to_string()] };
    assert!(admin.batch_get_patients(batch).await.unwrap().into_inner().patients.is_empty());
    let contact = pb::GetPatientContactRequest { id: id.to_string() };
    let contact = clinic.service("notification-svc").get_patient_contact(contact).await;
    refused(contact, Code::NotFound, "PATIENT_NOT_FOUND");
    let party = pb::GetPatientPartyRequest { id: id.to_string() };
    let party = clinic.service("appointment-svc").get_patient_party(party).await.unwrap().into_inner();
    assert!(!party.is_active);

    // What was theirs can be somebody else's.
    clinic.admits(identified("mrn", "77")).await;
    assert!(admin.delete_patient(delete(id)).await.unwrap().into_inner() == deleted);
}

#[tokio::test]
async fn a_patient_with_visits_ahead_stays() {
    let clinic = Clinic::open().await;
    let id = id_of(&clinic.admits(ada()).await);
    clinic.calendar.has_booked(id);
    let answer = clinic.admin().delete_patient(delete(id)).await;
    let status = refused(answer, Code::FailedPrecondition, "HAS_ACTIVE_APPOINTMENTS");
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().metadata["appointment_ids"], "a,b");
    assert!(clinic.admin().get_patient(get(id)).await.is_ok());
    let left = clinic.owner().await.query("SELECT FROM patient.removals", &[]).await.unwrap();
    assert!(left.is_empty());
}

#[tokio::test]
async fn nobody_is_removed_from_a_version_that_is_no_more() {
    let clinic = Clinic::open().await;
    let id = id_of(&clinic.admits(ada()).await);
    let request = pb::DeletePatientRequest { expected_version: 7, ..delete(id) };
    refused(clinic.admin().delete_patient(request).await, Code::Aborted, "VERSION_MISMATCH");
    assert_eq!(clinic.calendar.party(id).map(|party| party.is_active), Some(true));
}

#[tokio::test]
async fn without_the_calendar_nobody_is_removed() {
    let clinic = Clinic::open().await;
    let id = id_of(&clinic.admits(ada()).await);
    clinic.calendar.is(Mood::Away);
    let answer = clinic.admin().delete_patient(delete(id)).await;
    refused(answer, Code::Unavailable, "DEPENDENCY_UNAVAILABLE");
    assert!(clinic.admin().get_patient(get(id)).await.is_ok());
}

#[tokio::test]
async fn a_removal_whose_answer_was_lost_is_undone() {
    let clinic = Clinic::open().await;
    let id = id_of(&clinic.admits(ada()).await);
    clinic.calendar.is(Mood::Mute);
    let answer = clinic.admin().delete_patient(delete(id)).await;
    refused(answer, Code::Unavailable, "DEPENDENCY_UNAVAILABLE");
    let told = clinic.calendar.knows(id, false).await;
    clinic.calendar.is(Mood::Well);
    let settled = clinic.calendar.knows(id, true).await;
    assert!(settled.version > told.version);
    assert!(clinic.admin().delete_patient(delete(id)).await.is_ok());
    assert!(clinic.calendar.knows(id, false).await.version > settled.version);
}

#[tokio::test]
async fn a_removal_that_a_crash_cut_short_is_undone() {
    let clinic = Clinic::open().await;
    let id = id_of(&clinic.admits(ada()).await);
    // What a process leaves behind that dies between the calendar's answer and its own commit.
    let version = clinic.calendar.party(id).unwrap().version + 1;
    let owner = clinic.owner().await;
    owner.query_one("SELECT nextval('patient.party_versions')", &[]).await.unwrap();
    clinic.calendar.told(pb::PatientParty { id: id.to_string(), is_active: false, version });
    let note =
        "INSERT INTO patient.removals VALUES (gen_random_uuid(), $1, clock_timestamp() - interval '1 s')";
    owner.execute(note, &[&id.0]).await.unwrap();

    assert!(clinic.calendar.knows(id, true).await.version > version);
    assert!(clinic.admin().get_patient(get(id)).await.is_ok());
}

#[tokio::test]
async fn a_new_patient_survives_a_calendar_that_is_away() {
    let clinic = Clinic::open().await;
    clinic.calendar.is(Mood::Away);
    let created = clinic.staff().create_patient(create(ada())).await.unwrap().into_inner();
    let events = "SELECT data FROM patient.outbox WHERE event_type = 'patient.created' AND aggregate_id = $1";
    let told = clinic.owner().await.query(events, &[&id_of(&created).0]).await.unwrap();
    assert_eq!(told.len(), 1);
}
