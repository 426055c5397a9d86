//! `cargo dev bench`: measures the running mesh on servers of its own, with optimised programs; or parts of it alone.
use crate::verbs::build::{self, cargo, optimised};
use crate::verbs::test::{of_packages, on_servers};
use local::install;
use local::places::checkout;
use local::programs::Program;
use local::say::Say;
use local::stores::Durability;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Whether it works and not how fast: a second for each path, a small clinic, programs as tests have them.
    #[arg(long, conflicts_with = "micro")]
    quick: bool,

    /// Only this path.
    #[arg(long, value_name = "PATH", conflicts_with = "micro",
        value_parser = ["resting", "cached", "hop", "booking", "hot", "slots", "pages"])]
    only: Option<String>,

    /// Days of the past that have visits, 16 with each of a thousand doctors; 63 are a million visits, and take minutes to make.
    #[arg(long, value_name = "N", default_value_t = 63, value_parser = clap::value_parser!(u16).range(1..=90),
        conflicts_with = "micro")]
    days: u16,

    /// Where the figures go, for programs.
    #[arg(long, value_name = "FILE", default_value = "target/bench.json")]
    json: PathBuf,

    /// Parts of the programs alone, without the mesh around them.
    #[arg(long)]
    micro: bool,

    /// Only the parts of this package; may be given several times.
    #[arg(long, short, value_name = "NAME", requires = "micro")]
    package: Vec<String>,
}

pub(crate) async fn run(arguments: Arguments, say: &Say) -> anyhow::Result<ExitCode> {
    let Arguments { quick, only, days, json, micro, package } = arguments;
    if micro {
        let mut command = cargo("bench")?;
        of_packages(&mut command, &package);
        // Not the tests of libraries and programs, which cargo would call benchmarks too.
        command.args(["--no-fail-fast", "--bench", "*"]);
        return on_servers(command, false, Durability::Lost, say).await;
    }
    install::ensure(&[Program::Wrk], say).await?;
    let mut command = if quick { cargo("run")? } else { optimised("run") };
    command.args(["--quiet", "--example", "bench", "--", if quick { "quick" } else { "full" }]);
    command.arg(checkout().join(json)).arg(days.to_string()).args(only);
    if !quick {
        build::optimised_programs().await?;
    }
    on_servers(command, quick, Durability::Kept, say).await
}
