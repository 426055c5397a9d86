//! `cargo dev restore`: the database of this checkout as a backup has it.
use crate::verbs::alone::{self, Alone};
use crate::verbs::build;
use anyhow::{Context, bail};
use local::backup;
use local::install;
use local::places::Places;
use local::programs::Program;
use local::say::Say;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What `cargo dev backup` wrote, with FILE.json beside it.
    file: PathBuf,

    /// Delete the data that is here, once the backup was restored and verified.
    #[arg(long)]
    replace: bool,
}

pub(crate) async fn run(Arguments { file, replace }: Arguments, say: &Say) -> anyhow::Result<ExitCode> {
    let places = Places::of_system();
    if places.is_locked() {
        bail!("the system of this checkout runs; stop it first");
    }
    let secrets = alone::secrets(&places)?;
    install::ensure(&[Program::Postgres], say).await?;
    build::programs().await?;
    let alone = Alone::start(&places, &secrets, say).await?;
    let restored = backup::restore(&alone.database, &secrets, &file, replace, say).await;
    alone.stop().await;
    restored?;
    // Its queues may tell of what is undone now; what they lack is told again.
    let queues = places.data.join("rabbitmq");
    if queues.exists() {
        fs::remove_dir_all(&queues).with_context(|| format!("delete {} yourself", queues.display()))?;
    }
    // It holds a clinic, to which no demo clinic is to be added.
    fs::write(places.furnished(), "private")?;
    Ok(ExitCode::SUCCESS)
}
