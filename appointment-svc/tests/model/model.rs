//! The whole as states, actions and promises.
use crate::database::{CLIENTS, Client, Database};
use crate::rows::{Claim, Session, VisitType};
use crate::steps::{self, Guards};
use crate::wishes::{Kind, Step, Tx, Wish};
use stateright::{Model, Property};

pub(crate) const NO_DOUBLE_BOOKING: &str = "no two visits share a lane of a doctor";
pub(crate) const ONE_SESSION: &str = "no doctor is in two sessions at once";
pub(crate) const NO_PATIENT_OVERLAP: &str = "no patient is in two visits at once";
pub(crate) const FEW_OVERBOOKS: &str = "no more is overbooked than may be";
pub(crate) const EXPIRED_IS_FREE: &str = "a hold that ran out is in nobody's way";
pub(crate) const CONVERSION_KEEPS: &str = "a conversion does not let go of the time";
pub(crate) const NO_DEADLOCK: &str = "nobody waits in a circle";
pub(crate) const SOMEBODY_WINS: &str = "somebody gets the time";

/// Three clients, and what they may do.
#[derive(Clone, Debug)]
pub(crate) struct Booking {
    pub(crate) guards: Guards,
    /// For whom each client acts.
    pub(crate) patients: [u8; CLIENTS],
    /// How many transactions each client may begin.
    pub(crate) wishes: [u8; CLIENTS],
    pub(crate) kinds: Vec<Kind>,
    pub(crate) sessions: Vec<Session>,
    /// What is there at the beginning.
    pub(crate) claims: Vec<Claim>,
    /// When time stops.
    pub(crate) until: u8,
    /// Whether clients may be lost in the middle of what they do.
    pub(crate) crashes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Begin(usize, Wish),
    Step(usize, Step),
    /// The connection is lost; the server rolls back.
    Crash(usize),
    Tick,
}

impl Booking {
    /// All that can be done, with every guard and a doctor whose time is held for the first patient.
    pub(crate) fn everything() -> Self {
        let session = Session::single(0);
        Self {
            guards: Guards::ALL,
            patients: [0, 1, 0],
            wishes: [1, 1, 1],
            kinds: Kind::ALL.to_vec(),
            sessions: vec![Session::single(0), Session::single(1), Session::group(0)],
            claims: vec![Claim { visit: 20, patient: 0, session, lane: 0, hold_until: Some(1) }],
            until: 2,
            crashes: true,
        }
    }

    /// What `client` may wish for when no transaction of its is open.
    fn wishes(&self, database: &Database, client: usize) -> Vec<Wish> {
        let patient = self.patients[client];
        let visit = u8::try_from(client).expect("there are few") * 4 + database.clients[client].wishes_left;
        let mut wishes = Vec::new();
        for kind in &self.kinds {
            match kind {
                Kind::Book | Kind::Hold => {
                    let wish = |session| Wish { kind: *kind, patient, visit, session };
                    wishes.extend(self.sessions.iter().copied().map(wish));
                }
                Kind::Overbook => {
                    let single = |session: &&Session| session.visit_type == VisitType::Single;
                    let wish = |session| Wish { kind: *kind, patient, visit, session };
                    wishes.extend(self.sessions.iter().filter(single).copied().map(wish));
                }
                _ => {
                    let own = database.claims.iter().filter(|claim| claim.patient == patient);
                    wishes.extend(own.flat_map(|claim| self.changes(*kind, *claim)));
                }
            }
        }
        wishes
    }

    fn changes(&self, kind: Kind, claim: Claim) -> Vec<Wish> {
        let Claim { visit, patient, session, hold_until, .. } = claim;
        let wish = |session| Wish { kind, patient, visit, session };
        match kind {
            Kind::Renew | Kind::Convert if hold_until.is_some() => vec![wish(session)],
            Kind::Cancel => vec![wish(session)],
            Kind::Reschedule if hold_until.is_none() && !claim.is_overbooked() => {
                let other = |other: &&Session| {
                    other.visit_type == session.visit_type
                        && other.doctor == session.doctor
                        && **other != session
                };
                self.sessions.iter().filter(other).copied().map(wish).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl Model for Booking {
    type State = Database;
    type Action = Action;

    fn init_states(&self) -> Vec<Database> {
        let client = |client: usize| Client { wishes_left: self.wishes[client], tx: None };
        vec![Database {
            now: 0,
            claims: self.claims.clone(),
            calendars: [None; 2],
            patients: [None; 2],
            clients: std::array::from_fn(client),
            is_blocked_by_expired: false,
        }]
    }

    fn actions(&self, database: &Database, actions: &mut Vec<Action>) {
        for (at, client) in database.clients.iter().enumerate() {
            match &client.tx {
                None if client.wishes_left > 0 => {
                    actions.extend(self.wishes(database, at).into_iter().map(|wish| Action::Begin(at, wish)));
                }
                None => {}
                Some(tx) => {
                    if database.waits_for(at, self.guards.constraints).is_empty() {
                        actions.push(Action::Step(at, tx.step));
                    }
                    if self.crashes {
                        actions.push(Action::Crash(at));
                    }
                }
            }
        }
        if database.now < self.until {
            actions.push(Action::Tick);
        }
    }

    fn next_state(&self, before: &Database, action: Action) -> Option<Database> {
        let mut database = before.clone();
        match action {
            Action::Begin(client, wish) => {
                database.clients[client].wishes_left -= 1;
                database.clients[client].tx = Some(self.guards.next(Tx::of(wish), client, None));
            }
            Action::Step(client, _) => steps::take(self.guards, &mut database, client),
            Action::Crash(client) => drop(database.end(client)),
            Action::Tick => database.now += 1,
        }
        Some(database)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut promises = vec![
            Property::always(NO_DOUBLE_BOOKING, |_, database| no_two(database, Claim::takes_the_lane_of)),
            Property::always(ONE_SESSION, |_, database| no_two(database, Claim::mixes_with)),
            Property::always(NO_PATIENT_OVERLAP, |_, database| no_two(database, Claim::takes_the_patient_of)),
            Property::always(FEW_OVERBOOKS, |_, database| {
                no_two(database, Claim::adds_to_the_overbooking_of)
            }),
            Property::always(EXPIRED_IS_FREE, |_, database: &Database| !database.is_blocked_by_expired),
            Property::always(CONVERSION_KEEPS, |_, database: &Database| {
                let has_its_time = |tx: &Tx| database.claims.iter().any(|claim| claim.visit == tx.wish.visit);
                database.transactions().filter(|tx| tx.was_held).all(has_its_time)
            }),
            Property::always(NO_DEADLOCK, |model: &Self, database: &Database| {
                !database.is_deadlocked(model.guards.constraints)
            }),
        ];
        let wins = [
            (Kind::Book, Property::sometimes("who books wins", |_, database| wins(database, Kind::Book))),
            (Kind::Hold, Property::sometimes("who holds wins", |_, database| wins(database, Kind::Hold))),
            (
                Kind::Overbook,
                Property::sometimes("who overbooks wins", |_, database| wins(database, Kind::Overbook)),
            ),
            (Kind::Renew, Property::sometimes("who renews wins", |_, database| wins(database, Kind::Renew))),
            (
                Kind::Convert,
                Property::sometimes("who converts wins", |_, database| wins(database, Kind::Convert)),
            ),
            (
                Kind::Cancel,
                Property::sometimes("who cancels wins", |_, database| wins(database, Kind::Cancel)),
            ),
            (
                Kind::Reschedule,
                Property::sometimes("who moves wins", |_, database| wins(database, Kind::Reschedule)),
            ),
        ];
        promises.extend(wins.into_iter().filter_map(|(kind, win)| self.kinds.contains(&kind).then_some(win)));
        if !self.crashes && self.kinds == [Kind::Book] {
            promises.push(Property::eventually(SOMEBODY_WINS, |_, database: &Database| {
                !database.claims.is_empty()
            }));
        }
        promises
    }
}

fn no_two(database: &Database, conflict: impl Fn(Claim, Claim) -> bool) -> bool {
    let claims = database.claims.as_slice();
    claims
        .iter()
        .enumerate()
        .all(|(at, claim)| !claims[at + 1..].iter().any(|other| conflict(*claim, *other)))
}

/// Whether somebody has written what they came for: a commit that is begun cannot be refused.
fn wins(database: &Database, kind: Kind) -> bool {
    database.transactions().any(|tx| tx.wish.kind == kind && tx.step == Step::Commit)
}
