//! Request bodies: read whole, checked whole, and what is wrong is named.
use crate::problem::Problem;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, OptionalFromRequest, Request};
use axum::response::IntoResponse as _;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use std::time::Duration;
use utoipa::PartialSchema;

mod tree; // JSON as it was sent
mod parse; // reading, and all that is wrong

pub use parse::{for_people, parse_form};

use parse::parse;

/// Longest time that a client may take to send a body.
const PATIENCE: Duration = Duration::from_secs(4);

/// A JSON body.
pub struct Json<T>(pub T);

/// A body as HTML forms and OAuth 2 clients send it, or as JSON.
pub struct JsonOrForm<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + PartialSchema> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !has_type(request.headers(), "application/json") {
            return Err(unsupported("application/json"));
        }
        parse(&read(request, state).await?).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned + PartialSchema> OptionalFromRequest<S> for Json<T> {
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

impl<S: Send + Sync, T: DeserializeOwned + PartialSchema> FromRequest<S> for JsonOrForm<T> {
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

/// 413, for a body longer than the route takes.
pub(crate) fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "content_too_large", "the body is too large")
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
            return too_large();
        }
        Problem::malformed("the body could not be read to its end")
    })
}

#[cfg(test)]
mod properties;
