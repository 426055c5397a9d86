//! Passwords that are set by whoever has the token of a mail.
use crate::audited::on_account;
use crate::domain::{BadToken, Purpose, Token, User};
use crate::error::Error;
use crate::events;
use crate::passwords::{Passwords, Policy};
use crate::store::Store;
use jiff::Timestamp;
use platform::violations::Violations;
use proto::ids::UserId;
use secrecy::SecretString;
use std::sync::Arc;

#[derive(Clone)]
pub struct Redeeming {
    store: Store,
    passwords: Arc<Passwords>,
}

/// A password as somebody asks for it.
pub struct Chosen<'a> {
    pub password: SecretString,
    /// As the request calls it.
    pub field: &'static str,
    pub policy: &'a Policy,
}

impl Redeeming {
    pub fn new(store: Store, passwords: Arc<Passwords>) -> Self {
        Self { store, passwords }
    }

    /// Gives the account of `token` the chosen password. Whoever knew the one before is shut out: all sessions end.
    /// The address is proven: nobody else gets its mail.
    pub async fn set_password(
        &self,
        purpose: Purpose,
        token: Result<Token, BadToken>,
        chosen: Chosen<'_>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let digest = token.map_err(bad_token)?.digest();
        let may_use = |user: &User| user.may_use(purpose);
        let connection = self.store.connection().await?;
        let owner = connection.find_one_time_token(purpose, &digest, now).await?;
        let owner = UserId(owner.ok_or_else(|| bad_token(BadToken))?);
        let user = connection.find_user(owner).await?.filter(may_use);
        let user = user.ok_or_else(|| bad_token(BadToken))?;
        // No connection is held meanwhile.
        drop(connection);
        let Chosen { password, field, policy } = chosen;
        let accepted = policy.accept(&password, &user.names());
        let accepted = accepted.map_err(|weak| Violations::of(field, weak))?;
        let password = self.passwords.hash(accepted).await?;

        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let user = tx.find_and_lock_user(owner).await?.filter(may_use);
        let user = user.ok_or_else(|| bad_token(BadToken))?;
        if tx.spend_one_time_token(purpose, &digest, now).await? != Some(user.id.0) {
            return Err(bad_token(BadToken));
        }
        // Whoever had the account before never proved that the address is theirs.
        if user.email_verified_at.is_none() && tx.delete_totp(user.id).await? {
            tx.note(on_account("update", user.id).fields(["totp"]).because(purpose.name()));
        }
        let user = user.proven(now);
        tx.update_user(&user).await?;
        tx.set_password(user.id, &password, now).await?;
        tx.end_sessions_of(user.id, None, now).await?;
        if purpose == Purpose::PasswordReset {
            tx.announce(events::password_changed(user.id)).await?;
        }
        tx.note(on_account("update", user.id).fields(["password"]).because(purpose.name()));
        tx.commit().await?;
        tracing::info!(user.id = %user.id, purpose = purpose.name(), "set a password by a token");
        Ok(())
    }
}

/// The same for every token that cannot be used.
pub fn bad_token(why: BadToken) -> Error {
    Violations::of("token", why).into()
}
