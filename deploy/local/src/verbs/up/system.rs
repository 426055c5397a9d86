//! Everything that runs, and the order it starts and stops in.
use super::Arguments;
use anyhow::Context;
use local::certificates::Authority;
use local::database::{self, Database};
use local::demo;
use local::mail::Mail;
use local::mesh::{Mesh, Options, StoreAuthorities};
use local::places::Places;
use local::programs::{Program, version_of, version_of_rabbitmq};
use local::running::Running;
use local::say::Say;
use local::secrets::Secrets;
use local::server::Server;
use local::service::Service;
use local::stores::{Durability, Postgres, RabbitMq, Redis};
use std::fs;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::SystemTime;

pub(super) struct System {
    /// `None` where the user brought their own.
    postgres: Option<Postgres>,
    redis: Option<Redis>,
    rabbitmq: Option<RabbitMq>,
    pub(super) mail: Mail,
    pub(super) mesh: Mesh,
    pub(super) secrets: Secrets,
}

/// Where SMS are written, instead of being sent.
pub(super) fn sms(places: &Places) -> PathBuf {
    places.local.join("sms.jsonl")
}

/// The servers that must be on this machine.
pub(super) fn programs(arguments: &Arguments) -> Vec<Program> {
    let given = |program: &Program| match program {
        Program::Postgres => arguments.database_url.is_some(),
        Program::Redis => arguments.redis_url.is_some(),
        Program::RabbitMq => arguments.rabbitmq_url.is_some(),
        // No server.
        Program::Wrk => true,
    };
    Program::ALL.into_iter().filter(|program| !given(program)).collect()
}

/// Those of earlier runs, or new ones. Data that was sealed and locked with lost ones is put aside.
pub(super) fn secrets(places: &Places, say: &Say) -> anyhow::Result<Secrets> {
    if let Some(secrets) = Secrets::read(&places.secrets())? {
        return Ok(secrets);
    }
    for name in ["postgres", "rabbitmq"] {
        let (data, aside) = (places.data.join(name), places.data.join(format!("{name}.lost")));
        if data.exists() {
            let _ = fs::remove_dir_all(&aside);
            fs::rename(&data, &aside)?;
            say.line(format_args!(
                "The passwords of {} are gone; it is now {}",
                data.display(),
                aside.display()
            ));
        }
    }
    places.prepare()?;
    let secrets = Secrets::random()?;
    secrets.keep(&places.secrets())?;
    Ok(secrets)
}

/// Has everything encrypted, also what goes to the stores that were started here; of others the authorities are not known.
fn encrypt(
    options: &mut Options,
    postgres: Option<&Postgres>,
    redis: Option<&Redis>,
    rabbitmq: Option<&RabbitMq>,
) -> anyhow::Result<()> {
    options.authority = Some(Arc::new(Authority::at(&options.places.local.join("tls"))?));
    options.store_authorities.database = postgres.map(|own| own.authority.clone());
    if let Some(own) = redis {
        options.redis_url = own.tls_url();
        options.store_authorities.redis = Some(own.authority.clone());
    }
    if let Some(own) = rabbitmq.map(RabbitMq::broker) {
        options.rabbitmq_url = own.tls_url();
        options.store_authorities.rabbitmq = Some(own.authority.clone());
    }
    Ok(())
}

impl System {
    pub(super) async fn start(
        arguments: &Arguments,
        places: &Places,
        secrets: &Secrets,
        say: &Say,
    ) -> anyhow::Result<Self> {
        let (rabbitmq, (postgres, database), redis, mail) = tokio::try_join!(
            rabbitmq(arguments, places, secrets, say),
            postgres(arguments, places, secrets, say),
            redis(arguments, places, secrets, say),
            say.step("mail catcher", |mail| format!("Mail catcher on {}", mail.smtp()), Mail::start()),
        )?;
        let given = |url: &Option<String>| url.clone().unwrap_or_default();
        let redis_url = redis.as_ref().map_or_else(|| given(&arguments.redis_url), Redis::url);
        let rabbitmq_url =
            rabbitmq.as_ref().map_or_else(|| given(&arguments.rabbitmq_url), |own| own.broker().url());
        let mut options = Options {
            places: places.clone(),
            secrets: secrets.clone(),
            database: Arc::new(database),
            redis_url: redis_url.clone(),
            rabbitmq_url: rabbitmq_url.clone(),
            store_authorities: StoreAuthorities::default(),
            smtp: mail.smtp(),
            programs: None,
            replicas: arguments.replicas,
            gateway_port: Some(arguments.port),
            authority: None,
            env: Vec::new(),
            env_of: vec![(
                Service::Notification,
                "SMS_FILE".to_owned(),
                sms(places).to_string_lossy().into_owned(),
            )],
        };
        if arguments.tls {
            encrypt(&mut options, postgres.as_ref(), redis.as_ref(), rabbitmq.as_ref())?;
        }
        let many = match arguments.replicas {
            1 => String::new(),
            replicas => format!(", {replicas} of each"),
        };
        let told = |_: &Mesh| format!("Five services and the gateway{many}");
        let (database_url, is_encrypted) = (options.database.admin_url(), options.authority.is_some());
        let mesh = say.step("services", told, Mesh::start(options)).await?;
        let own = [postgres.as_deref(), redis.as_deref(), rabbitmq.as_deref()];
        Running {
            database_url,
            redis_url,
            rabbitmq_url,
            broker: rabbitmq.as_ref().map(|own| own.broker().clone()),
            servers: own.into_iter().flatten().map(|server| server.name().to_owned()).collect(),
            processes: Running::processes_of(&mesh),
            is_encrypted,
        }
        .keep(places)?;
        let system = Self { postgres, redis, rabbitmq, mail, mesh, secrets: secrets.clone() };
        if !arguments.no_demo {
            system.furnish(arguments, places, say).await?;
        }
        Ok(system)
    }

    /// Fills the clinic, once.
    async fn furnish(&self, arguments: &Arguments, places: &Places, say: &Say) -> anyhow::Result<()> {
        let marker = places.furnished();
        let database =
            arguments.database_url.as_deref().map_or("private", |url| url.rsplit('@').next().unwrap_or(url));
        if fs::read_to_string(&marker).is_ok_and(|furnished| furnished == database) {
            return Ok(());
        }
        let now = jiff::Timestamp::try_from(SystemTime::now())?;
        let told = |furnished: &demo::Furnished| format!("Demo clinic: {furnished}");
        say.step("demo clinic", told, demo::furnish(&self.mesh, &self.secrets, now))
            .await
            .context("the demo clinic could not be set up; `cargo dev --no-demo` starts without it")?;
        Ok(fs::write(marker, database)?)
    }

    /// Waits until something ends that nobody asked to.
    pub(super) async fn death(&self) -> (&Server, Option<ExitStatus>) {
        tokio::select! {
            death = self.mesh.death() => death,
            death = death_of(self.postgres.as_deref()) => death,
            death = death_of(self.redis.as_deref()) => death,
            death = death_of(self.rabbitmq.as_deref()) => death,
        }
    }

    /// Stops everything in order: first who asks, then who answers.
    pub(super) async fn stop(&self, say: &Say) {
        self.mesh.shut_down().await;
        say.done("Gateway and services stopped");
        let rabbitmq = async {
            if let Some(rabbitmq) = &self.rabbitmq {
                rabbitmq.stop().await;
                say.done("RabbitMQ stopped");
            }
        };
        let redis = async {
            if let Some(redis) = &self.redis {
                redis.stop().await;
                say.done("Redis stopped");
            }
        };
        let postgres = async {
            if let Some(postgres) = &self.postgres {
                postgres.stop().await;
                say.done("PostgreSQL stopped");
            }
        };
        tokio::join!(rabbitmq, redis, postgres);
    }
}

/// Never, when it is not ours.
async fn death_of(server: Option<&Server>) -> (&Server, Option<ExitStatus>) {
    match server {
        Some(server) => (server, server.died().await),
        None => std::future::pending().await,
    }
}

async fn postgres(
    arguments: &Arguments,
    places: &Places,
    secrets: &Secrets,
    say: &Say,
) -> anyhow::Result<(Option<Postgres>, Database)> {
    let roles = || secrets.roles.clone();
    if let Some(url) = &arguments.database_url {
        let told = |_: &Database| "Roles and schemas in the database of DATABASE_URL".to_owned();
        let database = say.step("roles and schemas", told, Database::prepare(url, roles())).await?;
        return Ok((None, database));
    }
    let starting = async {
        let postgres = Postgres::start(places, &secrets.store_password, Durability::Kept).await?;
        let database = Database::named(&postgres.admin_url(), database::NAME, roles()).await?;
        Ok((Some(postgres), database))
    };
    let told = |(postgres, _): &(Option<Postgres>, Database)| {
        let port = postgres.as_ref().map_or(0, Postgres::port);
        named(
            "PostgreSQL",
            Program::Postgres.find().and_then(|folder| version_of(&folder.join("postgres"))),
            port,
        )
    };
    say.step("PostgreSQL", told, starting).await
}

async fn redis(
    arguments: &Arguments,
    places: &Places,
    secrets: &Secrets,
    say: &Say,
) -> anyhow::Result<Option<Redis>> {
    if arguments.redis_url.is_some() {
        return Ok(None);
    }
    let version = Program::Redis.find().and_then(|folder| version_of(&folder.join("redis-server")));
    let told = |redis: &Redis| named("Redis", version, redis.port());
    say.step("Redis", told, Redis::start(places, &secrets.store_password)).await.map(Some)
}

async fn rabbitmq(
    arguments: &Arguments,
    places: &Places,
    secrets: &Secrets,
    say: &Say,
) -> anyhow::Result<Option<RabbitMq>> {
    if arguments.rabbitmq_url.is_some() {
        return Ok(None);
    }
    let told = |rabbitmq: &RabbitMq| named("RabbitMQ", version_of_rabbitmq(), rabbitmq.broker().port);
    say.step("RabbitMQ", told, RabbitMq::start(places, &secrets.store_password)).await.map(Some)
}

fn named(name: &str, version: Option<String>, port: u16) -> String {
    let version = version.map(|version| format!(" {version}")).unwrap_or_default();
    format!("{name}{version} on 127.0.0.1:{port}")
}
