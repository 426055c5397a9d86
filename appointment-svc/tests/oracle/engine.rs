//! All that is used of the service, so that what changes there is followed here alone.
use crate::wall::{DAY, Window};
use appointment_svc::domain::clinic::Clinic;
use appointment_svc::domain::diary::{Diary, Reader};
use appointment_svc::domain::interval::Interval;
use appointment_svc::domain::rules::{self, Extras, Hours, Rules};
use appointment_svc::domain::schedule::Schedule;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use proto::ids::{DoctorId, UserId};
use std::sync::Arc;

/// Whether hours may end on the next date.
pub(crate) const PAST_MIDNIGHT: bool = true;

/// A doctor who works during `windows`.
pub(crate) fn doctor(zone: &TimeZone, windows: &[Window]) -> Rules {
    Rules {
        doctor_id: DoctorId::random(),
        version: 1,
        is_active: true,
        zone: zone.clone(),
        slot_minutes: 30,
        windows: windows.iter().map(window).collect(),
        extras: Extras::default(),
    }
}

/// From when to when the doctor works by the windows of one date, in minutes since 1970.
pub(crate) fn open(doctor: &Rules, day: i64) -> Vec<(i64, i64)> {
    let schedule = Schedule { rules: doctor, clinic: &Clinic::default() };
    schedule.open_on(date(day)).iter().map(|open| (minute(open.time.start), minute(open.time.end))).collect()
}

/// Whether the doctor works from `start` to `end`.
pub(crate) fn covers(doctor: &Rules, start: i64, end: i64) -> bool {
    let schedule = Schedule { rules: doctor, clinic: &Clinic::default() };
    schedule.covers(Interval { start: instant(start), end: instant(end) })
}

/// When visits of `length` minutes can start on one date.
pub(crate) fn starts(doctor: &Rules, day: i64, length: i64) -> Vec<i64> {
    // The evening before, in whatever zone.
    let now = instant((day - 2) * DAY);
    let reader = Reader { user: UserId::random(), patient: None, is_bound: false };
    let diary = Diary::new(doctor.clone(), Arc::default(), &[], reader, now);
    let wish = diary.wish(None, u32::try_from(length).ok(), reader).unwrap();
    let Some(span) = diary.schedule().span(date(day), 1) else { return Vec::new() };
    diary.situation(wish).free(span).iter().map(|slot| minute(slot.visit.start)).collect()
}

fn window(&Window { weekday, opens, closes }: &Window) -> rules::Window {
    let seconds = |minutes: i64| u32::try_from(minutes * 60).unwrap();
    let weekday = Weekday::from_monday_zero_offset(i8::try_from(weekday).unwrap()).unwrap();
    let closes = if closes <= opens { closes + DAY } else { closes };
    let hours = Hours { start: seconds(opens), end: seconds(closes), location: None };
    rules::Window { weekday, hours, valid_from: None, valid_until: None }
}

fn date(day: i64) -> Date {
    Date::constant(1970, 1, 1) + Span::new().days(day)
}

fn instant(minute: i64) -> Timestamp {
    Timestamp::from_second(minute * 60).unwrap()
}

fn minute(at: Timestamp) -> i64 {
    assert_eq!(at.as_second() % 60, 0, "{at} is within a minute");
    at.as_second() / 60
}
