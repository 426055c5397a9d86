use super::super::claims::Blocker;
use super::super::clinic::{Location, Timing};
use super::super::rules::tests::{every_day, hours};
use super::super::schedule::Closed;
use super::super::slots::tests::{alone, at};
use super::super::status::Status;
use super::*;
use crate::domain::appointment::{self, Membership};
use proto::ids::{LocationId, UserId};

fn local(text: &str) -> DateTime {
    text.parse().unwrap()
}

fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").unwrap()
}

fn reader(patient: PatientId) -> Reader {
    Reader { user: UserId::random(), patient: Some(patient), is_bound: true }
}

fn wish() -> Wish {
    Wish { visit_type: None, timing: Timing::plain(30, 30), is_offered: true, is_bound: true }
}

fn wanted(starts: &[&str]) -> Vec<Wanted> {
    let want =
        |start: &&str| Wanted { appointment: AppointmentId::random(), local: local(start), wish: wish() };
    starts.iter().map(want).collect()
}

/// Somebody else's visit to the doctor, half an hour long.
fn taken(rules: &Rules, start: &str) -> Taken {
    let visit = Interval { start: at(start), end: at(start) + SignedDuration::from_mins(30) };
    Taken {
        appointment: AppointmentId::random(),
        resource: rules.doctor_id.0,
        claim: alone(visit),
        patient: Some(PatientId::random()),
        held_by: None,
    }
}

fn diary(rules: &Rules, taken: &[Taken]) -> Diary {
    let reader = reader(PatientId::random());
    Diary::new(rules.clone(), Arc::default(), taken, reader, at("2027-01-01T00:00:00Z"))
}

fn starts_at(occurrences: &[Occurrence]) -> Vec<Result<String, Obstacle>> {
    let start = |occurrence: &Occurrence| occurrence.outcome.map(|(visit, _)| visit.start.to_string());
    occurrences.iter().map(start).collect()
}

#[test]
fn visits_keep_their_civil_time_when_clocks_change() {
    let rules = every_day("Europe/Berlin", 8, 18);
    let wanted = wanted(&["2027-03-21T09:00", "2027-03-28T09:00", "2027-10-31T09:00"]);
    let placed = place_all(&mut diary(&rules, &[]), &berlin(), &wanted);
    let expected = ["2027-03-21T08:00:00Z", "2027-03-28T07:00:00Z", "2027-10-31T08:00:00Z"];
    assert_eq!(starts_at(&placed), expected.map(|start| Ok(start.to_owned())));
}

#[test]
fn a_time_that_the_clock_jumps_over_is_told_and_of_one_that_comes_twice_the_first_is_meant() {
    let rules = every_day("Europe/Berlin", 0, 24);
    let wanted = wanted(&["2027-03-27T02:30", "2027-03-28T02:30", "2027-10-31T02:30"]);
    let mut diary = diary(&rules, &[]);
    let mut placed = place_all(&mut diary, &berlin(), &wanted);
    let expected = [
        Ok("2027-03-27T01:30:00Z".to_owned()),
        Err(Obstacle::Nonexistent),
        Ok("2027-10-31T00:30:00Z".to_owned()),
    ];
    assert_eq!(starts_at(&placed), expected);
    suggest(&diary, &berlin(), &wanted, &mut placed);
    assert_eq!(placed[1].nearest, Some(at("2027-03-28T01:00:00Z")), "the jump itself");
    assert_eq!((placed[0].nearest, placed[2].nearest), (None, None));
}

#[test]
fn what_is_in_the_way_is_told_with_what_is_free_beside_the_series() {
    let rules = every_day("UTC", 9, 12);
    let others = [taken(&rules, "2027-03-02T09:00:00Z"), taken(&rules, "2027-03-02T10:00:00Z")];
    let mut diary = diary(&rules, &others);
    // The third takes what would else be the nearest to the first.
    let wanted = wanted(&["2027-03-02T09:00", "2027-03-02T20:00", "2027-03-02T09:30"]);
    let mut placed = place_all(&mut diary, &TimeZone::UTC, &wanted);
    suggest(&diary, &TimeZone::UTC, &wanted, &mut placed);
    let refusal = |occurrence: &Occurrence| match occurrence.outcome {
        Err(Obstacle::Refused(_, refusal)) => Some(refusal),
        _ => None,
    };
    assert_eq!(refusal(&placed[0]), Some(Refusal::Taken(Blocker::Visit)));
    assert_eq!(placed[0].nearest, Some(at("2027-03-02T10:30:00Z")));
    assert_eq!(refusal(&placed[1]), Some(Refusal::Closed(Closed::Hours)));
    assert_eq!(placed[1].nearest, Some(at("2027-03-02T11:30:00Z")));
    assert_eq!(refusal(&placed[2]), None);
}

#[test]
fn visits_of_a_series_stand_in_each_others_way() {
    let rules = every_day("UTC", 9, 17);
    let placed = place_all(&mut diary(&rules, &[]), &TimeZone::UTC, &wanted(&["2027-03-02T09:00"; 2]));
    assert!(placed[0].outcome.is_ok() && placed[1].outcome.is_err());

    let mut full = rules;
    full.extras.max_daily_visits = Some(1);
    let twice = wanted(&["2027-03-02T09:00", "2027-03-02T11:00", "2027-03-03T09:00"]);
    let placed = place_all(&mut diary(&full, &[]), &TimeZone::UTC, &twice);
    let refused = placed.iter().map(|occurrence| occurrence.outcome.is_err()).collect::<Vec<_>>();
    assert_eq!(refused, [false, true, false], "one a day");
}

/// A visit of `patient` and what it takes.
fn booked(rules: &Rules, patient: PatientId, start: &str) -> Taken {
    Taken { patient: Some(patient), ..taken(rules, start) }
}

fn moved(
    rules: &Rules,
    taken: &[Taken],
    patient: PatientId,
    to: &[(AppointmentId, &str)],
    mode: Mode,
) -> Vec<Occurrence> {
    let want = |(appointment, to): &(AppointmentId, &str)| Wanted {
        appointment: *appointment,
        local: local(to),
        wish: wish(),
    };
    let wanted: Vec<_> = to.iter().map(want).collect();
    let present = Present {
        rules,
        clinic: &Arc::default(),
        taken,
        reader: reader(patient),
        now: at("2027-01-01T00:00:00Z"),
    };
    present.move_all(&TimeZone::UTC, &wanted, mode).0
}

#[test]
fn visits_that_move_leave_their_times_to_each_other() {
    let rules = every_day("UTC", 9, 17);
    let patient = PatientId::random();
    let days = ["2027-03-02", "2027-03-03", "2027-03-04"];
    let taken = days.map(|day| booked(&rules, patient, &format!("{day}T09:00:00Z")));
    let to = ["2027-03-03T09:00", "2027-03-04T09:00", "2027-03-05T09:00"];
    let to: Vec<_> = taken.iter().map(|taken| taken.appointment).zip(to).collect();
    let placed = moved(&rules, &taken, patient, &to, Mode::AllOrNothing);
    assert!(placed.iter().all(|occurrence| occurrence.outcome.is_ok()), "{placed:?}");
}

#[test]
fn who_cannot_move_stays_and_stands_in_the_way_of_others() {
    let rules = every_day("UTC", 9, 17);
    let patient = PatientId::random();
    let days = ["2027-03-02", "2027-03-03", "2027-03-04", "2027-03-08"];
    let own = days.map(|day| booked(&rules, patient, &format!("{day}T09:00:00Z")));
    let to = ["2027-03-03T09:00", "2027-03-04T09:00", "2027-03-05T09:00", "2027-03-09T09:00"];
    let to: Vec<_> = own.iter().map(|taken| taken.appointment).zip(to).collect();
    let taken = [own.as_slice(), &[self::taken(&rules, "2027-03-05T09:00:00Z")]].concat();
    let placed = moved(&rules, &taken, patient, &to, Mode::SkipConflicts);
    let is_moved: Vec<_> = placed.iter().map(|occurrence| occurrence.outcome.is_ok()).collect();
    assert_eq!(is_moved, [false, false, false, true], "one behind the other");
    let ids: Vec<_> = placed.iter().map(|occurrence| occurrence.appointment).collect();
    assert_eq!(ids, own.iter().map(|taken| Some(taken.appointment)).collect::<Vec<_>>(), "in order");
}

#[test]
fn a_series_keeps_the_civil_time_of_its_place() {
    let mut rules = every_day("Europe/Berlin", 0, 0);
    let location = LocationId::random();
    for window in &mut rules.windows {
        window.hours = super::super::rules::Hours { location: Some(location), ..hours(8, 18) };
    }
    let lisbon = TimeZone::get("Europe/Lisbon").unwrap();
    let place = Location { zone: lisbon.clone(), rooms: Vec::new() };
    let clinic = Clinic { locations: [(location, place)].into(), ..Clinic::default() };
    let schedule = Schedule { rules: &rules, clinic: &clinic };
    let half_an_hour = SignedDuration::from_mins(30);
    let start = When::Local(local("2027-03-02T12:00"));
    assert_eq!(anchored(schedule, start, half_an_hour), (lisbon.clone(), local("2027-03-02T11:00")));
    let same = When::Instant(at("2027-03-02T11:00:00Z"));
    assert_eq!(anchored(schedule, same, half_an_hour), (lisbon, local("2027-03-02T11:00")));
    let nowhere = When::Local(local("2027-03-28T02:30"));
    assert_eq!(anchored(schedule, nowhere, half_an_hour), (berlin(), local("2027-03-28T02:30")));
}

#[test]
fn a_series_starts_on_the_grid_and_on_its_rule() {
    let rule: Recurrence = "FREQ=WEEKLY;BYDAY=TU;COUNT=2".parse().unwrap();
    let expected = vec![local("2027-03-02T09:05"), local("2027-03-09T09:05")];
    assert_eq!(starts(&rule, local("2027-03-02T09:05")).unwrap(), expected);
    for start in ["2027-03-02T09:01", "2027-03-02T09:00:30", "2027-03-03T09:00"] {
        assert!(starts(&rule, local(start)).is_err(), "{start}");
    }
}

#[test]
fn a_shift_moves_days_or_time_or_both() {
    let start = local("2027-03-02T09:00");
    let time = Some(Time::constant(14, 30, 0, 0));
    let shift = |time, days| Shift { time, days }.of(start);
    assert_eq!(shift(time, 0), Some(local("2027-03-02T14:30")));
    assert_eq!(shift(None, -2), Some(local("2027-02-28T09:00")));
    assert_eq!(shift(time, 3), Some(local("2027-03-05T14:30")));
}

#[test]
fn the_following_are_told_by_the_rule_also_when_a_visit_was_moved() {
    let visit = |occurrence: &str, start: &str| Appointment {
        visit: Interval { start: at(start), end: at(start) + SignedDuration::from_mins(30) },
        series: Some(Membership { id: SeriesId::random(), occurrence: local(occurrence) }),
        ..appointment::tests::visit(Status::Scheduled)
    };
    let visits = vec![
        visit("2027-03-02T09:00", "2027-03-20T09:00:00Z"),
        visit("2027-03-09T09:00", "2027-03-01T09:00:00Z"),
        visit("2027-03-16T09:00", "2027-03-16T09:00:00Z"),
    ];
    let ids: Vec<_> = visits.iter().map(|visit| visit.id).collect();
    let of = |scope: Scope| Some(scope.of(visits.clone())?.iter().map(|visit| visit.id).collect::<Vec<_>>());
    assert_eq!(of(Scope::All), Some(ids.clone()));
    assert_eq!(of(Scope::Following(ids[1])), Some(ids[1..].to_vec()));
    assert_eq!(of(Scope::Following(AppointmentId::random())), None);
}
