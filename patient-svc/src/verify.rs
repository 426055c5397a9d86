//! Use case of operators: whether the audit log is as it was written. Nothing is changed.
use crate::domain::chain::{Finding, Told, Walk};
use crate::signers::{Known, Signers};
use crate::store::{Signed, Store, Tx};
use platform::audit::chain::Checkpoint;
use std::io::Write;

/// Rows that are read at once.
const BATCH: i64 = 1000;

/// Findings that are named.
const NAMED: usize = 100;

/// Writes what is wrong to `out`, a line each; fails when there is anything. `told` is a checkpoint as it was told outside,
/// which must be there.
pub async fn verify(
    store: &Store,
    signers: &Signers,
    told: Option<&Told>,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let (links, checkpoints, findings) = look(store, signers, told).await?;
    for finding in findings.iter().take(NAMED) {
        writeln!(out, "FAIL {finding}")?;
    }
    let outcome = if findings.is_empty() { "ok  " } else { "FAIL" };
    writeln!(
        out,
        "{outcome} {links} entries and {checkpoints} checkpoints looked at, {} wrong",
        findings.len()
    )?;
    anyhow::ensure!(findings.is_empty(), "the audit log was changed: {} findings", findings.len());
    Ok(())
}

/// How many entries and checkpoints there are, and what is wrong with them.
pub async fn look(
    store: &Store,
    signers: &Signers,
    told: Option<&Told>,
) -> anyhow::Result<(u64, i64, Vec<Finding>)> {
    let mut connection = store.connection().await?;
    let known = signers.known(&store.former_signers().await?);
    let tx = connection.look_at_log().await?;
    let (vouched, mut findings) = checkpoints(&tx, &known, told).await?;
    let checkpoints = vouched.as_ref().map_or(0, |vouched| vouched.number);
    let mut walk = Walk::new(vouched);
    let mut after = (i16::MIN, i64::MIN);
    loop {
        let links = tx.links(after, BATCH).await?;
        let Some(last) = links.last() else { break };
        after = (last.shard, last.number);
        for link in &links {
            walk.link(link);
        }
    }
    let (links, touched) = walk.end(&tx.heads().await?);
    findings.extend(touched);
    Ok((links, checkpoints, findings))
}

/// The latest checkpoint that is genuine, and what is wrong with the others or differs from what was signed. Once there
/// are as many findings as are named, no more are looked for in the entries.
async fn checkpoints(
    tx: &Tx<'_>,
    known: &Known,
    told: Option<&Told>,
) -> anyhow::Result<(Option<Checkpoint>, Vec<Finding>)> {
    let (mut vouched, mut findings, mut last) = (None, Vec::new(), 0);
    loop {
        let batch = tx.checkpoints(last, BATCH).await?;
        if batch.is_empty() {
            break;
        }
        let mut genuine = Vec::new();
        for Signed { checkpoint, signature } in batch {
            let number = checkpoint.number;
            if number - last > 1 {
                findings.push(Finding::CheckpointMissing { first: last + 1, last: number - 1 });
            }
            last = number;
            if told.is_some_and(|told| told.number == number && *told != Told::of(&checkpoint)) {
                findings.push(Finding::CheckpointChanged { number });
            }
            if known.have_signed(number, &checkpoint.digest(), &signature) {
                genuine.push(number);
                vouched = Some(checkpoint);
            } else {
                findings.push(Finding::CheckpointChanged { number });
            }
        }
        let limit = NAMED.saturating_sub(findings.len());
        findings.extend(tx.rewritten(&genuine, i64::try_from(limit)?).await?);
    }
    if let Some(told) = told.filter(|told| told.number > last) {
        findings.push(Finding::CheckpointMissing { first: last + 1, last: told.number });
    }
    Ok((vouched, findings))
}
