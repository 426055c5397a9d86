//! The ends of the audit log's chains, signed: into the log, and out of the database by the log lines of this process,
//! so that what is cut off later shows from outside.
use crate::domain::chain::{Told, is_due};
use crate::error::Error;
use crate::store::{Signed, Store};
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use platform::audit::chain::{Checkpoint, Head, Signer};
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

/// Signs the chains as they are, when that is due; the checkpoint.
pub async fn sign(store: &Store, signer: &Signer, now: Timestamp) -> Result<Option<Checkpoint>, Error> {
    let mut connection = store.connection().await?;
    let tx = connection.begin().await?;
    if !tx.lock_checkpoints().await? {
        return Ok(None);
    }
    tx.become_reader().await?;
    let last = tx.last_checkpoint().await?.map(|signed| signed.checkpoint);
    let heads: Vec<Head> = tx.heads().await?.into_iter().map(|(_, head)| head).collect();
    tx.become_oneself().await?;
    if !is_due(last.as_ref(), &heads, now) {
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
    let signature: String = signed.signature.iter().map(|byte| format!("{byte:02x}")).collect();
    tracing::info!(
        audit.checkpoint = %Told::of(&checkpoint),
        audit.entries = checkpoint.entries(),
        audit.signature = signature,
        "signed the audit log"
    );
    Ok(Some(checkpoint))
}
