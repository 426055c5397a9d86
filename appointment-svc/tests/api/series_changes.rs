use crate::clinic::Clinic;
use crate::ledger;
use crate::series::{SKIP, booked, codes, create, end, following, later, read, starts, told, update, weekly};
use crate::wishes::{at, book, cancel, date_in, free, refusal, reschedule, wrong_fields};
use platform::caller::Role;
use platform::fault;
use proto::appointment::{
    Appointment, AppointmentStatus, CancelSeriesRequest, CreateSeriesRequest, Series, SeriesMode,
    UpdateSeriesRequest,
};
use tonic::Code;

#[tokio::test]
async fn all_visits_move_to_another_time_and_day_and_keep_their_ids() {
    let clinic = Clinic::open().await;
    let (doctor, patient, mut staff) = (clinic.doctor().await, clinic.patient().await, clinic.staff());
    let series = booked(&mut staff, weekly(patient, doctor)).await;
    let request = UpdateSeriesRequest { shift_days: 1, expected_version: 1, ..later(&series) };
    let dry = UpdateSeriesRequest { dry_run: true, ..request.clone() };
    let dry = update(&mut staff, dry).await.unwrap();
    assert_eq!(dry.series.unwrap().version, 1);
    assert_eq!(starts(&read(&mut staff, &series.id).await), starts(&series));

    let moved = update(&mut staff, request.clone()).await.unwrap();
    assert_eq!(codes(&moved.occurrences), codes(&dry.occurrences));
    let moved = moved.series.unwrap();
    assert_eq!(starts(&moved), [8, 15, 22, 29].map(|day| at(day, 10, 30)));
    let ids = |series: &Series| series.visits.iter().map(|visit| visit.id.clone()).collect::<Vec<_>>();
    assert_eq!((ids(&moved), moved.version), (ids(&series), 2));
    assert!(moved.visits.iter().all(|visit| visit.version == 2));
    assert!(free(&mut staff, doctor, date_in(7)).await.contains(&at(7, 9, 0)));
    let stale = update(&mut staff, request).await;
    assert_eq!(refusal(stale), (Code::Aborted, "VERSION_MISMATCH".to_owned()));
    ledger::is_sound(&clinic.sql).await;

    // A day later again: each takes the place that another leaves, had it been a daily one.
    let daily = CreateSeriesRequest {
        start_local: date_in(40).at(9, 0, 0, 0).to_string(),
        rrule: "FREQ=DAILY;COUNT=5".to_owned(),
        ..weekly(patient, doctor)
    };
    let daily = booked(&mut staff, daily).await;
    let shift = UpdateSeriesRequest { id: daily.id, shift_days: 1, ..UpdateSeriesRequest::default() };
    let shifted = update(&mut staff, shift).await.unwrap().series.unwrap();
    assert_eq!(starts(&shifted), [41, 42, 43, 44, 45].map(|day| at(day, 9, 0)));
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test]
async fn the_following_visits_move_and_those_before_and_those_moved_alone_stay() {
    let clinic = Clinic::open().await;
    let (doctor, patient, mut staff) = (clinic.doctor().await, clinic.patient().await, clinic.staff());
    let series = booked(&mut staff, weekly(patient, doctor)).await;
    reschedule(&mut staff, &series.visits[2].id, at(22, 15, 0)).await.unwrap();
    let (scope, from_appointment_id) = following(&series.visits[1]);
    let request = UpdateSeriesRequest { scope, from_appointment_id, ..later(&series) };
    let moved = update(&mut staff, request).await.unwrap();
    assert_eq!(moved.occurrences.len(), 2);
    let expected = [at(7, 9, 0), at(14, 10, 30), at(22, 15, 0), at(28, 10, 30)];
    assert_eq!(starts(&moved.series.unwrap()), expected);

    let all = UpdateSeriesRequest { start_time_of_day: "11:00".to_owned(), ..later(&series) };
    let moved = update(&mut staff, all.clone()).await.unwrap();
    assert_eq!(moved.occurrences.len(), 3);
    assert_eq!(starts(&moved.series.unwrap()), [at(7, 11, 0), at(14, 11, 0), at(22, 15, 0), at(28, 11, 0)]);
    let again = update(&mut staff, all).await.unwrap();
    assert!(again.occurrences.is_empty(), "they are there already");
    assert_eq!(again.series.unwrap().version, 3);
    let other = booked(&mut staff, weekly(clinic.patient().await, doctor)).await;
    let (scope, from_appointment_id) = following(&other.visits[1]);
    let stranger = UpdateSeriesRequest { scope, from_appointment_id, ..later(&series) };
    assert_eq!(wrong_fields(update(&mut staff, stranger).await), ["from_appointment_id"]);
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test]
async fn a_move_in_conflict_moves_nothing_or_all_that_can() {
    let clinic = Clinic::open().await;
    let (doctor, patient, mut staff) = (clinic.doctor().await, clinic.patient().await, clinic.staff());
    let series = booked(&mut staff, weekly(patient, doctor)).await;
    book(&mut staff, clinic.patient().await, doctor, at(21, 10, 30)).await.unwrap();
    let told = told(update(&mut staff, later(&series)).await);
    assert_eq!(codes(&told), ["", "", "SLOT_TAKEN", ""]);
    assert_eq!(told[2].appointment_id, series.visits[2].id);
    let unmoved = read(&mut staff, &series.id).await;
    assert_eq!((starts(&unmoved), unmoved.version), (starts(&series), 1));

    let skipping = UpdateSeriesRequest { mode: SKIP.into(), ..later(&series) };
    let moved = update(&mut staff, skipping).await.unwrap();
    assert_eq!(codes(&moved.occurrences), ["", "", "SLOT_TAKEN", ""]);
    let expected = [at(7, 10, 30), at(14, 10, 30), at(21, 9, 0), at(28, 10, 30)];
    let moved = moved.series.unwrap();
    assert_eq!(starts(&moved), expected);
    assert_eq!(moved.visits.iter().map(|visit| visit.version).collect::<Vec<_>>(), [2, 2, 1, 2]);
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test]
async fn a_patient_moves_a_series_as_often_as_each_of_its_visits() {
    let clinic = Clinic::open().await;
    let (doctor, patient) = (clinic.doctor().await, clinic.patient().await);
    let mut own = clinic.by(Role::Patient(patient));
    let series = booked(&mut own, weekly(patient, doctor)).await;
    for (day, shift_days) in [(8, 1), (9, 1), (8, -1)] {
        let shift = UpdateSeriesRequest { shift_days, start_time_of_day: String::new(), ..later(&series) };
        let moved = update(&mut own, shift).await.unwrap().series.unwrap();
        assert_eq!(starts(&moved)[0], at(day, 9, 0));
    }
    let fresh = booked(
        &mut own,
        CreateSeriesRequest {
            start_local: date_in(8).at(12, 0, 0, 0).to_string(),
            ..weekly(patient, doctor)
        },
    )
    .await;
    assert_eq!(codes(&told(update(&mut own, later(&series)).await)), ["POLICY_VIOLATION"; 4]);
    let moved = update(&mut clinic.staff(), later(&series)).await.unwrap().series.unwrap();
    assert!(moved.visits.iter().all(|visit| visit.reschedule_count == 3));
    update(&mut own, UpdateSeriesRequest { shift_days: 1, ..later(&fresh) }).await.unwrap();
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test]
async fn what_is_ahead_is_cancelled_once_and_its_time_is_free_again() {
    let clinic = Clinic::open().await;
    let (doctor, patient, mut staff) = (clinic.doctor().await, clinic.patient().await, clinic.staff());
    let series = booked(&mut staff, weekly(patient, doctor)).await;
    let (scope, from_appointment_id) = following(&series.visits[2]);
    let half = CancelSeriesRequest {
        id: series.id.clone(),
        scope,
        from_appointment_id,
        reason_code: "pat-fb".to_owned(),
        note: "walks again".to_owned(),
        expected_version: 1,
        request_id: String::new(),
    };
    let ended = end(&mut staff, half.clone()).await.unwrap();
    let statuses = |series: &Series| series.visits.iter().map(Appointment::status).collect::<Vec<_>>();
    let (scheduled, cancelled) = (AppointmentStatus::Scheduled, AppointmentStatus::Cancelled);
    assert_eq!(statuses(&ended), [scheduled, scheduled, cancelled, cancelled]);
    assert_eq!(ended.ended_from_local, series.visits[2].start_local);
    assert!(free(&mut staff, doctor, date_in(28)).await.contains(&at(28, 9, 0)));
    let again = end(&mut staff, half).await.unwrap();
    assert_eq!((again.version, statuses(&again)), (2, statuses(&ended)), "twice is once");

    let reasons = "SELECT count(*) FROM appointment.appointment_events
                    WHERE kind = 'cancelled' AND reason_code = 'pat-fb' AND note = 'walks again'";
    assert_eq!(clinic.sql.query_one(reasons, &[]).await.unwrap().get::<_, i64>(0), 2);
    let all = CancelSeriesRequest { id: series.id.clone(), ..CancelSeriesRequest::default() };
    let ended = end(&mut staff, all).await.unwrap();
    assert_eq!((statuses(&ended), ended.version), (vec![cancelled; 4], 3));
    assert_eq!(ended.ended_from_local, series.start_local);
    assert_eq!(refusal(update(&mut staff, later(&series)).await).1, "SERIES_CLOSED");
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_books_into_the_middle_of_a_series_at_once_is_before_or_after_it() {
    let clinic = Clinic::open().await;
    for round in 0..8 {
        let doctor = clinic.doctor().await;
        let (patient, rival) = (clinic.patient().await, clinic.patient().await);
        let (mut one, mut two, mut three) = (clinic.staff(), clinic.staff(), clinic.staff());
        let long = CreateSeriesRequest {
            rrule: "FREQ=DAILY;COUNT=40".to_owned(),
            mode: if round % 2 == 0 { SKIP } else { SeriesMode::AllOrNothing }.into(),
            ..weekly(patient, doctor)
        };
        // The same patient elsewhere is behind no lock that both take.
        let elsewhere = clinic.doctor().await;
        let (series, visit, own) = tokio::join!(
            create(&mut one, long),
            book(&mut two, rival, doctor, at(27, 9, 0)),
            book(&mut three, patient, elsewhere, at(37, 9, 15)),
        );
        let booked = series
            .as_ref()
            .map_or(0, |outcome| outcome.series.iter().flat_map(|series| &series.visits).count());
        let refused = usize::from(visit.is_ok()) + usize::from(own.is_ok());
        match series {
            Ok(_) => assert_eq!(booked, 40 - refused, "round {round}"),
            Err(status) => {
                assert!(refused > 0 && round % 2 == 1, "round {round}: {status}");
                told(Err::<(), _>(status));
            }
        }
        for lost in [visit, own].into_iter().filter_map(Result::err) {
            let reason = fault::reason(&lost).unwrap();
            assert!(["SLOT_TAKEN", "PATIENT_CONFLICT"].contains(&reason.as_str()), "{reason}");
        }
    }
    assert_eq!(clinic.deadlocks().await, 0);
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn series_that_move_and_end_while_their_visits_do_leave_all_in_order() {
    let clinic = Clinic::open().await;
    for _ in 0..6 {
        let (doctor, patient) = (clinic.doctor().await, clinic.patient().await);
        let mut clients = [clinic.staff(), clinic.staff(), clinic.staff(), clinic.staff()];
        let series = booked(&mut clients[0], weekly(patient, doctor)).await;
        let ending = CancelSeriesRequest { id: series.id.clone(), ..CancelSeriesRequest::default() };
        let [one, two, three, four] = &mut clients;
        let (moved, ended, alone, cancelled) = tokio::join!(
            update(one, later(&series)),
            end(two, ending),
            reschedule(three, &series.visits[1].id, at(15, 12, 0)),
            cancel(four, &series.visits[3].id),
        );
        ended.unwrap();
        cancelled.unwrap();
        if let Err(status) = moved {
            assert_eq!(fault::reason(&status).as_deref(), Some("SERIES_CLOSED"), "{status}");
        }
        if let Err(status) = alone {
            assert_eq!(fault::reason(&status).as_deref(), Some("APPOINTMENT_CLOSED"), "{status}");
        }
    }
    assert_eq!(ledger::occupied(&clinic.sql).await, 0);
    assert_eq!(clinic.deadlocks().await, 0);
    ledger::is_sound(&clinic.sql).await;
}
