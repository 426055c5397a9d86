//! Sends what is due, many messages at once: one slow mailbox holds up nobody else. Each channel has a sender of its own, so
//! that a slow provider of SMS holds up no mail.
//!
//! A mail server may take minutes to accept a message, so a slow message gives up its place and goes on aside.
pub mod webhooks; // what is posted to programs of others

use crate::delivery::Delivery;
use crate::domain::Channel;
use crate::error::Error;
use crate::store::Claim;
use platform::shutdown::Shutdown;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout};

/// Messages under way at once by one channel, slow ones aside.
const PARALLEL: usize = 10;
/// Slow messages under way at once by one channel.
const ASIDE: usize = 40;
/// A message that is under way for longer is slow.
const SLOW: Duration = Duration::from_secs(5);
/// How often it looks although nobody woke it: for messages that are tried again, and those of other replicas.
const POLL: Duration = Duration::from_secs(1);
/// How often it looks at most: where many messages are due, several places are free by then, and to find messages for all
/// of them costs as much as to find one.
const PAUSE: Duration = Duration::from_millis(20);
/// How often it is measured how late messages are.
const WATCH: Duration = Duration::from_secs(5);

/// Starts sending, until shutdown is requested; messages under way are finished.
pub fn start(delivery: &Delivery, shutdown: &Shutdown) {
    for channel in delivery.channels() {
        let sender = Sender {
            channel: *channel,
            delivery: delivery.clone(),
            places: Arc::new(Semaphore::new(PARALLEL)),
            aside: Arc::new(Semaphore::new(ASIDE)),
            shutdown: shutdown.clone(),
        };
        shutdown.spawn(sender.run());
        shutdown.spawn(watch(delivery.clone(), *channel, shutdown.clone()));
    }
}

async fn watch(delivery: Delivery, channel: Channel, shutdown: Shutdown) {
    while shutdown.pause(WATCH).await {
        delivery.measure(channel).await;
    }
}

#[derive(Clone)]
struct Sender {
    channel: Channel,
    delivery: Delivery,
    places: Arc<Semaphore>,
    aside: Arc<Semaphore>,
    shutdown: Shutdown,
}

impl Sender {
    async fn run(self) {
        let mut tidied = None;
        let mut failing = false;
        while !self.shutdown.is_requested() {
            let looked = Instant::now();
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
            sleep_until(looked + PAUSE).await;
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
        for claim in self.delivery.claim(self.channel, free).await? {
            let place = self.places.clone().acquire_owned().await.expect("places are never closed");
            self.shutdown.spawn(self.clone().attempt(claim, place));
        }
        Ok(())
    }

    /// Has `place` while the message is not slow, and longer when there is no room aside.
    async fn attempt(self, claim: Claim, place: OwnedSemaphorePermit) {
        let mut attempt = pin!(self.delivery.attempt(claim));
        if timeout(SLOW, &mut attempt).await.is_err() {
            tokio::select! {
                () = &mut attempt => {}
                _aside = self.aside.acquire() => {
                    drop(place);
                    self.delivery.wake(self.channel);
                    return attempt.await;
                }
            }
        }
        drop(place);
        self.delivery.wake(self.channel);
    }

    async fn wait(&self, tidied: Option<Instant>) {
        let next = tidied.unwrap_or_else(Instant::now) + POLL;
        tokio::select! {
            () = self.delivery.woken(self.channel) => {}
            () = sleep_until(next) => {}
            () = self.shutdown.requested() => {}
        }
    }
}
