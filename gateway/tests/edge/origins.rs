//! Pages of other origins.
use crate::harness::{Answer, Gateway};
use axum::body::Body;
use http::Method;

const OURS: &str = "https://clinic.example";

fn open() -> Gateway {
    Gateway::with(|config| config.edge.cors_allowed_origins = vec![OURS.parse().unwrap()])
}

async fn preflight(gateway: &Gateway, origin: &str) -> Answer {
    let headers = [("origin", origin), ("access-control-request-method", "PUT")];
    gateway.send(Method::OPTIONS, "/api/patients", &headers, Body::empty()).await
}

#[tokio::test]
async fn no_page_may_ask_unless_its_origin_is_allowed() {
    let gateway = Gateway::new();
    let answer = gateway.send(Method::GET, "/health", &[("origin", OURS)], Body::empty()).await;
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
    preflight(&gateway, OURS).await.refused(405, "method_not_allowed");
    let stranger = preflight(&open(), "https://evil.example").await;
    assert!(!stranger.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_can_read_answers_and_errors() {
    let gateway = open();
    let answer = preflight(&gateway, OURS).await;
    assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (200, OURS));
    assert!(answer.header("access-control-allow-methods").contains("PUT"));
    assert!(answer.header("access-control-allow-headers").contains("authorization"));
    assert!(!answer.headers.contains_key("access-control-allow-credentials"));
    let answer = gateway.send(Method::GET, "/api/patients", &[("origin", OURS)], Body::empty()).await;
    answer.refused(401, "unauthenticated");
    assert_eq!(answer.header("access-control-allow-origin"), OURS);
    assert!(answer.header("access-control-expose-headers").contains("etag"));
    assert!(answer.header("vary").contains("origin"));
}
