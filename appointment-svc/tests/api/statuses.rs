use crate::clinic::Clinic;
use crate::ledger::is_sound;
use crate::past::{People, begins_in, waits_for_answer};
use crate::wishes::{at, book, cancel, change, change_because, fact, free, get, list, refusal, wrong_fields};
use proto::appointment::AppointmentStatus::{
    Arrived, Cancelled, CheckedIn, Completed, Confirmed, EnteredInError, Expired, Held, InProgress, NoShow,
    Requested, Scheduled,
};
use proto::appointment::SetSubStatusRequest;
use proto::appointment::{AppointmentAction, ListAppointmentEventsRequest, ListAppointmentsRequest};
use tonic::Code;

fn forbidden() -> (Code, String) {
    (Code::PermissionDenied, "FORBIDDEN".to_owned())
}

fn refused(reason: &str) -> (Code, String) {
    (Code::FailedPrecondition, reason.to_owned())
}

#[tokio::test]
async fn a_patient_confirms_and_arrives_and_is_taken_in_and_treated() {
    let clinic = Clinic::open().await;
    let mut people = People::of(&clinic).await;
    let visit = people.visit_in(&clinic, 50).await;
    let seen = change(&mut people.patient, &visit.id, Confirmed).await.unwrap();
    assert!(seen.allowed_actions().any(|action| action == AppointmentAction::MarkArrived));
    assert_eq!(refusal(change(&mut people.patient, &visit.id, CheckedIn).await), forbidden());
    change(&mut people.patient, &visit.id, Arrived).await.unwrap();
    change(&mut people.staff, &visit.id, CheckedIn).await.unwrap();
    assert_eq!(refusal(change(&mut people.admin, &visit.id, InProgress).await), forbidden());
    change(&mut people.doctor, &visit.id, InProgress).await.unwrap();
    let done = change(&mut people.staff, &visit.id, Completed).await.unwrap();
    assert_eq!((done.status(), done.version), (Completed, 6));
    let again = change(&mut people.staff, &visit.id, Completed).await.unwrap();
    assert_eq!(again.version, 6, "the same again changes nothing");
}

#[tokio::test]
async fn nobody_is_taken_in_an_hour_and_more_before() {
    let clinic = Clinic::open().await;
    let mut people = People::of(&clinic).await;
    let visit = people.visit_in(&clinic, 70).await;
    for status in [Arrived, CheckedIn] {
        let early = change(&mut people.staff, &visit.id, status).await;
        assert_eq!(refusal(early.clone()), refused("TOO_EARLY"));
        assert!(fact(early, "possible_from").is_some());
    }
    let seen = get(&mut people.staff, &visit.id).await.unwrap();
    assert!(!seen.allowed_actions().any(|action| action == AppointmentAction::CheckIn));
    let window = seen.action_windows.iter().find(|window| window.action() == AppointmentAction::CheckIn);
    assert!(window.unwrap().from_time.is_some(), "it says from when");
}

#[tokio::test]
async fn a_refusal_says_where_the_visit_stands_and_where_the_caller_may_lead_it() {
    let clinic = Clinic::open().await;
    let mut people = People::of(&clinic).await;
    let visit = people.visit_in(&clinic, 300).await;
    let wrong = change(&mut people.patient, &visit.id, InProgress).await;
    assert_eq!(refusal(wrong.clone()), refused("INVALID_TRANSITION"));
    assert_eq!(fact(wrong.clone(), "current").unwrap(), "scheduled");
    assert_eq!(fact(wrong, "allowed").unwrap(), "confirmed,cancelled");
    for nonsense in [Held, Expired, Requested] {
        assert_eq!(
            refusal(change(&mut people.staff, &visit.id, nonsense).await),
            refused("INVALID_TRANSITION")
        );
    }
}

#[tokio::test]
async fn a_no_show_is_corrected_with_a_reason_and_has_its_time_again() {
    let clinic = Clinic::open().await;
    let mut people = People::of(&clinic).await;
    let visit = people.visit_in(&clinic, -20).await;
    assert_eq!(refusal(change(&mut people.patient, &visit.id, NoShow).await), forbidden());
    change(&mut people.doctor, &visit.id, NoShow).await.unwrap();
    assert_eq!(
        refusal(change_because(&mut people.doctor, &visit.id, Arrived, "was here").await),
        forbidden()
    );
    assert_eq!(wrong_fields(change(&mut people.staff, &visit.id, Arrived).await), ["note"]);
    let corrected = change_because(&mut people.staff, &visit.id, Arrived, "sat in the wrong room").await;
    assert_eq!(corrected.unwrap().status(), Arrived);

    let request = ListAppointmentEventsRequest { id: visit.id.clone() };
    let history = people.staff.list_appointment_events(request.clone()).await.unwrap().into_inner().events;
    assert_eq!(history.last().unwrap().note, "sat in the wrong room");
    let history = people.patient.list_appointment_events(request).await.unwrap().into_inner().events;
    assert_eq!(history.last().unwrap().note, "", "words are the practice's");

    let active = "SELECT count(*) FROM appointment.claims WHERE active";
    clinic.until(active, 1).await;
    let older =
        "UPDATE appointment.appointments SET status = 'no_show', status_since = now() - interval '25 hours'";
    clinic.sql.execute(older, &[]).await.unwrap();
    let late = change_because(&mut people.staff, &visit.id, Scheduled, "too late").await;
    assert_eq!(refusal(late), refused("TOO_LATE"));
}

#[tokio::test]
async fn what_was_cancelled_is_reinstated_unless_its_time_is_gone() {
    let clinic = Clinic::open().await;
    let (doctor, ann, bob) = (clinic.doctor().await, clinic.patient().await, clinic.patient().await);
    let mut staff = clinic.staff();
    let visit = book(&mut staff, ann, doctor, at(3, 9, 0)).await.unwrap();
    cancel(&mut staff, &visit.id).await.unwrap();
    let back = change(&mut staff, &visit.id, Scheduled).await.unwrap();
    assert_eq!((back.status(), back.cancellation_reason.as_str()), (Scheduled, ""));
    assert!(!free(&mut staff, doctor, crate::wishes::date_in(3)).await.contains(&at(3, 9, 0)));

    cancel(&mut staff, &visit.id).await.unwrap();
    book(&mut staff, bob, doctor, at(3, 9, 0)).await.unwrap();
    let gone = refusal(change(&mut staff, &visit.id, Scheduled).await);
    assert_eq!(gone, (Code::AlreadyExists, "SLOT_TAKEN".to_owned()));
    let elsewhere = clinic.doctor().await;
    let other = book(&mut staff, bob, elsewhere, at(3, 10, 0)).await.unwrap();
    cancel(&mut staff, &other.id).await.unwrap();
    book(&mut staff, bob, doctor, at(3, 10, 0)).await.unwrap();
    let busy = refusal(change(&mut staff, &other.id, Scheduled).await);
    assert_eq!(busy, (Code::AlreadyExists, "PATIENT_CONFLICT".to_owned()));
    assert_eq!(get(&mut staff, &other.id).await.unwrap().status(), Cancelled);
    is_sound(&clinic.sql).await;
}

#[tokio::test]
async fn a_request_is_accepted_or_declined_or_withdrawn_until_its_answer_is_due() {
    let clinic = Clinic::open().await;
    let mut people = People::of(&clinic).await;
    for (status, by_staff) in [(Scheduled, true), (Cancelled, true), (Cancelled, false)] {
        let visit = people.visit_in(&clinic, 600).await;
        waits_for_answer(&clinic, &visit.id, 5).await;
        let seen = get(&mut people.patient, &visit.id).await.unwrap();
        assert_eq!(seen.status(), Requested);
        assert!(seen.respond_by_time.is_some());
        let mut client = if by_staff { people.staff.clone() } else { people.patient.clone() };
        let answered = change(&mut client, &visit.id, status).await.unwrap();
        assert_eq!(answered.status(), status);
        assert!(!answered.is_late_cancel, "nothing was agreed upon");
        if status == Scheduled {
            cancel(&mut people.staff, &visit.id).await.unwrap();
        }
    }

    let visit = people.visit_in(&clinic, 600).await;
    waits_for_answer(&clinic, &visit.id, -1).await;
    assert_eq!(get(&mut people.patient, &visit.id).await.unwrap().status(), Expired);
    let late = change(&mut people.staff, &visit.id, Scheduled).await;
    assert_eq!(refusal(late.clone()), refused("INVALID_TRANSITION"));
    assert_eq!(fact(late, "current").unwrap(), "expired");
    let of = |status: proto::appointment::AppointmentStatus| ListAppointmentsRequest {
        status: status.into(),
        ..ListAppointmentsRequest::default()
    };
    assert_eq!(list(&mut people.staff, of(Expired)).await, std::slice::from_ref(&visit.id));
    assert_eq!(list(&mut people.staff, of(Requested)).await, [""; 0]);
    let all = list(&mut people.staff, ListAppointmentsRequest::default()).await;
    assert!(!all.contains(&visit.id), "what expired is not listed unless asked for");
}

#[tokio::test]
async fn what_was_entered_in_error_is_gone_for_all_but_admins() {
    let clinic = Clinic::open().await;
    let (doctor, patient) = (clinic.doctor().await, clinic.patient().await);
    let mut people = People::of(&clinic).await;
    let visit = book(&mut people.staff, patient, doctor, at(3, 9, 0)).await.unwrap();
    let by_staff = change_because(&mut people.staff, &visit.id, EnteredInError, "entered twice").await;
    assert_eq!(refusal(by_staff), forbidden());
    assert_eq!(wrong_fields(change(&mut people.admin, &visit.id, EnteredInError).await), ["note"]);
    change_because(&mut people.admin, &visit.id, EnteredInError, "entered twice").await.unwrap();

    assert!(free(&mut people.staff, doctor, crate::wishes::date_in(3)).await.contains(&at(3, 9, 0)));
    let hidden = (Code::NotFound, "APPOINTMENT_NOT_FOUND".to_owned());
    assert_eq!(refusal(get(&mut people.staff, &visit.id).await), hidden);
    assert_eq!(refusal(cancel(&mut people.staff, &visit.id).await), hidden);
    assert_eq!(get(&mut people.admin, &visit.id).await.unwrap().status(), EnteredInError);
    let wrong =
        ListAppointmentsRequest { status: EnteredInError.into(), ..ListAppointmentsRequest::default() };
    assert_eq!(list(&mut people.staff, wrong.clone()).await, [""; 0]);
    assert_eq!(list(&mut people.admin, wrong).await, [visit.id]);
    assert_eq!(list(&mut people.admin, ListAppointmentsRequest::default()).await, [""; 0]);
    is_sound(&clinic.sql).await;
}

#[tokio::test]
async fn what_is_held_is_nobodys_yet() {
    let clinic = Clinic::open().await;
    let mut people = People::of(&clinic).await;
    let visit = people.visit_in(&clinic, 600).await;
    clinic.sql.execute("UPDATE appointment.appointments SET status = 'held'", &[]).await.unwrap();
    assert_eq!(refusal(get(&mut people.admin, &visit.id).await).0, Code::NotFound);
    for status in [0, Held.into()] {
        let request = ListAppointmentsRequest { status, ..ListAppointmentsRequest::default() };
        assert_eq!(list(&mut people.admin, request).await, [""; 0]);
    }
}

#[tokio::test]
async fn a_label_says_what_the_practice_wants_and_stands_in_nobodys_way() {
    let clinic = Clinic::open().await;
    let mut people = People::of(&clinic).await;
    let visit = people.visit_in(&clinic, 10).await;
    let label = |text: &str| SetSubStatusRequest {
        id: visit.id.clone(),
        sub_status: text.to_owned(),
        ..SetSubStatusRequest::default()
    };
    assert_eq!(refusal(people.patient.set_sub_status(label("room 3")).await), forbidden());
    let labelled = people.staff.set_sub_status(label("room 3")).await.unwrap().into_inner();
    assert_eq!((labelled.sub_status.as_str(), labelled.version), ("room 3", 2));
    let again = people.staff.set_sub_status(label("room 3")).await.unwrap().into_inner();
    assert_eq!(again.version, 2);
    assert_eq!(get(&mut people.doctor, &visit.id).await.unwrap().sub_status, "room 3");
    assert_eq!(get(&mut people.patient, &visit.id).await.unwrap().sub_status, "");
    let long = people.staff.set_sub_status(label(&"x".repeat(61))).await;
    assert_eq!(wrong_fields(long), ["sub_status"]);
    change(&mut people.staff, &visit.id, CheckedIn).await.unwrap();
    assert_eq!(people.doctor.set_sub_status(label("")).await.unwrap().into_inner().sub_status, "");
}

#[tokio::test]
async fn who_is_in_the_house_leaves_without_being_seen_and_the_reception_says_so() {
    let clinic = Clinic::open().await;
    let mut people = People::of(&clinic).await;
    let visit = people.visit_in(&clinic, 10).await;
    change(&mut people.staff, &visit.id, Arrived).await.unwrap();
    begins_in(&clinic, &visit.id, -20).await;
    for client in [&mut people.patient, &mut people.doctor] {
        assert_eq!(refusal(cancel(client, &visit.id).await), forbidden());
    }
    assert_eq!(cancel(&mut people.staff, &visit.id).await.unwrap().status(), Cancelled);
}
