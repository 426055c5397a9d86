use crate::clinic::{Client, Clinic};
use crate::ledger;
use crate::wishes::{at, book, cancel, date_in, hours, refusal, reschedule, wrong_fields};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use platform::caller::Role;
use platform::fault;
use proto::appointment::{
    Appointment, AppointmentStatus, CancelSeriesRequest, CreateSeriesRequest, GetSeriesRequest, Series,
    SeriesConflict, SeriesMode, SeriesOccurrence, SeriesOutcome, SeriesScope, UpdateSeriesRequest,
};
use proto::ids::{DoctorId, PatientId, SeriesId};
use proto::time::from_wire;
use tonic::{Code, Response, Status};

pub(crate) const SKIP: SeriesMode = SeriesMode::SkipConflicts;

/// Four weekly visits at nine, in the words of the clinic, from a week ahead.
pub(crate) fn weekly(patient: PatientId, doctor: DoctorId) -> CreateSeriesRequest {
    CreateSeriesRequest {
        patient_id: patient.to_string(),
        doctor_id: doctor.to_string(),
        start_local: date_in(7).at(9, 0, 0, 0).to_string(),
        rrule: "FREQ=WEEKLY;COUNT=4".to_owned(),
        ..CreateSeriesRequest::default()
    }
}

pub(crate) async fn create(
    client: &mut Client,
    request: CreateSeriesRequest,
) -> Result<SeriesOutcome, Status> {
    client.create_series(request).await.map(Response::into_inner)
}

pub(crate) async fn booked(client: &mut Client, request: CreateSeriesRequest) -> Series {
    create(client, request).await.unwrap().series.unwrap()
}

pub(crate) async fn read(client: &mut Client, id: &str) -> Series {
    client.get_series(GetSeriesRequest { id: id.to_owned() }).await.unwrap().into_inner()
}

/// To half past ten.
pub(crate) fn later(series: &Series) -> UpdateSeriesRequest {
    UpdateSeriesRequest {
        id: series.id.clone(),
        start_time_of_day: "10:30".to_owned(),
        ..UpdateSeriesRequest::default()
    }
}

pub(crate) async fn update(
    client: &mut Client,
    request: UpdateSeriesRequest,
) -> Result<SeriesOutcome, Status> {
    client.update_series(request).await.map(Response::into_inner)
}

pub(crate) async fn end(client: &mut Client, request: CancelSeriesRequest) -> Result<Series, Status> {
    client.cancel_series(request).await.map(Response::into_inner)
}

pub(crate) fn following(visit: &Appointment) -> (i32, String) {
    (SeriesScope::Following.into(), visit.id.clone())
}

pub(crate) fn starts(series: &Series) -> Vec<Timestamp> {
    series.visits.iter().map(|visit| from_wire(visit.start_time).unwrap()).collect()
}

pub(crate) fn codes(occurrences: &[SeriesOccurrence]) -> Vec<&str> {
    occurrences.iter().map(|occurrence| occurrence.code.as_str()).collect()
}

/// The times that a refusal tells.
#[track_caller]
pub(crate) fn told<T>(answer: Result<T, Status>) -> Vec<SeriesOccurrence> {
    let status = answer.err().expect("the call was answered");
    assert_eq!(fault::reason(&status).as_deref(), Some("SERIES_CONFLICT"), "{status}");
    let detail: Option<SeriesConflict> = fault::detail(&status, "healthcare.appointment.v1.SeriesConflict");
    detail.unwrap().occurrences
}

#[tokio::test]
async fn every_visit_of_a_series_is_an_ordinary_visit() {
    let clinic = Clinic::open().await;
    let (doctor, patient) = (clinic.doctor().await, clinic.patient().await);
    let mut own = clinic.by(Role::Patient(patient));
    let request = CreateSeriesRequest { notes: "physiotherapy".to_owned(), ..weekly(patient, doctor) };
    let outcome = create(&mut own, request).await.unwrap();
    let series = outcome.series.unwrap();
    assert_eq!((series.version, series.time_zone.as_str(), series.duration_minutes), (1, "UTC", 30));
    assert_eq!(series.rrule, "FREQ=WEEKLY;COUNT=4");
    assert_eq!(starts(&series), [7, 14, 21, 28].map(|day| at(day, 9, 0)));
    assert_eq!(codes(&outcome.occurrences), [""; 4]);
    for (visit, occurrence) in series.visits.iter().zip(&outcome.occurrences) {
        assert_eq!((&visit.series_id, visit.notes.as_str()), (&series.id, "physiotherapy"));
        assert_eq!((visit.status(), visit.version), (AppointmentStatus::Scheduled, 1));
        assert_eq!((&visit.id, &visit.start_local), (&occurrence.appointment_id, &occurrence.start_local));
        assert!(!visit.allowed_actions.is_empty());
    }
    ledger::is_sound(&clinic.sql).await;

    let moved = reschedule(&mut own, &series.visits[1].id, at(15, 11, 0)).await.unwrap();
    assert_eq!((&moved.series_id, moved.version), (&series.id, 2));
    cancel(&mut own, &series.visits[2].id).await.unwrap();
    let read = read(&mut own, &series.id).await;
    assert_eq!(starts(&read), [at(7, 9, 0), at(15, 11, 0), at(21, 9, 0), at(28, 9, 0)]);
    assert_eq!(read.visits[2].status(), AppointmentStatus::Cancelled);
    assert_eq!(read.version, 1, "the series itself did not change");
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test]
async fn a_dry_run_tells_what_would_be_and_books_nothing() {
    let clinic = Clinic::open().await;
    let (doctor, patient, mut staff) = (clinic.doctor().await, clinic.patient().await, clinic.staff());
    book(&mut staff, clinic.patient().await, doctor, at(14, 9, 0)).await.unwrap();
    let elsewhere = clinic.doctor().await;
    book(&mut staff, patient, elsewhere, at(21, 9, 0)).await.unwrap();
    let request = CreateSeriesRequest { dry_run: true, ..weekly(patient, doctor) };
    for mode in [SeriesMode::AllOrNothing, SKIP] {
        let outcome =
            create(&mut staff, CreateSeriesRequest { mode: mode.into(), ..request.clone() }).await.unwrap();
        assert!(outcome.series.is_none());
        assert_eq!(codes(&outcome.occurrences), ["", "SLOT_TAKEN", "PATIENT_CONFLICT", ""]);
        let nearest = outcome.occurrences.iter().map(|occurrence| occurrence.nearest_start_time);
        let nearest: Vec<_> = nearest.map(|at| at.map(|at| from_wire(Some(at)).unwrap())).collect();
        assert_eq!(nearest, [None, Some(at(14, 9, 30)), Some(at(21, 9, 30)), None]);
        assert!(outcome.occurrences.iter().all(|occurrence| occurrence.appointment_id.is_empty()));
    }
    assert_eq!(ledger::visits(&clinic.sql).await, 2);
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test]
async fn all_or_nothing_is_nothing_when_one_visit_cannot_be_booked() {
    let clinic = Clinic::open().await;
    let (doctor, patient, mut staff) = (clinic.doctor().await, clinic.patient().await, clinic.staff());
    book(&mut staff, clinic.patient().await, doctor, at(28, 9, 0)).await.unwrap();
    let refused = create(&mut staff, weekly(patient, doctor)).await;
    assert_eq!(refusal(refused.clone()), (Code::FailedPrecondition, "SERIES_CONFLICT".to_owned()));
    assert_eq!(codes(&told(refused)), ["", "", "", "SLOT_TAKEN"]);
    assert_eq!(ledger::visits(&clinic.sql).await, 1);
    assert_eq!(clinic.sql.query("SELECT 1 FROM appointment.series", &[]).await.unwrap().len(), 0);
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test]
async fn what_cannot_be_booked_is_left_out_when_that_is_asked_for() {
    let clinic = Clinic::open().await;
    let (doctor, patient, mut staff) = (clinic.doctor().await, clinic.patient().await, clinic.staff());
    book(&mut staff, clinic.patient().await, doctor, at(14, 9, 0)).await.unwrap();
    let request = CreateSeriesRequest { mode: SKIP.into(), ..weekly(patient, doctor) };
    let outcome = create(&mut staff, request.clone()).await.unwrap();
    assert_eq!(codes(&outcome.occurrences), ["", "SLOT_TAKEN", "", ""]);
    assert!(outcome.occurrences[1].appointment_id.is_empty());
    assert_eq!(starts(&outcome.series.unwrap()), [7, 21, 28].map(|day| at(day, 9, 0)));

    let again = create(&mut staff, request).await;
    assert_eq!(codes(&told(again)), ["SLOT_TAKEN"; 4], "none is left");
    ledger::is_sound(&clinic.sql).await;
}

/// The next date on which clocks in Berlin go forward, or back.
fn change_of_clocks(forward: bool) -> Date {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let from = at(10, 0, 0);
    let is_forward = |at: Timestamp| zone.to_offset(at).seconds() == 7200;
    let change = zone.following(from).map(|change| change.timestamp()).find(|at| is_forward(*at) == forward);
    zone.to_datetime(change.unwrap()).date()
}

#[tokio::test]
async fn visits_keep_their_civil_time_over_changes_of_clocks() {
    let clinic = Clinic::open().await;
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let doctor = clinic.hire(hours("Europe/Berlin", "00:00", "24:00")).await;
    let mut staff = clinic.staff();
    for forward in [true, false] {
        // The change is on the second date.
        let change = change_of_clocks(forward);
        let first = change.saturating_sub(1.week());
        let patient = clinic.patient().await;
        let at_nine = CreateSeriesRequest {
            start_local: first.at(9, 0, 0, 0).to_string(),
            rrule: "FREQ=WEEKLY;COUNT=3".to_owned(),
            ..weekly(patient, doctor)
        };
        let series = booked(&mut staff, at_nine).await;
        let expected = [0, 1, 2].map(|week| first.saturating_add(week.weeks()).at(9, 0, 0, 0));
        let local = |series: &Series| -> Vec<DateTime> {
            series.visits.iter().map(|visit| visit.start_local.parse().unwrap()).collect()
        };
        assert_eq!((local(&series), series.time_zone.as_str()), (expected.to_vec(), "Europe/Berlin"));
        let starts = starts(&series);
        let week = |from: usize| starts[from + 1].duration_since(starts[from]).as_hours();
        assert_eq!((week(0), week(1)), (if forward { 167 } else { 169 }, 168));

        let at_half_past_two = CreateSeriesRequest {
            start_local: first.at(2, 30, 0, 0).to_string(),
            rrule: "FREQ=WEEKLY;COUNT=3".to_owned(),
            ..weekly(patient, doctor)
        };
        if forward {
            let told = told(create(&mut staff, at_half_past_two.clone()).await);
            assert_eq!(codes(&told), ["", "NONEXISTENT_LOCAL_TIME", ""]);
            assert_eq!((&told[1].start_time, &told[1].end_time), (&None, &None));
            let jump = zone.to_timestamp(change.at(3, 0, 0, 0)).unwrap();
            assert_eq!(from_wire(told[1].nearest_start_time).unwrap(), jump);
            let skipping = CreateSeriesRequest { mode: SKIP.into(), ..at_half_past_two };
            assert_eq!(booked(&mut staff, skipping).await.visits.len(), 2);
        } else {
            let series = booked(&mut staff, at_half_past_two).await;
            let twice = from_wire(series.visits[1].start_time).unwrap();
            assert_eq!(zone.to_offset(twice).seconds(), 7200, "the first of the two");
        }
    }
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test]
async fn a_series_is_between_its_patient_its_doctor_and_the_practice() {
    let clinic = Clinic::open().await;
    let (doctor, patient) = (clinic.doctor().await, clinic.patient().await);
    let request = weekly(patient, doctor);
    let other = clinic.patient().await;
    for role in [Role::Patient(other), Role::Doctor(DoctorId::random()), Role::Auditor] {
        let refused = create(&mut clinic.by(role), request.clone()).await;
        assert_eq!(refusal(refused).0, Code::PermissionDenied, "{role:?}");
    }
    let series = booked(&mut clinic.by(Role::Doctor(doctor)), request).await;
    let unknown = SeriesId::random().to_string();
    for (role, id, code) in [
        (Role::Patient(patient), &series.id, None),
        (Role::Patient(other), &series.id, Some(Code::NotFound)),
        (Role::Patient(other), &unknown, Some(Code::NotFound)),
        (Role::Doctor(DoctorId::random()), &series.id, Some(Code::PermissionDenied)),
        (Role::Auditor, &series.id, Some(Code::PermissionDenied)),
        (Role::Staff, &unknown, Some(Code::NotFound)),
    ] {
        let mut client = clinic.by(role);
        let read = client.get_series(GetSeriesRequest { id: id.clone() }).await;
        assert_eq!(read.err().map(|status| status.code()), code, "{role:?}");
        let moved = update(&mut client, UpdateSeriesRequest { id: id.clone(), ..later(&series) }).await;
        assert_eq!(moved.err().map(|status| status.code()), code, "{role:?}");
        if code.is_some() {
            let ended = end(&mut client, CancelSeriesRequest { id: id.clone(), ..Default::default() }).await;
            assert_eq!(ended.err().map(|status| status.code()), code, "{role:?}");
        }
    }
}

#[tokio::test]
async fn wrong_fields_are_told_by_name() {
    let clinic = Clinic::open().await;
    let (doctor, patient, mut staff) = (clinic.doctor().await, clinic.patient().await, clinic.staff());
    let good = weekly(patient, doctor);
    let rrule = |rrule: &str| CreateSeriesRequest { rrule: rrule.to_owned(), ..good.clone() };
    let wrong = [
        (rrule("FREQ=HOURLY;COUNT=3"), "rrule"),
        (rrule("FREQ=WEEKLY"), "rrule"),
        (rrule("FREQ=WEEKLY;UNTIL=20200101"), "start_time"),
        (CreateSeriesRequest { start_local: String::new(), ..good.clone() }, "start_time"),
        (CreateSeriesRequest { start_local: format!("{}T09:01", date_in(7)), ..good.clone() }, "start_time"),
        (CreateSeriesRequest { mode: 9, ..good.clone() }, "mode"),
        (CreateSeriesRequest { duration_minutes: 4, ..good.clone() }, "duration_minutes"),
        (CreateSeriesRequest { doctor_id: DoctorId::random().to_string(), ..good.clone() }, "doctor_id"),
        (CreateSeriesRequest { patient_id: PatientId::random().to_string(), ..good.clone() }, "patient_id"),
    ];
    for (request, field) in wrong {
        assert_eq!(wrong_fields(create(&mut staff, request).await), [field]);
    }
    let series = booked(&mut staff, good).await;
    let request = UpdateSeriesRequest { id: series.id.clone(), ..UpdateSeriesRequest::default() };
    let wrong = [
        (request.clone(), "start_time_of_day"),
        (
            UpdateSeriesRequest { start_time_of_day: "9:77".to_owned(), ..request.clone() },
            "start_time_of_day",
        ),
        (UpdateSeriesRequest { shift_days: 7, ..request.clone() }, "shift_days"),
        (
            UpdateSeriesRequest { scope: SeriesScope::Following.into(), ..later(&series) },
            "from_appointment_id",
        ),
        (
            UpdateSeriesRequest { from_appointment_id: series.id.clone(), ..later(&series) },
            "from_appointment_id",
        ),
    ];
    for (request, field) in wrong {
        assert_eq!(wrong_fields(update(&mut staff, request).await), [field]);
    }
    let reason =
        CancelSeriesRequest { id: series.id, reason_code: "feels better".to_owned(), ..Default::default() };
    assert_eq!(wrong_fields(end(&mut staff, reason).await), ["reason_code"]);
}

#[tokio::test]
async fn a_dry_run_tells_of_what_is_over() {
    let clinic = Clinic::open().await;
    let (doctor, patient, mut staff) = (clinic.doctor().await, clinic.patient().await, clinic.staff());
    let past = CreateSeriesRequest {
        start_local: date_in(-7).at(9, 0, 0, 0).to_string(),
        dry_run: true,
        ..weekly(patient, doctor)
    };
    let told = create(&mut staff, past.clone()).await.unwrap().occurrences;
    assert_eq!((codes(&told)[0], told[0].is_bookable), ("TOO_SOON", false));
    assert_eq!(codes(&told)[2..], ["", ""]);
    let booked = create(&mut staff, CreateSeriesRequest { dry_run: false, ..past }).await;
    assert_eq!(codes(&self::told(booked))[0], "TOO_SOON");
}
