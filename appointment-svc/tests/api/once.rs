use crate::clinic::{Client, Clinic, someone};
use crate::ledger;
use crate::wishes::{at, book, hold_of, refusal, wish, wrong_fields};
use futures::future::{join_all, select};
use platform::caller::{Role, User};
use platform::fault;
use prost::Message as _;
use proto::appointment::{
    Appointment, AppointmentStatus, BookAppointmentRequest, CancelAppointmentRequest, ReleaseHoldRequest,
    SetSubStatusRequest, UndoAppointmentChangeRequest, UpdateAppointmentRequest,
    UpdateAppointmentStatusRequest,
};
use proto::ids::{DoctorId, PatientId};
use proto::time::to_wire;
use std::pin::pin;
use std::time::Duration;
use tonic::{Code, Response, Status};

const NAME: &str = "8f3e2c1a-once";
const ANOTHER: &str = "0d4b7e6f-once";
/// The row that a booking with any doctor waits for.
const LOCK_CALENDARS: &str = "SELECT 1 FROM appointment.calendars FOR UPDATE";

fn named(patient: PatientId, doctor: DoctorId) -> BookAppointmentRequest {
    let request_id = NAME.to_owned();
    BookAppointmentRequest { request_id, notes: "cough".to_owned(), ..wish(patient, doctor, at(3, 9, 0)) }
}

pub(crate) fn is_replayed<T>(response: &Response<T>) -> bool {
    response.metadata().get("idempotent-replayed").is_some_and(|value| value == "true")
}

/// Sends a request as often as it takes to hear what came of it.
async fn insist(client: &mut Client, request: &BookAppointmentRequest) -> Result<Appointment, Status> {
    loop {
        match client.book_appointment(request.clone()).await {
            Err(status) if fault::reason(&status).as_deref() == Some("IDEMPOTENCY_IN_PROGRESS") => {}
            Err(status) if status.code() == Code::Unavailable => {}
            answer => return answer.map(Response::into_inner),
        }
    }
}

#[tokio::test]
async fn a_request_that_comes_again_is_answered_as_before() {
    let clinic = Clinic::open().await;
    let (doctor, patient, user) = (clinic.doctor().await, clinic.patient().await, someone(Role::Staff));
    let mut staff = clinic.user(user);
    let first = staff.book_appointment(named(patient, doctor)).await.unwrap();
    assert!(!is_replayed(&first));
    let first = first.into_inner();
    let edit = UpdateAppointmentRequest {
        id: first.id.clone(),
        update_mask: Some(prost_types::FieldMask { paths: vec!["notes".to_owned()] }),
        notes: "fever".to_owned(),
        request_id: ANOTHER.to_owned(),
        ..UpdateAppointmentRequest::default()
    };
    let edited = staff.update_appointment(edit.clone()).await.unwrap();
    assert!(!is_replayed(&edited));
    let again = staff.book_appointment(named(patient, doctor)).await.unwrap();
    assert!(is_replayed(&again));
    assert_eq!(again.into_inner().encode_to_vec(), first.encode_to_vec());
    let again = staff.update_appointment(edit).await.unwrap();
    assert!(is_replayed(&again));
    assert_eq!(again.into_inner().encode_to_vec(), edited.into_inner().encode_to_vec());

    let other = BookAppointmentRequest { start_time: Some(to_wire(at(3, 10, 0))), ..named(patient, doctor) };
    let reused = staff.book_appointment(other.clone()).await;
    assert_eq!(refusal(reused), (Code::InvalidArgument, "IDEMPOTENCY_KEY_REUSED".to_owned()));
    // Somebody else's requests have names of their own.
    let foreign = clinic.staff().book_appointment(named(patient, doctor)).await;
    assert_eq!(refusal(foreign).1, "SLOT_TAKEN");
    let words = "SELECT count(*) FROM appointment.idempotency_keys
                  WHERE position('cough'::bytea IN answer) > 0 OR position('fever'::bytea IN answer) > 0";
    assert_eq!(clinic.sql.query_one(words, &[]).await.unwrap().get::<_, i64>(0), 0);
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test]
async fn a_name_is_of_one_request_whatever_its_method() {
    let clinic = Clinic::open().await;
    let (doctor, patient, mut staff) = (clinic.doctor().await, clinic.patient().await, clinic.staff());
    let booked = staff.book_appointment(named(patient, doctor)).await.unwrap().into_inner();
    let cancel = |name: &str| CancelAppointmentRequest {
        id: booked.id.clone(),
        request_id: name.to_owned(),
        ..CancelAppointmentRequest::default()
    };
    let reused = staff.cancel_appointment(cancel(NAME)).await;
    assert_eq!(refusal(reused), (Code::InvalidArgument, "IDEMPOTENCY_KEY_REUSED".to_owned()));
    let cancelled = staff.cancel_appointment(cancel(ANOTHER)).await.unwrap().into_inner();
    assert_eq!(cancelled.version, 2, "what was refused was not done");

    // As the release before noted it when one name was used for both.
    let rename = "UPDATE appointment.idempotency_keys SET key = $1 WHERE key = $2";
    assert_eq!(clinic.sql.execute(rename, &[&NAME, &ANOTHER]).await.unwrap(), 1);
    let again = staff.cancel_appointment(cancel(NAME)).await.unwrap();
    assert!(is_replayed(&again));
    assert_eq!(again.into_inner().encode_to_vec(), cancelled.encode_to_vec());
    assert!(is_replayed(&staff.book_appointment(named(patient, doctor)).await.unwrap()));
}

#[tokio::test]
async fn what_was_refused_is_asked_anew() {
    let clinic = Clinic::open().await;
    let (doctor, patient, mut staff) = (clinic.doctor().await, clinic.patient().await, clinic.staff());
    let taken = book(&mut staff, clinic.patient().await, doctor, at(3, 9, 0)).await.unwrap();
    assert_eq!(refusal(staff.book_appointment(named(patient, doctor)).await).1, "SLOT_TAKEN");
    crate::wishes::cancel(&mut staff, &taken.id).await.unwrap();
    assert!(!is_replayed(&staff.book_appointment(named(patient, doctor)).await.unwrap()));
    let short = BookAppointmentRequest { request_id: "short".to_owned(), ..named(patient, doctor) };
    assert_eq!(wrong_fields(staff.book_appointment(short).await), ["request_id"]);
}

#[tokio::test]
async fn cancelling_and_confirming_have_names_too() {
    let clinic = Clinic::open().await;
    let (doctor, patient, mut staff) = (clinic.doctor().await, clinic.patient().await, clinic.staff());
    let id = book(&mut staff, patient, doctor, at(3, 9, 0)).await.unwrap().id;
    let confirm = UpdateAppointmentStatusRequest {
        id: id.clone(),
        status: AppointmentStatus::Confirmed.into(),
        request_id: NAME.to_owned(),
        ..UpdateAppointmentStatusRequest::default()
    };
    let cancel = CancelAppointmentRequest { id, request_id: ANOTHER.to_owned(), ..Default::default() };
    let confirmed = staff.update_appointment_status(confirm.clone()).await.unwrap();
    let cancelled = staff.cancel_appointment(cancel.clone()).await.unwrap();
    let confirmed_again = staff.update_appointment_status(confirm).await.unwrap();
    let cancelled_again = staff.cancel_appointment(cancel).await.unwrap();
    for (first, again) in [(confirmed, confirmed_again), (cancelled, cancelled_again)] {
        assert!(!is_replayed(&first) && is_replayed(&again));
        assert_eq!(first.into_inner().encode_to_vec(), again.into_inner().encode_to_vec());
    }
}

#[tokio::test]
async fn labels_and_what_is_taken_back_have_names_too() {
    let clinic = Clinic::open().await;
    let (doctor, patient, mut staff) = (clinic.doctor().await, clinic.patient().await, clinic.staff());
    let id = book(&mut staff, patient, doctor, at(3, 9, 0)).await.unwrap().id;
    let label = SetSubStatusRequest {
        id: id.clone(),
        sub_status: "room 3".to_owned(),
        request_id: NAME.to_owned(),
        ..SetSubStatusRequest::default()
    };
    let labelled = staff.set_sub_status(label.clone()).await.unwrap();
    crate::wishes::cancel(&mut staff, &id).await.unwrap();
    let undo = UndoAppointmentChangeRequest { id, request_id: ANOTHER.to_owned(), ..Default::default() };
    let undone = staff.undo_appointment_change(undo.clone()).await.unwrap();
    let labelled_again = staff.set_sub_status(label).await.unwrap();
    let undone_again = staff.undo_appointment_change(undo).await.unwrap();
    for (first, again) in [(labelled, labelled_again), (undone, undone_again)] {
        assert!(!is_replayed(&first) && is_replayed(&again));
        assert_eq!(first.into_inner().encode_to_vec(), again.into_inner().encode_to_vec());
    }
}

#[tokio::test]
async fn a_hold_is_told_again_with_its_token() {
    let clinic = Clinic::open().await;
    let (doctor, patient, mut staff) = (clinic.doctor().await, clinic.patient().await, clinic.staff());
    let mut wanted = hold_of(patient, doctor, at(3, 9, 0));
    wanted.request_id = NAME.to_owned();
    let first = staff.create_hold(wanted.clone()).await.unwrap().into_inner();
    let again = staff.create_hold(wanted).await.unwrap();
    assert!(is_replayed(&again));
    assert_eq!(again.get_ref().encode_to_vec(), first.encode_to_vec());
    let token = again.into_inner().hold_token;
    staff.release_hold(ReleaseHoldRequest { id: first.id, hold_token: token }).await.unwrap();
}

#[tokio::test]
async fn while_a_request_is_under_way_its_copies_are_told_so() {
    let clinic = Clinic::open().await;
    let (doctor, patient, user) = (clinic.doctor().await, clinic.patient().await, someone(Role::Staff));
    let mut past = clinic.another_sql().await;
    let holding = past.transaction().await.unwrap();
    holding.execute(LOCK_CALENDARS, &[]).await.unwrap();
    let (mut one, mut other) = (clinic.user(user), clinic.user(user));
    let (one, other) =
        (one.book_appointment(named(patient, doctor)), other.book_appointment(named(patient, doctor)));
    let (one, other) = (pin!(one), pin!(other));
    let (told, booking) = select(one, other).await.factor_first();
    assert_eq!(refusal(told), (Code::Aborted, "IDEMPOTENCY_IN_PROGRESS".to_owned()));
    holding.commit().await.unwrap();
    assert_eq!(booking.await.unwrap().into_inner().version, 1);
    clinic.close().await;
    assert_eq!(ledger::visits(&clinic.sql).await, 1);
}

/// Ends the connections of the service at whatever they are.
async fn crash(clinic: &Clinic) {
    let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                 WHERE datname = current_database() AND application_name = 'appointment-svc'";
    clinic.admin_sql().await.query_one(kill, &[]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn however_often_a_request_is_sent_and_whatever_breaks_there_is_one_booking_and_one_answer() {
    let clinic = Clinic::open().await;
    let mut parties: Vec<(DoctorId, PatientId)> = Vec::new();
    for _ in 0..6 {
        // Before anything breaks: nobody insists on these.
        parties.push((clinic.doctor().await, clinic.patient().await));
    }
    for (round, (doctor, patient)) in (0..).zip(parties) {
        let user: User = someone(Role::Staff);
        let request = named(patient, doctor);
        let sending = (0..8).map(|number| {
            let (mut client, request) = (clinic.user(user), request.clone());
            async move {
                // Some do not wait for the answer and ask again.
                let patience = Duration::from_millis(3 * number * (round + 1));
                drop(tokio::time::timeout(patience, client.book_appointment(request.clone())).await);
                insist(&mut client, &request).await.unwrap().encode_to_vec()
            }
        });
        let crashing = async {
            for _ in 0..round {
                crash(&clinic).await;
            }
        };
        let (answers, ()) = tokio::join!(join_all(sending), crashing);
        assert!(answers.iter().all(|answer| *answer == answers[0]), "round {round}");
        let booked = "SELECT count(*) FROM appointment.appointments WHERE doctor_id = $1";
        let booked: i64 = clinic.sql.query_one(booked, &[&doctor.0]).await.unwrap().get(0);
        assert_eq!(booked, 1, "round {round}");
    }
    ledger::is_sound(&clinic.sql).await;
}
