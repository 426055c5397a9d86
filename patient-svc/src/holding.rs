//! The use cases on legal holds, also on those of whoever was deleted: they keep what is left from being erased.
use crate::audited::on_legal_hold;
use crate::domain::access;
use crate::domain::legal_hold::LegalHold;
use crate::domain::patient::Gone;
use crate::error::Error;
use crate::store::{Store, Tx};
use jiff::Timestamp;
use platform::caller::User;
use platform::context::about;
use platform::violations::Violations;
use proto::ids::PatientId;
use proto::scalars::Reason;

#[derive(Clone)]
pub struct Holding {
    store: Store,
}

impl Holding {
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    pub async fn find(&self, user: User, id: PatientId) -> Result<LegalHold, Error> {
        about("legal_hold", id.0, Some(id.0));
        access::may_hold(user.role, id).map_err(Error::of_patient)?;
        self.store.find_any(id).await?.ok_or(Error::PatientNotFound)?;
        let hold = self.store.legal_hold(id).await?.ok_or(Error::LegalHoldNotFound)?;
        self.store.note(on_legal_hold("read", id)).await?;
        Ok(hold)
    }

    /// Places a hold, in the place of the one before when it had another reason.
    pub async fn place(
        &self,
        user: User,
        id: PatientId,
        reason: Result<Reason, Violations>,
        now: Timestamp,
    ) -> Result<LegalHold, Error> {
        about("legal_hold", id.0, Some(id.0));
        access::may_hold(user.role, id).map_err(Error::of_patient)?;
        let reason = reason?;
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        lock(&tx, id).await?;
        if let Some(hold) = tx.legal_hold(id).await? {
            if hold.reason == reason {
                tx.note(on_legal_hold("read", id));
                tx.commit().await?;
                return Ok(hold);
            }
            tx.lift_hold(id, user.id, now).await?;
        }
        let hold = LegalHold { patient_id: id, reason, placed_by: user.id, placed_at: now, lifted_at: None };
        tx.place_hold(&hold).await?;
        tx.note(on_legal_hold("place", id));
        tx.commit().await?;
        Ok(hold)
    }

    pub async fn lift(&self, user: User, id: PatientId, now: Timestamp) -> Result<LegalHold, Error> {
        about("legal_hold", id.0, Some(id.0));
        access::may_hold(user.role, id).map_err(Error::of_patient)?;
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        lock(&tx, id).await?;
        let hold = tx.lift_hold(id, user.id, now).await?.ok_or(Error::LegalHoldNotFound)?;
        tx.note(on_legal_hold("lift", id));
        tx.commit().await?;
        Ok(hold)
    }
}

/// Locks a patient of whom there is something to keep. Whoever was merged is held as whom they are by now.
async fn lock(tx: &Tx<'_>, id: PatientId) -> Result<(), Error> {
    let patient = tx.lock(id).await?.ok_or(Error::PatientNotFound)?;
    if tx.erasure(id).await?.is_some() {
        return Err(Error::PatientNotFound);
    }
    match patient.present() {
        Ok(_) | Err(Gone::Deleted) => Ok(()),
        Err(gone @ Gone::Merged) => Err(gone.into()),
    }
}
