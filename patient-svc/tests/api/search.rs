//! Finding patients.
use crate::clinic::{Clinic, Person, ada, id_of, identified, invalid, named};
use proto::ids::DoctorId;
use proto::patient as pb;

async fn found(clinic: &Clinic, query: &str) -> Vec<String> {
    found_by(clinic.staff(), query).await
}

async fn found_by(mut person: Person, query: &str) -> Vec<String> {
    let request = pb::SearchPatientsRequest { query: query.to_owned(), page_size: 0 };
    let answer = person.search_patients(request).await.unwrap().into_inner();
    answer.patients.into_iter().map(|patient| patient.first_name).collect()
}

#[tokio::test]
async fn patients_are_found_by_whatever_is_known() {
    let clinic = Clinic::open().await;
    clinic.admits(identified("mrn", "X_7%7")).await;
    clinic.admits(named("Émilie", "Du Châtelet")).await;
    for query in
        ["ada", "LOVE", "lovelace, ada", "ada lovelace", "@example.com", "030 123456", "+49 30 12", "x_7%"]
    {
        assert_eq!(found(&clinic, query).await, ["Ada"], "{query}");
    }
    assert_eq!(found(&clinic, "ÉMI").await, ["Émilie"]);
    for query in ["%%%", "a_a", "___", "ada byron", "0000", "\"};"] {
        assert!(found(&clinic, query).await.is_empty(), "{query}");
    }
}

#[tokio::test]
async fn the_best_match_comes_first() {
    let clinic = Clinic::open().await;
    for (first, last) in [("Joanna", "Smithson"), ("Ann", "Smith"), ("Annabel", "Smithers")] {
        clinic.admits(named(first, last)).await;
    }
    assert_eq!(found(&clinic, "ann smith").await.first().unwrap(), "Ann");
    assert_eq!(found(&clinic, "ann").await, ["Ann", "Annabel", "Joanna"]);
}

#[tokio::test]
async fn a_search_needs_three_characters_and_gives_at_most_fifty() {
    let clinic = Clinic::open().await;
    let short = pb::SearchPatientsRequest { query: " ad ".to_owned(), page_size: -1 };
    assert_eq!(invalid(clinic.staff().search_patients(short).await), ["query", "page_size"]);
    let admissions = (0..51).map(|_| clinic.admits(ada()));
    futures::future::join_all(admissions).await;
    let all = pb::SearchPatientsRequest { query: "ada".to_owned(), page_size: 1000 };
    let found = clinic.staff().search_patients(all).await.unwrap().into_inner();
    assert_eq!(found.patients.len(), 50);
}

#[tokio::test]
async fn doctors_search_among_their_patients() {
    let clinic = Clinic::open().await;
    let (patient, by) = clinic.couple().await;
    clinic.admits(ada()).await;
    let search = pb::SearchPatientsRequest { query: "lovelace".to_owned(), page_size: 0 };
    let found = clinic.doctor(by).search_patients(search.clone()).await.unwrap().into_inner();
    assert_eq!(found.patients.iter().map(id_of).collect::<Vec<_>>(), [patient]);
    let found = clinic.doctor(DoctorId::random()).search_patients(search).await.unwrap().into_inner();
    assert!(found.patients.is_empty());
}

#[tokio::test]
async fn doctors_find_nobody_by_what_they_may_not_see() {
    let clinic = Clinic::open().await;
    let by = DoctorId::random();
    let identifier =
        |system: &str, value: &str| pb::Identifier { system: system.into(), value: value.into() };
    let identifiers = vec![
        identifier("Mrn", "K-4711"),
        identifier("mrn-of-elsewhere", "Q-5822"),
        identifier("http://hl7.org/fhir/sid/us-ssn", "078-05-1120"),
    ];
    let address = "12 St James's Square".to_owned();
    let patient = pb::Patient { address, insurance_provider: "Axis".to_owned(), identifiers, ..ada() };
    clinic.calendar.relates(by, id_of(&clinic.admits(patient).await));
    for query in ["lovelace", "@example.com", "030 123456", "k-4711", "ada 4711"] {
        assert_eq!(found_by(clinic.doctor(by), query).await, ["Ada"], "{query}");
    }
    for query in [
        "078",
        "078-0",
        "05-1120",
        "ada 078-05",
        "q-5822",
        "mrn",
        "us-ssn",
        "ax-123",
        "6789",
        "axis",
        "square",
    ] {
        assert!(found_by(clinic.doctor(by), query).await.is_empty(), "{query}");
    }
    for query in ["078-05-1120", "q-5822"] {
        assert_eq!(found(&clinic, query).await, ["Ada"], "{query}");
    }
}

#[tokio::test]
async fn what_doctors_may_not_see_does_not_rank_their_patients() {
    let clinic = Clinic::open().await;
    let by = DoctorId::random();
    // Ann is the better match, unless the other's identifier counts.
    for (first, ssn) in [("Ann", "078-05-1120"), ("Anna", "ann-smith")] {
        let patient =
            pb::Patient { identifiers: identified("ssn", ssn).identifiers, ..named(first, "Smithson") };
        clinic.calendar.relates(by, id_of(&clinic.admits(patient).await));
    }
    assert_eq!(found_by(clinic.doctor(by), "ann smith").await, ["Ann", "Anna"]);
}
