//! `cargo dev openapi`: the document that the gateway serves, written to where it is committed.
use crate::verbs::build;
use anyhow::{Context, bail};
use local::places::{binaries, checkout};
use local::say::Say;
use std::fs;
use std::process::ExitCode;
use tokio::process::Command;

pub(crate) async fn run(say: &Say) -> anyhow::Result<ExitCode> {
    build::program("gateway").await?;
    let made = Command::new(binaries()?.join("gateway")).arg("openapi").output().await?;
    if !made.status.success() {
        bail!("`gateway openapi` failed:\n{}", String::from_utf8_lossy(&made.stderr));
    }
    let file = checkout().join("gateway/openapi.json");
    let changed = fs::read(&file).ok().is_none_or(|before| before != made.stdout);
    fs::write(&file, made.stdout).with_context(|| format!("cannot write {}", file.display()))?;
    say.done(format_args!("gateway/openapi.json {}", if changed { "written anew" } else { "is current" }));
    Ok(ExitCode::SUCCESS)
}
