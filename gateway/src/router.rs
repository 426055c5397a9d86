//! Every resource, and the stack around them.
use crate::app::App;
use crate::body;
use crate::caller::{Identifier, identify};
use crate::config::Edge;
use crate::headers::{cors, protect};
use crate::health::{self, Health};
use crate::limits::{Limits, limit};
use crate::observe::observe;
use crate::origin::Network;
use crate::parameters::{self, Bare};
use crate::problem::Problem;
use crate::shedding::{Shedding, shed};
use crate::{calendars, docs, openapi, pages, routes};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use http::{Method, StatusCode, header};
use platform::client::repeatable;
use platform::deadline;
use std::any::Any;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tower::ServiceBuilder;
use tower::util::option_layer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::normalize_path::NormalizePath;
use utoipa::openapi::OpenApi;

/// Largest body, in bytes, where a route says nothing else.
const MAX_BODY: usize = 64 * 1024;

/// Largest body that any route takes, in bytes.
const MAX_BODY_ANYWHERE: u64 = 256 * 1024;

/// What the gateway serves: paths with and without a slash at the end are the same.
pub type Service = NormalizePath<Router>;

/// The document that describes every route.
pub fn document() -> OpenApi {
    let mut document = openapi::frame();
    document.merge(routes::all().into_openapi());
    document.merge(health::routes().into_openapi());
    openapi::complete(document)
}

/// The API with its documentation and its stack.
pub fn service(app: App, health: Health, identifier: Identifier, edge: &Edge) -> Service {
    let limits = app.limits.clone();
    let document = document();
    let bare = from_fn_with_state(Bare::of(&document), parameters::refuse);
    let pages = pages::routes(app.clone()).merge(calendars::routes(app.clone()));
    let mut router = Router::from(routes::all().with_state(app)).route_layer(bare).merge(pages);
    router = router.merge(Router::from(health::routes().with_state(health)));
    if edge.serve_docs {
        router = router.merge(docs::routes(document.to_json().expect("the document is plain data")));
    }
    let router = router.fallback(nothing_here).method_not_allowed_fallback(not_this_way);
    NormalizePath::trim_trailing_slash(with_stack(router, limits, identifier, edge))
}

/// The stack, outermost first: id, span, log and the body of problems; headers that every answer has; pages of other
/// origins; whether there is time for it; who asks; how often; panics to 500; the deadline; unchanged answers; the size
/// of bodies. What follows on each other is one layer: every layer copies all that are below it for each request.
pub fn with_stack(router: Router, limits: Limits, identifier: Identifier, edge: &Edge) -> Router {
    let door = Door { shedding: Shedding::new(edge), identifier: identifier.clone(), limits };
    let stack = ServiceBuilder::new()
        .layer(from_fn_with_state(identifier.proxies, told))
        .layer(option_layer(cors(&edge.cors_allowed_origins)))
        .layer(from_fn_with_state(Arc::new(door), let_in))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(Duration::from_secs(edge.request_deadline_seconds), answered))
        .layer(DefaultBodyLimit::max(MAX_BODY));
    router.layer(stack)
}

/// What is needed to let a request in.
struct Door {
    shedding: Shedding,
    identifier: Identifier,
    limits: Limits,
}

async fn told(State(proxies): State<Arc<[Network]>>, request: Request, next: Next) -> Response {
    observe(request, |request| protect(&proxies, request, |request| next.run(request))).await
}

async fn let_in(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let Door { shedding, identifier, limits } = &*door;
    let counted = |request| limit(limits, request, |request| next.run(request));
    shed(shedding, request, |request| identify(identifier, request, counted)).await
}

async fn answered(State(time): State<Duration>, request: Request, next: Next) -> Response {
    in_time(time, request, |request| unchanged(request, |request| never_too_large(request, next))).await
}

async fn nothing_here() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not_found", "there is nothing at this address")
}

async fn not_this_way() -> Problem {
    let detail = "this address does not know the method; `Allow` has those it knows";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
}

/// Refuses what no route takes.
async fn never_too_large(request: Request, next: Next) -> Response {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length: u64 = length.and_then(|length| length.to_str().ok()?.parse().ok()).unwrap_or_default();
    if length > MAX_BODY_ANYWHERE { body::too_large().into_response() } else { next.run(request).await }
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    // The panic hook has logged the place.
    Problem::internal().into_response()
}

/// Gives a request up when its time is over, and tells services how much is left. What only reads may be asked of
/// another replica when one does not answer.
async fn in_time<F>(time: Duration, request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let run = async {
        let answer = next(request);
        if is_read { repeatable(answer).await } else { answer.await }
    };
    let mut response = deadline::within(Instant::now() + time, run).await.unwrap_or_else(|_late| {
        Problem::new(StatusCode::GATEWAY_TIMEOUT, "deadline_exceeded", "it took too long").into_response()
    });
    // Whoever was late may have done it.
    if !is_read
        && response.status() == StatusCode::GATEWAY_TIMEOUT
        && let Some(problem) = response.extensions_mut().remove::<Problem>()
    {
        response.extensions_mut().insert(problem.with_unknown_outcome());
    }
    response
}

/// Answers 304 to who has the same version already.
async fn unchanged<F>(request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let known = request.headers().get(header::IF_NONE_MATCH).filter(|_| is_read).cloned();
    let response = next(request).await;
    let (Some(known), Some(tag)) = (known, response.headers().get(header::ETAG)) else { return response };
    let known = known.to_str().unwrap_or_default();
    let is_known = known.trim() == "*"
        || known.split(',').any(|known| known.trim().trim_start_matches("W/").as_bytes() == tag.as_bytes());
    if response.status() != StatusCode::OK || !is_known {
        return response;
    }
    let mut unchanged = (StatusCode::NOT_MODIFIED, [(header::ETAG, tag.clone())]).into_response();
    // How long it may be kept from now on (RFC 9110, section 15.4.5).
    if let Some(fresh) = response.headers().get(header::CACHE_CONTROL) {
        unchanged.headers_mut().insert(header::CACHE_CONTROL, fresh.clone());
    }
    unchanged
}
