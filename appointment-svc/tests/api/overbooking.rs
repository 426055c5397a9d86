use crate::clinic::Client;
use crate::offers::{offering, visit_type};
use crate::wishes::{at, book, fact, refusal, reschedule, violations, wish, wrong_fields};
use jiff::Timestamp;
use platform::caller::Role;
use proto::appointment::{
    Appointment, AppointmentEvent, BookAppointmentRequest, ListAppointmentEventsRequest, Overbook,
    UpdateAppointmentRequest,
};
use proto::doctor::VisitType;
use proto::ids::{DoctorId, PatientId};
use proto::time::to_wire;
use tonic::{Code, Response, Status};

fn over(patient: PatientId, doctor: DoctorId, start: Timestamp, type_id: &str) -> BookAppointmentRequest {
    BookAppointmentRequest {
        visit_type_id: type_id.to_owned(),
        overbook: Some(Overbook { reason: "acute pain".to_owned() }),
        ..wish(patient, doctor, start)
    }
}

async fn asked(client: &mut Client, request: BookAppointmentRequest) -> Result<Appointment, Status> {
    client.book_appointment(request).await.map(Response::into_inner)
}

async fn history(client: &mut Client, id: &str) -> Vec<AppointmentEvent> {
    let request = ListAppointmentEventsRequest { id: id.to_owned() };
    client.list_appointment_events(request).await.unwrap().into_inner().events
}

#[tokio::test]
async fn the_practice_books_over_a_visit_as_often_as_the_type_allows_and_says_why() {
    let acute = VisitType { max_overbook: 1, ..visit_type() };
    let clinic = offering(&[&acute]).await;
    let (doctor, mut staff, nine) = (clinic.doctor().await, clinic.staff(), at(3, 9, 0));
    let (ann, bob, eve) = (clinic.patient().await, clinic.patient().await, clinic.patient().await);
    let free = asked(&mut staff, over(ann, doctor, nine, &acute.id)).await.unwrap();
    assert!(!free.is_overbooked, "there was no need");
    assert_eq!(history(&mut staff, &free.id).await[0].reason_code, "");

    let second = asked(&mut staff, over(bob, doctor, nine, &acute.id)).await.unwrap();
    assert!(second.is_overbooked);
    let told = &history(&mut staff, &second.id).await[0];
    assert_eq!((told.reason_code.as_str(), told.note.as_str()), ("overbook", "acute pain"));
    let told = &history(&mut clinic.by(Role::Patient(bob)), &second.id).await[0];
    assert_eq!((told.reason_code.as_str(), told.note.as_str()), ("overbook", ""), "words are the practice's");

    let third = asked(&mut staff, over(eve, doctor, nine, &acute.id)).await;
    assert_eq!(fact(third.clone(), "limit").as_deref(), Some("1"));
    assert_eq!(refusal(third), (Code::FailedPrecondition, "OVERBOOK_LIMIT".to_owned()));
    // Without a type there is nothing that allows it.
    assert_eq!(refusal(asked(&mut staff, over(eve, doctor, nine, "")).await).1, "OVERBOOK_LIMIT");
    // Elsewhere it is a visit like any other.
    let moved = reschedule(&mut staff, &second.id, at(3, 10, 0)).await.unwrap();
    assert!(!moved.is_overbooked);
    asked(&mut staff, over(eve, doctor, nine, &acute.id)).await.unwrap();
}

#[tokio::test]
async fn overbooking_is_not_for_patients_and_lifts_no_other_rule() {
    let acute = VisitType { max_overbook: 5, ..visit_type() };
    let clinic = offering(&[&acute]).await;
    let (doctor, nine) = (clinic.doctor().await, at(3, 9, 0));
    let (ann, bob) = (clinic.patient().await, clinic.patient().await);
    let mut by_doctor = clinic.by(Role::Doctor(doctor));
    book(&mut by_doctor, ann, doctor, nine).await.unwrap();
    let mut by_bob = clinic.by(Role::Patient(bob));
    assert_eq!(
        refusal(asked(&mut by_bob, over(bob, doctor, nine, &acute.id)).await).0,
        Code::PermissionDenied
    );
    let closed = asked(&mut by_doctor, over(bob, doctor, at(3, 20, 0), &acute.id)).await;
    assert_eq!(refusal(closed).1, "OUTSIDE_AVAILABILITY");
    let busy = asked(&mut by_doctor, over(ann, doctor, nine, &acute.id)).await;
    assert_eq!(refusal(busy).1, "PATIENT_CONFLICT");
    let mut silent = over(bob, doctor, nine, &acute.id);
    silent.overbook = Some(Overbook { reason: String::new() });
    assert_eq!(wrong_fields(asked(&mut by_doctor, silent.clone()).await), ["overbook.reason"]);
    silent.override_reason = "because".to_owned();
    assert_eq!(violations(asked(&mut by_doctor, silent).await).len(), 1);
    let mut other = clinic.by(Role::Doctor(DoctorId::random()));
    assert_eq!(
        refusal(asked(&mut other, over(bob, doctor, nine, &acute.id)).await).0,
        Code::PermissionDenied
    );
    assert!(asked(&mut by_doctor, over(bob, doctor, nine, &acute.id)).await.unwrap().is_overbooked);
}

#[tokio::test]
async fn with_a_reason_hours_and_grid_do_not_count_but_other_visits_do() {
    let kind = visit_type();
    let clinic = offering(&[&kind]).await;
    let (doctor, mut staff) = (clinic.doctor().await, clinic.staff());
    let (ann, bob) = (clinic.patient().await, clinic.patient().await);
    let wanted = |patient, start, reason: &str| BookAppointmentRequest {
        visit_type_id: kind.id.clone(),
        override_reason: reason.to_owned(),
        ..wish(patient, doctor, start)
    };
    let (late, odd) = (at(3, 19, 0), at(3, 9, 5));
    assert_eq!(refusal(asked(&mut staff, wanted(ann, late, "")).await).1, "OUTSIDE_AVAILABILITY");
    assert_eq!(refusal(asked(&mut staff, wanted(ann, odd, "")).await).1, "OFF_GRID");
    let visit = asked(&mut staff, wanted(ann, late, "comes from afar")).await.unwrap();
    asked(&mut staff, wanted(ann, odd, "comes from afar")).await.unwrap();
    let told = &history(&mut staff, &visit.id).await[0];
    assert_eq!((told.reason_code.as_str(), told.note.as_str()), ("override", "comes from afar"));
    assert_eq!(refusal(asked(&mut staff, wanted(bob, late, "me too")).await).1, "SLOT_TAKEN");
    let by_patient = asked(&mut clinic.by(Role::Patient(bob)), wanted(bob, at(4, 19, 0), "please")).await;
    assert_eq!(refusal(by_patient).0, Code::PermissionDenied);

    let moving = |reason: &str| UpdateAppointmentRequest {
        id: visit.id.clone(),
        update_mask: Some(prost_types::FieldMask { paths: vec!["start_time".to_owned()] }),
        start_time: Some(to_wire(at(4, 19, 0))),
        override_reason: reason.to_owned(),
        ..UpdateAppointmentRequest::default()
    };
    assert_eq!(refusal(staff.update_appointment(moving("")).await).1, "OUTSIDE_AVAILABILITY");
    staff.update_appointment(moving("still from afar")).await.unwrap();
    assert_eq!(history(&mut staff, &visit.id).await[1].reason_code, "override");
}

#[tokio::test]
async fn a_visit_is_as_long_as_its_type_unless_that_is_lifted() {
    let kind = VisitType { duration_minutes: 45, interval_minutes: 15, ..visit_type() };
    let clinic = offering(&[&kind]).await;
    let (doctor, mut staff) = (clinic.doctor().await, clinic.staff());
    let wanted = |patient, override_reason: &str| BookAppointmentRequest {
        visit_type_id: kind.id.clone(),
        end_time: Some(to_wire(at(3, 9, 30))),
        override_reason: override_reason.to_owned(),
        ..wish(patient, doctor, at(3, 9, 0))
    };
    let told = "must be 45 minutes after start_time: so long is this visit type";
    let told = [("end_time".to_owned(), told.to_owned())];
    let patient = clinic.patient().await;
    assert_eq!(violations(asked(&mut staff, wanted(patient, "")).await), told);
    let visit = asked(&mut staff, wanted(patient, "only a short question")).await.unwrap();
    let longer = UpdateAppointmentRequest {
        id: visit.id,
        update_mask: Some(prost_types::FieldMask { paths: vec!["end_time".to_owned()] }),
        end_time: Some(to_wire(at(3, 10, 0))),
        ..UpdateAppointmentRequest::default()
    };
    assert_eq!(violations(staff.update_appointment(longer).await), told);
}
