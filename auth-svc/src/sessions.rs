//! Use cases on sessions: begin, refresh, log out, see and end those that are open.
use crate::config::Lifetimes;
use crate::domain::{Proxy, Session, Start, User};
use crate::error::Error;
use crate::keyring::Keyring;
use crate::store::{Store, Tx};
use crate::tokens::{RefreshToken, TokenPair, access_token};
use jiff::{SignedDuration, Timestamp};
use platform::audit::Entry;
use platform::caller::{self, Role};
use platform::shutdown::Shutdown;
use proto::access::Scopes;
use proto::ids::{SessionId, UserId};
use std::sync::Arc;

/// Expired sessions are kept for this long: access tokens made at their end are still looked up.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Most sessions that are forgotten by one statement: each may have thousands of tokens, and the database ends
/// a statement that takes too long.
const BATCH: u32 = 100;

/// A session with the refresh token that is its next.
pub struct Begun {
    user: User,
    session: Session,
    /// By what the user acts for somebody else.
    proxy: Option<Proxy>,
    refresh: RefreshToken,
}

#[derive(Clone)]
pub struct Sessions {
    store: Store,
    keyring: Arc<Keyring>,
    lifetimes: Lifetimes,
    /// Roles whose owners must have one.
    needs_second_factor: Vec<String>,
}

/// Sessions of one account that are open at once, at most.
const MOST_SESSIONS: i64 = 50;

impl Sessions {
    pub fn new(
        store: Store,
        keyring: Arc<Keyring>,
        lifetimes: Lifetimes,
        needs_second_factor: Vec<String>,
    ) -> Self {
        Self { store, keyring, lifetimes, needs_second_factor }
    }

    /// A session of `user`, who has just proven who they are, and is locked.
    pub async fn begin(
        &self,
        tx: &Tx<'_>,
        user: &User,
        start: Start,
        now: Timestamp,
    ) -> Result<Begun, Error> {
        let proxy = start.proxy.clone();
        let session = Session::start(user, start, &self.lifetimes, now);
        let refresh = RefreshToken::new(session.id)?;
        tx.insert_session(&session).await?;
        tx.insert_refresh_token(&refresh).await?;
        // Every process is told of those that end: one account must not make a flood of them.
        tx.end_oldest_sessions(user.id, MOST_SESSIONS, now).await?;
        let owner = caller::User::new(user.id, session.id, user.role);
        let acting_for = proxy.as_ref().map(|proxy| proxy.patient_id.0);
        tx.note(on_session("log_in", session.id).of([user.id.0]).of(acting_for).by(owner));
        tracing::info!(user.id = %user.id, session.id = %session.id, "logged in");
        Ok(Begun { user: user.clone(), session, proxy, refresh })
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
        let proxy = match session.acting {
            // Not locked: whoever withdraws it ends this session after us.
            Some(acting) => {
                let proxy = tx.find_proxy(acting.proxy_id).await?.filter(|proxy| proxy.is_in_force(now));
                Some(proxy.ok_or(Error::RefreshTokenInvalid)?)
            }
            None => None,
        };
        let session = session.resumed(&user, &self.lifetimes, now).ok_or(Error::RefreshTokenInvalid)?;
        let next = RefreshToken::new(session.id)?;
        tx.spend_refresh_token(token, now).await?;
        tx.insert_refresh_token(&next).await?;
        tx.prolong_session(&session).await?;
        tx.commit().await?;
        self.pair(Begun { user, session, proxy, refresh: next }, now)
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
            return Err(Error::SessionNotFound);
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

    /// As whom tokens of `session` let `user` in.
    fn caller(&self, user: &User, session: &Session, proxy: Option<&Proxy>) -> caller::User {
        let own = caller::User::new(user.id, session.id, user.role);
        match proxy {
            Some(proxy) => caller::User {
                role: Role::Patient(proxy.patient_id),
                scopes: Scopes::parse(&proxy.scopes()),
                acting: true,
                ..own
            },
            None if session.lacks_second_factor(user.role, &self.needs_second_factor) => {
                caller::User { scopes: Scopes::parse(caller::ENROLMENT), ..own }
            }
            None => own,
        }
    }

    /// The tokens of a session, once it is stored.
    pub fn pair(&self, begun: Begun, now: Timestamp) -> Result<TokenPair, Error> {
        let Begun { user, session, proxy, refresh } = begun;
        let keys = self.keyring.current();
        let life = self.lifetimes.access_token_life;
        let caller = self.caller(&user, &session, proxy.as_ref());
        let access = access_token(keys.signing(now), caller, &session, life, now)?;
        Ok(TokenPair { access, refresh })
    }
}

fn on_session(action: &'static str, id: SessionId) -> Entry {
    Entry::new(action, "session").ids([id.0])
}
