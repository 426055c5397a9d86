//! Registration where an account is usable only once its owner has proven the address (`REGISTRATION=verify`).
//!
//! That somebody is a patient is nobody's business, so whoever registers learns nothing of whether the address has an
//! account: the answer is the same, and so is the work. Whoever has the address is told by mail.
use crate::accounts::NewAccount;
use crate::claims::Claim;
use crate::domain::{Login, Pending, Purpose, User};
use crate::error::Error;
use crate::events;
use crate::mailing::Mailing;
use crate::passwords::{Hash, Passwords};
use crate::store::{Store, Taken};
use jiff::Timestamp;
use proto::ids::UserId;
use std::sync::Arc;

#[derive(Clone)]
pub struct Applications {
    store: Store,
    passwords: Arc<Passwords>,
    mailing: Mailing,
}

impl Applications {
    pub fn new(store: Store, passwords: Arc<Passwords>, mailing: Mailing) -> Self {
        Self { store, passwords, mailing }
    }

    /// Makes the account and mails a link to its owner; tells the owner of the address when there is one already.
    pub async fn apply(&self, account: NewAccount, now: Timestamp) -> Result<(), Error> {
        let NewAccount { email, username, full_name, password, role, claim } = account;
        // Whether it is needed or not: it takes longer than all the rest.
        let password = self.passwords.hash(password).await?;
        let login = Login::Email(email.clone());
        if self.tell_owner(&login).await? {
            return Ok(());
        }
        let user = User {
            id: UserId::random(),
            email,
            username,
            full_name,
            role,
            is_active: true,
            email_verified_at: None,
            pending: Some(Pending::EmailVerification),
            created_at: now,
            updated_at: now,
        };
        match self.insert(&user, &password, claim, now).await {
            // Somebody was faster.
            Err(Error::Taken(Taken::Email)) => self.tell_owner(&login).await.map(drop),
            inserted => inserted,
        }
    }

    async fn insert(
        &self,
        user: &User,
        password: &Hash,
        claim: Option<Claim>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        tx.insert_user(user, password).await?;
        if let Some(claim) = claim {
            claim.spend(&tx, now).await?;
        }
        self.mailing.issue(&tx, Purpose::EmailVerification, user.id, now).await?;
        tx.commit().await?;
        tracing::info!(user.id = %user.id, "registered an account that waits for its owner");
        Ok(())
    }

    /// Tells the owner of an account that somebody registers with its address; false when there is no such account.
    async fn tell_owner(&self, login: &Login) -> Result<bool, Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let Some((user, _)) = tx.find_login(login).await? else { return Ok(false) };
        tx.find_and_lock_user(user.id).await?;
        tx.announce(events::registered_again(user.id)).await?;
        tx.commit().await?;
        Ok(true)
    }
}
