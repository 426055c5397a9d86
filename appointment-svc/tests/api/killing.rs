use crate::clinic::{Clinic, Sql};
use crate::ledger;
use crate::process::verify;
use crate::racing::fidget;
use futures::future::join_all;
use std::time::Duration;
use tonic::{Code, Status};

const CLIENTS: usize = 64;
const PATIENTS: usize = 8;
/// How often a connection is killed.
const PAUSE: Duration = Duration::from_millis(20);

/// Kills a connection of the service, one that is in the middle of something if there is one.
const KILL: &str = "
    SELECT pg_terminate_backend(pid)
      FROM pg_stat_activity
     WHERE application_name = 'appointment-svc' AND datname = current_database()
     ORDER BY state = 'idle', random() LIMIT 1";

async fn kill_for_ever(admin: &Sql, killed: &mut u32) {
    let mut pauses = tokio::time::interval(PAUSE);
    loop {
        pauses.tick().await;
        *killed += u32::from(!admin.query(KILL, &[]).await.unwrap().is_empty());
    }
}

/// Whether its caller may simply try again.
fn is_retryable(status: &Status) -> bool {
    [Code::Unavailable, Code::Aborted].contains(&status.code())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_is_cut_short_nobody_is_in_two_visits_and_nothing_is_half_done() {
    let clinic = Clinic::open().await;
    let doctor = clinic.doctor().await;
    let mut patients = Vec::new();
    for _ in 0..PATIENTS {
        patients.push(clinic.patient().await);
    }
    let (admin, mut killed) = (clinic.admin_sql().await, 0);
    let fidgeting =
        (0..CLIENTS).map(|number| fidget(clinic.staff(), doctor, patients[number % PATIENTS], is_retryable));
    let cut_short = tokio::select! {
        cut_short = join_all(fidgeting) => cut_short.into_iter().sum::<usize>(),
        () = kill_for_ever(&admin, &mut killed) => unreachable!("it never ends"),
    };
    println!("killed {killed} connections, {cut_short} calls had to be made again");
    assert!(killed > 10 && cut_short > 0);
    clinic.close().await;

    let (is_sound, written) = verify(&clinic).await;
    assert!(is_sound, "{written}");
    ledger::is_sound(&clinic.sql).await;
    assert!(ledger::visits(&clinic.sql).await > 0);
    assert_eq!(clinic.deadlocks().await, 0);
}
