//! Tells readers who cache answers about doctors that these are out of date.
use platform::redis::{Away, Redis};
use platform::shutdown::Shutdown;
use proto::cache::DOCTOR_DIRECTORY_GENERATION;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub struct Directory {
    redis: Redis,
    shutdown: Shutdown,
    /// Whether a task is about to try again, which will tell of everything that was committed until it does.
    retrying: Arc<AtomicBool>,
}

impl Directory {
    pub fn new(redis: Redis, shutdown: Shutdown) -> Self {
        Self { redis, shutdown, retrying: Arc::default() }
    }

    /// Something was committed, or may have been, that readers can see. Told before this returns, or in the background for as long as
    /// Redis is away.
    pub async fn changed(&self) {
        if self.next_generation().await.is_err() && !self.retrying.swap(true, SeqCst) {
            self.shutdown.spawn(self.clone().retry());
        }
    }

    async fn retry(self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let stopping = !self.shutdown.pause(pause).await;
            // Changes from here on look after themselves: this attempt may be too early for them.
            self.retrying.store(false, SeqCst);
            if self.next_generation().await.is_ok() || stopping || self.retrying.swap(true, SeqCst) {
                return;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn next_generation(&self) -> Result<(), Away> {
        self.redis
            .run(async |redis| {
                platform::redis::commands::cmd("INCR")
                    .arg(DOCTOR_DIRECTORY_GENERATION)
                    .query_async(redis)
                    .await
            })
            .await
    }
}
