//! Visits as they are about to be written: new ones, and ones that move.
use crate::domain::appointment::Appointment;
use crate::domain::claims::OVERBOOK_LANE;
use crate::domain::clinic::Clinic;
use crate::domain::diary::Diary;
use crate::domain::interval::Interval;
use crate::domain::slots::{Placement, Wish};
use crate::domain::status::{Actor, Status};
use jiff::{SignedDuration, Timestamp};
use platform::caller::{Role, User};
use proto::ids::{AppointmentId, PatientId, VisitTypeId};

/// How long the practice has to answer a request.
const TIME_TO_RESPOND: SignedDuration = SignedDuration::from_hours(48);

/// A visit that has found its place, not yet written.
pub fn new(
    diary: &Diary,
    wish: &Wish,
    patient: PatientId,
    visit: Interval,
    place: &Placement,
    user: &User,
) -> Appointment {
    let now = diary.now;
    let visit_type = wish.visit_type.and_then(|id| diary.clinic.visit_types.get(&id));
    let respond_by = respond_by(&diary.clinic, wish.visit_type, wish.is_bound, visit, now);
    Appointment {
        id: AppointmentId::random(),
        patient_id: patient,
        doctor_id: diary.rules.doctor_id,
        visit_type_id: wish.visit_type,
        visit,
        zone: diary.schedule().zone(place.location).clone(),
        location_id: place.location,
        room_id: place.room,
        terms: visit_type.map(|visit_type| visit_type.terms()).unwrap_or_default(),
        is_overbooked: place.lane >= OVERBOOK_LANE,
        status: if respond_by.is_some() { Status::Requested } else { Status::Scheduled },
        status_since: now,
        notes: None,
        sub_status: None,
        is_vouched: !matches!(user.role, Role::Doctor(_)),
        series: None,
        respond_by,
        cancel_reason: None,
        is_late_cancel: false,
        reschedule_count: 0,
        is_undoable: false,
        version: 1,
        schedule_version: 1,
        created_at: now,
        updated_at: now,
    }
}

/// Makes a visit one at another time and place, not yet written.
pub fn relocate(
    appointment: &mut Appointment,
    diary: &Diary,
    visit: Interval,
    place: &Placement,
    actor: Actor,
) {
    appointment.visit = visit;
    appointment.zone = diary.schedule().zone(place.location).clone();
    appointment.location_id = place.location;
    appointment.room_id = place.room;
    appointment.is_overbooked = false;
    // The patient confirmed another time.
    appointment.status = Status::Scheduled;
    appointment.is_vouched |= actor != Actor::Doctor;
    appointment.reschedule_count += i32::from(actor.is_patient());
}

/// Until when the practice answers, if it is asked: whoever is bound by the rules of the type waits for it.
pub fn respond_by(
    clinic: &Clinic,
    visit_type: Option<VisitTypeId>,
    is_bound: bool,
    visit: Interval,
    now: Timestamp,
) -> Option<Timestamp> {
    let visit_type = clinic.visit_types.get(&visit_type?)?;
    (visit_type.needs_approval && is_bound).then(|| visit.start.min(now + TIME_TO_RESPOND))
}
