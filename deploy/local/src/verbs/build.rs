//! Building, with cargo's own progress on the terminal.
use anyhow::{Context, bail};
use local::config;
use local::places::{binaries, checkout};
use tokio::process::Command;

/// Builds every program of the workspace.
pub(crate) async fn programs() -> anyhow::Result<()> {
    build(&["--workspace", "--bins"]).await
}

/// Builds one of them.
pub(crate) async fn program(name: &str) -> anyhow::Result<()> {
    build(&["--bin", name]).await
}

/// Builds every program as it is released.
pub(crate) async fn optimised_programs() -> anyhow::Result<()> {
    carry_out(optimised("build"), &["--workspace", "--bins"]).await
}

async fn build(what: &[&str]) -> anyhow::Result<()> {
    carry_out(cargo("build")?, what).await
}

async fn carry_out(mut cargo: Command, what: &[&str]) -> anyhow::Result<()> {
    let status = cargo.args(what).kill_on_drop(true).status().await.context("cannot run cargo")?;
    if !status.success() {
        bail!("the build failed; what cargo says above tells why");
    }
    Ok(())
}

/// Cargo in this workspace, with the profile that this program was built with.
pub(crate) fn cargo(verb: &str) -> anyhow::Result<Command> {
    let mut cargo = plain(verb);
    match binaries()?.file_name().and_then(|name| name.to_str()) {
        None | Some("debug") => {}
        Some(profile) => drop(cargo.args(["--profile", profile])),
    }
    Ok(cargo)
}

/// Cargo in this workspace, with the profile of a release.
pub(crate) fn optimised(verb: &str) -> Command {
    let mut cargo = plain(verb);
    cargo.arg("--release");
    cargo
}

fn plain(verb: &str) -> Command {
    let mut cargo = Command::new(config::cargo());
    cargo.arg(verb).current_dir(checkout());
    for name in config::package_variables() {
        cargo.env_remove(name);
    }
    cargo
}
