//! Appointments: who sees which doctor, and when.
//!
//! Modules are declared in dependency order: each imports only what stands above it.

pub mod domain; // what a visit is, when a doctor can be booked; pure
pub mod config; // settings
pub mod events; // what the other services are told
pub mod measurements; // what is counted, and what that says
pub mod store; // all SQL
pub mod error; // what can go wrong, and its gRPC status
pub mod convert; // wire <-> domain
pub mod once; // requests that are carried out once
pub mod neighbours; // what is asked of doctor-svc and patient-svc
pub mod calendars; // use cases: what doctors and the clinic offer
pub mod offers; // use cases: free times
pub mod drafts; // visits as they are about to be written
pub mod placing; // what holding and booking have in common
pub mod holds; // use cases: keep a time for a while
pub mod waitlist; // use cases: patients who wait
pub mod offering; // use case: free times are offered to those who wait
pub mod bookings; // use cases: book, move, import
pub mod accepting; // use cases: take or refuse what is offered
pub mod transitions; // use cases: change where a visit stands, take that back
pub mod series; // use cases: visits that recur
pub mod absences; // use cases: a doctor who will be away
pub mod visits; // use cases: read
pub mod reaper; // what has run out is tidied up
pub mod recheck; // use case: visits that another time zone database moves
pub mod verify; // use case: whether the database keeps what is promised
pub mod consumer; // events of others
pub mod answers; // what callers are told
pub mod api; // the gRPC face
pub mod waitlist_api; // the gRPC face of the waitlist
pub mod link_api; // the gRPC face of links that patients were sent

use absences::Absences;
use accepting::Accepting;
use api::Api;
use bookings::Bookings;
use calendars::Calendars;
use config::{Command, Config};
use consumer::Consumer;
use domain::hold::Tokens;
use domain::waitlist::Terms;
use holds::Holds;
use jiff::SignedDuration;
use link_api::LinkApi;
use neighbours::Neighbours;
use offering::Offering;
use offers::Offers;
use placing::Placing;
use platform::admin::Readiness;
use platform::broker::Broker;
use platform::client::Peer;
use platform::clock::Clock;
use platform::dead_letters::{self, DeadLetters};
use platform::outbox::Outbox;
use platform::page::PageTokens;
use platform::postgres::Reads;
use platform::secrets::RootSecret;
use platform::server::{MAX_MESSAGE_BYTES, Services, Stack};
use platform::shutdown::Shutdown;
use platform::token::{Verifier, service_identity};
use platform::{inbox, postgres};
use proto::appointment::appointment_service_server::AppointmentServiceServer;
use proto::appointment::visit_link_service_server::VisitLinkServiceServer;
use proto::appointment::waitlist_service_server::WaitlistServiceServer;
use series::Recurring;
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use tokio::net::TcpListener;
use transitions::Transitions;
use visits::Visits;
use waitlist::Waitlist;
use waitlist_api::WaitlistApi;

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

/// Does what else the binary does.
pub async fn command(config: Config, command: Command) -> anyhow::Result<()> {
    let store = Store::new(postgres::pool_planning_once(&config.postgres, NAME)?, Outbox::new(SCHEMA));
    let mut out = std::io::stdout().lock();
    match command {
        Command::Verify => verify::verify(&store, &mut out).await,
        Command::RecheckZones => recheck::recheck(&store, &mut out).await,
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
    let identity = service_identity(&root, NAME, clock.clone())?;
    let auth = Peer::new("auth-svc", &config.auth_url, Some(identity.clone()))?;
    let doctors = Peer::new(neighbours::DOCTOR_SVC, &config.doctor_url, Some(identity.clone()))?;
    let patients = Peer::new(neighbours::PATIENT_SVC, &config.patient_url, Some(identity))?;

    measurements::begin();
    let pool = postgres::pool_planning_once(&config.postgres, NAME)?;
    postgres::watch(&pool, &shutdown);
    let broker = Broker::new(&config.broker, NAME)?;
    let outbox = Outbox::new(SCHEMA);
    outbox.relay(pool.clone(), broker.clone(), &shutdown);
    let reads = Reads::new(&config.postgres, &config.reads, NAME, pool.clone(), &shutdown)?;
    let store = Store::new(pool.clone(), outbox).reading(reads);

    let neighbours = Neighbours::new(doctors, patients);
    let dead =
        DeadLetters::new(SCHEMA, pool.clone(), broker.clone()).collecting(&[consumer::QUEUE], &shutdown);
    let (appointments, waitlist, links) = assemble(&config, &root, store, neighbours, broker, &shutdown);
    readiness.set(true);
    let stack = Stack {
        verifier: Verifier::new(NAME, &root, Some(auth), clock),
        settings: config.grpc,
        audit: pool,
        shutdown,
        grace: Duration::from_secs(config.process.shutdown_grace_seconds),
    };
    let appointments =
        AppointmentServiceServer::new(appointments).max_decoding_message_size(MAX_MESSAGE_BYTES);
    let waitlist = WaitlistServiceServer::new(waitlist).max_decoding_message_size(MAX_MESSAGE_BYTES);
    let links = VisitLinkServiceServer::new(links).max_decoding_message_size(MAX_MESSAGE_BYTES);
    let dead = dead_letters::Api::server(dead, PageTokens::new(&root));
    stack.serve(listener, Services::of(appointments).and(waitlist).and(links).and(dead)).await
}

/// The faces over everything below them, and what runs beside.
fn assemble(
    config: &Config,
    root: &RootSecret,
    store: Store,
    neighbours: Neighbours,
    broker: Broker,
    shutdown: &Shutdown,
) -> (Api, WaitlistApi, LinkApi) {
    let calendars = Calendars::new(store.clone(), neighbours.clone());
    let offers = Offers::new(store.clone(), calendars.clone());
    let placing = Placing::new(calendars.clone(), offers.clone());
    let ttl = SignedDuration::from_secs(config.hold_ttl_seconds.into());
    let tokens = Tokens::new(root);
    let holds = Holds::new(store.clone(), placing.clone(), tokens.clone(), ttl);
    let terms = Terms {
        ttl: SignedDuration::from_secs(config.waitlist_offer_ttl_seconds.into()),
        quiet: config.waitlist_quiet_hours.0,
        most: config.waitlist_broadcast.into(),
    };
    let waitlist = Waitlist::new(store.clone(), calendars.clone());
    let accepting = Accepting::new(store.clone());
    Offering::new(store.clone(), waitlist.clone(), tokens, terms).start(shutdown);
    let bookings = Bookings::new(store.clone(), calendars.clone(), placing);
    let recurring = Recurring::new(store.clone(), calendars.clone());
    let transitions = Transitions::new(store.clone());
    let absences = Absences::new(store.clone());
    reaper::start(store.clone(), shutdown);
    let visits = Visits::new(store, neighbours, config.care_relationship_days);
    inbox::consume(
        broker,
        consumer::QUEUE,
        consumer::PATTERNS,
        Arc::new(Consumer::new(calendars.clone(), visits.clone())),
        shutdown,
    );

    let pages = PageTokens::new(root);
    let links = LinkApi {
        bookings: bookings.clone(),
        transitions: transitions.clone(),
        offers: offers.clone(),
        visits: visits.clone(),
    };
    let api = Api {
        bookings,
        holds,
        transitions,
        calendars,
        offers,
        recurring,
        absences,
        visits,
        pages: pages.clone(),
    };
    (api, WaitlistApi { waitlist, accepting, pages }, links)
}
