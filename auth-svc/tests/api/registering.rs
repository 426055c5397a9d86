use crate::service::{Refused, Service, fields, fresh_id, reason, someone};
use futures::future::join_all;
use proto::auth::{RegisterRequest, Role};
use tonic::Code;

fn asking_for(role: Role) -> RegisterRequest {
    RegisterRequest { role: role.into(), ..someone() }
}

#[tokio::test]
async fn anyone_becomes_a_patient_with_an_id_of_their_own() {
    let service = Service::start().await;
    let asked = RegisterRequest {
        username: "Ada_1815".to_owned(),
        full_name: "Ada Lovelace".to_owned(),
        ..asking_for(Role::Patient)
    };
    let ada = service.registers("", asked.clone()).await.unwrap();
    assert_eq!(
        (&ada.email, &ada.username, &ada.full_name),
        (&asked.email, &asked.username, &asked.full_name)
    );
    assert_eq!((ada.role(), ada.is_active, ada.doctor_id.as_str()), (Role::Patient, true, ""));
    let other = service.registers("not a token", someone()).await.unwrap();
    assert!(ada.patient_id.len() == 36 && ada.patient_id != other.patient_id);
}

#[tokio::test]
async fn who_is_neither_staff_nor_admin_gets_no_role_and_no_link() {
    let service = Service::start().await;
    let mut tokens = vec![String::new()];
    for role in [Role::Patient, Role::Doctor, Role::Auditor] {
        tokens.push(service.person(role).await.1.access_token);
    }
    for token in tokens {
        for role in [Role::Admin, Role::Staff, Role::Auditor, Role::Doctor] {
            let refused = service.registers(&token, asking_for(role)).await.refused();
            assert_eq!((refused.code(), fields(&refused)), (Code::InvalidArgument, vec!["role".to_owned()]));
        }
        let linked = RegisterRequest { patient_id: fresh_id(), doctor_id: fresh_id(), ..someone() };
        let refused = service.registers(&token, linked).await.refused();
        assert_eq!(fields(&refused), ["doctor_id", "patient_id"]);
        let patient = service.registers(&token, someone()).await.unwrap();
        assert_eq!(patient.role(), Role::Patient);
    }
}

#[tokio::test]
async fn staff_register_patients_under_their_records() {
    let service = Service::start().await;
    let (_, staff) = service.person(Role::Staff).await;
    let patient_id = fresh_id();
    let linked = RegisterRequest { patient_id: patient_id.clone(), ..someone() };
    let patient = service.registers(&staff.access_token, linked).await.unwrap();
    assert_eq!((patient.role(), patient.patient_id), (Role::Patient, patient_id));
    for role in [Role::Admin, Role::Staff, Role::Auditor, Role::Doctor] {
        let refused = service.registers(&staff.access_token, asking_for(role)).await.refused();
        assert_eq!(fields(&refused), ["role"]);
    }
    let doctor = RegisterRequest { doctor_id: fresh_id(), ..someone() };
    assert_eq!(fields(&service.registers(&staff.access_token, doctor).await.refused()), ["doctor_id"]);
}

#[tokio::test]
async fn administrators_register_everyone() {
    let service = Service::start().await;
    let admin = service.admin().await;
    for role in [Role::Admin, Role::Staff, Role::Auditor, Role::Patient] {
        assert_eq!(service.registers(&admin, asking_for(role)).await.unwrap().role(), role);
    }
    let doctor_id = fresh_id();
    let doctor = RegisterRequest { doctor_id: doctor_id.clone(), ..asking_for(Role::Doctor) };
    assert_eq!(service.registers(&admin, doctor).await.unwrap().doctor_id, doctor_id);
    let unlinked = service.registers(&admin, asking_for(Role::Doctor)).await.refused();
    assert_eq!(fields(&unlinked), ["doctor_id"]);
}

#[tokio::test]
async fn all_wrong_fields_are_told_at_once() {
    let service = Service::start().await;
    let wrong = RegisterRequest {
        email: "nobody".to_owned(),
        username: "a b".to_owned(),
        password: "password".to_owned(),
        full_name: "N\0".to_owned(),
        role: 99,
        patient_id: "1".to_owned(),
        doctor_id: fresh_id(),
        claim_code: String::new(),
    };
    let refused = service.registers("", wrong).await.refused();
    let all = ["doctor_id", "email", "full_name", "password", "patient_id", "role", "username"];
    assert_eq!((refused.code(), fields(&refused)), (Code::InvalidArgument, all.map(str::to_owned).to_vec()));
}

#[tokio::test]
async fn names_and_records_belong_to_one_account() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let first = RegisterRequest { username: "Ada".to_owned(), patient_id: fresh_id(), ..someone() };
    let doctor = RegisterRequest { doctor_id: fresh_id(), ..asking_for(Role::Doctor) };
    service.registers(&admin, first.clone()).await.unwrap();
    service.registers(&admin, doctor.clone()).await.unwrap();
    let same_email = RegisterRequest { email: first.email.to_uppercase(), ..someone() };
    let same_name = RegisterRequest { username: "aDA".to_owned(), ..someone() };
    let same_patient = RegisterRequest { patient_id: first.patient_id, ..someone() };
    let same_doctor = RegisterRequest { doctor_id: doctor.doctor_id, ..asking_for(Role::Doctor) };
    for (taken, why) in [
        (same_email, "EMAIL_TAKEN"),
        (same_name, "USERNAME_TAKEN"),
        (same_patient, "ALREADY_LINKED"),
        (same_doctor, "ALREADY_LINKED"),
    ] {
        let refused = service.registers(&admin, taken).await.refused();
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::AlreadyExists, why));
    }
}

#[tokio::test]
async fn of_many_who_want_one_address_one_gets_it() {
    let service = Service::start().await;
    let asked = someone();
    let answers = join_all((0..8).map(|_| service.registers("", asked.clone()))).await;
    let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (1, 7));
    assert!(refused.into_iter().all(|refused| reason(&refused.refused()) == "EMAIL_TAKEN"));
}
