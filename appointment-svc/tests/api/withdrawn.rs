use crate::ledger;
use crate::offers::{book_type, offering, offering_with, visit_type};
use crate::waiting::{accept, all_offered, decline, enter, freed, has_offer, look, offered, start, waits};
use crate::wishes::{at, book, cancel, declare, hours, refusal, reschedule};
use platform::caller::Role;
use proto::appointment::{
    ApplyAbsencePlanRequest, CheckCareRelationshipRequest, ListWaitlistEntriesRequest, PlannedMove,
    WaitlistEntry, WaitlistEntryState,
};
use proto::time::to_wire;

#[tokio::test]
async fn who_is_no_longer_here_keeps_no_time() {
    let check_up = visit_type();
    let clinic = offering(&[&check_up]).await;
    let (doctor, gone, next) = (clinic.doctor().await, clinic.patient().await, clinic.patient().await);
    let mut staff = clinic.waitlist(Role::Staff);
    let entry = enter(&mut staff, waits(gone, &check_up)).await.unwrap();
    let next = enter(&mut staff, waits(next, &check_up)).await.unwrap();
    freed(&clinic, doctor, at(3, 9, 0)).await;
    offered(&clinic, &entry).await;
    declare(&mut clinic.service("patient-svc"), gone, 2, false).await.unwrap();
    assert_eq!(start(&offered(&clinic, &next).await), at(3, 9, 0));
    assert_eq!(look(&mut staff, &entry.id).await.state(), WaitlistEntryState::Cancelled);
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test]
async fn a_time_that_all_decline_goes_to_others() {
    let check_up = visit_type();
    let clinic = offering_with(&[&check_up], [("--waitlist-broadcast", "2")]).await;
    let (doctor, mut staff) = (clinic.doctor().await, clinic.waitlist(Role::Staff));
    let mut entries = Vec::new();
    for _ in 0..3 {
        entries.push(enter(&mut staff, waits(clinic.patient().await, &check_up)).await.unwrap());
    }
    freed(&clinic, doctor, at(3, 9, 0)).await;
    for entry in &entries[..2] {
        let offer = offered(&clinic, entry).await;
        decline(&mut staff, &offer).await.unwrap();
    }
    assert_eq!(start(&offered(&clinic, &entries[2]).await), at(3, 9, 0));
}

#[tokio::test]
async fn who_no_longer_has_a_later_visit_waits_for_nothing_earlier() {
    let check_up = visit_type();
    let clinic = offering(&[&check_up]).await;
    let (doctor, ann) = (clinic.doctor().await, clinic.patient().await);
    let (mut waitlist, mut staff) = (clinic.waitlist(Role::Patient(ann)), clinic.staff());
    let visit = book_type(&mut staff, ann, doctor, &check_up, at(5, 14, 0)).await.unwrap();
    let entry = WaitlistEntry { appointment_id: visit.id.clone(), ..waits(ann, &check_up) };
    let entry = enter(&mut waitlist, entry).await.unwrap();
    freed(&clinic, doctor, at(4, 9, 0)).await;
    let offer = offered(&clinic, &entry).await;
    // Meanwhile it is earlier than what is offered.
    reschedule(&mut staff, &visit.id, at(3, 9, 0)).await.unwrap();
    assert_eq!(refusal(accept(&mut waitlist, &offer).await).1, "APPOINTMENT_CLOSED");
    assert!(look(&mut waitlist, &entry.id).await.open_offer.is_none());
    ledger::is_sound(&clinic.sql).await;

    cancel(&mut staff, &visit.id).await.unwrap();
    let cancelled = "SELECT count(*) FROM appointment.waitlist WHERE state = 'cancelled'";
    clinic.until(cancelled, 1).await;
    all_offered(&clinic).await;
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test]
async fn waiting_twice_is_no_better_than_waiting_once() {
    let check_up = visit_type();
    let clinic = offering(&[&check_up]).await;
    let (doctor, ann) = (clinic.doctor().await, clinic.patient().await);
    let mut staff = clinic.waitlist(Role::Staff);
    let one = enter(&mut staff, waits(ann, &check_up)).await.unwrap();
    let other = enter(&mut staff, waits(ann, &check_up)).await.unwrap();
    let bob = enter(&mut staff, waits(clinic.patient().await, &check_up)).await.unwrap();
    freed(&clinic, doctor, at(3, 9, 0)).await;
    let offer = offered(&clinic, &one).await;
    let listed = staff.list_waitlist_entries(ListWaitlistEntriesRequest::default()).await.unwrap();
    let open: Vec<bool> =
        listed.into_inner().entries.iter().map(|entry| entry.open_offer.is_some()).collect();
    assert_eq!(open, [true, false, false], "lists tell of offers, too");
    decline(&mut staff, &offer).await.unwrap();
    assert_eq!(start(&offered(&clinic, &bob).await), at(3, 9, 0));
    assert!(!has_offer(&clinic, &other).await);
}

#[tokio::test]
async fn an_offer_keeps_nobody_from_another_doctor() {
    let check_up = visit_type();
    let clinic = offering(&[&check_up]).await;
    let (doctor, colleague, ann) = (clinic.doctor().await, clinic.doctor().await, clinic.patient().await);
    let mut waitlist = clinic.waitlist(Role::Patient(ann));
    let entry = WaitlistEntry { doctor_ids: vec![doctor.to_string()], ..waits(ann, &check_up) };
    let entry = enter(&mut waitlist, entry).await.unwrap();
    freed(&clinic, doctor, at(3, 9, 0)).await;
    let offer = offered(&clinic, &entry).await;
    book(&mut clinic.staff(), ann, colleague, at(3, 9, 0)).await.unwrap();
    assert_eq!(refusal(accept(&mut waitlist, &offer).await).1, "OFFER_CLOSED");
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test]
async fn what_a_plan_for_an_absence_frees_is_offered_to_nobody() {
    let check_up = visit_type();
    let clinic = offering(&[&check_up]).await;
    let (away, substitute) = (clinic.doctor().await, clinic.doctor().await);
    let (mut staff, mut waitlist) = (clinic.staff(), clinic.waitlist(Role::Staff));
    let visit = book(&mut staff, clinic.patient().await, away, at(3, 9, 0)).await.unwrap();
    let entry = enter(&mut waitlist, waits(clinic.patient().await, &check_up)).await.unwrap();
    let planned = PlannedMove {
        appointment_id: visit.id,
        version: visit.version,
        new_doctor_id: substitute.to_string(),
        new_start_time: Some(to_wire(at(3, 10, 0))),
        ..PlannedMove::default()
    };
    let plan = ApplyAbsencePlanRequest {
        doctor_id: away.to_string(),
        start_time: Some(to_wire(at(3, 0, 0))),
        end_time: Some(to_wire(at(4, 0, 0))),
        moves: vec![planned],
        ..ApplyAbsencePlanRequest::default()
    };
    staff.apply_absence_plan(plan).await.unwrap();
    all_offered(&clinic).await;
    assert!(!has_offer(&clinic, &entry).await);
    let openings = "SELECT count(*) FROM appointment.openings";
    assert_eq!(clinic.sql.query_one(openings, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn a_doctor_who_accepts_for_a_patient_does_not_come_to_treat_them() {
    let check_up = visit_type();
    let clinic = offering(&[&check_up]).await;
    let doctor = clinic.hire(hours("UTC", "09:00", "17:00")).await;
    let stranger = clinic.patient().await;
    let (mut by_doctor, mut waitlist) =
        (clinic.by(Role::Doctor(doctor)), clinic.waitlist(Role::Doctor(doctor)));
    let visit = book_type(&mut by_doctor, stranger, doctor, &check_up, at(5, 9, 0)).await.unwrap();
    let entry = WaitlistEntry {
        doctor_ids: vec![doctor.to_string()],
        appointment_id: visit.id.clone(),
        ..waits(stranger, &check_up)
    };
    let entry = enter(&mut waitlist, entry).await.unwrap();
    freed(&clinic, doctor, at(3, 9, 0)).await;
    let offer = offered(&clinic, &entry).await;
    let moved = accept(&mut waitlist, &offer).await.unwrap();
    assert_eq!(moved.id, visit.id);
    let request =
        CheckCareRelationshipRequest { doctor_id: doctor.to_string(), patient_id: stranger.to_string() };
    let answer = clinic.service("patient-svc").check_care_relationship(request).await.unwrap();
    assert!(!answer.into_inner().treats);
    let offers = clinic.sql.query("SELECT state FROM appointment.waitlist_offers", &[]).await.unwrap();
    let states: Vec<String> = offers.iter().map(|row| row.get(0)).collect();
    assert_eq!(states, ["accepted"]);
}
