//! Processes that die wherever they wait for something, one place after the other. What they leave behind is what the next
//! process finds: nothing is lost, and nothing done twice.
use crate::change;
use crate::neighbours::Visit;
use crate::provider::Provider;
use crate::service::{Ground, PATIENCE};
use deadpool_postgres::Pool;
use notification_svc::channel::Channels;
use notification_svc::channel::email::Email;
use notification_svc::channel::sms::Sms;
use notification_svc::choosing::Choosing;
use notification_svc::consumer::{Consumer, reminders};
use notification_svc::delivery::Delivery;
use notification_svc::domain::{Category, Channel, Kind, Notification, State};
use notification_svc::links::Links;
use notification_svc::neighbours::Neighbours;
use notification_svc::phrasebook::Phrasebook;
use notification_svc::reminding::Reminding;
use notification_svc::store::Filter;
use notification_svc::watch::Watch;
use platform::client::Peer;
use platform::clock::Clock;
use platform::inbox::{self, Handler, Refused};
use platform::outbox::{Envelope, NewEvent, Outbox, Relay};
use platform::postgres;
use platform::secrets::RootSecret;
use platform::shutdown::Shutdown;
use platform::token::service_identity;
use proto::ids::EventId;
use serde_json::json;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;
use uuid::Uuid;

/// More places to wait at than there are in anything that is tried.
pub(crate) const PLACES: usize = 500;

/// Does `work` in a process that dies when it has waited `left` times and would wait once more; none when it died.
pub(crate) fn dying<T>(work: impl Future<Output = T>, mut left: usize) -> impl Future<Output = Option<T>> {
    let mut work = Box::pin(work);
    poll_fn(move |context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
}

impl Ground {
    fn pool(&self) -> Pool {
        postgres::pool(&self.config.postgres, "test").unwrap()
    }

    fn root(&self) -> RootSecret {
        RootSecret::new(&self.config.process.secret_key).unwrap()
    }

    /// The other services, as a process finds them that was just started.
    fn asked(&self) -> Neighbours {
        let identity = service_identity(&self.root(), "notification-svc", Clock::system()).unwrap();
        let peer = |name| Peer::new(name, &self.neighbours.url, Some(identity.clone())).unwrap();
        Neighbours::new(peer("auth-svc"), peer("appointment-svc"), peer("patient-svc"), peer("doctor-svc"))
    }

    /// What a process has that was just started.
    fn delivery(&self) -> Delivery {
        let (config, neighbours) = (&self.config, self.asked());
        let watch = Watch::new(Vec::new(), neighbours.clone());
        let (store, sms) = (self.store(), Sms::new(&config.sms).unwrap());
        let (quiet, is_texting) = (config.quiet_hours.0, sms.is_some());
        let choosing = Choosing::new(store.clone(), neighbours.clone(), quiet, is_texting);
        let channels = Channels::new(Email::new(&config.smtp).unwrap(), sms);
        let words = Phrasebook::new(store.clone(), config.clinic_name.as_str(), config.default_language);
        let links = Links::new(&self.root(), &config.public_url, &[]);
        Delivery::new(store, neighbours, choosing, watch, channels, words, links)
    }

    async fn about(&self, visit: Visit) -> Vec<Notification> {
        let filter = Filter { appointment_id: Some(visit.id), ..Filter::default() };
        self.store().list(filter, None, 100).await.unwrap()
    }

    fn mails_of(&self, message: &Notification) -> usize {
        let id = message.id.to_string();
        let is_of = |mail: &local::mail::Message| mail.headers.values().any(|value| value.contains(&id));
        self.mail.messages().into_iter().filter(is_of).count()
    }
}

/// Sends what is due; whether the sender died of it.
async fn send_all(delivery: &Delivery, waits: usize) -> bool {
    delivery.tidy().await.unwrap();
    let mut died = false;
    for channel in delivery.channels() {
        for claim in delivery.claim(*channel, 10).await.unwrap() {
            died |= dying(delivery.attempt(claim), waits).await.is_none();
        }
    }
    died
}

#[tokio::test]
async fn a_sender_that_dies_anywhere_loses_no_mail_and_doubles_none_that_its_server_had_not_accepted() {
    let ground = Ground::prepare().await;
    let mut twice = Vec::new();
    for waits in 0..PLACES {
        let visit = ground.neighbours.visit();
        let messages = change(Kind::Booked, visit, 1);
        ground.delivery().enqueue(EventId::random(), &messages[..1]).await.unwrap();
        let died = send_all(&ground.delivery(), waits).await;
        let left = ground.about(visit).await.remove(0);
        let accepted = ground.mails_of(&left);

        // The lease of who died ends.
        let end = "UPDATE notification.messages SET leased_until = clock_timestamp() WHERE state = 'sending'";
        ground.pool().get().await.unwrap().execute(end, &[]).await.unwrap();
        assert!(!send_all(&ground.delivery(), PLACES).await);
        let sent = ground.about(visit).await.remove(0);
        assert!(matches!(sent.state, State::Sent { .. }), "{sent:?} after {waits} waits");
        let mails = ground.mails_of(&sent);
        let may_be = if accepted == 1 && !matches!(left.state, State::Sent { .. }) { 2 } else { 1 };
        assert_eq!(mails, may_be, "{left:?} after {waits} waits");
        if mails == 2 {
            twice.push(waits);
        }
        if !died {
            assert!(waits > 5, "{waits} places only");
            // Between the answer of the mail server and our commit.
            assert!(twice.len() <= waits / 2, "twice when it died at {twice:?} of {waits}");
            return;
        }
    }
    panic!("there is no end of places to die at");
}

/// `sent` counts what went to phones under an id.
async fn sends_once_wherever_it_dies(ground: &Ground, sent: impl Fn(&str) -> usize) {
    let mut repeated = 0;
    for waits in 0..PLACES {
        let visit = ground.neighbours.visit();
        ground.wants_texts(visit.patient, "+4930123456", &[Category::VisitChanges]).await;
        let text = (change(Kind::Booked, visit, 1)[0], Channel::Sms);
        ground.store().enqueue(EventId::random(), &[text], None).await.unwrap();
        let died = send_all(&ground.delivery(), waits).await;
        let left = ground.about(visit).await.remove(0);
        let was_sent = sent(&left.id.to_string()) == 1;
        repeated += usize::from(was_sent && !matches!(left.state, State::Sent { .. }));

        // The lease of who died ends.
        let end = "UPDATE notification.messages SET leased_until = clock_timestamp() WHERE state = 'sending'";
        ground.pool().get().await.unwrap().execute(end, &[]).await.unwrap();
        assert!(!send_all(&ground.delivery(), PLACES).await);
        let done = ground.about(visit).await.remove(0);
        assert!(matches!(done.state, State::Sent { .. }), "{done:?} after {waits} waits");
        assert_eq!(sent(&done.id.to_string()), 1, "{left:?} after {waits} waits");
        if !died {
            assert!(waits > 5, "{waits} places only");
            assert!(repeated > 0, "nobody died between being heard and writing it down");
            return;
        }
    }
    panic!("there is no end of places to die at");
}

#[tokio::test]
async fn a_sender_that_dies_anywhere_sends_each_sms_once_through_a_provider_that_keeps_its_keys() {
    let provider = Provider::start().await;
    let ground = Ground::with_provider(&provider).await;
    let sent = |id: &str| provider.sent().iter().filter(|sms| sms.key == id).count();
    sends_once_wherever_it_dies(&ground, sent).await;
    assert!(provider.asked() > provider.sent().len(), "some were tried again");
}

#[tokio::test]
async fn a_sender_that_dies_anywhere_writes_each_sms_into_its_file_once() {
    let path = std::env::temp_dir().join(format!("{}.jsonl", EventId::random()));
    let ground = Ground::prepare_with(&[("--sms-file", path.to_str().unwrap())]).await;
    let written = |id: &str| {
        let lines = std::fs::read_to_string(&path).unwrap_or_default();
        lines.lines().filter(|line| line.contains(id)).count()
    };
    sends_once_wherever_it_dies(&ground, written).await;
    std::fs::remove_file(&path).unwrap();
}

#[tokio::test]
async fn a_consumer_that_dies_anywhere_writes_each_message_down_once() {
    let ground = Ground::prepare().await;
    for waits in 0..PLACES {
        let visit = ground.neighbours.visit();
        let event = booked(visit);
        let died = dying(Consumer::new(ground.delivery()).handle(event.clone()), waits).await.is_none();
        for _ in 0..2 {
            Consumer::new(ground.delivery()).handle(event.clone()).await.unwrap();
        }
        assert_eq!(ground.about(visit).await.len(), 2, "after {waits} waits");
        if !died {
            assert!(waits > 3, "{waits} places only");
            return;
        }
    }
    panic!("there is no end of places to die at");
}

#[tokio::test]
async fn a_planner_that_dies_anywhere_plans_each_reminder_once() {
    let ground = Ground::prepare().await;
    let planner = || {
        let (store, neighbours) = (ground.store(), ground.asked());
        let choosing = Choosing::new(store.clone(), neighbours.clone(), None, false);
        let reminding = Reminding::new(store, neighbours, choosing, Vec::new());
        reminders::Consumer::new(reminding)
    };
    for waits in 0..PLACES {
        let visit = ground.reminded(&[1440, 120]);
        let event = booked(visit);
        let died = dying(planner().handle(event.clone()), waits).await.is_none();
        let left = ground.about(visit).await.len();
        assert!(left == 0 || left == 2, "{left} after {waits} waits");
        for _ in 0..2 {
            planner().handle(event.clone()).await.unwrap();
        }
        assert_eq!(ground.about(visit).await.len(), 2, "after {waits} waits");
        if !died {
            assert!(waits > 3, "{waits} places only");
            return;
        }
    }
    panic!("there is no end of places to die at");
}

fn booked(visit: Visit) -> Envelope {
    Envelope {
        specversion: "1.0".to_owned(),
        id: EventId::random(),
        source: "/appointment-svc".to_owned(),
        event_type: "healthcare.appointment.booked.v1".to_owned(),
        subject: visit.id.0,
        time: Clock::system().now(),
        datacontenttype: "application/json".to_owned(),
        data: json!({
            "appointment_id": visit.id,
            "patient_id": visit.patient,
            "doctor_id": visit.doctor,
            "version": 1,
            "status": "scheduled",
        }),
    }
}

/// Takes each event once, and notes how often it came.
struct Listener {
    pool: Pool,
    came: Arc<Mutex<Vec<i64>>>,
    taken: Arc<Mutex<BTreeMap<i64, usize>>>,
}

impl Handler for Listener {
    async fn handle(&self, event: Envelope) -> Result<(), Refused> {
        let number = event.data["number"].as_i64().unwrap();
        self.came.lock().unwrap().push(number);
        let mut client = self.pool.get().await.unwrap();
        let tx = client.transaction().await.unwrap();
        let is_new = inbox::is_new(&tx, "notification", event.id).await.unwrap();
        platform::postgres::commit(tx).await.unwrap();
        if is_new {
            *self.taken.lock().unwrap().entry(number).or_default() += 1;
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_relay_that_dies_anywhere_publishes_every_event_in_order_and_each_has_one_effect() {
    let ground = Ground::prepare().await;
    let (pool, broker) = (ground.pool(), ground.broker.clone());
    broker.queue("listener", &["test.*"]).await.unwrap();
    let (came, taken) = (Arc::default(), Arc::default());
    let listener = Listener { pool: pool.clone(), came: Arc::clone(&came), taken: Arc::clone(&taken) };
    let shutdown = Shutdown::default();
    inbox::consume(broker.clone(), "listener", &["test.*"], Arc::new(listener), &shutdown);

    let outbox = Outbox::new("notification");
    let relay = || Relay::new(outbox.clone(), pool.clone(), broker.clone());
    let mut number = 0;
    for waits in 0..PLACES {
        let mut client = pool.get().await.unwrap();
        let tx = client.transaction().await.unwrap();
        for _ in 0..3 {
            number += 1;
            let data = json!({ "number": number });
            let event = NewEvent { aggregate_id: Uuid::nil(), event_type: "test.happened", data };
            outbox.append(&tx, event).await.unwrap();
        }
        platform::postgres::commit(tx).await.unwrap();
        drop(client);
        let died = dying(relay().round(), waits).await.is_none();
        // The lock of who died goes with its connection, and another relay takes over.
        let mut next = relay();
        let unpublished = "SELECT count(*) FROM notification.outbox WHERE published_at IS NULL";
        while pool.get().await.unwrap().query_one(unpublished, &[]).await.unwrap().get::<_, i64>(0) > 0 {
            next.round().await.unwrap();
        }
        if !died {
            assert!(waits > 5, "{waits} places only");
            until(|| taken.lock().unwrap().len() == usize::try_from(number).unwrap()).await;
            assert!(taken.lock().unwrap().values().all(|times| *times == 1));
            let mut seen = Vec::new();
            for number in came.lock().unwrap().iter() {
                if !seen.contains(number) {
                    seen.push(*number);
                }
            }
            assert!(seen.is_sorted(), "{seen:?}");
            shutdown.request();
            return;
        }
    }
    panic!("there is no end of places to die at");
}

async fn until(is_so: impl Fn() -> bool) {
    let waiting = async {
        let mut look = tokio::time::interval(Duration::from_millis(20));
        while !is_so() {
            look.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("it comes to that");
}
