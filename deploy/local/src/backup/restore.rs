//! Back from a backup: into a database beside, which takes the place of the old one once all is verified.
use super::{Note, dump};
use crate::commands;
use crate::database::{Database, told};
use crate::say::Say;
use crate::secrets::Secrets;
use crate::service::{SCHEMAS, Service};
use anyhow::{Context, bail};
use std::path::Path;
use tokio_postgres::Client;

/// Where people who administer a server log in.
const MAINTENANCE: &str = "postgres";

/// Longest name that leaves room for what is appended to it.
const LONGEST: usize = 40;

/// What roles.sql and audit.sql have made, and the backup has too.
const CLEAR: &str = "
    DROP SCHEMA auth, patient, doctor, appointment, notification, audit CASCADE;
    DROP EXTENSION btree_gist, pg_trgm";

/// Puts what is in `file` in the place of `database`, or leaves everything as it is. Only without `replace` must there be
/// nothing in the way.
pub async fn restore(
    database: &Database,
    secrets: &Secrets,
    file: &Path,
    replace: bool,
    say: &Say,
) -> anyhow::Result<Note> {
    let file = std::path::absolute(file)?;
    let name = database.name();
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || name == MAINTENANCE || name.len() > LONGEST || !name.chars().all(is_plain) {
        bail!("a database named {name:?} cannot be restored: choose a short one of a-z, 0-9 and _");
    }
    let note = Note::read(&file, secrets)?;
    say.done(format_args!("{} of {}, by version {}", file.display(), note.taken_at, note.program));
    let server = database.beside(MAINTENANCE).session().await?;
    let is_there = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)";
    let is_there: bool = server.client.query_one(is_there, &[&name]).await?.get(0);
    if is_there && !replace && is_used(database).await? {
        bail!("there is data in the database {name} already; --replace has it replaced by the backup");
    }
    let draft = database.beside(&format!("{name}_restoring"));
    let restored = async {
        delete(&server.client, draft.name()).await?;
        fill(&draft, secrets, &file, &note, say).await?;
        swap(&server.client, is_there, name, draft.name()).await
    };
    let restored = restored.await;
    if restored.is_err() {
        let _ = server.client.batch_execute("ROLLBACK").await;
        let _ = delete(&server.client, draft.name()).await;
    }
    restored.with_context(|| format!("nothing was restored, and the database {name} is as it was"))?;
    say.done(format_args!("The database {name} is that of {}", note.taken_at));
    if let Err(error) = delete(&server.client, &before(name)).await {
        say.failure(format_args!("the old one is still there, as {}: {error:#}", before(name)));
    }
    Ok(note)
}

/// Whether a service has made tables in it.
async fn is_used(database: &Database) -> anyhow::Result<bool> {
    let tables = "SELECT EXISTS (SELECT FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text = ANY($1))";
    let session = database.session().await?;
    Ok(session.client.query_one(tables, &[&SCHEMAS.as_slice()]).await?.get(0))
}

async fn fill(
    draft: &Database,
    secrets: &Secrets,
    file: &Path,
    note: &Note,
    say: &Say,
) -> anyhow::Result<()> {
    let loading = async {
        let server = draft.beside(MAINTENANCE).admin_url();
        // Makes the roles, to whom what is restored is given.
        let made = Database::named(&server, draft.name(), secrets.roles.clone()).await?;
        let session = made.session().await?;
        let (_, major) = dump::server(&session.client).await?;
        batch(&session.client, CLEAR).await?;
        dump::load(&made, &major, file).await?;
        let rows = dump::rows(&session.client).await?;
        if rows != note.rows {
            let tables = note.rows.keys().chain(rows.keys());
            let differ = tables.filter(|table| rows.get(*table) != note.rows.get(*table));
            let differ: std::collections::BTreeSet<&String> = differ.collect();
            bail!("other rows were restored than were backed up, of {differ:?}");
        }
        // Rights on the database itself are in no backup, and the release that runs may want more than the one that made it.
        Database::named(&server, draft.name(), secrets.roles.clone()).await
    };
    let count: i64 = note.rows.values().sum();
    let told =
        |_: &Database| format!("{count} rows of {} tables, as many as were backed up", note.rows.len());
    let made = say.step("restoring", told, loading).await?;
    let verifying = async {
        for service in Service::GRPC {
            succeed(service, "migrate", &made.owner_url(service), secrets).await?;
        }
        succeed(Service::Appointment, "verify", &made.admin_url(), secrets).await?;
        succeed(Service::Patient, "audit-verify", &made.admin_url(), secrets).await?;
        tell_again(&made, note).await
    };
    say.step("verifying", |()| "Visits and audit log verified".to_owned(), verifying).await
}

/// Events that may have been under way when the backup was taken. Consumers remember what they took for a month.
async fn tell_again(database: &Database, note: &Note) -> anyhow::Result<()> {
    let session = database.session().await?;
    for schema in SCHEMAS {
        let again = format!(
            "UPDATE {schema}.outbox SET published_at = NULL WHERE published_at > $1::text::timestamptz - interval '1 hour'"
        );
        let told_again = session.client.execute(&again, &[&note.taken_at]).await;
        told_again.map_err(|error| anyhow::anyhow!("{}", told(&error)))?;
    }
    Ok(())
}

async fn succeed(service: Service, word: &str, url: &str, secrets: &Secrets) -> anyhow::Result<()> {
    match commands::run(service, word, url, secrets).await {
        Ok((true, _)) => Ok(()),
        Ok((false, said)) => bail!("{service} {word} failed:\n{}", said.trim()),
        Err(error) => bail!("{error}"),
    }
}

/// What the old database is called until it is deleted.
fn before(name: &str) -> String {
    format!("{name}_before_restore")
}

/// At one stroke, so that there is always one of that name.
async fn swap(server: &Client, is_there: bool, name: &str, draft: &str) -> anyhow::Result<()> {
    let old = before(name);
    let renaming = format!("ALTER DATABASE {draft} RENAME TO {name}");
    if !is_there {
        return batch(server, &renaming).await;
    }
    delete(server, &old).await?;
    let both = format!("BEGIN; ALTER DATABASE {name} RENAME TO {old}; {renaming}; COMMIT");
    batch(server, &both).await.context("somebody works with the database; stop that first")
}

async fn delete(server: &Client, name: &str) -> anyhow::Result<()> {
    batch(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await
}

async fn batch(client: &Client, statements: &str) -> anyhow::Result<()> {
    client.batch_execute(statements).await.map_err(|error| anyhow::anyhow!("{}", told(&error)))
}
