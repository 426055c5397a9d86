//! Threads that only hash, and a short queue before them. All else in the process goes before them, so that those who
//! log in hold up nobody but each other.
use super::Error;
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
    threads: rayon::ThreadPool,
    free: Arc<Semaphore>,
    places: Semaphore,
}

impl Cores {
    pub(super) fn new(cores: usize) -> Result<Self, Error> {
        Self::with_queue(cores, QUEUE)
    }

    fn with_queue(cores: usize, queue: usize) -> Result<Self, Error> {
        let threads = rayon::ThreadPoolBuilder::new()
            .num_threads(cores)
            .thread_name(|_| "hashing".to_owned())
            // Who may not is as before.
            .start_handler(|_| _ = rustix::process::nice(NICENESS))
            // Whoever waits finds the answer gone.
            .panic_handler(drop)
            .build()?;
        Ok(Self { threads, free: Arc::new(Semaphore::new(cores)), places: Semaphore::new(cores + queue) })
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

    async fn free(&self) -> Result<OwnedSemaphorePermit, Error> {
        let _place = self.places.try_acquire().map_err(|_| Error::Busy)?;
        match tokio::time::timeout(PATIENCE, self.free.clone().acquire_owned()).await {
            Ok(Ok(core)) => Ok(core),
            Ok(Err(_)) | Err(_) => Err(Error::Busy),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::join;

    #[tokio::test(start_paused = true)]
    async fn a_wait_for_a_core_ends() {
        let cores = Cores::with_queue(1, 1).unwrap();
        let _busy = cores.free().await.unwrap();
        let (patient, surplus) = join(cores.free(), cores.free()).await;
        assert!(matches!((patient, surplus), (Err(Error::Busy), Err(Error::Busy))));
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once() {
        let cores = Cores::with_queue(1, 0).unwrap();
        let waiting = cores.places.try_acquire().unwrap();
        assert!(matches!(cores.free().await, Err(Error::Busy)));
        drop(waiting);
        assert!(cores.free().await.is_ok());
    }

    #[tokio::test]
    async fn hashing_gives_way_and_outlives_a_panic() {
        let cores = Cores::new(1).unwrap();
        assert!(matches!(cores.run(|| panic!("on purpose")).await, Err(Error::Panicked)));
        let here = rustix::process::getpriority_process(None).unwrap();
        let there = cores.run(|| rustix::process::getpriority_process(None).unwrap()).await.unwrap();
        assert_eq!(there, (here + NICENESS).min(19));
    }
}
