//! Building, with cargo's own progress on the terminal.
use anyhow::{Context, bail};
use local::config;
use local::places::{binaries, checkout};
use std::fs;
use std::path::PathBuf;
use tokio::process::Command;

/// Builds every program of the workspace.
pub(crate) async fn programs() -> anyhow::Result<()> {
    build(&["--workspace", "--bins"]).await
}

/// Builds one of them.
pub(crate) async fn program(name: &str) -> anyhow::Result<()> {
    build(&["--bin", name]).await
}

/// Builds every program of a revision of this repository, with the profile that this program was built with; their folder.
pub(crate) async fn programs_of(revision: &str) -> anyhow::Result<PathBuf> {
    let folder = checkout().join("target/upgrade");
    let (source, packed) = (folder.join("source"), folder.join("source.tar"));
    let _ = fs::remove_dir_all(&source);
    fs::create_dir_all(&source)?;
    let mut pack = Command::new("git");
    carry_out(
        pack.current_dir(checkout()).args(["archive", "--output"]).arg(&packed),
        &["--end-of-options", revision],
    )
    .await?;
    let mut unpack = Command::new("tar");
    // Newer than what was built of another revision, else cargo takes that for it.
    carry_out(unpack.arg("--directory").arg(&source).arg("--file").arg(&packed), &["--extract", "--touch"])
        .await?;
    let mut cargo = cargo("build")?;
    cargo.current_dir(&source).arg("--target-dir").arg(&folder);
    carry_out(&mut cargo, &["--locked", "--workspace", "--bins"]).await?;
    let profile = binaries()?.file_name().context("programs lie in a folder")?.to_owned();
    Ok(folder.join(profile))
}

/// Builds every program as it is released.
pub(crate) async fn optimised_programs() -> anyhow::Result<()> {
    carry_out(&mut optimised("build"), &["--workspace", "--bins"]).await
}

async fn build(what: &[&str]) -> anyhow::Result<()> {
    carry_out(&mut cargo("build")?, what).await
}

async fn carry_out(command: &mut Command, what: &[&str]) -> anyhow::Result<()> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let status = command.args(what).kill_on_drop(true).status().await;
    if !status.with_context(|| format!("cannot run {program}"))?.success() {
        bail!("{program} failed; what it says above tells why");
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
