//! Events that a consumer could not take. They come off the broker's queue of the dead into a table of the service, where
//! an operator looks at them, puts them into their queue again, or discards them.
mod api; // the gRPC face
mod letter; // one of them, as it came

pub use api::Api;
pub use letter::{DeadLetter, Death, State};

use crate::audit::{self, Entry};
use crate::broker::{self, Broker, Message, Queue};
use crate::fault::fault;
use crate::postgres;
use crate::shutdown::Shutdown;
use deadpool_postgres::{GenericClient as _, Pool};
use futures::StreamExt as _;
use lapin::options::{BasicAckOptions, BasicConsumeOptions};
use lapin::types::FieldTable;
use std::error::Error as StdError;
use std::time::Duration;
use tonic::{Code, Status};
use uuid::Uuid;

/// Pause after something was away.
const BACK_OFF: Duration = Duration::from_millis(500);
/// How often it is counted what waits for a decision.
const WATCH: Duration = Duration::from_secs(15);
/// What was decided is kept for this long.
const KEPT_DAYS: i32 = 90;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("dead letter {0} does not exist")]
    NotFound(Uuid),
    #[error("it has been {0} already")]
    NotDead(&'static str),
    #[error("the dead letters could not be read or written")]
    Store(#[from] postgres::Error),
    #[error("the event could not be put into its queue")]
    Broker(#[from] broker::Error),
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Error {
    fn status(&self, domain: &str) -> Status {
        let (code, reason) = match self {
            Self::NotFound(_) => (Code::NotFound, "DEAD_LETTER_NOT_FOUND"),
            Self::NotDead(_) => (Code::FailedPrecondition, "NOT_DEAD"),
            Self::Store(error) => return error.status(domain),
            Self::Broker(error) => return crate::fault::unavailable(domain, "rabbitmq", error),
        };
        fault(code, domain, reason, self.to_string())
    }
}

/// The dead letters of one service.
#[derive(Clone)]
pub struct DeadLetters {
    schema: &'static str,
    pool: Pool,
    broker: Broker,
}

impl DeadLetters {
    pub fn new(schema: &'static str, pool: Pool, broker: Broker) -> Self {
        Self { schema, pool, broker }
    }

    /// Starts keeping what dies in `queues`, and counting what nobody has decided on.
    #[must_use]
    pub fn collecting(self, queues: &[&'static str], shutdown: &Shutdown) -> Self {
        for queue in queues {
            metrics::counter!("dead_letters_total", "queue" => *queue).increment(0);
            shutdown.spawn(self.clone().collect(queue, shutdown.clone()));
        }
        shutdown.spawn(self.clone().watch(shutdown.clone()));
        self
    }

    /// Counts what waits for a decision.
    async fn watch(self, shutdown: Shutdown) {
        let count = format!("SELECT count(*) FROM {}.dead_letters WHERE state = 'dead'", self.schema);
        let counted = async || -> Result<i64, postgres::Error> {
            let client = postgres::connection(&self.pool).await?;
            let count = client.prepare_cached(&count).await?;
            Ok(client.query_one(&count, &[]).await?.get(0))
        };
        while shutdown.pause(WATCH).await {
            if let Ok(waiting) = counted().await {
                #[expect(clippy::cast_precision_loss, reason = "nobody has so many")]
                metrics::gauge!("dead_letters", "schema" => self.schema).set(waiting as f64);
            }
        }
    }

    /// Survives every outage of broker and database.
    async fn collect(self, queue: &'static str, shutdown: Shutdown) {
        let mut failing = false;
        while !shutdown.is_requested() {
            let outcome = match self.broker.dead_letters(queue).await {
                Ok(declared) => {
                    failing = false;
                    self.keep_all(declared, queue, &shutdown).await
                }
                Err(error) => Err(error.into()),
            };
            if let Err(error) = outcome
                && !std::mem::replace(&mut failing, true)
            {
                tracing::warn!(error = &error as &dyn StdError, queue, "dead letters are not collected");
            }
            shutdown.pause(BACK_OFF).await;
        }
    }

    /// Keeps deliveries until the connection or the process ends.
    async fn keep_all(&self, dead: Queue, queue: &'static str, shutdown: &Shutdown) -> Result<(), Error> {
        let tag = format!("{queue}-dead-{}", Uuid::now_v7());
        let mut deliveries = dead
            .channel
            .basic_consume(
                dead.name.clone(),
                tag.into(),
                BasicConsumeOptions::default(),
                FieldTable::default(),
            )
            .await
            .map_err(broker::Error::from)?;
        loop {
            let next = tokio::select! {
                next = deliveries.next() => next,
                () = shutdown.requested() => return Ok(()),
            };
            let Some(delivery) = next else { return Ok(()) };
            let delivery = delivery.map_err(broker::Error::from)?;
            let death = Death::of(&delivery);
            let mut told = false;
            // Not given back to the broker meanwhile, which counts how often that happens.
            while let Err(error) = self.keep(queue, &death).await {
                if !std::mem::replace(&mut told, true) {
                    tracing::warn!(
                        error = &error as &dyn StdError,
                        queue,
                        "dead letters wait for the database"
                    );
                }
                if !shutdown.pause(BACK_OFF).await {
                    return Ok(());
                }
            }
            tracing::error!(queue, message.id = death.message_id, reason = death.reason, "an event is dead");
            metrics::counter!("dead_letters_total", "queue" => queue).increment(1);
            delivery.ack(BasicAckOptions::default()).await.map_err(broker::Error::from)?;
        }
    }

    /// Dead again after it was settled is one death more; delivered again while dead changes nothing. Each makes room for
    /// itself by forgetting up to two that were settled long ago.
    async fn keep(&self, queue: &str, death: &Death) -> Result<(), Error> {
        let keep = format!(
            "WITH forgotten AS (
                 DELETE FROM {0}.dead_letters WHERE id IN (
                     SELECT id FROM {0}.dead_letters
                      WHERE settled_at < (SELECT clock_timestamp() - make_interval(days => $8))
                      ORDER BY settled_at LIMIT 2 FOR UPDATE SKIP LOCKED))
             INSERT INTO {0}.dead_letters AS letter (id, queue, message_id, event_type, reason, body, traceparent)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
                 ON CONFLICT ON CONSTRAINT dead_letters_once DO UPDATE
                SET state = 'dead', deaths = letter.deaths + 1, reason = EXCLUDED.reason,
                    died_at = clock_timestamp(), settled_at = NULL
              WHERE letter.state <> 'dead'",
            self.schema
        );
        let client = postgres::connection(&self.pool).await?;
        let keep = client.prepare_cached(&keep).await?;
        let Death { message_id, event_type, reason, body, traceparent } = death;
        client
            .execute(
                &keep,
                &[&Uuid::now_v7(), &queue, message_id, event_type, reason, body, traceparent, &KEPT_DAYS],
            )
            .await?;
        Ok(())
    }

    /// Up to `limit`, newest first, starting below `before`.
    pub async fn list(
        &self,
        state: Option<State>,
        before: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<DeadLetter>, Error> {
        // One statement for each, so that each is planned for what it filters by.
        let wanted = if state.is_some() { "state = $3" } else { "$3::text IS NULL" };
        let list = format!(
            "SELECT * FROM {}.dead_letters WHERE id < $1 AND {wanted} ORDER BY id DESC LIMIT $2",
            self.schema
        );
        let client = postgres::connection(&self.pool).await?;
        let list = client.prepare_cached(&list).await?;
        let before = before.unwrap_or(Uuid::max());
        let rows = client.query(&list, &[&before, &limit, &state.map(State::name)]).await?;
        Ok(rows.iter().map(DeadLetter::from).collect())
    }

    pub async fn find(&self, id: Uuid) -> Result<DeadLetter, Error> {
        let find = format!("SELECT * FROM {}.dead_letters WHERE id = $1", self.schema);
        let client = postgres::connection(&self.pool).await?;
        let find = client.prepare_cached(&find).await?;
        let row = client.query_opt(&find, &[&id]).await?;
        row.as_ref().map(DeadLetter::from).ok_or(Error::NotFound(id))
    }

    /// Puts the event into its queue again. When that is not written down after all, it may be put there twice: its
    /// consumer remembers what it has taken.
    pub async fn replay(&self, id: Uuid) -> Result<DeadLetter, Error> {
        let publisher = self.broker.publisher().await?;
        self.settle(id, State::Replayed, async |letter| {
            let message = Message {
                id: letter.message_id.clone(),
                routing_key: &letter.queue,
                body: letter.body.clone(),
                traceparent: letter.traceparent.as_deref(),
            };
            Ok(publisher.send_to_queue(&message).await?.confirmed().await?)
        })
        .await
    }

    /// Notes that the event will have no effect.
    pub async fn discard(&self, id: Uuid) -> Result<DeadLetter, Error> {
        self.settle(id, State::Discarded, async |_| Ok(())).await
    }

    /// Does `work` and writes down that it was done; the same a second time is once.
    async fn settle(
        &self,
        id: Uuid,
        to: State,
        work: impl AsyncFnOnce(&DeadLetter) -> Result<(), Error>,
    ) -> Result<DeadLetter, Error> {
        let mut client = postgres::connection(&self.pool).await?;
        let tx = client.transaction().await?;
        let lock = format!("SELECT * FROM {}.dead_letters WHERE id = $1 FOR UPDATE", self.schema);
        let lock = tx.prepare_cached(&lock).await?;
        let row = tx.query_opt(&lock, &[&id]).await?.ok_or(Error::NotFound(id))?;
        let letter = DeadLetter::from(&row);
        match letter.state {
            State::Dead => {}
            state if state == to => return Ok(letter),
            state => return Err(Error::NotDead(state.name())),
        }
        work(&letter).await?;
        let settle = format!(
            "UPDATE {}.dead_letters SET state = $2, settled_at = clock_timestamp() WHERE id = $1 RETURNING *",
            self.schema
        );
        let settle = tx.prepare_cached(&settle).await?;
        let row = tx.query_one(&settle, &[&id, &to.name()]).await?;
        audit::append(&tx, &[Entry::new(to.action(), "dead_letter").ids([id])]).await?;
        postgres::commit(tx).await?;
        Ok(DeadLetter::from(&row))
    }
}
