//! What is measured: a program of its own, so that no other test runs meanwhile.
#![expect(clippy::unwrap_used, reason = "tests")]

use futures::future::join_all;
use local::service::Service;
use serde_json::json;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tests::mesh::Mesh;
use tests::people::PASSWORD;
use tests::rest::Rest;
use tokio::time::{Instant, sleep};

/// How many log in at once.
const CLIENTS: usize = 64;
/// How often it is quiet, and busy after that: by turns, so that both have their share of what else the machine does.
const TURNS: usize = 3;
/// What people take for at once. Programs that are not optimised, on a machine that does other things, take some of it.
const AT_ONCE: Duration = Duration::from_millis(100);
/// What is measured in each.
const REQUESTS: usize = 400;

#[tokio::test]
async fn many_who_log_in_at_once_do_not_hold_up_the_others() {
    let mesh = Mesh::start(|options| {
        let guesses = ("RATE_LIMIT_GUESSES_PER_DAY".to_owned(), "1000000".to_owned());
        options.env_of.push((Service::Gateway, guesses.0, guesses.1));
    })
    .await;
    let patient = mesh.admin().await.patient().await;
    let looked_at = AtomicUsize::new(0);
    let (mut quiet, mut busy) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        look(&patient, &mut quiet).await;
        let done = AtomicBool::new(false);
        let anyone = mesh.anyone();
        let logging_in = (0..CLIENTS).map(|number| log_in(&anyone, number, &looked_at, &done));
        let measured = async {
            look(&patient, &mut busy).await;
            done.store(true, Relaxed);
        };
        tokio::join!(join_all(logging_in), measured);
    }
    assert!(looked_at.load(Relaxed) >= 2 * CLIENTS, "{looked_at:?} passwords were looked at");
    let (quiet, busy) = (p99(&mut quiet), p99(&mut busy));
    println!(
        "p99 {busy:?} while {CLIENTS} log in, {quiet:?} while nobody does; {looked_at:?} passwords looked at"
    );
    assert!(busy <= (3 * quiet).max(AT_ONCE), "{busy:?} while {CLIENTS} log in, {quiet:?} while nobody does");
}

/// Adds how long each of some requests takes that have nothing to do with passwords.
async fn look(caller: &Rest, took: &mut Vec<Duration>) {
    for _ in 0..REQUESTS {
        let started = Instant::now();
        caller.get("/api/appointments?limit=1").await.ok();
        took.push(started.elapsed());
    }
}

/// Tries again and again, and waits when told to.
async fn log_in(anyone: &Rest, number: usize, looked_at: &AtomicUsize, done: &AtomicBool) {
    while !done.load(Relaxed) {
        let login = json!({ "username": format!("nobody{number}@example.com"), "password": PASSWORD });
        let answer = anyone.post("/api/auth/login", login).await;
        assert!([401, 503].contains(&answer.status), "{}", answer.status);
        if answer.status == 401 {
            looked_at.fetch_add(1, Relaxed);
        }
        let wait =
            answer.headers.get("retry-after").map_or(0, |wait| wait.to_str().unwrap().parse().unwrap());
        let until = Instant::now() + Duration::from_secs(wait);
        while Instant::now() < until && !done.load(Relaxed) {
            sleep(Duration::from_millis(10)).await;
        }
    }
}

/// The time that the slowest but one in a hundred takes.
fn p99(took: &mut [Duration]) -> Duration {
    took.sort();
    took[took.len() * 99 / 100]
}
