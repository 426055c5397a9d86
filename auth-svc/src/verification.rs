//! Use cases by which owners of accounts prove their addresses.
use crate::domain::{BadToken, Purpose, Token};
use crate::error::Error;
use crate::mailing::Mailing;
use crate::redeeming::bad_token;
use crate::store::Store;
use jiff::Timestamp;
use platform::caller;
use proto::ids::UserId;

#[derive(Clone)]
pub struct Verification {
    store: Store,
    mailing: Mailing,
}

impl Verification {
    pub fn new(store: Store, mailing: Mailing) -> Self {
        Self { store, mailing }
    }

    /// Sends the caller another link, unless the address is proven already.
    pub async fn resend(&self, caller: &caller::User, now: Timestamp) -> Result<(), Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let user = tx.find_and_lock_user(caller.id).await?.ok_or(Error::SessionEnded)?;
        if user.email_verified_at.is_none() {
            self.mailing.issue(&tx, Purpose::EmailVerification, user.id, now).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// The owner of the account of `token` has got the mail to its address.
    pub async fn verify(&self, token: Result<Token, BadToken>, now: Timestamp) -> Result<(), Error> {
        let purpose = Purpose::EmailVerification;
        let digest = token.map_err(bad_token)?.digest();
        let mut connection = self.store.connection().await?;
        let owner = connection.find_one_time_token(purpose, &digest, now).await?;
        let owner = UserId(owner.ok_or_else(|| bad_token(BadToken))?);
        let tx = connection.begin().await?;
        let user = tx.find_and_lock_user(owner).await?.filter(|user| user.may_use(purpose));
        let user = user.ok_or_else(|| bad_token(BadToken))?;
        if tx.spend_one_time_token(purpose, &digest, now).await? != Some(user.id.0) {
            return Err(bad_token(BadToken));
        }
        tx.update_user(&user.proven(now)).await?;
        tx.commit().await?;
        tracing::info!(user.id = %owner, "an address was proven");
        Ok(())
    }
}
