//! What is told of every request: a span, a log line, a measurement; and its id, also to who asked.
use crate::problem::Problem;
use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use metrics::Histogram;
use platform::context::is_request_id;
use platform::propagation;
use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;
use tracing::{Instrument as _, Span, field::Empty};

pub use platform::context::X_REQUEST_ID;
pub const TRACE_RESPONSE: HeaderName = HeaderName::from_static("traceresponse");

/// The id of a request, for whoever tells the services of it.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Observes a request, and gives problems their body, which names the request.
pub async fn observe<F>(mut request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let started = Instant::now();
    let id = request_id(request.headers());
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = method(request.method());
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let path = request.uri().path().to_owned();
    let span = span(method, &route, &id, request.headers());
    async {
        let mut response = next(request).await;
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            *response.body_mut() = problem.render(&path, &id);
        }
        if let Ok(id) = HeaderValue::try_from(&id) {
            response.headers_mut().insert(X_REQUEST_ID, id);
        }
        if let Some(Ok(trace)) = propagation::traceparent().map(HeaderValue::try_from) {
            response.headers_mut().insert(TRACE_RESPONSE, trace);
        }
        tell(method, &route, &id, &response, started.elapsed());
        response
    }
    .instrument(span)
    .await
}

/// The id that the request came with, or a new one.
fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get(X_REQUEST_ID).and_then(|id| id.to_str().ok()).filter(|id| is_request_id(id));
    given.map_or_else(|| uuid::Uuid::now_v7().to_string(), str::to_owned)
}

/// Methods that clients make up must not become labels.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::OPTIONS => "OPTIONS",
        _ => "_OTHER",
    }
}

/// Named by the route: paths and queries hold what traces must not.
fn span(method: &str, route: &str, id: &str, headers: &HeaderMap) -> Span {
    let span = tracing::info_span!(
        "http.server",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
        otel.status_code = Empty,
        request.id = id
    );
    propagation::continue_from_headers(&span, headers);
    span
}

fn tell(method: &'static str, route: &str, id: &str, response: &Response, took: Duration) {
    let status = response.status();
    let span = Span::current();
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "error");
    }
    durations(method, route, status).record(took.as_secs_f64());
    tracing::info!(
        http.method = method,
        http.route = route,
        http.status = status.as_u16(),
        request.id = id,
        duration_ms = took.as_secs_f64() * 1000.0,
        "answered"
    );
}

/// What is answered on one route.
type Answers = Vec<(&'static str, StatusCode, Histogram)>;

thread_local! {
    /// What was found by its labels, by the route.
    static DURATIONS: RefCell<HashMap<String, Answers>> = RefCell::default();
}

/// The measurement of all requests with these labels.
fn durations(method: &'static str, route: &str, status: StatusCode) -> Histogram {
    DURATIONS.with_borrow_mut(|routes| {
        let found = routes.get(route).and_then(|known| {
            known.iter().find(|known| (known.0, known.1) == (method, status)).map(|(.., found)| found.clone())
        });
        found.unwrap_or_else(|| {
            let labels = [
                ("http_request_method", method.to_owned()),
                ("http_route", route.to_owned()),
                ("http_response_status_code", status.as_str().to_owned()),
            ];
            let made = metrics::histogram!("http_server_duration_seconds", &labels);
            routes.entry(route.to_owned()).or_default().push((method, status, made.clone()));
            made
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_request_id_is_taken_over() {
        let id = |value: &'static str| {
            request_id(&HeaderMap::from_iter([(X_REQUEST_ID, HeaderValue::from_static(value))]))
        };
        assert_eq!(id("order-66.a_b"), "order-66.a_b");
        assert_ne!(id("a b"), "a b");
        assert_ne!(id("<script>"), "<script>");
        assert_eq!(request_id(&HeaderMap::new()).len(), 36);
    }
}
