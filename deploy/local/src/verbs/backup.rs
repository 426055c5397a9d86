//! `cargo dev backup`: the whole database in a file, while the system runs or not.
use crate::verbs::alone::{self, Alone};
use anyhow::bail;
use local::backup;
use local::database::Database;
use local::places::Places;
use local::running::Running;
use local::say::Say;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Where to; FILE.json beside it tells what is in it. Keep .local/secrets too, and elsewhere: nobody reads it without.
    file: PathBuf,

    /// Overwrite what is there.
    #[arg(long)]
    replace: bool,
}

pub(crate) async fn run(Arguments { file, replace }: Arguments, say: &Say) -> anyhow::Result<ExitCode> {
    let places = Places::of_system();
    let secrets = alone::secrets(&places)?;
    let now = jiff::Timestamp::try_from(SystemTime::now())?;
    if let Some(running) = Running::find(&places) {
        let database = Database::existing(&running.database_url, secrets.roles.clone())?;
        backup::take(&database, &secrets, &file, replace, now, say).await?;
        return Ok(ExitCode::SUCCESS);
    }
    if !places.data.join("postgres/cluster").exists() {
        bail!("there is nothing to back up: no database was made here yet");
    }
    let alone = Alone::start(&places, &secrets, say).await?;
    let taken = backup::take(&alone.database, &secrets, &file, replace, now, say).await;
    alone.stop().await;
    taken.map(|_| ExitCode::SUCCESS)
}
