//! Doctors and the clinic: who treats, when they can be booked, where, and for what.
//!
//! Modules are declared in dependency order: each imports only what stands above it.

pub mod config; // settings of this service
pub mod domain; // who treats, when they can be booked, and for what; pure
pub mod events; // what the other services are told
pub mod store; // all SQL
pub mod error; // what can go wrong, and its gRPC status
pub mod published; // rules as calendars read them
pub mod calendar; // what is asked of appointment-svc
pub mod directory; // readers who cache are told to look again
pub mod changes; // how a change is made, here and in the calendar
pub mod roster; // the use cases on doctors
pub mod hours; // the use cases on weekly hours
pub mod exceptions; // the use cases on other hours and time away
pub mod offers; // the use cases on places, holidays and visit types
pub mod convert; // wire <-> domain
pub mod api; // the gRPC face

use api::Api;
use calendar::Calendar;
use changes::Changes;
use config::Config;
use directory::Directory;
use exceptions::Exceptions;
use hours::Hours;
use offers::Offers;
use platform::admin::Readiness;
use platform::broker::Broker;
use platform::client::Peer;
use platform::clock::Clock;
use platform::outbox::Outbox;
use platform::page::PageTokens;
use platform::postgres;
use platform::redis::Redis;
use platform::secrets::RootSecret;
use platform::server::{MAX_MESSAGE_BYTES, Services, Stack};
use platform::shutdown::Shutdown;
use platform::token::{Verifier, service_identity};
use proto::doctor::doctor_service_server::DoctorServiceServer;
use roster::Roster;
use std::time::Duration;
use store::Store;
use tokio::net::TcpListener;

refinery::embed_migrations!("migrations");

const SERVICE: &str = "doctor-svc";
const SCHEMA: &str = "doctor";

/// Brings the database up to date.
pub async fn migrate(config: Config) -> anyhow::Result<()> {
    postgres::migrate(&config.postgres, SCHEMA, &migrations::runner()).await
}

/// Serves on `listener` until shutdown is requested.
pub async fn serve(
    config: Config,
    listener: TcpListener,
    readiness: Readiness,
    shutdown: Shutdown,
) -> anyhow::Result<()> {
    let clock = Clock::system();
    let root = RootSecret::of(&config.process)?;
    let identity = service_identity(&root, SERVICE, clock.clone())?;
    let auth = Peer::new("auth-svc", &config.auth_url, Some(identity.clone()))?;
    let appointments = Peer::new("appointment-svc", &config.appointment_url, Some(identity))?;

    let pool = postgres::pool(&config.postgres, SERVICE)?;
    postgres::watch(&pool, &shutdown);
    let outbox = Outbox::new(SCHEMA);
    outbox.relay(pool.clone(), Broker::new(&config.broker, SERVICE)?, &shutdown);
    let store = Store::new(pool.clone(), outbox);
    let directory = Directory::new(Redis::new(&config.redis)?, shutdown.clone());
    let changes = Changes::new(store.clone(), Calendar::new(appointments), directory);
    changes.clone().keep_repairing(&shutdown);

    let api = Api {
        roster: Roster::new(store.clone(), changes.clone(), PageTokens::new(&root)),
        hours: Hours::new(changes.clone()),
        exceptions: Exceptions::new(changes.clone()),
        offers: Offers::new(store, changes),
        clock: clock.clone(),
    };
    let stack = Stack {
        verifier: Verifier::new(SERVICE, &root, Some(auth), clock),
        settings: config.grpc,
        audit: pool,
        shutdown,
        grace: Duration::from_secs(config.process.shutdown_grace_seconds),
    };
    readiness.set(true);
    let service = DoctorServiceServer::new(api).max_decoding_message_size(MAX_MESSAGE_BYTES);
    stack.serve(listener, Services::of(service)).await
}
