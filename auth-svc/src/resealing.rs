//! Use case of operators: what another root secret has sealed is sealed anew, so that only the own is needed.
use crate::domain::Mint;
use crate::keys;
use crate::store::Store;
use crate::totp::{self, Secret};
use platform::resealing::{all, end, row};
use platform::secrets::RootSecret;
use proto::ids::{OneTimeTokenId, UserId};
use std::io::Write;
use uuid::Uuid;

/// Rows that are read together.
const BATCH: i64 = 500;

/// Everything goes on meanwhile; what was interrupted is begun again.
pub async fn reseal(store: &Store, root: &RootSecret, out: &mut impl Write) -> anyhow::Result<()> {
    let connection = store.connection().await?;
    let (keys, secrets, mint) = (root.sealer(keys::PURPOSE), root.sealer(totp::PURPOSE), Mint::new(root));
    let is_done = [
        all(
            "signing keys",
            out,
            async |after| if after.is_some() { Ok(Vec::new()) } else { connection.signing_keys().await },
            async |key| row(key.reseal(&keys), async |anew| connection.reseal_key(key, &anew).await).await,
        )
        .await?,
        all(
            "secrets of authenticators",
            out,
            async |after: Option<&(UserId, _)>| {
                let after = after.map_or(UserId(Uuid::nil()), |(owner, _)| *owner);
                connection.totp_secrets(after, BATCH).await
            },
            async |(owner, sealed)| {
                let anew = Secret::reseal(&secrets, *owner, sealed);
                row(anew, async |anew| connection.reseal_totp(*owner, sealed, &anew).await).await
            },
        )
        .await?,
        all(
            "tokens that may still be mailed",
            out,
            async |after: Option<&(OneTimeTokenId, _)>| {
                let after = after.map_or(OneTimeTokenId(Uuid::nil()), |(id, _)| *id);
                connection.minted_tokens(after, BATCH).await
            },
            async |(id, minted)| {
                let anew = mint.reseal(*id, minted);
                row(anew, async |anew| connection.reseal_token(*id, &minted.nonce, &anew).await).await
            },
        )
        .await?,
    ];
    end(out, is_done.into_iter().all(|is_done| is_done))
}
