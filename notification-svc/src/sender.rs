//! Sends what is due, many messages at once: one slow mailbox holds up nobody else.
use crate::delivery::Delivery;
use crate::error::Error;
use platform::clock::Clock;
use platform::shutdown::Shutdown;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};

/// Messages under way at once.
const PARALLEL: usize = 10;
/// How often it looks although nobody woke it: for messages that are tried again, and those of other replicas.
const POLL: Duration = Duration::from_secs(1);

/// Starts sending, until shutdown is requested; messages under way are finished.
pub fn start(delivery: Delivery, clock: Clock, shutdown: &Shutdown) {
    let places = Arc::new(Semaphore::new(PARALLEL));
    let sender = Sender { delivery, clock, places, shutdown: shutdown.clone() };
    shutdown.spawn(sender.run());
}

struct Sender {
    delivery: Delivery,
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
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "sender waits for the database"
                        );
                    }
                    self.shutdown.pause(POLL).await;
                }
            }
            self.wait(tidied).await;
        }
    }

    /// Starts as many messages as there are free places, and tidies up when it is time.
    async fn round(&self, tidied: &mut Option<Instant>) -> Result<(), Error> {
        if tidied.is_none_or(|at| at.elapsed() >= POLL) {
            self.delivery.tidy().await?;
            *tidied = Some(Instant::now());
        }
        let free = self.places.available_permits();
        if free == 0 {
            return Ok(());
        }
        for claim in self.delivery.claim(free).await? {
            let place = self.places.clone().acquire_owned().await.expect("places are never closed");
            let (delivery, clock) = (self.delivery.clone(), self.clock.clone());
            self.shutdown.spawn(async move {
                delivery.attempt(claim, clock.now()).await;
                drop(place);
                delivery.wake();
            });
        }
        Ok(())
    }

    async fn wait(&self, tidied: Option<Instant>) {
        let next = tidied.unwrap_or_else(Instant::now) + POLL;
        tokio::select! {
            () = self.delivery.woken() => {}
            () = sleep_until(next) => {}
            () = self.shutdown.requested() => {}
        }
    }
}
