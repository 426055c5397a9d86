//! Sessions and their refresh tokens.
use super::{Connection, Error, Tx};
use crate::domain::{Acting, Session, UserAgent};
use crate::tokens::RefreshToken;
use jiff::Timestamp;
use proto::ids::{PatientId, ProxyId, SessionId, UserId};
use std::collections::HashSet;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use tracing::instrument;
use uuid::Uuid;

const INSERT: &str = "
    INSERT INTO auth.sessions (id, user_id, started_at, used_at, idles_at, expires_at, user_agent, has_second_factor,
            proxy_id, acting_for)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

const FIND_AND_LOCK: &str = "
    SELECT id, user_id, started_at, used_at, idles_at, expires_at, ended_at, user_agent,
           has_second_factor, proxy_id, acting_for
      FROM auth.sessions
     WHERE id = $1
       FOR UPDATE";

const LIST_OPEN: &str = "
    SELECT id, user_id, started_at, used_at, idles_at, expires_at, ended_at, user_agent,
           has_second_factor, proxy_id, acting_for
      FROM auth.sessions
     WHERE user_id = $1 AND ended_at IS NULL AND idles_at > $2 AND expires_at > $2
       AND ($3::uuid IS NULL OR id < $3)
     ORDER BY id DESC
     LIMIT $4";

const PROLONG: &str = "UPDATE auth.sessions SET used_at = $2, idles_at = $3 WHERE id = $1";

const SET_SECOND_FACTOR: &str = "UPDATE auth.sessions SET has_second_factor = $2 WHERE id = $1";

const END: &str = "UPDATE auth.sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL";

const END_OWN: &str = "
    UPDATE auth.sessions SET ended_at = coalesce(ended_at, $3) WHERE id = $1 AND user_id = $2";

const END_ALL: &str = "
    UPDATE auth.sessions
       SET ended_at = $2
     WHERE user_id = $1 AND ended_at IS NULL AND id IS DISTINCT FROM $3";

/// All but the latest.
const END_OLDEST: &str = "
    UPDATE auth.sessions
       SET ended_at = $2
     WHERE id IN (
        SELECT id FROM auth.sessions
         WHERE user_id = $1 AND ended_at IS NULL
         ORDER BY started_at DESC, id DESC OFFSET $3)";

/// As `users::FIND_IN_SESSION` has it.
const IS_OPEN: &str = "
    SELECT EXISTS (
        SELECT
          FROM auth.sessions
          JOIN auth.users ON users.id = sessions.user_id
         WHERE sessions.id = $1 AND sessions.user_id = $2 AND sessions.ended_at IS NULL AND users.is_active
    )";

/// Tokens of programs have the id of the program for a session.
const LIST_ENDED: &str = "
    SELECT id FROM auth.sessions WHERE ended_at > $1
     UNION ALL
    SELECT id FROM auth.api_clients WHERE disabled_at > $1";

/// An array, so that the choice is made once, whatever the plan. Other replicas delete others meanwhile.
const DELETE_EXPIRED: &str = "
    DELETE FROM auth.sessions
     WHERE id = ANY (ARRAY(
        SELECT id
          FROM auth.sessions
         WHERE expires_at < $1
         ORDER BY expires_at
         LIMIT $2
           FOR UPDATE SKIP LOCKED))";

const INSERT_TOKEN: &str = "INSERT INTO auth.refresh_tokens (digest, session_id) VALUES ($1, $2)";

const FIND_TOKEN: &str = "
    SELECT spent_at IS NOT NULL AS spent
      FROM auth.refresh_tokens
     WHERE digest = $1 AND session_id = $2";

const SPEND: &str = "UPDATE auth.refresh_tokens SET spent_at = $2 WHERE digest = $1";

impl Connection {
    /// Whether `session_id` is a session of `user_id` that was not ended, and the account is active.
    #[instrument(name = "db.session.is_open", skip_all, fields(session.id = %session_id))]
    pub async fn session_is_open(&self, session_id: SessionId, user_id: UserId) -> Result<bool, Error> {
        let statement = self.0.prepare_cached(IS_OPEN).await?;
        Ok(self.0.query_one(&statement, &[&session_id.0, &user_id.0]).await?.try_get(0)?)
    }

    /// The sessions of `user_id` that are not over, newest first, from the one after `last`.
    #[instrument(name = "db.session.list_open", skip_all, fields(user.id = %user_id))]
    pub async fn list_open_sessions(
        &self,
        user_id: UserId,
        last: Option<SessionId>,
        limit: i64,
        now: Timestamp,
    ) -> Result<Vec<Session>, Error> {
        let statement = self.0.prepare_cached(LIST_OPEN).await?;
        let last = last.map(|id| id.0);
        let rows = self.0.query(&statement, &[&user_id.0, &now, &last, &limit]).await?;
        rows.iter().map(Session::try_from).collect()
    }

    /// Those that ended after `then`. Asked every second, so it is no span of every trace.
    #[instrument(level = "trace", name = "db.session.list_ended", skip_all)]
    pub async fn list_ended_sessions(&self, then: Timestamp) -> Result<HashSet<SessionId>, Error> {
        let statement = self.0.prepare_cached(LIST_ENDED).await?;
        let rows = self.0.query(&statement, &[&then]).await?;
        rows.iter().map(|row| Ok(SessionId(row.try_get("id")?))).collect()
    }

    /// Forgets at most `limit` sessions that expired before `then`, with their tokens.
    #[instrument(name = "db.session.delete_expired", skip_all)]
    pub async fn delete_sessions_expired_before(&self, then: Timestamp, limit: u32) -> Result<u64, Error> {
        let statement = self.0.prepare_cached(DELETE_EXPIRED).await?;
        Ok(self.0.execute(&statement, &[&then, &i64::from(limit)]).await?)
    }
}

impl Tx<'_> {
    #[instrument(name = "db.session.insert", skip_all, fields(session.id = %session.id))]
    pub async fn insert_session(&self, session: &Session) -> Result<(), Error> {
        let statement = self.0.prepare_cached(INSERT).await?;
        let Session {
            id,
            user_id,
            started_at,
            used_at,
            idles_at,
            expires_at,
            ended_at: _,
            user_agent,
            has_second_factor,
            acting,
        } = session;
        let (proxy_id, acting_for) = acting.map(|acting| (acting.proxy_id.0, acting.patient_id.0)).unzip();
        let user_agent = user_agent.as_ref().map(UserAgent::as_str);
        let columns: [&(dyn ToSql + Sync); 10] = [
            &id.0,
            &user_id.0,
            started_at,
            used_at,
            idles_at,
            expires_at,
            &user_agent,
            has_second_factor,
            &proxy_id,
            &acting_for,
        ];
        self.0.execute(&statement, &columns).await?;
        Ok(())
    }

    /// Nobody else changes it until the end of the transaction.
    #[instrument(name = "db.session.find_and_lock", skip_all, fields(session.id = %id))]
    pub async fn find_and_lock_session(&self, id: SessionId) -> Result<Option<Session>, Error> {
        let statement = self.0.prepare_cached(FIND_AND_LOCK).await?;
        self.0.query_opt(&statement, &[&id.0]).await?.as_ref().map(Session::try_from).transpose()
    }

    #[instrument(name = "db.session.prolong", skip_all, fields(session.id = %session.id))]
    pub async fn prolong_session(&self, session: &Session) -> Result<(), Error> {
        let statement = self.0.prepare_cached(PROLONG).await?;
        self.0.execute(&statement, &[&session.id.0, &session.used_at, &session.idles_at]).await?;
        Ok(())
    }

    #[instrument(name = "db.session.end", skip_all, fields(session.id = %id))]
    pub async fn end_session(&self, id: SessionId, now: Timestamp) -> Result<(), Error> {
        let statement = self.0.prepare_cached(END).await?;
        self.0.execute(&statement, &[&id.0, &now]).await?;
        Ok(())
    }

    /// Whether `id` is a session of `user_id`; it is over then.
    #[instrument(name = "db.session.end_own", skip_all, fields(session.id = %id))]
    pub async fn end_session_of(
        &self,
        id: SessionId,
        user_id: UserId,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let statement = self.0.prepare_cached(END_OWN).await?;
        Ok(self.0.execute(&statement, &[&id.0, &user_id.0, &now]).await? == 1)
    }

    /// Notes whether its owner has shown a code.
    #[instrument(name = "db.session.set_second_factor", skip_all, fields(session.id = %id))]
    pub async fn set_second_factor(&self, id: SessionId, shown: bool) -> Result<(), Error> {
        let statement = self.0.prepare_cached(SET_SECOND_FACTOR).await?;
        self.0.execute(&statement, &[&id.0, &shown]).await?;
        Ok(())
    }

    /// Whoever has begun to log in does not go on.
    #[instrument(name = "db.session.end_all", skip_all, fields(user.id = %user_id))]
    pub async fn end_sessions_of(
        &self,
        user_id: UserId,
        but: Option<SessionId>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let statement = self.0.prepare_cached(END_ALL).await?;
        self.0.execute(&statement, &[&user_id.0, &now, &but.map(|id| id.0)]).await?;
        self.delete_challenges_of(user_id).await
    }

    /// Ends all sessions of an account but the latest `most`.
    #[instrument(name = "db.sessions.end_oldest", skip_all, fields(user.id = %user_id))]
    pub async fn end_oldest_sessions(&self, user_id: UserId, most: i64, now: Timestamp) -> Result<(), Error> {
        let statement = self.0.prepare_cached(END_OLDEST).await?;
        self.0.execute(&statement, &[&user_id.0, &now, &most]).await?;
        Ok(())
    }

    #[instrument(name = "db.refresh_token.insert", skip_all, fields(session.id = %token.session_id))]
    pub async fn insert_refresh_token(&self, token: &RefreshToken) -> Result<(), Error> {
        let statement = self.0.prepare_cached(INSERT_TOKEN).await?;
        self.0.execute(&statement, &[&token.digest(), &token.session_id.0]).await?;
        Ok(())
    }

    /// Whether `token` is spent; none when its session has no such token.
    #[instrument(name = "db.refresh_token.find", skip_all, fields(session.id = %token.session_id))]
    pub async fn refresh_token_is_spent(&self, token: &RefreshToken) -> Result<Option<bool>, Error> {
        let statement = self.0.prepare_cached(FIND_TOKEN).await?;
        let row = self.0.query_opt(&statement, &[&token.digest(), &token.session_id.0]).await?;
        Ok(row.map(|row| row.try_get("spent")).transpose()?)
    }

    #[instrument(name = "db.refresh_token.spend", skip_all, fields(session.id = %token.session_id))]
    pub async fn spend_refresh_token(&self, token: &RefreshToken, now: Timestamp) -> Result<(), Error> {
        let statement = self.0.prepare_cached(SPEND).await?;
        self.0.execute(&statement, &[&token.digest(), &now]).await?;
        Ok(())
    }
}

impl TryFrom<&Row> for Session {
    type Error = Error;

    fn try_from(row: &Row) -> Result<Self, Error> {
        let started_at: Timestamp = row.try_get("started_at")?;
        let used_at: Option<Timestamp> = row.try_get("used_at")?;
        let user_agent: Option<&str> = row.try_get("user_agent")?;
        let proxy_id: Option<Uuid> = row.try_get("proxy_id")?;
        let acting_for: Option<Uuid> = row.try_get("acting_for")?;
        let acting = proxy_id.map(ProxyId).zip(acting_for.map(PatientId));
        Ok(Self {
            id: SessionId(row.try_get("id")?),
            user_id: UserId(row.try_get("user_id")?),
            started_at,
            used_at: used_at.unwrap_or(started_at),
            idles_at: row.try_get("idles_at")?,
            expires_at: row.try_get("expires_at")?,
            ended_at: row.try_get("ended_at")?,
            user_agent: user_agent.and_then(UserAgent::parse),
            has_second_factor: row.try_get("has_second_factor")?,
            acting: acting.map(|(proxy_id, patient_id)| Acting { proxy_id, patient_id }),
        })
    }
}
