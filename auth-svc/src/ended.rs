//! What makes access tokens void before they expire, told to every process that verifies them: sessions that have
//! ended, and keys that are not in force any more.
use crate::error::Error;
use crate::keyring::Keyring;
use crate::keys::KeySet;
use crate::store::Store;
use futures::stream::{self, BoxStream, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use platform::shutdown::Shutdown;
use proto::ids::SessionId;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How much longer than it lives a token may be taken for valid after its session has ended: the leeway of whoever verifies it,
/// and four clocks that are wrong by five minutes, of who issued it, ended the session, tells of it, and verifies.
const LEEWAY: SignedDuration = SignedDuration::from_mins(21);

/// All is told again after this long: whoever asked another replica for keys, which had not heard of a revocation yet,
/// knows better then.
const REPEAT: Duration = Duration::from_secs(20);

pub type Sessions = Arc<HashSet<SessionId>>;

/// What is told.
pub struct Told {
    pub sessions: Sessions,
    pub keys: Arc<KeySet>,
}

#[derive(Clone)]
pub struct Ended {
    store: Store,
    token_life: SignedDuration,
    keyring: Arc<Keyring>,
    latest: watch::Sender<Sessions>,
}

impl Ended {
    pub fn new(store: Store, token_life: SignedDuration, keyring: Arc<Keyring>) -> Self {
        Self { store, token_life, keyring, latest: watch::Sender::default() }
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

    /// All as of now, and all again after each change and from time to time, until shutdown is requested.
    pub async fn watch(&self, now: Timestamp, shutdown: Shutdown) -> Result<BoxStream<'static, Told>, Error> {
        let (mut sessions, keys) = (self.latest.subscribe(), self.keyring.watch());
        self.look(now).await?;
        sessions.mark_changed();
        let told = stream::unfold((sessions, keys), |(mut sessions, mut keys)| async {
            tokio::select! {
                changed = sessions.changed() => changed.ok()?,
                changed = keys.changed() => changed.ok()?,
                () = tokio::time::sleep(REPEAT) => {}
            }
            let told = Told {
                sessions: sessions.borrow_and_update().clone(),
                keys: keys.borrow_and_update().clone(),
            };
            Some((told, (sessions, keys)))
        });
        Ok(told.take_until(async move { shutdown.requested().await }).boxed())
    }
}
