//! The REST face of the mesh: HTTP and JSON outside, gRPC inside, and a document that says how.
//!
//! Modules are declared in dependency order: each imports only what stands above it.

pub mod origin; // where a request comes from
pub mod config; // settings
pub mod clients; // one client per service
pub mod pointer; // JSON Pointers to what is wrong
pub mod times; // instants and civil times, in and out
pub mod problem; // errors as RFC 9457
pub mod reply; // answers that know their entry in the document
pub mod body; // bodies, and what is wrong with them
pub mod query; // path, query, preconditions
pub mod once; // requests that are carried out once
pub mod patch; // partial updates
pub mod measurements; // what is counted, and what that says
pub mod observe; // span, log line and measurement of every request
pub mod caller; // who is asking
pub mod challenge; // log-ins that wait for a code
pub mod shedding; // more than can be answered in time
pub mod limits; // how often one caller may ask
pub mod cache; // answers about doctors, kept for a minute
pub mod app; // what handlers share
pub mod routes; // one module per resource
pub mod pages; // pages behind the links in mails
pub mod calendars; // calendars that programs subscribe to
pub mod health; // whether the gateway lives, and how its dependencies do
pub mod openapi; // the document
pub mod parameters; // parameters where none are known
pub mod docs; // the document for people
pub mod headers; // what every answer tells browsers
pub mod router; // every resource, and the stack around them
pub mod unread; // what is left of a body when its request is answered
pub mod connection; // one connection, and how long it may be silent
pub mod tls; // HTTPS
pub mod server; // connections

/// The name of this process.
pub const SERVICE: &str = "gateway";

use crate::app::{App, Shared};
use crate::cache::Directory;
use crate::caller::Identifier;
use crate::challenge::Challenges;
use crate::clients::{Clients, Services};
use crate::config::Config;
use crate::health::Health;
use crate::limits::Limits;
use platform::admin::Readiness;
use platform::clock::Clock;
use platform::redis::Redis;
use platform::secrets::RootSecret;
use platform::shutdown::Shutdown;
use platform::token::{Verifier, service_identity};
use std::time::Duration;
use tokio::net::TcpListener;

/// Serves on `listener` until shutdown is requested.
pub async fn serve(
    config: Config,
    listener: TcpListener,
    readiness: Readiness,
    shutdown: Shutdown,
) -> anyhow::Result<()> {
    measurements::begin();
    let service = service(&config, &shutdown)?;
    let tls = config.tls.files().map(|files| tls::settings(files, &shutdown)).transpose()?;
    let grace = Duration::from_secs(config.process.shutdown_grace_seconds);
    readiness.set(true);
    server::serve(listener, tls, service, config.edge.max_connections, &shutdown, grace).await;
    readiness.set(false);
    Ok(())
}

/// Everything wired together. Nothing is connected until it is needed.
pub fn service(config: &Config, shutdown: &Shutdown) -> anyhow::Result<router::Service> {
    let root = RootSecret::of(&config.process)?;
    let clock = Clock::system();
    let redis = Redis::new(&config.redis)?;
    let identity = service_identity(&root, SERVICE, clock.clone())?;
    let services = Services::new(&config.peers, &identity)?;
    let app = App::from(Shared {
        clients: Clients::new(&services),
        challenges: Challenges::new(&root),
        limits: Limits::new(redis.clone(), &root, &config.rate_limits),
        directory: Directory::new(redis.clone(), clock.clone()),
    });
    let verifier = Verifier::new(SERVICE, &root, Some(services.auth.clone()), clock);
    verifier.follow(shutdown);
    let identifier = Identifier { verifier, proxies: config.edge.trusted_proxies.clone().into() };
    Ok(router::service(app, Health::new(services, redis), identifier, &config.edge))
}
