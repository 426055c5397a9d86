//! Databases with the roles and schemas of every service.
use crate::service::Service;
use anyhow::{Context, bail};
use reqwest::Url;
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};

/// Also what an operator runs on a server of their own.
const ROLES: &str = include_str!("../../postgres/roles.sql");
const AUDIT: &str = include_str!("../../postgres/audit.sql");

/// The database of a system that runs on this machine.
pub const NAME: &str = "healthcare";

/// Longest wait for a database to be deleted.
const DELETION: Duration = Duration::from_secs(2);

/// One database. Those that [`Database::fresh`] made are deleted when dropped.
pub struct Database {
    admin: Url,
    passwords: BTreeMap<String, String>,
    /// Where to delete it from.
    maintenance: Option<Url>,
}

impl Database {
    /// The database that `admin_url` leads to, given roles and schemas where they are missing. `passwords` are
    /// those of the roles.
    pub async fn prepare(admin_url: &str, passwords: BTreeMap<String, String>) -> anyhow::Result<Self> {
        let admin = parse(admin_url)?;
        let session = Session::open(&admin).await?;
        let quoted = |password: &str| password.replace('\'', "''");
        let settings = passwords
            .iter()
            .map(|(role, password)| format!("SET healthcare.{role}_password = '{}';\n", quoted(password)));
        let script = settings.collect::<String>() + ROLES + AUDIT;
        let prepared = session.client.batch_execute(&script).await;
        if let Err(error) = &prepared
            && error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE)
        {
            bail!(
                "{}: the role of DATABASE_URL must be allowed to create roles, schemas and extensions",
                told(error)
            );
        }
        prepared.map_err(|error| anyhow::anyhow!("cannot make roles and schemas: {}", told(&error)))?;
        Ok(Self { admin, passwords, maintenance: None })
    }

    /// The database that `admin_url` leads to as it is.
    pub fn existing(admin_url: &str, passwords: BTreeMap<String, String>) -> anyhow::Result<Self> {
        Ok(Self { admin: parse(admin_url)?, passwords, maintenance: None })
    }

    /// A connection of whoever made it.
    pub async fn session(&self) -> anyhow::Result<Session> {
        Session::open(&self.admin).await
    }

    /// The database `name` on the server of `admin_url`, made first when there is none.
    pub async fn named(
        admin_url: &str,
        name: &str,
        passwords: BTreeMap<String, String>,
    ) -> anyhow::Result<Self> {
        let maintenance = parse(admin_url)?;
        let session = Session::open(&maintenance).await?;
        // Roles belong to the whole server, so only one at a time may change them. Held until the session ends.
        session.client.batch_execute("SELECT pg_advisory_lock(hashtext('healthcare.roles'))").await?;
        let made = session.client.batch_execute(&format!("CREATE DATABASE {name}")).await;
        match made {
            Err(error) if error.code() != Some(&SqlState::DUPLICATE_DATABASE) => {
                bail!("cannot make the database {name}: {}", told(&error))
            }
            _ => {}
        }
        let mut admin = maintenance;
        admin.set_path(name);
        Self::prepare(admin.as_str(), passwords).await
    }

    /// A database that nobody has used.
    pub async fn fresh(admin_url: &str, passwords: BTreeMap<String, String>) -> anyhow::Result<Self> {
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        let mut database = Self::named(admin_url, &name, passwords).await?;
        database.maintenance = Some(parse(admin_url)?);
        Ok(database)
    }

    /// Its name on its server.
    pub fn name(&self) -> &str {
        self.admin.path().trim_start_matches('/')
    }

    /// The database `name` on the same server, for the same people.
    #[must_use]
    pub fn beside(&self, name: &str) -> Self {
        let mut admin = self.admin.clone();
        admin.set_path(name);
        Self { admin, passwords: self.passwords.clone(), maintenance: None }
    }

    /// The connection string of the role that owns the schema of `service`.
    pub fn owner_url(&self, service: Service) -> String {
        self.url_of(service, "owner")
    }

    /// The connection string of the role that `service` works as.
    pub fn runtime_url(&self, service: Service) -> String {
        self.url_of(service, "rw")
    }

    /// The connection string of whoever made it.
    pub fn admin_url(&self) -> String {
        self.admin.to_string()
    }

    fn url_of(&self, service: Service, kind: &str) -> String {
        let schema = service.schema().expect("the gateway has no database");
        let role = format!("{schema}_{kind}");
        let mut url = self.admin.clone();
        url.set_username(&role)
            .and_then(|()| url.set_password(Some(&self.passwords[&role])))
            .expect("a host is there");
        url.into()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let Some(maintenance) = self.maintenance.take() else { return };
        let name = self.name().to_owned();
        let deleting = async move {
            let session = Session::open(&maintenance).await?;
            let delete = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            anyhow::Ok(session.client.batch_execute(&delete).await?)
        };
        let (done, deleted) = mpsc::channel();
        // A thread, because this may be one that runs async code. Best effort: the server may be gone.
        thread::spawn(move || -> anyhow::Result<()> {
            tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(deleting)?;
            Ok(done.send(())?)
        });
        // It waits for all who are just logging in, and some of them may be waiting for us to go on.
        let _ = deleted.recv_timeout(DELETION);
    }
}

/// A connection, closed when dropped.
pub struct Session {
    pub client: Client,
    _connection: JoinSet<()>,
}

impl Session {
    async fn open(url: &Url) -> anyhow::Result<Self> {
        let connected = Box::pin(tokio_postgres::connect(url.as_str(), NoTls)).await;
        let place = || {
            format!("cannot connect to PostgreSQL at {}", url.authority().rsplit('@').next().unwrap_or(""))
        };
        let (client, connection) =
            connected.map_err(|error| anyhow::anyhow!("{}", told(&error))).with_context(place)?;
        let mut task = JoinSet::new();
        task.spawn(async move { drop(connection.await) });
        Ok(Self { client, _connection: task })
    }
}

fn parse(url: &str) -> anyhow::Result<Url> {
    let parsed =
        Url::parse(url).context("DATABASE_URL must look like postgres://user:password@host:port/database")?;
    if !matches!(parsed.scheme(), "postgres" | "postgresql") || parsed.host().is_none() {
        bail!("DATABASE_URL must look like postgres://user:password@host:port/database");
    }
    Ok(parsed)
}

/// What the server said, or why there was none to say anything; `Display` hides both.
pub(crate) fn told(error: &tokio_postgres::Error) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(said), _) => said.to_string(),
        (None, Some(cause)) => format!("{error}: {cause}"),
        (None, None) => error.to_string(),
    }
}
