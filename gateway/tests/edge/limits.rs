//! How often one caller may ask, counted in this process while Redis is away.
use crate::harness::{Answer, Gateway};
use axum::body::Body;
use http::Method;

async fn log_in(gateway: &Gateway, username: &str, from: &str) -> Answer {
    let body = format!("{{\"username\": \"{username}\", \"password\": \"x\"}}");
    let headers = [("content-type", "application/json"), ("x-forwarded-for", from)];
    gateway.send(Method::POST, "/api/auth/login", &headers, Body::from(body)).await
}

#[tokio::test]
async fn every_answer_of_the_api_says_how_many_requests_are_left() {
    let gateway = Gateway::with(|config| config.rate_limits.rate_limit_anonymous_per_minute = 3);
    for left in ["2", "1", "0"] {
        let answer = gateway.get("/api/patients").await;
        answer.refused(401, "unauthenticated");
        assert_eq!(answer.header("ratelimit-policy"), "\"anonymous\";q=3;w=60");
        assert!(answer.header("ratelimit").starts_with(&format!("\"anonymous\";r={left};t=")));
    }
    let answer = gateway.get("/api/patients").await;
    answer.refused(429, "too_many_requests");
    assert!((1..=20).contains(&answer.header("retry-after").parse::<u64>().unwrap()));
    assert!(answer.header("ratelimit").starts_with("\"anonymous\";r=0;t="));
}

#[tokio::test]
async fn pages_and_calendars_are_counted_as_the_api_is() {
    let gateway = Gateway::new();
    for path in
        ["/account/verify-email", "/visits/x", "/visits/x/cancel", "/unsubscribe/x", "/calendars/x.ics"]
    {
        assert!(gateway.get(path).await.headers.contains_key("ratelimit"), "{path}");
    }
}

#[tokio::test]
async fn health_and_documentation_are_not_counted() {
    let gateway = Gateway::with(|config| config.rate_limits.rate_limit_anonymous_per_minute = 1);
    for path in ["/health", "/health/live", "/docs", "/openapi.json"] {
        for _ in 0..3 {
            let answer = gateway.get(path).await;
            assert_eq!(answer.status, 200, "{path}");
            assert!(!answer.headers.contains_key("ratelimit"));
        }
    }
}

#[tokio::test]
async fn log_ins_are_counted_apart() {
    let gateway = Gateway::with(|config| config.rate_limits.rate_limit_login_per_minute = 2);
    for _ in 0..2 {
        log_in(&gateway, "ada", "192.0.2.1").await.refused(503, "dependency_unavailable");
    }
    log_in(&gateway, "bob", "192.0.2.1").await.refused(429, "too_many_requests");
    gateway.get("/api/patients").await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn who_is_no_trusted_proxy_cannot_pose_as_many() {
    // Asked without a network there is no peer, so nobody is trusted.
    let gateway = Gateway::with(|config| config.rate_limits.rate_limit_login_per_minute = 2);
    for from in ["192.0.2.1", "192.0.2.2"] {
        log_in(&gateway, "ada", from).await.refused(503, "dependency_unavailable");
    }
    log_in(&gateway, "ada", "192.0.2.3").await.refused(429, "too_many_requests");
}
