//! Where the process believes to be: nothing may depend on it.
use crate::engine;
use crate::wall::{DAY, every_day};
use crate::zones::distinct;
use std::env;
use std::process::Command;

/// What a line of the listing begins with; the test harness writes others.
const MARK: &str = "offers";

/// Ahead of everyone, behind everyone, off the hour, with clocks that change, and none that exists.
const PLACES: [&str; 6] = [
    "UTC",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Asia/Kathmandu",
    "America/Santiago",
    "Nowhere/At_All",
];

/// Hours and free times of some days in every zone.
fn listing() -> String {
    let mut lines = Vec::new();
    for (name, zone, _) in distinct() {
        let doctor = engine::doctor(&zone, &every_day(60, 4 * 60));
        // The weeks in which clocks change in Europe and America.
        for day in [20_520, 20_541, 20_751, 20_758] {
            let (open, starts) = (engine::open(&doctor, day), engine::starts(&doctor, day, 30));
            let covers = engine::covers(&doctor, day * DAY + 90, day * DAY + 120);
            lines.push(format!("{MARK} {name} {day} {open:?} {starts:?} {covers}"));
        }
    }
    lines.join("\n")
}

#[test]
fn the_listing_has_something_for_every_zone() {
    let listing = listing();
    println!("\n{listing}");
    assert!(listing.lines().count() > 4 * 80);
}

#[test]
fn wherever_the_process_believes_to_be_it_offers_the_same() {
    let here = listing();
    for place in PLACES {
        let process = Command::new(env::current_exe().unwrap())
            .args(["--exact", "elsewhere::the_listing_has_something_for_every_zone", "--nocapture"])
            .env("TZ", place)
            .output()
            .unwrap();
        let written = String::from_utf8(process.stdout).unwrap();
        let there: Vec<_> = written.lines().filter(|line| line.starts_with(MARK)).collect();
        assert_eq!(there.join("\n"), here, "{place}");
    }
}
