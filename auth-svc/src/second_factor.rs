//! Use cases on the second factor of accounts: turn it on and off, and whether what is shown is right.
use crate::audited::on_account;
use crate::challenge::Proof;
use crate::domain::{Denied, User};
use crate::error::Error;
use crate::passwords::{Hash, Passwords};
use crate::recovery::RecoveryCode;
use crate::store::{Store, StoredTotp, Tx};
use crate::totp::{self, Code, Secret};
use jiff::Timestamp;
use platform::caller;
use platform::secrets::{RootSecret, Sealer};
use proto::ids::UserId;
use secrecy::SecretString;
use std::sync::Arc;

/// What an authenticator is set up with, shown once.
pub struct Enrolment {
    pub secret: String,
    pub uri: String,
}

#[derive(Clone)]
pub struct SecondFactor {
    store: Store,
    passwords: Arc<Passwords>,
    sealer: Arc<Sealer>,
    /// What authenticators show beside the codes.
    issuer: Arc<str>,
}

impl SecondFactor {
    pub fn new(store: Store, passwords: Arc<Passwords>, root: &RootSecret, issuer: &str) -> Self {
        Self { store, passwords, sealer: Arc::new(root.sealer(totp::PURPOSE)), issuer: issuer.into() }
    }

    /// Gives the caller a secret; one before that was not confirmed is forgotten.
    pub async fn enrol(
        &self,
        caller: &caller::User,
        password: SecretString,
        now: Timestamp,
    ) -> Result<Enrolment, Error> {
        let (user, hash) = self.with_password(caller, password).await?;
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        lock(&tx, caller, Some(&hash)).await?;
        if tx.find_totp(user.id).await?.is_some_and(|totp| totp.is_on) {
            return Err(Denied::TotpEnabled.into());
        }
        let secret = Secret::generate()?;
        tx.enrol_totp(user.id, &secret.seal(&self.sealer, user.id), now).await?;
        tx.commit().await?;
        tracing::info!(user.id = %user.id, "gave out a secret for an authenticator");
        let uri = secret.uri(&self.issuer, user.email.as_str());
        Ok(Enrolment { secret: secret.base32(), uri })
    }

    /// Turns it on. Whoever knows only the password is shut out: all sessions end but the one that asks, which has
    /// shown both from now on.
    pub async fn confirm(
        &self,
        caller: &caller::User,
        code: Code,
        now: Timestamp,
    ) -> Result<Vec<RecoveryCode>, Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        lock(&tx, caller, None).await?;
        let totp = tx.find_totp(caller.id).await?.ok_or(Denied::TotpNotEnrolled)?;
        if totp.is_on {
            return Err(Denied::TotpEnabled.into());
        }
        if !self.accepts(&tx, caller.id, &totp, &Proof::Code(code), now).await? {
            return Err(Denied::WrongCode.into());
        }
        let codes = RecoveryCode::generate()?;
        tx.confirm_totp(caller.id, now).await?;
        tx.replace_recovery_codes(caller.id, &codes).await?;
        tx.note(on_account("update", caller.id).fields(["totp"]));
        tx.set_second_factor(caller.session_id, true).await?;
        tx.end_sessions_of(caller.id, Some(caller.session_id), now).await?;
        tx.commit().await?;
        tracing::info!(user.id = %caller.id, "turned on the second factor");
        Ok(codes)
    }

    /// Turns it off, and ends the caller's other sessions.
    pub async fn remove(
        &self,
        caller: &caller::User,
        password: SecretString,
        proof: Proof,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (_, hash) = self.with_password(caller, password).await?;
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        lock(&tx, caller, Some(&hash)).await?;
        self.require(&tx, caller.id, &proof, now).await?;
        tx.delete_totp(caller.id).await?;
        tx.note(on_account("update", caller.id).fields(["totp"]));
        tx.set_second_factor(caller.session_id, false).await?;
        tx.end_sessions_of(caller.id, Some(caller.session_id), now).await?;
        tx.commit().await?;
        tracing::info!(user.id = %caller.id, "turned off the second factor");
        Ok(())
    }

    pub async fn renew_recovery_codes(
        &self,
        caller: &caller::User,
        password: SecretString,
        proof: Proof,
        now: Timestamp,
    ) -> Result<Vec<RecoveryCode>, Error> {
        let (_, hash) = self.with_password(caller, password).await?;
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        lock(&tx, caller, Some(&hash)).await?;
        self.require(&tx, caller.id, &proof, now).await?;
        let codes = RecoveryCode::generate()?;
        tx.replace_recovery_codes(caller.id, &codes).await?;
        tx.note(on_account("update", caller.id).fields(["recovery_codes"]));
        tx.commit().await?;
        tracing::info!(user.id = %caller.id, "made other recovery codes");
        Ok(codes)
    }

    /// Turns it off for `user_id`, who lost their device, and ends their sessions.
    pub async fn remove_of(&self, by: &caller::User, user_id: UserId, now: Timestamp) -> Result<(), Error> {
        if by.id == user_id {
            return Err(Denied::OwnSecondFactor.into());
        }
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        tx.find_and_lock_user(user_id).await?.ok_or(Error::UserNotFound(user_id))?;
        if !tx.delete_totp(user_id).await? {
            return Ok(());
        }
        tx.note(on_account("update", user_id).fields(["totp"]));
        tx.end_sessions_of(user_id, None, now).await?;
        tx.commit().await?;
        tracing::info!(user.id = %user_id, by.id = %by.id, "turned off the second factor of an account");
        Ok(())
    }

    /// Whether `proof` is right and was not used before; it is used up then.
    pub async fn accepts(
        &self,
        tx: &Tx<'_>,
        user_id: UserId,
        totp: &StoredTotp,
        proof: &Proof,
        now: Timestamp,
    ) -> Result<bool, Error> {
        match proof {
            Proof::Code(code) => {
                let secret = Secret::open(&self.sealer, user_id, &totp.sealed)?;
                match secret.step_of(code, now) {
                    Some(step) => Ok(tx.take_totp_step(user_id, step).await?),
                    None => Ok(false),
                }
            }
            Proof::RecoveryCode(code) => Ok(tx.use_recovery_code(user_id, code, now).await?),
        }
    }

    async fn require(
        &self,
        tx: &Tx<'_>,
        user_id: UserId,
        proof: &Proof,
        now: Timestamp,
    ) -> Result<(), Error> {
        let totp = tx.find_totp(user_id).await?.filter(|totp| totp.is_on).ok_or(Denied::TotpNotEnabled)?;
        if self.accepts(tx, user_id, &totp, proof, now).await? {
            Ok(())
        } else {
            Err(Denied::WrongCode.into())
        }
    }

    /// The caller and their password, which is `password`.
    async fn with_password(
        &self,
        caller: &caller::User,
        password: SecretString,
    ) -> Result<(User, Hash), Error> {
        let found = self.store.connection().await?.find_with_password(caller.id).await?;
        let (user, hash) = found.ok_or(Error::SessionEnded)?;
        // No connection is held meanwhile.
        let is_right = self.passwords.verify(password, Some(hash.clone())).await?;
        if is_right { Ok((user, hash)) } else { Err(Error::WrongPassword) }
    }
}

/// Nobody else changes the caller's account until the end of the transaction; it has `password`, if one is given, still.
async fn lock(tx: &Tx<'_>, caller: &caller::User, password: Option<&Hash>) -> Result<(), Error> {
    tx.find_and_lock_user(caller.id).await?.ok_or(Error::SessionEnded)?;
    match password {
        Some(hash) if !tx.has_password(caller.id, hash).await? => Err(Error::WrongPassword),
        _ => Ok(()),
    }
}
