//! Use cases of those who forgot their password.
//!
//! Who asks is answered before anybody looks whether there is such an account, so that neither the answer nor the time
//! it takes tells. What was asked is worked off in the background, by whichever replica comes first.
use crate::domain::{Login, Purpose};
use crate::error::Error;
use crate::mailing::Mailing;
use crate::store::Store;
use jiff::Timestamp;
use platform::clock::Clock;
use platform::shutdown::Shutdown;
use proto::scalars::Email;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// How often it is looked for requests although nobody woke us: another replica may have died with some left.
const POLL: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub struct Resets {
    store: Store,
    mailing: Mailing,
    woken: Arc<Notify>,
}

impl Resets {
    pub fn new(store: Store, mailing: Mailing) -> Self {
        Self { store, mailing, woken: Arc::default() }
    }

    /// Writes down that whoever has `email` wants another password, if anybody has it.
    pub async fn request(&self, email: &Email, now: Timestamp) -> Result<(), Error> {
        self.store.connection().await?.note_reset_request(email.as_str(), now).await?;
        self.woken.notify_one();
        Ok(())
    }

    /// Sends a link to the owner of one address that was written down; false when none was.
    pub async fn answer_one(&self, now: Timestamp) -> Result<bool, Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let Some(email) = tx.take_reset_request().await? else { return Ok(false) };
        let found = match Email::try_from(email) {
            Ok(email) => tx.find_login(&Login::Email(email)).await?,
            Err(_) => None,
        };
        if let Some((user, _)) = found
            && let Some(user) = tx.find_and_lock_user(user.id).await?
            && user.may_use(Purpose::PasswordReset)
        {
            self.mailing.issue(&tx, Purpose::PasswordReset, user.id, now).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Answers what was asked, until shutdown is requested.
    pub async fn work(self, clock: Clock, shutdown: Shutdown) {
        while !shutdown.is_requested() {
            match self.answer_one(clock.now()).await {
                Ok(true) => {}
                Ok(false) => {
                    tokio::select! {
                        () = self.woken.notified() => {}
                        _ = shutdown.pause(POLL) => {}
                    }
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "could not answer who forgot a password"
                    );
                    shutdown.pause(POLL).await;
                }
            }
        }
    }
}
