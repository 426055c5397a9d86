//! Calendars that programs subscribe to.
use crate::harness::Gateway;

const TOKEN: &str = "mDkG1Zz0Hq0k8S3TqSxkJ2m8y5nq7Qb3Xv4c6W9uYtE";

#[tokio::test]
async fn a_calendar_is_asked_for_without_a_token_and_counted_as_what_is() {
    let gateway = Gateway::with(|config| config.rate_limits.rate_limit_anonymous_per_minute = 2);
    let address = format!("/calendars/{TOKEN}.ics");
    for left in ["1", "0"] {
        let answer = gateway.get(&address).await;
        // Nobody who knows calendars is there.
        answer.refused(503, "dependency_unavailable");
        assert!(answer.header("ratelimit").starts_with(&format!("\"anonymous\";r={left};t=")));
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    gateway.get(&address).await.refused(429, "too_many_requests");
}

#[tokio::test]
async fn only_addresses_of_calendars_are_asked_for() {
    let gateway = Gateway::new();
    for path in [format!("/calendars/{TOKEN}"), format!("/calendars/{TOKEN}.txt")] {
        gateway.get(&path).await.refused(404, "calendar_not_found");
    }
    gateway.get("/calendars/").await.refused(404, "not_found");
    gateway.get(&format!("/calendars/{TOKEN}.ics/more")).await.refused(404, "not_found");
}
