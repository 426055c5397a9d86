//! Requests about visits that recur, and their answers.
use super::offers::kind;
use super::{expected_version, optional_id, text, when, zone_name};
use crate::domain::series::commands::{CancelSeries, CreateSeries, UpdateSeries};
use crate::domain::series::{Mode, Occurrence, Scope, Series, Shift};
use crate::domain::why::Why;
use crate::error;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use platform::violations::Violations;
use proto::appointment as pb;
use proto::ids::SeriesId;
use proto::time::{BadTime, seconds_of_day, to_wire};

/// Days by which a series is moved at once; a week would be the same day again.
const SHIFTS: std::ops::RangeInclusive<i32> = -6..=6;

impl TryFrom<pb::CreateSeriesRequest> for CreateSeries {
    type Error = Violations;

    fn try_from(request: pb::CreateSeriesRequest) -> Result<Self, Violations> {
        let mut wrong = Violations::default();
        let mode = mode(&mut wrong, request.mode);
        let patient_id = wrong.field("patient_id", request.patient_id.parse());
        let doctor_id = wrong.field("doctor_id", request.doctor_id.parse());
        let start = when(&mut wrong, ["start_time", "start_local"], request.start_time, &request.start_local);
        if request.start_time.is_none() && request.start_local.is_empty() {
            wrong.add("start_time", BadTime::Missing);
        }
        let rule = wrong.field("rrule", request.rrule.parse());
        let kind = kind(&mut wrong, &request.visit_type_id, request.duration_minutes);
        let notes = wrong.optional("notes", request.notes);
        let dry_run = request.dry_run;
        match (patient_id, doctor_id, start, rule) {
            (Some(patient_id), Some(doctor_id), Some(start), Some(rule)) => wrong.into_result(Self {
                patient_id,
                doctor_id,
                visit_type_id: kind.visit_type,
                minutes: kind.minutes,
                start,
                rule,
                notes,
                mode,
                dry_run,
            }),
            _ => Err(wrong),
        }
    }
}

pub fn series_id(text: &str) -> Result<SeriesId, Violations> {
    text.parse().map_err(|error| Violations::of("id", error))
}

/// The id of the series to change, and how.
pub fn update(request: &pb::UpdateSeriesRequest) -> Result<(SeriesId, UpdateSeries), Violations> {
    let mut wrong = Violations::default();
    let id = wrong.field("id", request.id.parse());
    let scope = scope(&mut wrong, request.scope, &request.from_appointment_id);
    let time = time_of_day(&mut wrong, &request.start_time_of_day);
    let days = request.shift_days;
    if !SHIFTS.contains(&days) {
        wrong.add("shift_days", "must be -6 to 6");
    }
    if request.start_time_of_day.is_empty() && days == 0 {
        wrong.add("start_time_of_day", "is required unless `shift_days` is set");
    }
    let mode = mode(&mut wrong, request.mode);
    let expected_version = expected_version(&mut wrong, request.expected_version);
    match (id, scope) {
        (Some(id), Some(scope)) => {
            let (shift, dry_run) = (Shift { time, days }, request.dry_run);
            wrong.into_result((id, UpdateSeries { scope, shift, mode, dry_run, expected_version }))
        }
        _ => Err(wrong),
    }
}

/// The id of the series to cancel, and what of it.
pub fn cancellation(request: pb::CancelSeriesRequest) -> Result<(SeriesId, CancelSeries), Violations> {
    let mut wrong = Violations::default();
    let id = wrong.field("id", request.id.parse());
    let scope = scope(&mut wrong, request.scope, &request.from_appointment_id);
    let reason = wrong.optional("reason_code", request.reason_code);
    let note = wrong.optional("note", request.note);
    let expected_version = expected_version(&mut wrong, request.expected_version);
    match (id, scope) {
        (Some(id), Some(scope)) => {
            let why = Why { reason, note, ..Why::default() };
            wrong.into_result((id, CancelSeries { scope, why, expected_version }))
        }
        _ => Err(wrong),
    }
}

fn mode(wrong: &mut Violations, number: i32) -> Mode {
    match pb::SeriesMode::try_from(number) {
        Ok(pb::SeriesMode::Unspecified | pb::SeriesMode::AllOrNothing) => Mode::AllOrNothing,
        Ok(pb::SeriesMode::SkipConflicts) => Mode::SkipConflicts,
        Err(_) => {
            wrong.add("mode", "is not a mode");
            Mode::AllOrNothing
        }
    }
}

fn scope(wrong: &mut Violations, number: i32, from: &str) -> Option<Scope> {
    let is_following = match pb::SeriesScope::try_from(number) {
        Ok(pb::SeriesScope::Unspecified | pb::SeriesScope::All) => false,
        Ok(pb::SeriesScope::Following) => true,
        Err(_) => {
            wrong.add("scope", "is not a scope");
            return None;
        }
    };
    match (is_following, from) {
        (false, "") => Some(Scope::All),
        (true, "") => {
            wrong.add("from_appointment_id", "is required");
            None
        }
        (true, _) => optional_id(wrong, "from_appointment_id", from).map(Scope::Following),
        (false, _) => {
            wrong.add("from_appointment_id", "must not be set unless `scope` is FOLLOWING");
            None
        }
    }
}

/// None when it is empty or wrong; wrong ones are noted.
fn time_of_day(wrong: &mut Violations, text: &str) -> Option<Time> {
    const FIELD: &str = "start_time_of_day";
    if text.is_empty() {
        return None;
    }
    let seconds = wrong.field(FIELD, seconds_of_day(text))?;
    if seconds % 300 != 0 {
        wrong.add(FIELD, "must be on a multiple of 5 minutes");
    }
    let part = |number: u32| i8::try_from(number).unwrap_or(i8::MAX);
    wrong.field(FIELD, Time::new(part(seconds / 3600), part(seconds / 60 % 60), 0, 0))
}

/// A series with its visits as its reader may see them.
pub fn series(series: Series, visits: Vec<pb::Appointment>) -> pb::Series {
    let Series {
        id,
        patient_id,
        doctor_id,
        visit_type_id,
        rule,
        start,
        zone,
        duration,
        ended_from,
        version,
        created_at,
        updated_at,
    } = series;
    pb::Series {
        id: id.to_string(),
        patient_id: patient_id.to_string(),
        doctor_id: doctor_id.to_string(),
        visit_type_id: text(visit_type_id),
        rrule: rule.to_string(),
        start_local: start.to_string(),
        time_zone: zone_name(&zone),
        duration_minutes: i32::try_from(duration).unwrap_or_default(),
        version,
        create_time: Some(to_wire(created_at)),
        update_time: Some(to_wire(updated_at)),
        ended_from_local: text(ended_from),
        visits,
    }
}

/// What was booked or moved, or would be.
pub fn outcome(series: Option<pb::Series>, occurrences: &[Occurrence], zone: &TimeZone) -> pb::SeriesOutcome {
    let occurrences = occurrences.iter().map(error::occurrence).collect();
    pb::SeriesOutcome { series, occurrences, time_zone: zone_name(zone) }
}
