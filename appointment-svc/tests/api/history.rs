use crate::clinic::Clinic;
use crate::wishes::{at, book, cancel, reschedule};
use platform::caller::{Role, User};
use prost_types::FieldMask;
use proto::appointment::AppointmentStatus::{self, Cancelled, Confirmed, Scheduled, Unspecified};
use proto::appointment::{
    AppointmentEvent, ListAppointmentEventsRequest, UpdateAppointmentRequest, UpdateAppointmentStatusRequest,
};
use proto::ids::{SessionId, UserId};
use proto::time::to_wire;

#[tokio::test]
async fn a_history_tells_who_did_what_from_where_to_where() {
    let clinic = Clinic::open().await;
    let (doctor, patient) = (clinic.doctor().await, clinic.patient().await);
    let user = |role| User::new(UserId::random(), SessionId::random(), role);
    let (ann, dora, staff) = (user(Role::Patient(patient)), user(Role::Doctor(doctor)), user(Role::Staff));
    let [mut by_ann, mut by_dora, mut by_staff] = [ann, dora, staff].map(|user| clinic.user(user));

    let visit = book(&mut by_ann, patient, doctor, at(3, 9, 0)).await.unwrap();
    let id = visit.id;
    let confirm = UpdateAppointmentStatusRequest {
        id: id.clone(),
        status: Confirmed.into(),
        expected_version: 1,
        ..UpdateAppointmentStatusRequest::default()
    };
    by_staff.update_appointment_status(confirm).await.unwrap();
    reschedule(&mut by_ann, &id, at(3, 10, 0)).await.unwrap();
    let edit = UpdateAppointmentRequest {
        id: id.clone(),
        update_mask: Some(FieldMask { paths: vec!["notes".to_owned()] }),
        notes: "bring the x-rays".to_owned(),
        ..UpdateAppointmentRequest::default()
    };
    by_dora.update_appointment(edit).await.unwrap();
    cancel(&mut by_staff, &id).await.unwrap();
    // What changes nothing is no change.
    cancel(&mut by_ann, &id).await.unwrap();

    let history = by_ann.list_appointment_events(ListAppointmentEventsRequest { id }).await;
    let history = history.unwrap().into_inner().events;
    let entry = |e: &AppointmentEvent| {
        let actor = (e.actor_id.clone(), e.actor_role.clone());
        (e.version, e.kind.clone(), [e.from_status(), e.to_status()], e.start_time, e.end_time, actor)
    };
    let expected = |version, kind: &str, statuses: [AppointmentStatus; 2], hour, user: User| {
        let (start, end) = (Some(to_wire(at(3, hour, 0))), Some(to_wire(at(3, hour, 30))));
        let actor = (user.id.to_string(), user.role.name().to_owned());
        (version, kind.to_owned(), statuses, start, end, actor)
    };
    let expected = [
        expected(1, "booked", [Unspecified, Scheduled], 9, ann),
        expected(2, "status_changed", [Scheduled, Confirmed], 9, staff),
        expected(3, "rescheduled", [Confirmed, Scheduled], 10, ann),
        expected(4, "notes_edited", [Scheduled, Scheduled], 10, dora),
        expected(5, "cancelled", [Scheduled, Cancelled], 10, staff),
    ];
    assert_eq!(history.iter().map(entry).collect::<Vec<_>>(), expected);
    let times: Vec<_> = history.iter().map(|e| e.time.map(|at| (at.seconds, at.nanos))).collect();
    assert!(times.is_sorted());
}

#[tokio::test]
async fn what_happened_stays_written() {
    let clinic = Clinic::open().await;
    let (doctor, patient) = (clinic.doctor().await, clinic.patient().await);
    book(&mut clinic.staff(), patient, doctor, at(3, 9, 0)).await.unwrap();
    let owner = clinic.owner_sql().await;
    for attempt in [
        "UPDATE appointment.appointment_events SET actor_role = 'admin'",
        "DELETE FROM appointment.appointment_events",
        "DELETE FROM appointment.appointment_events WHERE false",
        "TRUNCATE appointment.appointment_events",
    ] {
        for (sql, who) in [(&clinic.sql, "the service"), (&owner, "its owner")] {
            assert!(sql.execute(attempt, &[]).await.is_err(), "{attempt} by {who}");
        }
    }
    let kept = "SELECT count(*) FROM appointment.appointment_events WHERE actor_role = 'staff'";
    assert_eq!(clinic.sql.query_one(kept, &[]).await.unwrap().get::<_, i64>(0), 1);
}
