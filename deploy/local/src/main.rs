//! `cargo dev`: the whole system on this machine.
mod verbs;

use clap::{Parser, Subcommand};
use local::say::Say;
use std::process::ExitCode;
use verbs::{backup, bench, chaos, check, conform, openapi, reset, restore, sbom, test, up};

#[derive(Parser)]
#[command(
    bin_name = "cargo dev",
    about = "Runs the whole system on this machine: its servers, its services, mail, and a demo clinic",
    after_help = "Without a verb: up. What it makes is kept in .local and found again at the next start.",
    args_conflicts_with_subcommands = true,
    max_term_width = 110
)]
struct Cli {
    #[command(subcommand)]
    verb: Option<Verb>,

    #[command(flatten)]
    up: up::Arguments,
}

#[derive(Subcommand)]
enum Verb {
    /// Start everything, and stop it at Ctrl-C.
    Up(up::Arguments),
    /// Run every test, or those whose name contains a filter.
    Test(test::Arguments),
    /// Measure what must not become slow; the numbers are ratios, so that they hold on any machine.
    Bench(bench::Arguments),
    /// Kill everything in pairs while people work, and see that nothing is lost: all pairs, in about ten minutes.
    Chaos(chaos::Chaos),
    /// Let people work for long, and see that no process grows.
    Soak(chaos::Soak),
    /// Exchange every process of an earlier release for one of this, and back, while people work.
    Upgrade(chaos::Upgrade),
    /// Hold the running system against gateway/openapi.json, by requests that schemathesis makes up.
    Conform(conform::Arguments),
    /// Tell what is well and what is not, of this machine and of the system that runs, and what to do.
    Check(check::Arguments),
    /// Write the whole database into a file, as it is at one moment, while the system runs or not.
    Backup(backup::Arguments),
    /// Bring the database back as a backup has it, verified before it takes the place of what is here.
    Restore(restore::Arguments),
    /// Delete all data, accounts and logs of this checkout's system.
    Reset(reset::Arguments),
    /// Write gateway/openapi.json anew.
    Openapi,
    /// Write target/sbom.cdx.json: what the programs are made of (CycloneDX).
    Sbom,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Cli { verb, up } = Cli::parse();
    let say = Say::default();
    let run = async {
        match verb.unwrap_or(Verb::Up(up)) {
            Verb::Up(arguments) => Box::pin(up::run(arguments, &say)).await,
            Verb::Test(arguments) => test::run(arguments, &say).await,
            Verb::Bench(arguments) => bench::run(arguments, &say).await,
            Verb::Chaos(arguments) => chaos::run(arguments, &say).await,
            Verb::Soak(arguments) => chaos::soak(arguments, &say).await,
            Verb::Upgrade(arguments) => chaos::upgrade(arguments, &say).await,
            Verb::Conform(arguments) => conform::run(arguments, &say).await,
            Verb::Check(arguments) => Ok(check::run(arguments, &say).await),
            Verb::Backup(arguments) => backup::run(arguments, &say).await,
            Verb::Restore(arguments) => restore::run(arguments, &say).await,
            Verb::Reset(arguments) => reset::run(&arguments, &say),
            Verb::Openapi => openapi::run(&say).await,
            Verb::Sbom => sbom::run(&say).await,
        }
    };
    run.await.unwrap_or_else(|error| {
        say.failure(format_args!("{error:#}"));
        ExitCode::FAILURE
    })
}
