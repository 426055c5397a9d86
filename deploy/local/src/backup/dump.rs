//! PostgreSQL's own programs for it, and what is counted of a database.
use crate::database::{Database, told};
use crate::process::command;
use crate::programs::{Program, postgres_of_version};
use crate::service::SCHEMAS;
use anyhow::{Context, bail};
use nix::sys::signal::Signal;
use reqwest::Url;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use tokio_postgres::Client;

const TABLES: &str = "
    SELECT format('%I.%I', nspname, relname)
      FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE relkind = 'r' AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%'
     ORDER BY 1";

/// Writes all of `database`, as it is at `snapshot`, into the file `into`.
pub(super) async fn dump(
    database: &Database,
    major: &str,
    snapshot: &str,
    into: &Path,
) -> anyhow::Result<()> {
    let mut arguments =
        ["--format=custom", "--no-sync", "--no-password", "--snapshot"].map(OsString::from).to_vec();
    arguments.extend([snapshot.into(), "--file".into(), into.into()]);
    run("pg_dump", major, database, arguments).await
}

/// Fills `database`, which must have none of it yet: all of the file `from` or nothing.
pub(super) async fn load(database: &Database, major: &str, from: &Path) -> anyhow::Result<()> {
    let mut arguments =
        ["--single-transaction", "--exit-on-error", "--no-password"].map(OsString::from).to_vec();
    arguments.push(from.into());
    run("pg_restore", major, database, arguments).await
}

async fn run(name: &str, major: &str, database: &Database, arguments: Vec<OsString>) -> anyhow::Result<()> {
    let folder = match postgres_of_version(major) {
        Some(folder) => folder,
        None => Program::Postgres.found()?,
    };
    let admin = database.admin_url();
    let settings: tokio_postgres::Config = admin.parse()?;
    let mut url = Url::parse(&admin)?;
    // Everybody on this machine sees command lines.
    url.set_password(None).ok().context("DATABASE_URL has no host")?;
    let mut command = command(&folder.join(name), None, Signal::SIGKILL);
    command.arg("--dbname").arg(url.as_str()).args(arguments).env("LANG", "C.UTF-8");
    if let Some(password) = settings.get_password() {
        command.env("PGPASSWORD", String::from_utf8_lossy(password).as_ref());
    }
    let ended = tokio::process::Command::from(command).kill_on_drop(true).output().await;
    let ended = ended.with_context(|| format!("cannot run {name}"))?;
    if !ended.status.success() {
        bail!("{name} failed:\n{}", String::from_utf8_lossy(&ended.stderr).trim());
    }
    Ok(())
}

/// The version of the server, and its major part.
pub(super) async fn server(client: &Client) -> anyhow::Result<(String, String)> {
    let asked = client.query_one("SELECT current_setting('server_version')", &[]).await;
    let version: String = asked.map_err(|error| anyhow::anyhow!("{}", told(&error)))?.get(0);
    let version = version.split_whitespace().next().unwrap_or_default().to_owned();
    let major = version.split('.').next().unwrap_or_default().to_owned();
    Ok((version, major))
}

/// How many rows each table has.
pub(super) async fn rows(client: &Client) -> anyhow::Result<BTreeMap<String, i64>> {
    let mut counted = BTreeMap::new();
    for row in client.query(TABLES, &[]).await? {
        let table: String = row.get(0);
        let count = client.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await;
        let count = count.map_err(|error| anyhow::anyhow!("{table}: {}", told(&error)))?;
        counted.insert(table, count.get(0));
    }
    Ok(counted)
}

/// The version of each schema that was migrated.
pub(super) async fn schemas(client: &Client) -> anyhow::Result<BTreeMap<String, i32>> {
    let mut found = BTreeMap::new();
    for schema in SCHEMAS {
        let history = format!("{schema}.schema_history");
        if client.query_one("SELECT to_regclass($1) IS NOT NULL", &[&history]).await?.get(0) {
            let row = client.query_one(&format!("SELECT max(version) FROM {history}"), &[]).await?;
            found.extend(row.get::<_, Option<i32>>(0).map(|version| (schema.to_owned(), version)));
        }
    }
    Ok(found)
}
