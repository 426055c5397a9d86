//! More requests than can be answered in time.
use crate::harness::Gateway;
use crate::stack::gateway_with;
use axum::body::Body;
use http::Method;
use std::time::Duration;
use tokio::time::timeout;

#[tokio::test]
async fn what_there_is_no_place_for_is_refused_at_once_and_health_is_not() {
    let gateway = gateway_with(|edge| (edge.min_requests_in_flight, edge.max_requests_in_flight) = (1, 1));
    let waiting = gateway.get("/waits");
    let others = async {
        let refused = gateway.get("/thing").await;
        let problem = refused.refused(503, "overloaded");
        assert_eq!(problem["retryable"], true);
        let seconds: u64 = refused.header("retry-after").parse().unwrap();
        assert!((1..=3).contains(&seconds));
        assert_eq!(gateway.get("/health/here").await.status, 200);
    };
    tokio::pin!(waiting);
    assert!(timeout(Duration::from_millis(10), &mut waiting).await.is_err());
    others.await;
}

#[tokio::test]
async fn a_place_is_free_again_when_a_client_goes_away() {
    let gateway = gateway_with(|edge| (edge.min_requests_in_flight, edge.max_requests_in_flight) = (1, 1));
    assert!(timeout(Duration::from_millis(10), gateway.get("/waits")).await.is_err());
    assert_eq!(gateway.get("/thing").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn whoever_changes_something_hears_that_it_may_have_been_done() {
    let gateway: Gateway = gateway_with(|_| {});
    let late = gateway.get("/waits").await.refused(504, "deadline_exceeded");
    assert!(late.get("outcome").is_none());
    let late = gateway.send(Method::POST, "/waits", &[], Body::empty()).await;
    assert_eq!(late.refused(504, "deadline_exceeded")["outcome"], "unknown");
}
