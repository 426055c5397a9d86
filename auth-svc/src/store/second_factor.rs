//! The second factor of accounts, its recovery codes, and log-ins that wait for it.
use super::{Connection, Error, Tx};
use crate::challenge::Challenge;
use crate::domain::UserAgent;
use crate::recovery::RecoveryCode;
use jiff::Timestamp;
use proto::ids::UserId;
use tracing::instrument;

const ENROL: &str = "
    INSERT INTO auth.totp (user_id, sealed, created_at, last_step)
    VALUES ($1, $2, $3, 0)
    ON CONFLICT (user_id) DO UPDATE
       SET sealed = excluded.sealed, created_at = excluded.created_at, last_step = 0";

const FIND: &str = "SELECT sealed, confirmed_at IS NOT NULL AS is_on FROM auth.totp WHERE user_id = $1";

const CONFIRM: &str = "UPDATE auth.totp SET confirmed_at = $2 WHERE user_id = $1";

/// Of many who show the same code at once, one finds it unused.
const TAKE_STEP: &str = "UPDATE auth.totp SET last_step = $2 WHERE user_id = $1 AND last_step < $2";

const DELETE: &str = "DELETE FROM auth.totp WHERE user_id = $1";

const PAGE: &str = "SELECT user_id, sealed FROM auth.totp WHERE user_id > $1 ORDER BY user_id LIMIT $2";

const RESEAL: &str = "UPDATE auth.totp SET sealed = $3 WHERE user_id = $1 AND sealed = $2";

const FORGET_CODES: &str = "DELETE FROM auth.recovery_codes WHERE user_id = $1";

const INSERT_CODES: &str = "INSERT INTO auth.recovery_codes (user_id, digest) SELECT $1, unnest($2::bytea[])";

const USE_CODE: &str = "
    UPDATE auth.recovery_codes SET used_at = $3 WHERE user_id = $1 AND digest = $2 AND used_at IS NULL";

const INSERT_CHALLENGE: &str = "
    INSERT INTO auth.login_challenges (digest, user_id, user_agent, wrong_codes, expires_at)
    VALUES ($1, $2, $3, 0, $4)";

const FIND_CHALLENGE: &str = "
    SELECT user_id, user_agent FROM auth.login_challenges WHERE digest = $1 AND expires_at > $2";

const COUNT_WRONG_CODE: &str = "
    UPDATE auth.login_challenges SET wrong_codes = wrong_codes + 1 WHERE digest = $1 RETURNING wrong_codes";

const DELETE_CHALLENGE: &str = "DELETE FROM auth.login_challenges WHERE digest = $1";

const DELETE_CHALLENGES_OF: &str = "DELETE FROM auth.login_challenges WHERE user_id = $1";

const DELETE_EXPIRED: &str = "DELETE FROM auth.login_challenges WHERE expires_at <= $1";

/// What is stored of an authenticator.
pub struct StoredTotp {
    pub sealed: Vec<u8>,
    /// Whether log-ins ask for it.
    pub is_on: bool,
}

/// A log-in that waits for a code.
pub struct Awaited {
    pub user_id: UserId,
    pub user_agent: Option<UserAgent>,
}

impl Connection {
    /// At most `limit` sealed secrets with their owners, in order, after that of the one given.
    #[instrument(name = "db.totp.page", skip_all)]
    pub async fn totp_secrets(&self, after: UserId, limit: i64) -> Result<Vec<(UserId, Vec<u8>)>, Error> {
        let statement = self.0.prepare_cached(PAGE).await?;
        let rows = self.0.query(&statement, &[&after.0, &limit]).await?;
        rows.iter().map(|row| Ok((UserId(row.try_get("user_id")?), row.try_get("sealed")?))).collect()
    }

    /// Whether the secret was as given.
    #[instrument(name = "db.totp.reseal", skip_all, fields(user.id = %user_id))]
    pub async fn reseal_totp(&self, user_id: UserId, before: &[u8], anew: &[u8]) -> Result<bool, Error> {
        let statement = self.0.prepare_cached(RESEAL).await?;
        Ok(self.0.execute(&statement, &[&user_id.0, &before, &anew]).await? == 1)
    }

    #[instrument(name = "db.login_challenge.delete_expired", skip_all)]
    pub async fn delete_expired_challenges(&self, now: Timestamp) -> Result<(), Error> {
        let statement = self.0.prepare_cached(DELETE_EXPIRED).await?;
        self.0.execute(&statement, &[&now]).await?;
        Ok(())
    }
}

impl Tx<'_> {
    /// In place of one that is not confirmed.
    #[instrument(name = "db.totp.enrol", skip_all, fields(user.id = %user_id))]
    pub async fn enrol_totp(&self, user_id: UserId, sealed: &[u8], now: Timestamp) -> Result<(), Error> {
        let statement = self.0.prepare_cached(ENROL).await?;
        self.0.execute(&statement, &[&user_id.0, &sealed, &now]).await?;
        Ok(())
    }

    #[instrument(name = "db.totp.find", skip_all, fields(user.id = %user_id))]
    pub async fn find_totp(&self, user_id: UserId) -> Result<Option<StoredTotp>, Error> {
        let statement = self.0.prepare_cached(FIND).await?;
        let row = self.0.query_opt(&statement, &[&user_id.0]).await?;
        let stored = |row: tokio_postgres::Row| {
            Ok(StoredTotp { sealed: row.try_get("sealed")?, is_on: row.try_get("is_on")? })
        };
        row.map(stored).transpose()
    }

    #[instrument(name = "db.totp.confirm", skip_all, fields(user.id = %user_id))]
    pub async fn confirm_totp(&self, user_id: UserId, now: Timestamp) -> Result<(), Error> {
        let statement = self.0.prepare_cached(CONFIRM).await?;
        self.0.execute(&statement, &[&user_id.0, &now]).await?;
        Ok(())
    }

    /// Whether no code of `step` or a later one was taken before; those are used up then.
    #[instrument(name = "db.totp.take_step", skip_all, fields(user.id = %user_id))]
    pub async fn take_totp_step(&self, user_id: UserId, step: i64) -> Result<bool, Error> {
        let statement = self.0.prepare_cached(TAKE_STEP).await?;
        Ok(self.0.execute(&statement, &[&user_id.0, &step]).await? == 1)
    }

    /// With its recovery codes. Whether there was one.
    #[instrument(name = "db.totp.delete", skip_all, fields(user.id = %user_id))]
    pub async fn delete_totp(&self, user_id: UserId) -> Result<bool, Error> {
        let statement = self.0.prepare_cached(DELETE).await?;
        Ok(self.0.execute(&statement, &[&user_id.0]).await? == 1)
    }

    #[instrument(name = "db.recovery_code.replace", skip_all, fields(user.id = %user_id))]
    pub async fn replace_recovery_codes(&self, user_id: UserId, codes: &[RecoveryCode]) -> Result<(), Error> {
        let statement = self.0.prepare_cached(FORGET_CODES).await?;
        self.0.execute(&statement, &[&user_id.0]).await?;
        let digests: Vec<Vec<u8>> = codes.iter().map(RecoveryCode::digest).collect();
        let statement = self.0.prepare_cached(INSERT_CODES).await?;
        self.0.execute(&statement, &[&user_id.0, &digests]).await?;
        Ok(())
    }

    /// Whether `code` is one of the account's that was not used; it is now.
    #[instrument(name = "db.recovery_code.use", skip_all, fields(user.id = %user_id))]
    pub async fn use_recovery_code(
        &self,
        user_id: UserId,
        code: &RecoveryCode,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let statement = self.0.prepare_cached(USE_CODE).await?;
        Ok(self.0.execute(&statement, &[&user_id.0, &code.digest(), &now]).await? == 1)
    }

    #[instrument(name = "db.login_challenge.insert", skip_all, fields(user.id = %awaited.user_id))]
    pub async fn insert_challenge(
        &self,
        challenge: &Challenge,
        awaited: &Awaited,
        expires_at: Timestamp,
    ) -> Result<(), Error> {
        let statement = self.0.prepare_cached(INSERT_CHALLENGE).await?;
        let user_agent = awaited.user_agent.as_ref().map(UserAgent::as_str);
        let digest = challenge.digest();
        self.0.execute(&statement, &[&digest, &awaited.user_id.0, &user_agent, &expires_at]).await?;
        Ok(())
    }

    /// None when there is none, or it is too late.
    #[instrument(name = "db.login_challenge.find", skip_all)]
    pub async fn find_challenge(
        &self,
        challenge: &Challenge,
        now: Timestamp,
    ) -> Result<Option<Awaited>, Error> {
        let statement = self.0.prepare_cached(FIND_CHALLENGE).await?;
        let row = self.0.query_opt(&statement, &[&challenge.digest(), &now]).await?;
        let awaited = |row: tokio_postgres::Row| {
            let user_agent: Option<&str> = row.try_get("user_agent")?;
            let user_agent = user_agent.and_then(UserAgent::parse);
            Ok(Awaited { user_id: UserId(row.try_get("user_id")?), user_agent })
        };
        row.map(awaited).transpose()
    }

    /// How many codes were wrong so far.
    #[instrument(name = "db.login_challenge.count_wrong_code", skip_all)]
    pub async fn count_wrong_code(&self, challenge: &Challenge) -> Result<i16, Error> {
        let statement = self.0.prepare_cached(COUNT_WRONG_CODE).await?;
        Ok(self.0.query_one(&statement, &[&challenge.digest()]).await?.try_get(0)?)
    }

    #[instrument(name = "db.login_challenge.delete", skip_all)]
    pub async fn delete_challenge(&self, challenge: &Challenge) -> Result<(), Error> {
        let statement = self.0.prepare_cached(DELETE_CHALLENGE).await?;
        self.0.execute(&statement, &[&challenge.digest()]).await?;
        Ok(())
    }

    /// Nobody who has begun to log in to the account goes on.
    #[instrument(name = "db.login_challenge.delete_of", skip_all, fields(user.id = %user_id))]
    pub(super) async fn delete_challenges_of(&self, user_id: UserId) -> Result<(), Error> {
        let statement = self.0.prepare_cached(DELETE_CHALLENGES_OF).await?;
        self.0.execute(&statement, &[&user_id.0]).await?;
        Ok(())
    }
}
