use super::*;
use proptest::prelude::*;

/// Start, rule, and the dates that python-dateutil 2.9 finds.
const KNOWN: [(&str, &str, &str); 13] = [
    (
        "2027-03-02",
        "FREQ=WEEKLY;COUNT=6",
        "2027-03-02 2027-03-09 2027-03-16 2027-03-23 2027-03-30 2027-04-06",
    ),
    (
        "2027-03-02",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH;COUNT=7",
        "2027-03-02 2027-03-04 2027-03-16 2027-03-18 2027-03-30 2027-04-01 2027-04-13",
    ),
    (
        "2027-03-04",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH;COUNT=5",
        "2027-03-04 2027-03-16 2027-03-18 2027-03-30 2027-04-01",
    ),
    (
        "2027-12-31",
        "FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,FR;COUNT=6",
        "2027-12-31 2028-01-17 2028-01-21 2028-02-07 2028-02-11 2028-02-28",
    ),
    ("2027-02-27", "FREQ=DAILY;COUNT=4", "2027-02-27 2027-02-28 2027-03-01 2027-03-02"),
    (
        "2028-02-27",
        "FREQ=DAILY;INTERVAL=2;UNTIL=20280306",
        "2028-02-27 2028-02-29 2028-03-02 2028-03-04 2028-03-06",
    ),
    (
        "2027-01-12",
        "FREQ=MONTHLY;BYDAY=2TU;COUNT=6",
        "2027-01-12 2027-02-09 2027-03-09 2027-04-13 2027-05-11 2027-06-08",
    ),
    (
        "2027-01-29",
        "FREQ=MONTHLY;BYDAY=-1FR;COUNT=6",
        "2027-01-29 2027-02-26 2027-03-26 2027-04-30 2027-05-28 2027-06-25",
    ),
    (
        "2027-03-29",
        "FREQ=MONTHLY;BYDAY=5MO;COUNT=5",
        "2027-03-29 2027-05-31 2027-08-30 2027-11-29 2028-01-31",
    ),
    (
        "2027-01-31",
        "FREQ=MONTHLY;INTERVAL=3;BYDAY=5SU;UNTIL=20291231",
        "2027-01-31 2027-10-31 2028-01-30 2028-04-30 2028-07-30 2028-10-29 2029-04-29 2029-07-29",
    ),
    ("2027-05-02", "FREQ=MONTHLY;INTERVAL=2;BYDAY=-5SU;COUNT=3", "2027-05-02 2028-01-02 2028-07-02"),
    (
        "2027-01-03",
        "FREQ=WEEKLY;BYDAY=MO,SU;UNTIL=20270118",
        "2027-01-03 2027-01-04 2027-01-10 2027-01-11 2027-01-17 2027-01-18",
    ),
    (
        "2027-02-03",
        "FREQ=MONTHLY;INTERVAL=12;BYDAY=1WE;COUNT=4",
        "2027-02-03 2028-02-02 2029-02-07 2030-02-06",
    ),
];

fn rule(text: &str) -> Recurrence {
    text.parse().unwrap()
}

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

/// Every day of two years.
fn starts() -> impl Iterator<Item = Date> {
    date("2027-01-01").series(1.day()).take(730)
}

fn recur(pattern: &Pattern, interval: i32, count: usize) -> Recurrence {
    Recurrence { pattern: pattern.clone(), interval, end: End::Count(count) }
}

#[test]
fn dates_are_those_that_another_implementation_finds() {
    for (start, text, dates) in KNOWN {
        let dates: Vec<Date> = dates.split(' ').map(date).collect();
        assert_eq!(rule(text).dates(date(start)), Ok(dates), "{start} {text}");
    }
}

#[test]
fn a_rule_is_written_as_it_is_read() {
    for (_, text, _) in KNOWN {
        assert_eq!(rule(text).to_string(), text);
    }
    let same = ["freq=weekly;count=3;byday=th,mo,th", "BYDAY=MO,TH;FREQ=WEEKLY;INTERVAL=1;COUNT=3"];
    assert_eq!(same.map(|text| rule(text).to_string()), ["FREQ=WEEKLY;BYDAY=MO,TH;COUNT=3"; 2]);
    assert_eq!(rule("FREQ=MONTHLY;BYDAY=+2TU;COUNT=3").to_string(), "FREQ=MONTHLY;BYDAY=2TU;COUNT=3");
}

#[test]
fn what_is_not_supported_is_refused_by_the_name_of_its_part() {
    let refused = [
        ("", "rrule"),
        ("WEEKLY", "rrule"),
        ("FREQ=WEEKLY;X=1;COUNT=3", "rrule"),
        ("COUNT=3", "FREQ"),
        ("FREQ=YEARLY;COUNT=3", "FREQ"),
        ("FREQ=HOURLY;COUNT=3", "FREQ"),
        ("FREQ=WEEKLY", "COUNT"),
        ("FREQ=WEEKLY;COUNT=1", "COUNT"),
        ("FREQ=WEEKLY;COUNT=105", "COUNT"),
        ("FREQ=WEEKLY;COUNT=+3", "COUNT"),
        ("FREQ=WEEKLY;COUNT=3;COUNT=3", "COUNT"),
        ("FREQ=WEEKLY;COUNT=3;UNTIL=20270401", "UNTIL"),
        ("FREQ=WEEKLY;UNTIL=20270401T000000Z", "UNTIL"),
        ("FREQ=WEEKLY;UNTIL=20270230", "UNTIL"),
        ("FREQ=WEEKLY;INTERVAL=0;COUNT=3", "INTERVAL"),
        ("FREQ=WEEKLY;INTERVAL=53;COUNT=3", "INTERVAL"),
        ("FREQ=WEEKLY;BYDAY=2TU;COUNT=3", "BYDAY"),
        ("FREQ=WEEKLY;BYDAY=;COUNT=3", "BYDAY"),
        ("FREQ=DAILY;BYDAY=MO;COUNT=3", "BYDAY"),
        ("FREQ=MONTHLY;COUNT=3", "BYDAY"),
        ("FREQ=MONTHLY;BYDAY=TU;COUNT=3", "BYDAY"),
        ("FREQ=MONTHLY;BYDAY=0TU;COUNT=3", "BYDAY"),
        ("FREQ=MONTHLY;BYDAY=6TU;COUNT=3", "BYDAY"),
        ("FREQ=MONTHLY;BYDAY=2TU,2WE;COUNT=3", "BYDAY"),
        ("FREQ=MONTHLY;BYDAY=ä;COUNT=3", "BYDAY"),
        ("FREQ=MONTHLY;BYMONTHDAY=3;COUNT=3", "BYMONTHDAY"),
        ("FREQ=WEEKLY;WKST=SU;COUNT=3", "WKST"),
    ];
    for (text, part) in refused {
        assert_eq!(text.parse::<Recurrence>().unwrap_err().part, part, "{text}");
    }
}

#[test]
fn a_rule_begins_on_one_of_its_dates() {
    for (start, text) in [
        ("2027-03-03", "FREQ=WEEKLY;BYDAY=TU,TH;COUNT=6"),
        ("2027-03-02", "FREQ=MONTHLY;BYDAY=2TU;COUNT=6"),
        ("2027-03-02", "FREQ=DAILY;UNTIL=20270301"),
    ] {
        assert_eq!(rule(text).dates(date(start)), Err(NoDates::Start), "{start} {text}");
    }
}

#[test]
fn a_rule_has_2_to_104_dates_within_ten_years() {
    let refused = |text: &str| match rule(text).dates(date("2027-03-02")) {
        Err(NoDates::Rule(bad)) => bad.part,
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(refused("FREQ=WEEKLY;UNTIL=20270308"), "UNTIL");
    assert_eq!(refused("FREQ=DAILY;UNTIL=20270701"), "UNTIL");
    assert_eq!(refused("FREQ=MONTHLY;BYDAY=1TU;UNTIL=20370303"), "UNTIL");
    assert_eq!(refused("FREQ=WEEKLY;INTERVAL=52;COUNT=104"), "COUNT");
    assert_eq!(rule("FREQ=DAILY;UNTIL=20270613").dates(date("2027-03-02")).unwrap().len(), 104);
    assert_eq!(rule("FREQ=MONTHLY;BYDAY=1TU;COUNT=104").dates(date("2027-03-02")).unwrap().len(), 104);
}

#[test]
fn dates_rise_are_as_many_as_asked_for_and_lie_the_interval_apart() {
    for start in starts() {
        for interval in [1, 2, 5] {
            let daily = recur(&Pattern::Daily, interval, 9).dates(start).unwrap();
            let weekly = recur(&Pattern::Weekly(vec![]), interval, 9).dates(start).unwrap();
            for (dates, days) in [(daily, interval), (weekly, 7 * interval)] {
                assert_eq!((dates.len(), dates[0]), (9, start));
                assert!(
                    dates.windows(2).all(|pair| pair[1] == pair[0].saturating_add(days.days())),
                    "{start}"
                );
            }
        }
    }
}

#[test]
fn dates_fall_on_the_days_of_the_rule_in_every_other_week() {
    let days = [Weekday::Monday, Weekday::Wednesday, Weekday::Sunday];
    let monday = |date: Date| date.saturating_sub(date.weekday().to_monday_zero_offset().days());
    for start in starts().filter(|start| days.contains(&start.weekday())) {
        let dates = recur(&Pattern::Weekly(days.to_vec()), 2, 12).dates(start).unwrap();
        assert_eq!((dates.len(), dates[0]), (12, start));
        assert!(dates.windows(2).all(|pair| pair[0] < pair[1]), "{start}");
        for date in dates {
            assert!(days.contains(&date.weekday()));
            assert_eq!((monday(date) - monday(start)).get_days() % 14, 0, "{start} {date}");
        }
    }
}

#[test]
fn a_day_by_its_place_in_the_month_is_there() {
    for start in starts() {
        let place = (start.day() + 6) / 7;
        let dates = recur(&Pattern::Monthly(Nth(place, start.weekday())), 2, 6).dates(start).unwrap();
        assert_eq!((dates.len(), dates[0]), (6, start));
        for date in &dates {
            assert_eq!(((date.day() + 6) / 7, date.weekday()), (place, start.weekday()), "{start} {date}");
            assert_eq!((date.month() - start.month()) % 2, 0, "{start} {date}");
        }
        let from_end = (start.day() - start.days_in_month()) / 7 - 1;
        let dates = recur(&Pattern::Monthly(Nth(from_end, start.weekday())), 1, 6).dates(start).unwrap();
        for date in &dates {
            assert_eq!((date.day() - date.days_in_month()) / 7 - 1, from_end, "{start} {date}");
        }
    }
}

#[test]
fn a_week_later_all_is_a_week_later() {
    let moved = |dates: Vec<Date>| dates.into_iter().map(|date| date.saturating_add(1.week())).collect();
    let patterns = [
        Pattern::Daily,
        Pattern::Weekly(vec![]),
        Pattern::Weekly(DAYS.iter().map(|(_, day)| *day).collect()),
    ];
    for start in starts() {
        for rule in patterns.iter().map(|pattern| recur(pattern, 3, 10)) {
            assert_eq!(
                rule.dates(start.saturating_add(1.week())),
                rule.dates(start).map(moved),
                "{start} {rule}"
            );
        }
    }
}

fn any_rule() -> impl Strategy<Value = Recurrence> {
    let day = || proptest::sample::select(DAYS.map(|(_, day)| day).to_vec());
    let days = proptest::sample::subsequence(DAYS.map(|(_, day)| day).to_vec(), 0..=7);
    let place = prop_oneof![1..=5i8, -5..=-1i8];
    let pattern = prop_oneof![
        Just(Pattern::Daily),
        days.prop_map(Pattern::Weekly),
        (place, day()).prop_map(|(place, day)| Pattern::Monthly(Nth(place, day))),
    ];
    let end = prop_oneof![
        OCCURRENCES.prop_map(End::Count),
        (0..6_000i32).prop_map(|days| End::Until(date("2027-01-01") + days.days())),
    ];
    (pattern, INTERVALS, end).prop_map(|(pattern, interval, end)| Recurrence { pattern, interval, end })
}

/// Parts of rules, in any number and order, some of them wrong.
fn nearly_a_rule() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        "FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY|daily)",
        "INTERVAL=[+-]?[0-9]{0,3}",
        "BYDAY=([+-]?[0-9]?(MO|TU|we|SU|Ü|X)){1,2}(,(MO|TH|FR))?",
        "COUNT=[0-9 ]{1,20}",
        "UNTIL=(2027[01][0-9][0-3][0-9]|[0-9]{8}T?[0-9]{0,6}Z?)",
        "(?s).{0,5}",
    ];
    prop_oneof![
        proptest::collection::vec(part, 0..5).prop_map(|parts| parts.join(";")),
        any_rule().prop_map(|rule| rule.to_string().to_lowercase()),
    ]
}

proptest! {
    #[test]
    fn every_rule_is_read_as_it_is_written(rule in any_rule()) {
        prop_assert_eq!(rule.to_string().parse(), Ok(rule));
    }

    #[test]
    fn whatever_is_read_is_written_as_what_is_read_as_the_same(text in nearly_a_rule()) {
        match text.parse::<Recurrence>() {
            Ok(rule) => prop_assert_eq!(rule.to_string().parse(), Ok(rule)),
            Err(BadRule { part, problem }) => prop_assert!(!part.is_empty() && !problem.is_empty()),
        }
    }

    #[test]
    fn dates_begin_with_the_start_and_obey_the_rule(rule in any_rule(), day in 0..4_000i32) {
        let start = date("2027-01-01") + day.days();
        match rule.dates(start) {
            Ok(dates) => {
                prop_assert_eq!(dates[0], start);
                prop_assert!(OCCURRENCES.contains(&dates.len()));
                prop_assert!(dates.is_sorted_by(|one, next| one < next));
                prop_assert!(*dates.last().unwrap() <= start + LONGEST_YEARS.years());
                match rule.end {
                    End::Count(count) => prop_assert_eq!(dates.len(), count),
                    End::Until(until) => prop_assert!(*dates.last().unwrap() <= until),
                }
                let is_right = |date: &Date| match &rule.pattern {
                    Pattern::Daily => (*date - start).get_days() % rule.interval == 0,
                    Pattern::Weekly(days) => days.contains(&date.weekday()) || days.is_empty() && date.weekday() == start.weekday(),
                    Pattern::Monthly(Nth(place, day)) => date.first_of_month().nth_weekday_of_month(*place, *day).is_ok_and(|there| there == *date),
                };
                prop_assert!(dates.iter().all(is_right), "{:?}", dates);
            }
            Err(NoDates::Rule(BadRule { part, .. })) => prop_assert_eq!(part, if matches!(rule.end, End::Count(_)) { "COUNT" } else { "UNTIL" }),
            Err(NoDates::Start) => {}
        }
    }
}
