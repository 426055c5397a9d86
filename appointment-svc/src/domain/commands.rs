//! What callers ask for, already parsed; times in the words of the clinic become instants here.
use super::interval::Interval;
use super::local;
use super::rules::Rules;
use super::slots::{DURATION_MINUTES, HORIZON_DAYS, START_GRID_SECONDS};
use super::status::Status;
use jiff::{SignedDuration, Timestamp, civil};
use platform::violations::Violations;
use proto::ids::{AppointmentId, DoctorId, PatientId};
use proto::scalars::VisitNotes;

/// A point in time as a caller gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Instant(Timestamp),
    /// In the zone of the clinic.
    Local(civil::DateTime),
}

#[derive(Clone, Debug)]
pub struct Book {
    pub patient_id: PatientId,
    pub doctor_id: DoctorId,
    pub start: When,
    /// The doctor's usual length after the start when not given.
    pub end: Option<When>,
    pub notes: Option<VisitNotes>,
}

/// What is not set stays.
#[derive(Clone, Debug)]
pub struct Edit {
    /// Without a new end, the visit keeps its length.
    pub start: Option<When>,
    pub end: Option<When>,
    /// Some(None) clears them.
    pub notes: Option<Option<VisitNotes>>,
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
    /// The visit as instants.
    pub fn visit(&self, rules: &Rules) -> Result<Interval, Violations> {
        let usual = SignedDuration::from_mins(i64::from(rules.slot_minutes));
        interval(rules, Some(self.start), self.end, |start| start + usual, None)
    }
}

impl Edit {
    /// The visit after the edit.
    pub fn visit(&self, rules: &Rules, before: Interval) -> Result<Interval, Violations> {
        interval(rules, self.start, self.end, |start| start + before.duration(), Some(before))
    }
}

fn interval(
    rules: &Rules,
    start: Option<When>,
    end: Option<When>,
    usual_end: impl FnOnce(Timestamp) -> Timestamp,
    before: Option<Interval>,
) -> Result<Interval, Violations> {
    let mut wrong = Violations::default();
    let moved = start.is_some();
    let start = match start {
        Some(start) => instant(&mut wrong, rules, "start", start),
        None => before.map(|before| before.start),
    };
    let end = match end {
        Some(end) => instant(&mut wrong, rules, "end", end),
        None if moved => start.map(usual_end),
        None => before.map(|before| before.end),
    };
    match (start, end) {
        (Some(start), Some(end)) => Ok(Interval { start, end }),
        _ => Err(wrong),
    }
}

/// Notes the field as the caller named it: `start_time` or `start_local`.
fn instant(wrong: &mut Violations, rules: &Rules, which: &str, when: When) -> Option<Timestamp> {
    match when {
        When::Instant(at) => Some(at),
        When::Local(at) => wrong.field(&format!("{which}_local"), local::typed(&rules.zone, at)),
    }
}

/// Whether a visit may be booked at that time at all: ahead, not too far, of sensible length.
pub fn check_time(visit: Interval, now: Timestamp) -> Result<(), Violations> {
    let mut wrong = Violations::default();
    if visit.start <= now {
        wrong.add("start_time", "must be in the future");
    }
    if visit.start > now + SignedDuration::from_hours(24 * HORIZON_DAYS) {
        wrong.add("start_time", format!("must be within {HORIZON_DAYS} days from now"));
    }
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
    wrong.into_result(())
}

#[cfg(test)]
mod tests {
    use super::super::rules::tests::every_day;
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn book(start: When, end: Option<When>) -> Book {
        Book { patient_id: PatientId::random(), doctor_id: DoctorId::random(), start, end, notes: None }
    }

    #[test]
    fn a_local_time_is_the_clinics_and_a_visit_has_the_usual_length() {
        let rules = every_day("Europe/Berlin", 9, 17);
        let nine = When::Local("2026-06-01T09:00".parse().unwrap());
        let visit = book(nine, None).visit(&rules).unwrap();
        assert_eq!(visit, Interval { start: at("2026-06-01T07:00:00Z"), end: at("2026-06-01T07:30:00Z") });
    }

    #[test]
    fn a_local_time_that_does_not_exist_is_told_with_its_neighbours() {
        let rules = every_day("Europe/Berlin", 0, 24);
        let lost = When::Local("2026-03-29T02:30".parse().unwrap());
        assert!(book(lost, None).visit(&rules).is_err());
    }

    #[test]
    fn a_moved_visit_keeps_its_length() {
        let rules = every_day("UTC", 9, 17);
        let before = Interval { start: at("2026-06-01T09:00:00Z"), end: at("2026-06-01T09:45:00Z") };
        let start = Some(When::Instant(at("2026-06-01T11:00:00Z")));
        let edit = Edit { start, end: None, notes: None, expected_version: None };
        assert_eq!(edit.visit(&rules, before).unwrap().end, at("2026-06-01T11:45:00Z"));
        let nothing = Edit { start: None, end: None, notes: None, expected_version: None };
        assert_eq!(nothing.visit(&rules, before).unwrap(), before);
    }

    #[test]
    fn times_that_make_no_sense_are_refused() {
        let now = at("2026-06-01T00:00:00Z");
        let check =
            |start: &str, end: &str| check_time(Interval { start: at(start), end: at(end) }, now).is_ok();
        assert!(check("2026-06-01T09:00:00Z", "2026-06-01T09:30:00Z"));
        assert!(!check("2026-05-31T09:00:00Z", "2026-05-31T09:30:00Z"), "past");
        assert!(!check("2029-06-01T09:00:00Z", "2029-06-01T09:30:00Z"), "far");
        assert!(!check("2026-06-01T09:01:00Z", "2026-06-01T09:30:00Z"), "off the grid");
        assert!(!check("2026-06-01T09:30:00Z", "2026-06-01T09:00:00Z"), "end before start");
        assert!(!check("2026-06-01T09:00:00Z", "2026-06-01T09:04:00Z"), "short");
        assert!(!check("2026-06-01T09:00:00Z", "2026-06-01T09:30:30Z"), "half minutes");
        assert!(!check("2026-06-01T09:00:00Z", "2026-06-01T17:05:00Z"), "long");
    }
}
