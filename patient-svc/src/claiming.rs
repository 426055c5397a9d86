//! Codes by which patients get to their records with an account of theirs.
use crate::accounts::{Accounts, ClaimCode};
use crate::domain::access;
use crate::error::Error;
use crate::store::Store;
use platform::audit::Entry;
use platform::caller::User;
use proto::ids::PatientId;

#[derive(Clone)]
pub struct Claiming {
    store: Store,
    accounts: Accounts,
}

impl Claiming {
    pub fn new(store: Store, accounts: Accounts) -> Self {
        Self { store, accounts }
    }

    /// A code for a patient who is here; the one before is void.
    pub async fn issue(&self, user: User, id: PatientId) -> Result<ClaimCode, Error> {
        access::may_hand_out_codes(user.role, id).map_err(Error::of_patient)?;
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        // Locked, so that they are not merged into another meanwhile.
        tx.lock(id).await?.ok_or(Error::PatientNotFound)?.present()?;
        tx.note(Entry::new("create", "claim_code").of([id.0]));
        let code = self.accounts.claim_code(id).await?;
        // Nobody has a code that was not noted.
        tx.commit().await?;
        tracing::info!(patient.id = %id, by.id = %user.id, "handed out a claim code");
        Ok(code)
    }

    /// Whether there is a record under `id`, and whether it is of somebody who is here.
    pub async fn look_up(&self, id: PatientId) -> Result<(bool, bool), Error> {
        let patient = self.store.find_any(id).await?;
        let exists = patient.is_some();
        Ok((exists, patient.is_some_and(|patient| patient.present().is_ok())))
    }
}
