//! What clocks do around visits (VTIMEZONE): each change for itself, so that readers need no rules of ours or theirs.
use super::line::{Lines, local};
use jiff::tz::{Offset, TimeZone, TimeZoneTransition};
use jiff::{SignedDuration, Timestamp};
use std::cmp::{max, min};
use std::collections::BTreeMap;

/// The zones of some visits, by name, each with when its first begins and its last ends.
#[derive(Default)]
pub(super) struct Zones<'v>(BTreeMap<&'v str, (&'v TimeZone, Timestamp, Timestamp)>);

impl<'v> Zones<'v> {
    pub(super) fn cover(&mut self, name: &'v str, zone: &'v TimeZone, from: Timestamp, until: Timestamp) {
        let (_, first, last) = self.0.entry(name).or_insert((zone, from, until));
        (*first, *last) = (min(*first, from), max(*last, until));
    }

    pub(super) fn write(&self, lines: &mut Lines) {
        for (name, (zone, first, last)) in &self.0 {
            lines.within("VTIMEZONE", |lines| {
                lines.add_text("TZID", name);
                observances(lines, zone, *first, *last);
            });
        }
    }
}

/// What is in force at `first`, and what is until the next change after `last`.
fn observances(lines: &mut Lines, zone: &TimeZone, first: Timestamp, last: Timestamp) {
    let instant = SignedDuration::from_nanos(1);
    if let Some(transition) = zone.preceding(first + instant).next() {
        observance(lines, zone, &transition);
    } else {
        // Always, as far as anybody knows.
        let info = zone.to_offset_info(first);
        let (offset, name) = (info.offset(), info.abbreviation());
        lines.within("STANDARD", |lines| write(lines, "19700101T000000", offset, offset, name));
    }
    for transition in zone.following(first) {
        observance(lines, zone, &transition);
        // The one after them, so that both sides of the year are there.
        if transition.timestamp() > last {
            break;
        }
    }
}

fn observance(lines: &mut Lines, zone: &TimeZone, transition: &TimeZoneTransition<'_>) {
    let at = transition.timestamp();
    let before = zone.to_offset(at - SignedDuration::from_nanos(1));
    let component = if transition.dst().is_dst() { "DAYLIGHT" } else { "STANDARD" };
    lines.within(component, |lines| {
        // By the clock of before.
        write(lines, &local(before.to_datetime(at)), before, transition.offset(), transition.abbreviation());
    });
}

fn write(lines: &mut Lines, start: &str, from: Offset, to: Offset, name: &str) {
    lines.add("DTSTART", start);
    lines.add("TZOFFSETFROM", &written(from));
    lines.add("TZOFFSETTO", &written(to));
    lines.add_text("TZNAME", name);
}

/// For instance `+0530`; offsets of old have seconds.
fn written(offset: Offset) -> String {
    let seconds = offset.seconds();
    let (sign, ahead) = (if seconds < 0 { '-' } else { '+' }, seconds.unsigned_abs());
    let (hours, minutes, seconds) = (ahead / 3600, ahead / 60 % 60, ahead % 60);
    if seconds == 0 {
        format!("{sign}{hours:02}{minutes:02}")
    } else {
        format!("{sign}{hours:02}{minutes:02}{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written_of(name: &str, first: &str, last: &str) -> String {
        let zone = TimeZone::get(name).unwrap();
        let mut zones = Zones::default();
        zones.cover(name, &zone, first.parse().unwrap(), last.parse().unwrap());
        let mut lines = Lines::default();
        zones.write(&mut lines);
        lines.into_text()
    }

    #[test]
    fn a_zone_whose_clock_never_changes_has_one_observance() {
        let fixed = written_of("Etc/GMT+5", "2030-01-01T00:00Z", "2031-01-01T00:00Z");
        let expected = "BEGIN:VTIMEZONE\r\nTZID:Etc/GMT+5\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n\
                        TZOFFSETFROM:-0500\r\nTZOFFSETTO:-0500\r\nTZNAME:-05\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";
        assert_eq!(fixed, expected);
    }

    #[test]
    fn a_change_at_the_start_counts_and_so_does_the_next_after_the_end() {
        let at_change = written_of("Europe/Berlin", "2030-03-31T01:00Z", "2030-03-31T01:30Z");
        let starts: Vec<&str> = at_change.lines().filter(|line| line.starts_with("DTSTART")).collect();
        assert_eq!(starts, ["DTSTART:20300331T020000", "DTSTART:20301027T030000"]);
        let before = written_of("Europe/Berlin", "2030-03-31T00:59:59Z", "2030-03-31T00:59:59Z");
        let starts: Vec<&str> = before.lines().filter(|line| line.starts_with("DTSTART")).collect();
        assert_eq!(starts, ["DTSTART:20291028T030000", "DTSTART:20300331T020000"]);
    }
}
