//! Use case of operators: what another root secret has sealed is sealed anew, so that only the own is needed.
use crate::sealing::WrappedKey;
use crate::signers::{Former, Signers};
use crate::store::{Signed, Store};
use platform::resealing::{all, end, row};
use platform::secrets::RootSecret;
use std::io::Write;
use uuid::Uuid;

/// Rows that are read together.
const BATCH: i64 = 500;

/// Everything goes on meanwhile; what was interrupted is begun again.
pub async fn reseal(store: &Store, root: &RootSecret, out: &mut impl Write) -> anyhow::Result<()> {
    let signers = Signers::new(root);
    let is_done = [
        all(
            "data keys",
            out,
            async |after: Option<&WrappedKey>| {
                store.data_keys(after.map_or(Uuid::nil(), |key| key.id), BATCH).await
            },
            async |key| store.rewrap(key).await,
        )
        .await?,
        all(
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
        .await?,
        checkpoints(store, &signers, out).await?,
    ];
    end(out, is_done.into_iter().all(|is_done| is_done))
}

/// Vouches for who has signed checkpoints by the other secret, up to the last; whether all signatures are known without it
/// then.
async fn checkpoints(store: &Store, signers: &Signers, out: &mut impl Write) -> anyhow::Result<bool> {
    let known = signers.known_without_accepted(&store.former_signers().await?);
    let (mut seen, mut vouched, mut unknown, mut former) = (0, 0, 0, None);
    let mut connection = store.connection().await?;
    let tx = connection.look_at_log().await?;
    let mut last = 0;
    loop {
        let batch = tx.checkpoints(last, BATCH).await?;
        let Some(Signed { checkpoint, .. }) = batch.last() else { break };
        last = checkpoint.number;
        seen += batch.len();
        for Signed { checkpoint, signature } in &batch {
            let (number, digest) = (checkpoint.number, checkpoint.digest());
            if known.have_signed(number, &digest, signature) {
                continue;
            }
            match signers.vouch(number, &digest, signature) {
                Some(signer) => (former, vouched) = (Some(signer), vouched + 1),
                None => unknown += 1,
            }
        }
    }
    drop(tx);
    if let Some(former) = former {
        store.put_former_signer(&former).await?;
    }
    writeln!(
        out,
        "checkpoints: {seen} there, {vouched} vouched for, {unknown} that nobody known here has signed"
    )?;
    Ok(unknown == 0)
}
