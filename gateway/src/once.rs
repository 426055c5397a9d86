//! Requests that are carried out once however often they are sent: their name, and what their answer says of it
//! (draft-ietf-httpapi-idempotency-key-header).
use crate::problem::Problem;
use crate::reply::text_header;
use crate::times::Garbled;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{self, ObjectBuilder, RefOr, Required, Type};
use utoipa::{IntoParams, IntoResponses};

pub const KEY: HeaderName = HeaderName::from_static("idempotency-key");
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// How long a name is, in printable ASCII characters.
const LENGTH: RangeInclusive<usize> = 8..=64;

/// The name of a request, if it has one.
pub struct IdempotencyKey(Option<String>);

impl From<IdempotencyKey> for String {
    /// As services take it: empty when there is none.
    fn from(IdempotencyKey(key): IdempotencyKey) -> Self {
        key.unwrap_or_default()
    }
}

fn parse(value: &HeaderValue) -> Option<&str> {
    let text = value.to_str().ok()?.trim();
    // The draft has a quoted string, most clients send it bare.
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    (LENGTH.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())).then_some(text)
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(&KEY).iter();
        let Some(value) = values.next() else { return Ok(Self(None)) };
        let key = parse(value).filter(|_| values.next().is_none());
        key.map(|key| Self(Some(key.to_owned()))).ok_or_else(|| {
            Problem::invalid_field(
                "/idempotency-key",
                "must be 8 to 64 printable ASCII characters without spaces",
            )
        })
    }
}

impl IntoParams for IdempotencyKey {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let key = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[!-~]{8,66}$"));
        let parameter = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(
                "Names this request of this account, so that it is carried out once however often it is sent within \
                 24 hours. 422 `idempotency_key_reused` for another request of the same name, to whichever \
                 operation; 409 `idempotency_in_progress` while the first is under way. What was refused is not \
                 remembered.",
            ))
            .schema(Some(key.examples(["0198c5a4-7c1e-7d3a-9d8e-2f1b6a5c4d3e"])))
            .build();
        vec![parameter]
    }
}

/// An answer, and whether it is that of an earlier request of the same name.
pub struct Once<R> {
    answer: R,
    is_replayed: bool,
}

impl<R> Once<R> {
    /// What a service answered, shown as `show` shows it.
    pub fn of<M, T>(response: tonic::Response<M>, show: impl FnOnce(T) -> R) -> Result<Self, Problem>
    where
        T: TryFrom<M, Error = Garbled>,
    {
        let is_replayed = response.metadata().get(REPLAYED.as_str()).is_some_and(|value| value == "true");
        Ok(Self { answer: show(response.into_inner().try_into()?), is_replayed })
    }
}

impl<R: IntoResponse> IntoResponse for Once<R> {
    fn into_response(self) -> Response {
        let mut response = self.answer.into_response();
        if self.is_replayed {
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

impl<R: IntoResponses> IntoResponses for Once<R> {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        let mut responses = R::responses();
        for response in responses.values_mut() {
            if let RefOr::T(response) = response {
                let header =
                    text_header("The request was carried out before, and this was its answer.", "true");
                response.headers.insert("Idempotent-Replayed".to_owned(), header.into());
            }
        }
        responses
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_is_printable_and_neither_short_nor_long() {
        let read = |text: &str| parse(&HeaderValue::from_str(text).unwrap()).map(str::to_owned);
        assert_eq!(read("8f3e2c1a").as_deref(), Some("8f3e2c1a"));
        assert_eq!(read("\"8f3e2c1a\"").as_deref(), Some("8f3e2c1a"));
        for wrong in ["", "1234567", "with a space", "\"1234567\"", &"x".repeat(65)] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
    proptest! {
        #[test]
        fn a_name_is_the_same_bare_and_quoted(key in "[!-~]{8,64}", noise in prop::collection::vec(any::<u8>(), 0..80)) {
            let read = |text: &[u8]| parse(&HeaderValue::from_bytes(text).ok()?).map(str::to_owned);
            let quoted = format!("\"{key}\"");
            prop_assert_eq!(read(quoted.as_bytes()), Some(key.clone()));
            if !key.starts_with('"') {
                prop_assert_eq!(read(key.as_bytes()), Some(key));
            }
            if let Some(key) = read(&noise) {
                prop_assert!(LENGTH.contains(&key.len()) && key.bytes().all(|byte| (b'!'..=b'~').contains(&byte)));
            }
        }
    }
}
