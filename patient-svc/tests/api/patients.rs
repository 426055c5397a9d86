//! What is kept of patients, and how it changes.
use crate::clinic::{Clinic, ada, create, get, id_of, identified, invalid, named, refused, update};
use proto::ids::PatientId;
use proto::patient as pb;
use tonic::Code;

#[tokio::test]
async fn what_is_written_is_read_again() {
    let clinic = Clinic::open().await;
    let sent = pb::Patient {
        email: "Ada@Example.COM".to_owned(),
        address: "1 Main Street\nSpringfield".to_owned(),
        insurance_provider: "Acme Health".to_owned(),
        gender: pb::Gender::Female.into(),
        language: "de-AT".to_owned(),
        time_zone: "europe/vienna".to_owned(),
        contact_preference: pb::ContactPreference::Phone.into(),
        ..identified("mrn", "77")
    };
    let created = clinic.admits(sent.clone()).await;
    let expected = pb::Patient {
        id: created.id.clone(),
        email: "ada@example.com".to_owned(),
        time_zone: "Europe/Vienna".to_owned(),
        create_time: created.create_time,
        update_time: created.create_time,
        version: 1,
        ..sent
    };
    assert!(created == expected);
    let read = clinic.staff().get_patient(get(id_of(&created))).await.unwrap().into_inner();
    assert!(read == created);
}

#[tokio::test]
async fn the_next_request_can_be_a_booking() {
    let clinic = Clinic::open().await;
    let created = clinic.admits(ada()).await;
    let party = clinic.calendar.party(id_of(&created)).expect("told before the answer");
    let asked = pb::GetPatientPartyRequest { id: created.id };
    let told = clinic.service("appointment-svc").get_patient_party(asked).await.unwrap().into_inner();
    assert!(party == told);
}

#[tokio::test]
async fn all_that_is_wrong_is_told_at_once() {
    let clinic = Clinic::open().await;
    let wrong = pb::Patient {
        first_name: " ".to_owned(),
        date_of_birth: "2190-01-01".to_owned(),
        email: "ada".to_owned(),
        phone: "call me".to_owned(),
        identifiers: vec![pb::Identifier { system: "mrn".to_owned(), value: String::new() }],
        ..ada()
    };
    let fields = invalid(clinic.staff().create_patient(create(wrong)).await);
    let expected = ["first_name", "date_of_birth", "email", "phone", "identifiers[0].value"];
    assert_eq!(fields, expected.map(|field| format!("patient.{field}")));
    assert_eq!(invalid(clinic.staff().create_patient(create(pb::Patient::default())).await).len(), 3);
    let nonsense = pb::GetPatientRequest { id: "7".to_owned() };
    assert_eq!(invalid(clinic.staff().get_patient(nonsense).await), ["id"]);
}

#[tokio::test]
async fn an_update_touches_what_the_mask_names() {
    let clinic = Clinic::open().await;
    let created = clinic.admits(identified("mrn", "77")).await;
    let mut staff = clinic.staff();
    let sent = pb::Patient { id: created.id.clone(), last_name: "King".to_owned(), ..Default::default() };
    let mask = ["last_name", "email", "identifiers"];
    let updated = staff.update_patient(update(sent, &mask)).await.unwrap().into_inner();
    let expected = pb::Patient {
        last_name: "King".to_owned(),
        email: String::new(),
        identifiers: Vec::new(),
        version: 2,
        update_time: updated.update_time,
        ..created
    };
    assert!(updated == expected);
    let same = staff.update_patient(update(updated.clone(), &mask)).await.unwrap().into_inner();
    assert!(same == updated);
}

#[tokio::test]
async fn an_update_names_fields_that_are_there() {
    let clinic = Clinic::open().await;
    let created = clinic.admits(ada()).await;
    let mut staff = clinic.staff();
    for field in ["version", "shoe_size"] {
        assert_eq!(invalid(staff.update_patient(update(created.clone(), &[field])).await), ["update_mask"]);
    }
    let nameless = pb::Patient { first_name: String::new(), ..created };
    assert_eq!(
        invalid(staff.update_patient(update(nameless, &["first_name"])).await),
        ["patient.first_name"]
    );
    let nobody = pb::Patient { id: PatientId::random().to_string(), ..ada() };
    refused(staff.update_patient(update(nobody, &["email"])).await, Code::NotFound, "PATIENT_NOT_FOUND");
}

#[tokio::test]
async fn of_two_writers_who_saw_the_same_version_one_is_told() {
    let clinic = Clinic::open().await;
    let created = clinic.admits(ada()).await;
    let writes = ["1", "2", "3", "4"].map(|number| {
        let moved = pb::Patient { address: format!("{number} Main Street"), ..created.clone() };
        let request = pb::UpdatePatientRequest { expected_version: 1, ..update(moved, &["address"]) };
        let mut staff = clinic.staff();
        async move { staff.update_patient(request).await }
    });
    let (won, lost): (Vec<_>, Vec<_>) =
        futures::future::join_all(writes).await.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 3));
    for answer in lost {
        refused(answer, Code::Aborted, "VERSION_MISMATCH");
    }
}

#[tokio::test]
async fn an_identifier_is_one_patients() {
    let clinic = Clinic::open().await;
    let first = clinic.admits(identified("mrn", "A-77")).await;
    let mut staff = clinic.staff();
    let taken = staff.create_patient(create(identified("MRN", "a-77"))).await;
    refused(taken, Code::AlreadyExists, "IDENTIFIER_TAKEN");
    let second = clinic.admits(identified("mrn", "78")).await;
    let stolen = pb::Patient { id: second.id.clone(), ..identified("mrn", "A-77") };
    let stolen = update(stolen, &["identifiers"]);
    refused(staff.update_patient(stolen.clone()).await, Code::AlreadyExists, "IDENTIFIER_TAKEN");
    let given_up = pb::Patient { id: first.id, ..Default::default() };
    staff.update_patient(update(given_up, &["identifiers"])).await.unwrap();
    assert!(staff.update_patient(stolen).await.is_ok());
}

#[tokio::test]
async fn pages_follow_each_other_by_name() {
    let clinic = Clinic::open().await;
    let names = [("Zoe", "Adams"), ("Ann", "Öberg"), ("Bob", "Baker"), ("Ann", "Baker"), ("Ann", "Baker")];
    for (first, last) in names {
        clinic.admits(named(first, last)).await;
    }
    let mut staff = clinic.staff();
    let mut seen = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = pb::ListPatientsRequest { page_size: 2, page_token };
        let page = staff.list_patients(request).await.unwrap().into_inner();
        assert!(page.patients.len() <= 2);
        seen.extend(
            page.patients.iter().map(|patient| format!("{} {}", patient.first_name, patient.last_name)),
        );
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ["Zoe Adams", "Ann Baker", "Ann Baker", "Bob Baker", "Ann Öberg"]);
    let foreign = pb::ListPatientsRequest { page_size: -1, page_token: "x".to_owned() };
    assert_eq!(invalid(staff.list_patients(foreign).await), ["page_size", "page_token"]);
}
