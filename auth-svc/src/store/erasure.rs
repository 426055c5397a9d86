//! Accounts of which nothing is known any more but that they were there.
use super::{Error, Tx};
use jiff::Timestamp;
use proto::ids::{PatientId, UserId};
use tracing::instrument;

/// An address that cannot be (RFC 2606), and a hash that no password has.
const ERASE: &str = "
    UPDATE auth.users
       SET email = 'erased-' || id || '@erased.invalid', username = NULL, full_name = NULL, password_hash = '!',
           is_active = false, updated_at = $2
     WHERE patient_id = $1
    RETURNING id";

const FORGET_DEVICES: &str = "UPDATE auth.sessions SET user_agent = NULL WHERE user_id = $1";

impl Tx<'_> {
    /// Blanks the account of `patient`, if there is one; its id.
    #[instrument(name = "db.user.erase", skip_all, fields(patient.id = %patient))]
    pub async fn erase_user_of(&self, patient: PatientId, now: Timestamp) -> Result<Option<UserId>, Error> {
        let statement = self.0.prepare_cached(ERASE).await?;
        let Some(row) = self.0.query_opt(&statement, &[&patient.0, &now]).await? else { return Ok(None) };
        let id = UserId(row.try_get("id")?);
        let statement = self.0.prepare_cached(FORGET_DEVICES).await?;
        self.0.execute(&statement, &[&id.0]).await?;
        Ok(Some(id))
    }
}
