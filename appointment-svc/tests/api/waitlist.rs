use crate::clinic::Waitlist;
use crate::offers::{book_type, offering, visit_type};
use crate::waiting::{enter, look, waits};
use crate::wishes::{at, cancel, date_in, refusal, violations, wrong_fields};
use platform::caller::Role;
use prost_types::FieldMask;
use proto::appointment::{
    CancelWaitlistEntryRequest, CreateWaitlistEntryRequest, GetWaitlistEntryRequest, GetWaitlistOfferRequest,
    ListWaitlistEntriesRequest, ListWaitlistOffersRequest, UpdateWaitlistEntryRequest, WaitlistEntry,
    WaitlistEntryState, WaitlistPriority, WaitlistWindow,
};
use proto::ids::{AppointmentId, LocationId, WaitlistEntryId, WaitlistOfferId};
use tonic::{Code, Response, Status};

async fn list(waitlist: &mut Waitlist, request: ListWaitlistEntriesRequest) -> Vec<String> {
    let entries = waitlist.list_waitlist_entries(request).await.unwrap().into_inner().entries;
    entries.into_iter().map(|entry| entry.id).collect()
}

async fn update(
    waitlist: &mut Waitlist,
    entry: WaitlistEntry,
    paths: &[&str],
    expected_version: i64,
) -> Result<WaitlistEntry, Status> {
    let update_mask = Some(FieldMask { paths: paths.iter().map(ToString::to_string).collect() });
    let request = UpdateWaitlistEntryRequest { entry: Some(entry), update_mask, expected_version };
    waitlist.update_waitlist_entry(request).await.map(Response::into_inner)
}

async fn remove(waitlist: &mut Waitlist, id: &str) -> Result<WaitlistEntry, Status> {
    let request = CancelWaitlistEntryRequest { id: id.to_owned(), expected_version: 0 };
    waitlist.cancel_waitlist_entry(request).await.map(Response::into_inner)
}

#[tokio::test]
async fn patients_see_their_entries_doctors_those_that_name_them_and_the_practice_all() {
    let check_up = visit_type();
    let clinic = offering(&[&check_up]).await;
    let (doctor, ann) = (clinic.doctor().await, clinic.patient().await);
    let (mut staff, mut by_ann) = (clinic.waitlist(Role::Staff), clinic.waitlist(Role::Patient(ann)));
    let (mut by_bob, mut by_doctor) =
        (clinic.waitlist(Role::Patient(clinic.patient().await)), clinic.waitlist(Role::Doctor(doctor)));
    let mut auditor = clinic.waitlist(Role::Auditor);
    let anywhere = enter(&mut by_ann, waits(ann, &check_up)).await.unwrap();
    let with_doctor = WaitlistEntry { doctor_ids: vec![doctor.to_string()], ..waits(ann, &check_up) };
    let with_doctor = enter(&mut by_doctor, with_doctor).await.unwrap();

    let all = vec![anywhere.id.clone(), with_doctor.id.clone()];
    assert_eq!(list(&mut staff, ListWaitlistEntriesRequest::default()).await, all);
    assert_eq!(list(&mut by_ann, ListWaitlistEntriesRequest::default()).await, all);
    assert_eq!(list(&mut by_bob, ListWaitlistEntriesRequest::default()).await, Vec::<String>::new());
    let of_ann = ListWaitlistEntriesRequest { patient_id: ann.to_string(), ..Default::default() };
    assert_eq!(list(&mut by_bob, of_ann).await, Vec::<String>::new());
    assert_eq!(list(&mut by_doctor, ListWaitlistEntriesRequest::default()).await, all[1..]);
    assert_eq!(
        refusal(auditor.list_waitlist_entries(ListWaitlistEntriesRequest::default()).await).1,
        "FORBIDDEN"
    );

    for (entry, expected) in [(&anywhere, Some("FORBIDDEN")), (&with_doctor, None)] {
        let got = by_doctor.get_waitlist_entry(GetWaitlistEntryRequest { id: entry.id.clone() }).await;
        assert_eq!(got.err().and_then(|status| platform::fault::reason(&status)).as_deref(), expected);
        let unknown = WaitlistEntryId::random().to_string();
        for id in [&entry.id, &unknown] {
            let got = by_bob.get_waitlist_entry(GetWaitlistEntryRequest { id: id.clone() }).await;
            assert_eq!(refusal(got), (Code::NotFound, "WAITLIST_ENTRY_NOT_FOUND".to_owned()));
            assert_eq!(refusal(remove(&mut by_bob, id).await).1, "WAITLIST_ENTRY_NOT_FOUND");
        }
    }
    let nobody = enter(&mut by_bob, waits(ann, &check_up)).await;
    assert_eq!(refusal(nobody).0, Code::PermissionDenied);
    assert_eq!(refusal(enter(&mut by_doctor, waits(ann, &check_up)).await).0, Code::PermissionDenied);
    let urgent = WaitlistEntry { priority: WaitlistPriority::Urgent.into(), ..waits(ann, &check_up) };
    assert_eq!(refusal(enter(&mut by_ann, urgent).await).0, Code::PermissionDenied, "the practice says so");
    for client in [&mut by_ann, &mut by_doctor, &mut auditor] {
        let all = client.list_waitlist_offers(ListWaitlistOffersRequest::default()).await;
        assert_eq!(refusal(all).0, Code::PermissionDenied);
    }
    let offer = GetWaitlistOfferRequest { id: WaitlistOfferId::random().to_string() };
    assert_eq!(refusal(staff.get_waitlist_offer(offer.clone()).await).0, Code::PermissionDenied);
    let notification_svc = clinic.waitlist_of_service("notification-svc").get_waitlist_offer(offer).await;
    assert_eq!(refusal(notification_svc).1, "WAITLIST_OFFER_NOT_FOUND");
}

#[tokio::test]
async fn what_is_waited_for_is_changed_without_losing_ones_place() {
    let check_up = visit_type();
    let clinic = offering(&[&check_up]).await;
    let (doctor, ann) = (clinic.doctor().await, clinic.patient().await);
    let (mut staff, mut by_ann) = (clinic.waitlist(Role::Staff), clinic.waitlist(Role::Patient(ann)));
    let entry = enter(&mut by_ann, waits(ann, &check_up)).await.unwrap();
    let other = enter(&mut staff, waits(clinic.patient().await, &check_up)).await.unwrap();
    let window =
        WaitlistWindow { day_of_week: 6, start_time: "09:00:00".to_owned(), end_time: "24:00:00".to_owned() };
    let change = WaitlistEntry {
        doctor_ids: vec![doctor.to_string()],
        latest_date: "2999-12-31".to_owned(),
        windows: vec![window.clone()],
        notice_minutes: 90,
        ..entry.clone()
    };
    let paths = ["doctor_ids", "windows", "notice_minutes"];
    let changed = update(&mut by_ann, change, &paths, entry.version).await.unwrap();
    assert_eq!((changed.version, changed.latest_date.as_str()), (2, ""), "what is not named stays");
    assert_eq!(changed.doctor_ids, [doctor.to_string()]);
    assert!(changed.windows == [window]);
    assert_eq!(changed.notice_minutes, 90);
    assert!(look(&mut by_ann, &entry.id).await == changed);
    let same = update(&mut by_ann, changed.clone(), &paths, changed.version).await.unwrap();
    assert_eq!(same.version, 2, "nothing was changed");
    let stale = update(&mut by_ann, entry.clone(), &["notice_minutes"], entry.version).await;
    assert_eq!(refusal(stale).1, "VERSION_MISMATCH");
    let soon = WaitlistEntry { priority: WaitlistPriority::Soon.into(), ..other.clone() };
    let in_order = list(&mut staff, ListWaitlistEntriesRequest::default()).await;
    assert_eq!(in_order, [entry.id.clone(), other.id.clone()]);
    update(&mut staff, soon, &["priority"], 0).await.unwrap();
    let mut pages = Vec::new();
    let mut request = ListWaitlistEntriesRequest { page_size: 1, ..Default::default() };
    loop {
        let page = staff.list_waitlist_entries(request.clone()).await.unwrap().into_inner();
        pages.extend(page.entries.into_iter().map(|entry| entry.id));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    assert_eq!(pages, [other.id.clone(), entry.id.clone()], "who is to be seen soon comes first");

    let gone = remove(&mut by_ann, &entry.id).await.unwrap();
    assert_eq!(gone.state(), WaitlistEntryState::Cancelled);
    assert_eq!(remove(&mut by_ann, &entry.id).await.unwrap().version, gone.version, "once is enough");
    assert_eq!(refusal(update(&mut by_ann, gone, &["windows"], 0).await).1, "WAITLIST_ENTRY_CLOSED");
    let cancelled =
        ListWaitlistEntriesRequest { state: WaitlistEntryState::Cancelled.into(), ..Default::default() };
    assert_eq!(list(&mut staff, cancelled).await, [entry.id]);
}

#[tokio::test]
async fn what_makes_no_sense_is_named() {
    let check_up = visit_type();
    let clinic = offering(&[&check_up]).await;
    let (doctor, ann) = (clinic.doctor().await, clinic.patient().await);
    let mut staff = clinic.waitlist(Role::Staff);
    let fine = waits(ann, &check_up);
    let window = |start: &str, end: &str| WaitlistWindow {
        day_of_week: 7,
        start_time: start.to_owned(),
        end_time: end.to_owned(),
    };
    let wrong = WaitlistEntry {
        patient_id: "me".to_owned(),
        visit_type_id: String::new(),
        doctor_ids: vec![doctor.to_string(), "her".to_owned()],
        earliest_date: "2030-02-30".to_owned(),
        windows: vec![window("9:00", "10:00")],
        notice_minutes: -1,
        ..WaitlistEntry::default()
    };
    assert_eq!(
        wrong_fields(enter(&mut staff, wrong).await),
        [
            "entry.patient_id",
            "entry.visit_type_id",
            "entry.doctor_ids[1]",
            "entry.earliest_date",
            "entry.windows[0].day_of_week",
            "entry.windows[0].start_time",
            "entry.notice_minutes",
        ]
    );
    let entry = |change: fn(&mut WaitlistEntry)| {
        let mut entry = fine.clone();
        change(&mut entry);
        entry
    };
    for (field, entry) in [
        (
            "entry.latest_date",
            entry(|e| (e.earliest_date, e.latest_date) = ("2030-01-02".into(), "2030-01-01".into())),
        ),
        ("entry.latest_date", entry(|e| e.latest_date = "2020-01-01".to_owned())),
        ("entry.doctor_ids", entry(|e| e.doctor_ids = vec![proto::ids::DoctorId::random().to_string()])),
        ("entry.location_ids", entry(|e| e.location_ids = vec![LocationId::random().to_string()])),
        ("entry.appointment_id", entry(|e| e.appointment_id = AppointmentId::random().to_string())),
        ("entry.patient_id", entry(|e| e.patient_id = proto::ids::PatientId::random().to_string())),
        (
            "entry.expire_time",
            entry(|e| e.expire_time = Some(prost_types::Timestamp { seconds: 1, nanos: 0 })),
        ),
    ] {
        assert_eq!(wrong_fields(enter(&mut staff, entry).await), [field]);
    }

    // Nothing could ever come of these.
    let short =
        WaitlistWindow { day_of_week: 0, start_time: "09:00".to_owned(), end_time: "09:20".to_owned() };
    let too_short = WaitlistEntry { windows: vec![short], ..fine.clone() };
    let too_late = WaitlistEntry { earliest_date: date_in(120).to_string(), ..fine.clone() };
    for (field, entry) in [("entry.windows", too_short), ("entry.earliest_date", too_late)] {
        assert_eq!(wrong_fields(enter(&mut staff, entry).await), [field]);
    }

    // A visit that would be earlier is one of the patient, ahead, and of that type.
    let other = clinic.patient().await;
    let visit = book_type(&mut clinic.staff(), other, doctor, &check_up, at(3, 9, 0)).await.unwrap();
    let of_other = WaitlistEntry { appointment_id: visit.id.clone(), ..fine };
    let refused = violations(enter(&mut staff, of_other).await);
    assert_eq!(refused, [("entry.appointment_id".to_owned(), "is no visit of the patient".to_owned())]);
    cancel(&mut clinic.staff(), &visit.id).await.unwrap();
    let cancelled = WaitlistEntry { appointment_id: visit.id, ..waits(other, &check_up) };
    let refused = violations(enter(&mut staff, cancelled).await);
    assert_eq!(refused, [("entry.appointment_id".to_owned(), "is no visit ahead".to_owned())]);
}

#[tokio::test]
async fn one_patient_waits_in_ten_entries_and_a_request_makes_one() {
    let check_up = visit_type();
    let clinic = offering(&[&check_up]).await;
    let ann = clinic.patient().await;
    let mut by_ann = clinic.waitlist(Role::Patient(ann));
    let request = CreateWaitlistEntryRequest {
        entry: Some(waits(ann, &check_up)),
        request_id: "a-name-of-its-own".to_owned(),
    };
    let entry = by_ann.create_waitlist_entry(request.clone()).await.unwrap().into_inner();
    let again = by_ann.create_waitlist_entry(request).await.unwrap();
    assert_eq!(again.metadata().get("idempotent-replayed").unwrap(), "true");
    assert!(again.into_inner() == entry, "another answer");
    for _ in 1..10 {
        enter(&mut by_ann, waits(ann, &check_up)).await.unwrap();
    }
    assert_eq!(refusal(enter(&mut by_ann, waits(ann, &check_up)).await).1, "TOO_MANY_WAITLIST_ENTRIES");
    remove(&mut by_ann, &entry.id).await.unwrap();
    enter(&mut by_ann, waits(ann, &check_up)).await.unwrap();
}
