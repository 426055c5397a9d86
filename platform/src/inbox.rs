//! Events of others: delivered at least once, acting once. A handler records the event's id in the transaction
//! of its effect; the message is acknowledged after the commit.
use crate::broker::{Broker, Queue};
use crate::clock::Clock;
use crate::outbox::Envelope;
use crate::postgres;
use crate::propagation;
use crate::shutdown::Shutdown;
use deadpool_postgres::{GenericClient, Transaction};
use futures::StreamExt as _;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicRejectOptions};
use lapin::types::{AMQPValue, FieldTable};
use proto::ids::EventId;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use tracing::Instrument as _;

/// Pause before a handler is asked again after a passing failure, and before reconnecting.
const BACK_OFF: Duration = Duration::from_millis(500);

/// Why an event had no effect.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Something is away; the same event will be handled later. It waits, and those behind it.
    #[error("not now")]
    NotNow(#[source] Box<dyn Error + Send + Sync>),
    /// The event itself is wrong; it goes to the dead letters.
    #[error("not an event this service can take")]
    Never(#[source] Box<dyn Error + Send + Sync>),
}

/// What a service does with the events of others.
pub trait Handler: Send + Sync + 'static {
    /// Acts on `event`, once: see [`is_new`].
    fn handle(&self, event: Envelope) -> impl Future<Output = Result<(), Refused>> + Send;
}

/// Events are remembered for this long; nothing is redelivered later.
const REMEMBERED_DAYS: i32 = 30;

/// Records that `event` has its effect in `tx`; false when it had it before. Each new event makes room for
/// itself by forgetting up to two old ones.
pub async fn is_new(tx: &Transaction<'_>, schema: &str, event: EventId) -> Result<bool, postgres::Error> {
    let statement = format!(
        "WITH forgotten AS (
             DELETE FROM {schema}.inbox WHERE event_id IN (
                 SELECT event_id FROM {schema}.inbox
                  WHERE received_at < (SELECT clock_timestamp() - make_interval(days => $2))
                  ORDER BY received_at LIMIT 2 FOR UPDATE SKIP LOCKED))
         INSERT INTO {schema}.inbox (event_id) VALUES ($1) ON CONFLICT DO NOTHING"
    );
    let statement = tx.prepare_cached(&statement).await?;
    Ok(tx.execute(&statement, &[&event.0, &REMEMBERED_DAYS]).await? == 1)
}

/// Starts consuming `queue`, bound to `patterns` of routing keys. Survives every outage of the broker.
pub fn consume<H: Handler>(
    broker: Broker,
    queue: &'static str,
    patterns: &'static [&'static str],
    handler: Arc<H>,
    shutdown: &Shutdown,
) {
    let stopping = shutdown.clone();
    shutdown.spawn(async move {
        let mut failing = false;
        while !stopping.is_requested() {
            let outcome = match broker.queue(queue, patterns).await {
                Ok(declared) => {
                    failing = false;
                    tracing::info!(queue, "consuming");
                    take_all(declared, queue, &*handler, &stopping).await.map_err(Into::into)
                }
                Err(error) => Err(error),
            };
            if let Err(error) = outcome
                && !std::mem::replace(&mut failing, true)
            {
                tracing::warn!(error = &error as &dyn Error, queue, "consumer waits for the broker");
            }
            stopping.pause(BACK_OFF).await;
        }
    });
}

/// Handles deliveries until the connection or the process ends.
async fn take_all(
    queue: Queue,
    name: &str,
    handler: &impl Handler,
    shutdown: &Shutdown,
) -> Result<(), lapin::Error> {
    let options = BasicConsumeOptions::default();
    let tag = format!("{name}-{}", uuid::Uuid::now_v7());
    let tag = lapin::types::ShortString::from(tag);
    let mut deliveries =
        queue.channel.basic_consume(queue.name.clone(), tag, options, FieldTable::default()).await?;
    loop {
        let next = tokio::select! {
            next = deliveries.next() => next,
            () = shutdown.requested() => return Ok(()),
        };
        let Some(delivery) = next else { return Ok(()) };
        take(delivery?, name, handler, shutdown).await?;
    }
}

async fn take(
    delivery: Delivery,
    queue: &str,
    handler: &impl Handler,
    shutdown: &Shutdown,
) -> Result<(), lapin::Error> {
    let span = tracing::info_span!(
        "amqp.consume",
        otel.name = format!("consume {}", delivery.routing_key),
        otel.kind = "consumer",
        messaging.system = "rabbitmq"
    );
    propagation::continue_from_traceparent(&span, traceparent(&delivery));
    async {
        match act(&delivery, queue, handler, shutdown).await {
            Some(Ok(())) => delivery.ack(BasicAckOptions::default()).await.map(drop),
            Some(Err(error)) => {
                tracing::error!(error = &error as &dyn Error, "event goes to the dead letters");
                delivery.reject(BasicRejectOptions { requeue: false }).await.map(drop)
            }
            // Unacknowledged, so that it comes again.
            None => Ok(()),
        }
    }
    .instrument(span)
    .await
}

/// Handles one delivery, as often as it takes; none when the process stops first.
async fn act(
    delivery: &Delivery,
    queue: &str,
    handler: &impl Handler,
    shutdown: &Shutdown,
) -> Option<Result<(), Refused>> {
    let event: Envelope = match serde_json::from_slice(&delivery.data) {
        Ok(event) => event,
        Err(error) => return Some(Err(Refused::Never(error.into()))),
    };
    let mut told = false;
    loop {
        match handler.handle(event.clone()).await {
            Err(Refused::NotNow(cause)) => {
                if !std::mem::replace(&mut told, true) {
                    tracing::warn!(error = &*cause as &dyn Error, event.id = %event.id, "event waits");
                }
                if !shutdown.pause(BACK_OFF).await {
                    return None;
                }
            }
            outcome => {
                let lag = Clock::system().now().duration_since(event.time);
                metrics::histogram!("inbox_lag_seconds", "queue" => queue.to_owned())
                    .record(lag.as_secs_f64());
                tracing::debug!(event.id = %event.id, event.r#type = event.event_type, queue, "took an event");
                return Some(outcome);
            }
        }
    }
}

fn traceparent(delivery: &Delivery) -> Option<&str> {
    let headers = delivery.properties.headers().as_ref()?;
    match headers.inner().get("traceparent")? {
        AMQPValue::LongString(text) => std::str::from_utf8(text.as_bytes()).ok(),
        _ => None,
    }
}
