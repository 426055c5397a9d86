//! Use cases on who acts for whom: grant, see, withdraw, and act.
use crate::domain::{Login, Proxy, Relation, Start, UserAgent};
use crate::error::Error;
use crate::sessions::Sessions;
use crate::store::Store;
use crate::tokens::TokenPair;
use jiff::Timestamp;
use platform::audit::Entry;
use platform::caller::{self, Role};
use platform::violations::Violations;
use proto::ids::{PatientId, ProxyId};
use proto::scalars::Email;

/// What is to be granted.
pub struct Grant {
    pub patient_id: PatientId,
    pub email: Email,
    pub relation: Relation,
    pub may_read_records: bool,
    pub expires_at: Option<Timestamp>,
}

#[derive(Clone)]
pub struct Proxies {
    store: Store,
    sessions: Sessions,
}

impl Proxies {
    pub fn new(store: Store, sessions: Sessions) -> Self {
        Self { store, sessions }
    }

    pub async fn grant(&self, by: &caller::User, grant: Grant, now: Timestamp) -> Result<Proxy, Error> {
        let Grant { patient_id, email, relation, may_read_records, expires_at } = grant;
        if expires_at.is_some_and(|end| end <= now) {
            return Err(Violations::of("expire_time", "must be ahead").into());
        }
        let mut connection = self.store.connection().await?;
        let found = connection.find_login(&Login::Email(email)).await?.map(|(user, _)| user);
        let found = found.filter(|user| user.is_active && user.pending.is_none());
        let user = match found.map(|user| (user.role, user)) {
            Some((Role::Patient(own), _)) if own == patient_id => {
                return Err(Violations::of("email", "is of the patient's own account").into());
            }
            Some((Role::Patient(_), user)) if user.email_verified_at.is_none() => {
                return Err(Violations::of("email", "was not verified by its owner yet").into());
            }
            Some((Role::Patient(_), user)) => user,
            _ => return Err(Violations::of("email", "is of no patient's account").into()),
        };
        let proxy = Proxy {
            id: ProxyId::random(),
            user_id: user.id,
            email: user.email,
            full_name: user.full_name,
            patient_id,
            relation,
            may_read_records,
            created_at: now,
            expires_at,
            revoked_at: None,
        };
        let tx = connection.begin().await?;
        tx.insert_proxy(&proxy, by.id).await?;
        let about = [proxy.patient_id.0, proxy.user_id.0];
        tx.note(Entry::new("create", "proxy").ids([proxy.id.0]).of(about).because(relation.name()));
        tx.commit().await?;
        tracing::info!(proxy.id = %proxy.id, user.id = %proxy.user_id, by.id = %by.id, "let somebody act for a patient");
        Ok(proxy)
    }

    /// Those in force.
    pub async fn of_patient(
        &self,
        caller: &caller::User,
        patient_id: PatientId,
        now: Timestamp,
    ) -> Result<Vec<Proxy>, Error> {
        require_own(caller, patient_id)?;
        Ok(self.store.connection().await?.list_proxies(patient_id, now).await?)
    }

    pub async fn revoke(
        &self,
        caller: &caller::User,
        patient_id: PatientId,
        id: ProxyId,
        now: Timestamp,
    ) -> Result<(), Error> {
        require_own(caller, patient_id)?;
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        if !tx.revoke_proxy(id, patient_id, now).await? {
            return Err(Error::ProxyNotFound);
        }
        tx.note(Entry::new("delete", "proxy").ids([id.0]).of([patient_id.0]));
        tx.commit().await?;
        tracing::info!(proxy.id = %id, by.id = %caller.id, "let somebody act for a patient no more");
        Ok(())
    }

    /// Whom `caller` may act for.
    pub async fn of_caller(&self, caller: &caller::User, now: Timestamp) -> Result<Vec<Proxy>, Error> {
        if !matches!(caller.role, Role::Patient(_)) {
            return Ok(Vec::new());
        }
        Ok(self.store.connection().await?.list_proxies_of(caller.id, now).await?)
    }

    /// A session in which `caller` acts for `patient_id`.
    pub async fn act_for(
        &self,
        caller: &caller::User,
        patient_id: PatientId,
        user_agent: Option<UserAgent>,
        now: Timestamp,
    ) -> Result<TokenPair, Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        // Locked as in a log-in, so that an account that is being disabled gets no session that outlives that.
        let user = tx.find_and_lock_user(caller.id).await?.filter(|user| user.is_active);
        let user = user.ok_or(Error::SessionEnded)?;
        let current = tx.find_and_lock_session(caller.session_id).await?;
        let current = current.filter(|session| !session.is_over(now)).ok_or(Error::SessionEnded)?;
        if current.acting.is_some() {
            return Err(Error::Forbidden("who acts for a patient acts for nobody else"));
        }
        let proxy = match user.role {
            Role::Patient(_) => tx.find_and_hold_proxy(user.id, patient_id).await?,
            _ => None,
        };
        let proxy = proxy.filter(|proxy| proxy.is_in_force(now)).ok_or(Error::ProxyNotFound)?;
        let start =
            Start { has_second_factor: current.has_second_factor, user_agent, proxy: Some(proxy.clone()) };
        let begun = self.sessions.begin(&tx, &user, start, now).await?;
        tx.commit().await?;
        tracing::info!(proxy.id = %proxy.id, user.id = %user.id, "acts for a patient");
        self.sessions.pair(begun, now)
    }

    /// Ends the sessions of those whose time to act has run out.
    pub async fn end_expired(&self, now: Timestamp) -> Result<(), Error> {
        self.store.connection().await?.end_expired_acting(now).await?;
        Ok(())
    }
}

/// Patients have a say in their own record only; of others they do not know.
fn require_own(caller: &caller::User, patient_id: PatientId) -> Result<(), Error> {
    match caller.role {
        Role::Patient(own) if own != patient_id => Err(Error::PatientNotFound),
        _ => Ok(()),
    }
}
