use super::super::quiet::QuietHours;
use super::*;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use proto::ids::DoctorId;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Zones, and when their clocks change; and one whose clocks never do.
const CHANGES: [(&str, &str); 14] = [
    ("Europe/Berlin", "2026-03-29T01:00:00Z"),
    ("Europe/Berlin", "2026-10-25T01:00:00Z"),
    ("America/New_York", "2026-11-01T06:00:00Z"),
    ("America/Santiago", "2026-09-06T04:00:00Z"),
    ("America/Santiago", "2026-04-05T03:00:00Z"),
    ("Africa/Cairo", "2026-10-29T21:00:00Z"),
    ("Asia/Beirut", "2026-03-28T22:00:00Z"),
    ("America/Havana", "2026-03-08T05:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ("Antarctica/Troll", "2026-10-25T01:00:00Z"),
    ("Pacific/Chatham", "2026-09-26T14:00:00Z"),
    ("Africa/Casablanca", "2026-03-22T02:00:00Z"),
    ("Pacific/Apia", "2011-12-30T10:00:00Z"),
    ("Asia/Kathmandu", "2026-06-01T00:00:00Z"),
];

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn nights(zone: &str) -> Quiet {
    Quiet { hours: Some("21:00-08:00".parse().unwrap()), zone: TimeZone::get(zone).unwrap() }
}

fn appointment(starts_at: &str, offsets: Option<Vec<i32>>) -> Appointment {
    let starts_at = at(starts_at).to_zoned(TimeZone::UTC);
    let visit = Visit {
        id: AppointmentId::random(),
        doctor_id: DoctorId::random(),
        version: 1,
        status: VisitStatus::Scheduled,
        ends_at: &starts_at + 30 * MINUTE,
        starts_at,
    };
    Appointment {
        patient_id: PatientId::random(),
        visit,
        schedule_version: 1,
        offsets,
        patient_may: Vec::new(),
    }
}

#[test]
fn a_reminder_that_would_come_in_the_night_comes_in_the_evening_before_or_else_in_the_morning() {
    let berlin = nights("Europe/Berlin");
    let nine = at("2030-01-08T08:00:00Z");
    let due = |offset, now: &str| due(nine, offset, &berlin, at(now));
    assert_eq!(due(1440, "2030-01-02T00:00:00Z"), Ok(at("2030-01-07T08:00:00Z")));
    assert_eq!(due(120, "2030-01-02T00:00:00Z"), Ok(at("2030-01-07T19:30:00Z")));
    assert_eq!(due(120, "2030-01-07T19:30:00Z"), Ok(at("2030-01-08T07:00:00Z")), "the evening is over");
    assert_eq!(due(60, "2030-01-07T19:30:00Z"), Ok(at("2030-01-08T07:00:00Z")), "at eight it is not quiet");
    assert_eq!(due(120, "2030-01-08T06:00:00Z"), Err(NoTime::Past));
    let early = at("2030-01-08T06:30:00Z");
    assert_eq!(super::due(early, 60, &berlin, at("2030-01-07T21:00:00Z")), Err(NoTime::Quiet));
}

#[test]
fn those_who_want_no_quiet_are_reminded_at_night() {
    let awake = Quiet { hours: None, zone: TimeZone::UTC };
    let due = due(at("2030-01-08T08:00:00Z"), 300, &awake, at("2030-01-02T00:00:00Z"));
    assert_eq!(due, Ok(at("2030-01-08T03:00:00Z")));
}

#[test]
fn a_visit_is_reminded_of_by_its_own_offsets_and_only_while_it_is_to_come() {
    let (quiet, now) = (nights("UTC"), at("2030-01-07T10:00:00Z"));
    let offsets = |of: &Appointment| {
        let plan = plan(of, &[1440, 120], &quiet, now);
        (plan.reminders.iter().map(|reminder| reminder.offset).collect::<Vec<_>>(), plan.dropped)
    };
    let usual = appointment("2030-01-08T12:00:00Z", None);
    assert_eq!(offsets(&usual), (vec![1440, 120], vec![]));
    assert_eq!(offsets(&appointment("2030-01-07T12:30:00Z", None)), (vec![120], vec![]), "nothing late");
    assert_eq!(offsets(&appointment("2030-01-08T12:00:00Z", Some(vec![60]))), (vec![60], vec![]));
    assert_eq!(offsets(&appointment("2030-01-08T12:00:00Z", Some(vec![]))), (vec![], vec![]));
    let of_the_night = appointment("2030-01-08T07:00:00Z", Some(vec![240, 180, 120]));
    assert_eq!(offsets(&of_the_night), (vec![240], vec![]), "one in the evening is enough");
    let late = appointment("2030-01-08T07:00:00Z", Some(vec![180]));
    let plan = plan(&late, &[], &quiet, at("2030-01-07T20:45:00Z"));
    assert_eq!((plan.reminders, plan.dropped), (vec![], vec![180]));
    for status in [VisitStatus::Requested, VisitStatus::Cancelled, VisitStatus::Arrived, VisitStatus::NoShow]
    {
        let visit = Visit { status, ..usual.visit.clone() };
        assert_eq!(offsets(&Appointment { visit, ..usual.clone() }), (vec![], vec![]), "{status:?}");
    }
}

#[test]
fn a_reminder_is_late_by_half_its_offset_at_most_and_goes_on_in_the_morning_only_if_it_is_not_late_then() {
    let quiet = nights("UTC");
    let reminder = |starts_at: &str, offset, due_at: &str| Reminder {
        appointment_id: AppointmentId::random(),
        schedule_version: 1,
        offset,
        patient_id: PatientId::random(),
        starts_at: at(starts_at),
        due_at: at(due_at),
    };
    let day = reminder("2030-01-08T12:00:00Z", 1440, "2030-01-07T12:00:00Z");
    assert_eq!(day.moment(&quiet, at("2030-01-07T20:59:59Z")), Moment::Now);
    assert_eq!(day.moment(&quiet, at("2030-01-07T21:00:00Z")), Moment::TooLate, "at eight it is");
    let hours = reminder("2030-01-08T12:00:00Z", 120, "2030-01-08T10:00:00Z");
    assert_eq!(hours.moment(&quiet, at("2030-01-08T11:00:00Z")), Moment::Now);
    assert_eq!(hours.moment(&quiet, at("2030-01-08T11:00:01Z")), Moment::TooLate);
    // Moved to the evening, it has until half the offset after it would have been due without that.
    let moved = reminder("2030-01-08T09:00:00Z", 120, "2030-01-07T20:30:00Z");
    assert_eq!(moved.moment(&quiet, at("2030-01-07T23:00:00Z")), Moment::Later(at("2030-01-08T08:00:00Z")));
    assert_eq!(moved.moment(&quiet, at("2030-01-08T08:00:00Z")), Moment::Now);
    // Quiet is wanted by now when it was to come: then it comes after that.
    let longer = Quiet { hours: Some("19:00-11:00".parse().unwrap()), zone: TimeZone::UTC };
    let surprised = reminder("2030-01-08T12:00:00Z", 120, "2030-01-08T10:00:00Z");
    assert_eq!(
        surprised.moment(&longer, at("2030-01-08T10:00:00Z")),
        Moment::Later(at("2030-01-08T11:00:00Z"))
    );
    assert_eq!(surprised.moment(&longer, at("2030-01-08T12:00:00Z")), Moment::TooLate, "it has begun");
}

/// What clocks show, asked each minute.
fn is_quiet(hours: (Time, Time), zone: &TimeZone, at: Timestamp) -> bool {
    let ((from, until), time) = (hours, zone.to_datetime(at).time());
    (from < until && from <= time && time < until) || (from > until && (from <= time || time < until))
}

/// The rule, in steps of a minute.
fn by_the_minute(
    starts_at: Timestamp,
    offset: i32,
    hours: (Time, Time),
    zone: &TimeZone,
    now: Timestamp,
) -> Result<Timestamp, NoTime> {
    let nominal = starts_at - MINUTE * offset;
    if nominal <= now {
        return Err(NoTime::Past);
    }
    if !is_quiet(hours, zone, nominal) {
        return Ok(nominal);
    }
    let mut begin = nominal;
    while is_quiet(hours, zone, begin - MINUTE) {
        begin -= MINUTE;
    }
    let evening = begin - 30 * MINUTE;
    if now < evening && !is_quiet(hours, zone, evening) {
        return Ok(evening);
    }
    let mut morning = nominal;
    while is_quiet(hours, zone, morning) {
        morning += MINUTE;
    }
    if morning < starts_at { Ok(morning) } else { Err(NoTime::Quiet) }
}

#[derive(Clone, Debug)]
struct Case {
    zone: TimeZone,
    hours: (Time, Time),
    starts_at: Timestamp,
    offset: i32,
    now: Timestamp,
}

/// Visits within three days of a change of clocks, and any hours.
fn cases() -> impl Strategy<Value = Case> {
    let offset = prop_oneof![15..=60_i32, 15..=43_200_i32, Just(120), Just(1440)];
    (0..CHANGES.len(), -4320..4320_i32, 0..1440_i32, 1..=960_i32, offset, -60..20_000_i32).prop_map(
        |(change, about, from, lasts, offset, ahead)| {
            let (zone, change) = CHANGES[change];
            let from = Time::midnight().wrapping_add(MINUTE * from);
            let nominal = at(change) + MINUTE * about;
            Case {
                zone: TimeZone::get(zone).unwrap(),
                hours: (from, from.wrapping_add(MINUTE * lasts)),
                starts_at: nominal + MINUTE * offset,
                offset,
                now: nominal - MINUTE * ahead,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn a_reminder_is_due_as_clocks_say_that_are_looked_at_every_minute(case in cases()) {
        let Case { zone, hours, starts_at, offset, now } = case;
        let quiet = Quiet { hours: Some(QuietHours::new(hours.0, hours.1).unwrap()), zone: zone.clone() };
        let due = due(starts_at, offset, &quiet, now);
        prop_assert_eq!(due, by_the_minute(starts_at, offset, hours, &zone, now));
        if let Ok(due) = due {
            prop_assert!(now < due && due < starts_at && !is_quiet(hours, &zone, due));
        }
    }

    #[test]
    fn a_reminder_is_never_sent_at_night_nor_late_and_waits_only_for_a_time_at_which_it_is_sent(
        case in cases(),
        other in cases(),
        waited in 0..3000_i32,
    ) {
        let Case { zone, hours, starts_at, offset, now } = case;
        let planned = Quiet { hours: Some(QuietHours::new(hours.0, hours.1).unwrap()), zone: zone.clone() };
        let Ok(due_at) = due(starts_at, offset, &planned, now) else { return Ok(()) };
        let reminder = Reminder {
            appointment_id: AppointmentId::random(),
            schedule_version: 1,
            offset,
            patient_id: PatientId::random(),
            starts_at,
            due_at,
        };
        prop_assert_eq!(reminder.moment(&planned, due_at), Moment::Now);
        // They may have chosen others since.
        let hours = other.hours;
        let wanted = Quiet { hours: Some(QuietHours::new(hours.0, hours.1).unwrap()), zone: zone.clone() };
        let then = due_at + MINUTE * waited;
        let half = MINUTE * offset / 2;
        let nominal = starts_at - MINUTE * offset;
        match reminder.moment(&wanted, then) {
            Moment::Now => {
                prop_assert!(then < starts_at && !is_quiet(hours, &zone, then));
                let from = if is_quiet(hours, &zone, due_at) { wanted.over_by(due_at) } else { due_at };
                prop_assert!(then <= from.max(nominal) + half);
            }
            Moment::Later(until) => {
                prop_assert!(then < until && is_quiet(hours, &zone, then));
                prop_assert_eq!(reminder.moment(&wanted, until), Moment::Now);
            }
            Moment::TooLate => {
                let end = wanted.over_by(then);
                prop_assert!(end >= starts_at || end > due_at.max(nominal) + half);
            }
        }
        prop_assert!(reminder.last() <= starts_at && reminder.last() <= due_at.max(nominal) + half);
    }
}

#[test]
fn a_reminder_is_void_for_another_time_and_for_a_visit_that_does_not_take_place() {
    let of = appointment("2030-01-08T12:00:00Z", None);
    let reminder = plan(&of, &[120], &nights("UTC"), at("2030-01-07T12:00:00Z")).reminders[0];
    assert_eq!(reminder.last(), reminder.due_at + HOUR);
    let with = |status, schedule_version| {
        let visit = Visit { status, version: 9, ..of.visit.clone() };
        reminder.is_void_for(&Appointment { visit, schedule_version, ..of.clone() })
    };
    assert!(!with(VisitStatus::Scheduled, 1) && !with(VisitStatus::Confirmed, 1));
    assert!(
        with(VisitStatus::Scheduled, 2) && with(VisitStatus::Cancelled, 1) && with(VisitStatus::Arrived, 1)
    );
}
