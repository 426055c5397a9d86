//! Who may do what.
use crate::clinic::{Clinic, ada, create, delete, get, id_of, identified, named, refused, update};
use crate::peers::Mood;
use proto::ids::{DoctorId, PatientId};
use proto::patient as pb;
use tonic::Code;

#[tokio::test]
async fn nobody_gets_in_without_a_token() {
    let clinic = Clinic::open().await;
    let answer = clinic.stranger().get_patient(get(PatientId::random())).await;
    refused(answer, Code::Unauthenticated, "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_patient_creates_their_own_record_once() {
    let clinic = Clinic::open().await;
    let id = PatientId::random();
    let mut own = clinic.patient(id);
    let created = own.create_patient(create(ada())).await.unwrap().into_inner();
    assert_eq!(id_of(&created), id);
    let again = own.create_patient(create(ada())).await;
    refused(again, Code::AlreadyExists, "PATIENT_EXISTS");
    assert!(own.get_patient(get(id)).await.unwrap().into_inner() == created);
}

#[tokio::test]
async fn a_patient_creates_nobody_else() {
    let clinic = Clinic::open().await;
    let somebody = pb::Patient { id: PatientId::random().to_string(), ..ada() };
    let answer = clinic.patient(PatientId::random()).create_patient(create(somebody)).await;
    refused(answer, Code::PermissionDenied, "FORBIDDEN");
}

#[tokio::test]
async fn another_patient_looks_exactly_like_nobody() {
    let clinic = Clinic::open().await;
    let other = id_of(&clinic.admits(ada()).await);
    let mut own = clinic.patient(PatientId::random());
    let mut answers = Vec::new();
    for id in [other, PatientId::random()] {
        let read = refused(own.get_patient(get(id)).await, Code::NotFound, "PATIENT_NOT_FOUND");
        let patient = pb::Patient { id: id.to_string(), first_name: String::new(), ..ada() };
        let written = own.update_patient(update(patient, &["first_name"])).await;
        let written = refused(written, Code::NotFound, "PATIENT_NOT_FOUND");
        let deleted = refused(own.delete_patient(delete(id)).await, Code::NotFound, "PATIENT_NOT_FOUND");
        answers.push(
            [read, written, deleted].map(|status| (status.message().to_owned(), status.details().to_vec())),
        );
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn patients_do_not_look_around() {
    let clinic = Clinic::open().await;
    let (own, other) = (clinic.admits(ada()).await, clinic.admits(named("Bob", "Babbage")).await);
    let mut patient = clinic.patient(id_of(&own));
    let list = patient.list_patients(pb::ListPatientsRequest::default()).await;
    refused(list, Code::PermissionDenied, "FORBIDDEN");
    // Not even whether the query would have been one.
    let search = patient.search_patients(pb::SearchPatientsRequest::default()).await;
    refused(search, Code::PermissionDenied, "FORBIDDEN");
    refused(patient.delete_patient(delete(id_of(&own))).await, Code::PermissionDenied, "FORBIDDEN");
    let batch = pb::BatchGetPatientsRequest { ids: vec![own.id.clone(), other.id] };
    let batch = patient.batch_get_patients(batch).await.unwrap().into_inner();
    assert!(batch.patients == [own]);
}

#[tokio::test]
async fn patients_do_not_change_who_they_are() {
    let clinic = Clinic::open().await;
    let patient = clinic.admits(ada()).await;
    let mut own = clinic.patient(id_of(&patient));
    let renamed = pb::Patient { first_name: "Augusta".to_owned(), ..patient.clone() };
    let answer = own.update_patient(update(renamed.clone(), &["first_name"])).await;
    let status = refused(answer, Code::PermissionDenied, "FIELD_FORBIDDEN");
    let details = tonic_types::StatusExt::get_error_details(&status);
    assert_eq!(details.error_info().unwrap().metadata["field"], "first_name");
    let moved = pb::Patient { address: "1 Main Street".to_owned(), ..patient };
    let moved = own.update_patient(update(moved, &["address", "first_name"])).await.unwrap().into_inner();
    assert_eq!((moved.address.as_str(), moved.version), ("1 Main Street", 2));
    assert!(clinic.staff().update_patient(update(renamed, &["first_name"])).await.is_ok());
}

#[tokio::test]
async fn doctors_see_whom_they_treat_and_learn_nothing_of_others() {
    let clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    let stranger = id_of(&clinic.admits(named("Bob", "Babbage")).await);
    let mut doctor = clinic.doctor(by);
    let seen = doctor.get_patient(get(patient)).await.unwrap().into_inner();
    assert_eq!(seen.insurance_id, "6789");
    let mut answers = Vec::new();
    for id in [stranger, PatientId::random()] {
        let answer = doctor.get_patient(get(id)).await;
        let status = refused(answer, Code::PermissionDenied, "RELATIONSHIP_REQUIRED");
        answers.push((status.message().to_owned(), status.details().to_vec()));
    }
    assert_eq!(answers[0], answers[1]);
    let list = doctor.list_patients(pb::ListPatientsRequest::default()).await.unwrap().into_inner();
    assert_eq!(list.patients.iter().map(id_of).collect::<Vec<_>>(), [patient]);
    let ids = vec![patient.to_string(), stranger.to_string()];
    let batch = doctor.batch_get_patients(pb::BatchGetPatientsRequest { ids }).await.unwrap().into_inner();
    assert!(batch.patients == [seen]);
}

#[tokio::test]
async fn doctors_write_no_patients() {
    let clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    let mut doctor = clinic.doctor(by);
    refused(doctor.create_patient(create(ada())).await, Code::PermissionDenied, "FORBIDDEN");
    let changed = pb::Patient { id: patient.to_string(), ..ada() };
    refused(doctor.update_patient(update(changed, &["email"])).await, Code::PermissionDenied, "FORBIDDEN");
    refused(doctor.delete_patient(delete(patient)).await, Code::PermissionDenied, "FORBIDDEN");
}

#[tokio::test]
async fn without_the_calendar_doctors_see_nobody_and_staff_goes_on() {
    let clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    clinic.calendar.is(Mood::Away);
    let mut doctor = clinic.doctor(by);
    refused(doctor.get_patient(get(patient)).await, Code::Unavailable, "DEPENDENCY_UNAVAILABLE");
    let list = doctor.list_patients(pb::ListPatientsRequest::default()).await;
    refused(list, Code::Unavailable, "DEPENDENCY_UNAVAILABLE");
    assert!(clinic.staff().get_patient(get(patient)).await.is_ok());
    assert!(clinic.staff().create_patient(create(ada())).await.is_ok());
}

#[tokio::test]
async fn staff_deletes_nobody_and_chooses_no_ids() {
    let clinic = Clinic::open().await;
    let patient = clinic.admits(ada()).await;
    let mut staff = clinic.staff();
    refused(staff.delete_patient(delete(id_of(&patient))).await, Code::PermissionDenied, "FORBIDDEN");
    let chosen = pb::Patient { id: PatientId::random().to_string(), ..ada() };
    refused(staff.create_patient(create(chosen.clone())).await, Code::PermissionDenied, "FIELD_FORBIDDEN");
    let created = clinic.admin().create_patient(create(chosen.clone())).await.unwrap().into_inner();
    assert_eq!(created.id, chosen.id);
}

#[tokio::test]
async fn auditors_see_no_patient_data() {
    let clinic = Clinic::open().await;
    let patient = clinic.admits(ada()).await;
    let id = id_of(&patient);
    let mut auditor = clinic.auditor();
    refused(auditor.get_patient(get(id)).await, Code::PermissionDenied, "FORBIDDEN");
    refused(auditor.create_patient(create(ada())).await, Code::PermissionDenied, "FORBIDDEN");
    refused(auditor.update_patient(update(patient, &["email"])).await, Code::PermissionDenied, "FORBIDDEN");
    refused(auditor.delete_patient(delete(id)).await, Code::PermissionDenied, "FORBIDDEN");
    let list = auditor.list_patients(pb::ListPatientsRequest::default()).await;
    refused(list, Code::PermissionDenied, "FORBIDDEN");
    let batch = auditor.batch_get_patients(pb::BatchGetPatientsRequest { ids: vec![id.to_string()] }).await;
    refused(batch, Code::PermissionDenied, "FORBIDDEN");
    let records = pb::ListMedicalRecordsRequest { patient_id: id.to_string(), ..Default::default() };
    refused(auditor.list_medical_records(records).await, Code::PermissionDenied, "FORBIDDEN");
}

#[tokio::test]
async fn services_get_what_they_need_and_no_more() {
    let clinic = Clinic::open().await;
    let patient = clinic.admits(identified("mrn", "77")).await;
    let id = patient.id.clone();
    let mut appointments = clinic.service("appointment-svc");
    let mut notifications = clinic.service("notification-svc");

    let names = pb::BatchGetPatientNamesRequest { ids: vec![id.clone()] };
    let answer = appointments.batch_get_patient_names(names.clone()).await.unwrap().into_inner();
    assert_eq!(answer.names[0].display_name, "Ada Lovelace");
    let party = pb::GetPatientPartyRequest { id: id.clone() };
    assert!(appointments.get_patient_party(party.clone()).await.unwrap().into_inner().is_active);
    let contact = pb::GetPatientContactRequest { id };
    let answer = notifications.get_patient_contact(contact.clone()).await.unwrap().into_inner();
    assert_eq!(
        (answer.email.as_str(), answer.phone.as_str(), answer.contact_preference()),
        ("ada@example.com", "+49 (30) 123-456", pb::ContactPreference::Email)
    );

    refused(appointments.get_patient(get(id_of(&patient))).await, Code::PermissionDenied, "FORBIDDEN");
    refused(appointments.get_patient_contact(contact.clone()).await, Code::PermissionDenied, "FORBIDDEN");
    refused(notifications.get_patient_party(party.clone()).await, Code::PermissionDenied, "FORBIDDEN");
    for mut person in [clinic.admin(), clinic.doctor(DoctorId::random())] {
        refused(person.batch_get_patient_names(names.clone()).await, Code::PermissionDenied, "FORBIDDEN");
        refused(person.get_patient_contact(contact.clone()).await, Code::PermissionDenied, "FORBIDDEN");
        refused(person.get_patient_party(party.clone()).await, Code::PermissionDenied, "FORBIDDEN");
    }
}
