//! Use cases of operators: the signing keys, seen, followed by another and revoked.
use crate::config::KeyCommand;
use crate::keyring::Vault;
use crate::keys::KeySet;
use anyhow::Context as _;
use jiff::Timestamp;
use std::io::Write;

/// Does `command`, and writes to `out` which keys there are then, one a line.
pub async fn keys(
    vault: &Vault,
    command: KeyCommand,
    now: Timestamp,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let keys = match command {
        KeyCommand::List => vault.list().await?,
        KeyCommand::Rotate => vault.rotate(now).await?,
        KeyCommand::Revoke { id } => {
            let left = vault.revoke(id, now).await?;
            left.with_context(|| format!("there is no signing key {id}"))?
        }
    };
    for line in lines(&keys, now) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn lines(keys: &KeySet, now: Timestamp) -> impl Iterator<Item = String> {
    let signing = keys.signing(now);
    keys.published().map(move |key| {
        let from = keys.signs_from(key);
        let phase = if key.id == signing.id {
            "signs".to_owned()
        } else if from > now {
            format!("signs from {from:.0}")
        } else {
            "verifies".to_owned()
        };
        format!("{}  made {:.0}  {phase}", key.id, key.created_at)
    })
}
