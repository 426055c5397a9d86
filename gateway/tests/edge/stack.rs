//! What the layers do to any route.
use crate::harness::{Gateway, SECRET, config};
use axum::Router;
use axum::body::Body;
use axum::routing::get;
use gateway::caller::Identifier;
use gateway::config::{Config, Edge};
use gateway::limits::Limits;
use gateway::reply::{Found, Resource};
use gateway::router::with_stack;
use http::Method;
use platform::clock::Clock;
use platform::redis::Redis;
use platform::secrets::RootSecret;
use platform::token::Verifier;
use tower_http::normalize_path::NormalizePath;

#[derive(serde::Serialize, utoipa::ToSchema)]
struct Thing {
    version: i64,
}

impl Resource for Thing {
    const VERSION: Option<fn(&Self) -> i64> = Some(|thing| thing.version);

    fn location(&self) -> String {
        "/thing".to_owned()
    }
}

/// The stack around routes that do what no route of the API does.
pub(crate) fn gateway() -> Gateway {
    gateway_with(|_| {})
}

pub(crate) fn gateway_with(change: impl FnOnce(&mut Edge)) -> Gateway {
    let Config { redis, mut edge, rate_limits, .. } = config();
    change(&mut edge);
    let root = RootSecret::new(&SECRET.to_owned().into()).unwrap();
    let limits = Limits::new(Redis::new(&redis).unwrap(), &root, &rate_limits);
    let verifier = Verifier::new(gateway::SERVICE, &root, None, Clock::system());
    let routes = Router::new()
        .route("/panics", get(panics))
        .route("/waits", get(std::future::pending::<()>).post(std::future::pending::<()>))
        .route("/health/here", get(async || ()))
        .route("/thing", get(async || Found(Thing { version: 3 })));
    let identifier = Identifier { verifier, proxies: [].into() };
    Gateway::of(NormalizePath::trim_trailing_slash(with_stack(routes, limits, identifier, &edge)))
}

async fn panics() {
    panic!("Ada Lovelace has no phone");
}

#[tokio::test]
async fn a_panic_is_a_bland_problem() {
    let answer = gateway().get("/panics").await;
    answer.refused(500, "internal");
    assert!(!answer.text.contains("Ada"));
    assert!(answer.headers.contains_key("x-content-type-options"));
}

#[tokio::test(start_paused = true)]
async fn a_request_is_given_up_when_its_time_is_over() {
    let started = tokio::time::Instant::now();
    gateway().get("/waits").await.refused(504, "deadline_exceeded");
    assert_eq!(started.elapsed().as_secs(), 5);
}

#[tokio::test]
async fn who_has_the_same_version_gets_no_body() {
    let gateway = gateway();
    let read = gateway.get("/thing").await;
    assert_eq!(
        (read.status.as_u16(), read.header("etag"), read.text.as_str()),
        (200, "\"v3\"", "{\"version\":3}")
    );
    for (known, status) in
        [("\"v3\"", 304), ("W/\"v3\"", 304), ("\"v1\", \"v3\"", 304), ("*", 304), ("\"v2\"", 200)]
    {
        let answer = gateway.send(Method::GET, "/thing", &[("if-none-match", known)], Body::empty()).await;
        assert_eq!((answer.status.as_u16(), answer.header("etag")), (status, "\"v3\""), "{known}");
        assert_eq!(answer.text.is_empty(), status == 304);
    }
}

#[tokio::test]
async fn head_answers_as_get_without_the_body() {
    let answer = gateway().send(Method::HEAD, "/thing", &[], Body::empty()).await;
    assert_eq!((answer.status.as_u16(), answer.header("etag"), answer.text.as_str()), (200, "\"v3\"", ""));
}

#[tokio::test]
async fn a_request_keeps_the_id_it_came_with() {
    let gateway = gateway();
    let given = [("x-request-id", "order-66")];
    let answer = gateway.send(Method::GET, "/thing", &given, Body::empty()).await;
    assert_eq!(answer.header("x-request-id"), "order-66");
    let bad = [("x-request-id", "a\tb")];
    let answer = gateway.send(Method::GET, "/thing", &bad, Body::empty()).await;
    assert_eq!(answer.header("x-request-id").len(), 36);
}
