//! The first administrator, from the settings. There is no default one, and no way to get one over the network.
use crate::accounts::Accounts;
use crate::config::Bootstrap;
use crate::error::Error;
use crate::passwords::Policy;
use crate::store::Taken;
use anyhow::{Context as _, bail};
use jiff::Timestamp;
use proto::scalars::Email;
use secrecy::{ExposeSecret as _, SecretString};

/// Makes the administrator of `settings` unless there is one already.
pub async fn first_admin(
    accounts: &Accounts,
    policy: &Policy,
    settings: &Bootstrap,
    now: Timestamp,
) -> anyhow::Result<()> {
    let Some((email, password)) = given(settings)? else { return Ok(()) };
    if accounts.any_admin().await.context("cannot look for administrators")? {
        return Ok(());
    }
    let email: Email = email.try_into().map_err(|error| anyhow::anyhow!("BOOTSTRAP_ADMIN_EMAIL {error}"))?;
    let password = policy
        .accept(&password, &[email.as_str()])
        .map_err(|weak| anyhow::anyhow!("BOOTSTRAP_ADMIN_PASSWORD is too weak: it {weak}"))?;
    match accounts.register_first_admin(email, password, now).await {
        Ok(Some(admin)) => tracing::info!(user.id = %admin.id, "made the first administrator"),
        Ok(None) => {}
        Err(Error::Taken(Taken::Email)) => {
            bail!("BOOTSTRAP_ADMIN_EMAIL belongs to an account that is not an administrator's")
        }
        Err(error) => return Err(error).context("cannot make the first administrator"),
    }
    Ok(())
}

/// Both settings or none; an empty one is as good as none.
fn given(settings: &Bootstrap) -> anyhow::Result<Option<(String, SecretString)>> {
    let email = settings.bootstrap_admin_email.clone().filter(|email| !email.is_empty());
    let password = settings.bootstrap_admin_password.clone();
    match (email, password.filter(|password| !password.expose_secret().is_empty())) {
        (Some(email), Some(password)) => Ok(Some((email, password))),
        (None, None) => Ok(None),
        (Some(_), None) => bail!("BOOTSTRAP_ADMIN_EMAIL is set and BOOTSTRAP_ADMIN_PASSWORD is not"),
        (None, Some(_)) => bail!("BOOTSTRAP_ADMIN_PASSWORD is set and BOOTSTRAP_ADMIN_EMAIL is not"),
    }
}
