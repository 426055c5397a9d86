//! All zones, all changes of clocks from 2020 to 2035.
use crate::engine::{self, PAST_MIDNIGHT};
use crate::wall::{DAY, Watch, Window, every_day, runs};
use crate::zones::{Change, all, changes, distinct, wall};
use jiff::tz::TimeZone;
use std::collections::BTreeSet;

/// Windows that are tried around one change, of all that could be.
const SAMPLE: usize = 12;

/// Every pair of times around a change as hours of `day`: before it, across it, in the time that is lost or comes
/// twice, touching it.
fn around(change: Change, day: i64) -> Vec<(i64, i64)> {
    let (low, high) = (change.from.min(change.to) - day * DAY, change.from.max(change.to) - day * DAY);
    let times =
        [low - 90, low - 30, low, low + 10, i64::midpoint(low, high), high - 10, high, high + 30, high + 90];
    let mut windows = Vec::new();
    for opens in times {
        for closes in times {
            let is_of_one_date = 0 <= opens && opens < closes && closes <= DAY;
            let is_overnight =
                PAST_MIDNIGHT && (0..DAY).contains(&opens) && (DAY + 1..DAY + opens).contains(&closes);
            if is_of_one_date {
                windows.push((opens, closes));
            } else if is_overnight {
                windows.push((opens, closes - DAY));
            }
        }
    }
    windows
}

/// `SAMPLE` of `windows`, others for every change, the same in every run.
fn sample(windows: &[(i64, i64)], change: Change) -> Vec<(i64, i64)> {
    let step = windows.len().div_ceil(SAMPLE).max(1);
    let first = usize::try_from(change.at / 60).unwrap() % step;
    windows.iter().copied().skip(first).step_by(step).collect()
}

fn agree(name: &str, zone: &TimeZone, watch: &Watch, windows: &[Window], day: i64) {
    let open = engine::open(&engine::doctor(zone, windows), day);
    assert_eq!(open, runs(&watch.open(windows, day)), "{name}, day {day}, {windows:?}");
}

#[test]
fn hours_around_every_change_are_as_the_clock_on_the_wall_says() {
    let (mut compared, zones) = (0, distinct());
    for (name, zone, wall) in &zones {
        for change in changes(wall) {
            let watch = wall.watch(change.day());
            for day in [change.day() - 1, change.day(), change.day() + 1] {
                let mut hours = sample(&around(change, day), change);
                hours.push((0, DAY));
                for (opens, closes) in hours {
                    agree(name, zone, &watch, &every_day(opens, closes), day);
                    compared += 1;
                }
            }
        }
    }
    println!("{compared} dates with hours in {} zones that differ", zones.len());
}

#[test]
fn hours_that_touch_within_a_change_stay_one() {
    for (name, zone, wall) in distinct() {
        for change in changes(&wall) {
            let day = change.day();
            let (low, high) =
                (change.from.min(change.to) - day * DAY, change.from.max(change.to) - day * DAY);
            let (opens, between, closes) = ((low - 60).max(0), i64::midpoint(low, high).max(5), high + 60);
            let both = [every_day(opens, between), every_day(between, closes)].concat();
            let watch = wall.watch(day);
            agree(&name, &zone, &watch, &both, day);
            let one = engine::open(&engine::doctor(&zone, &every_day(opens, closes)), day);
            assert_eq!(engine::open(&engine::doctor(&zone, &both), day), one, "{name}, day {day}");
        }
    }
}

#[test]
fn hours_of_one_weekday_are_not_those_of_another() {
    for (name, zone, wall) in distinct() {
        let Some(change) = changes(&wall).into_iter().next_back() else { continue };
        let watch = wall.watch(change.day());
        let windows = [
            Window { weekday: 0, opens: 0, closes: 6 * 60 },
            Window { weekday: 5, opens: 60, closes: DAY },
            Window { weekday: 6, opens: 2 * 60, closes: 3 * 60 },
            Window { weekday: 6, opens: 3 * 60, closes: 4 * 60 },
        ];
        for day in change.day() - 1..=change.day() + 1 {
            agree(&name, &zone, &watch, &windows, day);
        }
    }
}

#[test]
fn visits_fit_where_the_doctor_works_every_minute() {
    for (name, zone, wall) in distinct() {
        for change in changes(&wall) {
            let day = change.day();
            let watch = wall.watch(day);
            for (opens, closes) in
                sample(&around(change, day), change).into_iter().step_by(4).chain([(0, DAY)])
            {
                let windows = every_day(opens, closes);
                let doctor = engine::doctor(&zone, &windows);
                let open: BTreeSet<i64> =
                    (day - 1..=day + 1).flat_map(|day| watch.open(&windows, day)).collect();
                for start in (change.at - 90..change.at + 90).step_by(15) {
                    for length in [15, 60] {
                        let fits = (start..start + length).all(|minute| open.contains(&minute));
                        let covers = engine::covers(&doctor, start, start + length);
                        assert_eq!(covers, fits, "{name}, {opens} to {closes}, {start} for {length}");
                    }
                }
            }
        }
    }
}

#[test]
fn free_times_are_every_half_hour_of_real_time_from_each_opening() {
    for (name, zone, wall) in distinct() {
        for change in changes(&wall) {
            let watch = wall.watch(change.day());
            for day in [change.day() - 1, change.day()] {
                let hours = sample(&around(change, day), change);
                for (opens, closes) in hours.into_iter().step_by(3).chain([(0, DAY)]) {
                    let windows = every_day(opens, closes);
                    let starts = engine::starts(&engine::doctor(&zone, &windows), day, 30);
                    let expected = watch.starts(&windows, day, 30);
                    assert_eq!(starts, expected, "{name}, day {day}, {opens} to {closes}");
                }
            }
        }
    }
}

#[test]
fn zones_that_share_a_clock_share_their_hours() {
    let day = 20_541; // 2026-03-29
    for (name, zone) in all() {
        let watch = wall(&zone).watch(day);
        agree(&name, &zone, &watch, &every_day(60, 4 * 60), day);
    }
}
