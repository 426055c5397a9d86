//! The use cases of operators on keys. Everything goes on meanwhile; what was interrupted is begun again.
use crate::config::KeysCommand;
use crate::error::Error;
use crate::store::Store;
use anyhow::ensure;
use jiff::Timestamp;
use proto::ids::PatientId;
use std::io::Write;
use uuid::Uuid;

/// Keys that are looked at together.
const BATCH: i64 = 500;

pub async fn run(
    command: KeysCommand,
    store: &Store,
    now: Timestamp,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    match command {
        KeysCommand::Rotate => rotate(store, out).await,
        KeysCommand::Renew { patient_id } => renew(store, patient_id, now, out).await,
    }
}

/// Wraps every data key by the current root secret.
async fn rotate(store: &Store, out: &mut impl Write) -> anyhow::Result<()> {
    let (mut seen, mut wrapped, mut unopened) = (0, 0, 0);
    let mut after = Uuid::nil();
    loop {
        let keys = store.data_keys(after, BATCH).await?;
        let Some(last) = keys.last() else { break };
        after = last.id;
        for key in &keys {
            seen += 1;
            match store.rewrap(key).await {
                Ok(anew) => wrapped += usize::from(anew),
                Err(crate::store::Error::Unopened(_)) => unopened += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }
    writeln!(out, "{seen} data keys, {wrapped} wrapped anew, {unopened} that neither secret opens")?;
    ensure!(unopened == 0, "{unopened} data keys open neither with SECRET_KEY nor with SECRET_KEY_PREVIOUS");
    Ok(())
}

/// Gives one patient another data key. What is sealed stays sealed under the one before.
async fn renew(
    store: &Store,
    patient: PatientId,
    now: Timestamp,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let mut connection = store.connection().await?;
    let tx = connection.begin_about(patient).await?;
    tx.lock(patient).await?.ok_or(Error::PatientNotFound)?;
    let renewed = tx.renew_data_key(patient, now).await?;
    tx.commit().await?;
    writeln!(out, "{}", if renewed { "a new data key is in use" } else { "the patient has no data key" })?;
    Ok(())
}
