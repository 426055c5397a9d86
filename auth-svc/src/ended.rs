//! Sessions that ended while access tokens of theirs are in force, told to every process that verifies such tokens.
use crate::error::Error;
use crate::store::Store;
use futures::stream::{self, BoxStream, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use platform::shutdown::Shutdown;
use proto::ids::SessionId;
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::watch;

/// How much longer than it lives a token may be taken for valid: the leeway of whoever verifies it, and clocks that
/// differ.
const LEEWAY: SignedDuration = SignedDuration::from_mins(2);

pub type Sessions = Arc<HashSet<SessionId>>;

#[derive(Clone)]
pub struct Ended {
    store: Store,
    token_life: SignedDuration,
    latest: watch::Sender<Sessions>,
}

impl Ended {
    pub fn new(store: Store, token_life: SignedDuration) -> Self {
        Self { store, token_life, latest: watch::Sender::default() }
    }

    /// Looks which sessions have ended, wherever that was done, and tells all who watch when there is another.
    pub async fn look(&self, now: Timestamp) -> Result<(), Error> {
        let since = now.saturating_sub(self.token_life + LEEWAY).unwrap_or(Timestamp::MIN);
        let ended = self.store.connection().await?.list_ended_sessions(since).await?;
        self.latest.send_if_modified(|latest| {
            let is_news = !ended.is_subset(latest);
            // Those that nobody has to know of any more are dropped in silence.
            *latest = Arc::new(ended);
            is_news
        });
        Ok(())
    }

    /// All of them as of now, and all of them again after each that ends, until shutdown is requested.
    pub async fn watch(
        &self,
        now: Timestamp,
        shutdown: Shutdown,
    ) -> Result<BoxStream<'static, Sessions>, Error> {
        let mut receiver = self.latest.subscribe();
        self.look(now).await?;
        receiver.mark_changed();
        let told = stream::unfold(receiver, |mut receiver| async {
            receiver.changed().await.ok()?;
            let sessions = receiver.borrow_and_update().clone();
            Some((sessions, receiver))
        });
        Ok(told.take_until(async move { shutdown.requested().await }).boxed())
    }
}
