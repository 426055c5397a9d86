//! Everything dies in turn and in pairs, and freezes, while people work.
use crate::journal::{Deed, End, Journal};
use crate::victims::Victim;
use crate::{TURN, checks, load};
use futures::future::join_all;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tests::mesh::Mesh;
use tokio::time::{Instant, sleep};

const DESKS: u64 = 6;
/// How long something is away, and does not answer.
const AWAY: Duration = Duration::from_secs(2);
const FROZEN: Duration = Duration::from_secs(10);
/// Within which everything works again once everything is back.
const RECOVERY: Duration = Duration::from_secs(5);
/// How long it is seen that it does.
const CALM: Duration = Duration::from_secs(2);
/// The longest answer: the gateway's five seconds, and what an overworked machine adds.
const LONGEST: Duration = Duration::from_millis(7000);

/// Pairs that die together, five a round: nine rounds are all pairs that there are.
fn pairs() -> Vec<[Victim; 2]> {
    let all = Victim::ALL;
    // A round of a tournament in which everybody meets everybody: one stays, the others move on.
    let round = |shift: usize| {
        let seat = move |place: usize| if place == 0 { all[0] } else { all[1 + (place - 1 + shift) % 9] };
        (0..5).map(move |place| [seat(place), seat(9 - place)])
    };
    (0..local::config::chaos_rounds()).flat_map(round).collect()
}

#[tokio::test]
async fn whatever_dies_or_freezes_nothing_is_lost_or_done_twice_and_every_answer_is_right_or_not_now() {
    let _turn = TURN.lock().await;
    let mesh = Mesh::with_own_stores(|_| {}).await;
    let admin = mesh.admin().await;
    let desks = load::desks(&admin, DESKS).await;
    let (journal, is_over) = (Journal::default(), AtomicBool::new(false));
    let unrest = async {
        sleep(CALM).await;
        for victim in Victim::ALL {
            strike(&mesh, &journal, &[victim], Blow::Kill).await;
        }
        for pair in pairs() {
            strike(&mesh, &journal, &pair, Blow::Kill).await;
        }
        for victim in Victim::ALL.into_iter().filter(|victim| *victim != Victim::Smtp) {
            strike(&mesh, &journal, &[victim], Blow::Freeze).await;
        }
        is_over.store(true, Relaxed);
    };
    let (visits, ()) = tokio::join!(load::work(desks, &journal, &is_over), unrest);
    checks::all_is_well(&mesh, &visits).await;
    println!("{} visits, {} requests", visits.len(), journal.len());
    assert!(visits.len() > 100, "{}", visits.len());
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blow {
    Kill,
    Freeze,
}

/// Strikes `victims`, and sees that only who needs them is refused, and nobody soon after they are back.
async fn strike(mesh: &Mesh, journal: &Journal, victims: &[Victim], blow: Blow) {
    let struck = Instant::now();
    match blow {
        Blow::Kill => {
            join_all(victims.iter().map(|victim| victim.kill(mesh))).await;
            sleep(AWAY).await;
            join_all(victims.iter().map(|victim| victim.revive(mesh))).await;
        }
        Blow::Freeze => {
            for victim in victims {
                victim.freeze(mesh);
            }
            sleep(FROZEN).await;
            for victim in victims {
                victim.thaw(mesh);
            }
        }
    }
    let back = Instant::now();
    sleep(RECOVERY + CALM).await;

    let names = victims.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
    let all = journal.since(struck);
    let wrong = journal.wrong_since(struck);
    let last =
        wrong.iter().map(|entry| entry.at + entry.took).max().map(|at| at.saturating_duration_since(back));
    let refused = wrong.iter().filter(|entry| matches!(entry.end, End::NotNow(_))).count();
    println!(
        "{blow:?} {names}: {} requests, {refused} refused, {} without an answer; away {:.1} s, the last {:.1} s after its return",
        all.len(),
        wrong.len() - refused,
        back.duration_since(struck).as_secs_f64(),
        last.unwrap_or_default().as_secs_f64(),
    );
    for entry in &wrong {
        let is_needed = victims.iter().any(|victim| victim.is_needed_for(entry.deed));
        assert!(is_needed, "{blow:?} {names}: nobody needs it for this: {entry}");
        let is_gone = matches!(entry.end, End::Lost(_));
        let gateway = Victim::Process(local::service::Service::Gateway);
        assert!(!is_gone || victims.contains(&gateway), "{blow:?} {names}: no answer: {entry}");
        assert!(entry.at < back + RECOVERY, "{blow:?} {names}: not back in time: {entry}");
    }
    for deed in Deed::ALL {
        let works =
            all.iter().any(|entry| entry.deed == deed && entry.at > back && matches!(entry.end, End::Right));
        assert!(works, "{blow:?} {names}: nobody has done {deed:?} since");
    }
    let longest = all.iter().map(|entry| entry.took).max().unwrap_or_default();
    let gateway_froze = victims.contains(&Victim::Process(local::service::Service::Gateway));
    assert!(longest < LONGEST || gateway_froze, "{blow:?} {names}: {longest:?}");
}
