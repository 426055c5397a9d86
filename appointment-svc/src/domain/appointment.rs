//! A visit, and who may see it.
use super::clinic::Terms;
use super::interval::Interval;
use super::status::{Actor, Status};
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use platform::caller::{Role, User};
use proto::cancellation::CancellationReason;
use proto::ids::{AppointmentId, DoctorId, LocationId, PatientId, RoomId, SeriesId, VisitTypeId};
use proto::scalars::{SubStatus, VisitNotes};

#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each tells something else of a visit")]
pub struct Appointment {
    pub id: AppointmentId,
    pub patient_id: PatientId,
    pub doctor_id: DoctorId,
    /// None when it was booked without one.
    pub visit_type_id: Option<VisitTypeId>,
    pub visit: Interval,
    /// The zone of the place.
    pub zone: TimeZone,
    /// Where; in the doctor's own zone when none.
    pub location_id: Option<LocationId>,
    /// The room that it takes.
    pub room_id: Option<RoomId>,
    /// What held when it was booked.
    pub terms: Terms,
    /// Booked over another visit on purpose.
    pub is_overbooked: bool,
    pub status: Status,
    /// Since when it stands there.
    pub status_since: Timestamp,
    pub notes: Option<VisitNotes>,
    /// A free label of the practice.
    pub sub_status: Option<SubStatus>,
    /// Whether the patient or the reception stands behind it.
    pub is_vouched: bool,
    /// What it recurs with.
    pub series: Option<Membership>,
    /// Until when a request may be answered; its start at the latest.
    pub respond_by: Option<Timestamp>,
    /// Why it was cancelled.
    pub cancel_reason: Option<CancellationReason>,
    /// Whether it was cancelled when it was late.
    pub is_late_cancel: bool,
    /// How often the patient moved it.
    pub reschedule_count: i32,
    /// Whether the last change, made at `updated_at`, is one that can be taken back.
    pub is_undoable: bool,
    pub version: i64,
    /// Grows when it takes place at another time, with another doctor or elsewhere.
    pub schedule_version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A visit's place in a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    pub id: SeriesId,
    /// The civil start by the rule, also when the visit alone is moved.
    pub occurrence: civil::DateTime,
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
        actor(user, self.patient_id, self.doctor_id)
    }

    /// What the clock of the place shows at the start, by the time zones that this program knows.
    pub fn start_local(&self) -> civil::DateTime {
        self.zone.to_datetime(self.visit.start)
    }

    /// As whom `user` sees this visit: what is held is nobody's yet, what was entered in error is for admins.
    pub fn reader(&self, user: &User) -> Result<Actor, Hidden> {
        let actor = self.actor(user)?;
        match self.status {
            Status::Held => Err(Hidden::Unknown),
            Status::EnteredInError if actor != Actor::Admin => Err(Hidden::Unknown),
            _ => Ok(actor),
        }
    }

    /// When a request that nobody answered is over.
    pub fn answer_due(&self) -> Timestamp {
        self.respond_by.map_or(self.visit.start, |respond_by| respond_by.min(self.visit.start))
    }

    /// Until when its time is kept; for good when none.
    pub fn kept_until(&self) -> Option<Timestamp> {
        (self.status == Status::Requested).then(|| self.answer_due())
    }

    /// The visit as it stands at `now`: what nobody answered in time has expired, whoever has noticed.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        if self.status == Status::Requested && self.answer_due() <= now {
            self.status = Status::Expired;
        }
        self
    }

    /// Whether `actor` may change a visit that is agreed upon: its time as far as the policy allows, its notes.
    pub fn may_be_moved_by(&self, actor: Actor, now: Timestamp) -> bool {
        self.status.is_open() && (!actor.is_patient() || now < self.visit.start)
    }
}

/// As whom `user` acts on what is between `patient` and `doctor`.
pub fn actor(user: &User, patient: PatientId, doctor: DoctorId) -> Result<Actor, Hidden> {
    match user.role {
        Role::Admin => Ok(Actor::Admin),
        Role::Staff => Ok(Actor::Staff),
        Role::Doctor(id) if id == doctor => Ok(Actor::Doctor),
        Role::Patient(id) if id == patient => Ok(Actor::Patient),
        Role::Patient(_) => Err(Hidden::Unknown),
        Role::Doctor(_) | Role::Auditor => Err(Hidden::Forbidden),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use jiff::SignedDuration;
    use proto::ids::{SessionId, UserId};

    pub(crate) fn noon() -> Timestamp {
        "2030-01-07T12:00:00Z".parse().unwrap()
    }

    /// At noon, for half an hour; booked the day before.
    pub(crate) fn visit(status: Status) -> Appointment {
        let booked = noon() - SignedDuration::from_hours(24);
        Appointment {
            id: AppointmentId::random(),
            patient_id: PatientId::random(),
            doctor_id: DoctorId::random(),
            visit_type_id: None,
            visit: Interval { start: noon(), end: noon() + SignedDuration::from_mins(30) },
            zone: TimeZone::UTC,
            location_id: None,
            room_id: None,
            terms: Terms::default(),
            is_overbooked: false,
            status,
            status_since: booked,
            notes: None,
            sub_status: None,
            is_vouched: true,
            series: None,
            respond_by: None,
            cancel_reason: None,
            is_late_cancel: false,
            reschedule_count: 0,
            is_undoable: false,
            version: 1,
            schedule_version: 1,
            created_at: booked,
            updated_at: booked,
        }
    }

    fn user(role: Role) -> User {
        User::new(UserId::random(), SessionId::random(), role)
    }

    #[test]
    fn a_patient_does_not_learn_of_the_visits_of_others() {
        let visit = visit(Status::Scheduled);
        assert_eq!(visit.reader(&user(Role::Patient(visit.patient_id))), Ok(Actor::Patient));
        assert_eq!(visit.reader(&user(Role::Patient(PatientId::random()))), Err(Hidden::Unknown));
        assert_eq!(visit.reader(&user(Role::Doctor(DoctorId::random()))), Err(Hidden::Forbidden));
        assert_eq!(visit.reader(&user(Role::Auditor)), Err(Hidden::Forbidden));
    }

    #[test]
    fn what_was_entered_in_error_is_for_admins_and_what_is_held_for_nobody() {
        let wrong = visit(Status::EnteredInError);
        let everyone = [Role::Patient(wrong.patient_id), Role::Doctor(wrong.doctor_id), Role::Staff];
        for role in everyone {
            assert_eq!(wrong.reader(&user(role)), Err(Hidden::Unknown));
        }
        assert_eq!(wrong.reader(&user(Role::Admin)), Ok(Actor::Admin));
        assert_eq!(visit(Status::Held).reader(&user(Role::Admin)), Err(Hidden::Unknown));
    }

    #[test]
    fn a_request_expires_when_its_answer_was_due_and_at_its_start_at_the_latest() {
        let due = noon() - SignedDuration::from_hours(3);
        let request = Appointment { respond_by: Some(due), ..visit(Status::Requested) };
        let shortly_before = due - SignedDuration::from_micros(1);
        assert_eq!(request.clone().at(shortly_before).status, Status::Requested);
        assert_eq!(request.at(due).status, Status::Expired);
        assert_eq!(visit(Status::Requested).at(due).status, Status::Requested);
        assert_eq!(visit(Status::Requested).at(noon()).status, Status::Expired);
        assert_eq!(visit(Status::Scheduled).at(noon()).status, Status::Scheduled);
    }
}
