//! Use cases of patients who wait: put them on the list, change what they wait for, take them off.
use crate::calendars::Calendars;
use crate::convert;
use crate::domain::appointment::Hidden;
use crate::domain::questions::MAX_DOCTORS;
use crate::domain::waitlist::commands::{EntryEdit, NewEntry};
use crate::domain::waitlist::{self, Entry, EntryState, Offer, OfferState, Priority, Wishes, may_see};
use crate::error::Error;
use crate::once::Once;
use crate::placing;
use crate::store::{Offered, Store, Tx, Waiters, audited};
use jiff::Timestamp;
use platform::caller::{Role, User};
use platform::context::about;
use platform::violations::Violations;
use proto::ids::{DoctorId, PatientId, VisitTypeId, WaitlistEntryId, WaitlistOfferId};
use std::collections::HashSet;

#[derive(Clone)]
pub struct Waitlist {
    store: Store,
    calendars: Calendars,
}

/// An entry, and the offer that waits for an answer.
pub type Seen = (Entry, Option<Offer>);

impl Waitlist {
    pub fn new(store: Store, calendars: Calendars) -> Self {
        Self { store, calendars }
    }

    pub async fn create(&self, user: &User, wanted: &NewEntry, once: &Once) -> Result<Entry, Error> {
        may_see(user, wanted.patient_id, &wanted.wishes.doctors).map_err(|_| {
            Error::NotAllowed("patients wait for themselves only, and doctors enter who waits for them alone")
        })?;
        check_priority(user, (wanted.priority != Priority::Routine).then_some(wanted.priority))?;
        // What was carried out before is answered whatever has become of it.
        once.begin(&self.store.connection().await?.begin().await?).await?;
        self.check_wishes(Some(wanted.visit_type_id), &wanted.wishes).await?;
        self.know(user, wanted.patient_id).await?;
        placing::again_while(Error::is_conflict, || self.try_create(user, wanted, once)).await
    }

    async fn try_create(&self, user: &User, wanted: &NewEntry, once: &Once) -> Result<Entry, Error> {
        let mut connection = self.store.connection().await?;
        let now = connection.now().await?;
        let expires_at = wanted.wishes.end(now, wanted.expires_at)?;
        let tx = connection.begin().await?;
        once.begin(&tx).await?;
        if tx.hold_party(wanted.patient_id).await? != Some(true) {
            return Err(Error::NoSuchPatient);
        }
        if let Some(id) = wanted.appointment_id {
            let refused = |why| Error::from(Violations::of("entry.appointment_id", why));
            let (visit, now) = tx.lock(id).await?.ok_or_else(|| refused("is no visit of the patient"))?;
            if visit.patient_id != wanted.patient_id {
                return Err(refused("is no visit of the patient"));
            }
            if !visit.status.is_open() || visit.visit.start <= now {
                return Err(refused("is no visit ahead"));
            }
            if visit.visit_type_id != Some(wanted.visit_type_id) {
                return Err(refused("is of another visit type"));
            }
            let date = visit.zone.to_datetime(visit.visit.start).date();
            if wanted.wishes.earliest.is_some_and(|earliest| date < earliest) {
                return Err(Violations::of("entry.earliest_date", "is after that visit").into());
            }
        }
        let clinic = tx.clinic().await?;
        let visit_type = clinic.visit_types.get(&wanted.visit_type_id);
        wanted.wishes.check(visit_type.map(AsRef::as_ref), expires_at)?;
        if tx.count_entries(wanted.patient_id).await? >= waitlist::MOST {
            return Err(Error::TooManyEntries);
        }
        let mut entry = Entry {
            id: WaitlistEntryId::random(),
            patient_id: wanted.patient_id,
            visit_type_id: wanted.visit_type_id,
            wishes: wanted.wishes.clone(),
            priority: wanted.priority,
            appointment_id: wanted.appointment_id,
            state: EntryState::Waiting,
            unanswered: 0,
            fulfilled_by: None,
            expires_at,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        tx.insert_entry(&mut entry, user).await?;
        once.end_entry(&tx, &convert::waitlist::entry(&entry, None, user)).await?;
        tx.commit().await?;
        Ok(entry)
    }

    pub async fn get(&self, user: &User, id: WaitlistEntryId) -> Result<Seen, Error> {
        let connection = self.store.connection().await?;
        let (entry, _) = connection.entry(id).await?.ok_or(Error::NoSuchEntry)?;
        about("waitlist_entry", id.0, Some(entry.patient_id.0));
        entry.check_access(user).map_err(hidden)?;
        connection.note(audited::waiting("read", &entry)).await?;
        let offer = connection.open_offers(&[id]).await?.remove(&id);
        Ok((entry, offer))
    }

    /// The entries of `waiters` that `user` may see.
    pub async fn list(&self, user: &User, waiters: Waiters) -> Result<Vec<Seen>, Error> {
        let waiters = match user.role {
            Role::Admin | Role::Staff => waiters,
            Role::Patient(own) if waiters.patient_id.is_none_or(|asked| asked == own) => {
                Waiters { patient_id: Some(own), ..waiters }
            }
            Role::Doctor(own) if waiters.doctor_id.is_none_or(|asked| asked == own) => {
                Waiters { only_doctor_id: Some(own), ..waiters }
            }
            Role::Patient(_) | Role::Doctor(_) => {
                let nobody = audited::all_waiting("list", &[]);
                self.store.connection().await?.note(nobody).await?;
                return Ok(Vec::new());
            }
            Role::Auditor => return Err(Error::NotAllowed("auditors do not see the waitlist")),
        };
        let connection = self.store.connection().await?;
        let entries = connection.entries(&waiters).await?;
        let ids: Vec<WaitlistEntryId> = entries.iter().map(|entry| entry.id).collect();
        let mut open = connection.open_offers(&ids).await?;
        let listed = audited::shown(&entries, waiters.limit);
        connection.note(audited::all_waiting("list", listed)).await?;
        let with_offer = |entry: Entry| {
            let offer = open.remove(&entry.id);
            (entry, offer)
        };
        Ok(entries.into_iter().map(with_offer).collect())
    }

    /// Changes what is waited for. What is offered already stays on offer.
    pub async fn edit(&self, user: &User, id: WaitlistEntryId, edit: &EntryEdit) -> Result<Seen, Error> {
        check_priority(user, edit.priority)?;
        let (seen, _) = self.store.connection().await?.entry(id).await?.ok_or(Error::NoSuchEntry)?;
        seen.check_access(user).map_err(hidden)?;
        let wanted = Wishes {
            doctors: edit.doctors.clone().unwrap_or_default(),
            locations: edit.locations.clone().unwrap_or_default(),
            ..Wishes::default()
        };
        self.check_wishes(None, &wanted).await?;
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let (mut entry, now) = secure(&tx, user, id, edit.expected_version).await?;
        let before = entry.clone();
        edit.apply(&mut entry, now)?;
        if may_see(user, entry.patient_id, &entry.wishes.doctors).is_err() {
            return Err(Error::NotAllowed("doctors enter who waits for them alone"));
        }
        let clinic = tx.clinic().await?;
        let visit_type = clinic.visit_types.get(&entry.visit_type_id);
        entry.wishes.check(visit_type.map(AsRef::as_ref), entry.expires_at)?;
        if entry == before {
            tx.note(audited::waiting("read", &entry));
        } else {
            tx.update_entry(&mut entry).await?;
            tx.retry_openings().await?;
        }
        let offer = tx.open_offer(id).await?;
        tx.commit().await?;
        Ok((entry, offer))
    }

    /// Lets a paused entry wait again.
    pub async fn resume(
        &self,
        user: &User,
        id: WaitlistEntryId,
        expected_version: Option<i64>,
    ) -> Result<Seen, Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let (mut entry, _) = secure(&tx, user, id, expected_version).await?;
        if entry.state == EntryState::Paused {
            entry.state = EntryState::Waiting;
            entry.unanswered = 0;
            tx.update_entry(&mut entry).await?;
            tx.retry_openings().await?;
        } else {
            tx.note(audited::waiting("read", &entry));
        }
        let offer = tx.open_offer(id).await?;
        tx.commit().await?;
        Ok((entry, offer))
    }

    /// Takes a patient off the list, and what was offered back.
    pub async fn cancel(
        &self,
        user: &User,
        id: WaitlistEntryId,
        expected_version: Option<i64>,
    ) -> Result<Entry, Error> {
        let mut connection = self.store.connection().await?;
        let (seen, _) = connection.entry(id).await?.ok_or(Error::NoSuchEntry)?;
        seen.check_access(user).map_err(hidden)?;
        let tx = connection.begin().await?;
        // What the patient books meanwhile may end the offer's hold.
        tx.hold_party(seen.patient_id).await?;
        let (entry, _) = tx.lock_entry(id).await?.ok_or(Error::NoSuchEntry)?;
        if entry.state == EntryState::Cancelled {
            tx.note(audited::waiting("read", &entry));
            tx.commit().await?;
            return Ok(entry);
        }
        expect_version(&entry, expected_version)?;
        if !entry.state.is_open() {
            return Err(Error::EntryClosed);
        }
        let entry = end(&tx, entry).await?;
        tx.commit().await?;
        Ok(entry)
    }

    /// Takes those off the list who would have a visit earlier that is not to be had any more, `limit` at most.
    pub async fn cancel_unlinked(&self, limit: i64) -> Result<(), Error> {
        let mut connection = self.store.connection().await?;
        for seen in connection.unlinked(limit).await? {
            let tx = connection.begin().await?;
            tx.hold_party(seen.patient_id).await?;
            if let Some((entry, _)) = tx.lock_entry(seen.id).await?
                && entry.state.is_open()
            {
                end(&tx, entry).await?;
                tx.commit().await?;
            }
        }
        Ok(())
    }

    /// Latest first: of one entry, for whoever may see it; of all, for the practice.
    pub async fn offers(&self, user: &User, offered: &Offered) -> Result<Vec<Offer>, Error> {
        let connection = self.store.connection().await?;
        match (offered.entry_id, user.role) {
            (Some(id), _) => {
                let (entry, _) = connection.entry(id).await?.ok_or(Error::NoSuchEntry)?;
                entry.check_access(user).map_err(hidden)?;
            }
            (None, Role::Admin | Role::Staff) => {}
            (None, _) => return Err(Error::NotAllowed("only the practice sees what was offered to all")),
        }
        let offers = connection.offers(offered).await?;
        connection.note(audited::offers("list", audited::shown(&offers, offered.limit))).await?;
        Ok(offers)
    }

    /// For other services, which act for nobody.
    pub async fn offer(&self, id: WaitlistOfferId) -> Result<Offer, Error> {
        let (offer, _) = self.store.connection().await?.offer(id).await?.ok_or(Error::NoSuchOffer)?;
        Ok(offer)
    }

    /// Whether there is what is waited for.
    async fn check_wishes(&self, visit_type: Option<VisitTypeId>, wishes: &Wishes) -> Result<(), Error> {
        if let Some(visit_type) = visit_type {
            self.calendars.visit_type(visit_type).await.map_err(|error| match error {
                Error::NoSuchVisitType => Violations::of("entry.visit_type_id", error).into(),
                other => other,
            })?;
        }
        let known = self.store.connection().await?.calendars(&wishes.doctors, "", "", MAX_DOCTORS).await?;
        let known: HashSet<DoctorId> = known.iter().map(|calendar| calendar.rules.doctor_id).collect();
        for doctor in wishes.doctors.iter().filter(|doctor| !known.contains(doctor)) {
            self.calendars.calendar(*doctor).await.map_err(|error| match error {
                Error::NoSuchDoctor => Violations::of("entry.doctor_ids", "there is no such doctor").into(),
                other => other,
            })?;
        }
        if !wishes.locations.is_empty() {
            let clinic = self.store.connection().await?.clinic().await?;
            let known: HashSet<_> = clinic.locations.keys().collect();
            if !wishes.locations.iter().all(|id| known.contains(id)) {
                return Err(Violations::of("entry.location_ids", "there is no such location").into());
            }
        }
        Ok(())
    }

    /// Asks for a patient of whom nothing is known yet.
    async fn know(&self, user: &User, patient: PatientId) -> Result<(), Error> {
        let mut connection = self.store.connection().await?;
        let is_here = connection.begin().await?.hold_party(patient).await?;
        drop(connection);
        if is_here == Some(true) || is_here.is_none() && self.calendars.refresh_party(patient).await? {
            return Ok(());
        }
        Err(match user.role {
            Role::Patient(_) => Error::NoRecord,
            _ => Violations::of("entry.patient_id", "there is no such patient").into(),
        })
    }
}

/// An entry that waits, held still until the transaction ends.
async fn secure(
    tx: &Tx<'_>,
    user: &User,
    id: WaitlistEntryId,
    expected_version: Option<i64>,
) -> Result<(Entry, Timestamp), Error> {
    let (entry, now) = tx.lock_entry(id).await?.ok_or(Error::NoSuchEntry)?;
    entry.check_access(user).map_err(hidden)?;
    expect_version(&entry, expected_version)?;
    if !entry.state.is_open() {
        return Err(Error::EntryClosed);
    }
    Ok((entry, now))
}

fn expect_version(entry: &Entry, expected: Option<i64>) -> Result<(), Error> {
    match expected {
        Some(expected) if expected != entry.version => Err(Error::VersionMismatch { current: entry.version }),
        _ => Ok(()),
    }
}

/// Cancels an entry with what it is offered. Patient and entry must be locked.
async fn end(tx: &Tx<'_>, mut entry: Entry) -> Result<Entry, Error> {
    if let Some(offer) = tx.open_offer(entry.id).await? {
        tx.give_back(&offer, OfferState::Withdrawn).await?;
    }
    entry.state = EntryState::Cancelled;
    tx.update_entry(&mut entry).await?;
    Ok(entry)
}

pub fn hidden(hidden: Hidden) -> Error {
    match hidden {
        Hidden::Unknown => Error::NoSuchEntry,
        Hidden::Forbidden => Error::NotAllowed("not an entry of the waitlist that you may see"),
    }
}

fn check_priority(user: &User, priority: Option<Priority>) -> Result<(), Error> {
    match (user.role, priority) {
        (Role::Patient(_), Some(_)) => Err(Error::NotAllowed("the practice says how urgent a visit is")),
        _ => Ok(()),
    }
}
