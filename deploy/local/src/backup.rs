//! The whole database in a file, as of one moment, with a note beside it; and back from there.
//!
//! RabbitMQ and Redis need none: what is to be told is in the database's outboxes, and what is cached is in its tables.
mod note; // what is known of a backup
mod dump; // PostgreSQL's own programs
mod restore;

pub use note::Note;
pub use restore::restore;

use crate::database::{Database, told};
use crate::say::Say;
use crate::secrets::Secrets;
use anyhow::{Context, bail};
use jiff::Timestamp;
use std::fs::{self, File};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Writes all of `database` into `file`, and its note beside it. Whoever works with the database is not disturbed.
pub async fn take(
    database: &Database,
    secrets: &Secrets,
    file: &Path,
    replace: bool,
    now: Timestamp,
    say: &Say,
) -> anyhow::Result<Note> {
    let file = std::path::absolute(file)?;
    for taken in [file.clone(), Note::place(&file)] {
        if taken.is_dir() || taken.exists() && !replace {
            bail!("{} exists already; choose another name, or --replace it", taken.display());
        }
    }
    let folder = file.parent().context("a backup is a file in a folder")?;
    let mut draft = file.clone().into_os_string();
    draft.push(".draft");
    let draft = Path::new(&draft);
    let taking = async {
        let note = write(database, draft, now).await?;
        File::open(draft)?.sync_all()?;
        fs::rename(draft, &file)?;
        let note = note.keep(&file, secrets)?;
        File::open(folder)?.sync_all()?;
        anyhow::Ok(note)
    };
    let told = |note: &Note| {
        let size = fs::metadata(&file).map_or(0, |file| file.len());
        let rows: i64 = note.rows.values().sum();
        format!("{}: {size} bytes, {rows} rows of {} tables", file.display(), note.rows.len())
    };
    let taken = say.step("backup", told, taking).await;
    if taken.is_err() {
        let _ = fs::remove_file(draft);
    }
    taken
}

async fn write(database: &Database, draft: &Path, now: Timestamp) -> anyhow::Result<Note> {
    let _ = fs::remove_file(draft);
    let made = File::options().write(true).create_new(true).mode(0o600).open(draft);
    drop(made.with_context(|| format!("cannot write {}", draft.display()))?);
    let session = database.session().await?;
    let client = &session.client;
    let (postgres, major) = dump::server(client).await?;
    // What is counted and what is written is the same moment.
    client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?;
    let exported = client.query_one("SELECT pg_export_snapshot()", &[]).await;
    let snapshot: String = exported.map_err(|error| anyhow::anyhow!("{}", told(&error)))?.get(0);
    dump::dump(database, &major, &snapshot, draft).await?;
    Ok(Note {
        program: env!("CARGO_PKG_VERSION").to_owned(),
        postgres,
        taken_at: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        schemas: dump::schemas(client).await?,
        rows: dump::rows(client).await?,
        key: String::new(),
        sha256: note::sha256(draft)?,
        seal: String::new(),
    })
}
