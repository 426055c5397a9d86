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
    vouch(store, &signers, out).await?;
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
/// then. Nobody vouches for a log that does not verify.
async fn vouch(store: &Store, signers: &Signers, out: &mut impl Write) -> anyhow::Result<()> {
    let known = signers.known(&store.former_signers().await?);
    let seen = verify::look(store, &known, None).await?;
    seen.tell(out).context("nobody is vouched for")?;
    if let Some(last) = &seen.unvouched
        && let Some(former) = signers.vouch(last)
    {
        store.put_former_signer(&former).await?;
        writeln!(out, "checkpoints: who has signed by the other secret is vouched for up to {last}")?;
    }
    Ok(())
}
