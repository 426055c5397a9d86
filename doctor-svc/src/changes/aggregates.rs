//! What changes as one, under one lock, and is published as one document with one version.
use crate::calendar::Document;
use crate::domain::clinic::{self, Clinic};
use crate::domain::practice::{self, Practice};
use crate::domain::rules::Shift;
use crate::error::Error;
use crate::events::Event;
use crate::store::Tx;
use crate::store::narrowings::Owner;
use platform::audit::Entry;
use proto::ids::DoctorId;

pub trait Aggregate: Clone + PartialEq + Send + Sync {
    /// Which one.
    type Key: Copy + Send + Sync;
    /// Why a change of it is not made.
    type Refusal: Into<Error>;

    /// Whether readers of the doctor directory see it.
    const IS_LISTED: bool;

    fn owner(key: Self::Key) -> Owner;

    /// As nobody else can change it before the transaction ends; what was deleted, too.
    fn lock(tx: &Tx<'_>, key: Self::Key) -> impl Future<Output = Result<Option<Self>, Error>> + Send;

    /// What can be changed, of what was found.
    fn living(found: Option<Self>) -> Result<Self, Error>;

    /// What a change means for booked visits.
    fn shift_to(&self, new: &Self) -> Shift;

    /// With rules of that version.
    #[must_use]
    fn published_as(self, version: i64) -> Self;

    fn document(&self) -> Document<'_>;

    /// Makes this of `before`, which is locked.
    fn save(&self, tx: &Tx<'_>, before: &Self) -> impl Future<Output = Result<(), Error>> + Send;

    /// What there is to tell of it.
    fn events(&self, before: &Self) -> Vec<Event>;

    /// What the audit log is told of it.
    fn entry(&self, before: &Self) -> Entry;
}

impl Aggregate for Practice {
    type Key = DoctorId;
    type Refusal = practice::Refusal;

    const IS_LISTED: bool = true;

    fn owner(id: DoctorId) -> Owner {
        Owner::Doctor(id)
    }

    async fn lock(tx: &Tx<'_>, id: DoctorId) -> Result<Option<Self>, Error> {
        Ok(tx.lock(id).await?)
    }

    fn living(found: Option<Self>) -> Result<Self, Error> {
        found.filter(|practice| practice.doctor.is_live()).ok_or(Error::DoctorNotFound)
    }

    fn shift_to(&self, new: &Self) -> Shift {
        self.rules().shift_to(&new.rules())
    }

    fn published_as(self, rules_version: i64) -> Self {
        Self { rules_version, ..self }
    }

    fn document(&self) -> Document<'_> {
        Document::Doctor(self)
    }

    async fn save(&self, tx: &Tx<'_>, before: &Self) -> Result<(), Error> {
        Ok(tx.update(before, self).await?)
    }

    fn events(&self, before: &Self) -> Vec<Event> {
        Event::between(Some(before), self)
    }

    fn entry(&self, before: &Self) -> Entry {
        let is_gone = before.doctor.is_live() && !self.doctor.is_live();
        let action = if is_gone { "delete" } else { "update" };
        Entry::new(action, "doctor").ids([self.id().0]).fields(before.differences(self))
    }
}

impl Aggregate for Clinic {
    /// There is one.
    type Key = ();
    type Refusal = clinic::Refusal;

    const IS_LISTED: bool = false;

    fn owner((): ()) -> Owner {
        Owner::Clinic
    }

    async fn lock(tx: &Tx<'_>, (): ()) -> Result<Option<Self>, Error> {
        Ok(Some(tx.lock_clinic().await?))
    }

    fn living(found: Option<Self>) -> Result<Self, Error> {
        Ok(found.expect("the clinic is there from the first migration"))
    }

    fn shift_to(&self, new: &Self) -> Shift {
        self.shift_to(new)
    }

    fn published_as(self, rules_version: i64) -> Self {
        Self { rules_version, ..self }
    }

    fn document(&self) -> Document<'_> {
        Document::Clinic(self)
    }

    async fn save(&self, tx: &Tx<'_>, before: &Self) -> Result<(), Error> {
        Ok(tx.update_clinic(before, self).await?)
    }

    fn events(&self, before: &Self) -> Vec<Event> {
        Event::between_clinics(before, self)
    }

    fn entry(&self, before: &Self) -> Entry {
        Entry::new("update", "clinic").fields(before.differences(self))
    }
}
