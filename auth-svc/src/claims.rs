//! Use cases by which patients get to the records that the practice made of them.
use crate::domain::{BadToken, ClaimCode, OneTimeToken, Purpose, User};
use crate::error::Error;
use crate::records::{Record, Records};
use crate::store::{Store, Taken, Tx};
use jiff::Timestamp;
use platform::caller::{self, Role};
use platform::violations::Violations;
use proto::ids::PatientId;

#[derive(Clone)]
pub struct Claims {
    store: Store,
    records: Records,
}

/// A code that could be used when it was looked at.
pub struct Claim {
    pub patient: PatientId,
    digest: Vec<u8>,
    /// As the request calls the code.
    field: &'static str,
}

impl Claim {
    /// Uses the code, if that can still be done.
    pub async fn spend(&self, tx: &Tx<'_>, now: Timestamp) -> Result<(), Error> {
        let spent = tx.spend_one_time_token(Purpose::PatientClaim, &self.digest, now).await?;
        if spent == Some(self.patient.0) { Ok(()) } else { Err(bad(self.field)) }
    }
}

impl Claims {
    pub fn new(store: Store, records: Records) -> Self {
        Self { store, records }
    }

    /// A code for the record of `patient`, whom patient-svc knows, and its end. The one before is void.
    pub async fn issue(&self, patient: PatientId, now: Timestamp) -> Result<(ClaimCode, Timestamp), Error> {
        let code = ClaimCode::random()?;
        let token = OneTimeToken::of_code(&code, patient, now);
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        if tx.patient_has_user(patient).await? {
            return Err(Error::Taken(Taken::Link));
        }
        tx.replace_one_time_token(&token).await?;
        tx.commit().await?;
        tracing::info!(patient.id = %patient, token.id = %token.id, "issued a claim code");
        Ok((code, token.expires_at))
    }

    /// What `code`, which the request has in `field`, is good for. One that is unknown, was used, ran out or is for a
    /// record that is gone is refused in the same words.
    pub async fn check(
        &self,
        field: &'static str,
        code: Result<ClaimCode, BadToken>,
        now: Timestamp,
    ) -> Result<Claim, Error> {
        let digest = code.map_err(|_| bad(field))?.digest();
        let connection = self.store.connection().await?;
        let patient = connection.find_one_time_token(Purpose::PatientClaim, &digest, now).await?;
        // No connection is held meanwhile.
        drop(connection);
        let patient = PatientId(patient.ok_or_else(|| bad(field))?);
        match self.records.look_up(patient).await? {
            Record::Present => Ok(Claim { patient, digest, field }),
            Record::None | Record::Gone => Err(bad(field)),
        }
    }

    /// Links the account of the caller, who has no record yet, to that of `code`. Tokens say whose record is whose, so
    /// all sessions end.
    pub async fn claim(
        &self,
        caller: &caller::User,
        code: Result<ClaimCode, BadToken>,
        now: Timestamp,
    ) -> Result<User, Error> {
        let Role::Patient(reserved) = caller.role else {
            return Err(Error::Forbidden("only for accounts of patients"));
        };
        // Asked before the code is looked at: whoever has a record learns nothing about codes.
        if self.records.look_up(reserved).await? != Record::None {
            return Err(Error::HasRecord);
        }
        let claim = self.check("code", code, now).await?;
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let user = tx.find_and_lock_user(caller.id).await?.ok_or(Error::SessionEnded)?;
        if user.role != Role::Patient(reserved) {
            return Err(Error::HasRecord);
        }
        claim.spend(&tx, now).await?;
        let linked = User { role: Role::Patient(claim.patient), updated_at: now, ..user };
        tx.update_user(&linked).await?;
        tx.end_sessions_of(linked.id, None, now).await?;
        tx.commit().await?;
        tracing::info!(user.id = %linked.id, patient.id = %claim.patient, "claimed a patient record");
        Ok(linked)
    }
}

fn bad(field: &str) -> Error {
    Violations::of(field, BadToken).into()
}
