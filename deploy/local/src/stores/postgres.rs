//! A private PostgreSQL.
use super::{Durability, Shown, home};
use crate::places::Places;
use crate::ports;
use crate::probe::Probe;
use crate::process::{Account, Launch, command};
use crate::programs::{Program, postgres_of_version};
use crate::secrets::write_private;
use crate::server::Server;
use anyhow::{Context, bail};
use nix::sys::signal::Signal;
use std::fs;
use std::ops::Deref;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub struct Postgres {
    server: Server,
    port: u16,
    password: String,
    /// Of the certificate that it shows to those who ask for TLS, PEM.
    pub authority: PathBuf,
}

impl Postgres {
    /// Starts the cluster below `places`; makes it first where there is none.
    pub async fn start(places: &Places, password: &str, durability: Durability) -> anyhow::Result<Self> {
        let account = Account::of_server("postgres")?;
        let home = home(places, "postgres", account)?;
        let cluster = home.join("cluster");
        if !cluster.exists() {
            make_cluster(&home, account, password).await?;
        }
        Self::serve(&cluster, "postgres", account, places, password, durability).await
    }

    /// Starts another server below `places`, that takes over all that this one writes and is for reading only.
    pub async fn replica(&self, places: &Places) -> anyhow::Result<Self> {
        let account = Account::of_server("postgres")?;
        let cluster = home(places, "postgres", account)?.join("replica");
        let mut copy = command(&Program::Postgres.found()?.join("pg_basebackup"), account, Signal::SIGKILL);
        copy.arg("--pgdata").arg(&cluster).args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync"]);
        copy.arg("--dbname").arg(self.admin_url());
        let copied = tokio::process::Command::from(copy).kill_on_drop(true).output().await;
        let copied = copied.context("cannot run pg_basebackup")?;
        if !copied.status.success() {
            bail!("pg_basebackup failed:\n{}", String::from_utf8_lossy(&copied.stderr));
        }
        Self::serve(&cluster, "postgres-replica", account, places, &self.password, Durability::Lost).await
    }

    async fn serve(
        cluster: &Path,
        name: &str,
        account: Option<Account>,
        places: &Places,
        password: &str,
        durability: Durability,
    ) -> anyhow::Result<Self> {
        let port = ports::free()?;
        let home = cluster.parent().context("a cluster lies in the folder of its server")?;
        let shown = Shown::below(home, name, account)?;
        let launch = Launch {
            name: name.to_owned(),
            program: programs(cluster)?.join("postgres"),
            args: settings(cluster, port, durability, &shown),
            env: vec![("LANG".to_owned(), "C.UTF-8".to_owned())],
            unset: &[],
            account,
            log: places.log(name),
            pid_file: places.run().join(format!("{name}.pid")),
            // Fast shutdown: ends connections, loses nothing.
            stop: Signal::SIGINT,
            orphaned: Signal::SIGINT,
        };
        let postgres = Self {
            server: Server::new(launch, Probe::Postgres(admin_url(port, password))),
            port,
            password: password.to_owned(),
            authority: shown.authority,
        };
        postgres.start_again().await?;
        Ok(postgres)
    }

    /// Starts it where it was. After a kill, the processes that served connections take a moment to notice.
    pub async fn start_again(&self) -> anyhow::Result<()> {
        for _ in 0..50 {
            match self.server.start().await {
                Err(error) if format!("{error}").contains("still in use") => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                outcome => return outcome,
            }
        }
        self.server.start().await
    }

    /// The connection string of the superuser, to the database `postgres`.
    pub fn admin_url(&self) -> String {
        admin_url(self.port, &self.password)
    }

    pub fn port(&self) -> u16 {
        self.port
    }
}

/// Stopping, killing and the rest.
impl Deref for Postgres {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

fn admin_url(port: u16, password: &str) -> String {
    format!("postgres://postgres:{password}@127.0.0.1:{port}/postgres")
}

/// The programs that fit an existing cluster: a newer major version cannot read it.
fn programs(cluster: &Path) -> anyhow::Result<PathBuf> {
    let version = fs::read_to_string(cluster.join("PG_VERSION")).context("the PostgreSQL data is damaged")?;
    let version = version.trim();
    postgres_of_version(version).with_context(|| {
        format!(
            "the data here was made by PostgreSQL {version}, which is not installed; \
             install the package postgresql-{version}, or start afresh with `cargo dev reset`"
        )
    })
}

async fn make_cluster(home: &Path, account: Option<Account>, password: &str) -> anyhow::Result<()> {
    // Made beside its place and moved there when complete.
    let draft = home.join("cluster.new");
    if draft.exists() {
        fs::remove_dir_all(&draft)?;
    }
    let password_file = home.join("password");
    write_private(&password_file, password)?;
    if let Some(Account { uid, gid }) = account {
        chown(&password_file, Some(uid), Some(gid))?;
    }
    let mut initdb = command(&Program::Postgres.found()?.join("initdb"), account, Signal::SIGKILL);
    initdb.arg("--pgdata").arg(&draft).arg("--pwfile").arg(&password_file);
    initdb.args([
        "--username=postgres",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
    ]);
    let made = tokio::process::Command::from(initdb).kill_on_drop(true).output().await;
    fs::remove_file(&password_file)?;
    let made = made.context("cannot run initdb")?;
    if !made.status.success() {
        bail!("initdb failed:\n{}", String::from_utf8_lossy(&made.stderr));
    }
    Ok(fs::rename(&draft, home.join("cluster"))?)
}

fn settings(cluster: &Path, port: u16, durability: Durability, shown: &Shown) -> Vec<std::ffi::OsString> {
    let durable = if durability == Durability::Kept { "on" } else { "off" };
    let [certificate, key] = [&shown.own.certificate, &shown.own.key].map(|path| path.to_string_lossy());
    let settings = [
        ("port", port.to_string().as_str()),
        ("ssl", "on"),
        ("ssl_cert_file", &certificate),
        ("ssl_key_file", &key),
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", ""),
        ("max_connections", "300"),
        ("fsync", durable),
        ("full_page_writes", durable),
        ("deadlock_timeout", "100ms"),
        ("log_lock_waits", "on"),
        // What each statement costs.
        ("shared_preload_libraries", "pg_stat_statements"),
        // Patient data does not belong in logs.
        // Its DETAIL holds the values of columns.
        ("log_error_verbosity", "terse"),
        ("log_parameter_max_length", "0"),
        ("log_parameter_max_length_on_error", "0"),
        ("timezone", "UTC"),
        ("log_timezone", "UTC"),
    ]
    .map(|(name, value)| ["-c".into(), format!("{name}={value}").into()]);
    let place = ["-D".into(), cluster.into()];
    place.into_iter().chain(settings.into_iter().flatten()).collect()
}
