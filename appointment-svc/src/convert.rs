//! Between the wire and the domain: requests are parsed here, once; replies are rendered.
use crate::domain::appointment::{Action, Appointment};
use crate::domain::commands::{Book, Edit, Import, Party, When};
use crate::domain::interval::Interval;
use crate::domain::rules::{Rules, Window};
use crate::domain::slots;
use crate::domain::status::Status;
use crate::store::HistoryEntry;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use platform::violations::Violations;
use prost_types::Timestamp as WireTime;
use proto::appointment as pb;
use proto::doctor::{DoctorRules, doctor_rules};
use proto::ids::{AppointmentId, DoctorId, PatientId};
use proto::patient::PatientParty;
use proto::time::{BadTime, date, date_time, from_wire, seconds_of_day, to_wire};

/// A request for free times, already parsed.
pub struct SlotsQuery {
    pub doctor_id: DoctorId,
    pub date: Date,
    pub days: i32,
    pub duration: Option<SignedDuration>,
}

impl TryFrom<pb::ListAvailableSlotsRequest> for SlotsQuery {
    type Error = Violations;

    fn try_from(request: pb::ListAvailableSlotsRequest) -> Result<Self, Violations> {
        let mut wrong = Violations::default();
        let doctor_id = wrong.field("doctor_id", request.doctor_id.parse());
        let date = wrong.field("date", date(&request.date));
        let days = request.days.max(i32::from(request.days == 0));
        if !(1..=slots::MAX_DAYS).contains(&days) {
            wrong.add("days", format!("must be 1 to {}", slots::MAX_DAYS));
        }
        let minutes = i64::from(request.duration_minutes);
        let duration = (minutes != 0).then(|| SignedDuration::from_mins(minutes));
        if minutes != 0 && !slots::DURATION_MINUTES.contains(&minutes) {
            wrong.add("duration_minutes", "must be 5 to 480");
        }
        match (doctor_id, date) {
            (Some(doctor_id), Some(date)) => wrong.into_result(Self { doctor_id, date, days, duration }),
            _ => Err(wrong),
        }
    }
}

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
        match (patient_id, doctor_id, start) {
            (Some(patient_id), Some(doctor_id), Some(start)) => {
                wrong.into_result(Self { patient_id, doctor_id, start, end, notes })
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
    let expected_version = expected_version(&mut wrong, request.expected_version);
    match id {
        Some(id) => wrong.into_result((id, Edit { start, end, notes, expected_version })),
        None => Err(wrong),
    }
}

/// The id of the visit, its new status, and the version that the caller has seen.
pub fn status_change(
    request: &pb::UpdateAppointmentStatusRequest,
) -> Result<(AppointmentId, Status, Option<i64>), Violations> {
    let mut wrong = Violations::default();
    let id = wrong.field("id", request.id.parse());
    let status =
        wrong.field("status", known_status(request.status)).map(|status| status.ok_or("is required"));
    let status = status.and_then(|status| wrong.field("status", status));
    let expected_version = expected_version(&mut wrong, request.expected_version);
    match (id, status) {
        (Some(id), Some(status)) => wrong.into_result((id, status, expected_version)),
        _ => Err(wrong),
    }
}

/// The id of the visit to cancel, and the version that the caller has seen.
pub fn cancellation(
    request: &pb::CancelAppointmentRequest,
) -> Result<(AppointmentId, Option<i64>), Violations> {
    let mut wrong = Violations::default();
    let id = wrong.field("id", request.id.parse());
    let expected_version = expected_version(&mut wrong, request.expected_version);
    match id {
        Some(id) => wrong.into_result((id, expected_version)),
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
        let status = status(visit.status()).filter(|status| !status.is_open());
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

impl TryFrom<DoctorRules> for Rules {
    type Error = Violations;

    fn try_from(rules: DoctorRules) -> Result<Self, Violations> {
        let mut wrong = Violations::default();
        let doctor_id = wrong.field("rules.doctor_id", rules.doctor_id.parse());
        let zone = wrong.field("rules.time_zone", TimeZone::get(&rules.time_zone));
        if !slots::DURATION_MINUTES.contains(&i64::from(rules.slot_minutes)) {
            wrong.add("rules.slot_minutes", "must be 5 to 480");
        }
        let windows = rules.windows.iter().filter_map(|w| wrong.field("rules.windows", window(w))).collect();
        match (doctor_id, zone) {
            (Some(doctor_id), Some(zone)) => {
                let DoctorRules { version, is_active, slot_minutes, .. } = rules;
                wrong.into_result(Self { doctor_id, version, is_active, zone, slot_minutes, windows })
            }
            _ => Err(wrong),
        }
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

/// A doctor and a patient.
pub fn pair(doctor: &str, patient: &str) -> Result<(DoctorId, PatientId), Violations> {
    let mut wrong = Violations::default();
    match (wrong.field("doctor_id", doctor.parse()), wrong.field("patient_id", patient.parse())) {
        (Some(doctor), Some(patient)) => Ok((doctor, patient)),
        _ => Err(wrong),
    }
}

/// One of an instant and a local time, if either is given.
fn when(
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

fn expected_version(wrong: &mut Violations, version: i64) -> Option<i64> {
    if version < 0 {
        wrong.add("expected_version", "must not be negative");
    }
    (version != 0).then_some(version)
}

fn window(window: &doctor_rules::Window) -> Result<Window, String> {
    let day = i8::try_from(window.day_of_week).map_err(|error| error.to_string())?;
    Ok(Window {
        weekday: Weekday::from_monday_zero_offset(day).map_err(|error| error.to_string())?,
        start: seconds_of_day(&window.start_time).map_err(|error| error.to_string())?,
        end: seconds_of_day(&window.end_time).map_err(|error| error.to_string())?,
    })
}

/// None when unspecified; wrong when it is of a later version of the contract.
pub fn known_status(number: i32) -> Result<Option<Status>, &'static str> {
    pb::AppointmentStatus::try_from(number).map(status).map_err(|_| "is not a status")
}

/// None when unspecified.
fn status(status: pb::AppointmentStatus) -> Option<Status> {
    Some(match status {
        pb::AppointmentStatus::Unspecified => return None,
        pb::AppointmentStatus::Scheduled => Status::Scheduled,
        pb::AppointmentStatus::Confirmed => Status::Confirmed,
        pb::AppointmentStatus::Completed => Status::Completed,
        pb::AppointmentStatus::Cancelled => Status::Cancelled,
        pb::AppointmentStatus::NoShow => Status::NoShow,
    })
}

impl From<Status> for pb::AppointmentStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Scheduled => Self::Scheduled,
            Status::Confirmed => Self::Confirmed,
            Status::Completed => Self::Completed,
            Status::Cancelled => Self::Cancelled,
            Status::NoShow => Self::NoShow,
        }
    }
}

impl From<Action> for pb::AppointmentAction {
    fn from(action: Action) -> Self {
        match action {
            Action::Reschedule => Self::Reschedule,
            Action::Confirm => Self::Confirm,
            Action::Cancel => Self::Cancel,
            Action::Complete => Self::Complete,
            Action::MarkNoShow => Self::MarkNoShow,
            Action::EditNotes => Self::EditNotes,
        }
    }
}

impl From<Interval> for pb::Slot {
    fn from(Interval { start, end }: Interval) -> Self {
        Self { start_time: Some(to_wire(start)), end_time: Some(to_wire(end)) }
    }
}

/// A visit with what its reader may do now, and without names.
pub fn appointment(a: Appointment, allowed: Vec<Action>) -> pb::Appointment {
    let Appointment {
        id,
        patient_id,
        doctor_id,
        visit,
        zone,
        status,
        notes,
        is_vouched: _,
        version,
        created_at,
        updated_at,
    } = a;
    pb::Appointment {
        id: id.to_string(),
        patient_id: patient_id.to_string(),
        doctor_id: doctor_id.to_string(),
        start_time: Some(to_wire(visit.start)),
        end_time: Some(to_wire(visit.end)),
        status: pb::AppointmentStatus::from(status).into(),
        notes: notes.map(String::from).unwrap_or_default(),
        time_zone: zone_name(&zone),
        version,
        create_time: Some(to_wire(created_at)),
        update_time: Some(to_wire(updated_at)),
        allowed_actions: allowed
            .into_iter()
            .map(|action| pb::AppointmentAction::from(action).into())
            .collect(),
        patient_name: String::new(),
        doctor_name: String::new(),
        doctor_specialization: String::new(),
    }
}

/// A visit without its words.
pub fn summary(a: &Appointment) -> pb::AppointmentSummary {
    pb::AppointmentSummary {
        id: a.id.to_string(),
        patient_id: a.patient_id.to_string(),
        doctor_id: a.doctor_id.to_string(),
        start_time: Some(to_wire(a.visit.start)),
        end_time: Some(to_wire(a.visit.end)),
        time_zone: zone_name(&a.zone),
        status: pb::AppointmentStatus::from(a.status).into(),
        version: a.version,
    }
}

pub fn zone_name(zone: &TimeZone) -> String {
    zone.iana_name().unwrap_or("UTC").to_owned()
}

impl From<HistoryEntry> for pb::AppointmentEvent {
    fn from(entry: HistoryEntry) -> Self {
        let HistoryEntry {
            version,
            kind,
            from_status,
            to_status,
            start_time,
            end_time,
            actor_id,
            actor_role,
            at,
        } = entry;
        let from_status = from_status.map_or(pb::AppointmentStatus::Unspecified, Into::into);
        Self {
            version,
            kind,
            from_status: from_status.into(),
            to_status: pb::AppointmentStatus::from(to_status).into(),
            start_time: Some(to_wire(start_time)),
            end_time: Some(to_wire(end_time)),
            actor_id: actor_id.to_string(),
            actor_role,
            time: Some(to_wire(at)),
        }
    }
}

/// An instant that narrows a list; none when not given.
pub fn bound(wrong: &mut Violations, field: &str, at: Option<WireTime>) -> Option<Timestamp> {
    at.and_then(|at| wrong.field(field, from_wire(Some(at))))
}
