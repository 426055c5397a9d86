//! Use case of operators: whether the audit log is as it was written. Nothing is changed.
use crate::domain::chain::{Finding, Told, Walk};
use crate::signers::{By, Known, Signers};
use crate::store::{Signed, Store, Tx};
use platform::audit::chain::Checkpoint;
use std::io::Write;

/// Rows that are read at once.
const BATCH: i64 = 1000;

/// Findings that are named.
const NAMED: usize = 100;

/// What a look at the log has shown.
pub struct Seen {
    pub entries: u64,
    /// The number of the last that is genuine.
    pub checkpoints: i64,
    pub findings: Vec<Finding>,
    /// The last checkpoint with the signature of the one that is accepted, if nobody has vouched for it.
    pub unvouched: Option<Told>,
}

impl Seen {
    /// Writes what is wrong to `out`, a line each; fails when there is anything.
    pub fn tell(&self, out: &mut impl Write) -> anyhow::Result<()> {
        let Self { entries, checkpoints, findings, .. } = self;
        for finding in findings.iter().take(NAMED) {
            writeln!(out, "FAIL {finding}")?;
        }
        let outcome = if findings.is_empty() { "ok  " } else { "FAIL" };
        let wrong = findings.len();
        writeln!(out, "{outcome} {entries} entries and {checkpoints} checkpoints looked at, {wrong} wrong")?;
        anyhow::ensure!(findings.is_empty(), "the audit log was changed: {wrong} findings");
        Ok(())
    }
}

/// Tells `out` what is wrong; fails when there is anything. `told` is a checkpoint as it was told outside, which must be
/// there.
pub async fn verify(
    store: &Store,
    signers: &Signers,
    told: Option<&Told>,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    // First, so that what they were vouched for is in the log that is looked at.
    let known = signers.known(&store.former_signers().await?);
    look(store, &known, told).await?.tell(out)
}

/// What is wrong with the log as it is at this moment.
pub async fn look(store: &Store, known: &Known, told: Option<&Told>) -> anyhow::Result<Seen> {
    let mut connection = store.connection().await?;
    let tx = connection.look_at_log().await?;
    let told: Vec<&Told> = known.told().chain(told).collect();
    let Checkpoints { vouched, mut findings, unvouched } = checkpoints(&tx, known, &told).await?;
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
    let (entries, touched) = walk.end(&tx.heads().await?);
    findings.extend(touched);
    Ok(Seen { entries, checkpoints, findings, unvouched })
}

#[derive(Default)]
struct Checkpoints {
    /// The latest that is genuine.
    vouched: Option<Checkpoint>,
    /// What is wrong with the others, or differs from what was signed.
    findings: Vec<Finding>,
    unvouched: Option<Told>,
}

/// Once there are as many findings as are named, no more are looked for in the entries.
async fn checkpoints(tx: &Tx<'_>, known: &Known, told: &[&Told]) -> anyhow::Result<Checkpoints> {
    let (mut seen, mut last) = (Checkpoints::default(), 0);
    loop {
        let batch = tx.checkpoints(last, BATCH).await?;
        if batch.is_empty() {
            break;
        }
        let mut genuine = Vec::new();
        for Signed { checkpoint, signature } in batch {
            let number = checkpoint.number;
            if number - last > 1 {
                seen.findings.push(Finding::CheckpointMissing { first: last + 1, last: number - 1 });
            }
            last = number;
            let this = Told::of(&checkpoint);
            let is_as_told = told.iter().all(|told| told.number != number || **told == this);
            let by = known.signed(&checkpoint, &signature);
            match by {
                By::Known | By::Accepted if is_as_told => {}
                By::Late(vouched) => {
                    seen.findings.push(Finding::CheckpointLate { number, vouched });
                    continue;
                }
                _ => {
                    seen.findings.push(Finding::CheckpointChanged { number });
                    continue;
                }
            }
            if by == By::Accepted {
                seen.unvouched = Some(this);
            }
            genuine.push(number);
            seen.vouched = Some(checkpoint);
        }
        let limit = NAMED.saturating_sub(seen.findings.len());
        seen.findings.extend(tx.rewritten(&genuine, i64::try_from(limit)?).await?);
    }
    if let Some(told) = told.iter().map(|told| told.number).max().filter(|told| *told > last) {
        seen.findings.push(Finding::CheckpointMissing { first: last + 1, last: told });
    }
    Ok(seen)
}
