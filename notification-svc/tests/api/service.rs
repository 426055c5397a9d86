//! notification-svc, alone on servers of its own, with neighbours that know what a test tells them.
use crate::neighbours::{Neighbours, Offer, Visit};
use clap::Parser;
use jiff::Timestamp;
use local::database::Database;
use local::mail::{Mail, Message};
use local::service::Service as Name;
use local::testing;
use notification_svc::config::Config;
use notification_svc::consumer::{PATTERNS, QUEUE, accounts, alarms, offers, reminders, webhooks};
use notification_svc::domain::State;
use notification_svc::store::Store;
use platform::admin::Readiness;
use platform::broker::{self, Broker, Publisher};
use platform::caller::{Role, User};
use platform::clock::Clock;
use platform::config;
use platform::outbox::Envelope;
use platform::postgres;
use platform::secrets::RootSecret;
use platform::shutdown::Shutdown;
use proto::events::dead_letter_service_client::DeadLetterServiceClient;
use proto::ids::{EventId, SessionId, UserId};
use proto::notification::calendar_feed_service_client::CalendarFeedServiceClient;
use proto::notification::link_service_client::LinkServiceClient;
use proto::notification::notification_service_client::NotificationServiceClient;
use proto::notification::preference_service_client::PreferenceServiceClient;
use proto::notification::template_service_client::TemplateServiceClient;
use proto::notification::webhook_service_client::WebhookServiceClient;
use proto::notification::{ListNotificationsRequest, Notification, NotificationState};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_postgres::NoTls;
use tonic::Request;
use tonic::transport::Channel;
use uuid::Uuid;

const SECRET: &str = "kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!";
pub(crate) const SENT: NotificationState = NotificationState::Sent;
pub(crate) const SUPERSEDED: NotificationState = NotificationState::Superseded;
pub(crate) const SKIPPED: NotificationState = NotificationState::Skipped;
pub(crate) const FAILED: NotificationState = NotificationState::Failed;
/// Longest wait for something that is to happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Everything around the service.
pub(crate) struct Ground {
    pub(crate) neighbours: Neighbours,
    pub(crate) mail: Mail,
    pub(crate) config: Config,
    pub(crate) broker: Broker,
    database: Database,
}

pub(crate) struct Service {
    pub(crate) ground: Ground,
    pub(crate) client: NotificationServiceClient<Channel>,
    pub(crate) webhooks: WebhookServiceClient<Channel>,
    pub(crate) preferences: PreferenceServiceClient<Channel>,
    pub(crate) feeds: CalendarFeedServiceClient<Channel>,
    pub(crate) dead_letters: DeadLetterServiceClient<Channel>,
    pub(crate) templates: TemplateServiceClient<Channel>,
    pub(crate) links: LinkServiceClient<Channel>,
    publisher: Publisher,
    shutdown: Shutdown,
}

#[derive(clap::Parser)]
struct Arguments {
    #[command(flatten)]
    config: Config,
}

impl Ground {
    pub(crate) async fn prepare() -> Self {
        Self::prepare_with(&[]).await
    }

    /// With settings besides the usual ones.
    pub(crate) async fn prepare_with(more: &[(&str, &str)]) -> Self {
        let database = testing::database().await.unwrap();
        let rabbitmq = testing::vhost().await.unwrap();
        let mail = Mail::start().await.unwrap();
        let neighbours = Neighbours::start(&RootSecret::new(&SECRET.to_owned().into()).unwrap()).await;
        let (runtime, owner) =
            (database.runtime_url(Name::Notification), database.owner_url(Name::Notification));
        let (smtp_server, smtp_port) = (mail.smtp().ip().to_string(), mail.smtp().port().to_string());
        let settings = [
            ("--secret-key", SECRET),
            ("--database-url", &runtime),
            ("--database-owner-url", &owner),
            ("--rabbitmq-url", &rabbitmq),
            ("--smtp-server", &smtp_server),
            ("--smtp-port", &smtp_port),
            ("--smtp-tls", "none"),
            ("--email-from", "Clinic <clinic@example.com>"),
            ("--public-url", "https://clinic.example"),
            ("--auth-url", &neighbours.url),
            ("--appointment-url", &neighbours.url),
            ("--patient-url", &neighbours.url),
            ("--doctor-url", &neighbours.url),
        ];
        let words = settings.iter().chain(more).flat_map(|(name, value)| [*name, *value]);
        let Arguments { config } = Arguments::parse_from(["notification-svc"].into_iter().chain(words));
        notification_svc::migrate(config.clone()).await.unwrap();
        let broker =
            Broker::new(&config::Broker { rabbitmq_url: rabbitmq.into(), rabbitmq_ca_file: None }, "test")
                .unwrap();
        // In place before the first event, which nobody would take otherwise.
        broker.queue(QUEUE, PATTERNS).await.unwrap();
        broker.queue(offers::QUEUE, offers::PATTERNS).await.unwrap();
        broker.queue(reminders::QUEUE, reminders::PATTERNS).await.unwrap();
        broker.queue(accounts::QUEUE, accounts::PATTERNS).await.unwrap();
        broker.queue(alarms::QUEUE, alarms::PATTERNS).await.unwrap();
        broker.queue(webhooks::QUEUE, webhooks::PATTERNS).await.unwrap();
        Self { neighbours, mail, config, broker, database }
    }

    /// What another replica would have.
    pub(crate) fn store(&self) -> Store {
        Store::new(postgres::pool_planning_once(&self.config.postgres, "test").unwrap())
    }

    /// The time, to the second: the database keeps no more than microseconds.
    pub(crate) fn now() -> Timestamp {
        Timestamp::from_second(Clock::system().now().as_second()).unwrap()
    }

    /// The database, as somebody who may do everything.
    pub(crate) async fn sql(&self) -> tokio_postgres::Client {
        let (client, connection) = tokio_postgres::connect(&self.database.admin_url(), NoTls).await.unwrap();
        Shutdown::default().spawn(connection);
        client
    }

    pub(crate) async fn serve(self) -> Service {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = Shutdown::default();
        let serving =
            notification_svc::serve(self.config.clone(), listener, Readiness::default(), shutdown.clone());
        shutdown.spawn(async { serving.await.unwrap() });
        let channel = Channel::from_shared(url).unwrap().connect_lazy();
        let client = NotificationServiceClient::new(channel.clone());
        let webhooks = WebhookServiceClient::new(channel.clone());
        let preferences = PreferenceServiceClient::new(channel.clone());
        let feeds = CalendarFeedServiceClient::new(channel.clone());
        let dead_letters = DeadLetterServiceClient::new(channel.clone());
        let links = LinkServiceClient::new(channel.clone());
        let templates = TemplateServiceClient::new(channel);
        let publisher = self.broker.publisher().await.unwrap();
        Service {
            ground: self,
            client,
            webhooks,
            preferences,
            feeds,
            dead_letters,
            templates,
            links,
            publisher,
            shutdown,
        }
    }
}

impl Service {
    pub(crate) async fn start() -> Self {
        Ground::prepare().await.serve().await
    }

    /// Says on the exchange that `visit` was changed; the event, to say it again.
    pub(crate) async fn publish(&self, what: &str, visit: Visit, version: i64, status: &str) -> Envelope {
        self.publish_from(None, what, visit, version, status).await
    }

    /// As [`Service::publish`], of a visit that stood elsewhere before.
    pub(crate) async fn publish_from(
        &self,
        from: Option<&str>,
        what: &str,
        visit: Visit,
        version: i64,
        status: &str,
    ) -> Envelope {
        let data = serde_json::json!({
            "appointment_id": visit.id,
            "patient_id": visit.patient,
            "doctor_id": visit.doctor,
            "version": version,
            "status": status,
            "from_status": from,
        });
        self.publish_event(&format!("appointment.{what}"), visit.id.0, data).await
    }

    /// Says on the exchange that `offer` was made; the event, to say it again.
    pub(crate) async fn publish_offer(&self, offer: Offer) -> Envelope {
        let data = serde_json::json!({
            "offer_id": offer.id,
            "entry_id": offer.entry,
            "patient_id": offer.patient,
            "doctor_id": offer.doctor,
        });
        self.publish_event("appointment.offered", offer.id.0, data).await
    }

    pub(crate) async fn publish_event(&self, what: &str, subject: Uuid, data: serde_json::Value) -> Envelope {
        let event = Envelope {
            specversion: "1.0".to_owned(),
            id: EventId::random(),
            source: "/test".to_owned(),
            event_type: format!("healthcare.{what}.v1"),
            subject,
            time: "2029-12-01T00:00:00Z".parse().unwrap(),
            datacontenttype: "application/json".to_owned(),
            data,
        };
        self.publish_again(&event).await;
        event
    }

    pub(crate) async fn publish_again(&self, event: &Envelope) {
        let routing_key = event.event_type.trim_start_matches("healthcare.").trim_end_matches(".v1");
        let message = broker::Message {
            id: event.id.to_string(),
            routing_key,
            body: serde_json::to_vec(event).unwrap(),
            traceparent: None,
        };
        self.publisher.send(&message).await.unwrap().confirmed().await.unwrap();
    }

    /// Puts `event` into `queue`, wherever it belongs.
    pub(crate) async fn put_into(&self, queue: &str, event: &Envelope) {
        let message = broker::Message {
            id: event.id.to_string(),
            routing_key: queue,
            body: serde_json::to_vec(event).unwrap(),
            traceparent: None,
        };
        self.publisher.send_to_queue(&message).await.unwrap().confirmed().await.unwrap();
    }

    /// `message` as somebody with `role` sends it.
    pub(crate) fn ask<T>(&self, role: Role, message: T) -> Request<T> {
        self.ask_as(User::new(UserId::random(), SessionId::random(), role), message)
    }

    /// `message` as `user` sends it.
    pub(crate) fn ask_as<T>(&self, user: User, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let token = format!("Bearer {}", self.ground.neighbours.token_of(user));
        request.metadata_mut().insert("authorization", token.parse().unwrap());
        request
    }

    /// The messages about `visit`, newest first.
    pub(crate) async fn about(&self, visit: Visit) -> Vec<Notification> {
        self.list(ListNotificationsRequest { appointment_id: visit.id.to_string(), ..Default::default() })
            .await
    }

    /// The messages about `offer`, newest first.
    pub(crate) async fn about_offer(&self, offer: Offer) -> Vec<Notification> {
        let mut messages = self.list(ListNotificationsRequest::default()).await;
        messages.retain(|message| message.offer_id == offer.id.to_string());
        messages
    }

    pub(crate) async fn list(&self, which: ListNotificationsRequest) -> Vec<Notification> {
        let list = self.ask(Role::Staff, which);
        self.client.clone().list_notifications(list).await.unwrap().into_inner().notifications
    }

    /// Waits until the messages about `visit` are as `they_are`.
    pub(crate) async fn until(
        &self,
        visit: Visit,
        they_are: impl Fn(&[Notification]) -> bool,
    ) -> Vec<Notification> {
        eventually(async || self.about(visit).await, they_are).await
    }

    /// Waits until there is one message about `offer`, and it is as `it_is`.
    pub(crate) async fn until_offer(
        &self,
        offer: Offer,
        it_is: impl Fn(&Notification) -> bool,
    ) -> Notification {
        let messages = async || self.about_offer(offer).await;
        let one = |messages: &[Notification]| messages.len() == 1 && it_is(&messages[0]);
        eventually(messages, one).await.remove(0)
    }

    /// Waits until there is one message about `offer`, and it has come to `state`.
    pub(crate) async fn until_offer_is(&self, offer: Offer, state: NotificationState) -> Notification {
        self.until_offer(offer, |message| message.state() == state).await
    }

    /// Waits until both recipients were written to about the latest change of `visit`.
    pub(crate) async fn until_told(&self, visit: Visit) -> Vec<Notification> {
        self.until(visit, |messages| {
            messages.len() >= 2
                && messages[..2].iter().all(|message| message.state() == NotificationState::Sent)
        })
        .await
    }

    /// When the lease of `message`, which is being sent, ends; waits until that is another time than `before`.
    pub(crate) async fn lease_of(&self, message: &Notification, before: Option<Timestamp>) -> Timestamp {
        let (store, id) = (self.ground.store(), message.id.parse().unwrap());
        let mut look = tokio::time::interval(Duration::from_millis(20));
        let waiting = async {
            loop {
                look.tick().await;
                match store.find(id).await.unwrap().unwrap().state {
                    State::Sending { leased_until } if Some(leased_until) != before => return leased_until,
                    State::Sending { .. } => {}
                    other => panic!("not being sent but {other:?}"),
                }
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("the lease is renewed")
    }

    /// The mail of `message`, waiting for it to come in.
    pub(crate) async fn mail_of(&self, message: &Notification) -> Message {
        let message_id = format!("<{}@example.com>", message.id);
        let mail = self.ground.mail.wait_for(PATIENCE, |mail| is(mail, &message_id)).await;
        mail.expect("the mail came in")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.shutdown.request();
    }
}

/// Looks at `messages` until they are as `they_are`.
pub(crate) async fn eventually(
    messages: impl AsyncFn() -> Vec<Notification>,
    they_are: impl Fn(&[Notification]) -> bool,
) -> Vec<Notification> {
    let mut look = tokio::time::interval(Duration::from_millis(20));
    let waiting = async {
        loop {
            look.tick().await;
            let messages = messages().await;
            if they_are(&messages) {
                return messages;
            }
        }
    };
    let Ok(messages) = tokio::time::timeout(PATIENCE, waiting).await else {
        panic!("still waiting; states are {:?}", states(&messages().await));
    };
    messages
}

pub(crate) fn states(messages: &[Notification]) -> Vec<NotificationState> {
    messages.iter().map(Notification::state).collect()
}

fn is(mail: &Message, message_id: &str) -> bool {
    mail.headers
        .iter()
        .any(|(name, value)| name.eq_ignore_ascii_case("message-id") && value.trim() == message_id)
}
