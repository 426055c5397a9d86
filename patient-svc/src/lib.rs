//! Patients and their medical records: who is treated, and what was found and done.
//!
//! Modules are declared in dependency order: each imports only what stands above it.

pub mod config; // settings, from the environment
pub mod domain; // patients, records, and who may know; pure
pub mod events; // what the others are told
pub mod sealing; // the words of records, encrypted under a key of each patient
pub mod store; // all SQL
pub mod error; // what can go wrong, and its gRPC status
pub mod calendar; // what is asked of appointment-svc
pub mod accounts; // what is asked of auth-svc
pub mod care; // who treats whom
pub mod attempts; // patients who are taken out of the calendar
pub mod pages; // pages of lists, opened
pub mod registry; // the use cases on patients
pub mod merging; // the use cases on two records of one person
pub mod holding; // the use cases on legal holds
pub mod charts; // the use cases on medical records
pub mod removals; // removals that failed half-way are settled
pub mod convert; // wire to domain and back
pub mod api; // the gRPC face

use crate::accounts::Accounts;
use crate::api::Api;
use crate::calendar::Calendar;
use crate::care::Care;
use crate::charts::Charts;
use crate::config::Config;
use crate::holding::Holding;
use crate::merging::Merging;
use crate::registry::Registry;
use crate::sealing::Keyring;
use crate::store::Store;
use platform::admin::Readiness;
use platform::broker::Broker;
use platform::client::Peer;
use platform::clock::Clock;
use platform::outbox::Outbox;
use platform::page::PageTokens;
use platform::postgres;
use platform::secrets::RootSecret;
use platform::server::{MAX_MESSAGE_BYTES, Services, Stack};
use platform::shutdown::Shutdown;
use platform::token::{Verifier, service_identity};
use proto::patient::patient_service_server::PatientServiceServer;
use std::time::Duration;
use tokio::net::TcpListener;

/// The name of this service.
pub const SERVICE: &str = "patient-svc";

refinery::embed_migrations!("migrations");

/// Brings the schema up to date.
pub async fn migrate(config: Config) -> anyhow::Result<()> {
    postgres::migrate(&config.postgres, store::SCHEMA, &migrations::runner()).await
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
    let identity = service_identity(&root, SERVICE, clock.clone())?;
    let auth = Peer::new("auth-svc", &config.auth_url, Some(identity.clone()))?;
    let accounts = Accounts::new(auth.clone());
    let appointments = Peer::new("appointment-svc", &config.appointment_url, Some(identity))?;

    let pool = postgres::pool(&config.postgres, SERVICE)?;
    let outbox = Outbox::new(store::SCHEMA);
    outbox.relay(pool.clone(), Broker::new(&config.broker, SERVICE), &shutdown);
    let store = Store::new(pool, outbox, Keyring::new(&root));
    let calendar = Calendar::new(appointments);
    let tokens = PageTokens::new(&root);
    let care = Care::new(store.clone(), calendar.clone());
    let registry = Registry::new(store.clone(), calendar.clone(), care.clone(), tokens.clone());
    let merging = Merging::new(store.clone(), calendar.clone(), accounts);
    let holding = Holding::new(store.clone());
    let charts = Charts::new(store, calendar, care, tokens);
    removals::watch(registry.clone(), &shutdown);

    let stack = Stack {
        verifier: Verifier::new(SERVICE, &root, Some(auth), clock.clone()),
        settings: config.grpc,
        shutdown,
        grace: Duration::from_secs(config.process.shutdown_grace_seconds),
    };
    readiness.set(true);
    let service = PatientServiceServer::new(Api { registry, merging, holding, charts, clock })
        .max_decoding_message_size(MAX_MESSAGE_BYTES);
    stack.serve(listener, Services::of(service)).await
}
