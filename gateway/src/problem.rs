//! What goes wrong, as RFC 9457 tells it.
use crate::times::{Garbled, SeriesOccurrence, Slot};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

mod documented; // failures in the document
mod status; // from a gRPC status

pub use documented::{
    Conflict, Forbidden, Gone, NotFound, PreconditionRequired, Stale, Unauthorized, reference,
};

pub const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Seconds to wait when nobody said how long.
const RETRY_AFTER: u64 = 1;

/// An error, boxed: handlers return it beside their answers, which are small.
#[derive(Clone, Debug)]
pub struct Problem(Box<Details>);

/// An error, as told by RFC 9457.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Details {
    /// Names the kind of problem.
    #[serde(rename = "type")]
    #[schema(format = "uri", example = "urn:healthcare:problem:slot_taken")]
    kind: String,
    /// The kind of problem for people; the same for every problem of this kind.
    #[schema(example = "Slot taken")]
    title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 409)]
    status: u16,
    /// What went wrong this time, for people.
    #[schema(example = "the doctor has another visit at that time")]
    detail: String,
    /// The path that was asked for.
    #[schema(example = "/api/appointments")]
    instance: String,
    /// Names the kind of problem for programs; part of the contract.
    #[schema(pattern = "^[a-z][a-z0-9_]*$", example = "slot_taken")]
    code: String,
    /// Names this request in the logs; also in the `X-Request-Id` header.
    #[schema(example = "0198c5a4-7c1e-7d3a-9d8e-2f1b6a5c4d3e")]
    request_id: String,
    /// Whether the same request may succeed later.
    retryable: bool,
    /// What is wrong with which fields or parameters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldProblem>,
    /// With `slot_taken`, and `hold_expired` when booking: free times nearby.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    alternatives: Vec<Slot>,
    /// With `series_conflict`: every time of the series.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    occurrences: Vec<SeriesOccurrence>,
    /// With `invalid_transition`: where the visit stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "scheduled")]
    current: Option<String>,
    /// With `policy_violation`: the rule that does not allow it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "cancel_notice")]
    rule: Option<String>,
    /// With `rule`: what it asks for; times are in minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 1440)]
    limit: Option<i64>,
    /// With `rule`: what there is of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 90)]
    actual: Option<i64>,
    /// With `invalid_transition`: the statuses that are possible instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = json!(["confirmed", "cancelled"]))]
    allowed: Option<Vec<String>>,
    /// With `has_active_appointments`: visits that stand in the way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, value_type = Vec<Uuid>)]
    appointment_ids: Vec<String>,
    /// With `possible_duplicate`: patients who may be the same, at most five.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, value_type = Vec<Uuid>)]
    patient_ids: Vec<String>,
    /// With `second_factor_required`: what is sent to `POST /api/auth/login/totp` with a code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "W3Q0c2VhbGVkIGNoYWxsZW5nZQ")]
    challenge: Option<String>,
    /// `unknown` when a change may have taken effect although nobody said so: the same request with the same
    /// `Idempotency-Key` tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "unknown")]
    outcome: Option<String>,
    /// For the `Retry-After` header.
    #[serde(skip)]
    retry_after: Option<u64>,
}

/// One field or parameter that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldProblem {
    /// A JSON Pointer into the body, or `/name` of a parameter or header.
    #[schema(example = "/email")]
    pub pointer: String,
    #[schema(example = "must be an e-mail address")]
    pub detail: String,
    /// `missing`, `unknown`, `duplicate`, `forbidden`, or `invalid` in every other case.
    #[schema(example = "invalid")]
    pub code: String,
}

impl FieldProblem {
    pub fn new(pointer: impl Into<String>, code: &str, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into(), code: code.to_owned() }
    }
}

impl Problem {
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        let retryable = matches!(status.as_u16(), 408 | 429 | 503 | 504);
        Self(Box::new(Details {
            kind: format!("urn:healthcare:problem:{code}"),
            title: title(code),
            status: status.as_u16(),
            detail: detail.into(),
            instance: String::new(),
            code: code.to_owned(),
            request_id: String::new(),
            retryable,
            errors: Vec::new(),
            alternatives: Vec::new(),
            occurrences: Vec::new(),
            current: None,
            rule: None,
            limit: None,
            actual: None,
            allowed: None,
            appointment_ids: Vec::new(),
            patient_ids: Vec::new(),
            challenge: None,
            outcome: None,
            retry_after: matches!(status.as_u16(), 429 | 503).then_some(RETRY_AFTER),
        }))
    }

    /// 422: these fields or parameters are wrong.
    pub fn invalid(errors: Vec<FieldProblem>) -> Self {
        let mut problem =
            Self::new(StatusCode::UNPROCESSABLE_ENTITY, "validation_failed", "the request is invalid");
        problem.0.errors = errors;
        problem
    }

    /// 422: one field or parameter is wrong.
    pub fn invalid_field(pointer: &str, detail: &str) -> Self {
        Self::invalid(vec![FieldProblem::new(pointer, "invalid", detail)])
    }

    /// 400: the request cannot be read at all.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed_request", detail)
    }

    /// 500; what happened is in the logs.
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "something went wrong on our side")
    }

    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldProblem>) -> Self {
        self.0.errors = errors;
        self
    }

    /// With what is wrong at `theirs` told of `ours`.
    #[must_use]
    pub fn renamed(mut self, theirs: &str, ours: &str) -> Self {
        for error in self.0.errors.iter_mut().filter(|error| error.pointer == theirs) {
            ours.clone_into(&mut error.pointer);
        }
        self
    }

    /// Without what is told of `pointer`, where requests have no such field.
    #[must_use]
    pub fn without(mut self, pointer: &str) -> Self {
        self.0.errors.retain(|error| error.pointer != pointer);
        self
    }

    #[must_use]
    pub fn with_challenge(mut self, challenge: String) -> Self {
        self.0.challenge = Some(challenge);
        self
    }

    #[must_use]
    pub fn with_unknown_outcome(mut self) -> Self {
        self.0.outcome = Some("unknown".to_owned());
        self
    }

    #[must_use]
    pub fn with_retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds.max(1));
        self
    }

    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub fn code(&self) -> &str {
        &self.0.code
    }

    pub fn errors(&self) -> &[FieldProblem] {
        &self.0.errors
    }

    /// The response, once it is known which request it belongs to.
    pub fn render(mut self, instance: &str, request_id: &str) -> axum::body::Body {
        instance.clone_into(&mut self.0.instance);
        request_id.clone_into(&mut self.0.request_id);
        serde_json::to_vec(&self.0).expect("a problem is plain data").into()
    }
}

/// `slot_taken` is "Slot taken".
fn title(code: &str) -> String {
    let words = code.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

impl IntoResponse for Problem {
    /// Headers only: the body follows in [`Problem::render`], which the outermost layer calls.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, CONTENT_TYPE);
        if let Some(seconds) = self.0.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.status() == StatusCode::UNAUTHORIZED {
            // RFC 6750: an error is named only when there was a token.
            let challenge =
                if self.0.code == "invalid_token" { "Bearer error=\"invalid_token\"" } else { "Bearer" };
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Garbled> for Problem {
    fn from(garbled: Garbled) -> Self {
        tracing::error!(error = &garbled as &dyn std::error::Error, "a service broke the contract");
        Self::internal()
    }
}
