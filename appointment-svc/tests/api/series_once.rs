use crate::clinic::Clinic;
use crate::ledger;
use crate::once::is_replayed;
use crate::series::{SKIP, later, weekly};
use crate::wishes::{at, book, refusal};
use proto::appointment::{CancelSeriesRequest, CreateSeriesRequest, SeriesOutcome, UpdateSeriesRequest};
use proto::ids::{DoctorId, PatientId};
use tonic::{Code, Response};

/// Four weekly visits, as far as they can be had, in a request with a name.
fn named(patient: PatientId, doctor: DoctorId) -> CreateSeriesRequest {
    CreateSeriesRequest {
        notes: "physiotherapy".to_owned(),
        mode: SKIP.into(),
        request_id: "series-books".to_owned(),
        ..weekly(patient, doctor)
    }
}

/// The answers to a request and to its copy, which are the same.
#[track_caller]
fn told_twice<T: prost::Message>((first, again): (Response<T>, Response<T>)) -> T {
    assert!(!is_replayed(&first) && is_replayed(&again));
    assert_eq!(first.get_ref().encode_to_vec(), again.into_inner().encode_to_vec());
    first.into_inner()
}

#[tokio::test]
async fn a_series_is_booked_moved_and_cancelled_once_however_often_that_is_asked() {
    let clinic = Clinic::open().await;
    let (doctor, patient, mut staff) = (clinic.doctor().await, clinic.patient().await, clinic.staff());
    book(&mut staff, clinic.patient().await, doctor, at(14, 9, 0)).await.unwrap();
    let create = named(patient, doctor);
    let first = staff.create_series(create.clone()).await.unwrap();
    let outcome = told_twice((first, staff.create_series(create.clone()).await.unwrap()));
    let series = outcome.series.unwrap();
    assert!(outcome.occurrences[1].nearest_start_time.is_some(), "what could not be booked is told again");
    assert!(series.visits.iter().all(|visit| visit.notes == "physiotherapy"));
    let count = "SELECT count(*) FROM appointment.series";
    assert_eq!(clinic.sql.query_one(count, &[]).await.unwrap().get::<_, i64>(0), 1);

    let ahead = UpdateSeriesRequest { request_id: "series-moves".to_owned(), ..later(&series) };
    let first = staff.update_series(ahead.clone()).await.unwrap();
    let moved = told_twice((first, staff.update_series(ahead.clone()).await.unwrap()));
    assert_eq!(moved.series.unwrap().version, 2);

    let cancel = CancelSeriesRequest {
        id: series.id.clone(),
        request_id: "series-cancels".to_owned(),
        ..CancelSeriesRequest::default()
    };
    let first = staff.cancel_series(cancel.clone()).await.unwrap();
    let cancelled = told_twice((first, staff.cancel_series(cancel).await.unwrap()));
    assert_eq!((cancelled.version, cancelled.visits[0].notes.as_str()), (3, "physiotherapy"));
    // Whatever became of it since.
    assert!(is_replayed(&staff.update_series(ahead).await.unwrap()));
    assert!(is_replayed(&staff.create_series(create).await.unwrap()));

    let words =
        "SELECT count(*) FROM appointment.idempotency_keys WHERE position('physio'::bytea IN answer) > 0";
    assert_eq!(clinic.sql.query_one(words, &[]).await.unwrap().get::<_, i64>(0), 0);
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test]
async fn a_dry_run_leaves_its_name_free() {
    let clinic = Clinic::open().await;
    let (doctor, patient, mut staff) = (clinic.doctor().await, clinic.patient().await, clinic.staff());
    let dry = CreateSeriesRequest { dry_run: true, ..named(patient, doctor) };
    for _ in 0..2 {
        let told: Response<SeriesOutcome> = staff.create_series(dry.clone()).await.unwrap();
        assert!(!is_replayed(&told) && told.into_inner().series.is_none());
    }
    assert!(!is_replayed(&staff.create_series(named(patient, doctor)).await.unwrap()));
    let other = CreateSeriesRequest { notes: String::new(), ..named(patient, doctor) };
    let reused = staff.create_series(other).await;
    assert_eq!(refusal(reused), (Code::InvalidArgument, "IDEMPOTENCY_KEY_REUSED".to_owned()));
}
