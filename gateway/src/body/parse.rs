//! Reading JSON and forms, and all that is wrong with them.
use crate::pointer::{to_member, to_value};
use crate::problem::{FieldProblem, Problem};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt::Display;
use utoipa::PartialSchema;
use utoipa::openapi::{RefOr, Schema};

/// Wrong fields that are told, at most.
const MAX_ERRORS: usize = 50;

/// Reads a JSON body.
pub(super) fn parse<T: DeserializeOwned + PartialSchema>(body: &[u8]) -> Result<T, Problem> {
    let malformed = || Problem::malformed("the body is not JSON");
    let mut json = serde_json::Deserializer::from_slice(body);
    let error = match serde_path_to_error::deserialize(&mut json) {
        Ok(value) => return json.end().map(|()| value).map_err(|_| malformed()),
        Err(error) => error,
    };
    if !error.inner().is_data() {
        return Err(malformed());
    }
    // Only what stands twice is lost on the way through `Value`.
    let first = field_problem(&error);
    if first.code == "duplicate" {
        return Err(Problem::invalid(vec![first]));
    }
    let body: Value = serde_json::from_slice(body).map_err(|_| malformed())?;
    let missing = missing::<T>(&body);
    let mut problems = all_problems::<T>(body);
    // serde finds one missing field at a time.
    problems.extend(missing.into_iter().filter(|missing| !is_known(&problems, missing)).collect::<Vec<_>>());
    Err(Problem::invalid(problems))
}

/// The fields that `body` lacks, as far as the document requires them.
fn missing<T: PartialSchema>(body: &Value) -> Vec<FieldProblem> {
    let (RefOr::T(Schema::Object(schema)), Value::Object(members)) = (T::schema(), body) else {
        return vec![];
    };
    let lacking = schema.required.iter().filter(|name| !members.contains_key(*name));
    lacking.map(|name| FieldProblem::new(to_member("", name), "missing", "is required")).collect()
}

fn is_known(problems: &[FieldProblem], problem: &FieldProblem) -> bool {
    problems.iter().any(|known| known.pointer == problem.pointer)
}

/// Reads what is written like a query: queries and forms.
pub fn parse_form<T: DeserializeOwned>(form: &[u8]) -> Result<T, Problem> {
    let form: Form = form_urlencoded::parse(form).into_owned().collect();
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

impl Input for Value {
    fn read<T: DeserializeOwned>(&self) -> Result<T, FieldProblem> {
        serde_path_to_error::deserialize(self).map_err(|error| field_problem(&error))
    }

    fn take_away(&mut self, pointer: &str) -> bool {
        let Some((parent, name)) = pointer.rsplit_once('/') else { return false };
        match self.pointer_mut(parent) {
            Some(Self::Object(members)) => {
                members.remove(&name.replace("~1", "/").replace("~0", "~")).is_some()
            }
            // The others must keep their places, or they would be named wrongly.
            _ => false,
        }
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

fn for_people(message: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or(message);
    let is_serdes = ["invalid type: ", "invalid value: ", "invalid length ", "unknown variant "]
        .iter()
        .any(|prefix| message.starts_with(prefix));
    match message.rsplit_once(", expected ") {
        Some((_, "i32")) if is_serdes => "must be a whole number".to_owned(),
        Some((_, expected)) if is_serdes => format!("must be {expected}"),
        _ if message.starts_with("UUID parsing failed") => "must be a UUID".to_owned(),
        _ if message == "invalid digit found in string" => "must be a whole number".to_owned(),
        _ => message.to_owned(),
    }
}

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
    fn every_wrong_parameter_is_named_at_once() {
        let problem = parse_form::<Person>(b"name=A&age=x&colour=red&email=no").unwrap_err();
        let errors: Vec<_> = problem.errors().iter().map(|error| (&*error.pointer, &*error.code)).collect();
        assert_eq!(errors, [("/age", "invalid"), ("/colour", "unknown"), ("/email", "invalid")]);
    }

    #[test]
    fn serdes_words_are_put_for_people() {
        for (theirs, ours) in [
            ("invalid type: integer `5`, expected a string at line 1 column 9", "must be a string"),
            ("invalid type: null, expected a boolean", "must be a boolean"),
            ("unknown variant `x`, expected `a` or `b`", "must be `a` or `b`"),
            ("unknown variant `x`, expected one of `a`, `b`, `c`", "must be one of `a`, `b`, `c`"),
            ("UUID parsing failed: invalid length", "must be a UUID"),
            ("invalid digit found in string", "must be a whole number"),
            ("invalid type: floating point `2.5`, expected i32", "must be a whole number"),
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
