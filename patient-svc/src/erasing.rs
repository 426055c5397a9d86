//! The use case of erasure.
use crate::accounts::Accounts;
use crate::audited::on_patient;
use crate::domain::access;
use crate::domain::erasure::Erasure;
use crate::domain::merge::Unfit;
use crate::domain::patient::Gone;
use crate::error::Error;
use crate::events::Fact;
use crate::store::Store;
use jiff::Timestamp;
use platform::caller::User;
use platform::context::about;
use platform::violations::Violations;
use proto::ids::PatientId;
use proto::scalars::Reason;

#[derive(Clone)]
pub struct Erasing {
    store: Store,
    accounts: Accounts,
}

impl Erasing {
    pub fn new(store: Store, accounts: Accounts) -> Self {
        Self { store, accounts }
    }

    /// Forgets who a deleted patient was, and who was merged into them; a second time answers the same again.
    ///
    /// The accounts go first. Should this fail afterwards, it is begun again.
    pub async fn erase(
        &self,
        user: User,
        id: PatientId,
        reason: Result<Reason, Violations>,
        now: Timestamp,
    ) -> Result<Erasure, Error> {
        about("patient", id.0, Some(id.0));
        access::may_delete(user.role, id).map_err(Error::of_patient)?;
        let reason = reason?;
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let patient = tx.lock(id).await?.ok_or(Error::PatientNotFound)?;
        if let Some(erasure) = tx.erasure(id).await? {
            tx.note(on_patient("read", id));
            tx.commit().await?;
            return Ok(erasure);
        }
        match patient.present() {
            Ok(_) => return Err(Error::NotDeleted),
            Err(Gone::Merged) => return Err(Unfit::Merged.into()),
            Err(Gone::Deleted) => {}
        }
        let mut everyone = tx.lock_merged(id).await?;
        everyone.push(id);
        if tx.is_held(&everyone).await? {
            return Err(Error::LegalHold);
        }
        for one in &everyone {
            self.accounts.erase(*one).await?;
        }
        let erasure = Erasure { patient_id: id, reason, erased_by: user.id, erased_at: now };
        tx.name_patient(id).await?;
        for erased in tx.erase(&everyone, &erasure).await? {
            tx.announce(Fact::Erased.of(&erased)).await?;
        }
        tx.note(on_patient("erase", id).of(everyone.iter().map(|one| one.0)));
        tx.commit().await?;
        Ok(erasure)
    }
}
