//! Private PostgreSQL, Redis and RabbitMQ.
mod postgres;
mod rabbitmq;
mod redis;

pub use postgres::Postgres;
pub use rabbitmq::{Broker, RabbitMq};
pub use redis::Redis;

use crate::certificates::{Authority, Issued};
use crate::places::Places;
use crate::process::Account;
use anyhow::Context;
use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt, chown};
use std::path::{Path, PathBuf};

/// The three, running. Each can be stopped, killed and started again while the others run.
pub struct Stores {
    pub postgres: Postgres,
    pub redis: Redis,
    pub rabbitmq: RabbitMq,
}

impl Stores {
    /// Starts all three side by side; RabbitMQ takes longest.
    pub async fn start(places: &Places, password: &str, durability: Durability) -> anyhow::Result<Self> {
        let (rabbitmq, postgres, redis) = tokio::try_join!(
            RabbitMq::start(places, password),
            Postgres::start(places, password, durability),
            Redis::start(places, password),
        )?;
        Ok(Self { postgres, redis, rabbitmq })
    }

    pub async fn stop(&self) {
        tokio::join!(self.rabbitmq.stop(), self.redis.stop(), self.postgres.stop());
    }
}

/// What a power cut may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Nothing.
    Kept,
    /// Everything; a killed server loses nothing even so. For tests.
    Lost,
}

/// What a server shows to those who ask for TLS, and whom they have to believe for that: an authority of the server's own, PEM.
struct Shown {
    own: Issued,
    authority: PathBuf,
}

impl Shown {
    /// Made anew below the `home` of a server; the authority stays the same.
    fn below(home: &Path, name: &str, account: Option<Account>) -> anyhow::Result<Self> {
        let folder = home.join("tls");
        let authority = Authority::at(&folder)?;
        let own = authority.issue_to_server(name)?;
        if let Some(Account { uid, gid }) = account {
            for path in [&folder, &own.certificate, &own.key, &authority.certificate] {
                chown(path, Some(uid), Some(gid))?;
            }
        }
        Ok(Self { own, authority: authority.certificate })
    }
}

/// Makes the folder that a server keeps its data in, its own and closed to others.
fn home(places: &Places, name: &str, account: Option<Account>) -> anyhow::Result<PathBuf> {
    let folder = places.data.join(name);
    make_private(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    if let Some(Account { uid, gid }) = account {
        chown(&folder, Some(uid), Some(gid))?;
    }
    Ok(folder)
}

fn make_private(folder: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}
