//! Use cases of those who are offered a time: take it, or let it go to the next.
//!
//! Locks are taken in the order of [`crate::bookings`], the entry after calendars and patient.
use crate::bookings::{self, Booked};
use crate::domain::commands::{Book, When};
use crate::domain::diary::{Diary, Reader};
use crate::domain::hold::Hold;
use crate::domain::waitlist::{Entry, EntryState, Offer, OfferState};
use crate::domain::why::Why;
use crate::drafts;
use crate::error::Error;
use crate::events::{self, Change};
use crate::once::Once;
use crate::placing::{self, Desk, Missing, Placed, lost, unbookable};
use crate::store::{Connection, Locked, Store, Tx, audited};
use crate::waitlist::hidden;
use jiff::Timestamp;
use platform::caller::User;
use proto::ids::{AppointmentId, DoctorId, WaitlistOfferId};

#[derive(Clone)]
pub struct Accepting {
    store: Store,
}

/// An offer that stays as it is until the transaction ends.
struct Secured<'c> {
    tx: Tx<'c>,
    calendars: Vec<Locked>,
    entry: Entry,
    offer: Offer,
    now: Timestamp,
}

impl Accepting {
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// Makes what is offered a visit, or moves the one that the patient would have earlier there.
    pub async fn accept(&self, user: &User, id: WaitlistOfferId, once: &Once) -> Result<Booked, Error> {
        let outcome = placing::again_while(Error::is_conflict, || self.try_accept(user, id, once)).await;
        match &outcome {
            Err(Error::SlotTaken { .. }) => self.give_back(id, OfferState::Lost).await?,
            // What it was to move is not there any more, or not later any more.
            Err(Error::Closed) => self.give_back(id, OfferState::Withdrawn).await?,
            _ => {}
        }
        outcome
    }

    /// Ends an offer that cannot be accepted.
    async fn give_back(&self, id: WaitlistOfferId, state: OfferState) -> Result<(), Error> {
        let mut connection = self.store.connection().await?;
        let Some((seen, _)) = connection.offer(id).await? else { return Ok(()) };
        let tx = connection.begin().await?;
        tx.hold_party(seen.patient_id).await?;
        tx.lock_entry(seen.entry_id).await?;
        if let Some((offer, _)) = tx.offer(id).await?
            && offer.state == OfferState::Open
        {
            tx.give_back(&offer, state).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    async fn try_accept(&self, user: &User, id: WaitlistOfferId, once: &Once) -> Result<Booked, Error> {
        let mut connection = self.store.connection().await?;
        let Secured { tx, calendars, mut entry, offer, now } =
            secure(&mut connection, user, id, once).await?;
        match offer.state {
            OfferState::Open => {}
            OfferState::Accepted => {
                let visit = entry.fulfilled_by.ok_or(Error::OfferClosed)?;
                let (appointment, now) = tx.lock(visit).await?.ok_or(Error::OfferClosed)?;
                appointment.reader(user)?;
                tx.note(audited::visit("read", &appointment));
                tx.commit().await?;
                return Ok(Booked { appointment, hold: None, now });
            }
            OfferState::Expired => return Err(Error::OfferExpired),
            OfferState::Lost => return Err(Error::taken(offer.doctor_id, &offer.zone)),
            OfferState::Declined | OfferState::Withdrawn => return Err(Error::OfferClosed),
        }
        let calendar = calendars.into_iter().find(|calendar| calendar.rules.doctor_id == offer.doctor_id);
        let Locked { rules, .. } = calendar.ok_or(Error::NoSuchDoctor)?;
        let clinic = tx.clinic().await?;
        let desk = Desk { rules, clinic, now };
        // What is offered was placed by the practice, whoever accepts it.
        let reader = Reader { user: user.id, patient: Some(offer.patient_id), is_bound: false };
        let hold = match offer.hold {
            Some(hold) => Some(live(&tx, hold).await?),
            None => None,
        };
        tx.answer_offer(id, OfferState::Accepted).await?;
        if desk.clinic.visit_types.get(&offer.visit_type_id).is_none_or(|kind| kind.timing.capacity == 1) {
            tx.lose_offers(&offer).await?;
        }
        entry.state = EntryState::Fulfilled;
        entry.unanswered = 0;
        if let Some(visit) = entry.appointment_id {
            entry.fulfilled_by = Some(visit);
            tx.update_entry(&mut entry).await?;
            if let Some(hold) = hold {
                tx.give_up_holds(&[hold.appointment.id]).await?;
            }
            return move_earlier(tx, user, reader, desk, visit, &offer, once).await;
        }
        let book = Book {
            patient_id: offer.patient_id,
            doctor_id: offer.doctor_id,
            visit_type_id: Some(offer.visit_type_id),
            start: When::Instant(offer.visit.start),
            end: Some(When::Instant(offer.visit.end)),
            notes: None,
            leave: None,
        };
        let booked = match hold {
            Some(hold) => {
                entry.fulfilled_by = Some(hold.appointment.id);
                tx.update_entry(&mut entry).await?;
                bookings::book_held(tx, user, reader, desk, hold, &book, once).await
            }
            None => match desk.place(&tx, user, reader, &book).await {
                Ok(placed) => book_free(tx, user, placed, entry, now, once).await,
                Err(missing) => Err(missing),
            },
        };
        booked.map_err(|missing| refused(missing, &offer))
    }

    /// Lets the time go to whoever is next.
    pub async fn decline(&self, user: &User, id: WaitlistOfferId) -> Result<Offer, Error> {
        placing::again_while(Error::is_conflict, || self.try_decline(user, id)).await
    }

    async fn try_decline(&self, user: &User, id: WaitlistOfferId) -> Result<Offer, Error> {
        let mut connection = self.store.connection().await?;
        let Secured { tx, mut entry, offer, .. } =
            secure(&mut connection, user, id, &Once::default()).await?;
        match offer.state {
            OfferState::Open => {}
            OfferState::Declined => {
                tx.note(audited::offers("read", std::slice::from_ref(&offer)));
                tx.commit().await?;
                return Ok(offer);
            }
            OfferState::Expired => return Err(Error::OfferExpired),
            OfferState::Accepted | OfferState::Withdrawn | OfferState::Lost => {
                return Err(Error::OfferClosed);
            }
        }
        tx.give_back(&offer, OfferState::Declined).await?;
        entry.unanswered = 0;
        tx.update_entry(&mut entry).await?;
        let (offer, _) = tx.offer(id).await?.ok_or(Error::NoSuchOffer)?;
        tx.commit().await?;
        Ok(offer)
    }
}

/// Locks the calendars of the offer and of the visit that it would move, the patient, and the entry. Who may not know of
/// the offer locks nothing.
async fn secure<'c>(
    connection: &'c mut Connection,
    user: &User,
    id: WaitlistOfferId,
    once: &Once,
) -> Result<Secured<'c>, Error> {
    let (seen, _) = connection.offer(id).await?.ok_or(Error::NoSuchOffer)?;
    let (entry, _) = connection.entry(seen.entry_id).await?.ok_or(Error::NoSuchOffer)?;
    let as_offer = |error| if matches!(error, Error::NoSuchEntry) { Error::NoSuchOffer } else { error };
    entry.check_access(user).map_err(hidden).map_err(as_offer)?;
    let mut doctors: Vec<DoctorId> = vec![seen.doctor_id];
    if let Some(visit) = entry.appointment_id {
        doctors.extend(connection.find(visit).await?.map(|(visit, _)| visit.doctor_id));
    }
    let tx = connection.begin().await?;
    once.begin(&tx).await?;
    let calendars = tx.lock_calendars(Some(&doctors)).await?;
    if tx.hold_party(seen.patient_id).await? != Some(true) {
        return Err(Error::NoSuchPatient);
    }
    let (entry, now) = tx.lock_entry(seen.entry_id).await?.ok_or(Error::NoSuchOffer)?;
    let (offer, _) = tx.offer(id).await?.ok_or(Error::NoSuchOffer)?;
    Ok(Secured { tx, calendars, entry, offer, now })
}

/// What keeps the time of an offer, held still.
async fn live(tx: &Tx<'_>, hold: AppointmentId) -> Result<Hold, Error> {
    let (hold, _, now) = tx.lock_hold(hold).await?.ok_or(Error::OfferExpired)?;
    if hold.is_live(now) { Ok(hold) } else { Err(Error::OfferExpired) }
}

/// Books what is kept for nobody.
async fn book_free(
    tx: Tx<'_>,
    user: &User,
    placed: Placed,
    mut entry: Entry,
    now: Timestamp,
    once: &Once,
) -> Result<Booked, Missing> {
    let Placed { mut appointment, place, rules_version, own_holds, .. } = placed;
    tx.give_up_holds(&own_holds).await?;
    tx.insert(&mut appointment, &place, rules_version, Change::Booked, None, user)
        .await?
        .map_err(|conflict| lost(conflict, appointment.visit))?;
    entry.fulfilled_by = Some(appointment.id);
    tx.update_entry(&mut entry).await?;
    bookings::finish(tx, user, Booked { appointment, hold: None, now }, once).await
}

/// Moves the visit that the patient would have earlier to the time of the offer, also to another doctor; its own time
/// may be the next that is offered.
async fn move_earlier(
    tx: Tx<'_>,
    user: &User,
    reader: Reader,
    desk: Desk,
    id: AppointmentId,
    offer: &Offer,
    once: &Once,
) -> Result<Booked, Error> {
    let Desk { rules, clinic, now } = desk;
    let (mut visit, _) = tx.lock(id).await?.ok_or(Error::OfferClosed)?;
    if !visit.status.is_open() || visit.visit.start <= offer.visit.start {
        return Err(Error::Closed);
    }
    let actor = visit.actor(user)?;
    let wish = bookings::wish_of(&visit, offer.visit, &rules, reader.is_bound);
    let (doctor, patient) = (offer.doctor_id, offer.patient_id);
    let taken = placing::look(&tx, &wish, doctor, patient, offer.visit, &clinic, Some(id)).await?;
    let diary = Diary::new(rules, clinic, &taken, reader, now);
    let (place, _) = placing::place(&diary, wish, offer.visit, None)
        .map_err(|refusal| refused(unbookable(refusal, offer.visit, now), offer))?;
    let from = visit.doctor_id;
    let change = if from == doctor { Change::Rescheduled } else { Change::Reassigned { from } };
    visit.doctor_id = doctor;
    // The practice offered it: that is none of the times that a patient may move a visit.
    let moved_before = visit.reschedule_count;
    drafts::relocate(&mut visit, &diary, offer.visit, &place, actor);
    visit.reschedule_count = moved_before;
    tx.release_after(id, offer.depth + 1).await?;
    tx.claim(&visit, &place).await?.map_err(|conflict| refused(lost(conflict, offer.visit), offer))?;
    tx.update(&mut visit, change, &Why::default(), user).await?;
    tx.announce(events::event(change, &visit)).await?;
    once.end_with(&tx, user, &visit, now).await?;
    tx.commit().await?;
    Ok(Booked { appointment: visit, hold: None, now })
}

/// Why what was offered cannot be had.
fn refused(missing: Missing, offer: &Offer) -> Error {
    match missing {
        Missing::Time(_) => Error::taken(offer.doctor_id, &offer.zone),
        Missing::Calendar | Missing::VisitType(_) => Error::OfferClosed,
        Missing::Party => Error::NoSuchPatient,
        Missing::Lock(error) | Missing::Other(error) => error,
    }
}
