//! The use cases on the audit log: who asks is noted there, too.
use crate::domain::access;
use crate::error::Error;
use crate::pages::{AskedPage, Page};
use crate::store::{Filter, Place, Store};
use platform::audit::chain::Link;
use platform::audit::{Digests, Entry};
use platform::caller::User;
use platform::context::about;
use platform::page::PageTokens;
use platform::violations::Violations;
use proto::ids::PatientId;

/// Names of the lists in page tokens.
const ENTRIES: &str = "audit-entries";
const ACCESSES: &str = "patient-accesses";

#[derive(Clone)]
pub struct Auditing {
    store: Store,
    tokens: PageTokens,
    digests: Digests,
}

impl Auditing {
    pub fn new(store: Store, tokens: PageTokens, digests: Digests) -> Self {
        Self { store, tokens, digests }
    }

    /// One page of the log, newest first, and the token of the next.
    pub async fn entries(
        &self,
        user: User,
        filter: Result<Filter, Violations>,
        page: AskedPage,
    ) -> Result<(Vec<Link>, String), Error> {
        access::may_audit(user.role).map_err(Error::of_patient)?;
        let filter = filter?;
        let Page { after, size } = page.open(&self.tokens, ENTRIES)?;
        let criteria = self.digests.of("audit filter", format!("{filter:?}").as_bytes());
        let asked =
            Entry::new("search", "audit").of(filter.patients.iter().map(|id| id.0)).matching(criteria);
        self.page(ENTRIES, &filter, after, size, asked).await
    }

    /// One page of what was done with the data of a patient, also under records that were merged into theirs, newest
    /// first, and the token of the next.
    pub async fn accesses(
        &self,
        user: User,
        patient: PatientId,
        page: AskedPage,
    ) -> Result<(Vec<Link>, String), Error> {
        about("access_log", patient.0, Some(patient.0));
        access::may_see_accesses(user.role, patient).map_err(Error::of_patient)?;
        self.store.find_any(patient).await?.ok_or(Error::PatientNotFound)?;
        let Page { after, size } = page.open(&self.tokens, ACCESSES)?;
        let mut patients = self.store.merged_into(patient).await?;
        patients.push(patient);
        let filter = Filter { patients, ..Filter::default() };
        let asked = Entry::new("read", "access_log").ids([patient.0]).of([patient.0]);
        self.page(ACCESSES, &filter, after, size, asked).await
    }

    async fn page(
        &self,
        list: &str,
        filter: &Filter,
        after: Option<Place>,
        size: i64,
        asked: Entry,
    ) -> Result<(Vec<Link>, String), Error> {
        let links = self.store.log(filter, after, size + 1).await?;
        self.store.note(asked).await?;
        Ok(self.tokens.cut(list, links, size, Place::of))
    }
}
