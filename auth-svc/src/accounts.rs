//! Use cases on accounts: register, read, change, also the password.
use crate::audited::on_account;
use crate::claims::Claim;
use crate::domain::{Change, Purpose, Refusal, RoleName, Standing, User, Username};
use crate::error::Error;
use crate::events;
use crate::mailing::Mailing;
use crate::passwords::{NewPassword, Passwords, Policy, Weak};
use crate::store::Store;
use jiff::Timestamp;
use platform::audit::Entry;
use platform::caller::{self, Caller, Role};
use proto::ids::{PatientId, UserId};
use proto::scalars::{Email, PersonName};
use secrecy::{ExposeSecret as _, SecretString};
use std::sync::Arc;

/// Most who are told of one emergency.
const MOST_REVIEWERS: i64 = 100;

/// An account to make.
pub struct NewAccount {
    pub email: Email,
    pub username: Option<Username>,
    pub full_name: Option<PersonName>,
    pub password: NewPassword,
    pub role: Role,
    /// The code that `role` is linked by, to be used with it.
    pub claim: Option<Claim>,
}

#[derive(Clone)]
pub struct Accounts {
    store: Store,
    passwords: Arc<Passwords>,
    mailing: Mailing,
}

impl Accounts {
    pub fn new(store: Store, passwords: Arc<Passwords>, mailing: Mailing) -> Self {
        Self { store, passwords, mailing }
    }

    /// What `caller` may do with accounts, at this moment: a token may outlive its session by seconds,
    /// its power over accounts does not.
    pub async fn standing(&self, caller: Option<&Caller>) -> Result<Standing, Error> {
        let standing = Standing::of(caller);
        if let (Some(Caller::User(user)), Standing::Staff | Standing::Admin) = (caller, standing) {
            self.require_session(user).await?;
        }
        Ok(standing)
    }

    /// Lets only administrators pass.
    pub async fn require_admin(&self, caller: &caller::User) -> Result<(), Error> {
        if caller.role != Role::Admin {
            return Err(Error::Forbidden("only for administrators"));
        }
        self.require_session(caller).await
    }

    /// Lets only those pass whose session is open and whose account is active.
    pub async fn require_session(&self, user: &caller::User) -> Result<(), Error> {
        let open = self.store.connection().await?.session_is_open(user.session_id, user.id).await?;
        if open { Ok(()) } else { Err(Error::SessionEnded) }
    }

    /// Makes an account. Whoever makes their own is sent a link that proves the address.
    pub async fn register(&self, by: Standing, account: NewAccount, now: Timestamp) -> Result<User, Error> {
        let NewAccount { email, username, full_name, password, role, claim } = account;
        let password = self.passwords.hash(password).await?;
        let id = UserId::random();
        let user = User {
            id,
            email,
            username,
            full_name,
            role,
            is_active: true,
            // The practice vouches for the addresses that it enters.
            email_verified_at: (by != Standing::Anyone).then_some(now),
            pending: None,
            created_at: now,
            updated_at: now,
        };
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        tx.insert_user(&user, &password).await?;
        tx.note(on_account("create", id).because(role.name()));
        if let Some(claim) = claim {
            claim.spend(&tx, now).await?;
        }
        if by == Standing::Anyone {
            self.mailing.issue(&tx, Purpose::EmailVerification, id, now).await?;
        }
        tx.commit().await?;
        tracing::info!(user.id = %id, role = role.name(), "registered an account");
        Ok(user)
    }

    /// The caller's own account.
    pub async fn current(&self, caller: &caller::User) -> Result<User, Error> {
        let connection = self.store.connection().await?;
        connection.find_user_in(caller.session_id, caller.id).await?.ok_or(Error::SessionEnded)
    }

    pub async fn find(&self, id: UserId) -> Result<User, Error> {
        self.store.connection().await?.find_user(id).await?.ok_or(Error::UserNotFound(id))
    }

    /// Whether somebody logs in as `patient` or acts for them, for other services. If nobody does, nobody comes to by a code.
    pub async fn rule_out(&self, patient: PatientId) -> Result<bool, Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        // First: whoever is using the code has it locked, and is waited for.
        tx.void_one_time_tokens(Purpose::PatientClaim, patient.0).await?;
        let has_account = tx.somebody_acts_as_patient(patient).await?;
        tx.commit().await?;
        Ok(has_account)
    }

    /// Forgets whose account it is that `patient` logged in to, with all that it had, and who acted for them, for other
    /// services.
    pub async fn erase(&self, patient: PatientId, now: Timestamp) -> Result<(), Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let user = tx.erase_user_of(patient, now).await?;
        let proxies = tx.erase_proxies_of(patient, user, now).await?;
        if !proxies.is_empty() {
            let (ids, patients): (Vec<_>, Vec<_>) = proxies.iter().map(|(id, of)| (id.0, of.0)).unzip();
            tx.note(Entry::new("delete", "proxy").ids(ids).of(patients));
        }
        if let Some(id) = user {
            tx.end_sessions_of(id, None, now).await?;
            tx.note(on_account("erase", id));
        }
        tx.commit().await?;
        if let Some(id) = user {
            tracing::info!(user.id = %id, "erased an account");
        }
        Ok(())
    }

    /// Who is told when a doctor breaks the glass, for other services.
    pub async fn reviewers(&self) -> Result<Vec<UserId>, Error> {
        Ok(self.store.connection().await?.list_reviewers(MOST_REVIEWERS).await?)
    }

    /// Newest first, from the one after `last`.
    pub async fn list(&self, last: Option<UserId>, limit: i64) -> Result<Vec<User>, Error> {
        Ok(self.store.connection().await?.list_users(last, limit).await?)
    }

    pub async fn update(
        &self,
        caller: &caller::User,
        standing: Standing,
        id: UserId,
        change: Change,
        now: Timestamp,
    ) -> Result<User, Error> {
        let by_admin = standing == Standing::Admin;
        if !by_admin && !change.is_patient_link() {
            return Err(Error::Forbidden("staff may only link accounts to patients"));
        }
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let user = tx.find_and_lock_user(id).await?.ok_or(Error::UserNotFound(id))?;
        if !by_admin && RoleName::from(user.role) != RoleName::Patient {
            return Err(Error::Forbidden("staff may only link accounts of patients"));
        }
        let changed = user.changed(change, now).map_err(Error::Unfit)?;
        if caller.id == id && RoleName::from(user.role) != RoleName::from(changed.role) {
            return Err(Refusal::OwnRole.into());
        }
        if user.is_active_admin() && !changed.is_active_admin() {
            tx.lock_admins().await?;
            if !tx.another_active_admin(id).await? {
                return Err(Refusal::LastAdmin.into());
            }
        }
        tx.update_user(&changed).await?;
        if user.must_log_in_again(&changed) {
            tx.end_sessions_of(id, None, now).await?;
        }
        // The role is who they are to everybody from now on.
        tx.note(on_account("update", id).fields(user.differences(&changed)).because(changed.role.name()));
        tx.commit().await?;
        tracing::info!(user.id = %id, by.id = %caller.id, role = changed.role.name(), "changed an account");
        Ok(changed)
    }

    /// Gives the caller another password. Whoever knew the one before is shut out: all sessions end but the one
    /// that asks.
    pub async fn change_password(
        &self,
        caller: &caller::User,
        current: SecretString,
        new: SecretString,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.require_session(caller).await?;
        let found = self.store.connection().await?.find_with_password(caller.id).await?;
        let (user, before) = found.ok_or(Error::SessionEnded)?;
        let accepted = policy.accept(&new, &user.names()).map_err(Error::WeakPassword)?;
        let is_same = current.expose_secret() == new.expose_secret();
        // No connection is held meanwhile.
        if !self.passwords.verify(current, Some(before.clone())).await? {
            return Err(Error::WrongPassword);
        }
        if is_same {
            return Err(Error::WeakPassword(Weak::Unchanged));
        }
        let password = self.passwords.hash(accepted).await?;
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        tx.find_and_lock_user(caller.id).await?.ok_or(Error::SessionEnded)?;
        if !tx.has_password(caller.id, &before).await? {
            return Err(Error::WrongPassword);
        }
        tx.set_password(caller.id, &password, now).await?;
        tx.end_sessions_of(caller.id, Some(caller.session_id), now).await?;
        tx.note(on_account("update", caller.id).fields(["password"]));
        tx.void_one_time_tokens(Purpose::PasswordReset, caller.id.0).await?;
        tx.announce(events::password_changed(caller.id)).await?;
        tx.commit().await?;
        tracing::info!(user.id = %caller.id, "changed a password");
        Ok(())
    }

    /// Whether there is an administrator, active or not.
    pub async fn any_admin(&self) -> Result<bool, Error> {
        Ok(self.store.connection().await?.any_admin().await?)
    }

    /// Makes an administrator if there is none. Of several replicas that try at once, one succeeds.
    pub async fn register_first_admin(
        &self,
        email: Email,
        password: NewPassword,
        now: Timestamp,
    ) -> Result<Option<User>, Error> {
        let password = self.passwords.hash(password).await?;
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        tx.lock_admins().await?;
        if tx.any_admin().await? {
            return Ok(None);
        }
        let user = User {
            id: UserId::random(),
            email,
            username: None,
            full_name: None,
            role: Role::Admin,
            is_active: true,
            email_verified_at: None,
            pending: None,
            created_at: now,
            updated_at: now,
        };
        tx.insert_user(&user, &password).await?;
        tx.note(on_account("create", user.id).because(user.role.name()));
        tx.commit().await?;
        Ok(Some(user))
    }
}
