use crate::clinic::Clinic;
use crate::ledger::is_sound;
use crate::past::People;
use crate::wishes::{at, book, cancel, change, date_in, free, get, refusal, reschedule, undo};
use platform::caller::Role;
use proto::appointment::AppointmentStatus::{Arrived, Cancelled, CheckedIn, Confirmed, Scheduled};
use proto::appointment::{AppointmentAction, ListAppointmentEventsRequest};
use proto::time::to_wire;
use tonic::Code;

fn nothing() -> (Code, String) {
    (Code::FailedPrecondition, "NOTHING_TO_UNDO".to_owned())
}

#[tokio::test]
async fn a_change_that_is_taken_back_leaves_the_visit_as_it_was() {
    let clinic = Clinic::open().await;
    let (doctor, patient, mut staff) = (clinic.doctor().await, clinic.patient().await, clinic.staff());
    let visit = book(&mut staff, patient, doctor, at(3, 9, 0)).await.unwrap();
    assert_eq!(refusal(undo(&mut staff, &visit.id).await), nothing(), "a booking is cancelled");
    change(&mut staff, &visit.id, Confirmed).await.unwrap();

    // Cancelled: it has its time again.
    cancel(&mut clinic.by(Role::Patient(patient)), &visit.id).await.unwrap();
    let back = undo(&mut staff, &visit.id).await.unwrap();
    assert_eq!((back.status(), back.cancellation_reason.as_str(), back.version), (Confirmed, "", 4));
    assert!(!free(&mut staff, doctor, date_in(3)).await.contains(&at(3, 9, 0)));
    assert_eq!(refusal(undo(&mut staff, &visit.id).await), nothing(), "once");

    // Moved: it has its time and its confirmation again.
    reschedule(&mut staff, &visit.id, at(3, 10, 0)).await.unwrap();
    let back = undo(&mut staff, &visit.id).await.unwrap();
    assert_eq!((back.status(), back.start_time), (Confirmed, Some(to_wire(at(3, 9, 0)))));
    let starts = free(&mut staff, doctor, date_in(3)).await;
    assert!(starts.contains(&at(3, 10, 0)) && !starts.contains(&at(3, 9, 0)));

    // Reinstated: it is cancelled as it was.
    cancel(&mut clinic.by(Role::Patient(patient)), &visit.id).await.unwrap();
    change(&mut staff, &visit.id, Scheduled).await.unwrap();
    let back = undo(&mut staff, &visit.id).await.unwrap();
    assert_eq!((back.status(), back.cancellation_reason.as_str()), (Cancelled, "pat"));
    assert!(free(&mut staff, doctor, date_in(3)).await.contains(&at(3, 9, 0)));

    let history = ListAppointmentEventsRequest { id: visit.id };
    let history = staff.list_appointment_events(history).await.unwrap().into_inner().events;
    assert_eq!(history.iter().filter(|event| event.kind == "undone").count(), 3);
    is_sound(&clinic.sql).await;
}

#[tokio::test]
async fn only_the_reception_takes_back_and_only_for_a_quarter_of_an_hour() {
    let clinic = Clinic::open().await;
    let mut people = People::of(&clinic).await;
    let visit = people.visit_in(&clinic, 30).await;
    change(&mut people.staff, &visit.id, Arrived).await.unwrap();
    change(&mut people.staff, &visit.id, CheckedIn).await.unwrap();
    for client in [&mut people.patient, &mut people.doctor] {
        let refused = refusal(undo(client, &visit.id).await);
        assert_eq!(refused, (Code::PermissionDenied, "FORBIDDEN".to_owned()));
    }
    let offers = |visit: proto::appointment::Appointment| {
        visit.allowed_actions().any(|action| action == AppointmentAction::Undo)
    };
    assert!(offers(get(&mut people.staff, &visit.id).await.unwrap()));
    assert!(!offers(get(&mut people.doctor, &visit.id).await.unwrap()));
    let older = "UPDATE appointment.appointments SET updated_at = now() - interval '16 minutes'";
    clinic.sql.execute(older, &[]).await.unwrap();
    assert!(!offers(get(&mut people.staff, &visit.id).await.unwrap()));
    assert_eq!(refusal(undo(&mut people.staff, &visit.id).await), nothing());
}

#[tokio::test]
async fn a_time_that_was_given_to_somebody_else_is_not_taken_back() {
    let clinic = Clinic::open().await;
    let (doctor, mut staff) = (clinic.doctor().await, clinic.staff());
    let visit = book(&mut staff, clinic.patient().await, doctor, at(3, 9, 0)).await.unwrap();
    reschedule(&mut staff, &visit.id, at(3, 10, 0)).await.unwrap();
    book(&mut staff, clinic.patient().await, doctor, at(3, 9, 0)).await.unwrap();
    let taken = refusal(undo(&mut staff, &visit.id).await);
    assert_eq!(taken, (Code::AlreadyExists, "SLOT_TAKEN".to_owned()));
    let unmoved = get(&mut staff, &visit.id).await.unwrap();
    assert_eq!((unmoved.version, unmoved.start_time), (2, Some(to_wire(at(3, 10, 0)))));
    is_sound(&clinic.sql).await;
}

#[tokio::test]
async fn a_confirmation_that_is_taken_back_opens_no_chart() {
    let clinic = Clinic::open().await;
    let (doctor, patient, mut staff) = (clinic.doctor().await, clinic.patient().await, clinic.staff());
    let visit = book(&mut clinic.by(Role::Doctor(doctor)), patient, doctor, at(3, 9, 0)).await.unwrap();
    let treats = async || {
        let request = proto::appointment::CheckCareRelationshipRequest {
            doctor_id: doctor.to_string(),
            patient_id: patient.to_string(),
        };
        clinic.service("patient-svc").check_care_relationship(request).await.unwrap().into_inner().treats
    };
    assert!(!treats().await);
    change(&mut staff, &visit.id, Confirmed).await.unwrap();
    assert!(treats().await);
    undo(&mut staff, &visit.id).await.unwrap();
    assert!(!treats().await);
}
