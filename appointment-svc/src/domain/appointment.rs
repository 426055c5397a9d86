//! A visit, and who may do what with it.
use super::interval::Interval;
use super::status::{Actor, Status};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use platform::caller::{Role, User};
use proto::ids::{AppointmentId, DoctorId, PatientId};
use proto::scalars::VisitNotes;

#[derive(Clone, Debug)]
pub struct Appointment {
    pub id: AppointmentId,
    pub patient_id: PatientId,
    pub doctor_id: DoctorId,
    pub visit: Interval,
    /// The zone of the clinic.
    pub zone: TimeZone,
    pub status: Status,
    pub notes: Option<VisitNotes>,
    /// Whether the patient or the reception stands behind it.
    pub is_vouched: bool,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What a caller may do with a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Reschedule,
    Confirm,
    Cancel,
    Complete,
    MarkNoShow,
    EditNotes,
}

/// Why a caller may not see a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hidden {
    /// The caller may not even know that it exists.
    Unknown,
    /// The caller's role sees visits, but not this one.
    Forbidden,
}

impl Appointment {
    /// As whom `user` acts on this visit.
    pub fn actor(&self, user: &User) -> Result<Actor, Hidden> {
        match user.role {
            Role::Admin => Ok(Actor::Admin),
            Role::Staff => Ok(Actor::Staff),
            Role::Doctor(id) if id == self.doctor_id => Ok(Actor::Doctor),
            Role::Patient(id) if id == self.patient_id => Ok(Actor::Patient),
            Role::Patient(_) => Err(Hidden::Unknown),
            Role::Doctor(_) | Role::Auditor => Err(Hidden::Forbidden),
        }
    }

    /// Whether `actor` may move the visit to another time.
    pub fn may_be_moved_by(&self, actor: Actor, now: Timestamp) -> bool {
        self.status.is_open() && (actor != Actor::Patient || now < self.visit.start)
    }

    /// What `actor` may do at `now`.
    pub fn allowed_actions(&self, actor: Actor, now: Timestamp) -> Vec<Action> {
        let may_become = |to| self.status.check(to, actor, self.visit.start, now).is_ok();
        let actions = [
            (Action::Reschedule, self.may_be_moved_by(actor, now)),
            (Action::Confirm, may_become(Status::Confirmed)),
            (Action::Cancel, may_become(Status::Cancelled)),
            (Action::Complete, may_become(Status::Completed)),
            (Action::MarkNoShow, may_become(Status::NoShow)),
            (Action::EditNotes, self.may_be_moved_by(actor, now)),
        ];
        actions.into_iter().filter_map(|(action, allowed)| allowed.then_some(action)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;
    use proto::ids::{SessionId, UserId};

    fn noon() -> Timestamp {
        "2030-01-07T12:00:00Z".parse().unwrap()
    }

    fn scheduled() -> Appointment {
        Appointment {
            id: AppointmentId::random(),
            patient_id: PatientId::random(),
            doctor_id: DoctorId::random(),
            visit: Interval { start: noon(), end: noon() + SignedDuration::from_mins(30) },
            zone: TimeZone::UTC,
            status: Status::Scheduled,
            notes: None,
            is_vouched: true,
            version: 1,
            created_at: noon(),
            updated_at: noon(),
        }
    }

    fn user(role: Role) -> User {
        User { id: UserId::random(), session_id: SessionId::random(), role }
    }

    #[test]
    fn a_patient_does_not_learn_of_the_visits_of_others() {
        let visit = scheduled();
        assert_eq!(visit.actor(&user(Role::Patient(visit.patient_id))), Ok(Actor::Patient));
        assert_eq!(visit.actor(&user(Role::Patient(PatientId::random()))), Err(Hidden::Unknown));
        assert_eq!(visit.actor(&user(Role::Doctor(DoctorId::random()))), Err(Hidden::Forbidden));
        assert_eq!(visit.actor(&user(Role::Auditor)), Err(Hidden::Forbidden));
    }

    #[test]
    fn a_patient_moves_a_visit_until_it_starts_and_the_practice_after_that_too() {
        let visit = scheduled();
        let before = noon() - SignedDuration::from_secs(1);
        assert_eq!(
            visit.allowed_actions(Actor::Patient, before),
            [Action::Reschedule, Action::Cancel, Action::EditNotes]
        );
        assert_eq!(visit.allowed_actions(Actor::Patient, noon()), []);
        assert_eq!(
            visit.allowed_actions(Actor::Doctor, noon()),
            [Action::Reschedule, Action::Complete, Action::EditNotes]
        );
    }

    #[test]
    fn nothing_can_be_done_with_a_cancelled_visit() {
        let cancelled = Appointment { status: Status::Cancelled, ..scheduled() };
        assert_eq!(cancelled.allowed_actions(Actor::Admin, noon() - SignedDuration::from_hours(1)), []);
    }
}
