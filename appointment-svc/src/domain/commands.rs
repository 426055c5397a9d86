//! What callers ask for, already parsed; times in the words of the clinic become instants here.
use super::clinic::Timing;
use super::interval::Interval;
use super::leave::Leave;
use super::local;
use super::slots::{DURATION_MINUTES, START_GRID_SECONDS};
use super::status::Status;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil};
use platform::violations::Violations;
use proto::ids::{AppointmentId, DoctorId, PatientId, VisitTypeId};
use proto::scalars::VisitNotes;

/// A point in time as a caller gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Instant(Timestamp),
    /// In the zone of the clinic.
    Local(civil::DateTime),
}

/// A visit that is wanted.
#[derive(Clone, Debug)]
pub struct Book {
    pub patient_id: PatientId,
    pub doctor_id: DoctorId,
    /// Without one, any start and length within the doctor's hours.
    pub visit_type_id: Option<VisitTypeId>,
    pub start: When,
    /// The usual length after the start when not given.
    pub end: Option<When>,
    pub notes: Option<VisitNotes>,
    /// What does not count for this visit.
    pub leave: Option<Leave>,
}

/// What is not set stays.
#[derive(Clone, Debug)]
pub struct Edit {
    /// Without a new end, the visit keeps its length.
    pub start: Option<When>,
    pub end: Option<When>,
    /// Some(None) clears them.
    pub notes: Option<Option<VisitNotes>>,
    /// What does not count for the new time.
    pub leave: Option<Leave>,
    pub expected_version: Option<i64>,
}

/// A visit of the past, from another system.
#[derive(Clone, Debug)]
pub struct Import {
    pub id: AppointmentId,
    pub patient_id: PatientId,
    pub doctor_id: DoctorId,
    pub visit: Interval,
    pub status: Status,
    pub notes: Option<VisitNotes>,
}

/// Whether a patient may be booked, as patient-svc says.
#[derive(Clone, Copy, Debug)]
pub struct Party {
    pub patient_id: PatientId,
    pub version: i64,
    pub is_active: bool,
}

impl Book {
    /// The visit as instants; local times are those of `zone`.
    pub fn visit(&self, zone: &TimeZone, timing: &Timing) -> Result<Interval, Violations> {
        interval(zone, Some(self.start), self.end, |start| start + timing.duration(), None)
    }
}

impl Edit {
    /// The visit after the edit; local times are those of `zone`.
    pub fn visit(&self, zone: &TimeZone, before: Interval) -> Result<Interval, Violations> {
        interval(zone, self.start, self.end, |start| start + before.duration(), Some(before))
    }
}

fn interval(
    zone: &TimeZone,
    start: Option<When>,
    end: Option<When>,
    usual_end: impl FnOnce(Timestamp) -> Timestamp,
    before: Option<Interval>,
) -> Result<Interval, Violations> {
    let mut wrong = Violations::default();
    let moved = start.is_some();
    let start = match start {
        Some(start) => instant(&mut wrong, zone, "start", start),
        None => before.map(|before| before.start),
    };
    let end = match end {
        Some(end) => instant(&mut wrong, zone, "end", end),
        None if moved => start.map(usual_end),
        None => before.map(|before| before.end),
    };
    let (Some(start), Some(end)) = (start, end) else { return Err(wrong) };
    check_shape(&mut wrong, Interval { start, end });
    wrong.into_result(Interval { start, end })
}

/// Notes the field as the caller named it: `start_time` or `start_local`.
pub fn instant(wrong: &mut Violations, zone: &TimeZone, which: &str, when: When) -> Option<Timestamp> {
    match when {
        When::Instant(at) => Some(at),
        When::Local(at) => wrong.field(&format!("{which}_local"), local::typed(zone, at)),
    }
}

/// Whether a visit is of a sensible shape, whenever it is.
fn check_shape(wrong: &mut Violations, visit: Interval) {
    if visit.start.as_second() % START_GRID_SECONDS != 0 || visit.start.subsec_nanosecond() != 0 {
        wrong.add("start_time", "must be on a multiple of 5 minutes");
    }
    let length = visit.duration();
    if visit.end <= visit.start {
        wrong.add("end_time", "must be after start_time");
    } else if length != SignedDuration::from_mins(length.as_mins())
        || !DURATION_MINUTES.contains(&length.as_mins())
    {
        wrong.add("end_time", "must be 5 minutes to 8 hours after start_time, in whole minutes");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn book(start: When, end: Option<When>) -> Book {
        let (patient_id, doctor_id) = (PatientId::random(), DoctorId::random());
        Book { patient_id, doctor_id, visit_type_id: None, start, end, notes: None, leave: None }
    }

    fn visit(book: &Book, zone_name: &str) -> Result<Interval, Violations> {
        book.visit(&zone(zone_name), &Timing::plain(30, 30))
    }

    #[test]
    fn a_local_time_is_the_clinics_and_a_visit_has_the_usual_length() {
        let nine = When::Local("2026-06-01T09:00".parse().unwrap());
        let visit = visit(&book(nine, None), "Europe/Berlin").unwrap();
        assert_eq!(visit, Interval { start: at("2026-06-01T07:00:00Z"), end: at("2026-06-01T07:30:00Z") });
    }

    #[test]
    fn a_local_time_that_does_not_exist_is_told_with_its_neighbours() {
        let lost = When::Local("2026-03-29T02:30".parse().unwrap());
        assert!(visit(&book(lost, None), "Europe/Berlin").is_err());
    }

    #[test]
    fn a_moved_visit_keeps_its_length() {
        let before = Interval { start: at("2026-06-01T09:00:00Z"), end: at("2026-06-01T09:45:00Z") };
        let start = Some(When::Instant(at("2026-06-01T11:00:00Z")));
        let edit = Edit { start, end: None, notes: None, leave: None, expected_version: None };
        assert_eq!(edit.visit(&TimeZone::UTC, before).unwrap().end, at("2026-06-01T11:45:00Z"));
        let nothing = Edit { start: None, end: None, notes: None, leave: None, expected_version: None };
        assert_eq!(nothing.visit(&TimeZone::UTC, before).unwrap(), before);
    }

    #[test]
    fn times_that_make_no_sense_are_refused() {
        let check = |start: &str, end: &str| {
            visit(&book(When::Instant(at(start)), Some(When::Instant(at(end)))), "UTC").is_ok()
        };
        assert!(check("2026-06-01T09:00:00Z", "2026-06-01T09:30:00Z"));
        assert!(!check("2026-06-01T09:01:00Z", "2026-06-01T09:30:00Z"), "off the grid");
        assert!(!check("2026-06-01T09:30:00Z", "2026-06-01T09:00:00Z"), "end before start");
        assert!(!check("2026-06-01T09:00:00Z", "2026-06-01T09:04:00Z"), "short");
        assert!(!check("2026-06-01T09:00:00Z", "2026-06-01T09:30:30Z"), "half minutes");
        assert!(!check("2026-06-01T09:00:00Z", "2026-06-01T17:05:00Z"), "long");
    }
}
