//! Use cases of logging in: the password, and the code of those who have a second factor.
use crate::challenge::{self, Challenge, Proof};
use crate::domain::{Login, Pending, Purpose, Start, UserAgent};
use crate::error::Error;
use crate::mailing::Mailing;
use crate::measurements;
use crate::passwords::{Hash, Passwords};
use crate::second_factor::SecondFactor;
use crate::sessions::Sessions;
use crate::store::{Awaited, Store, Tx};
use crate::tokens::TokenPair;
use jiff::Timestamp;
use platform::audit::Entry;
use proto::ids::UserId;
use secrecy::SecretString;
use std::sync::Arc;

#[derive(Clone)]
pub struct Logins {
    store: Store,
    passwords: Arc<Passwords>,
    second_factor: SecondFactor,
    sessions: Sessions,
    mailing: Mailing,
}

impl Logins {
    pub fn new(
        store: Store,
        passwords: Arc<Passwords>,
        second_factor: SecondFactor,
        sessions: Sessions,
        mailing: Mailing,
    ) -> Self {
        Self { store, passwords, second_factor, sessions, mailing }
    }

    /// `login` is none for a name that no account can have. Whatever is wrong, the same work is done and
    /// the same answer given; only who knows the password learns that a code is needed.
    pub async fn log_in(
        &self,
        login: Option<Login>,
        password: SecretString,
        proof: Option<Proof>,
        user_agent: Option<UserAgent>,
        now: Timestamp,
    ) -> Result<TokenPair, Error> {
        let found = match &login {
            Some(login) => self.store.connection().await?.find_login(login).await?,
            None => None,
        };
        let (id, hash) = found.map(|(user, hash)| (user.id, hash)).unzip();
        let outcome = counted(self.enter(id, hash, password, proof, user_agent, now).await);
        let code = match outcome {
            Err(Error::InvalidCredentials) => "INVALID_CREDENTIALS",
            Err(Error::CodeRefused) => "WRONG_CODE",
            _ => return outcome,
        };
        self.store.connection().await?.note(refused(id, code)).await?;
        outcome
    }

    /// Logs in to account `id` whose password is `hash`, if there is one.
    async fn enter(
        &self,
        id: Option<UserId>,
        hash: Option<Hash>,
        password: SecretString,
        proof: Option<Proof>,
        user_agent: Option<UserAgent>,
        now: Timestamp,
    ) -> Result<TokenPair, Error> {
        // No connection is held meanwhile.
        let verified = self.passwords.verify(password, hash.clone()).await?;
        let (id, hash) = id.zip(hash).filter(|_| verified).ok_or(Error::InvalidCredentials)?;

        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        // Locked, so that an account that is being disabled gets no session that outlives that.
        let user = tx.find_and_lock_user(id).await?.filter(|user| user.is_active);
        let user = user.ok_or(Error::InvalidCredentials)?;
        // Changed meanwhile, a password gives no session that outlives the change.
        if !tx.has_password(id, &hash).await? {
            return Err(Error::InvalidCredentials);
        }
        match user.pending {
            None => {}
            Some(Pending::Invitation) => return Err(Error::InvalidCredentials),
            Some(Pending::EmailVerification) => {
                self.remind(tx, id, now).await?;
                return Err(Error::EmailUnverified);
            }
        }
        let totp = tx.find_totp(id).await?.filter(|totp| totp.is_on);
        match (&totp, proof) {
            (Some(_), None) => {
                let challenge = Challenge::generate()?;
                let awaited = Awaited { user_id: id, user_agent };
                tx.insert_challenge(&challenge, &awaited, now + challenge::LIFE).await?;
                tx.commit().await?;
                return Err(Error::SecondFactorRequired(challenge));
            }
            (Some(totp), Some(proof)) if !self.second_factor.accepts(&tx, id, totp, &proof, now).await? => {
                return Err(Error::CodeRefused);
            }
            // Without a second factor a code is of no consequence.
            _ => {}
        }
        let start = Start { has_second_factor: totp.is_some(), user_agent, proxy: None };
        let begun = self.sessions.begin(&tx, &user, start, now).await?;
        tx.commit().await?;
        self.sessions.pair(begun, now)
    }

    /// Sends whoever knows the password and has not proven the address another link, once the one before is too old.
    async fn remind(&self, tx: Tx<'_>, user: UserId, now: Timestamp) -> Result<(), Error> {
        if !tx.has_open_token(Purpose::EmailVerification, user.0, now).await? {
            self.mailing.issue(&tx, Purpose::EmailVerification, user, now).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// The second step: `proof` for the account whose password was right before.
    pub async fn complete(
        &self,
        challenge: &Challenge,
        proof: Proof,
        now: Timestamp,
    ) -> Result<TokenPair, Error> {
        counted(self.prove(challenge, proof, now).await)
    }

    async fn prove(&self, challenge: &Challenge, proof: Proof, now: Timestamp) -> Result<TokenPair, Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let found = tx.find_challenge(challenge, now).await?.ok_or(Error::ChallengeExpired)?;
        // The account is locked first, as everywhere; then it is seen what came of the challenge meanwhile.
        let user = tx.find_and_lock_user(found.user_id).await?.filter(|user| user.is_active);
        let user = user.ok_or(Error::ChallengeExpired)?;
        let awaited = tx.find_challenge(challenge, now).await?.ok_or(Error::ChallengeExpired)?;
        let totp = tx.find_totp(user.id).await?.filter(|totp| totp.is_on).ok_or(Error::ChallengeExpired)?;
        if !self.second_factor.accepts(&tx, user.id, &totp, &proof, now).await? {
            if tx.count_wrong_code(challenge).await? >= challenge::WRONG_CODES {
                tx.delete_challenge(challenge).await?;
                tracing::warn!(user.id = %user.id, "a log-in ended after too many wrong codes");
            }
            tx.note(refused(Some(user.id), "WRONG_CODE"));
            tx.commit().await?;
            return Err(Error::CodeRefused);
        }
        tx.delete_challenge(challenge).await?;
        let start = Start { has_second_factor: true, user_agent: awaited.user_agent, proxy: None };
        let begun = self.sessions.begin(&tx, &user, start, now).await?;
        if matches!(proof, Proof::RecoveryCode(_)) {
            tx.note(Entry::new("use", "recovery_code").of([user.id.0]));
            tracing::warn!(user.id = %user.id, "used a recovery code");
        }
        tx.commit().await?;
        self.sessions.pair(begun, now)
    }

    /// Forgets log-ins that nobody completed in time.
    pub async fn forget_expired(&self, now: Timestamp) -> Result<(), Error> {
        Ok(self.store.connection().await?.delete_expired_challenges(now).await?)
    }
}

fn counted(outcome: Result<TokenPair, Error>) -> Result<TokenPair, Error> {
    let word = match &outcome {
        Ok(_) => "succeeded",
        Err(Error::InvalidCredentials) => "wrong_password",
        Err(Error::SecondFactorRequired(_)) => "code_required",
        Err(Error::CodeRefused) => "wrong_code",
        Err(Error::EmailUnverified) => "email_unverified",
        Err(Error::ChallengeExpired) => "expired",
        Err(Error::Busy) => "busy",
        Err(_) => "failed",
    };
    measurements::log_ins(word).increment(1);
    outcome
}

fn refused(account: Option<UserId>, code: &str) -> Entry {
    let id = account.map(|id| id.0);
    Entry::new("log_in", "account").ids(id).of(id).denied(code)
}
