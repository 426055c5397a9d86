//! Appointments: who sees which doctor, and when.
//!
//! Modules are declared in dependency order: each imports only what stands above it.

pub mod config; // settings
pub mod domain; // what a visit is, when a doctor can be booked; pure
pub mod events; // what the other services are told
pub mod store; // all SQL
pub mod error; // what can go wrong, and its gRPC status
pub mod convert; // wire <-> domain
pub mod neighbours; // what is asked of doctor-svc and patient-svc
pub mod calendars; // use cases: what doctors offer, free times
pub mod bookings; // use cases: book, move, change status, import
pub mod visits; // use cases: read
pub mod consumer; // events of others
pub mod api; // the gRPC face

use api::Api;
use bookings::Bookings;
use calendars::Calendars;
use config::Config;
use consumer::Consumer;
use neighbours::Neighbours;
use platform::admin::Readiness;
use platform::broker::Broker;
use platform::client::Peer;
use platform::clock::Clock;
use platform::outbox::Outbox;
use platform::page::PageTokens;
use platform::secrets::RootSecret;
use platform::server::{MAX_MESSAGE_BYTES, Stack};
use platform::shutdown::Shutdown;
use platform::token::{Verifier, service_identity};
use platform::{inbox, postgres};
use proto::appointment::appointment_service_server::AppointmentServiceServer;
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use tokio::net::TcpListener;
use visits::Visits;

/// The name by which other services know this one.
pub const NAME: &str = "appointment-svc";
const SCHEMA: &str = "appointment";

mod migrations {
    refinery::embed_migrations!("migrations");
}

/// Brings the schema up to date.
pub async fn migrate(config: Config) -> anyhow::Result<()> {
    postgres::migrate(&config.postgres, SCHEMA, &migrations::migrations::runner()).await
}

/// Serves on `listener` until shutdown is requested.
pub async fn serve(
    config: Config,
    listener: TcpListener,
    readiness: Readiness,
    shutdown: Shutdown,
) -> anyhow::Result<()> {
    let root = RootSecret::new(&config.process.secret_key)?;
    let clock = Clock::system();
    let identity = service_identity(&root, NAME, clock.clone())?;
    let auth = Peer::new("auth-svc", &config.auth_url, Some(identity.clone()))?;
    let doctors = Peer::new(neighbours::DOCTOR_SVC, &config.doctor_url, Some(identity.clone()))?;
    let patients = Peer::new(neighbours::PATIENT_SVC, &config.patient_url, Some(identity))?;

    let pool = postgres::pool(&config.postgres, NAME)?;
    let broker = Broker::new(&config.broker, NAME);
    let outbox = Outbox::new(SCHEMA);
    outbox.relay(pool.clone(), broker.clone(), &shutdown);
    let store = Store::new(pool, outbox);

    let neighbours = Neighbours::new(doctors, patients);
    let calendars = Calendars::new(store.clone(), neighbours.clone());
    let bookings = Bookings::new(store.clone(), calendars.clone());
    let visits = Visits::new(store, neighbours);
    inbox::consume(
        broker,
        consumer::QUEUE,
        consumer::PATTERNS,
        Arc::new(Consumer::new(calendars.clone())),
        &shutdown,
    );

    let api = Api::new(bookings, calendars, visits, PageTokens::new(&root));
    readiness.set(true);
    let stack = Stack {
        verifier: Verifier::new(&root, Some(auth), clock),
        open: &[],
        settings: config.grpc,
        shutdown,
        grace: Duration::from_secs(config.process.shutdown_grace_seconds),
    };
    let service = AppointmentServiceServer::new(api).max_decoding_message_size(MAX_MESSAGE_BYTES);
    stack.serve(listener, service).await
}
