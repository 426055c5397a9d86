//! Everything at once, with every guard.
use crate::findings::broken;
use crate::model::Booking;
use crate::rows::{Claim, Session};
use crate::wishes::Kind;

#[test]
fn whatever_three_clients_do_at_once_every_promise_is_kept() {
    assert_eq!(broken("everything", Booking::everything()), [""; 0]);
    let kinds = vec![Kind::Book, Kind::Hold, Kind::Renew, Kind::Convert, Kind::Cancel];
    let longer = Booking { kinds, wishes: [2, 1, 1], until: 1, ..Booking::everything() };
    assert_eq!(broken("holds, and one thing more", longer), [""; 0]);
}

#[test]
fn the_last_place_of_a_group_goes_to_one_and_its_time_to_no_other_session() {
    let session = Session::group(0);
    let model = Booking {
        wishes: [2, 1, 1],
        sessions: vec![session, Session::group(1), Session::single(1)],
        claims: vec![Claim { visit: 20, patient: 1, session, lane: 0, hold_until: None }],
        kinds: vec![Kind::Book, Kind::Overbook, Kind::Cancel, Kind::Reschedule],
        ..Booking::everything()
    };
    assert_eq!(broken("a group", model), [""; 0]);
}

#[test]
fn of_those_who_want_one_time_one_gets_it() {
    let model =
        Booking { kinds: vec![Kind::Book], claims: Vec::new(), crashes: false, ..Booking::everything() };
    assert_eq!(broken("a stampede", model), [""; 0]);
}
