//! One replica of a service, and how it does: whoever gets no answer from it asks it, and tells the others.
use super::connection::{CONNECT, channel, never_begun};
use http::{Request, Response};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tonic::body::Body;
use tonic::transport::{Channel, Error};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tower::Service as _;

/// A call that has waited for this long makes the replica suspect.
const SUSPECT: Duration = Duration::from_secs(1);
/// Time that a suspect has to say that it lives.
const ANSWER: Duration = Duration::from_secs(1);
/// Pauses before it is asked again grow from the first to the last, each shorter by up to half, by chance: those who lost
/// it together do not come back together.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(2)];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// As far as is known.
    Well,
    /// It could not be reached, or hung up: others go first.
    Away,
    /// It takes connections or calls and does not answer: nothing is sent to it.
    Silent,
}

/// What became of a call, besides an answer.
pub(super) enum Failure {
    /// The replica has certainly done nothing about it.
    NeverBegun(Error),
    /// The replica may have done what it was asked.
    Broken(Error),
    /// The replica does not even say that it lives; it may have done what it was asked.
    Silent,
}

pub(super) struct Replica {
    service: &'static str,
    pub(super) address: SocketAddr,
    channel: RwLock<Channel>,
    state: watch::Sender<State>,
    is_asked: AtomicBool,
}

impl Replica {
    pub(super) fn new(service: &'static str, address: SocketAddr) -> Result<Arc<Self>, Error> {
        let channel = RwLock::new(channel(service, address)?);
        Ok(Arc::new(Self {
            service,
            address,
            channel,
            state: watch::Sender::new(State::Well),
            is_asked: AtomicBool::new(false),
        }))
    }

    pub(super) fn state(&self) -> State {
        *self.state.borrow()
    }

    /// Its answer, however long that takes as long as it says that it lives.
    pub(super) async fn call(self: &Arc<Self>, request: Request<Body>) -> Result<Response<Body>, Failure> {
        let mut channel = self.channel();
        let answer = async move {
            std::future::poll_fn(|cx| channel.poll_ready(cx)).await?;
            channel.call(request).await
        };
        let mut answer = std::pin::pin!(answer);
        let answer = match timeout(SUSPECT, &mut answer).await {
            Ok(answer) => answer,
            Err(_late) => {
                self.doubt(State::Well);
                let mut states = self.state.subscribe();
                tokio::select! {
                    answer = answer => answer,
                    // The sender is `self`.
                    _ = states.wait_for(|state| *state == State::Silent) => return Err(Failure::Silent),
                }
            }
        };
        match answer {
            Ok(response) => {
                if self.state() != State::Well {
                    self.state.send_replace(State::Well);
                }
                Ok(response)
            }
            Err(error) => {
                self.doubt(State::Away);
                Err(if never_begun(&error) { Failure::NeverBegun(error) } else { Failure::Broken(error) })
            }
        }
    }

    /// Takes it for `state` until it says that it lives, which it is asked now.
    fn doubt(self: &Arc<Self>, state: State) {
        if self.state() == State::Well {
            self.state.send_replace(state);
        }
        if self.is_asked.swap(true, Relaxed) {
            return;
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "it changes nothing, and ends with the last who may call"
        )]
        tokio::spawn(ask(Arc::downgrade(self)));
    }

    fn channel(&self) -> Channel {
        self.channel.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Forgets the connection: what waits on it would wait for ever.
    fn reconnect(&self) {
        if let Ok(fresh) = channel(self.service, self.address) {
            *self.channel.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        }
    }
}

/// Asks a replica whether it lives until it does, or nobody needs it any more.
async fn ask(replica: Weak<Replica>) {
    let [mut pause, longest] = PAUSES;
    loop {
        let Some(asked) = replica.upgrade() else { return };
        let mut health = HealthClient::new(asked.channel());
        let since = Instant::now();
        match timeout(ANSWER, health.check(HealthCheckRequest::default())).await {
            Ok(Ok(_)) => {
                asked.is_asked.store(false, Relaxed);
                if asked.state.send_replace(State::Well) != State::Well {
                    tracing::info!(service = asked.service, "a replica answers again");
                }
                return;
            }
            found => {
                // Whoever is gone says so at once; what is frozen still has its connections accepted by the kernel.
                let is_late = found.is_err() || since.elapsed() >= CONNECT;
                let state = if is_late { State::Silent } else { State::Away };
                if asked.state.send_replace(state) != state {
                    tracing::warn!(service = asked.service, ?state, "a replica does not answer");
                }
                asked.reconnect();
            }
        }
        drop(asked);
        sleep(shortened(pause)).await;
        pause = (pause * 2).min(longest);
    }
}

/// By up to half, by chance.
fn shortened(pause: Duration) -> Duration {
    let mut chance = [0];
    // Without chance all come back at once, which they survive.
    let _ = aws_lc_rs::rand::fill(&mut chance);
    pause.saturating_sub(pause * u32::from(chance[0]) / 512)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_shortened_by_up_to_half() {
        let pauses: Vec<_> = (0..200).map(|_| shortened(Duration::from_secs(2))).collect();
        assert!(pauses.iter().all(|pause| (1.0..=2.0).contains(&pause.as_secs_f64())), "{pauses:?}");
        assert!(pauses.iter().any(|pause| *pause != pauses[0]));
    }
}
