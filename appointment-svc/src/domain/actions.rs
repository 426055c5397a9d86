//! What a caller may do with a visit, and when.
use super::appointment::Appointment;
use super::status::{Actor, Status};
use super::transition::Window;
use jiff::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Reschedule,
    EditNotes,
    Accept,
    Decline,
    Confirm,
    Cancel,
    MarkArrived,
    CheckIn,
    Start,
    Complete,
    MarkNoShow,
    Reinstate,
    Undo,
    EnterInError,
}

/// What a caller may do now, and what now or later as things are.
#[derive(Clone, Debug, Default)]
pub struct Actions {
    pub now: Vec<Action>,
    pub windows: Vec<(Action, Window)>,
}

impl Action {
    pub const ALL: [Self; 14] = [
        Self::Reschedule,
        Self::EditNotes,
        Self::Accept,
        Self::Decline,
        Self::Confirm,
        Self::Cancel,
        Self::MarkArrived,
        Self::CheckIn,
        Self::Start,
        Self::Complete,
        Self::MarkNoShow,
        Self::Reinstate,
        Self::Undo,
        Self::EnterInError,
    ];

    /// The status that it leads to from another one; none where it is another kind of change, or means nothing.
    pub fn target(self, from: Status, actor: Actor) -> Option<Status> {
        match self {
            Self::Reschedule | Self::EditNotes | Self::Undo => None,
            Self::Accept => (from == Status::Requested).then_some(Status::Scheduled),
            Self::Decline => (from == Status::Requested && !actor.is_patient()).then_some(Status::Cancelled),
            Self::Confirm => Some(Status::Confirmed),
            Self::Cancel => Some(Status::Cancelled),
            Self::MarkArrived => Some(Status::Arrived),
            Self::CheckIn => Some(Status::CheckedIn),
            Self::Start => Some(Status::InProgress),
            Self::Complete => Some(Status::Completed),
            Self::MarkNoShow => Some(Status::NoShow),
            Self::Reinstate => {
                matches!(from, Status::Cancelled | Status::NoShow).then_some(Status::Scheduled)
            }
            Self::EnterInError => Some(Status::EnteredInError),
        }
    }
}

impl Appointment {
    /// What `actor` may do with the visit at `now`, and afterwards.
    pub fn actions(&self, actor: Actor, now: Timestamp) -> Actions {
        let mut actions = Actions::default();
        for action in Action::ALL {
            let is_possible = self.allows(action, actor, now);
            if is_possible {
                actions.now.push(action);
            }
            let window = self.action_window(action, actor);
            let is_ahead = |window: &Window| window.from.is_some_and(|from| now < from);
            if let Some(window) = window.filter(|window| is_possible || is_ahead(window)) {
                actions.windows.push((action, window));
            }
        }
        actions
    }

    fn allows(&self, action: Action, actor: Actor, now: Timestamp) -> bool {
        match action {
            Action::Reschedule => {
                let (start, moved) = (self.visit.start, self.reschedule_count);
                self.may_be_moved_by(actor, now)
                    && self.terms.policy.check_move(actor, start, moved, now).is_ok()
            }
            Action::EditNotes => self.may_be_moved_by(actor, now),
            Action::Undo => self.check_undo(actor, now).is_ok(),
            action => action.target(self.status, actor).is_some_and(|to| self.check(to, actor, now).is_ok()),
        }
    }

    /// When it is possible, as far as that is a question of time.
    fn action_window(&self, action: Action, actor: Actor) -> Option<Window> {
        let start = self.visit.start;
        let before = |until| Window { until: Some(until), ..Window::default() };
        match action {
            Action::Reschedule if actor.is_patient() => {
                Some(before(start - self.terms.policy.reschedule_notice()))
            }
            Action::EditNotes if actor.is_patient() => Some(before(start)),
            Action::Reschedule | Action::EditNotes => Some(Window::default()),
            Action::Undo => self.undo_until(actor).map(before),
            action => self.window(action.target(self.status, actor)?, actor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::appointment::tests::{noon, visit};
    use super::super::clinic::Terms;
    use super::super::policy::{LateCancel, Policy};
    use super::*;
    use jiff::SignedDuration;

    const INSTANT: SignedDuration = SignedDuration::from_micros(1);

    /// Every visit that matters, seen by everyone, at every minute that could.
    fn every_case(mut look: impl FnMut(&Appointment, Actor, Timestamp)) {
        let times =
            [-2000, -1441, -1440, -1439, -181, -180, -61, -60, -59, -1, 0, 14, 15, 29, 30, 500, 1440, 1455];
        for status in Status::ALL {
            for late_cancel in [LateCancel::AllowFlag, LateCancel::Refuse, LateCancel::AskStaff] {
                for (is_undoable, reschedule_count) in [(false, 0), (true, 3)] {
                    let visit = Appointment {
                        terms: Terms {
                            policy: Policy { late_cancel, ..Policy::default() },
                            ..Terms::default()
                        },
                        respond_by: Some(noon() - SignedDuration::from_mins(180)),
                        status_since: noon() + SignedDuration::from_mins(15),
                        updated_at: noon() + SignedDuration::from_mins(15),
                        is_undoable,
                        reschedule_count,
                        ..visit(status)
                    };
                    for actor in Actor::ALL {
                        for minutes in times {
                            let now = noon() + SignedDuration::from_mins(minutes);
                            look(&visit.clone().at(now), actor, now);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_listed_succeeds_and_what_is_not_listed_is_refused() {
        let mut listed = 0;
        every_case(|visit, actor, now| {
            let actions = visit.actions(actor, now).now;
            let targets = actions.iter().filter_map(|action| action.target(visit.status, actor));
            let targets: Vec<Status> = targets.collect();
            for to in Status::ALL {
                let is_possible = visit.check(to, actor, now).is_ok();
                assert_eq!(targets.contains(&to), is_possible, "{:?} {to:?} {actor:?} {now}", visit.status);
            }
            let undoes = visit.check_undo(actor, now).is_ok();
            assert_eq!(actions.contains(&Action::Undo), undoes);
            let moves = visit.may_be_moved_by(actor, now)
                && visit
                    .terms
                    .policy
                    .check_move(actor, visit.visit.start, visit.reschedule_count, now)
                    .is_ok();
            assert_eq!(actions.contains(&Action::Reschedule), moves);
            listed += actions.len();
        });
        assert!(listed > 1000, "{listed}");
    }

    #[test]
    fn a_window_opens_and_closes_when_it_says() {
        every_case(|visit, actor, now| {
            let actions = visit.actions(actor, now);
            for (action, window) in &actions.windows {
                let allows = |at| visit.allows(*action, actor, at);
                if let Some(from) = window.from {
                    assert!(allows(from) && !allows(from - INSTANT), "{action:?} {window:?}");
                    assert_eq!(allows(now), now >= from && window.until.is_none_or(|until| now < until));
                }
                if let Some(until) = window.until {
                    assert!(allows(until - INSTANT) && !allows(until + INSTANT), "{action:?} {window:?}");
                }
                if let Some(late) = window.late_after {
                    let is_late = |at| visit.check(Status::Cancelled, actor, at).unwrap().is_late;
                    assert!(!is_late(late) && is_late(late + INSTANT));
                }
            }
            assert!(actions.now.iter().all(|now| actions.windows.iter().any(|(action, _)| action == now)));
        });
    }

    #[test]
    fn a_patient_sees_until_when_what_is_free() {
        let long_before = noon() - SignedDuration::from_hours(72);
        let actions = visit(Status::Scheduled).actions(Actor::Patient, long_before);
        assert_eq!(actions.now, [Action::Reschedule, Action::EditNotes, Action::Confirm, Action::Cancel]);
        let cancel = actions.windows.iter().find(|(action, _)| *action == Action::Cancel).unwrap().1;
        let late_after = Some(noon() - SignedDuration::from_hours(24));
        assert_eq!(cancel, Window { from: None, until: Some(noon()), late_after });
        assert!(actions.windows.iter().any(|(action, _)| *action == Action::MarkArrived), "later");
    }
}
