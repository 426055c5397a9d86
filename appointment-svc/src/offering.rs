//! Use case: times that came free are offered to those who wait, in their order.
//!
//! Who is offered a time is found without a lock, and made sure of with those of a booking: an opening stays until there
//! is nobody left for it, so that whatever comes in between, or ends the process, is only another look. Locks are taken
//! in the order of [`crate::bookings`], the opening before them and the entry after them.
use crate::domain::appointment::Appointment;
use crate::domain::clinic::{Clinic, Timing};
use crate::domain::diary::{Diary, OFFERER, Reader, diaries, wish};
use crate::domain::hold::Tokens;
use crate::domain::interval::Interval;
use crate::domain::questions::MAX_DOCTORS;
use crate::domain::slots::{Slot, Wish};
use crate::domain::status::Status;
use crate::domain::waitlist::{Entry, EntryState, MOST_UNANSWERED, Offer, OfferState, Terms, Waiter};
use crate::drafts;
use crate::error::Error;
use crate::events;
use crate::offers;
use crate::placing;
use crate::store::{self, Connection, Locked, Look, Opening, Store, Turn};
use crate::waitlist::Waitlist;
use jiff::Timestamp;
use platform::caller::{Role, User};
use platform::shutdown::Shutdown;
use proto::ids::{AppointmentId, DoctorId, PatientId, SessionId, UserId, WaitlistEntryId, WaitlistOfferId};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(1);
/// Openings that one look takes on.
const OPENINGS: i64 = 50;
/// Those who wait are looked at so many at a time.
const PAGE: i64 = 100;
/// Offers that one look makes of one opening.
const ROUNDS: usize = 50;
/// Offers without an answer that one look gives up.
const LAPSED: i64 = 100;

#[derive(Clone)]
pub struct Offering {
    store: Store,
    waitlist: Waitlist,
    tokens: Tokens,
    terms: Terms,
}

/// Somebody whom a time suits.
struct Candidate {
    entry: WaitlistEntryId,
    patient: PatientId,
    doctor: DoctorId,
    slot: Slot,
    /// That of the visit that they would have earlier.
    timing: Option<Timing>,
    /// Others before, whom nothing suited.
    passed_over: i32,
}

/// Whom a time that came free can be offered.
struct Found {
    candidates: Vec<Candidate>,
    /// When others whom it suits will have answered what they are offered meanwhile.
    retry_at: Option<Timestamp>,
}

/// The doctors whose times an opening may have made possible.
struct Openings<'o> {
    opening: &'o Opening,
    /// Whose it is, unless it is a room.
    doctor: Option<DoctorId>,
    /// Whose visit was then.
    given_up_by: Option<PatientId>,
    clinic: Arc<Clinic>,
    diaries: Vec<Diary>,
    /// Offered to several already, and kept for none.
    broadcast: Vec<(DoctorId, Interval)>,
}

impl Offering {
    pub fn new(store: Store, waitlist: Waitlist, tokens: Tokens, terms: Terms) -> Self {
        Self { store, waitlist, tokens, terms }
    }

    /// Starts offering. Replicas do not wait for each other: each passes over what another has.
    pub fn start(self, shutdown: &Shutdown) {
        shutdown.spawn(self.run(shutdown.clone()));
    }

    async fn run(self, shutdown: Shutdown) {
        let mut is_failing = false;
        while shutdown.pause(PAUSE).await {
            let outcome = self.round().await;
            if let Err(error) = &outcome
                && !is_failing
            {
                tracing::warn!(error = error as &dyn std::error::Error, "free times are not offered");
            }
            is_failing = outcome.is_err();
        }
    }

    async fn round(&self) -> Result<(), Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        tx.lapse_offers(None, LAPSED, MOST_UNANSWERED).await?;
        tx.expire_entries(LAPSED).await?;
        tx.forget_openings(OPENINGS).await?;
        tx.commit().await?;
        self.waitlist.cancel_unlinked(LAPSED).await?;
        let mut outcome = Ok(());
        for opening in connection.openings(OPENINGS).await? {
            // One that cannot be offered does not hold up the others.
            outcome = outcome.and(self.offer_all(&mut connection, &opening).await);
        }
        outcome
    }

    /// Offers what came free until nobody is left for it.
    async fn offer_all(&self, connection: &mut Connection, opening: &Opening) -> Result<(), Error> {
        for _ in 0..ROUNDS {
            let Found { candidates, retry_at } = self.candidates(connection, opening).await?;
            if candidates.is_empty() {
                let tx = connection.begin().await?;
                match retry_at {
                    Some(at) => tx.postpone_opening(opening.id, at).await?,
                    None => tx.close_opening(opening.id).await?,
                }
                tx.commit().await?;
                return Ok(());
            }
            for candidate in candidates {
                match self.offer(connection, opening, &candidate).await {
                    Ok(true) => {}
                    // Somebody else is at it, or was faster: the next look tells.
                    Ok(false) => return Ok(()),
                    Err(error) if error.is_conflict() => return Ok(()),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// The first in order for whom there is a time, or, where one is offered to several, all of them.
    async fn candidates(&self, connection: &Connection, opening: &Opening) -> Result<Found, Error> {
        let mut found: Vec<Candidate> = Vec::new();
        let mut retry_at: Option<Timestamp> = None;
        let (mut after, mut passed_over) = (Turn::FIRST, 0);
        let mut openings: Option<Openings<'_>> = None;
        loop {
            let doctor = match &openings {
                Some(openings) => openings.doctor,
                None => connection.calendar(DoctorId(opening.resource)).await?.map(|c| c.rules.doctor_id),
            };
            let page = connection.waiting(doctor, opening.since, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(Found { candidates: found, retry_at }) };
            after = Turn::of(last);
            if openings.is_none() {
                openings = Some(self.openings(connection, opening, doctor).await?);
            }
            let Some(openings) = &mut openings else { continue };
            for waiter in self.waiters(connection, page, opening.time).await? {
                // Nobody is offered what they have just given up.
                let patient = waiter.entry.patient_id;
                if openings.given_up_by == Some(patient) || found.iter().any(|found| found.patient == patient)
                {
                    continue;
                }
                match (openings.time_for(&waiter, &self.terms, found.first()), waiter.is_asked_until()) {
                    (Some(_), Some(until)) => {
                        retry_at = retry_at.into_iter().chain([until]).min();
                        passed_over += 1;
                    }
                    (Some((doctor, slot)), None) => found.push(Candidate {
                        entry: waiter.entry.id,
                        patient: waiter.entry.patient_id,
                        doctor,
                        slot,
                        timing: waiter.timing,
                        passed_over,
                    }),
                    (None, _) => passed_over += 1,
                }
                if found.len() >= self.terms.most {
                    return Ok(Found { candidates: found, retry_at });
                }
            }
        }
    }

    /// What is known of those who wait.
    async fn waiters(
        &self,
        connection: &Connection,
        page: Vec<Entry>,
        time: Interval,
    ) -> Result<Vec<Waiter>, Error> {
        let patients: Vec<PatientId> = page.iter().map(|entry| entry.patient_id).collect();
        let later: Vec<AppointmentId> = page.iter().filter_map(|entry| entry.appointment_id).collect();
        let (own, made, visits) = tokio::try_join!(
            connection.taken_from_patients(&patients, offers::reach(time), &[]),
            connection.offers_made(&patients),
            connection.visits(&later),
        )?;
        let waiters = page.into_iter().map(|entry| {
            let patient = entry.patient_id;
            let visit = entry.appointment_id.and_then(|visit| visits.get(&visit));
            Waiter {
                before: visit.map(|visit| visit.visit.start),
                timing: visit.and_then(|visit| visit.terms.timing),
                own: own.get(&patient).cloned().unwrap_or_default(),
                made: made.iter().filter(|(of, _)| *of == patient).map(|(_, made)| *made).collect(),
                entry,
            }
        });
        Ok(waiters.collect())
    }

    async fn openings<'o>(
        &self,
        connection: &Connection,
        opening: &'o Opening,
        doctor: Option<DoctorId>,
    ) -> Result<Openings<'o>, Error> {
        let doctors: Vec<DoctorId> = doctor.into_iter().collect();
        let (clinic, calendars) =
            tokio::try_join!(connection.clinic(), connection.calendars(&doctors, "", "", MAX_DOCTORS))?;
        let rooms = clinic.locations.values().flat_map(|location| &location.rooms).map(|room| room.0);
        let all: Vec<Uuid> =
            calendars.iter().map(|calendar| calendar.rules.doctor_id.0).chain(rooms).collect();
        let span = offers::reach(opening.time);
        let taken = connection.taken(Look { resources: &all, patient: None, span, excluding: None }).await?;
        let doctors: Vec<DoctorId> = calendars.iter().map(|calendar| calendar.rules.doctor_id).collect();
        let broadcast = connection.broadcast(&doctors).await?;
        let given_up_by = match opening.freed_by {
            Some(visit) => connection.find(visit).await?.map(|(visit, _)| visit.patient_id),
            None => None,
        };
        let calendars = calendars.into_iter().map(|Locked { rules, now }| (rules, now)).collect();
        let diaries = diaries(calendars, &clinic, &taken, nobody());
        Ok(Openings { opening, doctor, given_up_by, clinic, diaries, broadcast })
    }

    /// Makes an offer, and keeps the time for it unless it is offered to several; false when it can no longer be made.
    async fn offer(
        &self,
        connection: &mut Connection,
        opening: &Opening,
        candidate: &Candidate,
    ) -> Result<bool, Error> {
        let Candidate { entry, patient, doctor, slot, timing, passed_over } = *candidate;
        let tx = connection.begin().await?;
        if !tx.lock_opening(opening.id).await? {
            return Ok(false);
        }
        let Some(Locked { rules, now }) = tx.lock_calendar(doctor).await? else { return Ok(false) };
        if tx.hold_party(patient).await? != Some(true) {
            return Ok(false);
        }
        // What is late is given up before anything else is offered.
        tx.lock_entry(entry).await?;
        tx.lapse_offers(Some(entry), 1, MOST_UNANSWERED).await?;
        let Some((entry, _)) = tx.lock_entry(entry).await? else { return Ok(false) };
        if entry.state != EntryState::Waiting || tx.open_offer(entry.id).await?.is_some() {
            return Ok(false);
        }
        let clinic = tx.clinic().await?;
        let Some(mut wish) = wish(&rules, &clinic, Some(entry.visit_type_id), None, nobody()) else {
            return Ok(false);
        };
        wish.timing = timing.unwrap_or(wish.timing);
        let taken = placing::look(&tx, &wish, doctor, patient, slot.visit, &clinic, None).await?;
        let rules_version = rules.version;
        let mut diary = Diary::new(rules, clinic, &taken, nobody(), now);
        let own = taken.iter().filter(|taken| taken.patient == Some(patient));
        diary.own = own.map(|taken| taken.claim.visit).collect();
        let Ok(place) = diary.situation(wish).place(slot.visit) else { return Ok(false) };
        let zone = diary.schedule().zone(place.location).clone();
        let Some((_, until)) = self.terms.stand(now, slot.visit.start, &zone) else { return Ok(false) };
        let expires_at = until.min(entry.expires_at);
        let mut hold = None;
        if self.terms.most == 1 {
            let held = Appointment {
                status: Status::Held,
                is_vouched: false,
                respond_by: None,
                ..drafts::new(&diary, &wish, patient, slot.visit, &place, &offerer())
            };
            let token = self.tokens.of(held.id);
            let terms = store::Terms { since: now, until: expires_at, token: &token };
            if tx.hold(&held, &place, rules_version, terms, OFFERER).await?.is_err() {
                return Ok(false);
            }
            hold = Some(held.id);
        }
        let offer = Offer {
            id: WaitlistOfferId::random(),
            entry_id: entry.id,
            patient_id: patient,
            doctor_id: doctor,
            visit_type_id: entry.visit_type_id,
            visit: slot.visit,
            location_id: place.location,
            zone,
            hold,
            state: OfferState::Open,
            offered_at: now,
            expires_at,
            answered_at: None,
            priority: entry.priority,
            waiting_since: entry.created_at,
            passed_over,
            freed_by: opening.freed_by,
            depth: opening.depth,
        };
        tx.insert_offer(&offer).await?;
        tx.announce(events::offered(&offer)).await?;
        tx.commit().await?;
        Ok(true)
    }
}

impl Openings<'_> {
    /// The earliest time for `waiter`; the time of the `first` whom it is offered, if there is one already.
    fn time_for(
        &mut self,
        waiter: &Waiter,
        terms: &Terms,
        first: Option<&Candidate>,
    ) -> Option<(DoctorId, Slot)> {
        let Self { opening, doctor: owner, given_up_by: _, clinic, diaries, broadcast } = self;
        let type_of = clinic.visit_types.get(&waiter.entry.visit_type_id)?;
        // A room makes no difference to visits that need none.
        if owner.is_none() && !type_of.timing.needs_room {
            return None;
        }
        let times = diaries.iter_mut().filter_map(|diary| {
            let doctor = diary.rules.doctor_id;
            if first.is_some_and(|first| first.doctor != doctor) {
                return None;
            }
            let mut wish: Wish = diary.wish(Some(waiter.entry.visit_type_id), None, nobody())?;
            wish.timing = waiter.timing.unwrap_or(wish.timing);
            let slots = waiter.times(diary, wish, opening.time, terms).into_iter();
            let mut fresh = slots.filter(|slot| {
                let is_broadcast =
                    |(of, time): &(DoctorId, Interval)| *of == doctor && time.overlaps(slot.visit);
                !broadcast.iter().any(is_broadcast)
                    && first.is_none_or(|first| first.slot.visit.start == slot.visit.start)
            });
            fresh.next().map(|slot| (slot.visit.start, doctor, slot))
        });
        times.min().map(|(_, doctor, slot): (Timestamp, _, _)| (doctor, slot))
    }
}

/// The practice offers, so that notice and horizon of a visit type do not bind; how soon patients can come they say
/// themselves. Nothing is held by nobody.
fn nobody() -> Reader {
    Reader { user: UserId(Uuid::max()), patient: None, is_bound: false }
}

/// As whom the practice keeps what it offers.
fn offerer() -> User {
    User::new(OFFERER, SessionId(Uuid::nil()), Role::Staff)
}
