//! Creating somebody who may be here already.
use crate::clinic::{Clinic, Person, ada, create, delete, id_of, identified, named, refused};
use proto::ids::PatientId;
use proto::patient as pb;
use tonic::Code;
use tonic_types::StatusExt as _;

/// A request to create `patient` by somebody who has not looked who is here.
fn unconfirmed(patient: pb::Patient) -> pb::CreatePatientRequest {
    pb::CreatePatientRequest { patient: Some(patient), confirm_new: false }
}

/// Those who `person` is told may be the same as `patient`.
async fn candidates(mut person: Person, patient: pb::Patient) -> Vec<PatientId> {
    let answer = person.create_patient(unconfirmed(patient)).await;
    let status = refused(answer, Code::AlreadyExists, "POSSIBLE_DUPLICATE");
    let details = status.get_error_details();
    let ids = &details.error_info().unwrap().metadata["patient_ids"];
    ids.split(',').map(|id| id.parse().unwrap()).collect()
}

fn named_and_born(first_name: &str, last_name: &str, date_of_birth: &str) -> pb::Patient {
    pb::Patient { date_of_birth: date_of_birth.to_owned(), ..named(first_name, last_name) }
}

#[tokio::test]
async fn a_name_much_like_one_of_the_same_birthday_is_told() {
    let clinic = Clinic::open().await;
    let known = id_of(&clinic.admits(named("Émilie", "Du Châtelet")).await);
    for (first, last) in [
        ("Émilie", "Du Châtelet"),
        ("EMILIE", "du chatelet"),
        ("E\u{301}milie", "Du Châtelet"),
        ("Du Châtelet", "Emilie"),
        ("Emily", "Du Chatelet"),
    ] {
        assert_eq!(candidates(clinic.staff(), named(first, last)).await, [known], "{first} {last}");
    }
    assert_eq!(candidates(clinic.admin(), named("Émilie", "Du Châtelet")).await, [known]);
}

#[tokio::test]
async fn names_in_any_script_are_compared() {
    let clinic = Clinic::open().await;
    let known = id_of(&clinic.admits(named("Софья", "Ковалевская")).await);
    assert_eq!(candidates(clinic.staff(), named("СОФЬЯ", "Ковалевская")).await, [known]);
}

#[tokio::test]
async fn another_birthday_or_another_name_is_somebody_else() {
    let clinic = Clinic::open().await;
    clinic.admits(ada()).await;
    let mut staff = clinic.staff();
    let others = [
        named_and_born("Ada", "Lovelace", "1985-12-11"),
        named("Bob", "Babbage"),
        // Twins.
        named("Tom", "Lovelace"),
    ];
    for other in others {
        assert!(staff.create_patient(unconfirmed(other)).await.is_ok());
    }
}

#[tokio::test]
async fn an_address_or_number_of_the_same_birthday_is_told() {
    let clinic = Clinic::open().await;
    let known = id_of(&clinic.admits(ada()).await);
    let married = named("Augusta", "King");
    for (email, phone) in [("ADA@example.com", ""), ("", "+49 30 123456"), ("", "030 / 123 456")] {
        let patient = pb::Patient { email: email.to_owned(), phone: phone.to_owned(), ..married.clone() };
        assert_eq!(candidates(clinic.staff(), patient).await, [known], "{email}{phone}");
    }
    for (name, email, phone) in
        [("Augusta", "augusta@example.com", ""), ("Olga", "", "+49 30 123457"), ("Berta", "", "456")]
    {
        let (email, phone) = (email.to_owned(), phone.to_owned());
        let patient = pb::Patient { email, phone, ..named(name, "King") };
        assert!(clinic.staff().create_patient(unconfirmed(patient)).await.is_ok(), "{name}");
    }
}

#[tokio::test]
async fn at_most_five_are_told_the_most_alike_first() {
    let clinic = Clinic::open().await;
    for _ in 0..5 {
        clinic.admits(named("Adele", "Lovelace")).await;
    }
    let same = id_of(&clinic.admits(named("Adela", "Lovelace")).await);
    let told = candidates(clinic.staff(), named("Adela", "Lovelace")).await;
    assert_eq!((told.len(), told[0]), (5, same));
}

#[tokio::test]
async fn nobody_is_created_by_a_refusal_and_who_is_sure_creates() {
    let clinic = Clinic::open().await;
    clinic.admits(ada()).await;
    candidates(clinic.staff(), ada()).await;
    let list = clinic.staff().list_patients(pb::ListPatientsRequest::default()).await.unwrap().into_inner();
    assert_eq!(list.patients.len(), 1);
    assert!(clinic.staff().create_patient(create(ada())).await.is_ok());
}

#[tokio::test]
async fn the_deleted_are_nobody() {
    let clinic = Clinic::open().await;
    let known = id_of(&clinic.admits(ada()).await);
    clinic.admin().delete_patient(delete(known)).await.unwrap();
    assert!(clinic.staff().create_patient(unconfirmed(ada())).await.is_ok());
}

#[tokio::test]
async fn patients_never_learn_of_others() {
    let clinic = Clinic::open().await;
    clinic.admits(ada()).await;
    let own = PatientId::random();
    let created = clinic.patient(own).create_patient(unconfirmed(ada())).await.unwrap().into_inner();
    assert_eq!(id_of(&created), own);
}

#[tokio::test]
async fn what_is_certain_is_told_first() {
    let clinic = Clinic::open().await;
    clinic.admits(identified("mrn", "77")).await;
    let answer = clinic.staff().create_patient(unconfirmed(identified("MRN", "77"))).await;
    refused(answer, Code::AlreadyExists, "IDENTIFIER_TAKEN");
}

#[tokio::test]
async fn of_two_who_create_one_person_at_once_one_is_told() {
    let clinic = Clinic::open().await;
    let (mut one, mut other) = (clinic.staff(), clinic.staff());
    let made = tokio::join!(one.create_patient(unconfirmed(ada())), other.create_patient(unconfirmed(ada())));
    let ((Ok(created), refusal) | (refusal, Ok(created))) = made else { panic!("neither was created") };
    let status = refused(refusal, Code::AlreadyExists, "POSSIBLE_DUPLICATE");
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().metadata["patient_ids"], created.into_inner().id);
}
