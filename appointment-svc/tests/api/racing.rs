use crate::clinic::{Client, Clinic};
use crate::ledger;
use crate::wishes::{apply, at, book, cancel, fact, hold, hours, party, refusal, reschedule, window, wish};
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use platform::fault;
use proto::appointment::{
    ApplyPatientPartyRequest, Appointment, BookAppointmentRequest, Hold, ReleaseHoldRequest,
};
use proto::doctor::DoctorRules;
use proto::ids::{DoctorId, PatientId};
use std::hash::{BuildHasher as _, RandomState};
use tonic::{Code, Status};

const CLIENTS: usize = 32;
const CHANGES: usize = 16;
const ROUNDS: i64 = 12;
const SWAPS: usize = 50;

/// Numbers without a pattern.
struct Dice(RandomState, u64);

impl Dice {
    fn new() -> Self {
        Self(RandomState::new(), 0)
    }

    /// Less than `bound`.
    fn roll(&mut self, bound: usize) -> usize {
        self.1 += 1;
        usize::try_from(self.0.hash_one(self.1) % bound as u64).unwrap()
    }

    /// One of 26 overlapping times of the same morning.
    fn time(&mut self) -> Timestamp {
        at(3, 9, 0) + SignedDuration::from_mins(15 * i64::try_from(self.roll(26)).unwrap())
    }
}

/// Whether it was refused for a reason that a race can have.
pub(crate) fn is_fair(status: &Status) -> bool {
    let reason = fault::reason(status).unwrap_or_default();
    let fair = ["SLOT_TAKEN", "PATIENT_CONFLICT", "APPOINTMENT_CLOSED", "TOO_MANY_HOLDS"];
    fair.contains(&reason.as_str())
}

/// Holds a time, and books it with the token or gives it up.
async fn waver(
    client: &mut Client,
    doctor: DoctorId,
    patient: PatientId,
    start: Timestamp,
    is_wanted: bool,
) -> Result<Option<Appointment>, Status> {
    let Hold { id, hold_token, .. } = hold(client, patient, doctor, start).await?;
    if is_wanted {
        let request = BookAppointmentRequest { hold_token, ..wish(patient, doctor, start) };
        return client.book_appointment(request).await.map(|answer| Some(answer.into_inner()));
    }
    client.release_hold(ReleaseHoldRequest { id, hold_token }).await.map(|_| None)
}

/// Books, holds, moves and cancels at random; how often it was refused unfairly, which must be as `may_be` says.
pub(crate) async fn fidget(
    mut client: Client,
    doctor: DoctorId,
    patient: PatientId,
    may_be: impl Fn(&Status) -> bool,
) -> usize {
    let mut unfair = 0;
    let mut dice = Dice::new();
    let mut visits: Vec<String> = Vec::new();
    for _ in 0..CHANGES {
        let any = if visits.is_empty() { None } else { Some(visits[dice.roll(visits.len())].clone()) };
        let outcome = match (dice.roll(6), any) {
            (0, Some(visit)) => cancel(&mut client, &visit).await.map(Some),
            (1 | 2, Some(visit)) => reschedule(&mut client, &visit, dice.time()).await.map(Some),
            (3 | 4, _) => waver(&mut client, doctor, patient, dice.time(), dice.roll(2) == 0).await,
            _ => book(&mut client, patient, doctor, dice.time()).await.map(Some),
        };
        match outcome {
            Ok(visit) => visits.extend(visit.map(|visit| visit.id)),
            Err(status) if is_fair(&status) => {}
            Err(status) => {
                assert!(may_be(&status), "{status}");
                unfair += 1;
            }
        }
    }
    unfair
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changes_of_every_kind_at_once_leave_nobody_in_two_visits() {
    let clinic = Clinic::open().await;
    let doctor = clinic.doctor().await;
    let patients = [clinic.patient().await, clinic.patient().await, clinic.patient().await];
    let fidgeting =
        (0..CLIENTS).map(|number| fidget(clinic.staff(), doctor, patients[number % 3], |_| false));
    join_all(fidgeting).await;
    assert!(ledger::visits(&clinic.sql).await > 0);
    assert_eq!(clinic.deadlocks().await, 0);
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_who_move_to_one_time_are_all_answered() {
    let clinic = Clinic::open().await;
    let (doctor, mut staff) = (clinic.hire(hours("UTC", "00:00", "24:00")).await, clinic.staff());
    book(&mut staff, clinic.patient().await, doctor, at(4, 9, 0)).await.unwrap();
    let mut visits = Vec::new();
    for number in 0..CLIENTS {
        let start = at(3, 0, 0) + SignedDuration::from_mins(30 * i64::try_from(number).unwrap());
        visits.push(book(&mut staff, clinic.patient().await, doctor, start).await.unwrap().id);
    }
    let moving = visits.iter().map(|visit| {
        let mut client = clinic.staff();
        async move { reschedule(&mut client, visit, at(4, 9, 0)).await }
    });
    for refused in join_all(moving).await {
        assert_eq!(refusal(refused), (Code::AlreadyExists, "SLOT_TAKEN".to_owned()));
    }
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_patient_who_swaps_visits_with_two_doctors_waits_for_nobody() {
    let clinic = Clinic::open().await;
    let (mut staff, mut other, patient) = (clinic.staff(), clinic.staff(), clinic.patient().await);
    let (early, late) = (at(3, 9, 0), at(3, 10, 0));
    let one = book(&mut staff, patient, clinic.doctor().await, early).await.unwrap().id;
    let two = book(&mut staff, patient, clinic.doctor().await, late).await.unwrap().id;
    for _ in 0..SWAPS {
        let swap = [(late, early), (early, late)];
        for (first, second) in swap {
            let moves =
                tokio::join!(reschedule(&mut staff, &one, first), reschedule(&mut other, &two, second));
            for refused in [moves.0, moves.1].into_iter().filter_map(Result::err) {
                assert!(is_fair(&refused), "{refused}");
            }
        }
    }
    assert_eq!(clinic.deadlocks().await, 0);
    ledger::is_sound(&clinic.sql).await;
}

/// Takes something away, which is refused while visits need it: these are cancelled until it succeeds.
async fn take_away(mut staff: Client, mut ask: impl AsyncFnMut() -> Result<(), Status>) {
    while let Err(refused) = ask().await {
        let refused = Err::<(), _>(refused);
        assert_eq!(refusal(refused.clone()).1, "HAS_ACTIVE_APPOINTMENTS");
        for visit in fact(refused, "appointment_ids").unwrap().split(',') {
            cancel(&mut staff, visit).await.unwrap();
        }
    }
}

/// Books until told that it cannot be for a reason other than the race.
async fn book_on(mut client: Client, mut next: impl FnMut() -> (PatientId, DoctorId, Timestamp)) -> Status {
    loop {
        let (patient, doctor, start) = next();
        match book(&mut client, patient, doctor, start).await {
            Err(refused) if refused.code() != Code::AlreadyExists => return refused,
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_booked_outside_of_what_a_doctor_offers_from_then_on() {
    let clinic = Clinic::open().await;
    let patients = [clinic.patient().await, clinic.patient().await];
    for round in 0..ROUNDS {
        let rules = hours("UTC", "09:00", "17:00");
        let doctor = clinic.hire(rules.clone()).await;
        let afternoon = at(3 + round, 14, 0);
        let mornings = (0..7).map(|day| window(day, "09:00", "12:00")).collect();
        let narrower = DoctorRules { version: 2, windows: mornings, ..rules };
        let mut doctor_svc = clinic.service("doctor-svc");
        let narrowing = take_away(clinic.staff(), async || {
            apply(&mut doctor_svc, narrower.clone(), true).await.map(drop)
        });
        let booking = patients.map(|patient| book_on(clinic.staff(), move || (patient, doctor, afternoon)));
        let (refused, ()) = tokio::join!(join_all(booking), narrowing);
        for refused in refused {
            assert_eq!(fault::reason(&refused).as_deref(), Some("OUTSIDE_AVAILABILITY"));
        }
        assert_eq!(ledger::occupied(&clinic.sql).await, 0, "round {round}");
    }
    ledger::is_sound(&clinic.sql).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_is_booked_who_is_gone() {
    let clinic = Clinic::open().await;
    let doctors = [clinic.doctor().await, clinic.doctor().await];
    for round in 0..ROUNDS {
        let patient = clinic.patient().await;
        let gone = party(patient, 2, false);
        clinic.patients.put(&patient, gone.clone());
        let mut patient_svc = clinic.service("patient-svc");
        let dismissing = take_away(clinic.staff(), async || {
            let request = ApplyPatientPartyRequest { party: Some(gone.clone()), refuse_if_booked: true };
            patient_svc.apply_patient_party(request).await.map(drop)
        });
        let booking = doctors.map(|doctor| book_on(clinic.staff(), move || (patient, doctor, at(3, 9, 0))));
        let (refused, ()) = tokio::join!(join_all(booking), dismissing);
        assert!(refused.iter().all(|refused| refused.code() == Code::InvalidArgument));
        assert_eq!(ledger::occupied(&clinic.sql).await, 0, "round {round}");
    }
    ledger::is_sound(&clinic.sql).await;
}
