//! Whether the gateway lives, and how what it depends on does.
use crate::clients::Services;
use crate::reply::Plain;
use axum::extract::State;
use platform::client::Peer;
use platform::clock::time_zone_database;
use platform::deadline;
use platform::redis::Redis;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Longest wait for the answer of one service.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long what was found out is good for: probes of many must not become a load.
const FRESH: Duration = Duration::from_secs(1);

/// By name.
type Dependencies = BTreeMap<&'static str, DependencyState>;

/// Asks what the gateway depends on how it does.
#[derive(Clone)]
pub struct Health {
    services: Services,
    redis: Redis,
    last: Arc<Mutex<Option<(Instant, Dependencies)>>>,
}

pub fn routes() -> OpenApiRouter<Health> {
    OpenApiRouter::default()
        .routes(routes!(health))
        .routes(routes!(live))
        .routes(routes!(ready))
        .routes(routes!(version))
}

/// That the gateway answers.
#[derive(Serialize, ToSchema)]
pub struct Healthy {
    #[schema(example = "healthy")]
    status: &'static str,
    #[schema(example = "healthcare-api")]
    service: &'static str,
    #[schema(example = "0.1.0")]
    version: &'static str,
}

/// What is running.
#[derive(Serialize, ToSchema)]
pub struct Release {
    #[schema(example = "healthcare-api")]
    service: &'static str,
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// The release of the IANA time zone database that times are computed with.
    #[schema(example = "2025b")]
    time_zone_database: &'static str,
}

/// That the process runs.
#[derive(Serialize, ToSchema)]
pub struct Alive {
    #[schema(example = "alive")]
    status: &'static str,
}

/// What can be served now.
#[derive(Serialize, ToSchema)]
pub struct ReadinessReport {
    status: ReadinessState,
    /// By name of the dependency.
    dependencies: BTreeMap<&'static str, DependencyState>,
}

#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReadinessState {
    /// Everything.
    Ready,
    /// All but what needs a dependency that is down.
    Degraded,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DependencyState {
    Up,
    Down,
}

impl Health {
    pub fn new(services: Services, redis: Redis) -> Self {
        Self { services, redis, last: Arc::default() }
    }

    async fn dependencies(&self) -> Dependencies {
        // Those who come meanwhile wait for the answer of the first.
        let mut last = self.last.lock().await;
        if let Some((at, known)) = &*last
            && at.elapsed() < FRESH
        {
            return known.clone();
        }
        let found = self.ask().await;
        *last = Some((Instant::now(), found.clone()));
        found
    }

    async fn ask(&self) -> Dependencies {
        let Services { auth, patient, doctor, appointment, notification } = &self.services;
        let states = tokio::join!(
            service(auth, "healthcare.auth.v1.AuthService"),
            service(patient, "healthcare.patient.v1.PatientService"),
            service(doctor, "healthcare.doctor.v1.DoctorService"),
            service(appointment, "healthcare.appointment.v1.AppointmentService"),
            service(notification, "healthcare.notification.v1.NotificationService"),
            redis(&self.redis),
        );
        BTreeMap::from([
            ("auth-svc", states.0),
            ("patient-svc", states.1),
            ("doctor-svc", states.2),
            ("appointment-svc", states.3),
            ("notification-svc", states.4),
            ("redis", states.5),
        ])
    }
}

async fn service(peer: &Peer, name: &str) -> DependencyState {
    let mut client = HealthClient::new(peer.clone());
    let question = HealthCheckRequest { service: name.to_owned() };
    match deadline::within(Instant::now() + PATIENCE, client.check(question)).await {
        Ok(Ok(answer)) if answer.get_ref().status() == ServingStatus::Serving => DependencyState::Up,
        _ => DependencyState::Down,
    }
}

async fn redis(redis: &Redis) -> DependencyState {
    let ping = platform::redis::commands::cmd("PING");
    match redis.run(async |redis| ping.query_async::<String>(redis).await).await {
        Ok(_) => DependencyState::Up,
        Err(_) => DependencyState::Down,
    }
}

/// Health
#[utoipa::path(get, path = "/health", operation_id = "GetHealth", tag = "health", security(()))]
async fn health() -> Plain<Healthy> {
    Plain(Healthy { status: "healthy", service: "healthcare-api", version: env!("CARGO_PKG_VERSION") })
}

/// Liveness
///
/// Depends on nothing but the process.
#[utoipa::path(get, path = "/health/live", operation_id = "GetLiveness", tag = "health", security(()))]
async fn live() -> Plain<Alive> {
    Plain(Alive { status: "alive" })
}

/// Readiness
///
/// 200 also while dependencies are down: what does not need them is served, and the rest is refused with a reason,
/// which is better than no answer from anyone. `status` is `degraded` then.
#[utoipa::path(get, path = "/health/ready", operation_id = "GetReadiness", tag = "health", security(()))]
async fn ready(State(health): State<Health>) -> Plain<ReadinessReport> {
    let dependencies = health.dependencies().await;
    let all_up = dependencies.values().all(|state| *state == DependencyState::Up);
    let status = if all_up { ReadinessState::Ready } else { ReadinessState::Degraded };
    Plain(ReadinessReport { status, dependencies })
}

/// Version
#[utoipa::path(get, path = "/version", operation_id = "GetVersion", tag = "health", security(()))]
async fn version() -> Plain<Release> {
    Plain(Release {
        service: "healthcare-api",
        version: env!("CARGO_PKG_VERSION"),
        time_zone_database: time_zone_database(),
    })
}
