//! What is committed, who holds what, and who waits for whom: as much of PostgreSQL as booking stands on.
use crate::rows::Claim;
use crate::wishes::{Step, Tx, Write};

pub(crate) const CLIENTS: usize = 3;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Client {
    /// How many transactions it may yet begin.
    pub(crate) wishes_left: u8,
    pub(crate) tx: Option<Tx>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Database {
    pub(crate) now: u8,
    /// The committed ones that are active.
    pub(crate) claims: Vec<Claim>,
    /// Who has locked each doctor's calendar.
    pub(crate) calendars: [Option<usize>; 2],
    /// Who has locked each patient.
    pub(crate) patients: [Option<usize>; 2],
    pub(crate) clients: [Client; CLIENTS],
    /// Whether somebody was refused for nothing but holds that had run out.
    pub(crate) is_blocked_by_expired: bool,
}

impl Database {
    pub(crate) fn transactions(&self) -> impl Iterator<Item = &Tx> {
        self.clients.iter().filter_map(|client| client.tx.as_ref())
    }

    /// What `client` sees: what is committed, and what it wrote itself.
    pub(crate) fn seen_by(&self, client: usize) -> Vec<Claim> {
        let mut seen = self.claims.clone();
        if let Some(tx) = &self.clients[client].tx {
            apply(&mut seen, &tx.writes);
        }
        seen
    }

    pub(crate) fn commit(&mut self, client: usize) {
        if let Some(tx) = self.end(client) {
            apply(&mut self.claims, &tx.writes);
        }
    }

    /// Ends a transaction with its locks, and without a trace.
    pub(crate) fn end(&mut self, client: usize) -> Option<Tx> {
        for lock in self.calendars.iter_mut().chain(&mut self.patients) {
            lock.take_if(|holder| *holder == client);
        }
        self.clients[client].tx.take()
    }

    /// The clients who must end their transactions before `client` can take its next step.
    pub(crate) fn waits_for(&self, client: usize, has_constraints: bool) -> Vec<usize> {
        let Some(tx) = &self.clients[client].tx else { return Vec::new() };
        match tx.step {
            Step::LockCalendar => self.calendars[usize::from(tx.wish.session.doctor)].into_iter().collect(),
            Step::LockPatient => self.patients[usize::from(tx.wish.patient)].into_iter().collect(),
            Step::LockVisit => self.others(client, |other| other.has_locked(tx.wish.visit)),
            Step::Expire => {
                let expired: Vec<_> = self.expired(tx).collect();
                self.others(client, |other| expired.iter().any(|claim| other.has_locked(claim.visit)))
            }
            Step::Insert if has_constraints => {
                let claim = tx.claim(self.now);
                let conflicts: Vec<_> =
                    self.seen_by(client).into_iter().filter(|other| claim.violates(*other)).collect();
                // What another wrote may or may not come to be.
                self.others(client, |other| {
                    other.inserted().any(|inserted| claim.violates(*inserted))
                        || conflicts.iter().any(|conflict| other.releases(conflict.visit))
                })
            }
            _ => Vec::new(),
        }
    }

    /// The holds that stand in the way of a transaction and have run out: of its doctor, and of its patient.
    pub(crate) fn expired(&self, tx: &Tx) -> impl Iterator<Item = &Claim> {
        let concerns = |claim: &&Claim| {
            claim.session.doctor == tx.wish.session.doctor || claim.patient == tx.wish.patient
        };
        self.claims.iter().filter(|claim| claim.is_expired(self.now)).filter(concerns)
    }

    /// Whether some clients wait for each other, so that none of them can ever go on.
    pub(crate) fn is_deadlocked(&self, has_constraints: bool) -> bool {
        let waits: [Vec<usize>; CLIENTS] =
            std::array::from_fn(|client| self.waits_for(client, has_constraints));
        (0..CLIENTS).any(|client| {
            let mut reached = waits[client].clone();
            for _ in 0..CLIENTS {
                let further: Vec<_> = reached.iter().flat_map(|other| &waits[*other]).copied().collect();
                reached.extend(further);
            }
            reached.contains(&client)
        })
    }

    fn others(&self, client: usize, is_in_the_way: impl Fn(&Tx) -> bool) -> Vec<usize> {
        let is_other =
            |at: &usize| *at != client && self.clients[*at].tx.as_ref().is_some_and(&is_in_the_way);
        (0..CLIENTS).filter(is_other).collect()
    }
}

fn apply(claims: &mut Vec<Claim>, writes: &[Write]) {
    for write in writes {
        match *write {
            Write::Insert(claim) => claims.push(claim),
            Write::Release(visit) => claims.retain(|claim| claim.visit != visit),
            Write::Keep(visit, until) => {
                let kept = claims.iter_mut().filter(|claim| claim.visit == visit);
                kept.for_each(|claim| claim.hold_until = until);
            }
        }
    }
    // The order of rows means nothing.
    claims.sort_unstable();
}
