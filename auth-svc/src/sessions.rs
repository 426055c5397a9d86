//! Use cases on sessions: log in, refresh, log out, see and end those that are open.
use crate::config::Lifetimes;
use crate::domain::{Login, Pending, Purpose, Session, User, UserAgent};
use crate::error::Error;
use crate::keyring::Keyring;
use crate::mailing::Mailing;
use crate::passwords::{Hash, Passwords};
use crate::store::{Store, Tx};
use crate::tokens::{RefreshToken, TokenPair, access_token};
use jiff::{SignedDuration, Timestamp};
use platform::audit::Entry;
use platform::caller;
use platform::shutdown::Shutdown;
use proto::ids::{SessionId, UserId};
use secrecy::SecretString;
use std::sync::Arc;

/// Expired sessions are kept for this long: access tokens made at their end are still looked up.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Most sessions that are forgotten by one statement: each may have thousands of tokens, and the database ends
/// a statement that takes too long.
const BATCH: u32 = 100;

#[derive(Clone)]
pub struct Sessions {
    store: Store,
    passwords: Arc<Passwords>,
    keyring: Arc<Keyring>,
    mailing: Mailing,
    lifetimes: Lifetimes,
}

/// Sessions of one account that are open at once, at most.
const MOST_SESSIONS: i64 = 50;

impl Sessions {
    pub fn new(
        store: Store,
        passwords: Arc<Passwords>,
        keyring: Arc<Keyring>,
        mailing: Mailing,
        lifetimes: Lifetimes,
    ) -> Self {
        Self { store, passwords, keyring, mailing, lifetimes }
    }

    /// `login` is none for a name that no account can have. Whatever is wrong, the same work is done and
    /// the same answer given.
    pub async fn log_in(
        &self,
        login: Option<Login>,
        password: SecretString,
        user_agent: Option<UserAgent>,
        now: Timestamp,
    ) -> Result<TokenPair, Error> {
        let found = match &login {
            Some(login) => self.store.connection().await?.find_login(login).await?,
            None => None,
        };
        let (id, hash) = found.map(|(user, hash)| (user.id, hash)).unzip();
        let outcome = self.enter(id, hash, password, user_agent, now).await;
        if let Err(Error::InvalidCredentials) = outcome {
            let id: Option<UserId> = id;
            let id = id.map(|id| id.0);
            let refused = Entry::new("log_in", "account").ids(id).of(id).denied("INVALID_CREDENTIALS");
            self.store.connection().await?.note(refused).await?;
        }
        outcome
    }

    /// Logs in to account `id` whose password is `hash`, if there is one.
    async fn enter(
        &self,
        id: Option<UserId>,
        hash: Option<Hash>,
        password: SecretString,
        user_agent: Option<UserAgent>,
        now: Timestamp,
    ) -> Result<TokenPair, Error> {
        // No connection is held meanwhile.
        let verified = self.passwords.verify(password, hash.clone()).await?;
        let (id, hash) = id.zip(hash).filter(|_| verified).ok_or(Error::InvalidCredentials)?;

        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        // Locked, so that an account that is being disabled gets no session that outlives that.
        let user = tx.find_and_lock_user(id).await?.filter(|user| user.is_active);
        let user = user.ok_or(Error::InvalidCredentials)?;
        // Changed meanwhile, a password gives no session that outlives the change.
        if !tx.has_password(id, &hash).await? {
            return Err(Error::InvalidCredentials);
        }
        match user.pending {
            None => {}
            Some(Pending::Invitation) => return Err(Error::InvalidCredentials),
            Some(Pending::EmailVerification) => {
                self.remind(tx, id, now).await?;
                return Err(Error::EmailUnverified);
            }
        }
        let session = Session::start(&user, user_agent, &self.lifetimes, now);
        let refresh = RefreshToken::new(session.id)?;
        tx.insert_session(&session).await?;
        tx.insert_refresh_token(&refresh).await?;
        // Every process is told of those that end: one account must not make a flood of them.
        tx.end_oldest_sessions(id, MOST_SESSIONS, now).await?;
        let owner = caller::User::new(id, session.id, user.role);
        tx.note(on_session("log_in", session.id).of([id.0]).by(owner));
        tx.commit().await?;
        tracing::info!(user.id = %id, session.id = %session.id, "logged in");
        self.pair(&user, &session, refresh, now)
    }

    /// Sends whoever knows the password and has not proven the address another link, once the one before is too old.
    async fn remind(&self, tx: Tx<'_>, user: UserId, now: Timestamp) -> Result<(), Error> {
        if !tx.has_open_token(Purpose::EmailVerification, user.0, now).await? {
            self.mailing.issue(&tx, Purpose::EmailVerification, user, now).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Spends `token` for a new pair. Using it once more ends the session: one of the two users stole it.
    pub async fn refresh(&self, token: &RefreshToken, now: Timestamp) -> Result<TokenPair, Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let session = tx.find_and_lock_session(token.session_id).await?;
        let session = session.ok_or(Error::RefreshTokenInvalid)?;
        // A wrong secret proves nothing and must not end the session: ids are no secrets.
        let spent = tx.refresh_token_is_spent(token).await?.ok_or(Error::RefreshTokenInvalid)?;
        if spent {
            tx.end_session(session.id, now).await?;
            tx.note(on_session("refresh", session.id).of([session.user_id.0]).denied("REFRESH_TOKEN_REUSED"));
            tx.commit().await?;
            tracing::warn!(user.id = %session.user_id, session.id = %session.id, "a refresh token was used twice");
            return Err(Error::RefreshTokenReused);
        }
        let user = tx.find_user(session.user_id).await?.ok_or(Error::RefreshTokenInvalid)?;
        let session = session.resumed(&user, &self.lifetimes, now).ok_or(Error::RefreshTokenInvalid)?;
        let next = RefreshToken::new(session.id)?;
        tx.spend_refresh_token(token, now).await?;
        tx.insert_refresh_token(&next).await?;
        tx.prolong_session(&session).await?;
        tx.commit().await?;
        self.pair(&user, &session, next, now)
    }

    /// Ends the session of `token`, spent or not. Says nothing about tokens that do not exist.
    pub async fn log_out(&self, token: &RefreshToken, now: Timestamp) -> Result<(), Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        if tx.refresh_token_is_spent(token).await?.is_some() {
            tx.end_session(token.session_id, now).await?;
            tx.note(on_session("log_out", token.session_id));
            tx.commit().await?;
            tracing::info!(session.id = %token.session_id, "logged out");
        }
        Ok(())
    }

    /// The caller's sessions that are open, newest first, from the one after `last`.
    pub async fn open(
        &self,
        caller: &caller::User,
        last: Option<SessionId>,
        limit: i64,
        now: Timestamp,
    ) -> Result<Vec<Session>, Error> {
        Ok(self.store.connection().await?.list_open_sessions(caller.id, last, limit, now).await?)
    }

    /// Ends a session of the caller, whether it has ended already or not.
    pub async fn end(&self, caller: &caller::User, id: SessionId, now: Timestamp) -> Result<(), Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let is_own = tx.end_session_of(id, caller.id, now).await?;
        if !is_own {
            return Err(Error::SessionNotFound(id));
        }
        tx.note(on_session("end", id).of([caller.id.0]));
        tx.commit().await?;
        tracing::info!(user.id = %caller.id, session.id = %id, "ended a session");
        Ok(())
    }

    /// Ends every session of `user_id`; `by` is who wants that.
    pub async fn end_all(&self, by: &caller::User, user_id: UserId, now: Timestamp) -> Result<(), Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        // Locked, so that nobody who is logging in gets a session that outlives this.
        tx.find_and_lock_user(user_id).await?.ok_or(Error::UserNotFound(user_id))?;
        tx.end_sessions_of(user_id, None, now).await?;
        tx.note(Entry::new("end_all", "session").of([user_id.0]));
        tx.commit().await?;
        tracing::info!(user.id = %user_id, by.id = %by.id, "ended all sessions");
        Ok(())
    }

    /// Forgets expired sessions, a batch at a time, until none is left or shutdown is requested.
    pub async fn forget_expired(&self, now: Timestamp, shutdown: &Shutdown) -> Result<(), Error> {
        let connection = self.store.connection().await?;
        let mut forgotten = 0;
        while !shutdown.is_requested() {
            let batch = connection.delete_sessions_expired_before(now - KEPT_FOR, BATCH).await?;
            forgotten += batch;
            if batch < u64::from(BATCH) {
                break;
            }
        }
        if forgotten > 0 {
            tracing::info!(sessions = forgotten, "forgot expired sessions");
        }
        Ok(())
    }

    fn pair(
        &self,
        user: &User,
        session: &Session,
        refresh: RefreshToken,
        now: Timestamp,
    ) -> Result<TokenPair, Error> {
        let keys = self.keyring.current();
        let life = self.lifetimes.access_token_life;
        let access = access_token(keys.signing(now), user, session, life, now)?;
        Ok(TokenPair { access, refresh })
    }
}

fn on_session(action: &'static str, id: SessionId) -> Entry {
    Entry::new(action, "session").ids([id.0])
}
