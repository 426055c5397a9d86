//! What every answer tells browsers: how it may be used, and by pages of which origins.
use crate::observe::{TRACE_RESPONSE, X_REQUEST_ID};
use crate::once;
use crate::origin::{Network, is_encrypted};
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderName, HeaderValue, Method, header};
use std::time::Duration;
use tower_http::cors::CorsLayer;

/// Unless an answer says something else.
const DEFAULTS: [(HeaderName, &str); 7] = [
    (header::CACHE_CONTROL, "no-store"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
];

/// Two years, for who has come encrypted: browsers then come no other way. Over plain HTTP nobody may say so (RFC
/// 6797, section 7.2).
const ENCRYPTED_ONLY: HeaderValue = HeaderValue::from_static("max-age=63072000; includeSubDomains");

/// Gives every answer the headers that protect it.
pub async fn protect<F>(proxies: &[Network], request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let is_encrypted = is_encrypted(request.extensions(), request.headers(), proxies);
    let mut response = next(request).await;
    for (name, value) in DEFAULTS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    if is_encrypted {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, ENCRYPTED_ONLY);
    }
    response
}

/// Lets pages of the allowed origins call the API; none without origins.
pub fn cors(origins: &[HeaderValue]) -> Option<CorsLayer> {
    let layer = CorsLayer::new()
        .allow_origin(origins.to_vec())
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            once::KEY,
            HeaderName::from_static("hold-token"),
            X_REQUEST_ID,
            HeaderName::from_static("traceparent"),
        ])
        .expose_headers([
            header::ETAG,
            header::LINK,
            header::LOCATION,
            header::RETRY_AFTER,
            once::REPLAYED,
            HeaderName::from_static("ratelimit"),
            HeaderName::from_static("ratelimit-policy"),
            X_REQUEST_ID,
            TRACE_RESPONSE,
        ])
        .max_age(Duration::from_secs(3600));
    (!origins.is_empty()).then_some(layer)
}
