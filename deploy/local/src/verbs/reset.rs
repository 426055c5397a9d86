//! `cargo dev reset`: back to a checkout that was never started.
use anyhow::Context;
use local::places::Places;
use local::process::stop_leftovers;
use local::say::Say;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
}

pub(crate) fn run(arguments: &Arguments, say: &Say) -> anyhow::Result<ExitCode> {
    let all = [Places::of_tests(), Places::of_system()];
    let folders: Vec<&PathBuf> = all.iter().flat_map(|places| [&places.data, &places.local]).collect();
    if !folders.iter().any(|folder| folder.exists()) {
        say.line("Nothing to delete.");
        return Ok(ExitCode::SUCCESS);
    }
    say.line("Data, accounts, secrets and logs of this checkout are in:");
    for folder in folders.iter().filter(|folder| folder.exists()) {
        say.line(format_args!("  {}", folder.display()));
    }
    if !arguments.yes && say.ask("Delete them?") == Some(false) {
        say.line("Nothing was deleted.");
        return Ok(ExitCode::SUCCESS);
    }
    // Held until everything is gone.
    let _locks = all.iter().map(Places::lock).collect::<anyhow::Result<Vec<_>>>()?;
    for name in all.iter().flat_map(Places::runs).map(|folder| stop_leftovers(&folder)) {
        name?.iter().for_each(|name| say.done(format_args!("{name} was still running, and is stopped")));
    }
    for folder in folders.iter().filter(|folder| folder.exists()) {
        fs::remove_dir_all(folder).with_context(|| format!("cannot delete {}", folder.display()))?;
    }
    say.done("Deleted. The next `cargo dev` starts afresh.");
    Ok(ExitCode::SUCCESS)
}
