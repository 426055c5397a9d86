//! What patients do by the link that they were sent, without an account.
use crate::clinic::Clinic;
use crate::past::{People, begins_in, has_policy};
use crate::wishes::{at, book, date_in, refusal, reschedule, wrong_fields};
use proto::appointment::AppointmentAction::{Cancel, Confirm, EditNotes, Reschedule};
use proto::appointment::AppointmentStatus::{Arrived, Cancelled, Completed, Confirmed, Scheduled};
use proto::appointment::{
    AppointmentStatus, ChangeLinkedVisitRequest, GetAppointmentSummaryRequest, GetLinkedVisitRequest,
    ListAppointmentEventsRequest, ListLinkedSlotsRequest, MoveLinkedVisitRequest,
};
use proto::ids::PatientId;
use proto::time::to_wire;
use serde_json::json;
use tonic::Code;

fn look(id: &str, patient: PatientId) -> GetLinkedVisitRequest {
    GetLinkedVisitRequest { id: id.to_owned(), patient_id: patient.to_string() }
}

fn change(id: &str, patient: PatientId, status: AppointmentStatus, version: i64) -> ChangeLinkedVisitRequest {
    ChangeLinkedVisitRequest {
        id: id.to_owned(),
        patient_id: patient.to_string(),
        status: status.into(),
        expected_version: version,
    }
}

#[tokio::test]
async fn who_has_the_link_does_what_the_patient_may_and_history_says_that_it_was_by_a_link() {
    let clinic = Clinic::open().await;
    let (doctor, patient, mut staff) = (clinic.doctor().await, clinic.patient().await, clinic.staff());
    let mut links = clinic.links();
    let id = book(&mut staff, patient, doctor, at(3, 9, 0)).await.unwrap().id;

    let seen = links.get_linked_visit(look(&id, patient)).await.unwrap().into_inner();
    let actions: Vec<_> = seen.allowed_actions().collect();
    assert_eq!(actions, [Reschedule, EditNotes, Confirm, Cancel]);
    let summary = GetAppointmentSummaryRequest { id: id.clone() };
    let summary = clinic.service("notification-svc").get_appointment_summary(summary).await.unwrap();
    assert_eq!(summary.into_inner().patient_actions, seen.allowed_actions);

    let confirmed = links.change_linked_visit(change(&id, patient, Confirmed, 1)).await.unwrap().into_inner();
    assert_eq!((confirmed.status(), confirmed.version), (Confirmed, 2));
    let again = links.change_linked_visit(change(&id, patient, Confirmed, 1)).await.unwrap().into_inner();
    assert_eq!(again.version, 2, "twice is once");

    let slots = ListLinkedSlotsRequest {
        id: id.clone(),
        patient_id: patient.to_string(),
        date: date_in(4).to_string(),
        days: 1,
    };
    let slots = links.list_linked_slots(slots).await.unwrap().into_inner().slots;
    let start_time = slots[1].start_time;
    let moved = MoveLinkedVisitRequest {
        id: id.clone(),
        patient_id: patient.to_string(),
        start_time,
        expected_version: 2,
    };
    let stale = MoveLinkedVisitRequest { expected_version: 1, ..moved.clone() };
    assert_eq!(refusal(links.move_linked_visit(stale).await).1, "VERSION_MISMATCH");
    let moved = links.move_linked_visit(moved).await.unwrap().into_inner();
    assert_eq!((moved.status(), moved.start_time, moved.reschedule_count), (Scheduled, start_time, 1));

    let cancelled = links.change_linked_visit(change(&id, patient, Cancelled, 3)).await.unwrap().into_inner();
    assert_eq!((cancelled.status(), cancelled.cancellation_reason.as_str()), (Cancelled, "pat-crs"));

    let history = staff.list_appointment_events(ListAppointmentEventsRequest { id }).await.unwrap();
    let by_link = history.into_inner().events.into_iter().skip(1);
    let actors: Vec<_> = by_link.map(|event| (event.actor_id, event.actor_role)).collect();
    let holder = ("ffffffff-ffff-ffff-ffff-ffffffffffff".to_owned(), "patient".to_owned());
    assert_eq!(actors, [holder.clone(), holder.clone(), holder]);
}

#[tokio::test]
async fn a_link_is_of_no_use_for_the_visits_of_others_or_for_anything_else() {
    let clinic = Clinic::open().await;
    let (doctor, patient, mut staff) = (clinic.doctor().await, clinic.patient().await, clinic.staff());
    let stranger = clinic.patient().await;
    let mut links = clinic.links();
    let id = book(&mut staff, patient, doctor, at(3, 9, 0)).await.unwrap().id;
    let not_found = |refused: (Code, String)| assert_eq!(refused.0, Code::NotFound, "{refused:?}");
    not_found(refusal(links.get_linked_visit(look(&id, stranger)).await));
    not_found(refusal(links.change_linked_visit(change(&id, stranger, Cancelled, 0)).await));
    let slots = ListLinkedSlotsRequest {
        id: id.clone(),
        patient_id: stranger.to_string(),
        date: date_in(4).to_string(),
        days: 1,
    };
    not_found(refusal(links.list_linked_slots(slots).await));
    let start_time = Some(to_wire(at(4, 9, 0)));
    let moved = MoveLinkedVisitRequest {
        id: id.clone(),
        patient_id: stranger.to_string(),
        start_time,
        expected_version: 0,
    };
    not_found(refusal(links.move_linked_visit(moved.clone()).await));

    for status in [Completed, Scheduled, AppointmentStatus::Unspecified] {
        assert_eq!(
            wrong_fields(links.change_linked_visit(change(&id, patient, status, 0)).await),
            ["status"]
        );
    }
    assert_eq!(refusal(links.change_linked_visit(change(&id, patient, Arrived, 0)).await).1, "TOO_EARLY");
    let nothing =
        MoveLinkedVisitRequest { id: "1".to_owned(), start_time: None, expected_version: -1, ..moved };
    assert_eq!(
        wrong_fields(links.move_linked_visit(nothing).await),
        ["id", "start_time", "expected_version"]
    );
    let still = links.get_linked_visit(look(&id, patient)).await.unwrap().into_inner();
    assert_eq!((still.version, still.status()), (1, Scheduled));
}

#[tokio::test]
async fn a_link_is_bound_by_the_policy_and_by_what_is_taken() {
    let clinic = Clinic::open().await;
    let mut people = People::of(&clinic).await;
    let mut links = clinic.links();
    let visit = people.visit_in(&clinic, 90).await;
    let policy = json!({
        "cancel_notice": 120, "reschedule_notice": 120, "max_reschedules": 3, "late_cancel": "refuse", "no_show_grace": 15
    });
    has_policy(&clinic, &visit.id, policy).await;
    let cancel = change(&visit.id, people.patient_id, Cancelled, 0);
    assert_eq!(refusal(links.change_linked_visit(cancel).await).1, "POLICY_VIOLATION");
    begins_in(&clinic, &visit.id, 30).await;
    let arrived = links.change_linked_visit(change(&visit.id, people.patient_id, Arrived, 0)).await.unwrap();
    assert_eq!(arrived.into_inner().status(), Arrived);

    let other = clinic.patient().await;
    let (one, two) = (at(5, 9, 0), at(5, 10, 0));
    let mine = book(&mut people.staff, people.patient_id, people.doctor_id, one).await.unwrap().id;
    let theirs = book(&mut people.staff, other, people.doctor_id, at(5, 11, 0)).await.unwrap().id;
    reschedule(&mut people.staff, &theirs, two).await.unwrap();
    let moved = MoveLinkedVisitRequest {
        id: mine,
        patient_id: people.patient_id.to_string(),
        start_time: Some(to_wire(two)),
        expected_version: 0,
    };
    assert_eq!(refusal(links.move_linked_visit(moved).await).1, "SLOT_TAKEN");
}
