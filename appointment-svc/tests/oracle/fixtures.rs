//! Days that are known for their trouble. The instants are those of Python's `zoneinfo` with tzdata 2025b, not ours.
use crate::engine;
use crate::wall::{DAY, every_day, runs};
use crate::zones::wall_between;
use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};

/// Zone, date, hours, and from when to when a doctor works by them; at no time when empty.
const KNOWN: [(&str, &str, &str, &str); 59] = [
    // 02:00 becomes 03:00.
    ("Europe/Berlin", "2026-03-29", "01:00-04:00", "2026-03-29T00:00Z/2026-03-29T02:00Z"),
    ("Europe/Berlin", "2026-03-29", "02:30-03:00", ""),
    ("Europe/Berlin", "2026-03-29", "02:00-03:00", ""),
    ("Europe/Berlin", "2026-03-29", "02:30-06:00", "2026-03-29T01:00Z/2026-03-29T04:00Z"),
    ("Europe/Berlin", "2026-03-29", "00:00-24:00", "2026-03-28T23:00Z/2026-03-29T22:00Z"),
    // 03:00 becomes 02:00.
    ("Europe/Berlin", "2026-10-25", "01:00-04:00", "2026-10-24T23:00Z/2026-10-25T03:00Z"),
    ("Europe/Berlin", "2026-10-25", "01:00-02:30", "2026-10-24T23:00Z/2026-10-25T00:30Z"),
    ("Europe/Berlin", "2026-10-25", "02:30-04:00", "2026-10-25T00:30Z/2026-10-25T03:00Z"),
    ("Europe/Berlin", "2026-10-25", "02:15-02:45", "2026-10-25T00:15Z/2026-10-25T00:45Z"),
    ("Europe/Berlin", "2026-10-25", "02:00-03:00", "2026-10-25T00:00Z/2026-10-25T02:00Z"),
    ("Europe/Berlin", "2026-10-25", "00:00-24:00", "2026-10-24T22:00Z/2026-10-25T23:00Z"),
    ("America/New_York", "2026-03-08", "01:00-04:00", "2026-03-08T06:00Z/2026-03-08T08:00Z"),
    ("America/New_York", "2026-03-08", "02:15-02:45", ""),
    ("America/New_York", "2026-11-01", "00:30-03:00", "2026-11-01T04:30Z/2026-11-01T08:00Z"),
    ("America/New_York", "2026-11-01", "01:15-01:45", "2026-11-01T05:15Z/2026-11-01T05:45Z"),
    // There is no midnight: 00:00 becomes 01:00.
    ("America/Santiago", "2026-09-06", "00:00-02:00", "2026-09-06T04:00Z/2026-09-06T05:00Z"),
    ("America/Santiago", "2026-09-06", "00:15-00:45", ""),
    ("America/Santiago", "2026-09-05", "22:00-24:00", "2026-09-06T02:00Z/2026-09-06T04:00Z"),
    // Midnight becomes 23:00 of the date before.
    ("America/Santiago", "2026-04-04", "22:00-24:00", "2026-04-05T01:00Z/2026-04-05T04:00Z"),
    ("America/Santiago", "2026-04-04", "23:15-23:45", "2026-04-05T02:15Z/2026-04-05T02:45Z"),
    ("America/Santiago", "2026-04-05", "00:00-02:00", "2026-04-05T04:00Z/2026-04-05T06:00Z"),
    // Both at midnight as well.
    ("Africa/Cairo", "2026-04-24", "00:00-02:00", "2026-04-23T22:00Z/2026-04-23T23:00Z"),
    ("Africa/Cairo", "2026-10-29", "22:00-24:00", "2026-10-29T19:00Z/2026-10-29T22:00Z"),
    ("Africa/Cairo", "2026-10-29", "23:15-23:45", "2026-10-29T20:15Z/2026-10-29T20:45Z"),
    ("Africa/Cairo", "2026-10-30", "00:00-02:00", "2026-10-29T22:00Z/2026-10-30T00:00Z"),
    // Three more without a midnight.
    ("Asia/Beirut", "2026-03-29", "00:00-02:00", "2026-03-28T22:00Z/2026-03-28T23:00Z"),
    ("Asia/Beirut", "2026-03-29", "00:00-00:30", ""),
    ("America/Havana", "2026-03-08", "00:00-02:00", "2026-03-08T05:00Z/2026-03-08T06:00Z"),
    ("America/Havana", "2026-03-08", "00:15-01:00", ""),
    ("Atlantic/Azores", "2026-03-29", "00:00-02:00", "2026-03-29T01:00Z/2026-03-29T02:00Z"),
    ("Atlantic/Azores", "2026-03-29", "00:30-01:30", "2026-03-29T01:00Z/2026-03-29T01:30Z"),
    ("Atlantic/Azores", "2026-10-25", "00:00-02:00", "2026-10-25T00:00Z/2026-10-25T03:00Z"),
    // By half an hour.
    ("Australia/Lord_Howe", "2026-10-04", "01:30-03:00", "2026-10-03T15:00Z/2026-10-03T16:00Z"),
    ("Australia/Lord_Howe", "2026-10-04", "02:00-02:30", ""),
    ("Australia/Lord_Howe", "2026-10-04", "02:15-03:00", "2026-10-03T15:30Z/2026-10-03T16:00Z"),
    ("Australia/Lord_Howe", "2026-04-05", "01:00-03:00", "2026-04-04T14:00Z/2026-04-04T16:30Z"),
    ("Australia/Lord_Howe", "2026-04-05", "01:30-02:00", "2026-04-04T14:30Z/2026-04-04T15:30Z"),
    ("Australia/Lord_Howe", "2026-04-05", "01:40-01:50", "2026-04-04T14:40Z/2026-04-04T14:50Z"),
    // By two hours.
    ("Antarctica/Troll", "2026-03-29", "00:00-04:00", "2026-03-29T00:00Z/2026-03-29T02:00Z"),
    ("Antarctica/Troll", "2026-03-29", "01:30-02:30", ""),
    ("Antarctica/Troll", "2026-03-29", "02:00-06:00", "2026-03-29T01:00Z/2026-03-29T04:00Z"),
    ("Antarctica/Troll", "2026-10-25", "00:00-04:00", "2026-10-24T22:00Z/2026-10-25T04:00Z"),
    ("Antarctica/Troll", "2026-10-25", "01:30-02:30", "2026-10-24T23:30Z/2026-10-25T00:30Z"),
    ("Antarctica/Troll", "2026-10-25", "02:30-04:00", "2026-10-25T00:30Z/2026-10-25T04:00Z"),
    // A quarter of an hour from everyone else, at 02:45.
    ("Pacific/Chatham", "2026-09-27", "02:00-05:00", "2026-09-26T13:15Z/2026-09-26T15:15Z"),
    ("Pacific/Chatham", "2026-09-27", "03:00-03:30", ""),
    ("Pacific/Chatham", "2026-04-05", "02:00-05:00", "2026-04-04T12:15Z/2026-04-04T16:15Z"),
    ("Pacific/Chatham", "2026-04-05", "03:00-03:30", "2026-04-04T13:15Z/2026-04-04T13:45Z"),
    // Never, but off the hour.
    ("Asia/Kathmandu", "2026-03-29", "09:00-17:00", "2026-03-29T03:15Z/2026-03-29T11:15Z"),
    ("Asia/Kathmandu", "2026-03-29", "00:00-24:00", "2026-03-28T18:15Z/2026-03-29T18:15Z"),
    // For Ramadan, back first.
    ("Africa/Casablanca", "2026-02-15", "01:00-04:00", "2026-02-15T00:00Z/2026-02-15T04:00Z"),
    ("Africa/Casablanca", "2026-02-15", "02:15-02:45", "2026-02-15T01:15Z/2026-02-15T01:45Z"),
    ("Africa/Casablanca", "2026-03-22", "01:00-04:00", "2026-03-22T01:00Z/2026-03-22T03:00Z"),
    ("Africa/Casablanca", "2026-03-22", "02:15-02:45", ""),
    // The next date but one follows.
    ("Pacific/Apia", "2011-12-29", "09:00-17:00", "2011-12-29T19:00Z/2011-12-30T03:00Z"),
    ("Pacific/Apia", "2011-12-29", "00:00-24:00", "2011-12-29T10:00Z/2011-12-30T10:00Z"),
    ("Pacific/Apia", "2011-12-30", "09:00-17:00", ""),
    ("Pacific/Apia", "2011-12-30", "00:00-24:00", ""),
    ("Pacific/Apia", "2011-12-31", "00:00-24:00", "2011-12-30T10:00Z/2011-12-31T10:00Z"),
];

fn zone(name: &str) -> TimeZone {
    TimeZoneDatabase::bundled().get(name).unwrap()
}

fn minute(instant: &str) -> i64 {
    instant.parse::<Timestamp>().unwrap().as_second() / 60
}

fn day(date: &str) -> i64 {
    minute(&format!("{date}T00:00Z")) / DAY
}

fn of_day(time: &str) -> i64 {
    let (hours, minutes) = time.split_once(':').unwrap();
    hours.parse::<i64>().unwrap() * 60 + minutes.parse::<i64>().unwrap()
}

fn hours(window: &str) -> (i64, i64) {
    let (opens, closes) = window.split_once('-').unwrap();
    (of_day(opens), of_day(closes))
}

fn interval(text: &str) -> Vec<(i64, i64)> {
    text.split_once('/').map(|(start, end)| (minute(start), minute(end))).into_iter().collect()
}

#[test]
fn the_service_works_at_the_instants_that_are_known() {
    for (name, date, window, expected) in KNOWN {
        let (opens, closes) = hours(window);
        let open = engine::open(&engine::doctor(&zone(name), &every_day(opens, closes)), day(date));
        assert_eq!(open, interval(expected), "{name}, {date}, {window}");
    }
}

#[test]
fn the_clock_on_the_wall_says_so_too() {
    for (name, date, window, expected) in KNOWN {
        let (opens, closes) = hours(window);
        let noon = format!("{date}T12:00Z").parse::<Timestamp>().unwrap();
        let weeks = SignedDuration::from_hours(24 * 20);
        let watch = wall_between(&zone(name), noon - weeks, noon + weeks).watch(day(date));
        let open = runs(&watch.open(&every_day(opens, closes), day(date)));
        assert_eq!(open, interval(expected), "{name}, {date}, {window}");
    }
}

#[test]
fn every_date_begins_where_the_one_before_ends() {
    for name in KNOWN.map(|(name, ..)| name) {
        let doctor = engine::doctor(&zone(name), &every_day(0, DAY));
        let first = Date::constant(2026, 1, 1).to_zoned(zone(name)).unwrap().timestamp().as_second() / 60;
        let mut end = first;
        for date in day("2026-01-01")..day("2027-01-01") {
            let open = engine::open(&doctor, date);
            assert_eq!(open[0].0, end, "{name}, day {date}");
            assert_eq!(open.len(), 1);
            end = open[0].1;
        }
    }
}
