//! Between the wire and the domain: requests are parsed here, once; replies are rendered.
use crate::domain::actions::Actions;
use crate::domain::appointment::Appointment;
use crate::domain::clinic::{self, Terms};
use crate::domain::commands::{Book, Edit, Import, Party, When};
use crate::domain::interval::Interval;
use crate::domain::status::{Actor, Status};
use crate::domain::zone;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use platform::caller::User;
use platform::violations::Violations;
use prost_types::Timestamp as WireTime;
use proto::appointment as pb;
use proto::cancellation::CancellationReason;
use proto::doctor::{Modality, ReminderOffsets};
use proto::ids::{AppointmentId, BadId, DoctorId, PatientId};
use proto::patient::PatientParty;
use proto::time::{BadTime, date_time, from_wire, to_wire};
use std::str::FromStr;

mod statuses; // where visits stand, what may be done with them, and what was
pub mod rules; // what doctor-svc says
pub mod holds; // times that are kept, and what does not count for a visit
pub mod absences; // plans for a doctor who will be away
pub mod lists; // questions for lists of visits
pub mod offers; // questions for free times, and their answers
pub mod links; // what is asked for by a link that a patient was sent
pub mod series; // visits that recur
pub mod waitlist; // patients who wait

use statuses::{action_window, status, wire_action};
pub use statuses::{cancellation, history_entry, known_status, status_change, sub_status, undo};

impl TryFrom<pb::BookAppointmentRequest> for Book {
    type Error = Violations;

    fn try_from(request: pb::BookAppointmentRequest) -> Result<Self, Violations> {
        let mut wrong = Violations::default();
        let patient_id = wrong.field("patient_id", request.patient_id.parse());
        let doctor_id = wrong.field("doctor_id", request.doctor_id.parse());
        let start = when(&mut wrong, ["start_time", "start_local"], request.start_time, &request.start_local);
        if request.start_time.is_none() && request.start_local.is_empty() {
            wrong.add("start_time", BadTime::Missing);
        }
        let end = when(&mut wrong, ["end_time", "end_local"], request.end_time, &request.end_local);
        let notes = wrong.optional("notes", request.notes);
        let visit_type_id = optional_id(&mut wrong, "visit_type_id", &request.visit_type_id);
        let leave = holds::leave(&mut wrong, request.overbook, request.override_reason);
        match (patient_id, doctor_id, start) {
            (Some(patient_id), Some(doctor_id), Some(start)) => {
                wrong.into_result(Self { patient_id, doctor_id, visit_type_id, start, end, notes, leave })
            }
            _ => Err(wrong),
        }
    }
}

/// The id of the visit to change, and how.
pub fn edit(request: pb::UpdateAppointmentRequest) -> Result<(AppointmentId, Edit), Violations> {
    let mut wrong = Violations::default();
    let id = wrong.field("id", request.id.parse());
    let paths = request.update_mask.map(|mask| mask.paths).unwrap_or_default();
    let is_asked = |path: &str| paths.iter().any(|asked| asked == path);
    for path in &paths {
        if !["start_time", "end_time", "notes"].contains(&path.as_str()) {
            wrong.add("update_mask", format!("`{path}` cannot be changed"));
        }
    }
    let mut time = |asked: bool, names: [&str; 2], instant: Option<WireTime>, local: &str| {
        if asked && instant.is_none() && local.is_empty() {
            wrong.add(names[0], BadTime::Missing);
        }
        if asked { when(&mut wrong, names, instant, local) } else { None }
    };
    let start =
        time(is_asked("start_time"), ["start_time", "start_local"], request.start_time, &request.start_local);
    let end = time(is_asked("end_time"), ["end_time", "end_local"], request.end_time, &request.end_local);
    let notes = is_asked("notes").then(|| wrong.optional("notes", request.notes));
    let leave = holds::leave(&mut wrong, None, request.override_reason);
    let expected_version = expected_version(&mut wrong, request.expected_version);
    match id {
        Some(id) => wrong.into_result((id, Edit { start, end, notes, leave, expected_version })),
        None => Err(wrong),
    }
}

impl TryFrom<pb::ImportAppointmentRequest> for Import {
    type Error = Violations;

    fn try_from(request: pb::ImportAppointmentRequest) -> Result<Self, Violations> {
        let Some(visit) = request.appointment else {
            return Err(Violations::of("appointment", "is required"));
        };
        let mut wrong = Violations::default();
        let id = if visit.id.is_empty() {
            Some(AppointmentId::random())
        } else {
            wrong.field("appointment.id", visit.id.parse())
        };
        let status = status(visit.status())
            .filter(|status| matches!(status, Status::Completed | Status::Cancelled | Status::NoShow));
        let status =
            wrong.field("appointment.status", status.ok_or("must be completed, cancelled or no_show"));
        let patient_id = wrong.field("appointment.patient_id", visit.patient_id.parse());
        let doctor_id = wrong.field("appointment.doctor_id", visit.doctor_id.parse());
        let start = wrong.field("appointment.start_time", from_wire(visit.start_time));
        let end = wrong.field("appointment.end_time", from_wire(visit.end_time));
        let notes = wrong.optional("appointment.notes", visit.notes);
        let (Some(id), Some(patient_id), Some(doctor_id), Some(start), Some(end), Some(status)) =
            (id, patient_id, doctor_id, start, end, status)
        else {
            return Err(wrong);
        };
        if end <= start {
            wrong.add("appointment.end_time", "must be after start_time");
        }
        wrong.into_result(Self { id, patient_id, doctor_id, visit: Interval { start, end }, status, notes })
    }
}

impl TryFrom<PatientParty> for Party {
    type Error = Violations;

    fn try_from(PatientParty { id, version, is_active }: PatientParty) -> Result<Self, Violations> {
        let mut wrong = Violations::default();
        match wrong.field("party.id", id.parse()) {
            Some(patient_id) => Ok(Self { patient_id, version, is_active }),
            None => Err(wrong),
        }
    }
}

pub fn appointment_id(text: &str) -> Result<AppointmentId, Violations> {
    text.parse().map_err(|error| Violations::of("id", error))
}

pub fn doctor_id(text: &str) -> Result<DoctorId, Violations> {
    text.parse().map_err(|error| Violations::of("doctor_id", error))
}

/// The id of a visit, and when it is looked at, if not now.
pub fn visit_at(
    request: &pb::GetAppointmentRequest,
) -> Result<(AppointmentId, Option<Timestamp>), Violations> {
    let mut wrong = Violations::default();
    let at = bound(&mut wrong, "as_of_time", request.as_of_time);
    match wrong.field("id", request.id.parse()) {
        Some(id) => wrong.into_result((id, at)),
        None => Err(wrong),
    }
}

/// A doctor and a patient.
pub fn pair(doctor: &str, patient: &str) -> Result<(DoctorId, PatientId), Violations> {
    let mut wrong = Violations::default();
    match (wrong.field("doctor_id", doctor.parse()), wrong.field("patient_id", patient.parse())) {
        (Some(doctor), Some(patient)) => Ok((doctor, patient)),
        _ => Err(wrong),
    }
}

/// One of an instant and a local time, if either is given.
pub fn when(
    wrong: &mut Violations,
    [time, local]: [&str; 2],
    instant: Option<WireTime>,
    text: &str,
) -> Option<When> {
    match (instant, text) {
        (Some(_), "") => wrong.field(time, from_wire(instant)).map(When::Instant),
        (Some(_), _) => {
            wrong.add(local, format!("must not be set together with `{time}`"));
            None
        }
        (None, "") => None,
        (None, text) => wrong.field(local, date_time(text)).map(When::Local),
    }
}

/// None when it is empty or wrong; wrong ones are noted.
pub fn optional_id<T: FromStr<Err = BadId>>(wrong: &mut Violations, field: &str, text: &str) -> Option<T> {
    if text.is_empty() { None } else { wrong.field(field, text.parse()) }
}

fn expected_version(wrong: &mut Violations, version: i64) -> Option<i64> {
    if version < 0 {
        wrong.add("expected_version", "must not be negative");
    }
    (version != 0).then_some(version)
}

/// A visit as `user` may see and use it, without names.
pub fn seen_by(user: &User, appointment: Appointment, now: Timestamp) -> pb::Appointment {
    // Whoever has nothing to do with it sees as little of it as the patient.
    let actor = appointment.actor(user).ok();
    let actions = actor.map(|actor| appointment.actions(actor, now)).unwrap_or_default();
    self::appointment(appointment, actor.unwrap_or(Actor::Patient), actions)
}

/// A visit as `actor` may see it, with what they may do, and without names.
pub fn appointment(a: Appointment, actor: Actor, actions: Actions) -> pb::Appointment {
    let sub_status = a.sub_status.clone().filter(|_| !actor.is_patient());
    let is_request = a.status == Status::Requested;
    let start_local = a.start_local().to_string();
    let Terms { timing: _, policy: _, modality, price, reminders: _ } = a.terms;
    let (price_minor, currency) = price.map(|price| (price.minor, price.currency)).unwrap_or_default();
    pb::Appointment {
        id: a.id.to_string(),
        patient_id: a.patient_id.to_string(),
        doctor_id: a.doctor_id.to_string(),
        start_time: Some(to_wire(a.visit.start)),
        end_time: Some(to_wire(a.visit.end)),
        status: pb::AppointmentStatus::from(a.status).into(),
        notes: a.notes.map(String::from).unwrap_or_default(),
        time_zone: zone_name(&a.zone),
        version: a.version,
        create_time: Some(to_wire(a.created_at)),
        update_time: Some(to_wire(a.updated_at)),
        allowed_actions: actions.now.into_iter().map(|action| wire_action(action).into()).collect(),
        action_windows: actions.windows.into_iter().map(action_window).collect(),
        is_late_cancel: a.is_late_cancel,
        cancellation_reason: a.cancel_reason.map_or("", CancellationReason::code).to_owned(),
        reschedule_count: a.reschedule_count,
        sub_status: sub_status.map(String::from).unwrap_or_default(),
        respond_by_time: a.respond_by.filter(|_| is_request).map(to_wire),
        visit_type_id: text(a.visit_type_id),
        location_id: text(a.location_id),
        series_id: text(a.series.map(|series| series.id)),
        room_id: text(a.room_id),
        modality: Modality::from(modality).into(),
        start_local,
        is_overbooked: a.is_overbooked,
        price_minor,
        currency,
        ..pb::Appointment::default()
    }
}

/// An id, or nothing.
pub fn text<T: ToString>(id: Option<T>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

impl From<clinic::Modality> for Modality {
    fn from(modality: clinic::Modality) -> Self {
        match modality {
            clinic::Modality::InPerson => Self::InPerson,
            clinic::Modality::Telehealth => Self::Telehealth,
        }
    }
}

/// A visit without its words, as it is at `now`.
pub fn summary(a: &Appointment, now: Timestamp) -> pb::AppointmentSummary {
    let patient_actions = a.actions(Actor::Patient, now).now.into_iter();
    pb::AppointmentSummary {
        id: a.id.to_string(),
        patient_id: a.patient_id.to_string(),
        doctor_id: a.doctor_id.to_string(),
        start_time: Some(to_wire(a.visit.start)),
        end_time: Some(to_wire(a.visit.end)),
        time_zone: zone_name(&a.zone),
        status: pb::AppointmentStatus::from(a.status).into(),
        version: a.version,
        schedule_version: a.schedule_version,
        reminder_offsets_minutes: a.terms.reminders.as_deref().map(reminder_offsets),
        visit_type_id: text(a.visit_type_id),
        update_time: Some(to_wire(a.updated_at)),
        patient_actions: patient_actions.map(|action| wire_action(action).into()).collect(),
    }
}

fn reminder_offsets(minutes: &[u32]) -> ReminderOffsets {
    ReminderOffsets { minutes: minutes.iter().filter_map(|minutes| i32::try_from(*minutes).ok()).collect() }
}

pub fn zone_name(zone: &TimeZone) -> String {
    zone::name(zone).to_owned()
}

/// An instant that narrows a list; none when not given.
pub fn bound(wrong: &mut Violations, field: &str, at: Option<WireTime>) -> Option<Timestamp> {
    at.and_then(|at| wrong.field(field, from_wire(Some(at))))
}
