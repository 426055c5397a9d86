//! What every answer tells browsers, whatever its status.
use crate::harness::{Answer, Gateway};
use crate::stack;
use axum::body::Body;
use http::Method;

const JSON: &str = "application/json";
const OURS: &str = "https://clinic.example";

/// An answer of each status, of the API and of the layers around it.
async fn answers() -> Vec<Answer> {
    let strict = Gateway::with(|config| {
        config.rate_limits.rate_limit_anonymous_per_minute = 1;
        config.edge.cors_allowed_origins = vec![OURS.parse().unwrap()];
    });
    strict.get("/api/patients").await;
    let (open, layers) = (Gateway::new(), stack::gateway());
    let known = [("if-none-match", "\"v3\"")];
    let preflight = [("origin", OURS), ("access-control-request-method", "GET")];
    let login = r#"{"username": "ada", "password": "x"}"#;
    vec![
        open.get("/health").await,
        strict.send(Method::OPTIONS, "/api/patients", &preflight, Body::empty()).await,
        layers.send(Method::GET, "/thing", &known, Body::empty()).await,
        open.post("/api/auth/login", JSON, "{").await,
        open.get("/api/patients").await,
        open.get("/nothing").await,
        open.send(Method::TRACE, "/api/patients", &[], Body::empty()).await,
        open.post("/api/auth/login", JSON, vec![b' '; 300_000]).await,
        open.post("/api/auth/login", "text/plain", login).await,
        open.post("/api/auth/login", JSON, "{}").await,
        strict.get("/api/patients").await,
        layers.get("/panics").await,
        open.post("/api/auth/login", JSON, login).await,
        layers.get("/waits").await,
    ]
}

#[tokio::test(start_paused = true)]
async fn every_answer_is_protected_whatever_its_status() {
    let answers = answers().await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses, [200, 200, 304, 400, 401, 404, 405, 413, 415, 422, 429, 500, 503, 504]);
    for answer in answers {
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert!(policy.contains("base-uri 'none'"), "{answer:?}");
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{name}: {answer:?}");
        }
        for name in ["server", "x-powered-by", "via", "strict-transport-security"] {
            assert!(!answer.headers.contains_key(name), "{answer:?}");
        }
        assert!(answer.headers.contains_key("x-request-id"), "{answer:?}");
    }
}

#[tokio::test]
async fn only_documents_and_keys_may_be_kept() {
    let gateway = Gateway::new();
    for path in ["/docs", "/docs/swagger-ui.css", "/redoc", "/openapi.json"] {
        assert_eq!(gateway.get(path).await.header("cache-control"), "public, max-age=300", "{path}");
    }
    // Nobody has its keys, which nobody should remember.
    let keys = gateway.get("/.well-known/jwks.json").await;
    assert_eq!((keys.status.as_u16(), keys.header("cache-control")), (503, "no-store"));
}
