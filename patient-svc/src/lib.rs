//! Patients and their medical records: who is treated, and what was found and done.
//!
//! Modules are declared in dependency order: each imports only what stands above it.

pub mod domain; // patients, records, and who may know; pure
pub mod config; // settings, from the environment
pub mod events; // what the others are told
pub mod sealing; // the words of records, encrypted under a key of each patient
pub mod signers; // who may have signed the audit log
pub mod store; // all SQL
pub mod error; // what can go wrong, and its gRPC status
pub mod calendar; // what is asked of appointment-svc
pub mod accounts; // what is asked of auth-svc
pub mod care; // who treats whom
pub mod audited; // what the audit log is told
pub mod attempts; // patients who are taken out of the calendar
pub mod pages; // pages of lists, opened
pub mod registry; // the use cases on patients
pub mod merging; // the use cases on two records of one person
pub mod holding; // the use cases on legal holds
pub mod auditing; // the use cases on the audit log
pub mod measurements; // what is measured, and what that says
pub mod checkpoints; // the ends of the audit log's chains, signed
pub mod verify; // use case: whether the audit log is as it was written
pub mod claiming; // the use cases on codes by which patients get to their records
pub mod charts; // the use cases of whoever reads medical records
pub mod writing; // the use cases of whoever writes them
pub mod break_glass; // the use cases on leave to read in an emergency
pub mod erasing; // the use case of erasure
pub mod keys; // the use case of operators on the data key of one patient
pub mod resealing; // use case of operators: another root secret
pub mod removals; // removals that failed half-way are settled
pub mod convert; // wire to domain and back
pub mod api; // the gRPC face
pub mod break_glass_api; // the one of leave to read in an emergency
pub mod audit_api; // the one of the audit log

use crate::accounts::Accounts;
use crate::api::Api;
use crate::audit_api::AuditApi;
use crate::auditing::Auditing;
use crate::break_glass::{BreakGlass, Terms};
use crate::break_glass_api::BreakGlassApi;
use crate::calendar::Calendar;
use crate::care::Care;
use crate::charts::Charts;
use crate::claiming::Claiming;
use crate::config::{Command, Config};
use crate::erasing::Erasing;
use crate::holding::Holding;
use crate::merging::Merging;
use crate::registry::Registry;
use crate::sealing::Keyring;
use crate::signers::Signers;
use crate::store::Store;
use crate::writing::Writing;
use jiff::SignedDuration;
use platform::admin::Readiness;
use platform::audit::Digests;
use platform::audit::chain::Signer;
use platform::broker::Broker;
use platform::client::Peer;
use platform::clock::Clock;
use platform::outbox::Outbox;
use platform::page::PageTokens;
use platform::postgres::{self, Reads};
use platform::secrets::RootSecret;
use platform::server::{MAX_MESSAGE_BYTES, Services, Stack};
use platform::shutdown::Shutdown;
use platform::token::{Verifier, service_identity};
use proto::patient::audit_service_server::AuditServiceServer;
use proto::patient::break_glass_service_server::BreakGlassServiceServer;
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

/// Does what else the binary does.
pub async fn command(config: Config, command: Command) -> anyhow::Result<()> {
    let root = RootSecret::of(&config.process)?;
    let pool = postgres::pool(&config.postgres, SERVICE)?;
    let store = Store::new(pool, Outbox::new(store::SCHEMA), Keyring::new(&root));
    let told = &mut std::io::stdout().lock();
    match command {
        Command::AuditVerify { checkpoint } => {
            verify::verify(&store, &Signers::new(&root), checkpoint.as_ref(), told).await
        }
        Command::Keys(command) => keys::run(command, &store, Clock::system().now(), told).await,
        Command::Reseal => resealing::reseal(&store, &root, told).await,
    }
}

/// Serves on `listener` until shutdown is requested.
pub async fn serve(
    config: Config,
    listener: TcpListener,
    readiness: Readiness,
    shutdown: Shutdown,
) -> anyhow::Result<()> {
    let root = RootSecret::of(&config.process)?;
    let clock = Clock::system();
    let identity = service_identity(&root, SERVICE, clock.clone())?;
    let auth = Peer::new("auth-svc", &config.auth_url, Some(identity.clone()))?;
    let accounts = Accounts::new(auth.clone());
    let appointments = Peer::new("appointment-svc", &config.appointment_url, Some(identity))?;

    let pool = postgres::pool(&config.postgres, SERVICE)?;
    measurements::begin(clock.now());
    postgres::watch(&pool, &shutdown);
    let outbox = Outbox::new(store::SCHEMA);
    outbox.relay(pool.clone(), Broker::new(&config.broker, SERVICE)?, &shutdown);
    let reads = Reads::new(&config.postgres, &config.reads, SERVICE, pool.clone(), &shutdown)?;
    let store = Store::new(pool.clone(), outbox, Keyring::new(&root)).reading(reads);
    let calendar = Calendar::new(appointments);
    let tokens = PageTokens::new(&root);
    let care = Care::new(store.clone(), calendar.clone());
    let digests = Digests::new(&root);
    let registry =
        Registry::new(store.clone(), calendar.clone(), care.clone(), tokens.clone(), digests.clone());
    let auditing = Auditing::new(store.clone(), tokens.clone(), digests);
    checkpoints::keep_signing(store.clone(), Signer::new(&root), clock.clone(), &shutdown);
    let claiming = Claiming::new(store.clone(), accounts.clone());
    let merging = Merging::new(store.clone(), calendar.clone(), accounts.clone());
    let erasing = Erasing::new(store.clone(), accounts);
    let holding = Holding::new(store.clone());
    let charts = Charts::new(store.clone(), calendar.clone(), care.clone(), tokens.clone());
    let writing = Writing::new(store.clone(), calendar, care, charts.clone());
    let terms = Terms {
        life: SignedDuration::from_mins(config.break_glass_minutes.into()),
        review_within: SignedDuration::from_hours(24 * i64::from(config.break_glass_review_days)),
    };
    let break_glass = BreakGlass::new(store, tokens, terms);
    removals::watch(registry.clone(), &shutdown);

    let stack = Stack {
        verifier: Verifier::new(SERVICE, &root, Some(auth), clock.clone()),
        settings: config.grpc,
        audit: pool,
        shutdown,
        grace: Duration::from_secs(config.process.shutdown_grace_seconds),
    };
    readiness.set(true);
    let break_glass = BreakGlassServiceServer::new(BreakGlassApi { break_glass, clock: clock.clone() })
        .max_decoding_message_size(MAX_MESSAGE_BYTES);
    let service = PatientServiceServer::new(Api {
        registry,
        claiming,
        merging,
        holding,
        erasing,
        charts,
        writing,
        clock,
    })
    .max_decoding_message_size(MAX_MESSAGE_BYTES);
    let audit = AuditServiceServer::new(AuditApi { auditing }).max_decoding_message_size(MAX_MESSAGE_BYTES);
    stack.serve(listener, Services::of(service).and(break_glass).and(audit)).await
}
