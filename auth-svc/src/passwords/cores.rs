//! Threads that only hash, and a short queue before them. All else in the process goes before them, so that those who
//! log in hold up nobody but each other.
use super::Error;
use metrics::Gauge;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Longest wait for a core.
const PATIENCE: Duration = Duration::from_secs(2);
/// Most requests that wait at once.
const QUEUE: usize = 32;
/// How much the threads give way (nice(2)).
const NICENESS: i32 = 10;

pub(super) struct Cores {
    /// What is hashed for.
    purpose: &'static str,
    threads: rayon::ThreadPool,
    free: Arc<Semaphore>,
    places: Semaphore,
}

/// A core that is one's own.
struct Core {
    _permit: OwnedSemaphorePermit,
    _busy: Counted,
}

/// One more, until it is dropped.
struct Counted(Gauge);

impl Counted {
    fn new(gauge: Gauge) -> Self {
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

impl Cores {
    pub(super) fn new(purpose: &'static str, cores: usize) -> Result<Self, Error> {
        Self::with_queue(purpose, cores, QUEUE)
    }

    fn with_queue(purpose: &'static str, cores: usize, queue: usize) -> Result<Self, Error> {
        let threads = rayon::ThreadPoolBuilder::new()
            .num_threads(cores)
            .thread_name(|_| "hashing".to_owned())
            // Who may not is as before.
            .start_handler(|_| _ = rustix::process::nice(NICENESS))
            // Whoever waits finds the answer gone.
            .panic_handler(drop)
            .build()?;
        let (free, places) = (Arc::new(Semaphore::new(cores)), Semaphore::new(cores + queue));
        let made = Self { purpose, threads, free, places };
        made.measure(cores);
        Ok(made)
    }

    /// Does `work` on a thread of its own once one is free.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let core = self.free().await?;
        let (result, done) = oneshot::channel();
        self.threads.spawn(move || {
            // Kept while the core is busy, even when nobody waits for the result any more.
            let _core = core;
            drop(result.send(work()));
        });
        done.await.map_err(|_| Error::Panicked)
    }

    async fn free(&self) -> Result<Core, Error> {
        let permit = self.permit().await;
        let refused = metrics::counter!("password_hashes_refused_total", "purpose" => self.purpose);
        refused.increment(u64::from(permit.is_err()));
        Ok(Core { _permit: permit?, _busy: Counted::new(self.gauge("running")) })
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, Error> {
        let _place = self.places.try_acquire().map_err(|_| Error::Busy)?;
        let _waiting = Counted::new(self.gauge("waiting"));
        match tokio::time::timeout(PATIENCE, self.free.clone().acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(Error::Busy),
        }
    }

    fn measure(&self, cores: usize) {
        let most = f64::from(u32::try_from(cores).unwrap_or(u32::MAX));
        metrics::gauge!("password_hashes_max", "purpose" => self.purpose).set(most);
        for state in ["running", "waiting"] {
            self.gauge(state).set(0.0);
        }
        metrics::counter!("password_hashes_refused_total", "purpose" => self.purpose).increment(0);
    }

    fn gauge(&self, state: &'static str) -> Gauge {
        metrics::gauge!("password_hashes", "purpose" => self.purpose, "state" => state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::join;

    #[tokio::test(start_paused = true)]
    async fn a_wait_for_a_core_ends() {
        let cores = Cores::with_queue("try", 1, 1).unwrap();
        let _busy = cores.free().await.unwrap();
        let (patient, surplus) = join(cores.free(), cores.free()).await;
        assert!(matches!((patient, surplus), (Err(Error::Busy), Err(Error::Busy))));
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once() {
        let cores = Cores::with_queue("try", 1, 0).unwrap();
        let waiting = cores.places.try_acquire().unwrap();
        assert!(matches!(cores.free().await, Err(Error::Busy)));
        drop(waiting);
        assert!(cores.free().await.is_ok());
    }

    #[tokio::test]
    async fn hashing_gives_way_and_outlives_a_panic() {
        let cores = Cores::new("try", 1).unwrap();
        assert!(matches!(cores.run(|| panic!("on purpose")).await, Err(Error::Panicked)));
        let here = rustix::process::getpriority_process(None).unwrap();
        let there = cores.run(|| rustix::process::getpriority_process(None).unwrap()).await.unwrap();
        assert_eq!(there, (here + NICENESS).min(19));
    }
}
