//! What strangers write, whatever it is: read as it was written, or refused.
#![expect(clippy::unwrap_used, reason = "what cannot be prepared fails the test")]

use jiff::tz::TimeZone;
use proptest::prelude::*;
use prost_types::Timestamp as Wire;
use proto::access::{SCOPES, Scopes};
use proto::ids::PatientId;
use proto::scalars::*;
use proto::time;
use utoipa::PartialSchema;

/// A time, perhaps with something about it that times do not have.
fn nearly(pattern: &'static str) -> impl Strategy<Value = String> {
    let put = prop_oneof!["[-+:.TtZzW0-9 ]{0,3}", "[-+][0-9]{2}"];
    let place = prop_oneof![any::<prop::sample::Index>().prop_map(Some), Just(None)];
    let spoilt = (pattern, place, 0..3usize, put).prop_map(|(mut text, at, cut, put)| {
        let at = at.map_or(text.len(), |at| at.index(text.len()));
        text.replace_range(at..(at + cut).min(text.len()), &put);
        text
    });
    // Mostly of the length of a time.
    prop_oneof![pattern, spoilt, "[-:TW0-9+Z]{0,20}"]
}

/// Whether `text` is read as a scalar, and then as what.
fn read<T: TryFrom<String, Error = BadText> + Into<String>>(text: &str) -> Option<String> {
    T::try_from(text.to_owned()).ok().map(Into::into)
}

/// That a scalar that was read is read as the same again, and looks as the document says.
fn is_settled<T>(text: &str, min: usize, max: usize) -> Result<(), TestCaseError>
where
    T: TryFrom<String, Error = BadText> + Into<String> + PartialSchema,
{
    let Some(once) = read::<T>(text) else { return Ok(()) };
    prop_assert_eq!(read::<T>(&once), Some(once.clone()), "{:?}", text);
    prop_assert!((min..=max).contains(&once.chars().count()), "{:?}", once);
    prop_assert!(!once.contains('\0'));
    let schema = serde_json::to_value(T::schema()).unwrap();
    prop_assert!(jsonschema::is_valid(&schema, &once.clone().into()), "{:?} is not {}", once, schema);
    Ok(())
}

macro_rules! settled {
    ($text:expr => $($scalar:ident)*) => {$(is_settled::<$scalar>($text, $scalar::MIN, $scalar::MAX)?;)*};
}

proptest! {
    #[test]
    fn a_date_has_one_spelling(text in nearly("[12][0-9]{3}-([01][0-9]-[0-3][0-9]|W[0-5][0-9]-[1-7])")) {
        if let Ok(date) = time::date(&text) {
            prop_assert_eq!(date.to_string(), text);
        }
    }

    #[test]
    fn a_date_and_time_has_two_spellings(text in nearly("20[0-9]{2}-0[1-9]-[012][0-9]T[01][0-9]:[0-5][0-9](:[0-6][0-9]|[-+][0-9]{2})?")) {
        if let Ok(at) = time::date_time(&text) {
            let spellings = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"].map(|form| at.strftime(form).to_string());
            prop_assert!(spellings.contains(&text), "{} is {}", text, at);
        }
    }

    #[test]
    fn a_time_of_day_has_two_spellings(text in nearly("[012][0-9]:[0-5][0-9](:[0-6][0-9])?")) {
        if let Ok(seconds) = time::seconds_of_day(&text) {
            prop_assert!(seconds <= 86_400);
            prop_assert!(time::time_of_day(seconds).starts_with(&text) && text.len() >= 5);
        }
    }

    #[test]
    fn every_second_of_the_day_is_read_back(seconds in 0..=86_400u32) {
        prop_assert_eq!(time::seconds_of_day(&time::time_of_day(seconds)), Ok(seconds));
    }

    #[test]
    fn an_instant_that_was_read_is_read_as_the_same_again(
        seconds in prop_oneof![-3_000_000_000..8_000_000_000i64, any::<i64>()],
        nanos in prop_oneof![0..1_000_000_000, any::<i32>()],
    ) {
        if let Ok(at) = time::from_wire(Some(Wire { seconds, nanos })) {
            prop_assert_eq!(time::from_wire(Some(time::to_wire(at))), Ok(at));
            prop_assert!((1899..=2200).contains(&at.to_zoned(TimeZone::UTC).year()));
            prop_assert!(at.as_second().abs_diff(seconds) <= 3);
        }
    }

    #[test]
    fn an_id_is_read_as_it_is_written(text in prop_oneof!["[0-9a-fA-F-]{30,40}", "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", ".{0,40}"]) {
        if let Ok(id) = text.parse::<PatientId>() {
            prop_assert_eq!(id.to_string(), text.to_ascii_lowercase());
        }
    }

    #[test]
    fn scopes_are_read_as_they_are_written(picked in proptest::sample::subsequence(SCOPES.to_vec(), 0..SCOPES.len()), noise in "[a-z. ]{0,20}") {
        let scopes = Scopes::parse(&format!("{} {noise}", picked.join(" ")));
        prop_assert_eq!(Scopes::parse(&scopes.text().unwrap()), scopes);
        prop_assert!(picked.iter().all(|scope| scopes.allow(scope)));
    }

    #[test]
    fn text_that_was_checked_needs_no_second_look(text in prop_oneof![".{0,60}", "[ \\t\\r\\nA-Za-z\u{0}\u{85}\u{2028}\u{feff}ÄİßΣ]{0,8}", "(?s).{0,4}"]) {
        settled!(&text => PersonName Specialization Email Phone Address Label Description Bio VisitNotes ClinicalText
            Reason EmergencyReason ChangeNote SubStatus Currency TimeZoneName Language);
    }

    #[test]
    fn what_looks_like_what_is_asked_for_is_settled_too(
        email in "[ ]?[A-Za-zÄİΣ0-9.+'-]{1,66}@[A-Za-zÄİΣ0-9-]{1,65}(\\.[A-Za-zÄİΣ0-9-]{1,9}){0,3}",
        phone in "[ +().0-9/٣-]{0,34}",
        language in "[A-Za-zé]{1,4}(-[A-Za-z0-9]{0,9}){0,4}",
        currency in "[A-Za-zÄ ]{2,4}",
        zone in proptest::sample::select(jiff::tz::db().available().map(|name| name.to_string()).collect::<Vec<_>>()),
        is_loud in any::<bool>(),
    ) {
        settled!(&email => Email);
        settled!(&phone => Phone);
        settled!(&language => Language);
        settled!(&currency => Currency);
        let zone = if is_loud { zone.to_uppercase() } else { zone };
        settled!(&zone => TimeZoneName);
    }
}
