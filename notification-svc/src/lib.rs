//! Notifications: who is told what about visits, offers, accounts and emergencies, by e-mail and SMS, once; and which programs of
//! others are told of events.
//!
//! Modules are declared in dependency order: each imports only what stands above it.

pub mod domain; // what a message is, when it is tried again, when it is no longer true; pure
pub mod config; // where the mail server and the neighbours are
pub mod measurements; // what is measured, and what that says
pub mod words; // what is said, in each language and as the clinic wants it
pub mod calendar; // visits as calendars know them; pure
pub mod links; // where the links in messages lead, and that they are ours
pub mod templates; // who is told what, and how that is laid out
pub mod channel; // how a message reaches its recipient
pub mod signing; // what proves to others that it is from us
pub mod store; // all SQL
pub mod error; // what can go wrong, and its gRPC status
pub mod phrasebook; // the words in force, and how the clinic changes them
pub mod neighbours; // what is asked of the other services
pub mod watch; // who is told when a doctor breaks the glass
pub mod choosing; // the use cases on what patients want to be told of
pub mod subscribing; // the use cases on calendars that programs of others subscribe to
pub mod linking; // the use cases of links: show what can be done, and do it
pub mod reminding; // the use case that plans reminders
pub mod delivery; // the use cases: write down whom to tell, tell them, look, try again
pub mod webhooks; // the use cases on programs of others that are told of events
pub mod resealing; // use case of operators: another root secret
pub mod consumer; // events of others -> messages, each once
pub mod sender; // the loop that sends what is due
pub mod convert; // wire <-> domain
pub mod api; // the gRPC face
pub mod webhook_api; // the gRPC face of webhooks
pub mod preference_api; // the gRPC face of what patients want to be told of
pub mod feed_api; // the gRPC face of calendars that programs of others subscribe to
pub mod link_api; // the gRPC face of links

mod migrations {
    refinery::embed_migrations!("migrations");
}

use crate::api::Api;
use crate::api::templates::TemplateApi;
use crate::channel::Channels;
use crate::channel::email::Email;
use crate::channel::sms::Sms;
use crate::channel::webhook::Courier;
use crate::choosing::Choosing;
use crate::config::{Command, Config};
use crate::consumer::{Consumer, accounts, alarms, offers, reminders, webhooks as told};
use crate::delivery::Delivery;
use crate::domain::webhook::Reach;
use crate::feed_api::FeedApi;
use crate::link_api::LinkApi;
use crate::linking::Linking;
use crate::links::{FormerKey, Links};
use crate::neighbours::Neighbours;
use crate::phrasebook::Phrasebook;
use crate::preference_api::PreferenceApi;
use crate::reminding::Reminding;
use crate::signing::Secrets;
use crate::store::{SCHEMA, Store};
use crate::subscribing::Subscribing;
use crate::watch::Watch;
use crate::webhook_api::WebhookApi;
use crate::webhooks::Webhooks;
use deadpool_postgres::Pool;
use platform::admin::Readiness;
use platform::broker::Broker;
use platform::client::Peer;
use platform::clock::Clock;
use platform::dead_letters::{self, DeadLetters};
use platform::page::PageTokens;
use platform::secrets::RootSecret;
use platform::server::{MAX_MESSAGE_BYTES, Services, Stack};
use platform::shutdown::Shutdown;
use platform::token::{Verifier, service_identity};
use platform::{inbox, postgres};
use proto::notification::calendar_feed_service_server::CalendarFeedServiceServer;
use proto::notification::link_service_server::LinkServiceServer;
use proto::notification::notification_service_server::NotificationServiceServer;
use proto::notification::preference_service_server::PreferenceServiceServer;
use proto::notification::template_service_server::TemplateServiceServer;
use proto::notification::webhook_service_server::WebhookServiceServer;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

const NAME: &str = "notification-svc";

/// Brings the schema up to date.
pub async fn migrate(config: Config) -> anyhow::Result<()> {
    postgres::migrate(&config.postgres, SCHEMA, &migrations::migrations::runner()).await
}

/// Does what else the binary does.
pub async fn command(config: Config, command: Command) -> anyhow::Result<()> {
    let Command::Reseal { end_links } = command;
    let store = Store::new(postgres::pool_planning_once(&config.postgres, NAME)?);
    resealing::reseal(&store, &RootSecret::of(&config.process)?, end_links, &mut std::io::stdout().lock())
        .await
}

/// Serves on `listener`, takes events and sends messages until shutdown is requested.
pub async fn serve(
    config: Config,
    listener: TcpListener,
    readiness: Readiness,
    shutdown: Shutdown,
) -> anyhow::Result<()> {
    let clock = Clock::system();
    let root = RootSecret::of(&config.process)?;
    let identity = service_identity(&root, NAME, clock.clone())?;
    let peer = |name, urls: &str| Peer::new(name, urls, Some(identity.clone()));

    let neighbours = Neighbours::new(
        peer("auth-svc", &config.auth_url)?,
        peer("appointment-svc", &config.appointment_url)?,
        peer("patient-svc", &config.patient_url)?,
        peer("doctor-svc", &config.doctor_url)?,
    );
    let pool = postgres::pool_planning_once(&config.postgres, NAME)?;
    measurements::begin();
    postgres::watch(&pool, &shutdown);
    // While there is no database nothing can be sent either, and whoever started us tries again.
    let formers = Store::new(pool.clone()).former_link_keys().await?;
    let Assembled { delivery, choosing, subscribing, linking, phrasebook, webhooks, dead } =
        assemble(&config, (&root, &formers), neighbours, pool.clone(), clock.clone(), &shutdown)?;

    let stack = Stack {
        verifier: Verifier::new(NAME, &root, Some(peer("auth-svc", &config.auth_url)?), clock.clone()),
        settings: config.grpc,
        audit: pool,
        shutdown,
        grace: Duration::from_secs(config.process.shutdown_grace_seconds),
    };
    let pages = PageTokens::new(&root);
    let api = Api::new(delivery, pages.clone());
    readiness.set(true);
    let service = NotificationServiceServer::new(api).max_decoding_message_size(MAX_MESSAGE_BYTES);
    let preferences = PreferenceServiceServer::new(PreferenceApi::new(choosing))
        .max_decoding_message_size(MAX_MESSAGE_BYTES);
    let templates =
        TemplateServiceServer::new(TemplateApi::new(phrasebook)).max_decoding_message_size(MAX_MESSAGE_BYTES);
    let feeds = CalendarFeedServiceServer::new(FeedApi { subscribing, clock: clock.clone() })
        .max_decoding_message_size(MAX_MESSAGE_BYTES);
    let webhooks = WebhookApi { webhooks, tokens: pages.clone(), clock };
    let webhooks = WebhookServiceServer::new(webhooks).max_decoding_message_size(MAX_MESSAGE_BYTES);
    let dead = dead_letters::Api::server(dead, pages);
    let links = LinkServiceServer::new(LinkApi(linking)).max_decoding_message_size(MAX_MESSAGE_BYTES);
    let services = Services::of(service).and(preferences).and(templates).and(webhooks);
    let services = services.and(feeds).and(links).and(dead);
    stack.serve(listener, services).await
}

/// What the faces need of what is below them.
struct Assembled {
    delivery: Delivery,
    choosing: Choosing,
    subscribing: Subscribing,
    linking: Linking,
    phrasebook: Phrasebook,
    webhooks: Webhooks,
    dead: DeadLetters,
}

/// Everything below the faces; what takes events and sends messages has begun.
fn assemble(
    config: &Config,
    (root, formers): (&RootSecret, &[FormerKey]),
    neighbours: Neighbours,
    pool: Pool,
    clock: Clock,
    shutdown: &Shutdown,
) -> anyhow::Result<Assembled> {
    let store = Store::new(pool.clone());
    let watch = Watch::new(config.security_alert_email.clone(), neighbours.clone());
    let sms = Sms::new(&config.sms)?;
    let choosing = Choosing::new(store.clone(), neighbours.clone(), config.quiet_hours.0, sms.is_some());
    let channels = Channels::new(Email::new(&config.smtp)?, sms);
    let offsets = config.reminder_offsets_minutes.0.clone();
    let reminding = Reminding::new(store.clone(), neighbours.clone(), choosing.clone(), offsets);
    let phrasebook = Phrasebook::new(store.clone(), config.clinic_name.as_str(), config.default_language);
    phrasebook.start(shutdown);
    let subscribing = Subscribing::new(
        store.clone(),
        neighbours.clone(),
        phrasebook.clone(),
        config.smtp.email_from.clone(),
        &config.public_url,
    );
    let linking = Linking {
        links: Links::new(root, &config.public_url, formers),
        neighbours: neighbours.clone(),
        choosing: choosing.clone(),
        phrasebook: phrasebook.clone(),
        clock: clock.clone(),
    };
    let delivery = Delivery::new(
        store.clone(),
        neighbours,
        choosing.clone(),
        watch.clone(),
        channels,
        phrasebook.clone(),
        linking.links.clone(),
    );
    let reach = if config.webhook_allow_private { Reach::Anywhere } else { Reach::Public };
    let webhooks = Webhooks::new(store, Courier::new(reach), Secrets::new(root), &config.public_url);

    let broker = Broker::new(&config.broker, NAME)?;
    let visits = Arc::new(Consumer::new(delivery.clone()));
    inbox::consume(broker.clone(), consumer::QUEUE, consumer::PATTERNS, visits, shutdown);
    let offered = Arc::new(offers::Consumer::new(delivery.clone()));
    inbox::consume(broker.clone(), offers::QUEUE, offers::PATTERNS, offered, shutdown);
    let upcoming = Arc::new(reminders::Consumer::new(reminding));
    inbox::consume(broker.clone(), reminders::QUEUE, reminders::PATTERNS, upcoming, shutdown);
    let of_accounts = Arc::new(accounts::Consumer::new(delivery.clone()));
    inbox::consume(broker.clone(), accounts::QUEUE, accounts::PATTERNS, of_accounts, shutdown);
    let broken = Arc::new(alarms::Consumer::new(delivery.clone(), watch));
    inbox::consume(broker.clone(), alarms::QUEUE, alarms::PATTERNS, broken, shutdown);
    let others = Arc::new(told::Consumer::new(webhooks.clone()));
    inbox::consume(broker.clone(), told::QUEUE, told::PATTERNS, others, shutdown);
    let queues =
        [consumer::QUEUE, offers::QUEUE, reminders::QUEUE, accounts::QUEUE, alarms::QUEUE, told::QUEUE];
    let dead = DeadLetters::new(SCHEMA, pool, broker).collecting(&queues, shutdown);
    sender::start(&delivery, shutdown);
    sender::webhooks::start(webhooks.clone(), clock, shutdown);
    Ok(Assembled { delivery, choosing, subscribing, linking, phrasebook, webhooks, dead })
}
