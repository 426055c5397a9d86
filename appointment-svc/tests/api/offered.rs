use crate::clinic::{Clinic, Waitlist};
use crate::ledger;
use crate::offers::{book_type, offering, visit_type};
use crate::process::Process;
use crate::waiting::{accept, all_offered, decline, enter, look, offered, start, waits};
use crate::wishes::{apply, at, book, cancel, date_in, declare, free, hold, hours, refusal};
use futures::future::join_all;
use platform::caller::Role;
use proto::appointment::{
    AcceptWaitlistOfferRequest, CancelWaitlistEntryRequest, WaitlistEntryState, WaitlistOffer,
    WaitlistOfferState,
};
use proto::doctor::{DoctorRules, doctor_rules};
use proto::ids::PatientId;
use proto::time::to_wire;
use std::time::Duration;
use tonic::Code;

/// The states of all offers of an entry, the latest first.
async fn states(waitlist: &mut Waitlist, entry: &str) -> Vec<WaitlistOfferState> {
    let request =
        proto::appointment::ListWaitlistOffersRequest { entry_id: entry.to_owned(), ..Default::default() };
    let offers = waitlist.list_waitlist_offers(request).await.unwrap().into_inner().offers;
    offers.iter().map(WaitlistOffer::state).collect()
}

#[tokio::test]
async fn an_offer_is_answered_once_and_by_whom_it_was_made_to() {
    let check_up = visit_type();
    let clinic = offering(&[&check_up]).await;
    let (doctor, ann) = (clinic.doctor().await, clinic.patient().await);
    let (mut by_ann, mut staff) = (clinic.waitlist(Role::Patient(ann)), clinic.staff());
    let mut by_bob = clinic.waitlist(Role::Patient(clinic.patient().await));
    let entry = enter(&mut by_ann, waits(ann, &check_up)).await.unwrap();
    all_offered(&clinic).await;
    let visit = book(&mut staff, clinic.patient().await, doctor, at(3, 9, 0)).await.unwrap();
    cancel(&mut staff, &visit.id).await.unwrap();
    let offer = offered(&clinic, &entry).await;
    assert_eq!(refusal(accept(&mut by_bob, &offer).await).1, "WAITLIST_OFFER_NOT_FOUND");
    assert_eq!(refusal(decline(&mut by_bob, &offer).await).1, "WAITLIST_OFFER_NOT_FOUND");
    assert_eq!(refusal(accept(&mut clinic.waitlist(Role::Doctor(doctor)), &offer).await).1, "FORBIDDEN");
    // What the practice knows of others is not told.
    let told = look(&mut by_ann, &entry.id).await.open_offer.unwrap();
    assert_eq!(told.freed_appointment_id, "");

    let request =
        AcceptWaitlistOfferRequest { id: offer.id.clone(), request_id: "accept-it-once".to_owned() };
    let visit = by_ann.accept_waitlist_offer(request.clone()).await.unwrap().into_inner();
    let again = by_ann.accept_waitlist_offer(request).await.unwrap();
    assert_eq!(again.metadata().get("idempotent-replayed").unwrap(), "true");
    assert!(again.into_inner() == visit, "another answer");
    assert_eq!(accept(&mut by_ann, &offer).await.unwrap().id, visit.id, "without a name, too");
    assert_eq!(refusal(decline(&mut by_ann, &offer).await).1, "OFFER_CLOSED");
    assert_eq!(states(&mut by_ann, &entry.id).await, [WaitlistOfferState::Accepted]);
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test]
async fn an_offer_is_withdrawn_with_the_entry_and_with_the_doctors_hours() {
    let check_up = visit_type();
    let clinic = offering(&[&check_up]).await;
    let rules = hours("UTC", "09:00", "17:00");
    let doctor = clinic.hire(rules.clone()).await;
    let mut staff = clinic.waitlist(Role::Staff);
    let first = enter(&mut staff, waits(clinic.patient().await, &check_up)).await.unwrap();
    let second = enter(&mut staff, waits(clinic.patient().await, &check_up)).await.unwrap();
    let third = clinic.patient().await;
    let third_entry = enter(&mut staff, waits(third, &check_up)).await.unwrap();
    all_offered(&clinic).await;
    let visit = book(&mut clinic.staff(), clinic.patient().await, doctor, at(3, 9, 0)).await.unwrap();
    cancel(&mut clinic.staff(), &visit.id).await.unwrap();
    let offer = offered(&clinic, &first).await;
    let request = CancelWaitlistEntryRequest { id: first.id.clone(), expected_version: 0 };
    let cancelled = staff.cancel_waitlist_entry(request).await.unwrap().into_inner();
    assert_eq!(cancelled.state(), WaitlistEntryState::Cancelled);
    assert_eq!(refusal(accept(&mut staff, &offer).await).1, "OFFER_CLOSED");
    let offer = offered(&clinic, &second).await;
    assert_eq!(start(&offer), at(3, 9, 0));

    let absence = doctor_rules::Absence {
        start_time: Some(to_wire(at(3, 0, 0))),
        end_time: Some(to_wire(at(4, 0, 0))),
    };
    let away = DoctorRules { version: 2, absences: vec![absence], ..rules };
    apply(&mut clinic.service("doctor-svc"), away, true).await.unwrap();
    assert_eq!(refusal(accept(&mut staff, &offer).await).1, "OFFER_CLOSED");
    assert_eq!(states(&mut staff, &second.id).await[..], [WaitlistOfferState::Withdrawn]);
    assert_eq!(ledger::occupied(&clinic.sql).await, 0);

    // Who is no longer here waits no more.
    declare(&mut clinic.service("patient-svc"), third, 2, false).await.unwrap();
    assert_eq!(look(&mut staff, &third_entry.id).await.state(), WaitlistEntryState::Cancelled);
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test]
async fn what_is_offered_stands_in_nobodys_way_but_others() {
    let check_up = visit_type();
    let clinic = offering(&[&check_up]).await;
    let (doctor, ann) = (clinic.doctor().await, clinic.patient().await);
    let (mut by_ann, mut staff) = (clinic.by(Role::Patient(ann)), clinic.staff());
    let mut waitlist = clinic.waitlist(Role::Patient(ann));
    let entry = enter(&mut waitlist, waits(ann, &check_up)).await.unwrap();
    all_offered(&clinic).await;
    let visit = book(&mut staff, clinic.patient().await, doctor, at(3, 9, 0)).await.unwrap();
    cancel(&mut staff, &visit.id).await.unwrap();
    let offer = offered(&clinic, &entry).await;
    // Two times of their own besides.
    for hour in [11, 12] {
        hold(&mut by_ann, ann, doctor, at(3, hour, 0)).await.unwrap();
    }
    assert!(free(&mut by_ann, doctor, date_in(3)).await.contains(&at(3, 9, 0)), "it is kept for her");
    assert!(!free(&mut staff, doctor, date_in(3)).await.contains(&at(3, 9, 0)));
    // She books it as if there were no offer.
    book_type(&mut by_ann, ann, doctor, &check_up, at(3, 9, 0)).await.unwrap();
    assert_eq!(refusal(accept(&mut waitlist, &offer).await).1, "OFFER_CLOSED");
    assert_eq!(states(&mut waitlist, &entry.id).await, [WaitlistOfferState::Withdrawn]);
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test]
async fn nobody_is_offered_what_they_have_just_given_up() {
    let check_up = visit_type();
    let clinic = offering(&[&check_up]).await;
    let (doctor, ann, bob) = (clinic.doctor().await, clinic.patient().await, clinic.patient().await);
    let (mut by_ann, mut waitlist) = (clinic.by(Role::Patient(ann)), clinic.waitlist(Role::Staff));
    let visit = book_type(&mut by_ann, ann, doctor, &check_up, at(3, 9, 0)).await.unwrap();
    let ann = enter(&mut waitlist, waits(ann, &check_up)).await.unwrap();
    let bob = enter(&mut waitlist, waits(bob, &check_up)).await.unwrap();
    cancel(&mut by_ann, &visit.id).await.unwrap();
    let offer = offered(&clinic, &bob).await;
    assert_eq!((start(&offer), offer.passed_over), (at(3, 9, 0), 0));
    all_offered(&clinic).await;
    assert!(look(&mut waitlist, &ann.id).await.open_offer.is_none());
}

/// One who answers what they are offered this way and that, for a while.
async fn answer_for_a_while(clinic: &Clinic, patient: PatientId, entry: &str, seed: usize) {
    let mut waitlist = clinic.waitlist(Role::Patient(patient));
    let mut staff = clinic.staff();
    let doctor = look(&mut waitlist, entry).await.doctor_ids[0].parse().unwrap();
    let mut pace = tokio::time::interval(Duration::from_millis(100));
    for round in 0..50 {
        pace.tick().await;
        let day = i64::try_from((seed + round) % 20).unwrap();
        let offer = look(&mut waitlist, entry).await.open_offer;
        let is_settled = |code| {
            [Code::AlreadyExists, Code::FailedPrecondition, Code::InvalidArgument, Code::Aborted]
                .contains(&code)
        };
        let outcome = match (offer, (seed + round) % 4) {
            (Some(offer), 0) => accept(&mut waitlist, &offer).await.map(drop),
            (Some(offer), 1) => decline(&mut waitlist, &offer).await.map(drop),
            (Some(offer), 2) => {
                let (mut by_patient, mut by_staff) = (waitlist.clone(), clinic.waitlist(Role::Staff));
                let (one, other) =
                    tokio::join!(accept(&mut by_patient, &offer), decline(&mut by_staff, &offer));
                assert!(one.is_err() || other.is_err(), "accepted and declined");
                Ok(())
            }
            // Another time each time: those that were accepted are gone.
            _ => match book(&mut staff, patient, doctor, at(3 + day, 9, 0)).await {
                Ok(visit) => cancel(&mut staff, &visit.id).await.map(drop),
                Err(status) => Err(status),
            },
        };
        assert!(outcome.err().is_none_or(|status| is_settled(status.code())));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn however_offers_are_answered_at_once_a_time_is_had_by_one() {
    let check_up = visit_type();
    let clinic = offering(&[&check_up]).await;
    // Another replica offers, too.
    let _replica = Process::start(&clinic, "UTC").await;
    let doctor = clinic.hire(hours("UTC", "09:00", "10:00")).await;
    let mut staff = clinic.waitlist(Role::Staff);
    let mut entries = Vec::new();
    for _ in 0..8 {
        let patient = clinic.patient().await;
        let entry = proto::appointment::WaitlistEntry {
            doctor_ids: vec![doctor.to_string()],
            ..waits(patient, &check_up)
        };
        entries.push((patient, enter(&mut staff, entry).await.unwrap().id));
    }
    let at_once = entries.iter().enumerate();
    join_all(at_once.map(|(seed, (patient, entry))| answer_for_a_while(&clinic, *patient, entry, seed)))
        .await;
    all_offered(&clinic).await;
    assert_eq!(clinic.deadlocks().await, 0);
    ledger::is_sound(&clinic.sql).await;
    let twice = "SELECT count(*) FROM (
                     SELECT FROM appointment.waitlist_offers WHERE state = 'open' GROUP BY entry_id
                     HAVING count(*) > 1) several";
    assert_eq!(clinic.sql.query_one(twice, &[]).await.unwrap().get::<_, i64>(0), 0);
    let made = "SELECT count(*) FROM appointment.waitlist_offers";
    assert!(clinic.sql.query_one(made, &[]).await.unwrap().get::<_, i64>(0) > 4);
}
