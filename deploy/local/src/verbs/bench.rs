//! `cargo dev bench`: starts servers for the measurements, makes them with optimised programs, stops the servers.
use crate::verbs::build::cargo;
use crate::verbs::test::{of_packages, on_servers};
use local::say::Say;
use std::process::ExitCode;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only what this package measures; may be given several times. All when not given.
    #[arg(long, short, value_name = "NAME")]
    package: Vec<String>,
}

pub(crate) async fn run(arguments: Arguments, say: &Say) -> anyhow::Result<ExitCode> {
    let mut command = cargo("bench")?;
    of_packages(&mut command, &arguments.package);
    // Not the tests of libraries and programs, which cargo would call benchmarks too.
    command.args(["--no-fail-fast", "--bench", "*"]);
    on_servers(command, false, say).await
}
