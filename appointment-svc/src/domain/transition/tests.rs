use super::super::appointment::tests::{noon, visit};
use super::super::clinic::Terms;
use super::super::policy::{LateCancel, Policy};
use super::*;

const EVERYONE: [Actor; 4] = Actor::ALL;

fn minutes(minutes: i64) -> Timestamp {
    noon() + SignedDuration::from_mins(minutes)
}

fn who(from: Status, to: Status, now: Timestamp) -> Vec<Actor> {
    let visit = visit(from);
    EVERYONE.into_iter().filter(|actor| visit.check(to, *actor, now).is_ok()).collect()
}

#[test]
fn a_day_before_it_is_confirmed_and_cancelled_and_nothing_else() {
    let before = minutes(-24 * 60);
    for (to, expected) in [(Confirmed, &EVERYONE[..]), (Cancelled, &EVERYONE), (EnteredInError, &[Admin])] {
        assert_eq!(who(Scheduled, to, before), expected, "{to:?}");
    }
    for to in [Arrived, CheckedIn, InProgress, Completed, NoShow] {
        assert_eq!(who(Scheduled, to, before), [], "{to:?}");
    }
}

#[test]
fn patients_arrive_from_an_hour_before_and_the_practice_takes_them_in() {
    let opens = minutes(-60);
    let early = opens - SignedDuration::from_micros(1);
    assert_eq!(who(Confirmed, Arrived, early), []);
    assert_eq!(visit(Confirmed).check(Arrived, Patient, early), Err(Refusal::TooEarly(opens)));
    assert_eq!(who(Confirmed, Arrived, opens), EVERYONE);
    assert_eq!(who(Scheduled, CheckedIn, opens), [Doctor, Staff, Admin]);
    assert_eq!(who(Arrived, CheckedIn, opens), [Doctor, Staff, Admin]);
    assert_eq!(visit(Scheduled).check(Arrived, Patient, minutes(30)), Err(Refusal::TooLate(minutes(30))));
}

#[test]
fn a_patient_of_the_early_morning_does_not_arrive_on_the_evening_before() {
    let mut early = visit(Scheduled);
    early.zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    early.visit.start = "2030-01-06T23:20:00Z".parse().unwrap();
    let midnight: Timestamp = "2030-01-06T23:00:00Z".parse().unwrap();
    let refusal = early.check(Arrived, Staff, midnight - SignedDuration::from_secs(1));
    assert_eq!(refusal, Err(Refusal::TooEarly(midnight)));
    assert!(early.check(Arrived, Staff, midnight).is_ok());
}

#[test]
fn a_visit_passes_from_the_door_to_its_end() {
    assert_eq!(who(CheckedIn, InProgress, minutes(-5)), [Doctor, Staff]);
    assert_eq!(who(Arrived, InProgress, minutes(-5)), [Doctor, Staff]);
    for from in [Arrived, CheckedIn, InProgress] {
        assert_eq!(who(from, Completed, minutes(-1)), [Doctor, Staff], "{from:?}");
    }
    assert_eq!(who(Scheduled, Completed, minutes(-1)), []);
    assert_eq!(who(Scheduled, Completed, minutes(0)), [Doctor, Staff]);
    assert_eq!(who(Arrived, Cancelled, minutes(20)), [Staff], "left without being seen");
    assert_eq!(who(InProgress, Cancelled, minutes(20)), []);
}

#[test]
fn a_no_show_needs_the_grace_of_the_policy_and_is_corrected_within_a_day() {
    let mut absent = visit(Scheduled);
    absent.terms.policy.no_show_grace = 20;
    assert_eq!(absent.check(NoShow, Staff, minutes(19)), Err(Refusal::TooEarly(minutes(20))));
    assert!(absent.check(NoShow, Doctor, minutes(20)).is_ok());
    assert_eq!(absent.check(NoShow, Admin, minutes(20)), Err(Refusal::NotYours));
    assert_eq!(absent.check(NoShow, Patient, minutes(20)), Err(Refusal::NotYours));

    let corrected = Appointment { status_since: minutes(20), ..visit(NoShow) };
    let until = minutes(20) + CORRECTION;
    let last = until - SignedDuration::from_micros(1);
    for to in [Arrived, Scheduled] {
        let granted = Granted { is_late: false, needs_note: true };
        assert_eq!(corrected.check(to, Staff, last), Ok(granted));
        assert_eq!(corrected.check(to, Doctor, last), Err(Refusal::NotYours));
        assert_eq!(corrected.check(to, Staff, until), Err(Refusal::TooLate(until)));
    }
}

#[test]
fn a_request_is_answered_before_that_is_due() {
    let due = minutes(-120);
    let request = Appointment { respond_by: Some(due), ..visit(Requested) };
    let in_time = minutes(-121);
    for actor in [Doctor, Staff, Admin] {
        assert!(request.check(Scheduled, actor, in_time).is_ok());
        assert!(request.check(Cancelled, actor, in_time).is_ok());
    }
    assert_eq!(request.check(Scheduled, Patient, in_time), Err(Refusal::NotYours));
    let withdrawn = request.check(Cancelled, Patient, in_time);
    assert_eq!(withdrawn, Ok(Granted { is_late: false, needs_note: false }), "nothing was agreed upon yet");
    let expired = request.at(due);
    let refusal = Refusal::InvalidTransition { from: Status::Expired, to: Scheduled, allowed: vec![] };
    assert_eq!(expired.check(Scheduled, Staff, due), Err(refusal));
}

#[test]
fn what_was_cancelled_is_reinstated_before_its_start() {
    assert_eq!(who(Cancelled, Scheduled, minutes(-1)), [Staff, Admin]);
    assert_eq!(visit(Cancelled).check(Scheduled, Staff, noon()), Err(Refusal::AlreadyStarted));
}

#[test]
fn a_refusal_says_what_the_caller_may_do_instead() {
    let allowed = |actor, now| match visit(Scheduled).check(InProgress, actor, now) {
        Err(Refusal::InvalidTransition { from: Scheduled, to: InProgress, allowed }) => allowed,
        other => panic!("{other:?}"),
    };
    assert_eq!(allowed(Patient, minutes(-90)), [Confirmed, Cancelled]);
    assert_eq!(allowed(Staff, minutes(-30)), [Confirmed, Cancelled, Arrived, CheckedIn]);
    assert_eq!(allowed(Doctor, minutes(15)), [Arrived, CheckedIn, Completed, NoShow]);
    assert_eq!(allowed(Patient, minutes(40)), []);
}

#[test]
fn a_late_patient_is_flagged_or_refused_and_the_practice_never() {
    let late = minutes(-60);
    let granted = visit(Confirmed).check(Cancelled, Patient, late).unwrap();
    assert!(granted.is_late);
    let in_time = visit(Confirmed).check(Cancelled, Patient, minutes(-24 * 60)).unwrap();
    assert!(!in_time.is_late);
    let policy = Policy { late_cancel: LateCancel::Refuse, ..Policy::default() };
    let strict = Appointment { terms: Terms { policy, ..Terms::default() }, ..visit(Confirmed) };
    assert!(matches!(strict.check(Cancelled, Patient, late), Err(Refusal::Policy(_))));
    for actor in [Doctor, Staff, Admin] {
        assert!(!strict.check(Cancelled, actor, late).unwrap().is_late);
    }
}

#[test]
fn nobody_leaves_an_end_but_to_put_it_right() {
    for end in [Completed, Status::Expired, EnteredInError] {
        for to in ANY.into_iter().filter(|to| *to != EnteredInError) {
            assert_eq!(who(end, to, minutes(30)), [], "{end:?} {to:?}");
        }
    }
    assert_eq!(who(Completed, EnteredInError, minutes(30)), [Admin]);
    assert_eq!(who(EnteredInError, EnteredInError, minutes(30)), []);
}

#[test]
fn the_last_change_is_taken_back_for_a_quarter_of_an_hour_by_the_reception() {
    let changed = Appointment { is_undoable: true, updated_at: noon(), ..visit(Cancelled) };
    let last = noon() + UNDO - SignedDuration::from_micros(1);
    for actor in [Staff, Admin] {
        assert_eq!(changed.check_undo(actor, last), Ok(()));
        assert_eq!(changed.check_undo(actor, noon() + UNDO), Err(Refusal::NothingToUndo));
    }
    for actor in [Patient, Doctor] {
        assert_eq!(changed.check_undo(actor, last), Err(Refusal::NotYours));
    }
    let booked = Appointment { is_undoable: false, ..changed };
    assert_eq!(booked.check_undo(Staff, last), Err(Refusal::NothingToUndo));
}

#[test]
fn who_is_in_the_house_is_stood_behind() {
    let entered = || Appointment { is_vouched: false, ..visit(Scheduled) };
    for (to, actor, expected) in [
        (Confirmed, Patient, true),
        (Confirmed, Doctor, false),
        (Arrived, Staff, true),
        (Completed, Staff, false),
    ] {
        let mut changed = entered();
        changed.become_status(to, actor, false, None);
        assert_eq!((changed.status, changed.is_vouched), (to, expected), "{to:?} by {actor:?}");
    }
}
