//! What the lock and the constraint are each there for: what goes wrong without them.
use crate::findings::broken;
use crate::model::{Booking, FEW_OVERBOOKS, NO_DOUBLE_BOOKING, NO_PATIENT_OVERLAP, ONE_SESSION};
use crate::rows::{Claim, Session};
use crate::steps::Guards;
use crate::wishes::Kind;

/// A group of which one patient is booked, and what can be done about it.
fn group(guards: Guards) -> Booking {
    let session = Session::group(0);
    Booking {
        guards,
        wishes: [1, 1, 1],
        kinds: vec![Kind::Book, Kind::Overbook, Kind::Cancel, Kind::Reschedule],
        sessions: vec![session, Session::group(1), Session::single(1)],
        claims: vec![Claim { visit: 20, patient: 0, session, lane: 0, hold_until: None }],
        ..Booking::everything()
    }
}

/// What the constraints alone promise.
const BY_CONSTRAINT: [&str; 3] = [NO_DOUBLE_BOOKING, NO_PATIENT_OVERLAP, FEW_OVERBOOKS];

const NO_LOCK: Guards = Guards { calendar_lock: false, patient_lock: false, ..Guards::ALL };

#[test]
fn without_lock_and_constraint_all_is_double_booked() {
    let model = Booking { claims: Vec::new(), ..group(Guards { constraints: false, ..NO_LOCK }) };
    let broken = broken("neither", model);
    assert!(BY_CONSTRAINT.iter().all(|promise| broken.contains(promise)), "{broken:?}");
}

#[test]
fn the_constraint_alone_lets_nobody_be_double_booked_but_sessions_mix() {
    assert_eq!(broken("no lock", group(NO_LOCK)), [ONE_SESSION]);
}

#[test]
fn the_lock_alone_is_enough_while_everybody_takes_it() {
    let alone = Guards { constraints: false, ..Guards::ALL };
    assert_eq!(broken("no constraint", group(alone)), [""; 0]);
    let careless = Guards { careless: Some(2), ..alone };
    let broken = broken("no constraint, and one who does not lock", group(careless));
    assert!(broken.contains(&NO_DOUBLE_BOOKING), "{broken:?}");
}

#[test]
fn with_the_constraint_nobody_is_double_booked_by_one_who_does_not_lock() {
    let broken = broken("one who does not lock", group(Guards { careless: Some(2), ..Guards::ALL }));
    assert!(!BY_CONSTRAINT.iter().any(|promise| broken.contains(promise)), "{broken:?}");
}
