//! The use cases on leave to read in an emergency.
use crate::audited::on_grant;
use crate::domain::access;
use crate::domain::break_glass::{Emergency, Grant, MOST_UNREVIEWED, Refusal, Verdict, WITHDRAWN_FOR};
use crate::error::Error;
use crate::events;
use crate::pages::{AskedPage, Page};
use crate::store::{Store, Tx};
use jiff::{SignedDuration, Timestamp};
use platform::audit::Entry;
use platform::caller::User;
use platform::context::about;
use platform::page::PageTokens;
use platform::violations::Violations;
use proto::ids::{BreakGlassGrantId, DoctorId, PatientId};

/// The name of the list in page tokens.
const GRANTS: &str = "break-glass";

/// How long a grant is in force, and how long it may go without a review before its doctor gets no other.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    pub life: SignedDuration,
    pub review_within: SignedDuration,
}

#[derive(Clone)]
pub struct BreakGlass {
    store: Store,
    tokens: PageTokens,
    terms: Terms,
}

impl BreakGlass {
    pub fn new(store: Store, tokens: PageTokens, terms: Terms) -> Self {
        Self { store, tokens, terms }
    }

    /// Gives the doctor leave, and tells those who watch; while they have it, it stays as it is.
    pub async fn smash(
        &self,
        user: User,
        patient: PatientId,
        emergency: Result<Emergency, Violations>,
    ) -> Result<Grant, Error> {
        about("patient", patient.0, Some(patient.0));
        let doctor = access::writer(user.role, patient).map_err(Error::of_patient)?;
        let emergency = emergency?;
        let patient = self.store.survivor(patient).await?.unwrap_or(patient);
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        tx.lock(patient).await?.ok_or(Error::PatientNotFound)?.present()?;
        if let Some(grant) = tx.grant_in_force(doctor, patient).await?
            && grant.covers(&emergency)
        {
            tx.note(on_grant("read", &grant));
            tx.commit().await?;
            return Ok(grant);
        }
        if let Err(refusal) = self.may_smash(&tx, doctor).await? {
            // No role or relationship is lacking, so nobody else notes it.
            let entry = Entry::new("create", "break_glass_grant").of([patient.0]);
            tx.note(entry.denied(refusal.reason()));
            tx.commit().await?;
            return Err(refusal.into());
        }
        let grant = tx.insert_grant(patient, doctor, user.id, &emergency, self.terms.life).await?;
        tx.announce(events::broken_glass(&grant)).await?;
        tx.note(on_grant("create", &grant).breaking_glass());
        tx.commit().await?;
        Ok(grant)
    }

    /// Whether what became of the doctor's grants lets them have another.
    async fn may_smash(&self, tx: &Tx<'_>, doctor: DoctorId) -> Result<Result<(), Refusal>, Error> {
        tx.lock_grants_of(doctor).await?;
        if tx.is_withdrawn(doctor, WITHDRAWN_FOR).await? {
            return Ok(Err(Refusal::GlassWithdrawn));
        }
        let (number, is_old) = tx.unreviewed(doctor, self.terms.review_within).await?;
        Ok(if is_old || number >= MOST_UNREVIEWED { Err(Refusal::ReviewPending) } else { Ok(()) })
    }

    pub async fn find(&self, user: User, id: BreakGlassGrantId) -> Result<Grant, Error> {
        access::may_review(user.role).map_err(Error::of_patient)?;
        let grant = self.store.grant(id).await?.ok_or(Error::GrantNotFound)?;
        self.store.note(on_grant("read", &grant)).await?;
        Ok(grant)
    }

    /// One page, oldest first, and the token of the next.
    pub async fn list(
        &self,
        user: User,
        with_reviewed: bool,
        page: AskedPage,
    ) -> Result<(Vec<Grant>, String), Error> {
        access::may_review(user.role).map_err(Error::of_patient)?;
        let Page { after, size } = page.open(&self.tokens, GRANTS)?;
        let grants = self.store.grants(after, with_reviewed, size + 1).await?;
        let (grants, next) = self.tokens.cut(GRANTS, grants, size, |grant| grant.id);
        let patients = grants.iter().map(|grant| grant.patient_id.0);
        let ids = grants.iter().map(|grant| grant.id.0);
        self.store.note(Entry::new("list", "break_glass_grant").ids(ids).of(patients)).await?;
        Ok((grants, next))
    }

    /// Notes what somebody else thinks of it; the same twice is once.
    pub async fn review(
        &self,
        user: User,
        id: BreakGlassGrantId,
        verdict: Result<Verdict, Violations>,
        now: Timestamp,
    ) -> Result<Grant, Error> {
        access::may_review(user.role).map_err(Error::of_patient)?;
        let verdict = verdict?;
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let grant = tx.lock_grant(id).await?.ok_or(Error::GrantNotFound)?;
        if grant.user_id == user.id {
            return Err(Error::OwnGrant);
        }
        match &grant.review {
            Some(review) if review.verdict == verdict && review.by == user.id => {
                tx.note(on_grant("read", &grant));
                tx.commit().await?;
                return Ok(grant);
            }
            Some(_) => return Err(Error::AlreadyReviewed),
            None => {}
        }
        let grant = tx.review_grant(id, &verdict, user.id, now).await?;
        tx.note(on_grant("review", &grant).because(verdict.outcome.name()));
        tx.commit().await?;
        Ok(grant)
    }
}
