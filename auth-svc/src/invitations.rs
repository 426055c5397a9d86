//! Use cases by which administrators give colleagues accounts without ever knowing a password.
use crate::domain::{Login, Pending, Purpose, User};
use crate::error::Error;
use crate::mailing::Mailing;
use crate::passwords::Passwords;
use crate::store::{Store, Taken};
use jiff::Timestamp;
use platform::caller::{self, Role};
use proto::ids::UserId;
use proto::scalars::{Email, PersonName};
use std::sync::Arc;

/// Somebody who is to have an account.
pub struct Invitee {
    pub email: Email,
    pub full_name: Option<PersonName>,
    pub role: Role,
}

#[derive(Clone)]
pub struct Invitations {
    store: Store,
    passwords: Arc<Passwords>,
    mailing: Mailing,
}

impl Invitations {
    pub fn new(store: Store, passwords: Arc<Passwords>, mailing: Mailing) -> Self {
        Self { store, passwords, mailing }
    }

    /// Makes an account that is usable once its owner has accepted, and mails the link. Whoever was invited and has not
    /// accepted is invited again, as what is asked now; the link before is void.
    pub async fn invite(&self, by: &caller::User, invitee: Invitee, now: Timestamp) -> Result<User, Error> {
        let Invitee { email, full_name, role } = invitee;
        let login = Login::Email(email.clone());
        // Until the owner chooses one, so that nothing else has to know that there is none.
        let password = self.passwords.unknowable().await?;
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let known = match tx.find_login(&login).await? {
            Some((user, _)) => tx.find_and_lock_user(user.id).await?,
            None => None,
        };
        let user = match known {
            Some(user) if user.pending == Some(Pending::Invitation) => {
                let user = User { full_name, role, is_active: true, updated_at: now, ..user };
                tx.update_user(&user).await?;
                user
            }
            Some(_) => return Err(Error::Taken(Taken::Email)),
            None => {
                let user = User {
                    id: UserId::random(),
                    email,
                    username: None,
                    full_name,
                    role,
                    is_active: true,
                    email_verified_at: None,
                    pending: Some(Pending::Invitation),
                    created_at: now,
                    updated_at: now,
                };
                tx.insert_user(&user, &password).await?;
                user
            }
        };
        self.mailing.issue(&tx, Purpose::Invitation, user.id, now).await?;
        tx.commit().await?;
        tracing::info!(user.id = %user.id, by.id = %by.id, role = user.role.name(), "invited somebody");
        Ok(user)
    }
}
