//! What it takes to find free times once everything is at hand. Run by `cargo dev bench --micro`.
use appointment_svc::domain::claims::{Claim, Claims};
use appointment_svc::domain::clinic::{Clinic, Timing};
use appointment_svc::domain::interval::Interval;
use appointment_svc::domain::rules::{Extras, Hours, Rules, Window};
use appointment_svc::domain::schedule::Schedule;
use appointment_svc::domain::slots::{MAX_DAYS, Situation, Wish};
use criterion::{Criterion, criterion_group, criterion_main};
use jiff::civil::{Date, Weekday, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proto::ids::DoctorId;
use std::collections::HashMap;
use std::hint::black_box;
use std::time::Duration;
use uuid::Uuid;

/// The clocks go back within two months from here.
const FROM: Date = date(2026, 9, 28);
const HALF_HOUR: SignedDuration = SignedDuration::from_mins(30);

/// In Berlin from 9 to 17, without Sundays.
fn rules() -> Rules {
    let hours = Hours { start: 9 * 3600, end: 17 * 3600, location: None };
    let days = Weekday::Monday.cycle_forward().take(6);
    Rules {
        doctor_id: DoctorId::random(),
        version: 1,
        is_active: true,
        zone: TimeZone::get("Europe/Berlin").expect("it is bundled"),
        slot_minutes: 30,
        windows: days.map(|weekday| Window { weekday, hours, valid_from: None, valid_until: None }).collect(),
        extras: Extras::default(),
    }
}

/// Every other half hour from then on.
fn taken(from: Timestamp, days: i32) -> Claims {
    let visits = (0..days * 24).map(|hour| {
        let start = from + SignedDuration::from_hours(hour.into());
        let visit = Interval { start, end: start + HALF_HOUR };
        Claim { lane: 0, session: Uuid::now_v7(), busy: visit, visit, is_hold: false }
    });
    Claims::new(visits.collect())
}

fn free(criterion: &mut Criterion) {
    let (rules, clinic) = (rules(), Clinic::default());
    let schedule = Schedule { rules: &rules, clinic: &clinic };
    let wish = Wish { visit_type: None, timing: Timing::plain(30, 30), is_offered: true, is_bound: true };
    for (name, days) in [("a day", 1), ("a week", 7), ("as long as may be asked for", MAX_DAYS)] {
        let span = schedule.span(FROM, days).expect("dates that there are");
        let (claims, rooms) = (taken(span.start, days), HashMap::new());
        let now = span.start - SignedDuration::from_hours(48);
        let situation = Situation { schedule, wish, claims: &claims, rooms: &rooms, own: &[], now };
        assert!(!situation.free(span).is_empty());
        criterion.bench_function(&format!("free times of {name}"), |bencher| {
            bencher.iter(|| black_box(situation).free(black_box(span)));
        });
    }
}

criterion_group! {
    name = engine;
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    targets = free
}
criterion_main!(engine);
