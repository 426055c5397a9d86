//! Settings of the gateway, besides those that every process has.
use crate::origin::Network;
use platform::config::{Process, Redis};
use platform::tls::Files;
use std::path::PathBuf;

#[derive(Clone, Debug, clap::Args)]
pub struct Config {
    #[command(flatten)]
    pub process: Process,

    #[command(flatten)]
    pub redis: Redis,

    #[command(flatten)]
    pub peers: Peers,

    #[command(flatten)]
    pub edge: Edge,

    #[command(flatten)]
    pub tls: Tls,

    #[command(flatten)]
    pub rate_limits: RateLimits,
}

/// Files of the certificate that clients see, read again when they change.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Tls {
    /// Certificate with those that lead up to its authority, PEM. With it only HTTPS is served.
    #[arg(long, env, requires = "tls_key_file")]
    pub tls_certificate_file: Option<PathBuf>,

    /// Key of the certificate, PEM.
    #[arg(long, env, requires = "tls_certificate_file")]
    pub tls_key_file: Option<PathBuf>,
}

impl Tls {
    pub fn files(&self) -> Option<Files> {
        let (certificate, key) = self.tls_certificate_file.clone().zip(self.tls_key_file.clone())?;
        Some(Files { purpose: "public", certificate, key, authority: None })
    }
}

/// Where the services are: gRPC endpoints, for instance `http://10.0.0.1:50051`, those of replicas separated
/// by commas.
#[derive(Clone, Debug, clap::Args)]
pub struct Peers {
    /// Replicas of auth-svc.
    #[arg(long, env)]
    pub auth_url: String,

    /// Replicas of patient-svc.
    #[arg(long, env)]
    pub patient_url: String,

    /// Replicas of doctor-svc.
    #[arg(long, env)]
    pub doctor_url: String,

    /// Replicas of appointment-svc.
    #[arg(long, env)]
    pub appointment_url: String,

    /// Replicas of notification-svc.
    #[arg(long, env)]
    pub notification_url: String,
}

/// What the outside may do.
#[derive(Clone, Debug, clap::Args)]
pub struct Edge {
    /// Origins whose pages may call the API, for instance `https://clinic.example`, separated by commas; none
    /// when unset.
    #[arg(long, env, value_delimiter = ',', value_parser = origin)]
    pub cors_allowed_origins: Vec<http::HeaderValue>,

    /// Networks of proxies whose `X-Forwarded-For` is believed, for instance `10.0.0.0/8`, separated by commas.
    #[arg(long, env, value_delimiter = ',')]
    pub trusted_proxies: Vec<Network>,

    /// Seconds after which a request is given up.
    #[arg(long, env, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub request_deadline_seconds: u64,

    /// Most connections that are open at once; further ones wait.
    #[arg(long, env, default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_connections: u32,

    /// Most requests that are under way at once; further ones are refused with 503, and so are the least important before.
    #[arg(long, env, default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_requests_in_flight: u32,

    /// How many may be under way at once however long they take, of what is most important. Between the two, as many may be
    /// as are answered about as fast as when there are few.
    #[arg(long, env, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..))]
    pub min_requests_in_flight: u32,

    /// Whether /docs, /redoc and /openapi.json are served.
    #[arg(long, env, action = clap::ArgAction::Set, default_value_t = true)]
    pub serve_docs: bool,
}

/// Requests a minute, unless they say otherwise. All of a minute's may come at once.
#[derive(Clone, Debug, clap::Args)]
pub struct RateLimits {
    /// Requests of one account.
    #[arg(long, env, default_value_t = 600, value_parser = per_minute())]
    pub rate_limit_user_per_minute: u32,

    /// Searches for patients of one account.
    #[arg(long, env, default_value_t = 60, value_parser = per_minute())]
    pub rate_limit_search_per_minute: u32,

    /// Exports of all there is about a patient, of one account.
    #[arg(long, env, default_value_t = 6, value_parser = per_minute())]
    pub rate_limit_export_per_minute: u32,

    /// Times that one account holds before it books.
    #[arg(long, env, default_value_t = 30, value_parser = per_minute())]
    pub rate_limit_hold_per_minute: u32,

    /// Requests without an access token from one address.
    #[arg(long, env, default_value_t = 120, value_parser = per_minute())]
    pub rate_limit_anonymous_per_minute: u32,

    /// Log-ins from one address.
    #[arg(long, env, default_value_t = 60, value_parser = per_minute())]
    pub rate_limit_login_per_minute: u32,

    /// Failed log-ins to one account from one address.
    #[arg(long, env, default_value_t = 10, value_parser = per_minute())]
    pub rate_limit_account_per_minute: u32,

    /// Failed log-ins to one account in 24 hours, half of them at once: from each network from which it was logged in
    /// to in the last 30 days, and from all others together.
    #[arg(long, env, default_value_t = 100, value_parser = clap::value_parser!(u32).range(2..=1_000_000_000))]
    pub rate_limit_guesses_per_day: u32,

    /// Registrations without an access token from one address.
    #[arg(long, env, default_value_t = 30, value_parser = per_minute())]
    pub rate_limit_register_per_minute: u32,
}

fn per_minute() -> clap::builder::RangedI64ValueParser<u32> {
    // A microsecond apart is the closest that the limiter tells apart.
    clap::value_parser!(u32).range(1..=60_000_000)
}

/// An origin as browsers send it: scheme, host and port, nothing behind.
fn origin(text: &str) -> Result<http::HeaderValue, String> {
    let origin: http::Uri = text.trim().parse().map_err(|_| "not an origin".to_owned())?;
    let is_origin = matches!(origin.scheme_str(), Some("http" | "https")) && origin.host().is_some();
    let is_bare =
        origin.path_and_query().is_none_or(|rest| rest.as_str() == "/") && !text.trim().ends_with('/');
    if !is_origin || !is_bare {
        return Err("must be a scheme, a host and perhaps a port, for instance https://clinic.example".into());
    }
    text.trim().parse().map_err(|_| "not an origin".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_no_path() {
        assert!(origin("https://clinic.example").is_ok());
        assert!(origin("http://localhost:3000").is_ok());
        for wrong in ["*", "clinic.example", "https://clinic.example/", "https://clinic.example/app", "null"]
        {
            assert!(origin(wrong).is_err(), "{wrong}");
        }
    }
}
