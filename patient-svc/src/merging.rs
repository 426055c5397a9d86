//! The use cases that make one patient of two records, and two again.
use crate::accounts::Accounts;
use crate::attempts;
use crate::audited::on_patient;
use crate::calendar::Calendar;
use crate::domain::Expected;
use crate::domain::access;
use crate::domain::merge::{Merger, Unfit};
use crate::domain::patient::{Patient, Profile};
use crate::error::Error;
use crate::events::Fact;
use crate::store::{Attempt, Decision, Store, Tx};
use jiff::Timestamp;
use platform::caller::User;
use platform::context::about;
use platform::violations::Violations;
use proto::ids::PatientId;
use proto::scalars::Reason;

#[derive(Clone)]
pub struct Merging {
    store: Store,
    calendar: Calendar,
    accounts: Accounts,
}

impl Merging {
    pub fn new(store: Store, calendar: Calendar, accounts: Accounts) -> Self {
        Self { store, calendar, accounts }
    }

    /// Merges a patient who has no visits ahead into another; a second time answers the same again.
    pub async fn merge(
        &self,
        user: User,
        id: PatientId,
        expected: Expected,
        asked: Result<Merger, Violations>,
        now: Timestamp,
    ) -> Result<Patient, Error> {
        about("patient", id.0, Some(id.0));
        access::may_merge(user.role, id).map_err(Error::of_patient)?;
        let Merger { into, reason } = asked?;
        let patient = self.store.find_any(id).await?.ok_or(Error::PatientNotFound)?;
        if patient.merged_into == Some(into) {
            self.store.note(on_patient("read", id)).await?;
            return Ok(patient);
        }
        expected.check(patient.present()?.version)?;
        let decision = Decision { by: user.id, reason: &reason, at: now };
        let attempt = attempts::begin(&self.store, id).await?;
        let merged = self.carry_out(attempt, into, expected, decision).await;
        attempts::end(&self.store, attempt, &merged).await;
        merged
    }

    async fn carry_out(
        &self,
        attempt: Attempt,
        into: PatientId,
        expected: Expected,
        decision: Decision<'_>,
    ) -> Result<Patient, Error> {
        let id = attempt.patient_id;
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let (patient, survivor) = tx.lock_both(id, into).await?;
        let patient = patient.ok_or(Error::PatientNotFound)?.present()?;
        let survivor = survivor.and_then(|survivor| survivor.present().ok()).ok_or_else(nobody)?;
        expected.check(patient.version)?;
        if tx.is_held(&[id, into]).await? {
            return Err(Error::LegalHold);
        }
        if tx.has_merged(id).await? {
            return Err(Unfit::HasMerged.into());
        }
        let profile = survivor.profile.joined(&patient.profile)?;
        // While the patient is locked no code is handed out.
        if self.accounts.has(id).await? {
            return Err(Unfit::HasAccount.into());
        }
        let patient = tx.renumber_party(id).await?;
        let patient = tx.merge(&patient, into, decision).await?;
        rewrite(&tx, survivor, &profile, decision.at).await?;
        self.calendar.release(patient.party()).await?;
        tx.end_removal(attempt).await?;
        tx.announce(Fact::Merged.of(&patient)).await?;
        tx.note(on_patient("merge", id).ids([into.0]).of([into.0]));
        tx.commit().await?;
        Ok(patient)
    }

    /// Makes a merged patient one of their own again, as they were.
    pub async fn unmerge(
        &self,
        user: User,
        id: PatientId,
        reason: Result<Reason, Violations>,
        now: Timestamp,
    ) -> Result<Patient, Error> {
        about("patient", id.0, Some(id.0));
        access::may_merge(user.role, id).map_err(Error::of_patient)?;
        let reason = reason?;
        let patient = self.store.find_readable(id).await?.ok_or(Error::PatientNotFound)?;
        let into = patient.merged_into.ok_or(Unfit::NotMerged)?;
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let (patient, survivor) = tx.lock_both(id, into).await?;
        let patient = patient.filter(|patient| patient.merged_into == Some(into)).ok_or(Unfit::NotMerged)?;
        let survivor = survivor.ok_or(Error::PatientNotFound)?.present()?;
        if tx.is_held(&[into]).await? {
            return Err(Error::LegalHold);
        }
        let profile = survivor.profile.parted(&patient.profile);
        rewrite(&tx, survivor, &profile, now).await?;
        tx.renumber_party(id).await?;
        let patient = tx.unmerge(id, Decision { by: user.id, reason: &reason, at: now }).await?;
        tx.announce(Fact::Unmerged.of(&patient)).await?;
        tx.note(on_patient("unmerge", id).ids([into.0]).of([into.0]));
        tx.commit().await?;
        // The next request may be a booking.
        self.calendar.tell_at_once(patient.party()).await;
        Ok(patient)
    }
}

/// Gives the survivor `profile`.
async fn rewrite(tx: &Tx<'_>, survivor: Patient, profile: &Profile, now: Timestamp) -> Result<(), Error> {
    if *profile == survivor.profile {
        return Ok(());
    }
    let survivor = tx.update(survivor.id, survivor.version, profile, now).await?;
    tx.announce(Fact::Updated.of(&survivor)).await?;
    Ok(())
}

/// One answer for all: it says nothing about who was here.
fn nobody() -> Violations {
    Violations::of("into_patient_id", "must be a patient who is here and was not merged")
}
