//! The ends of the audit log's chains, signed: into the log, and out of the database by the log lines of this process,
//! so that what is cut off later shows from outside.
use crate::domain::chain::{Told, is_due};
use crate::error::Error;
use crate::measurements;
use crate::store::{Signed, Store};
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use platform::audit::chain::{Checkpoint, Head, Signer};
use platform::audit::hex;
use platform::clock::Clock;
use platform::shutdown::Shutdown;
use std::time::Duration;

/// How often it is looked whether one is due.
const POLL: Duration = Duration::from_secs(60);

/// Signs until shutdown is requested.
pub fn keep_signing(store: Store, signer: Signer, clock: Clock, shutdown: &Shutdown) {
    let stopping = shutdown.clone();
    shutdown.spawn(async move {
        while stopping.pause(POLL).await {
            if let Err(error) = sign(&store, &signer, clock.now()).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the audit log could not be signed");
            }
        }
    });
}

/// Signs the chains as they are, when that is due; the checkpoint. Chains that do not go on from the last checkpoint are
/// never signed: what was done to them would be vouched for.
pub async fn sign(store: &Store, signer: &Signer, now: Timestamp) -> Result<Option<Checkpoint>, Error> {
    let mut connection = store.connection().await?;
    let tx = connection.begin().await?;
    if !tx.lock_checkpoints().await? {
        return Ok(None);
    }
    tx.become_reader().await?;
    let last = tx.last_checkpoint().await?.map(|signed| signed.checkpoint);
    let signed: Vec<i64> = last.iter().map(|last| last.number).collect();
    let rewritten = tx.rewritten(&signed, 1).await?;
    let heads: Vec<Head> = tx.heads().await?.into_iter().map(|(_, head)| head).collect();
    tx.become_oneself().await?;
    if let [finding, ..] = rewritten.as_slice() {
        tracing::error!(audit.finding = %finding, "the audit log was changed and is not signed any more");
        measurements::looked(now, true);
        return Ok(None);
    }
    if !is_due(last.as_ref(), &heads, now) {
        measurements::looked(now, false);
        return Ok(None);
    }
    // To the microsecond, which is what the store keeps.
    let at =
        now.round(TimestampRound::new().smallest(Unit::Microsecond).mode(RoundMode::Trunc)).unwrap_or(now);
    let number = last.map_or(0, |last| last.number) + 1;
    let checkpoint = Checkpoint { number, at, heads };
    let signature = signer.sign(&checkpoint);
    let signed = Signed { checkpoint: checkpoint.clone(), signature };
    tx.insert_checkpoint(&signed).await?;
    tx.commit().await?;
    measurements::looked(now, false);
    let signature = hex(&signed.signature);
    tracing::info!(
        audit.checkpoint = %Told::of(&checkpoint),
        audit.entries = checkpoint.entries(),
        audit.signature = signature,
        "signed the audit log"
    );
    Ok(Some(checkpoint))
}
