//! What one step of one transaction does.
use crate::database::Database;
use crate::rows::{Claim, OVERBOOKED};
use crate::wishes::{Kind, Step, Tx, Wish, Write};

/// How many visits may be booked over another one.
const OVERBOOKS: u8 = 1;

/// What keeps bookings apart. Each is there for a reason: without it something goes wrong.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each can be missing by itself")]
pub(crate) struct Guards {
    /// Transactions lock the calendar of their doctor first.
    pub(crate) calendar_lock: bool,
    /// One client does not: a mistake in the code.
    pub(crate) careless: Option<usize>,
    /// Transactions lock their patient as well.
    pub(crate) patient_lock: bool,
    /// Bookings look for what is in their way before they insert.
    pub(crate) checks: bool,
    /// The database refuses claims that conflict.
    pub(crate) constraints: bool,
    /// What bookings release of what has run out.
    pub(crate) expiry: Expiry,
    /// A hold becomes a booking where it is, instead of being released and booked.
    pub(crate) conversion_in_place: bool,
}

/// Whose holds a booking releases when they have run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expiry {
    Nobodys,
    /// Those that take time from its doctor.
    Doctors,
    /// Those of its patient with other doctors as well.
    DoctorsAndPatients,
}

impl Guards {
    /// All that a clinic needs, and more: the lock on the patient is spared by looking first.
    pub(crate) const ALL: Self = Self {
        calendar_lock: true,
        careless: None,
        patient_lock: true,
        checks: true,
        constraints: true,
        expiry: Expiry::DoctorsAndPatients,
        conversion_in_place: true,
    };

    /// Whether `client` takes a step of that kind.
    fn has(self, step: Step, client: usize) -> bool {
        match step {
            Step::LockCalendar => self.calendar_lock && self.careless != Some(client),
            Step::LockPatient => self.patient_lock && self.careless != Some(client),
            Step::Look => self.checks,
            Step::Expire => self.expiry != Expiry::Nobodys,
            _ => true,
        }
    }

    /// `tx` of `client` before the first step that it takes after `done`, or before its first.
    pub(crate) fn next(self, tx: Tx, client: usize, done: Option<Step>) -> Tx {
        let mut steps =
            tx.wish.kind.steps().iter().copied().skip_while(|step| done.is_some_and(|done| *step != done));
        if done.is_some() {
            steps.next();
        }
        let step = steps.find(|step| self.has(*step, client)).expect("the last step is to commit");
        Tx { step, ..tx }
    }
}

/// How a step ended.
enum Outcome {
    Done,
    /// Nothing is left to do but to commit.
    Complete,
    Refused,
}

/// Lets `client`, who waits for nobody, take its next step.
pub(crate) fn take(guards: Guards, database: &mut Database, client: usize) {
    let Some(mut tx) = database.clients[client].tx.clone() else { return };
    let step = tx.step;
    let outcome = perform(guards, database, client, &mut tx);
    match outcome {
        Outcome::Refused => drop(database.end(client)),
        Outcome::Complete => database.clients[client].tx = Some(Tx { step: Step::Commit, ..tx }),
        Outcome::Done if step == Step::Commit => {
            database.commit(client);
            if tx.was_held && !guards.conversion_in_place {
                let again = Tx { was_held: true, ..Tx::of(Wish { kind: Kind::Book, ..tx.wish }) };
                database.clients[client].tx = Some(guards.next(again, client, None));
            }
        }
        Outcome::Done => database.clients[client].tx = Some(guards.next(tx, client, Some(step))),
    }
}

fn perform(guards: Guards, database: &mut Database, client: usize, tx: &mut Tx) -> Outcome {
    let Wish { kind, patient, visit, session } = tx.wish;
    match tx.step {
        Step::Look => {
            let mut seen = database.claims.clone();
            seen.retain(|claim| !claim.is_expired(database.now));
            return if lane(&seen, tx).is_some() { Outcome::Done } else { Outcome::Refused };
        }
        Step::LockCalendar => database.calendars[usize::from(session.doctor)] = Some(client),
        Step::LockPatient => database.patients[usize::from(patient)] = Some(client),
        Step::LockVisit => return lock_visit(guards, database, tx),
        Step::Expire => {
            tx.expired_at = Some(database.now);
            let expired = database.expired(tx).filter(|claim| {
                claim.session.doctor == session.doctor || guards.expiry == Expiry::DoctorsAndPatients
            });
            let released: Vec<_> = expired.map(|claim| Write::Release(claim.visit)).collect();
            tx.writes.extend(released);
        }
        Step::Release => tx.writes.push(Write::Release(visit)),
        Step::Extend => tx.writes.push(Write::Keep(visit, Some(database.now + 2))),
        Step::Check => {
            let seen = database.seen_by(client);
            if kind == Kind::Convert && seen.iter().any(|claim| claim.visit == visit) {
                tx.writes.push(Write::Keep(visit, None));
                return Outcome::Complete;
            }
            if !guards.checks {
                return Outcome::Done;
            }
            match lane(&seen, tx) {
                Some(lane) => tx.lane = lane,
                None => return refused(database, tx, |live| lane(live, tx).is_some(), &seen),
            }
        }
        Step::Insert => {
            let (claim, seen) = (tx.claim(database.now), database.seen_by(client));
            let fits =
                |others: &[Claim]| !guards.constraints || !others.iter().any(|other| claim.violates(*other));
            if !fits(&seen) {
                return refused(database, tx, fits, &seen);
            }
            tx.writes.push(Write::Insert(claim));
        }
        Step::Commit => {}
    }
    Outcome::Done
}

/// Reads the visit that is to change, as it is now, and keeps others from changing it.
fn lock_visit(guards: Guards, database: &Database, tx: &mut Tx) -> Outcome {
    let Wish { kind, visit, .. } = tx.wish;
    let claim = database.claims.iter().find(|claim| claim.visit == visit);
    let is_hold = claim.is_some_and(|claim| claim.hold_until.is_some());
    let is_live = claim.is_some_and(|claim| !claim.is_expired(database.now));
    let may_go_on = match kind {
        Kind::Renew => is_hold && is_live,
        // A hold that ran out is booked anew, if that is possible.
        Kind::Convert => is_hold || claim.is_none(),
        Kind::Reschedule => claim.is_some() && !is_hold,
        _ => claim.is_some(),
    };
    if !may_go_on {
        return Outcome::Refused;
    }
    tx.locked = claim.map(|claim| claim.visit);
    tx.was_held = kind == Kind::Convert && is_hold && is_live;
    if tx.was_held && !guards.conversion_in_place {
        tx.writes.push(Write::Release(visit));
        return Outcome::Complete;
    }
    Outcome::Done
}

/// The first lane in which the wish of `tx` can be fulfilled beside `seen`, by the rules of the service.
fn lane(seen: &[Claim], tx: &Tx) -> Option<u8> {
    let lanes = match tx.wish.kind {
        Kind::Overbook => OVERBOOKED..OVERBOOKED + OVERBOOKS,
        _ => tx.wish.session.lanes(),
    };
    let in_lane = |lane| Tx { lane, ..tx.clone() }.claim(0);
    let is_allowed =
        |claim: Claim| !seen.iter().any(|other| claim.mixes_with(*other) || claim.violates(*other));
    lanes.into_iter().find(|lane| is_allowed(in_lane(*lane)))
}

/// Refuses, and takes note when all that is in the way should have been gone.
fn refused(database: &mut Database, tx: &Tx, fits: impl Fn(&[Claim]) -> bool, seen: &[Claim]) -> Outcome {
    let looked_at = tx.expired_at.unwrap_or(database.now);
    let live: Vec<_> = seen.iter().filter(|claim| !claim.is_expired(looked_at)).copied().collect();
    database.is_blocked_by_expired |= fits(&live);
    Outcome::Refused
}
