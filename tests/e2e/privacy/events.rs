//! All that goes through the broker.
use futures::StreamExt as _;
use lapin::options::{BasicConsumeOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties, ExchangeKind};
use std::sync::{Arc, Mutex};

const EXCHANGE: &str = "healthcare.events";

#[derive(Clone)]
pub(crate) struct Event {
    pub(crate) routing_key: String,
    /// With the headers.
    pub(crate) properties: String,
    pub(crate) body: String,
}

pub(crate) struct Events {
    seen: Arc<Mutex<Vec<Event>>>,
    _connection: Connection,
}

impl Events {
    /// Hears whatever is published from now on.
    pub(crate) async fn listen(url: &str) -> Self {
        let connection = Connection::connect(url, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        let none = FieldTable::default;
        channel.exchange_declare(EXCHANGE.into(), ExchangeKind::Topic, durable, none()).await.unwrap();
        let own = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        let queue = channel.queue_declare("".into(), own, none()).await.unwrap().name().clone();
        let bind = QueueBindOptions::default();
        channel.queue_bind(queue.clone(), EXCHANGE.into(), "#".into(), bind, none()).await.unwrap();
        let taken = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let mut messages = channel.basic_consume(queue, "".into(), taken, none()).await.unwrap();
        let seen = Arc::<Mutex<Vec<Event>>>::default();
        let keep = seen.clone();
        #[expect(clippy::disallowed_methods, reason = "ends with the test")]
        tokio::spawn(async move {
            while let Some(Ok(message)) = messages.next().await {
                let body = String::from_utf8_lossy(&message.data).into_owned();
                let properties = format!("{:?}", message.properties);
                let routing_key = message.routing_key.to_string();
                keep.lock().unwrap().push(Event { routing_key, properties, body });
            }
        });
        Self { seen, _connection: connection }
    }

    pub(crate) fn so_far(&self) -> Vec<Event> {
        self.seen.lock().unwrap().clone()
    }
}
