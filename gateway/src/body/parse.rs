//! Reading JSON and forms, and all that is wrong with them.
use super::tree::Tree;
use crate::pointer::{to_member, to_value};
use crate::problem::{FieldProblem, Problem};
use serde::de::DeserializeOwned;
use std::fmt::Display;
use utoipa::PartialSchema;
use utoipa::openapi::{RefOr, Schema};

/// Wrong fields that are told, at most.
const MAX_ERRORS: usize = 50;

/// Reads a JSON body.
pub(super) fn parse<T: DeserializeOwned + PartialSchema>(body: &[u8]) -> Result<T, Problem> {
    let body: Tree = serde_json::from_slice(body).map_err(|_| Problem::malformed("the body is not JSON"))?;
    body.read().map_err(|_| {
        let missing = missing::<T>(&body);
        let mut problems = all_problems::<T>(body);
        // serde finds one missing field at a time.
        let others = missing.into_iter().filter(|missing| !is_known(&problems, missing));
        problems.extend(others.collect::<Vec<_>>());
        Problem::invalid(problems)
    })
}

/// The fields that `body` lacks, as far as the document requires them.
fn missing<T: PartialSchema>(body: &Tree) -> Vec<FieldProblem> {
    let (RefOr::T(Schema::Object(schema)), Tree::Object(members)) = (T::schema(), body) else {
        return vec![];
    };
    let is_there = |name: &String| members.iter().any(|(member, _)| member == name);
    let lacking = schema.required.iter().filter(|name| !is_there(name));
    lacking.map(|name| FieldProblem::new(to_member("", name), "missing", "is required")).collect()
}

fn is_known(problems: &[FieldProblem], problem: &FieldProblem) -> bool {
    problems.iter().any(|known| known.pointer == problem.pointer)
}

/// Reads what is written like a query: queries and forms.
pub fn parse_form<T: DeserializeOwned>(form: &[u8]) -> Result<T, Problem> {
    let form: Form = form_urlencoded::parse(form).into_owned().collect();
    // What is not UTF-8 has been replaced.
    let is_garbled =
        |(name, value): &&(String, String)| name.contains('\u{fffd}') || value.contains('\u{fffd}');
    if let Some((name, _)) = form.iter().find(is_garbled) {
        let wrong = FieldProblem::new(to_member("", name), "invalid", "must be UTF-8");
        return Err(Problem::malformed("the parameters are malformed").with_errors(vec![wrong]));
    }
    form.read().map_err(|_| Problem::invalid(all_problems::<T>(form)))
}

type Form = Vec<(String, String)>;

/// What can be read once more without a part that was wrong.
trait Input {
    fn read<T: DeserializeOwned>(&self) -> Result<T, FieldProblem>;

    /// Takes away what `pointer` points to; false when there is no such thing.
    fn take_away(&mut self, pointer: &str) -> bool;
}

/// Everything that is wrong with `input`: serde stops at the first error, so each is taken away and the rest is read
/// again.
fn all_problems<T: DeserializeOwned>(mut input: impl Input) -> Vec<FieldProblem> {
    let mut problems: Vec<FieldProblem> = Vec::new();
    while problems.len() < MAX_ERRORS
        && let Err(problem) = input.read::<T>()
    {
        // What is required and was taken away is found missing now, and so ends the search.
        if is_known(&problems, &problem) {
            break;
        }
        let is_there = input.take_away(&problem.pointer);
        problems.push(problem);
        if !is_there {
            break;
        }
    }
    problems
}

impl Input for Tree {
    fn read<T: DeserializeOwned>(&self) -> Result<T, FieldProblem> {
        serde_path_to_error::deserialize(self).map_err(|error| field_problem(&error))
    }

    fn take_away(&mut self, pointer: &str) -> bool {
        let Some((parent, name)) = pointer.rsplit_once('/') else { return false };
        // Items of arrays must keep their places, or the others would be named wrongly.
        let Some(members) = self.members_at(parent) else { return false };
        let before = members.len();
        members.retain(|(member, _)| to_member("", member) != format!("/{name}"));
        members.len() < before
    }
}

impl Input for Form {
    fn read<T: DeserializeOwned>(&self) -> Result<T, FieldProblem> {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(self).finish();
        let form = serde_urlencoded::Deserializer::new(form_urlencoded::parse(form.as_bytes()));
        serde_path_to_error::deserialize(form).map_err(|error| field_problem(&error))
    }

    fn take_away(&mut self, pointer: &str) -> bool {
        let before = self.len();
        self.retain(|(name, _)| to_member("", name) != pointer);
        self.len() < before
    }
}

/// Says for people and programs what serde says for programmers.
fn field_problem<E: Display>(error: &serde_path_to_error::Error<E>) -> FieldProblem {
    let (at, message) = (to_value(error.path()), error.inner().to_string());
    let named = |prefix: &str| message.strip_prefix(prefix)?.split('`').next();
    // Some paths end with the name that is unknown or stands twice, others before it.
    let member = |name: &str| {
        let member = to_member("", name);
        format!("{}{member}", at.strip_suffix(&member).unwrap_or(&at))
    };
    if let Some(name) = named("missing field `") {
        FieldProblem::new(to_member(&at, name), "missing", "is required")
    } else if let Some(name) = named("unknown field `") {
        FieldProblem::new(member(name), "unknown", "is not known here")
    } else if let Some(name) = named("duplicate field `") {
        FieldProblem::new(member(name), "duplicate", "is given twice")
    } else {
        FieldProblem::new(at, "invalid", for_people(&message))
    }
}

/// What serde and the standard library say, without the words of Rust.
pub fn for_people(message: &str) -> String {
    let is_serdes = ["invalid type: ", "invalid value: ", "unknown variant "]
        .iter()
        .any(|prefix| message.starts_with(prefix));
    match message.rsplit_once(", expected ") {
        Some((_, "i32" | "i64" | "u8")) if message.starts_with("invalid value: ") => OUT_OF_RANGE.to_owned(),
        Some((_, expected)) if is_serdes => format!("must be {expected}"),
        _ if message.starts_with("UUID parsing failed") => "must be a UUID".to_owned(),
        _ if message.starts_with("number too ") => OUT_OF_RANGE.to_owned(),
        _ if message.ends_with("digit found in string") || message.ends_with("integer from empty string") => {
            "must be a whole number".to_owned()
        }
        _ => message.to_owned(),
    }
}

const OUT_OF_RANGE: &str = "is out of range";

#[cfg(test)]
mod tests {
    use super::*;
    use proto::scalars::{Email, PersonName};
    use serde::Deserialize;
    use utoipa::ToSchema;

    #[derive(Debug, Deserialize, ToSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it can be read matters")]
    struct Person {
        name: PersonName,
        email: Option<Email>,
        age: u8,
        is_old: Option<bool>,
        #[serde(default)]
        friends: Vec<Friend>,
    }

    #[derive(Debug, Deserialize, ToSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it can be read matters")]
    struct Friend {
        name: PersonName,
    }

    fn wrong(body: &str) -> (u16, Vec<(String, String)>) {
        let problem = parse::<Person>(body.as_bytes()).unwrap_err();
        let errors = problem.errors().iter().map(|error| (error.pointer.clone(), error.code.clone()));
        (problem.status().as_u16(), errors.collect())
    }

    fn named(pointer: &str, code: &str) -> (String, String) {
        (pointer.to_owned(), code.to_owned())
    }

    #[test]
    fn what_is_no_json_is_malformed() {
        for body in
            ["", "{", "{\"name\":\"Ada\",\"age\":1} x", "{\"name\":\"\\ud800\",\"age\":1}", "\u{feff}{}"]
        {
            assert_eq!(wrong(body), (400, vec![]), "{body}");
        }
        assert_eq!(wrong(&"[".repeat(100_000)).0, 400);
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let body = r#"{"email": "no", "age": "old", "colour": 1, "friends": [{"name": "B"}, {"name": 5}]}"#;
        let (status, errors) = wrong(body);
        assert_eq!(status, 422);
        let expected = [
            named("/email", "invalid"),
            named("/age", "invalid"),
            named("/colour", "unknown"),
            named("/friends/1/name", "invalid"),
            named("/friends/1/name", "missing"),
            named("/name", "missing"),
        ];
        for error in &errors {
            assert!(expected.contains(error), "{error:?}");
        }
        for pointer in ["/email", "/age", "/colour", "/friends/1/name"] {
            assert!(errors.iter().any(|(named, _)| named == pointer), "{pointer} in {errors:?}");
        }
    }

    #[test]
    fn missing_fields_are_named_and_so_is_one_given_twice() {
        assert_eq!(wrong(r#"{"age": 1}"#), (422, vec![named("/name", "missing")]));
        assert_eq!(wrong("{}"), (422, vec![named("/name", "missing"), named("/age", "missing")]));
        let (_, errors) = wrong(r#"{"email": "no", "name": 5}"#);
        assert_eq!(errors, [named("/email", "invalid"), named("/name", "invalid"), named("/age", "missing")]);
        assert_eq!(wrong(r#"{"name":"A","name":"B","age":1}"#), (422, vec![named("/name", "duplicate")]));
        assert_eq!(wrong("[]"), (422, vec![named("", "invalid")]));
    }

    #[test]
    fn each_wrong_type_is_named_as_json_calls_it() {
        for (body, pointer, detail) in [
            (r#"["A", null, 1, []]"#, "", "must be an object"),
            (r#"{"name":"A","age":1,"friends":[["B"]]}"#, "/friends/0", "must be an object"),
            (r#"{"name":"A","age":1,"friends":{}}"#, "/friends", "must be an array"),
            (r#"{"name":["A"],"age":1}"#, "/name", "must be a string"),
            (r#"{"name":"A","age":1.5}"#, "/age", "must be a whole number"),
            (r#"{"name":"A","age":"1"}"#, "/age", "must be a whole number"),
            (r#"{"name":"A","age":300}"#, "/age", "is out of range"),
            (r#"{"name":"A","age":1,"is_old":"no"}"#, "/is_old", "must be true or false"),
        ] {
            let problem = parse::<Person>(body.as_bytes()).unwrap_err();
            let FieldProblem { pointer: found, detail: told, .. } = &problem.errors()[0];
            assert_eq!((found.as_str(), told.as_str()), (pointer, detail), "{body}");
        }
    }

    #[test]
    fn a_whole_number_may_be_written_with_a_fraction_of_nothing() {
        for age in ["7.0", "7e0", "70e-1", "0.7e1"] {
            let body = format!("{{\"name\":\"A\",\"age\":{age}}}");
            assert_eq!(parse::<Person>(body.as_bytes()).unwrap().age, 7, "{age}");
        }
        assert_eq!(wrong(r#"{"name":"A","age":1e20}"#), (422, vec![named("/age", "invalid")]));
    }

    #[test]
    fn every_wrong_parameter_is_named_at_once() {
        let problem = parse_form::<Person>(b"name=A&age=x&colour=red&email=no").unwrap_err();
        let errors: Vec<_> = problem.errors().iter().map(|error| (&*error.pointer, &*error.code)).collect();
        assert_eq!(errors, [("/age", "invalid"), ("/colour", "unknown"), ("/email", "invalid")]);
        let problem = parse_form::<Person>(b"name=%FF%FE&age=1").unwrap_err();
        let expected = FieldProblem::new("/name", "invalid", "must be UTF-8");
        assert_eq!((problem.status().as_u16(), problem.errors()), (400, [expected].as_slice()));
    }

    #[test]
    fn serdes_words_are_put_for_people() {
        for (theirs, ours) in [
            ("unknown variant `x`, expected `a` or `b`", "must be `a` or `b`"),
            ("unknown variant `x`, expected one of `a`, `b`, `c`", "must be one of `a`, `b`, `c`"),
            ("invalid value: integer `3000000000`, expected i32", "is out of range"),
            ("number too large to fit in target type", "is out of range"),
            ("UUID parsing failed: invalid length", "must be a UUID"),
            ("invalid digit found in string", "must be a whole number"),
            ("cannot parse integer from empty string", "must be a whole number"),
            ("must be an e-mail address", "must be an e-mail address"),
        ] {
            assert_eq!(for_people(theirs), ours);
        }
    }

    #[test]
    fn nul_is_no_text() {
        assert_eq!(wrong(r#"{"name":"A\u0000","age":1}"#), (422, vec![named("/name", "invalid")]));
    }
}
