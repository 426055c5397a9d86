//! Who waits for whom, and what keeps them from waiting for each other.
use crate::findings::broken;
use crate::model::{Booking, NO_DEADLOCK};
use crate::rows::{Claim, Session};
use crate::steps::Guards;
use crate::wishes::Kind;

/// Two visits of a patient, with one doctor or with two, and clients who move each to a time that the other one is
/// about to leave.
fn swap(guards: Guards, doctor: u8) -> Booking {
    let claim = |visit, session| Claim { visit, patient: 0, session, lane: 0, hold_until: None };
    let (early, later, late) = (Session::single(0), Session::single(1), Session::single(2));
    Booking {
        guards,
        patients: [0, 0, 0],
        wishes: [2, 1, 1],
        kinds: vec![Kind::Book, Kind::Reschedule, Kind::Cancel],
        sessions: vec![early, later, late, later.with(doctor), late.with(doctor)],
        claims: vec![claim(20, early), claim(21, late.with(doctor))],
        until: 0,
        ..Booking::everything()
    }
}

const NO_CHECKS: Guards = Guards { checks: false, ..Guards::ALL };

#[test]
fn the_constraint_alone_deadlocks_those_who_move_to_each_others_time() {
    let alone = Guards { calendar_lock: false, patient_lock: false, ..NO_CHECKS };
    let broken = broken("the constraint alone", swap(alone, 0));
    assert_eq!(broken, [NO_DEADLOCK]);
}

#[test]
fn calendars_do_not_order_what_one_patient_does_with_two_doctors() {
    let calendars = Guards { patient_lock: false, ..NO_CHECKS };
    assert_eq!(broken("one calendar", swap(calendars, 0)), [""; 0]);
    assert_eq!(broken("two calendars", swap(calendars, 1)), [NO_DEADLOCK]);
}

#[test]
fn a_lock_on_the_patient_orders_it_and_so_does_looking_before() {
    assert_eq!(broken("patients locked", swap(NO_CHECKS, 1)), [""; 0]);
    let checks = Guards { patient_lock: false, ..Guards::ALL };
    assert_eq!(broken("looking before", swap(checks, 1)), [""; 0]);
    assert_eq!(broken("both", swap(Guards::ALL, 1)), [""; 0]);
}
