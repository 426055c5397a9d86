//! RabbitMQ: one topic exchange for every event, one quorum queue a consumer, one queue for its dead letters.
use crate::config;
use crate::tls::Trust;
use lapin::options::{
    BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions, ExchangeDeclareOptions, QueueBindOptions,
    QueueDeclareOptions,
};
use lapin::runtime::default_runtime;
use lapin::tcp::{AMQPUriTcpExt as _, RustlsConnector};
use lapin::types::{AMQPValue, FieldTable, LongString, ShortString};
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, ExchangeKind, PublisherConfirm,
};
use secrecy::{ExposeSecret as _, SecretString};
use std::io;
use std::time::Duration;

/// Where every service publishes what happened.
pub const EXCHANGE: &str = "healthcare.events";
/// Where messages go that no consumer could take.
pub const DEAD_LETTERS: &str = "healthcare.dead";

/// Redeliveries of one message before it is dead. Every lost connection counts as one for all that a consumer
/// holds, so an outage must not use it up; a message that kills its consumer each time does so in minutes.
const DELIVERY_LIMIT: i32 = 100;
/// Messages a consumer holds unacknowledged.
const PREFETCH: u16 = 20;
/// Largest frame, in bytes, where the URL says nothing else: a connection keeps 64 of them in memory, and events are smaller.
const FRAME_MAX: u32 = 16 * 1024;
/// Longest wait for a connection, and for a confirm: a broker with a memory alarm never answers.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the broker refused")]
    Broker(#[from] lapin::Error),
    #[error("the broker did not answer in time")]
    Slow,
    #[error("no queue takes the message")]
    Unroutable,
    #[error("the broker did not take the message")]
    NotTaken,
}

#[derive(Clone)]
pub struct Broker {
    url: SecretString,
    /// None in the clear.
    trust: Option<Trust>,
    /// Shown in the broker's list of connections.
    service: &'static str,
}

/// A message on its way to the exchange.
pub struct Message<'a> {
    pub id: String,
    pub routing_key: &'a str,
    pub body: Vec<u8>,
    pub traceparent: Option<&'a str>,
}

impl Broker {
    pub fn new(settings: &config::Broker, service: &'static str) -> anyhow::Result<Self> {
        let url = settings.rabbitmq_url.clone();
        let asks_for_tls = uri(&url)?.scheme == AMQPScheme::AMQPS;
        let needed = "with RABBITMQ_CA_FILE, RABBITMQ_URL must begin with amqps://";
        let trust = Trust::of(settings.rabbitmq_ca_file.as_ref(), asks_for_tls, needed)?;
        Ok(Self { url, trust, service })
    }

    /// A connection with one channel, and the exchange in place. Both end when the connection is dropped.
    async fn connect(&self) -> Result<(Connection, Channel), Error> {
        let properties = ConnectionProperties::default().with_connection_name(self.service.into());
        let connecting = async {
            let uri = uri(&self.url)?;
            let connection = match self.trust.clone() {
                None => Connection::connect_uri(uri, properties).await?,
                Some(trust) => connect_by_tls(uri, properties, trust).await?,
            };
            let channel = connection.create_channel().await?;
            declare_exchange(&channel, EXCHANGE).await?;
            Ok((connection, channel))
        };
        tokio::time::timeout(PATIENCE, connecting).await.map_err(|_| Error::Slow)?
    }

    /// Ready to publish with confirms.
    pub async fn publisher(&self) -> Result<Publisher, Error> {
        let (connection, channel) = self.connect().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Publisher { _connection: connection, channel })
    }

    /// The queue of a consumer, bound to `patterns` of routing keys.
    pub async fn queue(&self, name: &str, patterns: &[&str]) -> Result<Queue, Error> {
        let (connection, channel) = self.connect().await?;
        let declare = async {
            declare_dead(&channel, name).await?;
            declare_queue(&channel, name, with_dead_letters(quorum(), name)).await?;
            for pattern in patterns {
                bind(&channel, name, EXCHANGE, pattern).await?;
            }
            channel.basic_qos(PREFETCH, BasicQosOptions::default()).await
        };
        tokio::time::timeout(PATIENCE, declare).await.map_err(|_| Error::Slow)??;
        Ok(Queue { _connection: connection, channel, name: short(name) })
    }

    /// The queue of what died in the queue `name`.
    pub async fn dead_letters(&self, name: &str) -> Result<Queue, Error> {
        let (connection, channel) = self.connect().await?;
        let declare = async {
            let dead = declare_dead(&channel, name).await?;
            channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
            Ok::<_, lapin::Error>(dead)
        };
        let name = tokio::time::timeout(PATIENCE, declare).await.map_err(|_| Error::Slow)??;
        Ok(Queue { _connection: connection, channel, name: short(&name) })
    }
}

/// A consumer's queue, declared and bound.
pub struct Queue {
    _connection: Connection,
    pub channel: Channel,
    pub name: ShortString,
}

/// Publishes with confirms; send many, then wait for all.
pub struct Publisher {
    _connection: Connection,
    channel: Channel,
}

impl Publisher {
    /// Hands `message` to the broker; it is safe only once the confirm has come.
    pub async fn send(&self, message: &Message<'_>) -> Result<Pending, Error> {
        self.send_through(EXCHANGE, message).await
    }

    /// As [`Self::send`], into the one queue that the routing key names.
    pub async fn send_to_queue(&self, message: &Message<'_>) -> Result<Pending, Error> {
        self.send_through("", message).await
    }

    async fn send_through(&self, exchange: &str, message: &Message<'_>) -> Result<Pending, Error> {
        let mut headers = FieldTable::default();
        if let Some(traceparent) = message.traceparent {
            headers.insert("traceparent".into(), text(traceparent));
        }
        let properties = BasicProperties::default()
            .with_delivery_mode(2)
            .with_content_type("application/cloudevents+json".into())
            .with_message_id(short(&message.id))
            .with_headers(headers);
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let sending = self.channel.basic_publish(
            short(exchange),
            short(message.routing_key),
            options,
            &message.body,
            properties,
        );
        Ok(Pending(tokio::time::timeout(PATIENCE, sending).await.map_err(|_| Error::Slow)??))
    }
}

/// A message that the broker has not confirmed yet.
pub struct Pending(PublisherConfirm);

impl Pending {
    pub async fn confirmed(self) -> Result<(), Error> {
        match tokio::time::timeout(PATIENCE, self.0).await.map_err(|_| Error::Slow)?? {
            Confirmation::Ack(None) => Ok(()),
            Confirmation::Ack(Some(_)) => Err(Error::Unroutable),
            Confirmation::Nack(_) | Confirmation::NotRequested => Err(Error::NotTaken),
        }
    }
}

async fn connect_by_tls(
    uri: AMQPUri,
    properties: ConnectionProperties,
    trust: Trust,
) -> Result<Connection, lapin::Error> {
    let dial = async move |uri: AMQPUri, runtime| {
        let connector = RustlsConnector::from(trust.client().map_err(io::Error::other)?);
        let clear = AMQPUri { scheme: AMQPScheme::AMQP, ..uri };
        let stream = clear.connect_async(&runtime).await?;
        Ok(stream.into_rustls(&connector, &clear.authority.host).await?)
    };
    Connection::connector(uri, default_runtime()?, dial, properties).await
}

/// Why one cannot be read is not told: that would tell parts of it.
fn uri(url: &SecretString) -> Result<AMQPUri, lapin::Error> {
    let form =
        "RABBITMQ_URL cannot be read; it is amqp://user:password@host:port/vhost, or amqps://… for TLS";
    let mut uri: AMQPUri = url.expose_secret().parse().map_err(|_| io::Error::other(form))?;
    uri.query.frame_max.get_or_insert(FRAME_MAX);
    Ok(uri)
}

async fn declare_exchange(channel: &Channel, name: &str) -> Result<(), lapin::Error> {
    let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    channel.exchange_declare(short(name), ExchangeKind::Topic, options, FieldTable::default()).await
}

/// Where the dead of the queue `name` go; its name.
async fn declare_dead(channel: &Channel, name: &str) -> Result<String, lapin::Error> {
    let dead = format!("{name}.dead");
    declare_exchange(channel, DEAD_LETTERS).await?;
    declare_queue(channel, &dead, quorum()).await?;
    bind(channel, &dead, DEAD_LETTERS, name).await?;
    Ok(dead)
}

async fn declare_queue(channel: &Channel, name: &str, arguments: FieldTable) -> Result<(), lapin::Error> {
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(short(name), options, arguments).await.map(drop)
}

async fn bind(channel: &Channel, queue: &str, exchange: &str, pattern: &str) -> Result<(), lapin::Error> {
    let options = QueueBindOptions::default();
    channel.queue_bind(short(queue), short(exchange), short(pattern), options, FieldTable::default()).await
}

/// Replicated, and refusing new messages rather than dropping old ones when full.
fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("quorum"));
    arguments.insert("x-overflow".into(), text("reject-publish"));
    arguments
}

fn with_dead_letters(mut arguments: FieldTable, queue: &str) -> FieldTable {
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(DELIVERY_LIMIT));
    arguments.insert("x-dead-letter-exchange".into(), text(DEAD_LETTERS));
    arguments.insert("x-dead-letter-routing-key".into(), text(queue));
    arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
    arguments
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(LongString::from(value))
}

fn short(name: &str) -> ShortString {
    ShortString::from(name)
}
