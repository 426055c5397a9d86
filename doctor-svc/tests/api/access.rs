use crate::clinic::{Client, Clinic};
use crate::wishes::{ada, add, create, fact, get, hire, named, on, refusal, reschedule, update};
use proto::doctor::{
    BatchGetDoctorsRequest, DeleteAvailabilityRequest, DeleteDoctorRequest, Doctor, GetDoctorContactRequest,
    GetDoctorRulesRequest, ListAvailabilitiesRequest, ListDoctorsRequest,
};
use proto::ids::DoctorId;
use tonic::Code;

fn forbidden() -> (Code, String) {
    (Code::PermissionDenied, "FORBIDDEN".to_owned())
}

/// Everybody who has logged in, but for admins, staff and the doctor.
fn strangers(clinic: &Clinic) -> [Client; 3] {
    [clinic.patient(), clinic.auditor(), clinic.doctor(&DoctorId::random().to_string())]
}

#[tokio::test]
async fn nobody_gets_in_without_a_token() {
    let clinic = Clinic::open().await;
    let unauthenticated = (Code::Unauthenticated, "UNAUTHENTICATED".to_owned());
    let mut nobody = clinic.nobody();
    assert_eq!(refusal(create(&mut nobody, ada()).await), unauthenticated);
    assert_eq!(refusal(get(&mut nobody, "x").await), unauthenticated);
    let list = nobody.list_doctors(ListDoctorsRequest::default()).await;
    assert_eq!(refusal(list), unauthenticated);
    let rules = nobody.get_doctor_rules(GetDoctorRulesRequest::default()).await;
    assert_eq!(refusal(rules), unauthenticated);
}

#[tokio::test]
async fn only_admins_take_in_and_delete_doctors() {
    let clinic = Clinic::open().await;
    let doctor = hire(&mut clinic.admin(), ada()).await;
    let others = strangers(&clinic).into_iter().chain([clinic.staff(), clinic.doctor(&doctor.id)]);
    for mut other in others {
        // Also when the request is not even complete: who may not, learns nothing of what it takes.
        assert_eq!(refusal(create(&mut other, Doctor::default()).await), forbidden());
        let delete = DeleteDoctorRequest { id: doctor.id.clone(), expected_version: 0 };
        assert_eq!(refusal(other.delete_doctor(delete).await), forbidden());
    }
    assert!(get(&mut clinic.patient(), &doctor.id).await.is_ok());
}

#[tokio::test]
async fn a_doctor_edits_bio_languages_and_phone_of_their_own() {
    let clinic = Clinic::open().await;
    let doctor = hire(&mut clinic.admin(), ada()).await;
    let wish = Doctor {
        bio: "Twenty years of practice.".to_owned(),
        languages: vec!["en".to_owned(), "de-AT".to_owned()],
        phone: "030 654321".to_owned(),
        first_name: "Augusta".to_owned(),
        ..doctor.clone()
    };
    let mut own = clinic.doctor(&doctor.id);
    let edited = update(&mut own, wish.clone(), &["bio", "languages", "phone"]).await.unwrap();
    assert_eq!(
        (edited.bio, edited.languages, edited.phone),
        (wish.bio.clone(), wish.languages.clone(), wish.phone.clone())
    );
    assert_eq!(edited.first_name, "Ada");

    let refused = update(&mut own, wish.clone(), &["bio", "first_name"]).await;
    assert_eq!(refusal(refused.clone()), (Code::PermissionDenied, "FIELD_FORBIDDEN".to_owned()));
    assert_eq!(fact(refused, "field").as_deref(), Some("first_name"));

    for mut other in strangers(&clinic).into_iter().chain([clinic.staff()]) {
        assert_eq!(refusal(update(&mut other, wish.clone(), &["bio"]).await), forbidden());
    }
}

#[tokio::test]
async fn hours_are_for_the_doctor_staff_and_admins_to_change() {
    let clinic = Clinic::open().await;
    let doctor = hire(&mut clinic.admin(), ada()).await;
    let insiders = [clinic.admin(), clinic.staff(), clinic.doctor(&doctor.id)];
    for (day, mut insider) in (0..).zip(insiders) {
        let mut hours = add(&mut insider, on(&doctor, day, "09:00", "12:00")).await.unwrap();
        hours.end_time = "13:00".to_owned();
        reschedule(&mut insider, hours.clone(), &["end_time"]).await.unwrap();
        let delete = DeleteAvailabilityRequest { doctor_id: doctor.id.clone(), id: hours.id };
        insider.delete_availability(delete).await.unwrap();
    }
    let hours = add(&mut clinic.admin(), on(&doctor, 6, "09:00", "12:00")).await.unwrap();
    for mut stranger in strangers(&clinic) {
        assert_eq!(refusal(add(&mut stranger, on(&doctor, 5, "09:00", "12:00")).await), forbidden());
        assert_eq!(refusal(reschedule(&mut stranger, hours.clone(), &["end_time"]).await), forbidden());
        let delete = DeleteAvailabilityRequest { doctor_id: doctor.id.clone(), id: hours.id.clone() };
        assert_eq!(refusal(stranger.delete_availability(delete).await), forbidden());
        let list = ListAvailabilitiesRequest { doctor_id: doctor.id.clone() };
        assert_eq!(stranger.list_availabilities(list).await.unwrap().into_inner().availabilities.len(), 1);
    }
}

#[tokio::test]
async fn how_to_reach_a_doctor_is_shown_to_the_doctor_staff_and_admins() {
    let clinic = Clinic::open().await;
    let doctor = hire(&mut clinic.admin(), ada()).await;
    let reach = |doctor: &Doctor| (doctor.email.clone(), doctor.phone.clone());
    let shown = ("ada.lovelace@example.com".to_owned(), "+49 30 123456".to_owned());

    let insiders = [clinic.admin(), clinic.staff(), clinic.doctor(&doctor.id)].map(|client| (client, &shown));
    let hidden = Default::default();
    let strangers = strangers(&clinic).map(|client| (client, &hidden));
    for (mut client, expected) in insiders.into_iter().chain(strangers) {
        let got = get(&mut client, &doctor.id).await.unwrap();
        let listed = client.list_doctors(ListDoctorsRequest::default()).await.unwrap().into_inner().doctors;
        let batch = BatchGetDoctorsRequest { ids: vec![doctor.id.clone()] };
        let named = client.batch_get_doctors(batch).await.unwrap().into_inner().doctors;
        for seen in [&got, &listed[0], &named[0]] {
            assert_eq!((&seen.last_name[..], &reach(seen)), ("Lovelace", expected));
        }
    }
}

#[tokio::test]
async fn services_get_what_their_work_needs_and_people_do_not() {
    let clinic = Clinic::open().await;
    let languages = vec!["de-AT".to_owned(), "en".to_owned()];
    let wanted = Doctor { languages: languages.clone(), ..named("Ada", "Lovelace") };
    let doctor = hire(&mut clinic.admin(), wanted).await;
    let doctor_id = doctor.id.clone();
    let rules = GetDoctorRulesRequest { doctor_id: doctor_id.clone() };
    let contact = GetDoctorContactRequest { doctor_id: doctor_id.clone() };

    let mut appointments = clinic.service("appointment-svc");
    let offered = appointments.get_doctor_rules(rules.clone()).await.unwrap().into_inner();
    assert!(offered.is_active && offered.version > 0);
    assert_eq!((offered.time_zone.as_str(), offered.slot_minutes), ("Europe/Berlin", 30));
    assert_eq!(refusal(appointments.get_doctor_contact(contact.clone()).await), forbidden());
    let batch = BatchGetDoctorsRequest { ids: vec![doctor_id.clone()] };
    let names = appointments.batch_get_doctors(batch).await.unwrap().into_inner().doctors;
    assert_eq!((names[0].last_name.as_str(), names[0].email.as_str()), ("Lovelace", ""));
    assert_eq!(refusal(get(&mut appointments, &doctor_id).await), forbidden());

    let mut notifications = clinic.service("notification-svc");
    let reached = notifications.get_doctor_contact(contact.clone()).await.unwrap().into_inner();
    assert_eq!((reached.email.as_str(), reached.languages), ("ada.lovelace@example.com", languages));

    for mut person in [clinic.admin(), clinic.doctor(&doctor_id)] {
        assert_eq!(refusal(person.get_doctor_rules(rules.clone()).await), forbidden());
        assert_eq!(refusal(person.get_doctor_contact(contact.clone()).await), forbidden());
    }
}
