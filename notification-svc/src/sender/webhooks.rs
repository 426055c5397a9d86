//! Posts to webhooks what is due, many at once.
use crate::error::Error;
use crate::store::WebhookClaim;
use crate::webhooks::Webhooks;
use platform::clock::Clock;
use platform::shutdown::Shutdown;
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

/// Posts under way at once, to all webhooks together.
const PARALLEL: usize = 40;
/// How often it looks although nobody woke it: for what is tried again, and what other replicas wrote down.
const POLL: Duration = Duration::from_secs(1);

/// Starts posting, until shutdown is requested; what is under way is finished.
pub fn start(webhooks: Webhooks, clock: Clock, shutdown: &Shutdown) {
    let places = Arc::new(Semaphore::new(PARALLEL));
    let sender = Sender { webhooks, clock, places, shutdown: shutdown.clone() };
    shutdown.spawn(sender.run());
}

#[derive(Clone)]
struct Sender {
    webhooks: Webhooks,
    clock: Clock,
    places: Arc<Semaphore>,
    shutdown: Shutdown,
}

impl Sender {
    async fn run(self) {
        let mut tidied = None;
        let mut failing = false;
        while !self.shutdown.is_requested() {
            match self.round(&mut tidied).await {
                Ok(()) => failing = false,
                Err(error) => {
                    if !std::mem::replace(&mut failing, true) {
                        tracing::warn!(error = &error as &dyn StdError, "webhooks wait for the database");
                    }
                    self.shutdown.pause(POLL).await;
                }
            }
            self.wait(tidied).await;
        }
    }

    /// Starts as many posts as there are free places, and tidies up when it is time.
    async fn round(&self, tidied: &mut Option<Instant>) -> Result<(), Error> {
        if tidied.is_none_or(|at| at.elapsed() >= POLL) {
            self.webhooks.tidy().await?;
            *tidied = Some(Instant::now());
        }
        let free = self.places.available_permits();
        if free == 0 {
            return Ok(());
        }
        for claim in self.webhooks.claim(free).await? {
            let place = self.places.clone().acquire_owned().await.expect("places are never closed");
            self.shutdown.spawn(self.clone().attempt(claim, place));
        }
        Ok(())
    }

    async fn attempt(self, claim: WebhookClaim, place: OwnedSemaphorePermit) {
        self.webhooks.attempt(claim, self.clock.now()).await;
        drop(place);
        self.webhooks.wake();
    }

    async fn wait(&self, tidied: Option<Instant>) {
        let next = tidied.unwrap_or_else(Instant::now) + POLL;
        tokio::select! {
            () = self.webhooks.woken() => {}
            () = sleep_until(next) => {}
            () = self.shutdown.requested() => {}
        }
    }
}
