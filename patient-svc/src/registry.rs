//! The use cases on patients: admit, decide, save, announce. What somebody sent is looked at only once they
//! may do what they ask, so that nobody learns from complaints about it.
use crate::attempts;
use crate::audited::{on_patient, on_patients};
use crate::calendar::Calendar;
use crate::care::Care;
use crate::domain::Expected;
use crate::domain::access::{self, Sight};
use crate::domain::patient::{Change, Patient, Profile};
use crate::domain::search::Query;
use crate::error::Error;
use crate::events::Fact;
use crate::pages::{AskedPage, Page};
use crate::store::{Attempt, NameKey, Store};
use jiff::Timestamp;
use platform::audit::Digests;
use platform::caller::User;
use platform::context::about;
use platform::page::PageTokens;
use platform::violations::Violations;
use proto::ids::PatientId;

/// The name of the list in page tokens.
const PATIENTS: &str = "patients";

#[derive(Clone)]
pub struct Registry {
    store: Store,
    calendar: Calendar,
    care: Care,
    tokens: PageTokens,
    digests: Digests,
}

impl Registry {
    pub fn new(store: Store, calendar: Calendar, care: Care, tokens: PageTokens, digests: Digests) -> Self {
        Self { store, calendar, care, tokens, digests }
    }

    pub async fn create(
        &self,
        user: User,
        asked: Option<PatientId>,
        profile: Result<Profile, Violations>,
        confirmed: bool,
        now: Timestamp,
    ) -> Result<Patient, Error> {
        let id = access::id_of_new(user.role, asked).map_err(Error::of_patient)?;
        let profile = profile?;
        if !profile.identifiers.is_empty() {
            access::may_identify(user.role).map_err(Error::of_patient)?;
        }
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let compares = access::may_compare(user.role) && !confirmed;
        if compares {
            tx.lock_birthday(profile.date_of_birth).await?;
        }
        let patient = tx.insert(id, &profile, now).await?;
        if compares {
            let alike = tx.alike(id).await?;
            if !alike.is_empty() {
                return Err(Error::PossibleDuplicate(alike));
            }
        }
        tx.announce(Fact::Created.of(&patient)).await?;
        tx.note(on_patient("create", id));
        tx.commit().await?;
        // The next request may be a booking.
        self.calendar.tell_at_once(patient.party()).await;
        Ok(patient)
    }

    pub async fn find(&self, user: User, id: PatientId) -> Result<Patient, Error> {
        about("patient", id.0, Some(id.0));
        let mut entry = on_patient("read", id);
        let found = match access::sight(user.role).map_err(Error::of_patient)? {
            Sight::Everyone => self.store.find_readable(id).await?,
            Sight::Oneself(own) if own == id => self.store.find_readable(id).await?,
            Sight::Oneself(_) => None,
            // Asked before the patient is looked up: the answer is the same whether they exist or not.
            Sight::Treated(by) if self.care.treats_or_away(by, id).await? => {
                self.store.find_readable(id).await?
            }
            Sight::Treated(by) => {
                let found = self.store.find_in_emergency(id, by).await?;
                entry = entry.breaking_glass();
                Some(found.ok_or(Error::RelationshipRequired)?)
            }
        };
        let patient = found.ok_or(Error::PatientNotFound)?;
        self.store.note(entry).await?;
        Ok(patient.shown_to(user.role))
    }

    /// One page by name, and the token of the next.
    pub async fn list(&self, user: User, page: AskedPage) -> Result<(Vec<Patient>, String), Error> {
        let sight = access::overview(user.role).map_err(Error::of_patient)?;
        let Page { after, size } = page.open(&self.tokens, PATIENTS)?;
        let panel = self.panel(sight).await?;
        let after = after.unwrap_or_else(NameKey::first);
        let patients = self.store.page(&after, size + 1, panel.as_deref()).await?;
        let (patients, next) = self.tokens.cut(PATIENTS, patients, size, NameKey::of);
        self.store.note(on_patients("list", &patients)).await?;
        Ok((shown(patients, user), next))
    }

    pub async fn search(
        &self,
        user: User,
        asked: Result<(Query, i64), Violations>,
    ) -> Result<Vec<Patient>, Error> {
        let sight = access::overview(user.role).map_err(Error::of_patient)?;
        let (query, size) = asked?;
        let panel = self.panel(sight).await?;
        let patients = self.store.search(&query, size, panel.as_deref()).await?;
        let criteria = self.digests.of("patient query", query.text.as_bytes());
        self.store.note(on_patients("search", &patients).matching(criteria)).await?;
        Ok(shown(patients, user))
    }

    /// Those among `ids` that the caller may see.
    pub async fn among(
        &self,
        user: User,
        ids: Result<Vec<PatientId>, Violations>,
    ) -> Result<Vec<Patient>, Error> {
        let sight = access::sight(user.role).map_err(Error::of_patient)?;
        let mut ids = ids?;
        if let Some(panel) = self.panel(sight).await? {
            ids.retain(|id| panel.contains(id));
        }
        let patients = self.store.among(&ids).await?;
        self.store.note(on_patients("read", &patients)).await?;
        Ok(shown(patients, user))
    }

    pub async fn update(
        &self,
        user: User,
        id: PatientId,
        expected: Expected,
        changes: Result<Vec<Change>, Violations>,
        now: Timestamp,
    ) -> Result<Patient, Error> {
        about("patient", id.0, Some(id.0));
        access::may_change(user.role, id).map_err(Error::of_patient)?;
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let patient = tx.lock(id).await?.ok_or(Error::PatientNotFound)?.present()?;
        let profile = patient.profile.changed(changes?, user.role).map_err(Error::of_patient)?;
        expected.check(patient.version)?;
        tx.note(on_patient("update", id).fields(patient.profile.differences(&profile)));
        if profile == patient.profile {
            tx.commit().await?;
            return Ok(patient);
        }
        let patient = tx.update(id, patient.version, &profile, now).await?;
        tx.announce(Fact::Updated.of(&patient)).await?;
        tx.commit().await?;
        Ok(patient)
    }

    /// Hides a patient who has no visits ahead; a second time answers the same again.
    ///
    /// The calendar lets go of the patient first. Should this process or the database fail between that and
    /// the commit, the note that is written before makes [`Registry::settle`] tell the calendar the truth.
    pub async fn delete(
        &self,
        user: User,
        id: PatientId,
        expected: Expected,
        now: Timestamp,
    ) -> Result<Patient, Error> {
        about("patient", id.0, Some(id.0));
        access::may_delete(user.role, id).map_err(Error::of_patient)?;
        let patient = self.store.find_any(id).await?.ok_or(Error::PatientNotFound)?;
        if patient.deleted_at.is_some() && patient.merged_into.is_none() {
            self.store.note(on_patient("read", id)).await?;
            return Ok(patient);
        }
        expected.check(patient.present()?.version)?;
        let attempt = attempts::begin(&self.store, id).await?;
        let removed = self.remove(attempt, expected, now).await;
        attempts::end(&self.store, attempt, &removed).await;
        removed
    }

    async fn remove(&self, attempt: Attempt, expected: Expected, now: Timestamp) -> Result<Patient, Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let id = attempt.patient_id;
        let patient = tx.lock(id).await?.ok_or(Error::PatientNotFound)?.present()?;
        expected.check(patient.version)?;
        if tx.is_held(&[id]).await? {
            return Err(Error::LegalHold);
        }
        let patient = tx.renumber_party(id).await?;
        let patient = tx.delete(id, patient.version, now).await?;
        self.calendar.release(patient.party()).await?;
        tx.end_removal(attempt).await?;
        tx.announce(Fact::Deleted.of(&patient)).await?;
        tx.note(on_patient("delete", id));
        tx.commit().await?;
        Ok(patient)
    }

    /// Tells the calendar the truth about one patient whose removal was begun and never ended; false when
    /// there is none.
    pub async fn settle(&self) -> Result<bool, Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let Some(attempt) = tx.removal_to_settle().await? else { return Ok(false) };
        let patient = tx.renumber_party(attempt.patient_id).await?;
        let fact = if patient.deleted_at.is_some() { Fact::Deleted } else { Fact::Updated };
        tx.announce(fact.of(&patient)).await?;
        tx.end_removal(attempt).await?;
        // Told while the row is locked: should the commit fail, the note is still there.
        self.calendar.tell(patient.party()).await?;
        tx.commit().await?;
        tracing::info!(patient.id = %patient.id, "settled an unfinished removal");
        Ok(true)
    }

    /// The patients with these ids, for other services.
    pub async fn all_among(&self, ids: &[PatientId]) -> Result<Vec<Patient>, Error> {
        Ok(self.store.among(ids).await?)
    }

    /// A patient, for other services.
    pub async fn one(&self, id: PatientId) -> Result<Patient, Error> {
        self.store.find(id).await?.ok_or(Error::PatientNotFound)
    }

    /// A patient, deleted or not, for other services.
    pub async fn one_of_all(&self, id: PatientId) -> Result<Patient, Error> {
        self.store.find_any(id).await?.ok_or(Error::PatientNotFound)
    }

    /// The only patients within sight; none when there is no such limit.
    async fn panel(&self, sight: Sight) -> Result<Option<Vec<PatientId>>, Error> {
        match sight {
            Sight::Everyone => Ok(None),
            Sight::Oneself(own) => Ok(Some(vec![own])),
            Sight::Treated(by) => Ok(Some(self.care.panel(by).await?)),
        }
    }
}

fn shown(patients: Vec<Patient>, user: User) -> Vec<Patient> {
    patients.into_iter().map(|patient| patient.shown_to(user.role)).collect()
}
