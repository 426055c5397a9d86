//! What stands outside of the body: path, query, preconditions.
use crate::body::{for_people, parse_form};
use crate::problem::{FieldProblem, Problem};
use crate::times::Bound;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use http::{StatusCode, header};
use jiff::tz::TimeZone;
use prost_types::Timestamp;
use proto::scalars::TimeZoneName;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Required, Type};

/// Ids and names out of the path. One that is malformed is 400: there is no such address.
pub struct FromPath<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for FromPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        match path {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(rejection) => {
                let parameters = RawPathParams::from_request_parts(parts, state).await;
                let last = parameters.as_ref().ok().and_then(|parameters| parameters.iter().last());
                Err(bad_path(&rejection, last.map_or("", |(name, _)| name)))
            }
        }
    }
}

/// What is wrong with a path, whose last parameter is `last`.
fn bad_path(rejection: &PathRejection, last: &str) -> Problem {
    let problem = Problem::malformed("the path is malformed");
    let PathRejection::FailedToDeserializePathParams(error) = rejection else { return problem };
    let error = match error.kind() {
        ErrorKind::ParseErrorAtKey { key, expected_type, .. } => {
            FieldProblem::new(format!("/{key}"), "invalid", format!("must be {expected_type}"))
        }
        ErrorKind::DeserializeError { key, message, .. } => {
            FieldProblem::new(format!("/{key}"), "invalid", for_people(message))
        }
        ErrorKind::InvalidUtf8InPathParam { key } => {
            FieldProblem::new(format!("/{key}"), "invalid", "must be UTF-8")
        }
        // Axum leaves out the name of a parameter that is the only one, or no id; ids stand before those.
        ErrorKind::Message(message) => FieldProblem::new(format!("/{last}"), "invalid", for_people(message)),
        _ => return problem,
    };
    problem.with_errors(vec![error])
}

/// The parameters behind `?`. Those that are wrong or unknown are 422: a filter with a typing error must not
/// answer everything.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parse_form(parts.uri.query().unwrap_or_default().as_bytes()).map(Self)
    }
}

/// A whole number within bounds.
#[derive(Clone, Copy, Debug)]
pub struct Within<const MIN: i32, const MAX: i32>(i32);

/// How many items a page has, at most.
pub type Limit<const MAX: i32> = Within<1, MAX>;

impl<'de, const MIN: i32, const MAX: i32> Deserialize<'de> for Within<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match i32::deserialize(deserializer) {
            Ok(number) if (MIN..=MAX).contains(&number) => Ok(Self(number)),
            // That it is missing is for whoever knows its name to say.
            Err(error) if error.to_string().starts_with("missing field") => Err(error),
            _ => Err(D::Error::custom(format_args!("must be a whole number, {MIN} to {MAX}"))),
        }
    }
}

impl<const MIN: i32, const MAX: i32> Within<MIN, MAX> {
    pub fn get(self) -> i32 {
        self.0
    }

    /// The number, or 0 when there is none, which services take for "as usual".
    pub fn or_zero(number: Option<Self>) -> i32 {
        number.map_or(0, |Self(number)| number)
    }
}

/// Which page of a list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// Items on a page; 50 when absent.
    #[param(value_type = Option<i32>, minimum = 1, maximum = 200)]
    pub limit: Option<Limit<200>>,
    /// Where the page begins: from the `Link` of the page before.
    pub cursor: Option<String>,
}

impl Paging {
    /// Size and token of the page, as services take them.
    pub fn into_wire(self) -> (i32, String) {
        (Limit::or_zero(self.limit), self.cursor.unwrap_or_default())
    }
}

/// From when and until before when `start_date` and `end_date` go; days are those of `tz`, or else of UTC.
pub fn range(
    start_date: Option<Bound>,
    end_date: Option<Bound>,
    tz: Option<TimeZoneName>,
) -> Result<(Option<Timestamp>, Option<Timestamp>), Problem> {
    between(["start_date", "end_date"], start_date, end_date, tz)
}

/// [`range`] of parameters with other names.
pub fn between(
    [first, last]: [&str; 2],
    start_date: Option<Bound>,
    end_date: Option<Bound>,
    tz: Option<TimeZoneName>,
) -> Result<(Option<Timestamp>, Option<Timestamp>), Problem> {
    let zone = tz.and_then(|tz| TimeZone::get(tz.as_str()).ok()).unwrap_or(TimeZone::UTC);
    let from = start_date.and_then(|bound| bound.begin(&zone));
    let until = end_date.and_then(|bound| bound.end(&zone));
    let order = |at: Timestamp| (at.seconds, at.nanos);
    // The end of a day is the beginning of the next, which does not belong to the range.
    let is_day = matches!(end_date, Some(Bound::Day(_)));
    if let (Some(from), Some(until)) = (from.map(order), until.map(order))
        && (from > until || is_day && from == until)
    {
        return Err(Problem::invalid_field(&format!("/{last}"), &format!("must not lie before {first}")));
    }
    Ok((from, until))
}

/// The version that the `If-Match` header asks for: `"v3"`, or `*` for any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfMatch {
    Absent,
    Any,
    Version(i64),
}

impl IfMatch {
    /// As services take it: 0 is for any.
    pub fn expected_version(self) -> i64 {
        match self {
            Self::Absent | Self::Any => 0,
            Self::Version(version) => version,
        }
    }

    fn parse(value: &str) -> Option<Self> {
        if value == "*" {
            return Some(Self::Any);
        }
        let digits = value.strip_prefix("\"v")?.strip_suffix('"')?;
        // Tags are compared byte by byte, so that a version has one.
        if !digits.bytes().all(|b| b.is_ascii_digit()) || digits.starts_with('0') {
            return None;
        }
        digits.parse().ok().filter(|version| *version > 0).map(Self::Version)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(header::IF_MATCH).iter();
        let Some(value) = values.next() else { return Ok(Self::Absent) };
        let parsed = value.to_str().ok().and_then(|value| Self::parse(value.trim()));
        parsed
            .filter(|_| values.next().is_none())
            .ok_or_else(|| Problem::invalid_field("/if-match", "must be an ETag, for instance \"v3\", or *"))
    }
}

/// One certain version that the `If-Match` header asks for; 428 without.
pub struct RequiredIfMatch(pub i64);

impl<S: Send + Sync> FromRequestParts<S> for RequiredIfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match IfMatch::from_request_parts(parts, state).await? {
            IfMatch::Version(version) => Ok(Self(version)),
            IfMatch::Absent | IfMatch::Any => Err(Problem::new(
                StatusCode::PRECONDITION_REQUIRED,
                "precondition_required",
                "say in `If-Match` which version you have seen, as its ETag",
            )),
        }
    }
}

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![if_match(Required::False, r#"^(\*|"v[1-9]\d{0,17}")$"#)]
    }
}

impl IntoParams for RequiredIfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![if_match(Required::True, r#"^"v[1-9]\d{0,8}"$"#)]
    }
}

fn if_match(required: Required, pattern: &str) -> Parameter {
    let tag = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).examples(["\"v3\""]);
    ParameterBuilder::new()
        .name("If-Match")
        .parameter_in(ParameterIn::Header)
        .required(required)
        .description(Some("The ETag of the version that the caller has seen; 412 when there is a later one."))
        .schema(Some(tag))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_number_out_of_bounds_is_told_the_bounds() {
        for limit in ["0", "201", "-1", "", "x", "1.5", "99999999999999999999"] {
            let problem = parse_form::<Paging>(format!("limit={limit}").as_bytes()).err().unwrap();
            let expected = FieldProblem::new("/limit", "invalid", "must be a whole number, 1 to 200");
            assert_eq!(problem.errors(), [expected], "{limit}");
        }
        assert_eq!(parse_form::<Paging>(b"limit=200").unwrap().into_wire(), (200, String::new()));
    }

    #[test]
    fn a_range_ends_after_it_begins() {
        let bound = |text: &str| (!text.is_empty()).then(|| text.to_owned().try_into().unwrap());
        for (from, until) in
            [("2030-01-07", "2030-01-07"), ("2030-01-07T10:00:00Z", "2030-01-07"), ("", "2030-01-07")]
        {
            assert!(range(bound(from), bound(until), None).is_ok(), "{from} {until}");
        }
        for (from, until) in [("2030-01-08", "2030-01-07"), ("2030-01-07T10:00:00Z", "2030-01-07T09:00:00Z")]
        {
            let problem = range(bound(from), bound(until), None).unwrap_err();
            assert_eq!(problem.errors()[0].pointer, "/end_date", "{from} {until}");
        }
    }

    #[test]
    fn if_match_names_one_version_or_any() {
        assert_eq!(IfMatch::parse("\"v3\""), Some(IfMatch::Version(3)));
        assert_eq!(IfMatch::parse("*"), Some(IfMatch::Any));
        for wrong in [
            "",
            "v3",
            "\"3\"",
            "W/\"v3\"",
            "\"v0\"",
            "\"v03\"",
            "\"v-1\"",
            "\"v+1\"",
            "\"v1\", \"v2\"",
            "\"v99999999999999999999\"",
        ] {
            assert_eq!(IfMatch::parse(wrong), None, "{wrong}");
        }
    }
    proptest! {
        #[test]
        fn a_version_has_one_tag(version in 1..=i64::MAX, text in r#"(W/)?"?v[0-9+-]{0,3}"?"#) {
            prop_assert_eq!(IfMatch::parse(&format!("\"v{version}\"")), Some(IfMatch::Version(version)));
            if let Some(IfMatch::Version(version)) = IfMatch::parse(&text) {
                prop_assert_eq!(format!("\"v{version}\""), text);
            }
        }
    }
}
