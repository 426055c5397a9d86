use crate::clinic::{Client, Clinic};
use crate::past::{People, now};
use crate::wishes::{at, book, cancel, change, refusal, reschedule};
use jiff::{SignedDuration, Timestamp};
use platform::caller::Role;
use proto::appointment::AppointmentStatus::{Cancelled, CheckedIn, Completed, Confirmed, Scheduled};
use proto::appointment::{
    Appointment, GetAppointmentRequest, ListAppointmentEventsRequest, ListUnresolvedAppointmentsRequest,
};
use proto::ids::DoctorId;
use proto::time::{from_wire, to_wire};
use tonic::{Code, Response, Status};

/// A visit as it was at `time`.
pub(crate) async fn as_of(client: &mut Client, id: &str, time: Timestamp) -> Result<Appointment, Status> {
    let request = GetAppointmentRequest { id: id.to_owned(), as_of_time: Some(to_wire(time)) };
    client.get_appointment(request).await.map(Response::into_inner)
}

#[tokio::test]
async fn a_visit_is_shown_as_it_was_at_any_time() {
    let clinic = Clinic::open().await;
    let (doctor, patient, mut staff) = (clinic.doctor().await, clinic.patient().await, clinic.staff());
    let visit = book(&mut staff, patient, doctor, at(3, 9, 0)).await.unwrap();
    change(&mut staff, &visit.id, Confirmed).await.unwrap();
    reschedule(&mut staff, &visit.id, at(3, 10, 0)).await.unwrap();
    cancel(&mut clinic.by(Role::Patient(patient)), &visit.id).await.unwrap();

    let history = ListAppointmentEventsRequest { id: visit.id.clone() };
    let history = staff.list_appointment_events(history).await.unwrap().into_inner().events;
    let times: Vec<_> = history.iter().map(|event| from_wire(event.time).unwrap()).collect();
    let expected = [(Scheduled, 9), (Confirmed, 9), (Scheduled, 10), (Cancelled, 10)];
    for (version, (time, (status, hour))) in (1..).zip(times.iter().zip(expected)) {
        let seen = as_of(&mut clinic.by(Role::Patient(patient)), &visit.id, *time).await.unwrap();
        assert_eq!((seen.version, seen.status()), (version, status));
        assert_eq!(seen.start_time, Some(to_wire(at(3, hour, 0))));
        assert_eq!(seen.cancellation_reason, if status == Cancelled { "pat" } else { "" });
        assert!(seen.allowed_actions.is_empty() && seen.action_windows.is_empty(), "nobody acts in the past");
    }
    let hidden = (Code::NotFound, "APPOINTMENT_NOT_FOUND".to_owned());
    let booked = from_wire(visit.create_time).unwrap();
    let seen = as_of(&mut staff, &visit.id, booked).await.unwrap();
    assert_eq!((seen.version, seen.status()), (1, Scheduled));
    let before = booked - SignedDuration::from_micros(1);
    assert_eq!(refusal(as_of(&mut staff, &visit.id, before).await), hidden);
    let stranger = &mut clinic.by(Role::Patient(clinic.patient().await));
    assert_eq!(refusal(as_of(stranger, &visit.id, now()).await), hidden);
}

#[tokio::test]
async fn what_nobody_has_finished_is_listed_for_those_who_can() {
    let clinic = Clinic::open().await;
    let mut people = People::of(&clinic).await;
    let mut unresolved = Vec::new();
    for minutes in [-300, -200, -100] {
        unresolved.push(people.visit_in(&clinic, minutes).await.id);
    }
    change(&mut people.staff, &unresolved[1], CheckedIn).await.unwrap();
    let done = people.visit_in(&clinic, -400).await;
    change(&mut people.doctor, &done.id, Completed).await.unwrap();
    people.visit_in(&clinic, -10).await;

    let list = async |client: &mut Client, page_size, page_token| {
        let request = ListUnresolvedAppointmentsRequest {
            page_size,
            page_token,
            ..ListUnresolvedAppointmentsRequest::default()
        };
        let answer = client.list_unresolved_appointments(request).await.map(Response::into_inner)?;
        let ids: Vec<_> = answer.appointments.into_iter().map(|visit| visit.id).collect();
        Ok::<_, Status>((ids, answer.next_page_token))
    };
    for client in [&mut people.staff, &mut people.admin, &mut people.doctor] {
        assert_eq!(list(client, 0, String::new()).await.unwrap().0, unresolved);
    }
    let (first, next) = list(&mut people.staff, 2, String::new()).await.unwrap();
    assert_eq!(first, unresolved[..2]);
    assert_eq!(list(&mut people.staff, 2, next).await.unwrap(), (unresolved[2..].to_vec(), String::new()));
    let mut other = clinic.by(Role::Doctor(DoctorId::random()));
    assert_eq!(list(&mut other, 0, String::new()).await.unwrap().0, [""; 0]);
    for mut client in [people.patient, clinic.by(Role::Auditor)] {
        let refused = list(&mut client, 0, String::new()).await;
        assert_eq!(refusal(refused), (Code::PermissionDenied, "FORBIDDEN".to_owned()));
    }
}
