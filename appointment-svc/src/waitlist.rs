//! Use cases of patients who wait: put them on the list, change what they wait for, take them off.
use crate::calendars::Calendars;
use crate::convert;
use crate::domain::appointment::Hidden;
use crate::domain::waitlist::{
    self, Entry, EntryState, Offer, OfferState, Priority, Window, Wishes, may_see,
};
use crate::error::Error;
use crate::once::Once;
use crate::placing;
use crate::store::{Offered, Store, Tx, Waiters};
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use platform::caller::{Role, User};
use platform::violations::Violations;
use proto::ids::{
    AppointmentId, DoctorId, LocationId, PatientId, VisitTypeId, WaitlistEntryId, WaitlistOfferId,
};
use std::collections::HashSet;

#[derive(Clone)]
pub struct Waitlist {
    store: Store,
    calendars: Calendars,
}

/// An entry that is wanted.
#[derive(Clone, Debug)]
pub struct NewEntry {
    pub patient_id: PatientId,
    pub visit_type_id: VisitTypeId,
    pub wishes: Wishes,
    pub priority: Priority,
    /// The visit that the patient would have earlier.
    pub appointment_id: Option<AppointmentId>,
    /// Some days after the last date that would do, or months from now, when none.
    pub expires_at: Option<Timestamp>,
}

/// What is changed of an entry; what is none stays.
#[derive(Clone, Debug, Default)]
pub struct EntryEdit {
    pub doctors: Option<Vec<DoctorId>>,
    pub locations: Option<Vec<LocationId>>,
    /// Some(None) clears it.
    pub earliest: Option<Option<Date>>,
    /// Some(None) clears it.
    pub latest: Option<Option<Date>>,
    pub windows: Option<Vec<Window>>,
    pub notice: Option<SignedDuration>,
    pub priority: Option<Priority>,
    /// Some(None) makes it the usual one.
    pub expires_at: Option<Option<Timestamp>>,
    pub expected_version: Option<i64>,
}

/// An entry, and the offer that waits for an answer.
pub type Seen = (Entry, Option<Offer>);

impl Waitlist {
    pub fn new(store: Store, calendars: Calendars) -> Self {
        Self { store, calendars }
    }

    pub async fn create(&self, user: &User, wanted: &NewEntry, once: &Once) -> Result<Entry, Error> {
        may_see(user, wanted.patient_id, &wanted.wishes.doctors).map_err(|_| {
            Error::NotAllowed(
                "patients wait for themselves, and doctors let them wait for none but themselves",
            )
        })?;
        check_priority(user, (wanted.priority != Priority::Routine).then_some(wanted.priority))?;
        self.check_wishes(Some(wanted.visit_type_id), &wanted.wishes).await?;
        self.know(user, wanted.patient_id).await?;
        placing::again_while(Error::is_conflict, || self.try_create(user, wanted, once)).await
    }

    async fn try_create(&self, user: &User, wanted: &NewEntry, once: &Once) -> Result<Entry, Error> {
        let mut connection = self.store.connection().await?;
        let now = connection.now().await?;
        let expires_at = expiry(now, wanted.expires_at, &wanted.wishes)?;
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
        }
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
        entry.check_access(user).map_err(hidden)?;
        let offer = connection.open_offer(id).await?;
        Ok((entry, offer))
    }

    /// The entries of `waiters` that `user` may see.
    pub async fn list(&self, user: &User, waiters: Waiters) -> Result<Vec<Entry>, Error> {
        let waiters = match user.role {
            Role::Admin | Role::Staff => waiters,
            Role::Patient(own) if waiters.patient_id.is_none_or(|asked| asked == own) => {
                Waiters { patient_id: Some(own), ..waiters }
            }
            Role::Doctor(own) if waiters.doctor_id.is_none_or(|asked| asked == own) => {
                Waiters { only_doctor_id: Some(own), ..waiters }
            }
            Role::Patient(_) | Role::Doctor(_) => return Ok(Vec::new()),
            Role::Auditor => return Err(Error::NotAllowed("auditors do not see the waitlist")),
        };
        Ok(self.store.connection().await?.entries(&waiters).await?)
    }

    /// Changes what is waited for. What is offered already stays on offer.
    pub async fn edit(&self, user: &User, id: WaitlistEntryId, edit: &EntryEdit) -> Result<Seen, Error> {
        check_priority(user, edit.priority)?;
        let wanted = Wishes {
            doctors: edit.doctors.clone().unwrap_or_default(),
            locations: edit.locations.clone().unwrap_or_default(),
            ..Wishes::default()
        };
        self.check_wishes(None, &wanted).await?;
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        let (mut entry, now) = secure(&tx, user, id, edit.expected_version).await?;
        let EntryEdit { doctors, locations, earliest, latest, windows, notice, .. } = edit;
        let before = entry.wishes.clone();
        entry.wishes = Wishes {
            doctors: doctors.clone().unwrap_or(before.doctors),
            locations: locations.clone().unwrap_or(before.locations),
            earliest: earliest.unwrap_or(before.earliest),
            latest: latest.unwrap_or(before.latest),
            windows: windows.clone().unwrap_or(before.windows),
            notice: notice.unwrap_or(before.notice),
        };
        if may_see(user, entry.patient_id, &entry.wishes.doctors).is_err() {
            return Err(Error::NotAllowed("doctors let patients wait for none but themselves"));
        }
        entry.priority = edit.priority.unwrap_or(entry.priority);
        entry.expires_at = match edit.expires_at {
            Some(at) => expiry(now, at, &entry.wishes)?,
            None => entry.expires_at,
        };
        if entry.wishes.earliest.zip(entry.wishes.latest).is_some_and(|(first, last)| last < first) {
            return Err(Violations::of("entry.latest_date", "must not be before `earliest_date`").into());
        }
        tx.update_entry(&mut entry).await?;
        let offer = tx.open_offer(id).await?;
        tx.retry_openings().await?;
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
        if seen.state == EntryState::Cancelled {
            return Ok(seen);
        }
        let tx = connection.begin().await?;
        // What the patient books meanwhile may end the offer's hold.
        tx.hold_party(seen.patient_id).await?;
        let (mut entry, _) = secure(&tx, user, id, expected_version).await?;
        if let Some(offer) = tx.open_offer(id).await? {
            give_back(&tx, &offer, OfferState::Withdrawn).await?;
        }
        entry.state = EntryState::Cancelled;
        tx.update_entry(&mut entry).await?;
        tx.commit().await?;
        Ok(entry)
    }

    /// Latest first: of one entry, for whoever may see it; of all, for the practice.
    pub async fn offers(&self, user: &User, offered: &Offered) -> Result<Vec<Offer>, Error> {
        let connection = self.store.connection().await?;
        match (offered.entry_id, user.role) {
            (_, Role::Admin | Role::Staff) => {}
            (Some(id), _) => {
                let (entry, _) = connection.entry(id).await?.ok_or(Error::NoSuchEntry)?;
                entry.check_access(user).map_err(hidden)?;
            }
            (None, _) => return Err(Error::NotAllowed("only the practice sees what was offered to all")),
        }
        Ok(connection.offers(offered).await?)
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
        for doctor in &wishes.doctors {
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
    if expected_version.is_some_and(|expected| expected != entry.version) {
        return Err(Error::VersionMismatch { current: entry.version });
    }
    if !entry.state.is_open() {
        return Err(Error::EntryClosed);
    }
    Ok((entry, now))
}

/// Ends an offer that was not taken, and what keeps its time. Patient and entry must be locked.
pub async fn give_back(tx: &Tx<'_>, offer: &Offer, state: OfferState) -> Result<(), Error> {
    tx.answer_offer(offer.id, state).await?;
    let holds: Vec<AppointmentId> = offer.hold.into_iter().collect();
    tx.give_up_holds(&holds).await?;
    Ok(tx.retry_openings().await?)
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

/// Until when is waited: within a year.
fn expiry(now: Timestamp, asked: Option<Timestamp>, wishes: &Wishes) -> Result<Timestamp, Violations> {
    let day = SignedDuration::from_hours(24);
    match (asked, wishes.latest) {
        (Some(at), _) if at <= now => Err(Violations::of("entry.expire_time", "must be in the future")),
        (Some(at), _) if at > now + 366 * day => {
            Err(Violations::of("entry.expire_time", "must be within a year"))
        }
        (Some(at), _) => Ok(at),
        (None, None) => Ok(now + 90 * day),
        (None, Some(latest)) => {
            // Over everywhere on earth.
            let end = TimeZone::UTC.to_timestamp(latest.to_datetime(Time::midnight()));
            let end = end.map_or(now, |midnight| midnight + 2 * day);
            if end <= now {
                return Err(Violations::of("entry.latest_date", "must not be in the past"));
            }
            Ok(end.min(now + 366 * day))
        }
    }
}
