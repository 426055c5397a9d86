//! Whatever stands in a body, it is read as it was meant, or what is wrong with it is named.
use super::parse::{parse, parse_form};
use crate::pointer::to_member;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};

/// A body of which everything is known.
#[derive(Debug, PartialEq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Visit {
    name: String,
    minutes: i32,
    version: i64,
    weight: Option<f64>,
    is_late: Option<bool>,
    #[serde(default)]
    guests: Vec<Guest>,
}

#[derive(Debug, PartialEq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Guest {
    name: String,
    age: Option<u8>,
}

/// A body that may be anything.
#[derive(Debug, Deserialize)]
struct Anything(Value);

impl utoipa::PartialSchema for Anything {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().into()
    }
}

fn any_number() -> impl Strategy<Value = Value> {
    let edges = [0, 1, -1, 255, 256, i64::from(i32::MAX) + 1, i64::MAX, i64::MIN, 1 << 53, (1 << 53) + 1];
    prop_oneof![
        any::<i32>().prop_map(Value::from),
        proptest::sample::select(edges.to_vec()).prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any_number(),
        "(?s).{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let name = prop_oneof!["[a-z/~]{0,3}", "name|minutes|version|weight|is_late|guests|age"];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(name, inner, 0..4).prop_map(|members| Map::from_iter(members).into()),
        ]
    })
}

/// A body as it should be, but for some members.
fn nearly_a_visit() -> impl Strategy<Value = Value> {
    let guest = json!({ "name": "Bob", "age": 7 });
    let good = json!({ "name": "Ada", "minutes": 30, "version": 1, "guests": [guest, guest] });
    let place = proptest::sample::select(vec!["", "/guests/0", "/guests/1", "/guests"]);
    let name = prop_oneof!["name|minutes|version|weight|is_late|guests|age", "[a-z/~ü]{0,2}"];
    vec((place, name, proptest::option::of(any_json())), 0..4).prop_map(move |changes| {
        let mut body = good.clone();
        for (place, name, value) in changes {
            match (body.pointer_mut(place), value) {
                (Some(Value::Object(members)), Some(value)) => drop(members.insert(name, value)),
                (Some(Value::Object(members)), None) => drop(members.remove(&name)),
                (Some(Value::Array(items)), Some(value)) => items.push(value),
                _ => {}
            }
        }
        body
    })
}

/// JSON, perhaps with something about it that JSON does not have.
fn nearly_json() -> impl Strategy<Value = Vec<u8>> {
    let snippets = [
        "\u{feff}",
        "\\ud800",
        "\\u0000",
        "\0",
        "1e400",
        "-0",
        "01",
        "NaN",
        "9223372036854775808",
        "1e-400",
        "\"a\":1,\"a\":2",
        ",",
        ":",
        "\"",
        "\\",
        "[[",
        "]]",
        "{",
        "}",
        "null",
        " ",
        "\\ud83d\\ude00",
        "//",
        "'",
    ];
    let edit = (any::<prop::sample::Index>(), 0..3usize, proptest::sample::select(snippets.to_vec()));
    let edits = vec(edit, 0..3);
    (any_json(), edits, proptest::option::weighted(0.1, any::<u8>())).prop_map(|(json, edits, byte)| {
        let mut text = json.to_string().into_bytes();
        for (at, cut, put) in edits {
            let at = at.index(text.len() + 1);
            text.splice(at..(at + cut).min(text.len()), put.bytes());
        }
        text.extend(byte);
        text
    })
}

/// As JSON Schema sees numbers: `3.0` is 3.
fn whole(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => match number.as_f64() {
            #[expect(clippy::cast_possible_truncation, reason = "it is whole, and no larger than any i64")]
            Some(float) if float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0 => {
                (float as i64).into()
            }
            _ => Value::Number(number),
        },
        Value::Array(items) => items.into_iter().map(whole).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, whole(value))).collect::<Map<_, _>>().into()
        }
        other => other,
    }
}

/// Whether `pointer` leads to something in `body`, or to a place in an object where something could be.
fn leads_somewhere(body: &Value, pointer: &str) -> bool {
    let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
    body.pointer(pointer).is_some() || body.pointer(parent).is_some_and(Value::is_object)
}

proptest! {
    #[test]
    fn a_body_is_json_for_us_exactly_if_it_is_for_serde_json_and_then_the_same(body in nearly_json()) {
        match (parse::<Anything>(&body), serde_json::from_slice::<Value>(&body)) {
            (Ok(Anything(ours)), Ok(theirs)) => prop_assert_eq!(ours, whole(theirs)),
            (Err(problem), Err(_)) => prop_assert_eq!(problem.status().as_u16(), 400),
            (ours, theirs) => prop_assert!(false, "{:?} but {theirs:?}", ours.is_ok()),
        }
    }

    #[test]
    fn what_is_read_is_what_was_sent_and_what_is_not_is_named(body in nearly_a_visit()) {
        let text = body.to_string();
        match parse::<Visit>(text.as_bytes()) {
            Ok(visit) => {
                prop_assert_eq!(&visit, &serde_json::from_value::<Visit>(whole(body)).unwrap());
                let again = serde_json::to_vec(&visit).unwrap();
                prop_assert_eq!(parse::<Visit>(&again).unwrap(), visit);
            }
            Err(problem) => {
                prop_assert_eq!(problem.status().as_u16(), 422);
                prop_assert!(!problem.errors().is_empty());
                for error in problem.errors() {
                    prop_assert!(leads_somewhere(&body, &error.pointer), "{} in {text}", error.pointer);
                    prop_assert!(!error.detail.is_empty());
                }
                prop_assert!(serde_json::from_value::<Visit>(whole(body.clone())).is_err() || has_array_for_object(&body));
            }
        }
    }

    #[test]
    fn a_form_is_read_as_it_was_written(pairs in vec(("(?s)[^\u{fffd}]{0,6}", "(?s)[^\u{fffd}]{0,6}"), 0..5)) {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
        prop_assert_eq!(parse_form::<Vec<(String, String)>>(form.as_bytes()).unwrap(), pairs);
    }

    #[test]
    fn bytes_that_are_no_form_are_named_by_their_parameter(form in vec(prop_oneof![Just(b'&'), Just(b'='), Just(b'%'), any::<u8>()], 0..20)) {
        match parse_form::<Vec<(String, String)>>(&form) {
            Ok(pairs) => {
                let is_garbled = pairs.iter().any(|(name, value)| (name.clone() + value).contains('\u{fffd}'));
                prop_assert!(!is_garbled);
            }
            Err(problem) => prop_assert_eq!((problem.status().as_u16(), problem.errors().len()), (400, 1)),
        }
    }

    #[test]
    fn a_wrong_form_is_named_by_what_it_has_or_lacks(pairs in vec(("username|password|scope|client", "[a-z]{0,3}"), 0..5)) {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
        let count = |wanted: &str| pairs.iter().filter(|(name, _)| name == wanted).count();
        let is_good = count("username") == 1 && count("password") == 1 && count("scope") <= 1 && count("client") == 0;
        match parse_form::<LogIn>(form.as_bytes()) {
            Ok(LogIn { username, .. }) => {
                prop_assert!(is_good);
                prop_assert!(pairs.contains(&("username".to_owned(), username)));
            }
            Err(problem) => {
                prop_assert!(!is_good);
                prop_assert_eq!(problem.status().as_u16(), 422);
                for error in problem.errors() {
                    let there = pairs.iter().filter(|(name, _)| to_member("", name) == error.pointer).count();
                    let expected = match error.code.as_ref() {
                        "missing" => there == 0,
                        "duplicate" => there > 1,
                        _ => there > 0,
                    };
                    prop_assert!(expected, "{} {} of {form}", error.pointer, error.code);
                }
            }
        }
    }
}

/// What OAuth 2 clients send.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only whether it can be read matters")]
struct LogIn {
    username: String,
    password: String,
    scope: Option<String>,
}

/// serde_json takes an array for an object with nameless members, which no client means.
fn has_array_for_object(body: &Value) -> bool {
    body.pointer("/guests").and_then(Value::as_array).is_some_and(|guests| guests.iter().any(Value::is_array))
}
