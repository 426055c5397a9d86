//! Accounts of which nothing is known any more but that they were there.
use super::{Error, Tx};
use jiff::Timestamp;
use proto::ids::{PatientId, ProxyId, UserId};
use tracing::instrument;
use uuid::Uuid;

/// An address that cannot be (RFC 2606), and a hash that no password has.
const ERASE: &str = "
    UPDATE auth.users
       SET email = 'erased-' || id || '@erased.invalid', username = NULL, full_name = NULL, password_hash = '!',
           is_active = false, updated_at = $2
     WHERE patient_id = $1
    RETURNING id";

const FORGET_DEVICES: &str = "UPDATE auth.sessions SET user_agent = NULL WHERE user_id = $1";

/// Also those that were used: they tell what the owner did.
const FORGET_TOKENS: &str = "DELETE FROM auth.one_time_tokens WHERE subject_id = ANY ($1)";

const FORGET_PROXIES: &str =
    "DELETE FROM auth.proxies WHERE patient_id = $1 OR user_id = $2 RETURNING id, patient_id";

/// After the proxies are gone: whoever began to act meanwhile held theirs.
const END_ACTING: &str = "
    UPDATE auth.sessions SET ended_at = $2 WHERE proxy_id = ANY ($1) AND ended_at IS NULL";

impl Tx<'_> {
    /// Blanks the account of `patient`, if there is one; its id. Its sessions are for the caller to end.
    #[instrument(name = "db.user.erase", skip_all, fields(patient.id = %patient))]
    pub async fn erase_user_of(&self, patient: PatientId, now: Timestamp) -> Result<Option<UserId>, Error> {
        let statement = self.0.prepare_cached(ERASE).await?;
        let row = self.0.query_opt(&statement, &[&patient.0, &now]).await?;
        let id = row.map(|row| row.try_get("id").map(UserId)).transpose()?;
        if let Some(id) = id {
            let statement = self.0.prepare_cached(FORGET_DEVICES).await?;
            self.0.execute(&statement, &[&id.0]).await?;
            self.delete_totp(id).await?;
        }
        let subjects: Vec<Uuid> = [Some(patient.0), id.map(|id| id.0)].into_iter().flatten().collect();
        let statement = self.0.prepare_cached(FORGET_TOKENS).await?;
        self.0.execute(&statement, &[&subjects]).await?;
        Ok(id)
    }

    /// Forgets who acted for `patient`, and whom `user`, their account, acted for. Nobody does so any more.
    #[instrument(name = "db.proxy.erase", skip_all, fields(patient.id = %patient))]
    pub async fn erase_proxies_of(
        &self,
        patient: PatientId,
        user: Option<UserId>,
        now: Timestamp,
    ) -> Result<Vec<(ProxyId, PatientId)>, Error> {
        let statement = self.0.prepare_cached(FORGET_PROXIES).await?;
        let rows = self.0.query(&statement, &[&patient.0, &user.map(|id| id.0)]).await?;
        let erased = rows
            .iter()
            .map(|row| Ok::<_, Error>((ProxyId(row.try_get("id")?), PatientId(row.try_get("patient_id")?))));
        let erased = erased.collect::<Result<Vec<_>, _>>()?;
        let ids: Vec<Uuid> = erased.iter().map(|(id, _)| id.0).collect();
        let statement = self.0.prepare_cached(END_ACTING).await?;
        self.0.execute(&statement, &[&ids, &now]).await?;
        Ok(erased)
    }
}
