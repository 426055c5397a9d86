use crate::clinic::Clinic;
use crate::wishes::{ada, create, get, hire, mask, named, refusal, update, wrong_fields};
use futures::future::join_all;
use proto::doctor::{
    Availability, BatchGetDoctorsRequest, DeleteDoctorRequest, Doctor, ListDoctorsRequest,
    UpdateDoctorRequest,
};
use proto::ids::DoctorId;
use tonic::Code;

#[tokio::test]
async fn a_doctor_is_found_as_taken_in() {
    let clinic = Clinic::open().await;
    let hired = hire(&mut clinic.admin(), Doctor { email: "Ada@Example.com".to_owned(), ..ada() }).await;
    assert_eq!((hired.email.as_str(), hired.slot_minutes, hired.version), ("ada@example.com", 30, 1));
    assert!(hired.delete_time.is_none() && hired.create_time == hired.update_time);
    assert!(get(&mut clinic.admin(), &hired.id).await.unwrap() == hired);
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_new_doctor_is_told_at_once() {
    let clinic = Clinic::open().await;
    let wrong = Doctor {
        first_name: " ".to_owned(),
        email: "ada".to_owned(),
        phone: "call me".to_owned(),
        specialization: "Cardio\0logy".to_owned(),
        time_zone: String::new(),
        languages: vec!["en".to_owned(), "?".to_owned()],
        slot_minutes: 7,
        availabilities: vec![Availability::default()],
        ..ada()
    };
    let fields = [
        "availabilities",
        "first_name",
        "email",
        "phone",
        "specialization",
        "time_zone",
        "languages[1]",
        "slot_minutes",
    ];
    let told = wrong_fields(create(&mut clinic.admin(), wrong).await);
    assert_eq!(told, fields.map(|field| format!("doctor.{field}")));
}

#[tokio::test]
async fn an_email_address_is_one_live_doctors() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let first = hire(&mut admin, ada()).await;
    let second = hire(&mut admin, named("Grace", "Hopper")).await;
    let taken = (Code::AlreadyExists, "EMAIL_TAKEN".to_owned());
    let email = first.email.to_uppercase();
    assert_eq!(refusal(create(&mut admin, Doctor { email: email.clone(), ..named("A", "B") }).await), taken);
    assert_eq!(refusal(update(&mut admin, Doctor { email, ..second }, &["email"]).await), taken);

    let delete = DeleteDoctorRequest { id: first.id, expected_version: 0 };
    admin.delete_doctor(delete).await.unwrap();
    assert!(create(&mut admin, ada()).await.is_ok());
}

#[tokio::test]
async fn an_update_changes_what_the_mask_names() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let doctor = hire(&mut admin, Doctor { bio: "Old.".to_owned(), ..ada() }).await;
    let wish =
        Doctor { id: doctor.id.clone(), last_name: "King".to_owned(), slot_minutes: 45, ..Doctor::default() };

    let edited = update(&mut admin, wish.clone(), &["last_name", "phone", "slot_minutes"]).await.unwrap();
    let expected = Doctor {
        last_name: "King".to_owned(),
        phone: String::new(),
        slot_minutes: 45,
        version: 2,
        update_time: edited.update_time,
        ..doctor.clone()
    };
    assert!(edited == expected);

    assert!(update(&mut admin, wish.clone(), &[]).await.unwrap() == edited);
    assert!(update(&mut admin, wish.clone(), &["last_name"]).await.unwrap() == edited);
    let told = wrong_fields(update(&mut admin, wish, &["version", "first_name"]).await);
    assert_eq!(told, ["update_mask", "doctor.first_name"]);
}

#[tokio::test]
async fn of_many_edits_of_one_version_one_is_made() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let doctor = hire(&mut admin, ada()).await;
    let edit = |number: i32| {
        let mut admin = admin.clone();
        let wish = Doctor { bio: format!("Edit {number}."), ..doctor.clone() };
        let request = UpdateDoctorRequest {
            doctor: Some(wish),
            update_mask: Some(mask(&["bio"])),
            expected_version: doctor.version,
        };
        async move { admin.update_doctor(request).await }
    };
    let (made, refused): (Vec<_>, Vec<_>) =
        join_all((0..8).map(edit)).await.into_iter().partition(Result::is_ok);
    assert_eq!(made.len(), 1);
    for refused in refused {
        assert_eq!(refusal(refused), (Code::Aborted, "VERSION_MISMATCH".to_owned()));
    }
    let delete = DeleteDoctorRequest { id: doctor.id, expected_version: doctor.version };
    assert_eq!(refusal(admin.delete_doctor(delete).await), (Code::Aborted, "VERSION_MISMATCH".to_owned()));
}

#[tokio::test]
async fn pages_follow_each_other_by_name() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let names = [("Grace", "Hopper"), ("Ada", "Lovelace"), ("Alan", "Turing"), ("Byron", "Lovelace")];
    for (first_name, last_name) in names {
        let specialization = if first_name == "Alan" { "Neurology" } else { "Cardiology" }.to_owned();
        hire(&mut admin, Doctor { specialization, ..named(first_name, last_name) }).await;
    }

    let mut seen = Vec::new();
    let mut request = ListDoctorsRequest { page_size: 3, ..ListDoctorsRequest::default() };
    loop {
        let page = admin.list_doctors(request.clone()).await.unwrap().into_inner();
        seen.extend(page.doctors.into_iter().map(|doctor| doctor.first_name));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(seen, ["Grace", "Ada", "Byron", "Alan"]);

    let of = |specialization: &str| ListDoctorsRequest {
        specialization: specialization.to_owned(),
        page_size: 2,
        page_token: String::new(),
    };
    let heart = admin.list_doctors(of("cardioLOGY")).await.unwrap().into_inner();
    assert_eq!(heart.doctors.len(), 2);
    let next = ListDoctorsRequest { page_token: heart.next_page_token.clone(), ..of("Cardiology") };
    assert_eq!(admin.list_doctors(next).await.unwrap().into_inner().doctors[0].first_name, "Byron");
    assert!(admin.list_doctors(of("Podiatry")).await.unwrap().into_inner().doctors.is_empty());

    let other_list = ListDoctorsRequest { page_token: heart.next_page_token, ..of("Neurology") };
    assert_eq!(wrong_fields(admin.list_doctors(other_list).await), ["page_token"]);
    let negative = ListDoctorsRequest { page_size: -1, ..ListDoctorsRequest::default() };
    assert_eq!(wrong_fields(admin.list_doctors(negative).await), ["page_size"]);
}

#[tokio::test]
async fn a_deleted_doctor_is_named_but_not_found() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let doctor = hire(&mut admin, ada()).await;
    let delete = DeleteDoctorRequest { id: doctor.id.clone(), expected_version: 0 };
    let deleted = admin.delete_doctor(delete.clone()).await.unwrap().into_inner();
    assert!(deleted.delete_time.is_some() && deleted.version == 2);

    let missing = (Code::NotFound, "DOCTOR_NOT_FOUND".to_owned());
    assert_eq!(refusal(get(&mut admin, &doctor.id).await), missing);
    assert_eq!(refusal(get(&mut admin, &DoctorId::random().to_string()).await), missing);
    assert!(admin.delete_doctor(delete).await.unwrap().into_inner() == deleted);
    assert_eq!(refusal(update(&mut admin, doctor.clone(), &["bio"]).await), missing);
    let listed = admin.list_doctors(ListDoctorsRequest::default()).await.unwrap().into_inner();
    assert!(listed.doctors.is_empty());
    let batch = BatchGetDoctorsRequest { ids: vec![doctor.id.clone(), DoctorId::random().to_string()] };
    let named = admin.batch_get_doctors(batch).await.unwrap().into_inner().doctors;
    assert!(named == [deleted]);
}

#[tokio::test]
async fn ids_that_are_none_are_told_by_their_place() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    assert_eq!(wrong_fields(get(&mut admin, "1").await), ["id"]);
    assert_eq!(wrong_fields(update(&mut admin, ada(), &["bio"]).await), ["doctor.id"]);
    let ids = vec![DoctorId::random().to_string(), "1".to_owned()];
    assert_eq!(wrong_fields(admin.batch_get_doctors(BatchGetDoctorsRequest { ids }).await), ["ids[1]"]);
    let ids = vec![DoctorId::random().to_string(); 201];
    assert_eq!(wrong_fields(admin.batch_get_doctors(BatchGetDoctorsRequest { ids }).await), ["ids"]);
}
