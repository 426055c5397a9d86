//! `cargo dev test`: starts servers for the tests, runs them, stops the servers.
use crate::verbs::build::{self, cargo};
use crate::verbs::interrupt::{INTERRUPTED, Interrupts};
use anyhow::Context;
use local::config::TEST_STORES;
use local::database::Database;
use local::install;
use local::places::Places;
use local::process::stop_leftovers;
use local::programs::Program;
use local::say::Say;
use local::secrets::Secrets;
use local::stores::{Durability, Stores};
use local::testing::SharedStores;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::process::Command;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only the tests of this package; may be given several times. All when not given.
    #[arg(long, short, value_name = "NAME")]
    package: Vec<String>,

    /// Only tests whose name contains one of these. What starts with a hyphen goes to the test programs.
    #[arg(value_name = "FILTER", trailing_var_arg = true, allow_hyphen_values = true)]
    filters: Vec<String>,
}

pub(crate) async fn run(arguments: Arguments, say: &Say) -> anyhow::Result<ExitCode> {
    let Arguments { package, filters } = arguments;
    let mut command = cargo("test")?;
    of_packages(&mut command, &package);
    command.args(["--no-fail-fast", "--"]).args(filters);
    // The tests of one service need no other program.
    let needs_programs = package.is_empty() || package.iter().any(|name| name == "tests" || name == "local");
    on_servers(command, needs_programs, Durability::Lost, say).await
}

pub(crate) fn of_packages(command: &mut Command, packages: &[String]) {
    if packages.is_empty() {
        command.arg("--workspace");
    }
    for name in packages {
        command.args(["--package", name]);
    }
}

/// Runs `command` on servers that are started for it, and stopped afterwards.
pub(crate) async fn on_servers(
    command: Command,
    needs_programs: bool,
    durability: Durability,
    say: &Say,
) -> anyhow::Result<ExitCode> {
    let mut interrupts = Interrupts::catch()?;
    let places = Places::of_tests();
    let _lock = places.lock()?;
    for folder in places.runs() {
        stop_leftovers(&folder)?;
    }
    places.clear()?;
    places.prepare()?;

    let prepared = tokio::select! {
        prepared = prepare(needs_programs, durability, &places, say) => prepared?,
        () = interrupts.next() => return Ok(ExitCode::from(INTERRUPTED)),
    };
    let (stores, file) = prepared;
    let code = finish(command, &file, &mut interrupts).await;
    stores.stop().await;
    say.done("Test servers stopped");
    code
}

/// Builds what the tests need, and starts what they share.
async fn prepare(
    needs_programs: bool,
    durability: Durability,
    places: &Places,
    say: &Say,
) -> anyhow::Result<(Stores, PathBuf)> {
    install::ensure(&Program::ALL, say).await?;
    if needs_programs {
        build::programs().await?;
    }
    let secrets = Secrets::random()?;
    let starting = async {
        let stores = Stores::start(places, &secrets.store_password, durability).await?;
        // Makes the roles, which all databases of the server share.
        drop(Database::fresh(&stores.postgres.admin_url(), secrets.roles.clone()).await?);
        Ok(stores)
    };
    let what = "PostgreSQL, Redis and RabbitMQ for the tests";
    let stores = say.step(what, |_| what.to_owned(), starting).await?;
    let file = places.local.join("stores.json");
    SharedStores::of(&stores, places, &secrets).write(&file)?;
    Ok((stores, file))
}

async fn finish(mut command: Command, file: &Path, interrupts: &mut Interrupts) -> anyhow::Result<ExitCode> {
    command.env(TEST_STORES, file);
    // A group of its own, so that an interrupt reaches cargo and the tests through us and not twice.
    let mut child = command.process_group(0).spawn().context("cannot run cargo")?;
    let group = child.id().map(|id| Pid::from_raw(id.cast_signed()));
    tokio::select! {
        status = child.wait() => return Ok(ExitCode::from(u8::try_from(status?.code().unwrap_or(1)).unwrap_or(1))),
        () = interrupts.next() => {}
    }
    if let Some(group) = group {
        let _ = killpg(group, Signal::SIGINT);
    }
    child.wait().await?;
    Ok(ExitCode::from(INTERRUPTED))
}
