//! Use case of operators: what another root secret has sealed is sealed anew, so that only the own is needed.
use crate::sealing::WrappedKey;
use crate::signers::{Former, Signers};
use crate::store::Store;
use crate::verify;
use anyhow::Context as _;
use platform::resealing::{all, end, row};
use platform::secrets::RootSecret;
use std::io::Write;
use uuid::Uuid;

/// Rows that are read together.
const BATCH: i64 = 500;

/// Everything goes on meanwhile; what was interrupted is begun again.
pub async fn reseal(store: &Store, root: &RootSecret, out: &mut impl Write) -> anyhow::Result<()> {
    let signers = Signers::new(root);
    let mut is_done = all(
        "data keys",
        out,
        async |after: Option<&WrappedKey>| {
            store.data_keys(after.map_or(Uuid::nil(), |key| key.id), BATCH).await
        },
        async |key| store.rewrap(key).await,
    )
    .await?;
    is_done &= vouch(store, &signers, out).await?;
    is_done &= all(
        "former signers",
        out,
        async |after: Option<&Former>| {
            if after.is_some() { Ok(Vec::new()) } else { store.former_signers().await }
        },
        async |former| {
            let anew = signers.reseal(former);
            row(anew, async |anew| store.reseal_former_signer(former, &anew).await).await
        },
    )
    .await?;
    end(out, is_done)
}

/// Vouches for who has signed checkpoints by the other secret, up to the last, so that all signatures are known without it
/// then; whether nobody has signed by it since that was done before. Nobody vouches for a log that does not verify.
async fn vouch(store: &Store, signers: &Signers, out: &mut impl Write) -> anyhow::Result<bool> {
    let formers = store.former_signers().await?;
    let seen = verify::look(store, &signers.known_before_vouching(&formers), None).await?;
    seen.tell(out).context("nobody is vouched for")?;
    let Some(last) = &seen.unvouched else { return Ok(true) };
    let Some(former) = signers.vouch(last) else { return Ok(true) };
    store.put_former_signer(&former).await?;
    writeln!(out, "checkpoints: who has signed by the other secret is vouched for up to {last}")?;
    let Some(before) = signers.vouched_for_accepted(&formers) else { return Ok(true) };
    let (before, last) = (before.number, last.number);
    writeln!(
        out,
        "checkpoints: it was up to {before} before, and some process has signed {last} by the other secret since: see \
         that none has it as SECRET_KEY, and run this again"
    )?;
    Ok(false)
}
