//! What holding and booking have in common: they look for the place of a new visit under the doctor's lock.
use crate::calendars::Calendars;
use crate::domain::appointment::Appointment;
use crate::domain::clinic::{Clinic, Timing};
use crate::domain::commands::{Book, When};
use crate::domain::diary::{Diary, Reader, Taken, resources, wish};
use crate::domain::interval::Interval;
use crate::domain::leave::Lift;
use crate::domain::questions::Kind;
use crate::domain::rules::Rules;
use crate::domain::slots::{self, Placement, Wish};
use crate::drafts;
use crate::error::Error;
use crate::offers::{self, Offers};
use crate::once::Once;
use crate::store::{self, Conflict, Connection, Locked, Look, Tx};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use platform::caller::{Role, User};
use platform::violations::Violations;
use proto::ids::{AppointmentId, DoctorId, PatientId, VisitTypeId};
use std::sync::Arc;
use std::time::Duration;

/// Runs of one transaction that lost against another, before the caller hears of it.
const ATTEMPTS: usize = 3;
/// How long one run waits for the calendar before it looks again whether the time is still to be had.
const LOCK_WAIT: Duration = Duration::from_millis(100);
/// How often it waits, unless the caller's time ends before.
const LOCK_WAITS: usize = 30;
/// What is waited for others once the calendar is locked.
const USUAL_WAIT: Duration = Duration::from_secs(2);
/// No start is later, whatever is booked.
const LONGEST_HORIZON: SignedDuration = SignedDuration::from_hours(24 * slots::HORIZON_DAYS as i64);

/// Finds places for visits, asking the neighbours for what is not known.
#[derive(Clone)]
pub struct Placing {
    calendars: Calendars,
    offers: Offers,
}

/// Why a visit did not come about at the first try.
pub enum Missing {
    Calendar,
    /// Others have the calendar.
    Lock(Error),
    Party,
    VisitType(VisitTypeId),
    /// The doctor or a room is taken then.
    Time(Interval),
    Other(Error),
}

impl From<store::Error> for Missing {
    fn from(error: store::Error) -> Self {
        Self::Other(error.into())
    }
}

impl From<Error> for Missing {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl From<Violations> for Missing {
    fn from(violations: Violations) -> Self {
        Self::Other(violations.into())
    }
}

/// What has been asked of its owner already.
#[derive(Default)]
struct Asked {
    doctor: bool,
    patient: bool,
}

impl Placing {
    pub fn new(calendars: Calendars, offers: Offers) -> Self {
        Self { calendars, offers }
    }

    /// Runs `attempt` until it succeeds or there is nothing more that could help it.
    pub async fn run<T, F>(
        &self,
        user: &User,
        reader: Reader,
        book: &Book,
        attempt: impl Fn() -> F + Send,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Missing>> + Send,
    {
        let mut asked = Asked::default();
        let (mut lost, mut waited) = (1, 1);
        loop {
            match attempt().await {
                Err(Missing::Calendar) if !std::mem::replace(&mut asked.doctor, true) => {
                    self.calendars.refresh(book.doctor_id).await?;
                }
                Err(Missing::Party) if !std::mem::replace(&mut asked.patient, true) => {
                    self.calendars.refresh_party(book.patient_id).await?;
                }
                Err(Missing::VisitType(id)) => self.calendars.visit_type(id).await?,
                Err(Missing::Calendar) => {
                    return Err(Violations::of("doctor_id", "there is no such doctor").into());
                }
                Err(Missing::Party) if matches!(user.role, Role::Patient(_)) => return Err(Error::NoRecord),
                Err(Missing::Party) => {
                    return Err(Violations::of("patient_id", "there is no such patient").into());
                }
                Err(Missing::Time(visit)) => {
                    let kind = kind(book.visit_type_id, visit);
                    return Err(self.slot_taken(reader, book.doctor_id, kind, visit).await);
                }
                Err(Missing::Lock(_)) if waited < LOCK_WAITS => waited += 1,
                Err(Missing::Other(error)) if error.is_conflict() && lost < ATTEMPTS => lost += 1,
                Err(Missing::Other(error) | Missing::Lock(error)) => return Err(error),
                Ok(done) => return Ok(done),
            }
        }
    }

    /// The refusal of a time that is taken, with times that are not.
    pub async fn slot_taken(&self, reader: Reader, doctor: DoctorId, kind: Kind, visit: Interval) -> Error {
        match self.offers.alternatives(reader, doctor, kind, visit.start).await {
            Ok((alternatives, zone)) => Error::SlotTaken { doctor, alternatives, zone },
            // The refusal is right without them.
            Err(_) => Error::taken(doctor, &TimeZone::UTC),
        }
    }
}

/// Who may book for `patient` with `doctor`: patients for themselves, doctors with themselves, the practice for anyone.
pub fn may_book_for(user: &User, patient: PatientId, doctor: DoctorId) -> Result<(), Error> {
    match user.role {
        Role::Admin | Role::Staff => Ok(()),
        Role::Patient(id) if id == patient => Ok(()),
        Role::Doctor(id) if id == doctor => Ok(()),
        Role::Patient(_) => Err(Error::NotAllowed("patients book for themselves only")),
        Role::Doctor(_) => Err(Error::NotAllowed("doctors book on their own schedule only")),
        Role::Auditor => Err(Error::NotAllowed("auditors do not book")),
    }
}

/// Patients book for themselves, doctors with themselves, the practice for anyone; the practice against rules, too.
pub fn may_book(user: &User, book: &Book) -> Result<(), Error> {
    match user.role {
        Role::Patient(_) if book.leave.is_some() => {
            Err(Error::NotAllowed("only the practice books against rules"))
        }
        _ => may_book_for(user, book.patient_id, book.doctor_id),
    }
}

/// Answers those who come too late from what was committed, without a transaction and the lock for which those wait who do
/// not.
pub async fn look_first(
    connection: &Connection,
    reader: Reader,
    book: &Book,
    once: &Once,
) -> Result<(), Missing> {
    let (start, end) = match (book.start, book.end) {
        (When::Instant(start), None) => (start, None),
        (When::Instant(start), Some(When::Instant(end))) => (start, Some(end)),
        _ => return Ok(()),
    };
    // What makes no sense is told as such, taken or not.
    let shortest = Timing::plain(5, 5);
    book.visit(&TimeZone::UTC, &shortest)?;
    let has_type = book.visit_type_id.is_some();
    let Some(end) = connection.taken_until(book.doctor_id, (start, end), has_type, reader).await? else {
        return Ok(());
    };
    // By this very request, perhaps: what it made was committed with its name.
    once.look(connection).await?;
    Err(Missing::Time(Interval { start, end }))
}

/// A doctor's calendar, locked, and what the clinic offers.
pub struct Desk {
    pub rules: Rules,
    pub clinic: Arc<Clinic>,
    pub now: Timestamp,
}

/// Locks calendar and patient, in this order.
pub async fn lock(tx: &Tx<'_>, book: &Book) -> Result<Desk, Missing> {
    let locking =
        async { tokio::try_join!(biased; tx.wait_at_most(LOCK_WAIT), tx.lock_calendar(book.doctor_id)) };
    let ((), locked) = locking.await.map_err(|error| match error {
        store::Error::Database(database) if database.is_lock_timeout() => {
            Missing::Lock(store::Error::Database(database).into())
        }
        error => error.into(),
    })?;
    let Locked { rules, now } = locked.ok_or(Missing::Calendar)?;
    if !rules.is_active {
        return Err(Missing::Calendar);
    }
    let ((), is_here, clinic) =
        tokio::try_join!(tx.wait_at_most(USUAL_WAIT), tx.hold_party(book.patient_id), tx.clinic())?;
    if !is_here.ok_or(Missing::Party)? {
        return Err(Missing::Party);
    }
    Ok(Desk { rules, clinic, now })
}

/// A visit with its place, not written yet.
pub struct Placed {
    pub appointment: Appointment,
    pub place: Placement,
    pub rules_version: i64,
    /// What its booker gives up for it.
    pub own_holds: Vec<AppointmentId>,
    /// Whether it breaks a rule that does not count for it.
    pub is_despite: bool,
}

impl Desk {
    pub async fn place(
        self,
        tx: &Tx<'_>,
        user: &User,
        reader: Reader,
        book: &Book,
    ) -> Result<Placed, Missing> {
        let Self { rules, clinic, now } = self;
        let wish = wish(&rules, &clinic, book.visit_type_id, None, reader);
        let mut wish =
            wish.ok_or_else(|| book.visit_type_id.map_or(Missing::Calendar, Missing::VisitType))?;
        let visit = book.visit(&rules.zone, &wish.timing)?;
        if wish.visit_type.is_none() {
            wish.timing.duration = minutes(visit);
        }
        let lift = book.leave.as_ref().map(|leave| leave.lift);
        check_length(&wish, visit, lift)?;
        let taken = look(tx, &wish, book.doctor_id, book.patient_id, visit, &clinic, None).await?;
        let diary = Diary::new(rules, clinic, &taken, reader, now);
        let (place, is_despite) =
            place(&diary, wish, visit, lift).map_err(|refusal| unbookable(refusal, visit, now))?;
        let mut appointment = drafts::new(&diary, &wish, book.patient_id, visit, &place, user);
        appointment.notes.clone_from(&book.notes);
        let own_holds = own_holds(&taken, reader, &appointment, place.busy);
        Ok(Placed { appointment, place, rules_version: diary.rules.version, own_holds, is_despite })
    }
}

/// A visit with a type has the length of the type, unless the grid does not count for it.
pub fn check_length(wish: &Wish, visit: Interval, lift: Option<Lift>) -> Result<(), Violations> {
    let is_free = wish.visit_type.is_none() || lift == Some(Lift::Override);
    if is_free || visit.duration() == wish.timing.duration() {
        return Ok(());
    }
    let minutes = wish.timing.duration;
    Err(Violations::of(
        "end_time",
        format!("must be {minutes} minutes after start_time: so long is this visit type"),
    ))
}

/// Where `visit` goes, and whether only because of what is lifted.
pub fn place(
    diary: &Diary,
    wish: Wish,
    visit: Interval,
    lift: Option<Lift>,
) -> Result<(Placement, bool), slots::Refusal> {
    let situation = diary.situation(wish);
    match (situation.place(visit), lift) {
        (Err(_), Some(lift)) => situation.place_despite(lift, visit).map(|place| (place, true)),
        (placed, _) => placed.map(|place| (place, false)),
    }
}

/// What may stand in the way of `visit`. Holds that have run out no longer do.
pub async fn look(
    tx: &Tx<'_>,
    wish: &Wish,
    doctor: DoctorId,
    patient: PatientId,
    visit: Interval,
    clinic: &Clinic,
    excluding: Option<AppointmentId>,
) -> Result<Vec<Taken>, store::Error> {
    let resources = resources(doctor, clinic, &wish.timing);
    let look = Look { resources: &resources, patient: Some(patient), span: offers::reach(visit), excluding };
    let ((), taken) = tokio::try_join!(tx.expire_holds(&resources, Some(patient)), tx.taken(look))?;
    Ok(taken)
}

/// Runs `attempt` again while its error `is_lost` to another transaction, a few times at most.
pub async fn again_while<T, F>(
    is_lost: fn(&Error) -> bool,
    attempt: impl Fn() -> F + Send,
) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>> + Send,
{
    let mut attempts = 1;
    loop {
        match attempt().await {
            Err(error) if is_lost(&error) && attempts < ATTEMPTS => attempts += 1,
            outcome => return outcome,
        }
    }
}

/// What whoever books gives up for it: what they hold at that time with the same doctor, and what is offered to the
/// patient then.
pub fn own_holds(taken: &[Taken], reader: Reader, visit: &Appointment, busy: Interval) -> Vec<AppointmentId> {
    let own = taken.iter().filter(|taken| {
        let is_there = taken.resource == visit.doctor_id.0 && taken.claim.busy.overlaps(busy);
        taken.is_held_for(reader)
            && (is_there || taken.is_offered() && taken.claim.visit.overlaps(visit.visit))
    });
    own.map(|taken| taken.appointment).collect()
}

/// A refusal in the terms of what was asked for: some are plainly a wrong field.
pub fn unbookable(refusal: slots::Refusal, visit: Interval, now: Timestamp) -> Missing {
    use slots::Refusal;
    match refusal {
        Refusal::Taken(_) => Missing::Time(visit),
        Refusal::PatientBusy => Missing::Other(Error::PatientConflict),
        Refusal::TooSoon(_) if visit.start <= now => {
            Violations::of("start_time", "must be in the future").into()
        }
        Refusal::BeyondHorizon(last) if visit.start > now + LONGEST_HORIZON => {
            Violations::of("start_time", format!("must not lie after {last}")).into()
        }
        refusal => Missing::Other(Error::Unbookable(refusal)),
    }
}

/// What the database refused although it had looked free: a room or a patient can be taken by another doctor's visit.
pub fn lost(conflict: Conflict, visit: Interval) -> Missing {
    match conflict {
        Conflict::Patient => Missing::Other(Error::PatientConflict),
        Conflict::Resource => Missing::Time(visit),
    }
}

pub fn kind(visit_type: Option<VisitTypeId>, visit: Interval) -> Kind {
    Kind { visit_type, minutes: Some(minutes(visit)) }
}

pub fn minutes(visit: Interval) -> u32 {
    u32::try_from(visit.duration().as_mins()).unwrap_or_default()
}
