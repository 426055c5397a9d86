//! Use case of operators: what another root secret has sealed is sealed anew, so that only the own is needed.
use crate::links::{FormerKey, FormerKeys};
use crate::signing::Secrets;
use crate::store::Store;
use platform::resealing::{all, end, row};
use platform::secrets::RootSecret;
use std::io::Write;

/// Everything goes on meanwhile; what was interrupted is begun again. Links that were signed with the other secret stay
/// good, unless they are to end, or were to end before.
pub async fn reseal(
    store: &Store,
    root: &RootSecret,
    ends_links: bool,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let (secrets, keys) = (Secrets::new(root), FormerKeys::new(root));
    let accepted = keys.of_accepted();
    if ends_links {
        let ended = store.end_link_keys(accepted.as_ref().map(|key| key.digest.as_slice())).await?;
        writeln!(out, "keys of links in messages: {ended} forgotten, and not kept any more")?;
    } else if let Some(key) = &accepted
        && !store.keep_link_key(key).await?
    {
        writeln!(out, "keys of links in messages: that of the other secret was ended before, and stays so")?;
    }
    let is_done = [
        all(
            "secrets of webhooks",
            out,
            async |after| if after.is_some() { Ok(Vec::new()) } else { store.webhook_secrets().await },
            async |secret| {
                let anew = secrets.reseal(secret.of, &secret.sealed);
                row(anew, async |anew| store.reseal_webhook(secret, &anew).await).await
            },
        )
        .await?,
        all(
            "keys of links in messages",
            out,
            async |after: Option<&FormerKey>| {
                if after.is_some() { Ok(Vec::new()) } else { store.former_link_keys().await }
            },
            async |key| row(keys.reseal(key), async |anew| store.reseal_link_key(key, &anew).await).await,
        )
        .await?,
    ];
    end(out, is_done.into_iter().all(|is_done| is_done))
}
