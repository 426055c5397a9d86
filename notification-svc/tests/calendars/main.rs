//! Invitations on days on which the clock changes: as they were when other readers agreed with them, which
//! `.ci/run calendars` asks again, and as calcard reads them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
use calcard::common::timezone::Tz;
use calcard::icalendar::{ICalendar, ICalendarComponentType, ICalendarEntry, ICalendarProperty as Property};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use lettre::message::Mailbox;
use notification_svc::calendar::{Invite, Published, publish};
use notification_svc::domain::{Visit, VisitStatus};
use proto::ids::{AppointmentId, DoctorId};
use std::collections::BTreeMap;
use std::path::Path;
use uuid::Uuid;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/calendars");

/// A visit, as `cases.tsv` has it.
struct Case {
    name: String,
    zone: String,
    starts_at: Timestamp,
    ends_at: Timestamp,
}

fn cases() -> Vec<Case> {
    let table = std::fs::read_to_string(format!("{FOLDER}/cases.tsv")).unwrap();
    let case = |row: &str| {
        let [name, zone, starts_at, ends_at] = row.split('\t').collect::<Vec<_>>().try_into().unwrap();
        Case {
            name: name.to_owned(),
            zone: zone.to_owned(),
            starts_at: starts_at.parse().unwrap(),
            ends_at: ends_at.parse().unwrap(),
        }
    };
    table.lines().skip(1).map(case).collect()
}

impl Case {
    fn visit(&self, id: u128, version: i64, status: VisitStatus) -> Visit {
        let zone = TimeZone::get(&self.zone).unwrap();
        Visit {
            id: AppointmentId(Uuid::from_u128(id)),
            doctor_id: DoctorId(Uuid::nil()),
            version,
            status,
            starts_at: self.starts_at.to_zoned(zone.clone()),
            ends_at: self.ends_at.to_zoned(zone),
        }
    }

    fn written(&self, version: i64, status: VisitStatus) -> String {
        let visit = self.visit(7, version, status);
        let title = "Rendez-vous à l’étage – Dr Zoë Müller-Lüdenscheidt, médecin; généraliste".to_owned();
        let now = "2030-01-01T08:00:00Z".parse().unwrap();
        let invite = Invite::to(&visit, title).unwrap();
        invite.write(&clinic(), &"ada+calendar@example.com".parse().unwrap(), now)
    }
}

fn clinic() -> Mailbox {
    "\"Praxis Lindenhof, Köln\" <noreply@clinic.example>".parse().unwrap()
}

/// All visits in one calendar; the last was cancelled.
fn feed() -> String {
    let cases = cases();
    let visits = cases.iter().zip(1..).map(|(case, id)| {
        let is_last = usize::try_from(id).unwrap() == cases.len();
        let status = if is_last { VisitStatus::Cancelled } else { VisitStatus::Confirmed };
        Published::of(&case.visit(id, 2, status), case.name.clone(), Timestamp::UNIX_EPOCH).unwrap()
    });
    publish(&clinic(), "Termine – Praxis; Köln", &visits.collect::<Vec<_>>())
}

/// Puts `written` aside where it is not what other readers agreed with.
fn compare(file: &str, written: &str, changed: &mut Vec<String>) {
    if std::fs::read_to_string(format!("{FOLDER}/golden/{file}")).ok().as_deref() != Some(written) {
        std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join(file), written).unwrap();
        changed.push(file.to_owned());
    }
}

#[test]
fn what_is_written_is_what_other_readers_agreed_with() {
    let mut changed = Vec::new();
    for case in cases() {
        for (method, version, status) in
            [("request", 3, VisitStatus::Confirmed), ("cancel", 4, VisitStatus::Cancelled)]
        {
            compare(&format!("{}-{method}.ics", case.name), &case.written(version, status), &mut changed);
        }
    }
    compare("feed.ics", &feed(), &mut changed);
    assert!(changed.is_empty(), "not as before: {changed:?}; see {}", env!("CARGO_TARGET_TMPDIR"));
}

fn text(entry: Option<&ICalendarEntry>) -> &str {
    entry.unwrap().values.first().unwrap().as_text().unwrap()
}

#[test]
fn another_reader_finds_the_same_visit_in_the_invitation_and_in_what_takes_it_back() {
    for case in cases() {
        let read = [(3, VisitStatus::Scheduled), (4, VisitStatus::Cancelled)].map(|(version, status)| {
            let calendar = ICalendar::parse(case.written(version, status)).unwrap();
            let events = calendar.expand_dates(Tz::UTC, 2);
            assert!(events.errors.is_empty() && events.events.len() == 1, "{}", case.name);
            let times = events.events[0].clone().timestamps();
            assert_eq!(times, (case.starts_at.as_second(), case.ends_at.as_second()), "{}", case.name);
            let is_event = |kind: &ICalendarComponentType| *kind == ICalendarComponentType::VEvent;
            let event =
                calendar.components.iter().find(|component| is_event(&component.component_type)).unwrap();
            let sequence = event.property(&Property::Sequence).unwrap().values[0].as_integer().unwrap();
            let title = text(event.property(&Property::Summary)).to_owned();
            (event.uid().unwrap().to_owned(), title, sequence)
        });
        let [(uid, title, 3), (same, _, 4)] = read else { panic!("not in order: {read:?}") };
        assert_eq!(uid, "00000000-0000-0000-0000-000000000007");
        assert_eq!(uid, same);
        assert_eq!(title, "Rendez-vous à l’étage – Dr Zoë Müller-Lüdenscheidt, médecin; généraliste");
    }
}

#[test]
fn another_reader_finds_every_visit_in_a_calendar_and_when_it_is() {
    let (calendar, cases) = (ICalendar::parse(feed()).unwrap(), cases());
    let events = calendar.expand_dates(Tz::UTC, 100);
    assert!(events.errors.is_empty());
    let found: BTreeMap<String, (i64, i64)> = events
        .events
        .iter()
        .map(|event| {
            let name = text(calendar.components[event.comp_id as usize].property(&Property::Summary));
            (name.to_owned(), event.clone().timestamps())
        })
        .collect();
    let times = |case: &Case| (case.starts_at.as_second(), case.ends_at.as_second());
    let expected = cases.iter().map(|case| (case.name.clone(), times(case))).collect();
    assert_eq!(found, expected);
    let zones =
        calendar.components.iter().filter(|part| part.component_type == ICalendarComponentType::VTimezone);
    assert_eq!(zones.count(), 5);
    assert_eq!(feed().matches("STATUS:CANCELLED").count(), 1);
}
