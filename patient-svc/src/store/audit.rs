//! The audit log as it is read. The runtime role may not: a transaction becomes the reader for as long as it takes.
use super::patients::uuids;
use super::{Connection, Error, Store, Tx};
use crate::domain::chain::Finding;
use jiff::Timestamp;
use platform::audit::chain::{Checkpoint, Head, Link};
use proto::ids::{PatientId, UserId};
use serde::{Deserialize, Serialize};
use tokio_postgres::types::ToSql;
use tokio_postgres::{IsolationLevel, Row};
use tracing::instrument;

/// Which entries are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Entries about any of them; about everybody when there are none.
    pub patients: Vec<PatientId>,
    pub actor: Option<UserId>,
    pub action: Option<String>,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

/// Where an entry stands in lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    at: Timestamp,
    shard: i16,
    number: i64,
}

impl Place {
    pub fn of(link: &Link) -> Self {
        Self { at: link.at, shard: link.shard, number: link.number }
    }
}

/// A checkpoint as it is stored.
pub struct Signed {
    pub checkpoint: Checkpoint,
    pub signature: Vec<u8>,
}

const COLUMNS: &str = "shard, number, at, writer, request_id, trace_id, client_address, actor_id, role, session_id,
    via, action, resource, resource_ids, subjects, decision, reason, break_glass, fields, criteria, before, after,
    previous, hash";

const BECOME_READER: &str = "SET LOCAL ROLE audit_ro";
const BECOME_ONESELF: &str = "RESET ROLE";

const WALK: &str = "WHERE (shard, number) > ($1, $2) ORDER BY shard, number LIMIT $3";

const HEADS: &str = "SELECT shard, number, hash FROM audit.heads ORDER BY shard";

const CHECKPOINTS: &str = "
    SELECT number, at, numbers, hashes, signature FROM audit.checkpoints WHERE number > $1 ORDER BY number LIMIT $2";

const LAST_CHECKPOINT: &str = "
    SELECT number, at, numbers, hashes, signature FROM audit.checkpoints ORDER BY number DESC LIMIT 1";

/// Each entry once, with the first checkpoint that it is not as signed in.
const REWRITTEN: &str = "
    SELECT (signed.place - 1)::smallint AS shard, signed.number, min(checkpoint.number) AS checkpoint
      FROM audit.checkpoints AS checkpoint,
           unnest(checkpoint.numbers, checkpoint.hashes) WITH ORDINALITY AS signed (number, hash, place)
      LEFT JOIN audit.entries AS entry ON entry.shard = signed.place - 1 AND entry.number = signed.number
     WHERE checkpoint.number = ANY($1) AND signed.number > 0 AND entry.hash IS DISTINCT FROM signed.hash
     GROUP BY signed.place, signed.number
     ORDER BY checkpoint, shard, number
     LIMIT $2";

/// Of several replicas one signs.
const LOCK: &str = "SELECT pg_try_advisory_xact_lock(hashtextextended('audit.checkpoint', 0))";

const CHECKPOINT: &str = "SELECT audit.checkpoint($1, $2, $3, $4, $5)";

impl Connection<'_> {
    /// A look at the log as it is at one moment.
    pub async fn look_at_log(&mut self) -> Result<Tx<'_>, Error> {
        let begin = self.object.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
        let inner = begin.read_only(true).start().await?;
        let tx = Tx { store: self.store, inner, audit: platform::audit::Pending::default() };
        tx.inner.batch_execute(BECOME_READER).await?;
        Ok(tx)
    }
}

impl Store {
    /// Newest first, at most `limit` entries after the one at `after`. Those of the last seconds may be missing.
    #[instrument(name = "db.audit.page", skip_all)]
    pub async fn log(&self, filter: &Filter, after: Option<Place>, limit: i64) -> Result<Vec<Link>, Error> {
        let page = |object| Connection { store: self, object }.log(filter, after, limit);
        self.reads.read(page).await
    }
}

impl Connection<'_> {
    async fn log(mut self, filter: &Filter, after: Option<Place>, limit: i64) -> Result<Vec<Link>, Error> {
        let tx = self.look_at_log().await?;
        let Filter { patients, actor, action, from, until } = filter;
        let patients = uuids(patients);
        let actor = actor.map(|actor| actor.0);
        let mut conditions = vec!["true".to_owned()];
        let mut values: Vec<&(dyn ToSql + Sync)> = Vec::new();
        let mut narrow = |condition: &str, value| {
            values.push(value);
            conditions.push(format!("{condition} ${}", values.len()));
        };
        if !patients.is_empty() {
            narrow("subjects &&", &patients);
        }
        if let Some(actor) = &actor {
            narrow("actor_id =", actor);
        }
        if let Some(action) = action {
            narrow("action =", action);
        }
        if let Some(from) = from {
            narrow("at >=", from);
        }
        if let Some(until) = until {
            narrow("at <", until);
        }
        if let Some(Place { at, shard, number }) = &after {
            let first = values.len() + 1;
            values.extend([at as &(dyn ToSql + Sync), shard, number]);
            conditions.push(format!("(at, shard, number) < (${first}, ${}, ${})", first + 1, first + 2));
        }
        values.push(&limit);
        let statement = format!(
            "SELECT {COLUMNS} FROM audit.entries WHERE {} ORDER BY at DESC, shard DESC, number DESC LIMIT ${}",
            conditions.join(" AND "),
            values.len()
        );
        let statement = tx.inner.prepare_cached(&statement).await?;
        tx.inner.query(&statement, &values).await?.iter().map(link).collect()
    }
}

impl Tx<'_> {
    /// Lets this transaction read the log, until [`Tx::become_oneself`].
    pub async fn become_reader(&self) -> Result<(), Error> {
        Ok(self.inner.batch_execute(BECOME_READER).await?)
    }

    pub async fn become_oneself(&self) -> Result<(), Error> {
        Ok(self.inner.batch_execute(BECOME_ONESELF).await?)
    }

    /// At most `limit` links of all chains in order, after that with these shard and number.
    #[instrument(name = "db.audit.links", skip_all)]
    pub async fn links(&self, after: (i16, i64), limit: i64) -> Result<Vec<Link>, Error> {
        let statement = format!("SELECT {COLUMNS} FROM audit.entries {WALK}");
        let statement = self.inner.prepare_cached(&statement).await?;
        self.inner.query(&statement, &[&after.0, &after.1, &limit]).await?.iter().map(link).collect()
    }

    /// The ends of the chains, with their shards, in order.
    #[instrument(name = "db.audit.heads", skip_all)]
    pub async fn heads(&self) -> Result<Vec<(i16, Head)>, Error> {
        let statement = self.inner.prepare_cached(HEADS).await?;
        let rows = self.inner.query(&statement, &[]).await?;
        let head = |row: &Row| {
            let head = Head { number: row.try_get("number")?, hash: row.try_get("hash")? };
            Ok((row.try_get("shard")?, head))
        };
        rows.iter().map(head).collect()
    }

    /// At most `limit` checkpoints in order, after the one with this number.
    #[instrument(name = "db.audit.checkpoints", skip_all)]
    pub async fn checkpoints(&self, after: i64, limit: i64) -> Result<Vec<Signed>, Error> {
        let statement = self.inner.prepare_cached(CHECKPOINTS).await?;
        self.inner.query(&statement, &[&after, &limit]).await?.iter().map(signed).collect()
    }

    #[instrument(name = "db.audit.last_checkpoint", skip_all)]
    pub async fn last_checkpoint(&self) -> Result<Option<Signed>, Error> {
        let statement = self.inner.prepare_cached(LAST_CHECKPOINT).await?;
        self.inner.query_opt(&statement, &[]).await?.as_ref().map(signed).transpose()
    }

    /// At most `limit` entries that are not as they were when the checkpoints with these numbers were signed.
    #[instrument(name = "db.audit.rewritten", skip_all)]
    pub async fn rewritten(&self, checkpoints: &[i64], limit: i64) -> Result<Vec<Finding>, Error> {
        let statement = self.inner.prepare_cached(REWRITTEN).await?;
        let rows = self.inner.query(&statement, &[&checkpoints, &limit]).await?;
        let finding = |row: &Row| {
            let (shard, number) = (row.try_get("shard")?, row.try_get("number")?);
            Ok(Finding::Rewritten { shard, number, checkpoint: row.try_get("checkpoint")? })
        };
        rows.iter().map(finding).collect()
    }

    /// Whether this transaction, and no other, may add a checkpoint.
    #[instrument(name = "db.audit.lock_checkpoints", skip_all)]
    pub async fn lock_checkpoints(&self) -> Result<bool, Error> {
        let statement = self.inner.prepare_cached(LOCK).await?;
        Ok(self.inner.query_one(&statement, &[]).await?.try_get(0)?)
    }

    #[instrument(name = "db.audit.insert_checkpoint", skip_all)]
    pub async fn insert_checkpoint(&self, signed: &Signed) -> Result<(), Error> {
        let Signed { checkpoint: Checkpoint { number, at, heads }, signature } = signed;
        let numbers: Vec<i64> = heads.iter().map(|head| head.number).collect();
        let hashes: Vec<&[u8]> = heads.iter().map(|head| head.hash.as_slice()).collect();
        let statement = self.inner.prepare_cached(CHECKPOINT).await?;
        self.inner.execute(&statement, &[number, at, &numbers, &hashes, signature]).await?;
        Ok(())
    }
}

fn signed(row: &Row) -> Result<Signed, Error> {
    let (numbers, hashes): (Vec<i64>, Vec<Vec<u8>>) = (row.try_get("numbers")?, row.try_get("hashes")?);
    let heads = numbers.into_iter().zip(hashes).map(|(number, hash)| Head { number, hash }).collect();
    let checkpoint = Checkpoint { number: row.try_get("number")?, at: row.try_get("at")?, heads };
    Ok(Signed { checkpoint, signature: row.try_get("signature")? })
}

fn link(row: &Row) -> Result<Link, Error> {
    Ok(Link {
        shard: row.try_get("shard")?,
        number: row.try_get("number")?,
        at: row.try_get("at")?,
        writer: row.try_get("writer")?,
        request_id: row.try_get("request_id")?,
        trace_id: row.try_get("trace_id")?,
        client_address: row.try_get("client_address")?,
        actor_id: row.try_get("actor_id")?,
        role: row.try_get("role")?,
        session_id: row.try_get("session_id")?,
        via: row.try_get("via")?,
        action: row.try_get("action")?,
        resource: row.try_get("resource")?,
        resource_ids: row.try_get("resource_ids")?,
        subjects: row.try_get("subjects")?,
        decision: row.try_get("decision")?,
        reason: row.try_get("reason")?,
        break_glass: row.try_get("break_glass")?,
        fields: row.try_get("fields")?,
        criteria: row.try_get("criteria")?,
        before: row.try_get("before")?,
        after: row.try_get("after")?,
        previous: row.try_get("previous")?,
        hash: row.try_get("hash")?,
    })
}
