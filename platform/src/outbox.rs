//! The transactional outbox: a change and its event commit together; the relay publishes what was committed,
//! in order, and marks it only after the broker's confirm. So an event leaves at least once, and never for a
//! change that did not happen.
use crate::broker::{Broker, Error, Message, Pending, Publisher};
use crate::postgres;
use crate::propagation;
use crate::shutdown::Shutdown;
use deadpool_postgres::{GenericClient, Pool, Transaction};
use jiff::Timestamp;
use proto::ids::EventId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use uuid::Uuid;

/// Events that one round publishes.
const BATCH: i64 = 100;
/// How often the relay looks although nobody woke it: another replica may have died with events left.
const POLL: Duration = Duration::from_secs(1);
/// How often what waits is measured.
const WATCH: Duration = Duration::from_secs(5);
/// Up to so many that wait are counted: an outage must not become one of the database.
const COUNTED: i64 = 10_000;
/// Pause after the broker failed.
const BACK_OFF: Duration = Duration::from_millis(500);
/// Published events are kept for this long, for those who look into what happened.
const KEPT_DAYS: i32 = 7;

/// One fact for the others: a type as routing key, for instance `appointment.booked`, and ids and versions
/// as data. No personal data.
pub struct NewEvent {
    pub aggregate_id: Uuid,
    pub event_type: &'static str,
    pub data: Value,
}

/// An event as it travels: a `CloudEvents` 1.0 envelope in structured JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Envelope {
    pub specversion: String,
    pub id: EventId,
    /// The service that publishes, for instance `/appointment-svc`.
    pub source: String,
    /// For instance `healthcare.appointment.booked.v1`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The aggregate's id.
    pub subject: Uuid,
    pub time: Timestamp,
    pub datacontenttype: String,
    pub data: Value,
}

/// Writes events of one service and relays them.
#[derive(Clone)]
pub struct Outbox {
    schema: &'static str,
    woken: Arc<Notify>,
}

impl Outbox {
    pub fn new(schema: &'static str) -> Self {
        Self { schema, woken: Arc::default() }
    }

    /// Writes `event` in the transaction of the change that it tells of. The aggregate's row must be locked
    /// or new, so that events of one aggregate get their positions in the order of commits.
    pub async fn append(&self, tx: &Transaction<'_>, event: NewEvent) -> Result<(), postgres::Error> {
        let NewEvent { aggregate_id, event_type, data } = event;
        let statement = format!(
            "INSERT INTO {}.outbox (event_id, aggregate_id, event_type, data, traceparent)
             VALUES ($1, $2, $3, $4, $5)",
            self.schema
        );
        let statement = tx.prepare_cached(&statement).await?;
        let traceparent = propagation::traceparent();
        let id = EventId::random();
        tx.execute(&statement, &[&id.0, &aggregate_id, &event_type, &data, &traceparent]).await?;
        Ok(())
    }

    /// Tells the relay that something was committed. Forgetting it costs up to a second, no event.
    pub fn wake(&self) {
        self.woken.notify_one();
    }

    /// Starts the relay. Of several replicas one relays at a time; when it dies another goes on.
    pub fn relay(&self, pool: Pool, broker: Broker, shutdown: &Shutdown) {
        shutdown.spawn(self.clone().watch(pool.clone(), shutdown.clone()));
        shutdown.spawn(Relay::new(self.clone(), pool, broker).run(shutdown.clone()));
    }

    /// Measures how many events wait, and how long the oldest has, also while the broker is away.
    async fn watch(self, pool: Pool, shutdown: Shutdown) {
        let waiting = format!(
            "SELECT count(*)::float8, coalesce(extract(epoch FROM clock_timestamp() - min(occurred_at)), 0)::float8
               FROM (SELECT occurred_at FROM {}.outbox WHERE published_at IS NULL ORDER BY position LIMIT $1) waiting",
            self.schema
        );
        let measured = async || -> Result<(f64, f64), postgres::Error> {
            let client = postgres::connection(&pool).await?;
            let waiting = client.prepare_cached(&waiting).await?;
            let row = client.query_one(&waiting, &[&COUNTED]).await?;
            Ok((row.get(0), row.get(1)))
        };
        while shutdown.pause(WATCH).await {
            // While the database is away, the last is the best that is known.
            if let Ok((events, seconds)) = measured().await {
                metrics::gauge!("outbox_pending", "schema" => self.schema).set(events);
                metrics::gauge!("outbox_age_seconds", "schema" => self.schema).set(seconds);
            }
        }
    }

    fn envelope(&self, row: &tokio_postgres::Row, event_type: &str) -> Envelope {
        Envelope {
            specversion: "1.0".to_owned(),
            id: EventId(row.get("event_id")),
            source: format!("/{}-svc", self.schema),
            event_type: format!("healthcare.{event_type}.v1"),
            subject: row.get("aggregate_id"),
            time: row.get("occurred_at"),
            datacontenttype: "application/json".to_owned(),
            data: row.get("data"),
        }
    }

    async fn forget_old(&self, tx: &Transaction<'_>) -> Result<(), RelayError> {
        // An array, so that they are looked up: there are none most of the time.
        let forget = format!(
            "DELETE FROM {0}.outbox WHERE event_id = ANY (ARRAY(
                 SELECT event_id FROM {0}.outbox
                  WHERE published_at < (SELECT clock_timestamp() - make_interval(days => $1))
                  ORDER BY published_at LIMIT 1000))",
            self.schema
        );
        let forget = tx.prepare_cached(&forget).await?;
        tx.execute(&forget, &[&KEPT_DAYS]).await?;
        Ok(())
    }
}

/// Publishes what is in an outbox.
pub struct Relay {
    outbox: Outbox,
    pool: Pool,
    broker: Broker,
    publisher: Option<Publisher>,
}

#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    #[error("the outbox could not be read")]
    Store(#[from] postgres::Error),
    #[error("events could not be published")]
    Broker(#[from] Error),
}

impl From<tokio_postgres::Error> for RelayError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Relay {
    pub fn new(outbox: Outbox, pool: Pool, broker: Broker) -> Self {
        Self { outbox, pool, broker, publisher: None }
    }

    async fn run(mut self, shutdown: Shutdown) {
        let mut failing = false;
        while !shutdown.is_requested() {
            match self.round().await {
                Ok(sent) => {
                    failing = false;
                    if sent < usize::try_from(BATCH).unwrap_or_default() {
                        self.wait(&shutdown).await;
                    }
                }
                Err(error) => {
                    self.publisher = None;
                    if !std::mem::replace(&mut failing, true) {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "relay waits for its dependencies"
                        );
                    }
                    shutdown.pause(BACK_OFF).await;
                }
            }
        }
    }

    async fn wait(&self, shutdown: &Shutdown) {
        tokio::select! {
            () = self.outbox.woken.notified() => {}
            () = tokio::time::sleep(POLL) => {}
            () = shutdown.requested() => {}
        }
    }

    /// Publishes one batch; how many events it was, none while another relay is at it.
    pub async fn round(&mut self) -> Result<usize, RelayError> {
        let schema = self.outbox.schema;
        let mut client = postgres::connection(&self.pool).await?;
        let tx = client.transaction().await?;
        // One relay a schema: two would mix up the order.
        let lock = tx.prepare_cached("SELECT pg_try_advisory_xact_lock(hashtext($1))").await?;
        let leads: bool = tx.query_one(&lock, &[&format!("{schema}.outbox")]).await?.get(0);
        metrics::gauge!("outbox_relay_leads", "schema" => schema).set(f64::from(u8::from(leads)));
        if !leads {
            return Ok(0);
        }
        let pending = format!(
            "SELECT event_id, aggregate_id, event_type, data, traceparent, occurred_at
               FROM {schema}.outbox WHERE published_at IS NULL ORDER BY position LIMIT $1"
        );
        let pending = tx.prepare_cached(&pending).await?;
        let rows = tx.query(&pending, &[&BATCH]).await?;
        if rows.is_empty() {
            self.outbox.forget_old(&tx).await?;
            postgres::commit(tx).await?;
            return Ok(0);
        }
        let publisher = match &mut self.publisher {
            Some(publisher) => publisher,
            none => none.insert(self.broker.publisher().await?),
        };
        let mut confirms: Vec<(Uuid, Pending)> = Vec::with_capacity(rows.len());
        let mut outcome = Ok(());
        for row in &rows {
            let event_type: String = row.get("event_type");
            let envelope = self.outbox.envelope(row, &event_type);
            let traceparent: Option<String> = row.get("traceparent");
            let message = Message {
                id: envelope.id.to_string(),
                routing_key: &event_type,
                body: serde_json::to_vec(&envelope).expect("an envelope is plain data"),
                traceparent: traceparent.as_deref(),
            };
            match publisher.send(&message).await {
                Ok(confirm) => confirms.push((envelope.id.0, confirm)),
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
        }
        let mut published = Vec::with_capacity(confirms.len());
        for (id, confirm) in confirms {
            match confirm.confirmed().await {
                Ok(()) => published.push(id),
                // Nobody listens yet: publishing it later is right, publishing the rest now is not.
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
        }
        let mark =
            format!("UPDATE {schema}.outbox SET published_at = clock_timestamp() WHERE event_id = ANY($1)");
        let mark = tx.prepare_cached(&mark).await?;
        tx.execute(&mark, &[&published]).await?;
        postgres::commit(tx).await?;
        metrics::counter!("outbox_published_total", "schema" => schema).increment(published.len() as u64);
        tracing::debug!(outbox.schema = schema, outbox.published = published.len(), "published events");
        outcome?;
        Ok(rows.len())
    }
}
