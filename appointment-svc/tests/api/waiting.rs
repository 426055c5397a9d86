use crate::clinic::{Clinic, Waitlist};
use crate::ledger;
use crate::offers::{book_type, offering, offering_with, visit_type};
use crate::wishes::{apply, at, book, cancel, date_in, free, hold, reschedule, slots, window};
use jiff::{SignedDuration, Timestamp};
use platform::caller::Role;
use proto::appointment::{
    AcceptWaitlistOfferRequest, Appointment, AppointmentStatus, CancelWaitlistEntryRequest,
    CreateWaitlistEntryRequest, DeclineWaitlistOfferRequest, GetWaitlistEntryRequest,
    ListWaitlistOffersRequest, ReleaseHoldRequest, ResumeWaitlistEntryRequest, WaitlistEntry,
    WaitlistEntryState, WaitlistOffer, WaitlistOfferMode, WaitlistOfferState, WaitlistPriority,
    WaitlistWindow,
};
use proto::doctor::doctor_rules::Window;
use proto::doctor::{DoctorRules, VisitType};
use proto::ids::{DoctorId, PatientId};
use proto::time::from_wire;
use tonic::{Response, Status};

/// Somebody who waits for a visit of some type, with any doctor and at any time.
pub(crate) fn waits(patient: PatientId, visit_type: &VisitType) -> WaitlistEntry {
    WaitlistEntry {
        patient_id: patient.to_string(),
        visit_type_id: visit_type.id.clone(),
        ..WaitlistEntry::default()
    }
}

pub(crate) async fn enter(waitlist: &mut Waitlist, entry: WaitlistEntry) -> Result<WaitlistEntry, Status> {
    let request = CreateWaitlistEntryRequest { entry: Some(entry), request_id: String::new() };
    waitlist.create_waitlist_entry(request).await.map(Response::into_inner)
}

pub(crate) async fn look(waitlist: &mut Waitlist, id: &str) -> WaitlistEntry {
    let request = GetWaitlistEntryRequest { id: id.to_owned() };
    waitlist.get_waitlist_entry(request).await.unwrap().into_inner()
}

pub(crate) async fn accept(waitlist: &mut Waitlist, offer: &WaitlistOffer) -> Result<Appointment, Status> {
    let request = AcceptWaitlistOfferRequest { id: offer.id.clone(), request_id: String::new() };
    waitlist.accept_waitlist_offer(request).await.map(Response::into_inner)
}

pub(crate) async fn decline(waitlist: &mut Waitlist, offer: &WaitlistOffer) -> Result<WaitlistOffer, Status> {
    let request = DeclineWaitlistOfferRequest { id: offer.id.clone() };
    waitlist.decline_waitlist_offer(request).await.map(Response::into_inner)
}

/// The offer that an entry gets.
pub(crate) async fn offered(clinic: &Clinic, entry: &WaitlistEntry) -> WaitlistOffer {
    let open = "SELECT count(*) FROM appointment.waitlist_offers WHERE state = 'open' AND entry_id = ";
    clinic.until(&format!("{open}'{}'", entry.id), 1).await;
    look(&mut clinic.waitlist(Role::Staff), &entry.id).await.open_offer.unwrap()
}

/// Everything that came free was offered, as far as somebody waits for it and has no other offer.
pub(crate) async fn all_offered(clinic: &Clinic) {
    clinic.until("SELECT count(*) FROM appointment.openings WHERE retry_at IS NULL", 0).await;
}

pub(crate) async fn has_offer(clinic: &Clinic, entry: &WaitlistEntry) -> bool {
    look(&mut clinic.waitlist(Role::Staff), &entry.id).await.open_offer.is_some()
}

pub(crate) fn start(offer: &WaitlistOffer) -> Timestamp {
    from_wire(offer.start_time).unwrap()
}

/// A time that was booked and is free again.
pub(crate) async fn freed(clinic: &Clinic, doctor: DoctorId, time: Timestamp) -> Appointment {
    let mut staff = clinic.staff();
    let visit = book(&mut staff, clinic.patient().await, doctor, time).await.unwrap();
    cancel(&mut staff, &visit.id).await.unwrap()
}

#[tokio::test]
async fn a_freed_time_goes_to_the_most_urgent_then_to_whoever_waits_longest() {
    let check_up = visit_type();
    let clinic = offering(&[&check_up]).await;
    let (doctor, mut staff) = (clinic.doctor().await, clinic.waitlist(Role::Staff));
    let patients = [clinic.patient().await, clinic.patient().await, clinic.patient().await];
    let visit = book(&mut clinic.staff(), clinic.patient().await, doctor, at(3, 9, 0)).await.unwrap();
    let first = enter(&mut staff, waits(patients[0], &check_up)).await.unwrap();
    let second = enter(&mut staff, waits(patients[1], &check_up)).await.unwrap();
    let urgent = WaitlistEntry { priority: WaitlistPriority::Urgent.into(), ..waits(patients[2], &check_up) };
    let urgent = enter(&mut staff, urgent).await.unwrap();
    all_offered(&clinic).await;
    cancel(&mut clinic.staff(), &visit.id).await.unwrap();

    let offer = offered(&clinic, &urgent).await;
    assert_eq!((start(&offer), offer.time_zone.as_str()), (at(3, 9, 0), "UTC"));
    assert_eq!(from_wire(offer.end_time).unwrap(), at(3, 9, 30));
    assert_eq!(offer.mode(), WaitlistOfferMode::Cascade);
    assert_eq!((offer.priority(), offer.passed_over), (WaitlistPriority::Urgent, 0));
    assert_eq!(offer.freed_appointment_id, visit.id);
    let stands = from_wire(offer.expire_time).unwrap() - from_wire(offer.offer_time).unwrap();
    assert_eq!(SignedDuration::try_from(stands).unwrap(), SignedDuration::from_mins(30));
    all_offered(&clinic).await;
    assert!(!has_offer(&clinic, &first).await && !has_offer(&clinic, &second).await);
    // It is kept for whoever has the offer.
    assert!(!free(&mut clinic.staff(), doctor, date_in(3)).await.contains(&at(3, 9, 0)));

    let mut by_urgent = clinic.waitlist(Role::Patient(patients[2]));
    let declined = decline(&mut by_urgent, &offer).await.unwrap();
    assert_eq!(declined.state(), WaitlistOfferState::Declined);
    let offer = offered(&clinic, &first).await;
    assert_eq!((start(&offer), offer.passed_over), (at(3, 9, 0), 1), "who declined it is passed over");
    let told = look(&mut clinic.waitlist(Role::Patient(patients[0])), &first.id).await.open_offer.unwrap();
    assert_eq!((told.passed_over, told.freed_appointment_id.as_str()), (0, ""), "that is for the practice");
    assert_eq!(offer.freed_appointment_id, visit.id, "whose time it was");

    let mut by_first = clinic.waitlist(Role::Patient(patients[0]));
    let visit = accept(&mut by_first, &offer).await.unwrap();
    assert_eq!(visit.status(), AppointmentStatus::Scheduled);
    assert_eq!(
        (visit.patient_id, from_wire(visit.start_time).unwrap()),
        (patients[0].to_string(), at(3, 9, 0))
    );
    let entry = look(&mut by_first, &first.id).await;
    assert_eq!(entry.state(), WaitlistEntryState::Fulfilled);
    assert_eq!(entry.fulfilled_appointment_id, visit.id);
    all_offered(&clinic).await;
    assert!(!has_offer(&clinic, &second).await && !has_offer(&clinic, &urgent).await);
    ledger::is_sound(&clinic.sql).await;

    let request = ListWaitlistOffersRequest { doctor_id: doctor.to_string(), ..Default::default() };
    let told = staff.list_waitlist_offers(request).await.unwrap().into_inner().offers;
    let told: Vec<_> = told.iter().map(|offer| (offer.entry_id.as_str(), offer.state())).collect();
    let fair = [
        (first.id.as_str(), WaitlistOfferState::Accepted),
        (urgent.id.as_str(), WaitlistOfferState::Declined),
    ];
    assert_eq!(told, fair);
    let others = "SELECT count(*) FROM appointment.outbox WHERE event_type = 'appointment.offered'";
    assert_eq!(clinic.sql.query_one(others, &[]).await.unwrap().get::<_, i64>(0), 2);
}

#[tokio::test]
async fn whom_a_time_does_not_suit_is_passed_over() {
    let check_up = visit_type();
    let clinic = offering(&[&check_up]).await;
    let (doctor, other) = (clinic.doctor().await, clinic.doctor().await);
    let mut staff = clinic.waitlist(Role::Staff);
    let (day, tuesday) = (date_in(3), i32::from(date_in(3).weekday().to_monday_zero_offset()));
    let window = |start: &str, end: &str| {
        let (start_time, end_time) = (start.to_owned(), end.to_owned());
        vec![WaitlistWindow { day_of_week: tuesday, start_time, end_time }]
    };
    let busy = clinic.patient().await;
    book(&mut clinic.staff(), busy, other, at(3, 9, 0)).await.unwrap();
    let date = |days: i64| (day + jiff::Span::new().days(days)).to_string();
    let anyone = waits(clinic.patient().await, &check_up);
    let unsuited = [
        ("another doctor", WaitlistEntry { doctor_ids: vec![other.to_string()], ..anyone.clone() }),
        ("later", WaitlistEntry { earliest_date: date(1), ..anyone.clone() }),
        ("earlier", WaitlistEntry { latest_date: date(-1), ..anyone.clone() }),
        ("another time of day", WaitlistEntry { windows: window("09:15", "12:00"), ..anyone.clone() }),
        ("too short a notice", WaitlistEntry { notice_minutes: 5 * 24 * 60, ..anyone.clone() }),
        ("another visit then", waits(busy, &check_up)),
    ];
    let mut passed_over = Vec::new();
    for (why, entry) in unsuited {
        let patient_id = if why == "another visit then" {
            entry.patient_id.clone()
        } else {
            clinic.patient().await.to_string()
        };
        passed_over.push((why, enter(&mut staff, WaitlistEntry { patient_id, ..entry }).await.unwrap()));
    }
    let suited = WaitlistEntry {
        doctor_ids: vec![doctor.to_string()],
        earliest_date: date(0),
        latest_date: date(0),
        windows: window("09:00", "09:30"),
        notice_minutes: 24 * 60,
        ..anyone
    };
    let suited = enter(&mut staff, suited).await.unwrap();
    all_offered(&clinic).await;
    freed(&clinic, doctor, at(3, 9, 0)).await;

    let offer = offered(&clinic, &suited).await;
    assert_eq!(
        (start(&offer), offer.passed_over),
        (at(3, 9, 0), 5),
        "who would not see the doctor does not count"
    );
    for (why, entry) in passed_over {
        assert!(!has_offer(&clinic, &entry).await, "{why}");
    }
}

#[tokio::test]
async fn whatever_frees_a_time_it_is_offered() {
    let check_up = visit_type();
    let clinic = offering(&[&check_up]).await;
    let rules = DoctorRules { windows: vec![], ..crate::wishes::hours("UTC", "09:00", "17:00") };
    let (ann, mut by_staff) = (clinic.patient().await, clinic.staff());
    let mut staff = clinic.waitlist(Role::Staff);
    let entry = enter(&mut staff, waits(clinic.patient().await, &check_up)).await.unwrap();

    // Hours that were added.
    let doctor: DoctorId = rules.doctor_id.parse().unwrap();
    apply(&mut clinic.service("doctor-svc"), rules.clone(), false).await.unwrap();
    all_offered(&clinic).await;
    assert!(!has_offer(&clinic, &entry).await);
    let day = i32::from(date_in(3).weekday().to_monday_zero_offset());
    let valid_until = date_in(3).to_string();
    let windows = vec![Window { valid_until, ..window(day, "09:00", "10:30") }];
    let wider = DoctorRules { version: 2, windows, ..rules };
    apply(&mut clinic.service("doctor-svc"), wider, false).await.unwrap();
    let mut passed_on = Vec::new();
    for minute in [0, 30, 60] {
        // Nobody is offered what they declined, but what else was added.
        let offer = offered(&clinic, &entry).await;
        assert_eq!(start(&offer), at(3, 9, 0) + SignedDuration::from_mins(minute));
        passed_on.push(decline(&mut staff, &offer).await.unwrap());
    }
    let last = start(&passed_on[2]);
    let waiting = enter(&mut staff, waits(clinic.patient().await, &check_up)).await.unwrap();
    all_offered(&clinic).await;
    assert!(!has_offer(&clinic, &waiting).await, "who comes later sees it free");

    // A visit that is moved away.
    let request = CancelWaitlistEntryRequest { id: entry.id.clone(), expected_version: 0 };
    staff.cancel_waitlist_entry(request).await.unwrap();
    let moved = book(&mut by_staff, ann, doctor, last).await.unwrap();
    reschedule(&mut by_staff, &moved.id, at(3, 9, 0)).await.unwrap();
    let offer = offered(&clinic, &waiting).await;
    assert_eq!(start(&offer), last);
    accept(&mut staff, &offer).await.unwrap();

    // A hold that is given up.
    let waiting = enter(&mut staff, waits(clinic.patient().await, &check_up)).await.unwrap();
    all_offered(&clinic).await;
    let held = hold(&mut by_staff, clinic.patient().await, doctor, at(3, 9, 30)).await.unwrap();
    let release = ReleaseHoldRequest { id: held.id, hold_token: held.hold_token };
    by_staff.release_hold(release).await.unwrap();
    assert_eq!(start(&offered(&clinic, &waiting).await), at(3, 9, 30));
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test]
async fn a_visit_that_is_wanted_earlier_is_moved_and_its_time_is_offered_to_the_next() {
    let check_up = visit_type();
    let clinic = offering(&[&check_up]).await;
    let (doctor, colleague) = (clinic.doctor().await, clinic.doctor().await);
    let (ann, bob) = (clinic.patient().await, clinic.patient().await);
    let (mut by_ann, mut staff) = (clinic.by(Role::Patient(ann)), clinic.staff());
    let later = book_type(&mut by_ann, ann, doctor, &check_up, at(5, 14, 0)).await.unwrap();
    let mut waitlist = clinic.waitlist(Role::Patient(ann));
    let earlier = WaitlistEntry { appointment_id: later.id.clone(), ..waits(ann, &check_up) };
    let earlier = enter(&mut waitlist, earlier).await.unwrap();
    let on_that_day = date_in(5).to_string();
    let next = WaitlistEntry { earliest_date: on_that_day, ..waits(bob, &check_up) };
    let next = enter(&mut clinic.waitlist(Role::Patient(bob)), next).await.unwrap();
    all_offered(&clinic).await;

    // Later than what they have, it is not wanted.
    freed(&clinic, colleague, at(6, 9, 0)).await;
    let offer = offered(&clinic, &next).await;
    assert_eq!((start(&offer), offer.passed_over), (at(6, 9, 0), 1));
    decline(&mut clinic.waitlist(Role::Patient(bob)), &offer).await.unwrap();
    all_offered(&clinic).await;

    freed(&clinic, colleague, at(3, 9, 0)).await;
    let offer = offered(&clinic, &earlier).await;
    let moved = accept(&mut waitlist, &offer).await.unwrap();
    assert_eq!((&moved.id, &moved.doctor_id), (&later.id, &colleague.to_string()));
    assert_eq!(from_wire(moved.start_time).unwrap(), at(3, 9, 0));
    assert_eq!(accept(&mut waitlist, &offer).await.unwrap().version, moved.version, "once is enough");
    let offer = offered(&clinic, &next).await;
    assert_eq!((start(&offer), &offer.freed_appointment_id), (at(5, 14, 0), &later.id));
    let depth = "SELECT depth::bigint FROM appointment.waitlist_offers WHERE state = 'open'";
    assert_eq!(clinic.sql.query_one(depth, &[]).await.unwrap().get::<_, i64>(0), 1);
    let visit = accept(&mut clinic.waitlist(Role::Patient(bob)), &offer).await.unwrap();
    assert_eq!(visit.doctor_id, doctor.to_string());
    assert!(slots(&mut staff, doctor, date_in(5)).await.unwrap().len() < 16);
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test]
async fn who_does_not_answer_is_passed_and_pauses_after_three() {
    let check_up = visit_type();
    let clinic = offering_with(&[&check_up], [("--waitlist-offer-ttl-seconds", "1")]).await;
    let (doctor, mut staff) = (clinic.doctor().await, clinic.waitlist(Role::Staff));
    let silent = enter(&mut staff, waits(clinic.patient().await, &check_up)).await.unwrap();
    all_offered(&clinic).await;
    let lapsed = |times: i64| {
        let count = "SELECT unanswered::bigint FROM appointment.waitlist WHERE id = ";
        (format!("{count}'{}'", silent.id), times)
    };
    let next = enter(&mut staff, waits(clinic.patient().await, &check_up)).await.unwrap();
    freed(&clinic, doctor, at(3, 9, 0)).await;
    let offer = offered(&clinic, &silent).await;
    // Its time goes to the next, who does not answer either.
    let told = "SELECT count(*) FROM appointment.waitlist_offers WHERE entry_id = ";
    clinic.until(&format!("{told}'{}'", next.id), 1).await;
    assert_eq!(crate::wishes::refusal(accept(&mut staff, &offer).await).1, "OFFER_EXPIRED");
    for (times, hour) in [(2, 10), (3, 11)] {
        freed(&clinic, doctor, at(3, hour, 0)).await;
        let (query, times) = lapsed(times);
        clinic.until(&query, times).await;
    }
    assert_eq!(look(&mut staff, &silent.id).await.state(), WaitlistEntryState::Paused);
    freed(&clinic, doctor, at(3, 12, 0)).await;
    all_offered(&clinic).await;
    let made = format!("{told}'{}'", silent.id);
    assert_eq!(clinic.sql.query_one(&made, &[]).await.unwrap().get::<_, i64>(0), 3);

    let request = ResumeWaitlistEntryRequest { id: silent.id.clone(), expected_version: 0 };
    let resumed = staff.resume_waitlist_entry(request).await.unwrap().into_inner();
    assert_eq!((resumed.state(), resumed.unanswered_offers), (WaitlistEntryState::Waiting, 0));
    freed(&clinic, doctor, at(3, 13, 0)).await;
    clinic.until(&made, 4).await;
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test]
async fn what_is_offered_to_several_has_who_is_first() {
    let check_up = visit_type();
    let clinic = offering_with(&[&check_up], [("--waitlist-broadcast", "2")]).await;
    let (doctor, mut staff) = (clinic.doctor().await, clinic.waitlist(Role::Staff));
    let mut entries = Vec::new();
    for _ in 0..3 {
        entries.push(enter(&mut staff, waits(clinic.patient().await, &check_up)).await.unwrap());
    }
    all_offered(&clinic).await;
    freed(&clinic, doctor, at(3, 9, 0)).await;
    let (one, two) = (offered(&clinic, &entries[0]).await, offered(&clinic, &entries[1]).await);
    assert_eq!(
        (one.mode(), start(&one), start(&two)),
        (WaitlistOfferMode::Broadcast, at(3, 9, 0), at(3, 9, 0))
    );
    all_offered(&clinic).await;
    assert!(!has_offer(&clinic, &entries[2]).await, "two are told");
    assert!(free(&mut clinic.staff(), doctor, date_in(3)).await.contains(&at(3, 9, 0)), "kept for nobody");

    let visit = accept(&mut staff, &two).await.unwrap();
    assert_eq!(visit.patient_id, entries[1].patient_id);
    assert_eq!(crate::wishes::refusal(accept(&mut staff, &one).await).1, "SLOT_TAKEN");
    let first = look(&mut staff, &entries[0].id).await;
    assert_eq!((first.state(), first.unanswered_offers), (WaitlistEntryState::Waiting, 0));

    // Who books it without an offer is first, too.
    freed(&clinic, doctor, at(3, 10, 0)).await;
    let offer = offered(&clinic, &entries[0]).await;
    book(&mut clinic.staff(), clinic.patient().await, doctor, at(3, 10, 0)).await.unwrap();
    assert_eq!(crate::wishes::refusal(accept(&mut staff, &offer).await).1, "SLOT_TAKEN");
    let lost = "SELECT count(*) FROM appointment.waitlist_offers WHERE state = 'lost'";
    assert_eq!(clinic.sql.query_one(lost, &[]).await.unwrap().get::<_, i64>(0), 2);
    ledger::is_sound(&clinic.sql).await;
}
