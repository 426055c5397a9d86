use crate::clinic::{Client, Clinic};
use crate::ledger;
use crate::wishes::{at, book, date_in, free, refusal};
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use proto::ids::{DoctorId, PatientId};
use std::time::{Duration, Instant};
use tonic::{Code, Status};

const CLIENTS: usize = 64;
const ROUNDS: i64 = 8;
/// How many bookings that nobody contends for are measured.
const ALONE: i64 = 40;
/// What a loser waits at most, on however slow a machine. The aim is ten times a booking without contenders.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Somebody with a connection of their own, and whom they book for.
type Contender = (Client, PatientId);

async fn contenders(clinic: &Clinic, doctor: DoctorId) -> Vec<Contender> {
    let mut contenders = Vec::with_capacity(CLIENTS);
    for _ in 0..CLIENTS {
        let mut client = clinic.staff();
        // Connected and known before the first race.
        free(&mut client, doctor, date_in(3)).await;
        contenders.push((client, clinic.patient().await));
    }
    contenders
}

/// A booking, and how long it took.
async fn timed(
    (client, patient): &mut Contender,
    doctor: DoctorId,
    start: Timestamp,
) -> (Result<(), Status>, Duration) {
    let begun = Instant::now();
    let booked = book(client, *patient, doctor, start).await;
    (booked.map(drop), begun.elapsed())
}

fn percentile(durations: &mut [Duration], percent: usize) -> Duration {
    durations.sort();
    durations[(durations.len() - 1) * percent / 100]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sixty_four_who_want_one_time_one_gets_it_and_the_others_soon_hear_so() {
    let clinic = Clinic::open().await;
    let (quiet, hot) = (clinic.doctor().await, clinic.doctor().await);
    let mut contenders = contenders(&clinic, hot).await;
    let mut alone = Vec::new();
    for number in 0..ALONE {
        let start = at(3 + number / 16, 9, 0) + SignedDuration::from_mins(30 * (number % 16));
        let (booked, took) = timed(&mut contenders[0], quiet, start).await;
        booked.unwrap();
        alone.push(took);
    }

    let mut losing = Vec::new();
    for round in 0..ROUNDS {
        // Every other round they want overlapping times rather than the same.
        let start = |number: usize| {
            let shift = if round % 2 == 0 { 0 } else { 5 * i64::try_from(number % 6).unwrap() };
            at(20 + round, 9, 0) + SignedDuration::from_mins(shift)
        };
        let racing = contenders.iter_mut().enumerate().map(|(number, who)| timed(who, hot, start(number)));
        let (won, lost): (Vec<_>, Vec<_>) =
            join_all(racing).await.into_iter().partition(|(booked, _)| booked.is_ok());
        for (refused, took) in lost {
            assert_eq!(refusal(refused), (Code::AlreadyExists, "SLOT_TAKEN".to_owned()), "round {round}");
            losing.push(took);
        }
        assert_eq!(won.len(), 1, "round {round}");
    }
    let (alone, losing) = (percentile(&mut alone, 50), percentile(&mut losing, 99));
    println!("a booking alone takes {alone:.1?} (p50), losing against 63 others {losing:.1?} (p99)");
    println!("that is {:.1} times; the aim is 10", losing.div_duration_f64(alone));
    assert!(losing < LONGEST_WAIT, "{losing:?}");
    assert_eq!(clinic.deadlocks().await, 0);
    ledger::is_sound(&clinic.sql).await;
}
