//! Use case of operators: what another root secret has sealed is sealed anew, so that only the own is needed.
use crate::links::{FormerKey, FormerKeys};
use crate::signing::Secrets;
use crate::store::Store;
use platform::resealing::{all, end, row};
use platform::secrets::RootSecret;
use std::io::Write;

/// Everything goes on meanwhile; what was interrupted is begun again. Links that were signed with the other secret stay
/// good, unless they are to end.
pub async fn reseal(
    store: &Store,
    root: &RootSecret,
    ends_links: bool,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let (secrets, keys) = (Secrets::new(root), FormerKeys::new(root));
    if ends_links {
        writeln!(out, "keys of links: {} forgotten", store.forget_link_keys().await?)?;
    } else if let Some(key) = keys.of_accepted() {
        store.keep_link_key(&key).await?;
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
