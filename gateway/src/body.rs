//! Request bodies: read whole, checked whole, and what is wrong is named.
use crate::pointer;
use crate::problem::{FieldProblem, Problem};
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, OptionalFromRequest, Request};
use axum::response::IntoResponse as _;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;

/// Longest time that a client may take to send a body.
const PATIENCE: Duration = Duration::from_secs(4);
/// Wrong fields that are told, at most.
const MAX_ERRORS: usize = 50;

/// A JSON body.
pub struct Json<T>(pub T);

/// A body as HTML forms and OAuth 2 clients send it, or as JSON.
pub struct JsonOrForm<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !has_type(request.headers(), "application/json") {
            return Err(unsupported("application/json"));
        }
        parse(&read(request, state).await?).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> OptionalFromRequest<S> for Json<T> {
    type Rejection = Problem;

    /// None when the body is empty, whatever its type.
    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Problem> {
        let is_json = has_type(request.headers(), "application/json");
        let body = read(request, state).await?;
        if body.is_empty() {
            return Ok(None);
        }
        if !is_json {
            return Err(unsupported("application/json"));
        }
        parse(&body).map(|body| Some(Self(body)))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonOrForm<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if has_type(request.headers(), "application/json") {
            return parse(&read(request, state).await?).map(Self);
        }
        if has_type(request.headers(), "application/x-www-form-urlencoded") {
            let body = read(request, state).await?;
            return parse_form(&body).map(Self);
        }
        Err(unsupported("application/json or application/x-www-form-urlencoded"))
    }
}

fn has_type(headers: &HeaderMap, wanted: &str) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next()).unwrap_or_default();
    // An encoded body would have to be unpacked first, to who knows what size.
    essence.trim().eq_ignore_ascii_case(wanted) && !headers.contains_key(header::CONTENT_ENCODING)
}

fn unsupported(wanted: &str) -> Problem {
    let detail = format!("the body must be {wanted}, without content encoding");
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
}

async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    let too_slow =
        |_| Problem::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "the body came too slowly");
    let body = tokio::time::timeout(PATIENCE, Bytes::from_request(request, state)).await.map_err(too_slow)?;
    body.map_err(|rejection: BytesRejection| {
        if rejection.into_response().status() == StatusCode::PAYLOAD_TOO_LARGE {
            return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "content_too_large", "the body is too large");
        }
        Problem::malformed("the body could not be read to its end")
    })
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let parsed = serde_path_to_error::deserialize(&mut deserializer);
    let error = match parsed {
        Ok(value) => {
            return deserializer
                .end()
                .map(|()| value)
                .map_err(|_| Problem::malformed("the body is not JSON"));
        }
        Err(error) => error,
    };
    if !error.inner().is_data() {
        return Err(Problem::malformed("the body is not JSON"));
    }
    let first = field_problem(&pointer::to_value(error.path()), &error.inner().to_string());
    // Only what stands twice is lost on the way through `Value`.
    if first.code == "duplicate" {
        return Err(Problem::invalid(vec![first]));
    }
    match serde_json::from_slice(body) {
        Ok(body) => Err(Problem::invalid(all_problems::<T>(body))),
        Err(_) => Err(Problem::malformed("the body is not JSON")),
    }
}

/// Everything that is wrong with `body`: serde stops at the first error, so each is taken away and the rest is
/// read again.
fn all_problems<T: DeserializeOwned>(mut body: Value) -> Vec<FieldProblem> {
    let mut problems: Vec<FieldProblem> = Vec::new();
    while problems.len() < MAX_ERRORS {
        let Err(error) = serde_path_to_error::deserialize::<_, T>(&body) else { break };
        let problem = field_problem(&pointer::to_value(error.path()), &error.inner().to_string());
        let is_known = problems.iter().any(|known| known.pointer == problem.pointer);
        let next = problem.pointer.clone();
        if !is_known {
            problems.push(problem);
        }
        // What is required and was taken away is found missing now, and so ends the search.
        if is_known || !take_away(&mut body, &next) {
            break;
        }
    }
    problems
}

/// Takes the member that `pointer` points to out of its object.
fn take_away(body: &mut Value, pointer: &str) -> bool {
    let Some((parent, name)) = pointer.rsplit_once('/') else { return false };
    let name = name.replace("~1", "/").replace("~0", "~");
    match body.pointer_mut(parent) {
        Some(Value::Object(members)) => members.remove(&name).is_some(),
        Some(Value::Array(items)) => match name.parse::<usize>() {
            Ok(index) if index < items.len() => {
                items.remove(index);
                true
            }
            _ => false,
        },
        _ => false,
    }
}

/// Reads what is written like a query: queries and forms.
pub fn parse_form<T: DeserializeOwned>(form: &[u8]) -> Result<T, Problem> {
    let deserializer = serde_urlencoded::Deserializer::new(form_urlencoded::parse(form));
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let problem = field_problem(&pointer::to_value(error.path()), &error.inner().to_string());
        Problem::invalid(vec![problem])
    })
}

/// Says for people and programs what serde says for programmers.
fn field_problem(at: &str, message: &str) -> FieldProblem {
    let message = message.split(" at line ").next().unwrap_or(message);
    let named = |prefix: &str| message.strip_prefix(prefix)?.split('`').next();
    if let Some(name) = named("missing field `") {
        FieldProblem::new(pointer::to_member(at, name), "missing", "is required")
    } else if let Some(name) = named("unknown field `") {
        // Some paths end with the unknown name, others before it.
        let member = pointer::to_member("", name);
        let parent = at.strip_suffix(&member).unwrap_or(at);
        FieldProblem::new(format!("{parent}{member}"), "unknown", "is not known here")
    } else if let Some(name) = named("duplicate field `") {
        let member = pointer::to_member("", name);
        let parent = at.strip_suffix(&member).unwrap_or(at);
        FieldProblem::new(format!("{parent}{member}"), "duplicate", "is given twice")
    } else {
        FieldProblem::new(at, "invalid", message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::scalars::{Email, PersonName};
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it can be read matters")]
    struct Person {
        name: PersonName,
        email: Option<Email>,
        age: u8,
        #[serde(default)]
        friends: Vec<Friend>,
    }

    #[derive(Debug, Deserialize)]
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
    fn a_missing_field_is_named_and_so_is_one_given_twice() {
        assert_eq!(wrong(r#"{"age": 1}"#), (422, vec![named("/name", "missing")]));
        assert_eq!(wrong(r#"{"name":"A","name":"B","age":1}"#), (422, vec![named("/name", "duplicate")]));
        assert_eq!(wrong("[]"), (422, vec![named("", "invalid")]));
    }

    #[test]
    fn nul_is_no_text() {
        assert_eq!(wrong(r#"{"name":"A\u0000","age":1}"#), (422, vec![named("/name", "invalid")]));
    }
}
