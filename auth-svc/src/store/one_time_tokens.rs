//! Tokens that work once.
use super::{Connection, Error, Tx};
use crate::domain::{Minted, OneTimeToken, Purpose};
use jiff::Timestamp;
use proto::ids::{OneTimeTokenId, UserId};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use tracing::instrument;
use uuid::Uuid;

/// The one before, if it was not used, is none any more.
const REPLACE: &str = "
    INSERT INTO auth.one_time_tokens (id, kind, subject_id, digest, nonce, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (kind, subject_id) WHERE used_at IS NULL DO UPDATE
       SET id = excluded.id, digest = excluded.digest, nonce = excluded.nonce,
           created_at = excluded.created_at, expires_at = excluded.expires_at";

const FIND: &str = "
    SELECT subject_id
      FROM auth.one_time_tokens
     WHERE kind = $1 AND digest = $2 AND used_at IS NULL AND expires_at > $3";

const SPEND: &str = "
    UPDATE auth.one_time_tokens
       SET used_at = $3
     WHERE kind = $1 AND digest = $2 AND used_at IS NULL AND expires_at > $3
 RETURNING subject_id";

const VOID: &str = "
    DELETE FROM auth.one_time_tokens WHERE kind = $1 AND subject_id = $2 AND used_at IS NULL";

const IS_OPEN: &str = "
    SELECT EXISTS (
        SELECT FROM auth.one_time_tokens
         WHERE kind = $1 AND subject_id = $2 AND used_at IS NULL AND expires_at > $3)";

const TO_MAIL: &str = "
    SELECT nonce, digest, expires_at
      FROM auth.one_time_tokens
     WHERE id = $1 AND subject_id = $2 AND nonce IS NOT NULL AND used_at IS NULL AND expires_at > $3";

/// Those that may still have to be mailed.
const MINTED: &str = "
    SELECT id, nonce, digest
      FROM auth.one_time_tokens
     WHERE id > $1 AND nonce IS NOT NULL AND used_at IS NULL AND expires_at > clock_timestamp()
     ORDER BY id
     LIMIT $2";

const RESEAL: &str = "UPDATE auth.one_time_tokens SET nonce = $3 WHERE id = $1 AND nonce = $2";

/// An array, so that the choice is made once, whatever the plan. Other replicas delete others meanwhile.
const DELETE_EXPIRED: &str = "
    DELETE FROM auth.one_time_tokens
     WHERE id = ANY (ARRAY(
        SELECT id FROM auth.one_time_tokens WHERE expires_at < $1 ORDER BY expires_at LIMIT $2
           FOR UPDATE SKIP LOCKED))";

const NOTE_RESET: &str = "
    INSERT INTO auth.password_reset_requests (email, requested_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";

const TAKE_RESET: &str = "
    DELETE FROM auth.password_reset_requests
     WHERE email = (
        SELECT email FROM auth.password_reset_requests ORDER BY requested_at LIMIT 1 FOR UPDATE SKIP LOCKED)
 RETURNING email";

impl Connection {
    /// Whose the token with `digest` is, if it can still be used.
    #[instrument(name = "db.one_time_token.find", skip_all)]
    pub async fn find_one_time_token(
        &self,
        purpose: Purpose,
        digest: &[u8],
        now: Timestamp,
    ) -> Result<Option<Uuid>, Error> {
        let statement = self.0.prepare_cached(FIND).await?;
        let row = self.0.query_opt(&statement, &[&purpose.name(), &digest, &now]).await?;
        Ok(row.map(|row| row.try_get("subject_id")).transpose()?)
    }

    /// From what the token `id` of `user` is made, and its end, if it can still be used.
    #[instrument(name = "db.one_time_token.to_mail", skip_all, fields(user.id = %user))]
    pub async fn one_time_token_to_mail(
        &self,
        id: OneTimeTokenId,
        user: UserId,
        now: Timestamp,
    ) -> Result<Option<(Minted, Timestamp)>, Error> {
        let statement = self.0.prepare_cached(TO_MAIL).await?;
        let row = self.0.query_opt(&statement, &[&id.0, &user.0, &now]).await?;
        row.map(|row| Ok((minted(&row)?, row.try_get("expires_at")?))).transpose()
    }

    /// Forgets at most `limit` tokens that expired before `then`, used or not.
    #[instrument(name = "db.one_time_token.delete_expired", skip_all)]
    pub async fn delete_one_time_tokens_expired_before(
        &self,
        then: Timestamp,
        limit: u32,
    ) -> Result<u64, Error> {
        let statement = self.0.prepare_cached(DELETE_EXPIRED).await?;
        Ok(self.0.execute(&statement, &[&then, &i64::from(limit)]).await?)
    }

    /// At most `limit` tokens that may still be mailed, in order, after the one given.
    #[instrument(name = "db.one_time_token.page_minted", skip_all)]
    pub async fn minted_tokens(
        &self,
        after: OneTimeTokenId,
        limit: i64,
    ) -> Result<Vec<(OneTimeTokenId, Minted)>, Error> {
        let statement = self.0.prepare_cached(MINTED).await?;
        let rows = self.0.query(&statement, &[&after.0, &limit]).await?;
        rows.iter().map(|row| Ok((OneTimeTokenId(row.try_get("id")?), minted(row)?))).collect()
    }

    /// Whether it was as given.
    #[instrument(name = "db.one_time_token.reseal", skip_all, fields(token.id = %id))]
    pub async fn reseal_token(&self, id: OneTimeTokenId, before: &[u8], anew: &[u8]) -> Result<bool, Error> {
        let statement = self.0.prepare_cached(RESEAL).await?;
        Ok(self.0.execute(&statement, &[&id.0, &before, &anew]).await? == 1)
    }

    /// Writes down that whoever has `email` wants another password.
    #[instrument(name = "db.password_reset_request.insert", skip_all)]
    pub async fn note_reset_request(&self, email: &str, now: Timestamp) -> Result<(), Error> {
        let statement = self.0.prepare_cached(NOTE_RESET).await?;
        self.0.execute(&statement, &[&email, &now]).await?;
        Ok(())
    }
}

impl Tx<'_> {
    /// Keeps `token`; the one before, for the same, is void.
    #[instrument(name = "db.one_time_token.replace", skip_all, fields(token.id = %token.id))]
    pub async fn replace_one_time_token(&self, token: &OneTimeToken) -> Result<(), Error> {
        let statement = self.0.prepare_cached(REPLACE).await?;
        let OneTimeToken { id, purpose, subject, digest, nonce, created_at, expires_at } = token;
        let kind = purpose.name();
        let columns: [&(dyn ToSql + Sync); 7] =
            [&id.0, &kind, subject, digest, nonce, created_at, expires_at];
        self.0.execute(&statement, &columns).await?;
        Ok(())
    }

    /// Uses the token with `digest`; whose it was, if it could be used. Of many who try at once, one can.
    #[instrument(name = "db.one_time_token.spend", skip_all)]
    pub async fn spend_one_time_token(
        &self,
        purpose: Purpose,
        digest: &[u8],
        now: Timestamp,
    ) -> Result<Option<Uuid>, Error> {
        let statement = self.0.prepare_cached(SPEND).await?;
        let row = self.0.query_opt(&statement, &[&purpose.name(), &digest, &now]).await?;
        Ok(row.map(|row| row.try_get("subject_id")).transpose()?)
    }

    /// Whether there is a token for `subject` that can still be used.
    #[instrument(name = "db.one_time_token.is_open", skip_all)]
    pub async fn has_open_token(
        &self,
        purpose: Purpose,
        subject: Uuid,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let statement = self.0.prepare_cached(IS_OPEN).await?;
        Ok(self.0.query_one(&statement, &[&purpose.name(), &subject, &now]).await?.try_get(0)?)
    }

    /// Takes back what was issued for `subject` and not used.
    #[instrument(name = "db.one_time_token.void", skip_all)]
    pub async fn void_one_time_tokens(&self, purpose: Purpose, subject: Uuid) -> Result<(), Error> {
        let statement = self.0.prepare_cached(VOID).await?;
        self.0.execute(&statement, &[&purpose.name(), &subject]).await?;
        Ok(())
    }

    /// The address that waits longest for somebody to look whose it is. Other replicas take others.
    #[instrument(level = "trace", name = "db.password_reset_request.take", skip_all)]
    pub async fn take_reset_request(&self) -> Result<Option<String>, Error> {
        let statement = self.0.prepare_cached(TAKE_RESET).await?;
        let row = self.0.query_opt(&statement, &[]).await?;
        Ok(row.map(|row| row.try_get("email")).transpose()?)
    }
}

fn minted(row: &Row) -> Result<Minted, Error> {
    Ok(Minted { nonce: row.try_get("nonce")?, digest: row.try_get("digest")? })
}
