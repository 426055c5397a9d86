//! Each failure as a problem (RFC 9457).
use crate::harness::{Gateway, SECRET};
use axum::body::Body;
use http::Method;
use platform::clock::Clock;
use platform::secrets::RootSecret;
use platform::token;
use serde_json::{Value, json};

const JSON: &str = "application/json";

/// Pointer and code of each error of a problem.
fn errors(problem: &Value) -> Vec<(&str, &str)> {
    let errors = problem["errors"].as_array().unwrap().iter();
    errors.map(|error| (error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn there_is_nothing_at_an_unknown_address() {
    let problem = Gateway::new().get("/api/nothing?secret=1").await.refused(404, "not_found");
    assert_eq!(problem["type"], "urn:healthcare:problem:not_found");
    assert_eq!(problem["title"], "Not found");
    assert_eq!(problem["instance"], "/api/nothing");
    assert_eq!(problem["retryable"], false);
}

#[tokio::test]
async fn a_method_that_an_address_does_not_know_is_answered_with_those_it_knows() {
    let gateway = Gateway::new();
    let answer = gateway.send(Method::PATCH, "/api/patients/", &[], Body::empty()).await;
    answer.refused(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), "GET,HEAD,POST");
}

#[tokio::test]
async fn a_slash_at_the_end_changes_nothing() {
    let gateway = Gateway::new();
    for path in ["/health", "/health/", "/health/live/", "/openapi.json"] {
        assert_eq!(gateway.get(path).await.status, 200, "{path}");
    }
    for path in ["/api/patients", "/api/patients/", "/api/patients/search/?query=ada"] {
        gateway.get(path).await.refused(401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_malformed_id_is_named_before_anything_else_is_looked_at() {
    let gateway = Gateway::new();
    for path in ["/api/patients/7", "/api/patients/%00", "/api/appointments/x", "/api/users/0198c5a4"] {
        let problem = gateway.get(path).await.refused(400, "malformed_request");
        assert_eq!(errors(&problem), [("/id", "invalid")], "{path}");
    }
    let problem = gateway.get("/api/doctors/x/availability/y").await.refused(400, "malformed_request");
    assert_eq!(errors(&problem), [("/id", "invalid")]);
    assert_eq!(problem["errors"][0]["detail"], "must be a UUID");
    let doctor = "/api/doctors/0198c5a4-7c1e-7d3a-9d8e-2f1b6a5c4d3e";
    for (path, named) in [("availability/y", "/availability_id"), ("overrides/2026-02-30", "/date")] {
        let wrong = gateway.send(Method::DELETE, &format!("{doctor}/{path}"), &[], Body::empty()).await;
        assert_eq!(errors(&wrong.refused(400, "malformed_request")), [(named, "invalid")]);
    }
    let problem = gateway.get("/api/doctors/specialization/a").await.refused(400, "malformed_request");
    assert_eq!(errors(&problem), [("/specialization", "invalid")]);
    assert_eq!(problem["errors"][0]["detail"], "must be 2 to 100 characters long");
}

#[tokio::test]
async fn a_body_of_another_type_is_not_read() {
    let gateway = Gateway::new();
    for kind in ["text/plain", "application/xml", "application/jsonp", "multipart/form-data"] {
        gateway.post("/api/auth/refresh", kind, "{}").await.refused(415, "unsupported_media_type");
    }
    let form =
        gateway.post("/api/auth/refresh", "application/x-www-form-urlencoded", "refresh_token=x").await;
    form.refused(415, "unsupported_media_type");
    let packed = [("content-type", JSON), ("content-encoding", "gzip")];
    let packed = gateway.send(Method::POST, "/api/auth/login", &packed, Body::from("{}")).await;
    packed.refused(415, "unsupported_media_type");
}

#[tokio::test]
async fn what_is_not_json_is_malformed() {
    let gateway = Gateway::new();
    for body in ["", "{", "nonsense", "{\"username\": \"\\ud800\"}", "{\"username\": 1e400}"] {
        gateway.post("/api/auth/login", JSON, body).await.refused(400, "malformed_request");
    }
    gateway.post("/api/auth/login", JSON, "[".repeat(60_000)).await.refused(400, "malformed_request");
    gateway.post("/api/auth/login", JSON, vec![0xff, 0xfe]).await.refused(400, "malformed_request");
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once() {
    let body = json!({"email": "no", "password": 5, "role": "king", "verified": true});
    let answer = Gateway::new().post("/api/auth/register", JSON, body.to_string()).await;
    let problem = answer.refused(422, "validation_failed");
    let mut errors = errors(&problem);
    errors.sort_unstable();
    let expected =
        [("/email", "invalid"), ("/password", "invalid"), ("/role", "invalid"), ("/verified", "unknown")];
    assert_eq!(errors, expected);
}

#[tokio::test]
async fn a_form_is_checked_as_json_is() {
    let form = "application/x-www-form-urlencoded";
    let gateway = Gateway::new();
    let problem =
        gateway.post("/api/auth/login", form, "username=ada").await.refused(422, "validation_failed");
    assert_eq!(errors(&problem), [("/password", "missing")]);
    let twice = gateway.post("/api/auth/login", form, "username=a&username=b&password=c").await;
    assert_eq!(errors(&twice.refused(422, "validation_failed")), [("/username", "duplicate")]);
    let other = gateway.post("/api/auth/login", form, "grant_type=magic&username=a&password=c").await;
    assert_eq!(errors(&other.refused(422, "validation_failed")), [("/grant_type", "invalid")]);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_not_read() {
    let gateway = Gateway::new();
    let large = format!("{{\"username\": \"{}\"}}", "x".repeat(64 * 1024));
    gateway.post("/api/auth/login", JSON, large.clone()).await.refused(413, "content_too_large");
    let pieces = futures::stream::iter((0..1000).map(|_| Ok::<_, std::io::Error>("x".repeat(1024))));
    let endless = gateway.post("/api/auth/login", JSON, Body::from_stream(pieces)).await;
    endless.refused(413, "content_too_large");
}

#[tokio::test]
async fn a_token_that_is_not_valid_is_told_from_none() {
    let gateway = Gateway::new();
    let root = RootSecret::new(&SECRET.to_owned().into()).unwrap();
    let of_a_service =
        token::service_identity(&root, "patient-svc", Clock::system()).unwrap()(gateway::SERVICE);
    let tokens = ["Bearer x", "bearer a.b.c", of_a_service.to_str().unwrap()];
    for token in tokens {
        let answer =
            gateway.send(Method::GET, "/api/auth/me", &[("authorization", token)], Body::empty()).await;
        answer.refused(401, "invalid_token");
        assert_eq!(answer.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    }
    for nothing in ["Basic YTpi", "x", ""] {
        let answer =
            gateway.send(Method::GET, "/api/auth/me", &[("authorization", nothing)], Body::empty()).await;
        answer.refused(401, "unauthenticated");
    }
}

#[tokio::test]
async fn what_is_away_is_told_with_the_time_to_come_back() {
    let gateway = Gateway::new();
    let login = json!({"username": "ada", "password": "secret"});
    let answer = gateway.post("/api/auth/login", JSON, login.to_string()).await;
    let problem = answer.refused(503, "dependency_unavailable");
    assert_eq!(problem["retryable"], true);
    assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
    gateway.get("/.well-known/jwks.json").await.refused(503, "dependency_unavailable");
}

#[tokio::test]
async fn the_gateway_stays_ready_and_says_what_is_away() {
    let gateway = Gateway::new();
    let ready = gateway.get("/health/ready").await;
    assert_eq!((ready.status.as_u16(), &ready.json()["status"]), (200, &json!("degraded")));
    assert_eq!(ready.json()["dependencies"]["appointment-svc"], "down");
    assert_eq!(ready.json()["dependencies"]["redis"], "down");
    let health = gateway.get("/health").await.json();
    assert_eq!((&health["status"], &health["service"]), (&json!("healthy"), &json!("healthcare-api")));
}

#[tokio::test]
async fn an_array_is_never_taken_for_an_object() {
    let gateway = Gateway::new();
    for (method, path, body) in [
        (Method::POST, "/api/auth/login", json!(["ada", "secret", null, null, null, null])),
        (Method::POST, "/api/auth/refresh", json!(["rt_x"])),
        (Method::POST, "/api/auth/register", json!(["a@example.com"])),
        (Method::POST, "/api/auth/login", json!("ada")),
        (Method::POST, "/api/auth/login", json!(null)),
    ] {
        let body = Body::from(body.to_string());
        let answer = gateway.send(method, path, &[("content-type", JSON)], body).await;
        let problem = answer.refused(422, "validation_failed");
        let expected = json!([{"pointer": "", "detail": "must be an object", "code": "invalid"}]);
        assert_eq!(problem["errors"], expected, "{path}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_in_the_words_of_json() {
    let gateway = Gateway::new();
    for (member, value, detail) in [
        ("password", json!(5), "must be a string"),
        ("password", json!(["x"]), "must be a string"),
        ("role", json!({"patient": null}), "must be a string"),
        ("patient_id", json!("x"), "must be a UUID"),
        ("patient_id", json!(7), "must be a string"),
    ] {
        let mut body = json!({"email": "a@example.com", "password": "a long and private sentence"});
        body[member] = value;
        let answer = gateway.post("/api/auth/register", JSON, body.to_string()).await;
        let problem = answer.refused(422, "validation_failed");
        assert_eq!(errors(&problem), [(format!("/{member}").as_str(), "invalid")]);
        assert_eq!(problem["errors"][0]["detail"], detail);
    }
}

#[tokio::test]
async fn parameters_are_refused_where_none_are_known() {
    let gateway = Gateway::new();
    let id = "0198c5a4-7c1e-7d3a-9d8e-2f1b6a5c4d3e";
    for (method, path) in [
        (Method::GET, format!("/api/doctors/{id}?foo=1&bar&foo=2")),
        (Method::HEAD, format!("/api/doctors/{id}?foo=1&bar")),
        (Method::GET, "/api/auth/me?foo&bar".to_owned()),
        (Method::POST, "/api/auth/login?bar=1&foo=1".to_owned()),
        (Method::DELETE, format!("/api/patients/{id}/?foo=1&bar=2")),
    ] {
        let is_head = method == Method::HEAD;
        let answer = gateway.send(method, &path, &[], Body::empty()).await;
        assert_eq!(answer.status, 422, "{path}");
        if !is_head {
            let problem = answer.refused(422, "validation_failed");
            assert_eq!(errors(&problem), [("/bar", "unknown"), ("/foo", "unknown")]);
        }
    }
    for path in ["/api/auth/me", "/api/auth/me?", "/api/patients?limit=1"] {
        gateway.get(path).await.refused(401, "unauthenticated");
    }
    assert_eq!(gateway.get("/health?from=probe").await.status, 200);
}
