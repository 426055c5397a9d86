//! Time that is kept for somebody for a while.
use crate::findings::broken;
use crate::model::{Booking, CONVERSION_KEEPS, EXPIRED_IS_FREE};
use crate::rows::{Claim, Session};
use crate::steps::{Expiry, Guards};
use crate::wishes::Kind;

fn held(guards: Guards) -> Booking {
    Booking { guards, kinds: vec![Kind::Book, Kind::Hold, Kind::Convert], ..Booking::everything() }
}

#[test]
fn a_hold_that_no_booking_expires_blocks_for_ever() {
    let broken = broken("no expiry", held(Guards { expiry: Expiry::Nobodys, ..Guards::ALL }));
    assert_eq!(broken, [EXPIRED_IS_FREE, "who books wins", "who holds wins"]);
}

#[test]
fn a_conversion_that_releases_and_books_again_lets_go_of_the_time() {
    let anew = Guards { conversion_in_place: false, ..Guards::ALL };
    assert_eq!(broken("conversion in two transactions", held(anew)), [CONVERSION_KEEPS]);
}

#[test]
fn a_hold_that_ran_out_with_one_doctor_keeps_its_patient_from_another_unless_it_is_expired_as_well() {
    let session = Session::single(0);
    let model = |expiry| Booking {
        patients: [0, 0, 1],
        sessions: vec![session, session.with(1)],
        claims: vec![Claim { visit: 20, patient: 0, session, lane: 0, hold_until: Some(1) }],
        ..held(Guards { expiry, ..Guards::ALL })
    };
    assert_eq!(broken("holds with one of two doctors", model(Expiry::Doctors)), [EXPIRED_IS_FREE]);
    assert_eq!(broken("holds with two doctors", model(Expiry::DoctorsAndPatients)), [""; 0]);
}
