//! A gateway that is asked without a network.
use axum::body::Body;
use gateway::config::{Config, Edge, Peers, RateLimits, Tls};
use gateway::router::Service;
use http::{HeaderMap, Method, Request, StatusCode};
use platform::config::{LogFormat, Process, Redis};
use platform::shutdown::Shutdown;
use serde_json::Value;
use tower::ServiceExt as _;

pub(crate) const SECRET: &str = "kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!";

/// An address at which nobody listens.
const NOBODY: &str = "http://127.0.0.1:1";

/// Settings of a gateway with nothing behind it.
pub(crate) fn config() -> Config {
    let nobody = || NOBODY.to_owned();
    Config {
        process: Process {
            listen: "127.0.0.1:0".parse().unwrap(),
            admin_listen: None,
            mtls_ca_file: None,
            mtls_certificate_file: None,
            mtls_key_file: None,
            network_is_private: false,
            secret_key: SECRET.to_owned().into(),
            secret_key_accepted: None,
            otel_exporter_otlp_endpoint: None,
            log_level: "info".to_owned(),
            log_format: LogFormat::Text,
            shutdown_grace_seconds: 1,
        },
        redis: Redis { redis_url: "redis://127.0.0.1:1".to_owned().into(), redis_ca_file: None },
        peers: Peers {
            auth_url: nobody(),
            patient_url: nobody(),
            doctor_url: nobody(),
            appointment_url: nobody(),
            notification_url: nobody(),
        },
        edge: Edge {
            cors_allowed_origins: vec![],
            trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()],
            request_deadline_seconds: 5,
            max_connections: 16,
            max_requests_in_flight: 1024,
            min_requests_in_flight: 16,
            serve_docs: true,
        },
        tls: Tls::default(),
        rate_limits: RateLimits {
            rate_limit_user_per_minute: 10_000,
            rate_limit_search_per_minute: 10_000,
            rate_limit_hold_per_minute: 10_000,
            rate_limit_export_per_minute: 10_000,
            rate_limit_anonymous_per_minute: 10_000,
            rate_limit_login_per_minute: 10_000,
            rate_limit_account_per_minute: 10_000,
            rate_limit_guesses_per_day: 10_000,
            rate_limit_register_per_minute: 10_000,
        },
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}: {self:?}")).to_str().unwrap()
    }

    /// The problem of a refusal with `status` and `code`.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> Value {
        let problem = self.json();
        assert_eq!((self.status.as_u16(), problem["code"].as_str()), (status, Some(code)), "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        problem
    }
}

pub(crate) struct Gateway(Service);

impl Gateway {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = config();
        change(&mut config);
        Self(gateway::service(&config, &Shutdown::default()).unwrap())
    }

    pub(crate) fn of(service: Service) -> Self {
        Self(service)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, content_type: &str, body: impl Into<Body>) -> Answer {
        self.send(Method::POST, path, &[("content-type", content_type)], body.into()).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = self.0.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: parts.status, headers: parts.headers, text }
    }
}
