//! The use case of operators on the data key of one patient.
use crate::config::KeysCommand;
use crate::error::Error;
use crate::store::Store;
use jiff::Timestamp;
use proto::ids::PatientId;
use std::io::Write;

pub async fn run(
    command: KeysCommand,
    store: &Store,
    now: Timestamp,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let KeysCommand::Renew { patient_id } = command;
    renew(store, patient_id, now, out).await
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
