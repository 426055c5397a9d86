//! The document says what can be read as a time, and nothing else is.
use super::*;
use jiff::Timestamp;
use jiff::civil::Date;
use jsonschema::Validator;
use proptest::prelude::*;
use proptest::string::string_regex;
use std::sync::LazyLock;
use utoipa::PartialSchema;

/// What the document says of `T`, as a pattern, and what checks it.
fn documented<T: PartialSchema>() -> (String, Validator) {
    let schema = serde_json::to_value(T::schema()).unwrap();
    // In the language of the document `\d` is one of ten.
    let pattern = schema["pattern"].as_str().unwrap().trim_matches(['^', '$']).replace(r"\d", "[0-9]");
    (pattern, jsonschema::validator_for(&schema).unwrap())
}

/// Texts that the document calls a `T`, and some that it nearly does.
fn nearly<T: PartialSchema>() -> impl Strategy<Value = String> {
    let good = || string_regex(&documented::<T>().0).unwrap();
    let put = "[-+:.TtZzW0-9 ]{0,3}|٣|[-+][0-9]{2}|:60";
    let place = prop_oneof![any::<prop::sample::Index>().prop_map(Some), Just(None)];
    let spoilt = (good(), place, 0..4usize, put).prop_map(|(mut text, at, cut, put)| {
        let at = at.map_or(text.len(), |at| at.index(text.len()));
        text.replace_range(at..(at + cut).min(text.len()), &put);
        text
    });
    prop_oneof![good(), spoilt]
}

/// Whether the date that `text` begins with is one that its month has.
fn has_a_day(text: &str) -> bool {
    text.get(..10).is_none_or(|date| !date.is_ascii() || date.parse::<Date>().is_ok())
}

fn is_read_as_documented<T>(schema: &Validator, text: &str) -> Result<(), TestCaseError>
where
    T: TryFrom<String, Error: std::fmt::Display>,
{
    let is_documented = schema.is_valid(&text.into());
    match T::try_from(text.to_owned()) {
        Ok(_) => prop_assert!(is_documented, "{text} is read"),
        Err(error) => {
            prop_assert!(!is_documented || !has_a_day(text), "{text} {error}");
        }
    }
    Ok(())
}

macro_rules! as_documented {
    ($($name:ident: $type:ident;)*) => {
        proptest! {$(
            #[test]
            fn $name(text in nearly::<$type>()) {
                static SCHEMA: LazyLock<Validator> = LazyLock::new(|| documented::<$type>().1);
                is_read_as_documented::<$type>(&SCHEMA, &text)?;
            }
        )*}
    };
}

as_documented! {
    a_time_with_or_without_an_offset_is_read_as_documented: When;
    an_instant_is_read_as_documented: Moment;
    an_end_of_a_range_is_read_as_documented: Bound;
    a_date_is_read_as_documented: CivilDate;
    a_date_of_a_date_and_time_is_read_as_documented: DatePart;
    a_time_of_day_is_read_as_documented: TimeOfDay;
}

fn any_zone() -> impl Strategy<Value = TimeZone> {
    let names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
    proptest::sample::select(names).prop_map(|name| zone(&name).unwrap())
}

/// Instants of this century, and of the whole time that is known.
fn any_instant() -> impl Strategy<Value = Timestamp> {
    let second = prop_oneof![1_800_000_000..2_200_000_000i64, -2_208_988_800..=7_258_118_399i64];
    (second, 0..1_000_000i32).prop_map(|(second, micro)| Timestamp::new(second, micro * 1_000).unwrap())
}

proptest! {
    #[test]
    fn an_instant_in_an_answer_is_read_as_the_same_in_a_request(at in any_instant(), zone in any_zone()) {
        let wire = Some(time::to_wire(at));
        for Instant(shown) in [Instant::in_zone("at", wire, &zone).unwrap(), Instant::utc("at", wire).unwrap()] {
            let read = prost_types::Timestamp::from(Moment::try_from(shown.clone()).unwrap());
            prop_assert_eq!(read, time::to_wire(at), "{}", shown);
        }
    }

    #[test]
    fn a_day_ends_where_the_next_begins_in_every_zone(day in -10_000..80_000i32, zone in any_zone()) {
        let epoch = jiff::civil::date(1970, 1, 1);
        let [day, next] = [day, day + 1].map(|days| Bound::Day(epoch.checked_add(jiff::Span::new().days(days)).unwrap()));
        let seconds = |at: Option<prost_types::Timestamp>| at.unwrap().seconds;
        let (begin, end) = (seconds(day.begin(&zone)), seconds(day.end(&zone)));
        prop_assert_eq!(end, seconds(next.begin(&zone)));
        // Samoa has left out a day.
        prop_assert!((0..=2 * 86_400).contains(&(end - begin)));
    }
}
