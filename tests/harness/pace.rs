//! Requests at a steady pace, whether or not those before are answered: a server that stalls is not asked less for it, and
//! whoever has to wait for it is counted (no coordinated omission).
use futures::stream::{FuturesUnordered, StreamExt as _};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// What came of each of `rate` requests a second for `time`, and how long after it was due.
pub async fn at_rate<F: Future>(
    rate: f64,
    time: Duration,
    ask: impl Fn() -> F,
) -> Vec<(F::Output, Duration)> {
    let (began, mut answered) = (Instant::now(), Vec::new());
    let mut under_way = FuturesUnordered::new();
    let (mut sent, gap) = (0_u32, Duration::from_secs_f64(1.0 / rate));
    loop {
        let due = began + gap * sent;
        if due >= began + time {
            break;
        }
        tokio::select! {
            () = sleep_until(due) => {
                sent += 1;
                let asked = ask();
                under_way.push(async move { (asked.await, due.elapsed()) });
            }
            Some(answer) = under_way.next() => answered.push(answer),
        }
    }
    answered.extend(under_way.collect::<Vec<_>>().await);
    answered
}

/// That many percent of `times` are shorter; nothing when there are none.
pub fn percentile(times: &[Duration], percent: usize) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len() * percent / 100).copied().unwrap_or_default()
}
