//! What tests stand on: servers that `cargo dev test` has started, and on them a place of one's own.
use crate::certificates::Authority;
use crate::config;
use crate::database::Database;
use crate::mail::Mail;
use crate::mesh::{Options, StoreAuthorities};
use crate::places::Places;
use crate::secrets::{Secrets, write_private};
use crate::stores::{Broker, Durability, Redis, Stores};
use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

/// How to reach the servers that all tests share. Nothing may stop them.
#[derive(Clone, Serialize, Deserialize)]
pub struct SharedStores {
    pub places: Places,
    pub secrets: Secrets,
    /// Connection string of PostgreSQL's superuser.
    pub postgres: String,
    /// Whom to believe there, PEM.
    pub postgres_authority: PathBuf,
    pub rabbitmq: Broker,
}

impl SharedStores {
    pub fn of(stores: &Stores, places: &Places, secrets: &Secrets) -> Self {
        Self {
            places: places.clone(),
            secrets: secrets.clone(),
            postgres: stores.postgres.admin_url(),
            postgres_authority: stores.postgres.authority.clone(),
            rabbitmq: stores.rabbitmq.broker().clone(),
        }
    }

    /// Leaves word for the tests.
    pub fn write(&self, file: &Path) -> anyhow::Result<()> {
        write_private(file, &serde_json::to_string(self)?)
    }
}

/// The servers that all tests share.
///
/// # Panics
/// When `cargo dev test` did not start this test.
pub fn stores() -> &'static SharedStores {
    static SHARED: LazyLock<SharedStores> = LazyLock::new(|| {
        let file =
            config::test_stores().expect("this test needs servers: run it by `cargo dev test [filter]`");
        let text = fs::read_to_string(file).expect("`cargo dev test` is no longer running");
        serde_json::from_str(&text).expect("the servers were started by another version of `cargo dev test`")
    });
    &SHARED
}

/// A database of one's own, with the roles and empty schemas of every service.
pub async fn database() -> anyhow::Result<Database> {
    Database::fresh(&stores().postgres, stores().secrets.roles.clone()).await
}

/// A virtual host of one's own on the shared RabbitMQ; its connection string.
pub async fn vhost() -> anyhow::Result<String> {
    stores().rabbitmq.add_vhost(&unique("test")).await
}

/// A Redis of one's own.
pub async fn redis() -> anyhow::Result<Redis> {
    Redis::start(&places("redis")?, &stores().secrets.store_password).await
}

/// All three servers for oneself, to stop and kill.
pub async fn own_stores() -> anyhow::Result<(Stores, SharedStores)> {
    let places = places("stores")?;
    let secrets = &stores().secrets;
    let own = Stores::start(&places, &secrets.store_password, Durability::Lost).await?;
    let told = SharedStores::of(&own, &places, secrets);
    Ok((own, told))
}

/// All that a mesh stands on, and nobody else uses.
pub struct Ground {
    pub database: Arc<Database>,
    pub redis: Redis,
    pub rabbitmq_url: String,
    pub mail: Mail,
    pub places: Places,
    name: String,
    stores: SharedStores,
}

impl Ground {
    /// On the servers that all tests share.
    pub async fn fresh(name: &str) -> anyhow::Result<Self> {
        Self::on(stores(), name).await
    }

    /// On servers of one's own.
    pub async fn on(stores: &SharedStores, name: &str) -> anyhow::Result<Self> {
        let name = unique(name);
        let places = stores.places.within(&name);
        places.prepare()?;
        let (database, redis, rabbitmq_url, mail) = tokio::try_join!(
            Database::fresh(&stores.postgres, stores.secrets.roles.clone()),
            Redis::start(&places, &stores.secrets.store_password),
            stores.rabbitmq.add_vhost(&name),
            Mail::start(),
        )
        .with_context(|| format!("cannot prepare the ground of {name}"))?;
        let (database, stores) = (Arc::new(database), stores.clone());
        Ok(Self { database, redis, rabbitmq_url, mail, places, name, stores })
    }

    /// One of every process, to be changed at will.
    pub fn options(&self) -> Options {
        Options {
            places: self.places.clone(),
            secrets: self.stores.secrets.clone(),
            database: self.database.clone(),
            redis_url: self.redis.url(),
            rabbitmq_url: self.rabbitmq_url.clone(),
            store_authorities: StoreAuthorities::default(),
            smtp: self.mail.smtp(),
            programs: None,
            replicas: 1,
            gateway_port: None,
            authority: None,
            env: Vec::new(),
            env_of: Vec::new(),
        }
    }

    /// Of each connection to the broker, whether it is encrypted.
    pub async fn broker_links(&self) -> anyhow::Result<Vec<bool>> {
        self.stores.rabbitmq.links(&self.name).await
    }

    /// [`Self::options`], with nothing in the clear but mails.
    pub fn encrypted_options(&self) -> anyhow::Result<Options> {
        let rabbitmq = &self.stores.rabbitmq;
        Ok(Options {
            redis_url: self.redis.tls_url(),
            rabbitmq_url: rabbitmq.tls_url_of(&self.name),
            store_authorities: StoreAuthorities {
                database: Some(self.stores.postgres_authority.clone()),
                redis: Some(self.redis.authority.clone()),
                rabbitmq: Some(rabbitmq.authority.clone()),
            },
            authority: Some(Arc::new(Authority::at(&self.places.local.join("tls"))?)),
            ..self.options()
        })
    }
}

fn places(name: &str) -> anyhow::Result<Places> {
    let places = stores().places.within(&unique(name));
    places.prepare()?;
    Ok(places)
}

/// A name that no other test has, in this run or another.
fn unique(name: &str) -> String {
    format!("{name}-{}", uuid::Uuid::new_v4().simple())
}
