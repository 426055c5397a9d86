use crate::clinic::{Client, Clinic};
use crate::peers::Mood;
use crate::wishes::{ada, hire, mask, named, refusal, wrong_fields};
use proto::doctor::{
    BookingPolicy, CreateVisitTypeRequest, DeleteDoctorRequest, DeleteVisitTypeRequest, GetVisitTypeRequest,
    LateCancel, ListVisitTypesRequest, Modality, ReminderOffsets, UpdateVisitTypeRequest, VisitType,
};
use proto::ids::{DoctorId, VisitTypeId};
use tonic::{Code, Response, Status};

fn check_up() -> VisitType {
    VisitType {
        name: "Check-up".to_owned(),
        description: "Once a year.".to_owned(),
        duration_minutes: 30,
        buffer_after_minutes: 10,
        min_notice_minutes: 60,
        horizon_days: 90,
        price_minor: 4500,
        currency: "EUR".to_owned(),
        needs_room: true,
        is_active: true,
        ..VisitType::default()
    }
}

async fn offer(client: &mut Client, visit_type: VisitType) -> Result<VisitType, Status> {
    let request = CreateVisitTypeRequest { visit_type: Some(visit_type) };
    client.create_visit_type(request).await.map(Response::into_inner)
}

async fn edit(client: &mut Client, wish: VisitType, paths: &[&str]) -> Result<VisitType, Status> {
    let request = UpdateVisitTypeRequest {
        visit_type: Some(wish),
        update_mask: Some(mask(paths)),
        expected_version: 0,
    };
    client.update_visit_type(request).await.map(Response::into_inner)
}

async fn listed(client: &mut Client, doctor_id: &str, include_inactive: bool) -> Result<Vec<String>, Status> {
    let request = ListVisitTypesRequest { doctor_id: doctor_id.to_owned(), include_inactive };
    let found = client.list_visit_types(request).await?.into_inner().visit_types;
    Ok(found.into_iter().map(|visit_type| visit_type.name).collect())
}

#[tokio::test]
async fn a_visit_type_is_found_as_it_was_made_with_the_usual_policy() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let made = offer(&mut admin, check_up()).await.unwrap();
    let usual = BookingPolicy {
        cancel_notice_minutes: 1440,
        reschedule_notice_minutes: 1440,
        max_reschedules: Some(3),
        late_cancel: LateCancel::AllowFlag.into(),
        no_show_grace_minutes: 15,
    };
    assert!(made.policy == Some(usual) && made.modality() == Modality::InPerson && made.version == 1);
    let found = clinic.patient().get_visit_type(GetVisitTypeRequest { id: made.id.clone() }).await;
    assert!(found.unwrap().into_inner() == made);

    let strict = BookingPolicy { late_cancel: LateCancel::Refuse.into(), ..BookingPolicy::default() };
    let wish = VisitType {
        duration_minutes: 45,
        modality: Modality::Telehealth.into(),
        policy: Some(strict),
        price_minor: 0,
        currency: String::new(),
        name: "ignored".to_owned(),
        ..made.clone()
    };
    let paths = ["duration_minutes", "modality", "policy", "price_minor", "currency"];
    let edited = edit(&mut admin, wish.clone(), &paths).await.unwrap();
    let expected = VisitType { name: made.name, version: 2, update_time: edited.update_time, ..wish.clone() };
    assert!(edited == expected);
    assert!(edit(&mut admin, wish, &paths).await.unwrap() == edited);
    let published = clinic.calendars.clinic_in_force().visit_types;
    assert!(published == [VisitType { description: String::new(), ..edited }]);
}

#[tokio::test]
async fn when_patients_are_reminded_is_told_to_calendars_and_is_as_usual_or_never_unless_said() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let offsets = |minutes: &[i32]| Some(ReminderOffsets { minutes: minutes.to_vec() });
    let usual = offer(&mut admin, check_up()).await.unwrap();
    assert!(usual.reminder_offsets_minutes.is_none());
    let paths = ["reminder_offsets_minutes"];
    for (wish, expected) in
        [(offsets(&[60, 2880]), offsets(&[2880, 60])), (offsets(&[]), offsets(&[])), (None, None)]
    {
        let wish = VisitType { reminder_offsets_minutes: wish, ..usual.clone() };
        let edited = edit(&mut admin, wish, &paths).await.unwrap();
        assert!(edited.reminder_offsets_minutes == expected);
        assert!(clinic.calendars.clinic_in_force().visit_types[0].reminder_offsets_minutes == expected);
    }
    let twice = VisitType { reminder_offsets_minutes: offsets(&[60, 60]), ..usual };
    assert_eq!(wrong_fields(edit(&mut admin, twice, &paths).await), ["visit_type.reminder_offsets_minutes"]);
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_visit_type_is_told_at_once() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let policy =
        BookingPolicy { cancel_notice_minutes: -1, max_reschedules: Some(-1), ..BookingPolicy::default() };
    let wrong = VisitType {
        name: String::new(),
        duration_minutes: 7,
        buffer_before_minutes: 241,
        buffer_after_minutes: -5,
        interval_minutes: 3,
        min_notice_minutes: 525_601,
        horizon_days: 731,
        currency: "eur".to_owned(),
        modality: 9,
        capacity: 51,
        max_overbook: 6,
        policy: Some(policy),
        doctor_ids: vec!["x".to_owned()],
        reminder_offsets_minutes: Some(ReminderOffsets { minutes: vec![14] }),
        ..check_up()
    };
    let fields = [
        "name",
        "duration_minutes",
        "buffer_before_minutes",
        "buffer_after_minutes",
        "interval_minutes",
        "min_notice_minutes",
        "horizon_days",
        "currency",
        "modality",
        "capacity",
        "max_overbook",
        "policy.cancel_notice_minutes",
        "policy.max_reschedules",
        "doctor_ids[0]",
        "reminder_offsets_minutes",
    ];
    let fields = fields.map(|field| format!("visit_type.{field}"));
    assert_eq!(wrong_fields(offer(&mut admin, wrong).await), fields);

    let free = VisitType { price_minor: 0, ..check_up() };
    assert_eq!(wrong_fields(offer(&mut admin, free).await), ["visit_type.currency"]);
    let priceless = VisitType { currency: String::new(), ..check_up() };
    assert_eq!(wrong_fields(offer(&mut admin, priceless).await), ["visit_type.currency"]);
    let negative = VisitType { price_minor: -1, ..check_up() };
    assert_eq!(wrong_fields(offer(&mut admin, negative).await), ["visit_type.price_minor"]);
    let made = offer(&mut admin, check_up()).await.unwrap();
    assert_eq!(wrong_fields(edit(&mut admin, made.clone(), &["version"]).await), ["update_mask"]);
    let short = VisitType { duration_minutes: 0, ..made };
    let refused = edit(&mut admin, short, &["duration_minutes"]).await;
    assert_eq!(wrong_fields(refused), ["visit_type.duration_minutes"]);
}

#[tokio::test]
async fn a_visit_type_names_doctors_who_are_here() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let (doctor, gone) = (hire(&mut admin, ada()).await, hire(&mut admin, named("Grace", "Hopper")).await);
    admin.delete_doctor(DeleteDoctorRequest { id: gone.id.clone(), expected_version: 0 }).await.unwrap();
    let nobody = DoctorId::random().to_string();
    let wish = VisitType { doctor_ids: vec![doctor.id.clone(), gone.id, nobody.clone()], ..check_up() };
    let fields = ["visit_type.doctor_ids[1]", "visit_type.doctor_ids[2]"];
    assert_eq!(wrong_fields(offer(&mut admin, wish).await), fields);
    let adas = VisitType { doctor_ids: vec![doctor.id.clone()], name: "Surgery".to_owned(), ..check_up() };
    let adas = offer(&mut admin, adas).await.unwrap();
    offer(&mut admin, check_up()).await.unwrap();
    let mut patient = clinic.patient();
    assert_eq!(listed(&mut patient, &doctor.id, false).await.unwrap(), ["Check-up", "Surgery"]);
    assert_eq!(listed(&mut patient, &nobody, false).await.unwrap(), ["Check-up"]);
    let wrong = VisitType { doctor_ids: vec![nobody], ..adas };
    assert_eq!(wrong_fields(edit(&mut admin, wrong, &["doctor_ids"]).await), ["visit_type.doctor_ids[0]"]);
}

#[tokio::test]
async fn what_is_deleted_is_on_record_and_no_longer_on_offer() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let made = offer(&mut admin, check_up()).await.unwrap();
    let taken = (Code::AlreadyExists, "VISIT_TYPE_NAME_TAKEN".to_owned());
    let same = VisitType { name: "CHECK-UP".to_owned(), ..check_up() };
    assert_eq!(refusal(offer(&mut admin, same.clone()).await), taken);
    clinic.calendars.set(Mood::Booked("visit-1".to_owned()));
    let delete = DeleteVisitTypeRequest { id: made.id.clone(), expected_version: 2 };
    let stale = (Code::Aborted, "VERSION_MISMATCH".to_owned());
    assert_eq!(refusal(admin.delete_visit_type(delete.clone()).await), stale);
    let delete = DeleteVisitTypeRequest { expected_version: 1, ..delete };
    let retired = admin.delete_visit_type(delete).await.unwrap().into_inner();
    assert!(!retired.is_active && retired.version == 2);
    assert!(clinic.calendars.clinic_in_force().visit_types.is_empty());

    offer(&mut admin, same).await.unwrap();
    let back = VisitType { is_active: true, ..retired };
    assert_eq!(refusal(edit(&mut admin, back, &["is_active"]).await), taken);
    assert_eq!(listed(&mut clinic.patient(), "", false).await.unwrap(), ["CHECK-UP"]);
    for mut insider in [admin, clinic.staff()] {
        assert_eq!(listed(&mut insider, "", true).await.unwrap(), ["CHECK-UP", "Check-up"]);
    }
}

#[tokio::test]
async fn visit_types_are_for_admins_to_change_and_for_all_to_read() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let made = offer(&mut admin, check_up()).await.unwrap();
    let doctor = hire(&mut admin, ada()).await;
    let forbidden = (Code::PermissionDenied, "FORBIDDEN".to_owned());
    for mut other in [clinic.doctor(&doctor.id), clinic.patient(), clinic.auditor(), clinic.staff()] {
        assert_eq!(refusal(offer(&mut other, VisitType::default()).await), forbidden);
        assert_eq!(refusal(edit(&mut other, made.clone(), &["x"]).await), forbidden);
        let delete = DeleteVisitTypeRequest { id: made.id.clone(), expected_version: 0 };
        assert_eq!(refusal(other.delete_visit_type(delete).await), forbidden);
        assert_eq!(listed(&mut other, "", false).await.unwrap(), ["Check-up"]);
    }
    for mut other in [clinic.doctor(&doctor.id), clinic.patient(), clinic.auditor()] {
        assert_eq!(refusal(listed(&mut other, "", true).await), forbidden);
    }
    let unknown = GetVisitTypeRequest { id: VisitTypeId::random().to_string() };
    let missing = (Code::NotFound, "VISIT_TYPE_NOT_FOUND".to_owned());
    assert_eq!(refusal(admin.get_visit_type(unknown).await), missing);
}
