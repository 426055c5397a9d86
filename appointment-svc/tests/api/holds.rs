use crate::clinic::{Client, Clinic, someone};
use crate::ledger;
use crate::offers::{offering, visit_type};
use crate::wishes::{
    at, book, cancel, date_in, free, hold, hold_of, refusal, violations, wish, wrong_fields,
};
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use platform::caller::{Role, User};
use platform::fault;
use proto::appointment::{
    Appointment, BookAppointmentRequest, CreateHoldRequest, GetAppointmentRequest, Hold, HoldOutcome,
    ListAppointmentsRequest, ListAvailableSlotsRequest, ReleaseHoldRequest, RenewHoldRequest,
    SlotAlternatives,
};
use proto::doctor::VisitType;
use proto::ids::{AppointmentId, DoctorId, PatientId};
use proto::time::{from_wire, to_wire};
use tonic::{Code, Response, Status};
use tonic_types::StatusExt as _;

/// The holds of one doctor have run out.
async fn wait_out(clinic: &Clinic, doctor: DoctorId) {
    let owner = clinic.owner_sql().await;
    for table in [
        "appointments SET hold_until = clock_timestamp() WHERE doctor_id",
        "claims SET hold_until = clock_timestamp() WHERE resource_id",
    ] {
        let shift = format!("UPDATE appointment.{table} = $1 AND hold_until IS NOT NULL");
        owner.execute(&shift, &[&doctor.0]).await.unwrap();
    }
}

async fn book_with(
    client: &mut Client,
    hold: &Hold,
    change: impl FnOnce(&mut BookAppointmentRequest),
) -> Result<Appointment, Status> {
    let mut request = BookAppointmentRequest {
        hold_token: hold.hold_token.clone(),
        ..wish(
            hold.patient_id.parse().unwrap(),
            hold.doctor_id.parse().unwrap(),
            from_wire(hold.start_time).unwrap(),
        )
    };
    change(&mut request);
    client.book_appointment(request).await.map(Response::into_inner)
}

fn release_of(hold: &Hold) -> ReleaseHoldRequest {
    ReleaseHoldRequest { id: hold.id.clone(), hold_token: hold.hold_token.clone() }
}

fn renewal_of(hold: &Hold) -> RenewHoldRequest {
    RenewHoldRequest { id: hold.id.clone(), hold_token: hold.hold_token.clone() }
}

/// A patient, and somebody who is that patient.
async fn patient(clinic: &Clinic) -> (PatientId, Client) {
    let patient = clinic.patient().await;
    (patient, clinic.by(Role::Patient(patient)))
}

#[tokio::test]
async fn a_held_time_is_the_holders_alone_and_becomes_the_visit() {
    let clinic = Clinic::open().await;
    let (doctor, mut staff) = (clinic.doctor().await, clinic.staff());
    let ((ann, mut by_ann), (bob, mut by_bob)) = (patient(&clinic).await, patient(&clinic).await);
    let nine = at(3, 9, 0);
    let held = hold(&mut by_ann, ann, doctor, nine).await.unwrap();
    assert_eq!((held.version, held.time_zone.as_str()), (1, "UTC"));
    assert_eq!(from_wire(held.end_time).unwrap(), at(3, 9, 30));
    assert!(free(&mut by_ann, doctor, date_in(3)).await.contains(&nine));
    for other in [&mut by_bob, &mut staff] {
        assert!(!free(other, doctor, date_in(3)).await.contains(&nine));
    }
    assert_eq!(refusal(book(&mut by_bob, bob, doctor, nine).await).1, "SLOT_TAKEN");
    assert_eq!(refusal(hold(&mut by_bob, bob, doctor, nine).await).1, "SLOT_TAKEN");

    let visit = book_with(&mut by_ann, &held, |_| {}).await.unwrap();
    assert_eq!((visit.id, visit.version), (held.id.clone(), 1));
    assert_eq!(visit.hold_outcome, i32::from(HoldOutcome::Converted));
    assert_eq!(refusal(book(&mut by_bob, bob, doctor, nine).await).1, "SLOT_TAKEN");
    // The token is used up, as those may know who may see the visit; also when its time is free again.
    let used = (Code::FailedPrecondition, "HOLD_USED".to_owned());
    for holder in [&mut by_ann, &mut staff] {
        assert_eq!(refusal(book_with(holder, &held, |_| {}).await), used);
    }
    let by_other = book_with(&mut by_bob, &held, |wish| wish.patient_id = bob.to_string()).await;
    assert_eq!(refusal(by_other).1, "HOLD_EXPIRED");
    crate::wishes::reschedule(&mut staff, &held.id, at(3, 10, 0)).await.unwrap();
    assert_eq!(refusal(book_with(&mut by_ann, &held, |_| {}).await), used);
    assert_eq!(refusal(by_ann.renew_hold(renewal_of(&held)).await).1, "HOLD_NOT_FOUND");
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test]
async fn what_is_held_is_no_visit_and_nobody_hears_of_it() {
    let clinic = Clinic::open().await;
    let (doctor, (ann, mut by_ann)) = (clinic.doctor().await, patient(&clinic).await);
    let held = hold(&mut by_ann, ann, doctor, at(3, 9, 0)).await.unwrap();
    for client in [&mut by_ann, &mut clinic.by(Role::Doctor(doctor)), &mut clinic.by(Role::Admin)] {
        let got = client.get_appointment(GetAppointmentRequest { id: held.id.clone(), ..Default::default() });
        assert_eq!(refusal(got.await).0, Code::NotFound);
        let listed = client.list_appointments(ListAppointmentsRequest::default()).await.unwrap();
        assert!(listed.into_inner().appointments.is_empty());
        assert_eq!(refusal(cancel(client, &held.id).await).0, Code::NotFound);
    }
    let told = "SELECT count(*) FROM appointment.outbox";
    assert_eq!(clinic.sql.query_one(told, &[]).await.unwrap().get::<_, i64>(0), 0);
    let kept = "SELECT count(*) FROM appointment.appointments WHERE hold_token = sha256($1)";
    let token = held.hold_token.as_bytes();
    assert_eq!(
        clinic.sql.query_one(kept, &[&token]).await.unwrap().get::<_, i64>(0),
        0,
        "the text is not it"
    );
    assert_eq!(ledger::occupied(&clinic.sql).await, 1);
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test]
async fn a_hold_that_ran_out_is_anyones_and_its_holder_may_still_be_lucky() {
    let clinic = Clinic::open().await;
    let doctor = clinic.doctor().await;
    let ((ann, mut by_ann), (bob, mut by_bob)) = (patient(&clinic).await, patient(&clinic).await);
    let held = hold(&mut by_ann, ann, doctor, at(3, 9, 0)).await.unwrap();
    wait_out(&clinic, doctor).await;
    assert_eq!(refusal(by_ann.renew_hold(renewal_of(&held)).await).1, "HOLD_EXPIRED");
    let lucky = book_with(&mut by_ann, &held, |_| {}).await.unwrap();
    assert_ne!(lucky.id, held.id);
    assert_eq!(lucky.hold_outcome, i32::from(HoldOutcome::ExpiredReclaimed));

    let held = hold(&mut by_ann, ann, doctor, at(4, 9, 0)).await.unwrap();
    wait_out(&clinic, doctor).await;
    assert!(free(&mut by_bob, doctor, date_in(4)).await.contains(&at(4, 9, 0)));
    book(&mut by_bob, bob, doctor, at(4, 9, 0)).await.unwrap();
    let late = book_with(&mut by_ann, &held, |_| {}).await.err().unwrap();
    let nearby: Option<SlotAlternatives> = fault::detail(&late, "healthcare.appointment.v1.SlotAlternatives");
    assert_eq!(nearby.unwrap().slots.len(), 3);
    assert_eq!(refusal::<()>(Err(late)), (Code::FailedPrecondition, "HOLD_EXPIRED".to_owned()));
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test]
async fn a_token_is_for_what_was_held() {
    let clinic = Clinic::open().await;
    let ((ann, mut by_ann), doctor) = (patient(&clinic).await, clinic.doctor().await);
    let (mut staff, other) = (clinic.staff(), clinic.patient().await);
    let held = hold(&mut by_ann, ann, doctor, at(3, 9, 0)).await.unwrap();
    let later = book_with(&mut by_ann, &held, |wish| wish.start_time = Some(to_wire(at(3, 10, 0)))).await;
    let longer = book_with(&mut by_ann, &held, |wish| wish.end_time = Some(to_wire(at(3, 10, 0)))).await;
    let for_other = book_with(&mut staff, &held, |wish| wish.patient_id = other.to_string()).await;
    let malformed = book_with(&mut by_ann, &held, |wish| wish.hold_token = "AAAA".to_owned()).await;
    for wrong in [later, longer, for_other, malformed] {
        assert_eq!(wrong_fields(wrong), ["hold_token"]);
    }
    let unknown = "A".repeat(22);
    let booked = book_with(&mut staff, &held, |wish| {
        wish.hold_token = unknown;
        wish.start_time = Some(to_wire(at(3, 11, 0)));
    });
    assert_eq!(booked.await.unwrap().hold_outcome, i32::from(HoldOutcome::ExpiredReclaimed));
}

#[tokio::test]
async fn a_hold_is_renewed_once_and_released_by_whoever_knows_its_token() {
    let clinic = Clinic::open().await;
    let (doctor, (ann, mut by_ann), mut staff) =
        (clinic.doctor().await, patient(&clinic).await, clinic.staff());
    let held = hold(&mut by_ann, ann, doctor, at(3, 9, 0)).await.unwrap();
    let (_, mut by_bob) = patient(&clinic).await;
    let unknown = Hold { id: AppointmentId::random().to_string(), ..held.clone() };
    for hidden in [&held, &unknown] {
        assert_eq!(refusal(by_bob.renew_hold(renewal_of(hidden)).await).1, "HOLD_NOT_FOUND");
    }
    let guess = Hold { hold_token: "A".repeat(22), ..held.clone() };
    assert_eq!(refusal(staff.release_hold(release_of(&guess)).await).1, "HOLD_NOT_FOUND");

    let renewed = by_ann.renew_hold(renewal_of(&held)).await.unwrap().into_inner();
    assert_eq!(renewed.hold_token, held.hold_token);
    assert!(from_wire(renewed.expire_time).unwrap() > from_wire(held.expire_time).unwrap());
    assert_eq!(refusal(by_ann.renew_hold(renewal_of(&held)).await).1, "HOLD_RENEWED");
    by_ann.release_hold(release_of(&held)).await.unwrap();
    by_ann.release_hold(release_of(&held)).await.unwrap();
    assert!(free(&mut staff, doctor, date_in(3)).await.contains(&at(3, 9, 0)));
    let told = "SELECT data::text FROM appointment.outbox WHERE event_type = 'appointment.slot_released'";
    let told = clinic.sql.query(told, &[]).await.unwrap();
    assert_eq!(told.len(), 1);
    assert!(!told[0].get::<_, String>(0).contains(&ann.to_string()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_times_are_held_for_a_patient_and_no_third() {
    let clinic = Clinic::open().await;
    let (ann, _) = patient(&clinic).await;
    let mut doctors = Vec::new();
    for _ in 0..8 {
        doctors.push(clinic.doctor().await);
    }
    let holding = doctors.iter().enumerate().map(|(number, doctor)| {
        let mut staff = clinic.staff();
        let start = at(3, 9, 0) + SignedDuration::from_mins(30 * i64::try_from(number).unwrap());
        async move { hold(&mut staff, ann, *doctor, start).await }
    });
    let (held, refused): (Vec<_>, Vec<_>) = join_all(holding).await.into_iter().partition(Result::is_ok);
    assert_eq!(held.len(), 2);
    for refused in refused {
        let wait = refused.as_ref().err().unwrap().get_details_retry_info().unwrap();
        let wait = wait.retry_delay.unwrap();
        assert!((200..=300).contains(&wait.as_secs()), "until the first runs out: {wait:?}");
        assert_eq!(refusal(refused), (Code::ResourceExhausted, "TOO_MANY_HOLDS".to_owned()));
    }
    // Another time with the same doctor for one that is given up is no third.
    let mut by_ann = clinic.by(Role::Patient(ann));
    let used = clinic.patient().await;
    assert_eq!(refusal(hold(&mut by_ann, used, doctors[0], at(4, 9, 0)).await).0, Code::PermissionDenied);
    assert_eq!(clinic.deadlocks().await, 0);
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test]
async fn another_time_that_overlaps_replaces_the_one_that_was_held() {
    let clinic = Clinic::open().await;
    let (doctor, (ann, mut by_ann)) = (clinic.doctor().await, patient(&clinic).await);
    for minute in [0, 15, 10] {
        hold(&mut by_ann, ann, doctor, at(3, 9, minute)).await.unwrap();
        assert_eq!(ledger::occupied(&clinic.sql).await, 1);
    }
    book(&mut by_ann, ann, doctor, at(3, 9, 0)).await.unwrap();
    assert_eq!(ledger::occupied(&clinic.sql).await, 1, "booking without the token gives it up, too");
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test]
async fn what_has_run_out_is_tidied_up_and_told() {
    let clinic = Clinic::open().await;
    let (doctor, (ann, mut by_ann)) = (clinic.doctor().await, patient(&clinic).await);
    hold(&mut by_ann, ann, doctor, at(3, 9, 0)).await.unwrap();
    wait_out(&clinic, doctor).await;
    let released = "SELECT count(*) FROM appointment.outbox WHERE event_type = 'appointment.slot_released'";
    clinic.until(released, 1).await;
    assert_eq!(ledger::occupied(&clinic.sql).await, 0);
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test]
async fn holding_needs_what_booking_needs() {
    let clinic = Clinic::open().await;
    let ((ann, mut by_ann), doctor) = (patient(&clinic).await, clinic.doctor().await);
    let closed = hold(&mut by_ann, ann, doctor, at(3, 20, 0)).await;
    assert_eq!(refusal(closed).1, "OUTSIDE_AVAILABILITY");
    assert_eq!(wrong_fields(hold(&mut by_ann, ann, doctor, at(-1, 9, 0)).await), ["start_time"]);
    let nothing = by_ann.create_hold(CreateHoldRequest::default()).await;
    assert_eq!(violations(nothing).len(), 3);
    for role in [Role::Auditor, Role::Doctor(DoctorId::random()), Role::Patient(PatientId::random())] {
        let foreign = hold(&mut clinic.by(role), ann, doctor, at(3, 9, 0)).await;
        assert_eq!(refusal(foreign).0, Code::PermissionDenied);
    }
    assert_eq!(ledger::occupied(&clinic.sql).await, 0);
}

/// Numbers without a pattern, less than a bound.
fn rolled(seed: u64, bound: u64) -> i64 {
    use std::hash::{BuildHasher as _, RandomState};
    i64::try_from(RandomState::new().hash_one(seed) % bound).unwrap()
}

/// Who looks for times: a patient or the reception, which does not say for whom.
async fn offered(client: &mut Client, doctor: DoctorId, visit_type: &VisitType, day: i64) -> Vec<Timestamp> {
    let request = ListAvailableSlotsRequest {
        doctor_id: doctor.to_string(),
        date: date_in(day).to_string(),
        visit_type_id: visit_type.id.clone(),
        ..ListAvailableSlotsRequest::default()
    };
    let slots = client.list_available_slots(request).await.unwrap().into_inner().slots;
    slots.into_iter().map(|slot| from_wire(slot.start_time).unwrap()).collect()
}

#[tokio::test]
async fn what_is_offered_can_be_held_and_what_is_not_cannot() {
    let any = |duration, interval, before, after, capacity| VisitType {
        duration_minutes: duration,
        interval_minutes: interval,
        buffer_before_minutes: before,
        buffer_after_minutes: after,
        capacity,
        ..visit_type()
    };
    let types = [any(30, 30, 0, 0, 1), any(20, 15, 5, 10, 1), any(60, 30, 0, 0, 3), any(45, 20, 0, 15, 1)];
    let clinic = offering(&types.each_ref()).await;
    let mut checked = (0, 0);
    for round in 0..4 {
        let doctor = clinic.doctor().await;
        let ((ann, _), (bob, _)) = (patient(&clinic).await, patient(&clinic).await);
        let mut staff = clinic.staff();
        // Something is taken, by visits and by what others hold; one visit is Ann's own.
        for number in 0..5 {
            let who = if number == 0 { ann } else { clinic.patient().await };
            let start = at(3, 9, 0) + SignedDuration::from_mins(5 * rolled(number, 90));
            let visit_type = &types[usize::try_from(rolled(number, 4)).unwrap()];
            let mut wanted = hold_of(who, doctor, start);
            wanted.visit_type_id.clone_from(&visit_type.id);
            if number % 2 == 0 {
                drop(book(&mut staff, who, doctor, start).await);
            } else {
                drop(clinic.staff().create_hold(wanted).await);
            }
        }
        let visit_type = &types[usize::try_from(round).unwrap()];
        let users: [(User, PatientId); 2] = [(someone(Role::Patient(ann)), ann), (someone(Role::Staff), bob)];
        for (user, who) in users {
            let mut client = clinic.user(user);
            let offered = offered(&mut client, doctor, visit_type, 3).await;
            let mut at_five = at(3, 8, 30);
            while at_five < at(3, 17, 30) {
                let wanted = CreateHoldRequest {
                    visit_type_id: visit_type.id.clone(),
                    ..hold_of(who, doctor, at_five)
                };
                let held = client.create_hold(wanted).await;
                assert_eq!(
                    held.is_ok(),
                    offered.contains(&at_five),
                    "{at_five} {:?}: {:?}",
                    user.role,
                    held.err()
                );
                match held {
                    Ok(held) => {
                        client.release_hold(release_of(held.get_ref())).await.unwrap();
                        checked.0 += 1;
                    }
                    Err(_) => checked.1 += 1,
                }
                at_five += SignedDuration::from_mins(5);
            }
        }
    }
    println!("{} times were offered and held, {} were neither", checked.0, checked.1);
    assert!(checked.0 > 0 && checked.1 > 0);
    ledger_of_time_is_sound(&clinic).await;
}

/// With times that are kept free, claims are longer than their visits; the constraints of the database hold anyway.
async fn ledger_of_time_is_sound(clinic: &Clinic) {
    let twice = "
        SELECT count(*) FROM appointment.claims a
          JOIN appointment.claims b ON a.id < b.id AND a.resource_id = b.resource_id AND a.busy && b.busy
         WHERE a.active AND b.active
           AND coalesce(a.session_id, a.appointment_id) <> coalesce(b.session_id, b.appointment_id)";
    assert_eq!(clinic.sql.query_one(twice, &[]).await.unwrap().get::<_, i64>(0), 0);
    assert_eq!(clinic.deadlocks().await, 0);
}
