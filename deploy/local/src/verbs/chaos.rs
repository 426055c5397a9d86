//! `cargo dev chaos`, `cargo dev soak` and `cargo dev upgrade`: what `cargo dev test` does in short, at length.
use crate::verbs::build::{cargo, programs_of};
use crate::verbs::test::on_servers;
use local::config::{CHAOS_ROUNDS, OLD_PROGRAMS, SOAK_SECONDS};
use local::say::Say;
use local::stores::Durability;
use std::process::ExitCode;

#[derive(clap::Args)]
pub(crate) struct Chaos {
    /// Rounds in which pairs die together, five pairs each; nine are all pairs that there are.
    #[arg(long, value_name = "N", default_value_t = 9, value_parser = clap::value_parser!(u8).range(0..=9))]
    rounds: u8,
}

#[derive(clap::Args)]
pub(crate) struct Soak {
    /// How long people work.
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=240))]
    minutes: u16,
}

#[derive(clap::Args)]
pub(crate) struct Upgrade {
    /// What runs before: a commit, a tag or a branch of this repository.
    #[arg(long, value_name = "REVISION")]
    from: String,
}

pub(crate) async fn run(Chaos { rounds }: Chaos, say: &Say) -> anyhow::Result<ExitCode> {
    suite("killing::", CHAOS_ROUNDS, rounds.to_string(), say).await
}

pub(crate) async fn soak(Soak { minutes }: Soak, say: &Say) -> anyhow::Result<ExitCode> {
    suite("soak::", SOAK_SECONDS, (u32::from(minutes) * 60).to_string(), say).await
}

pub(crate) async fn upgrade(Upgrade { from }: Upgrade, say: &Say) -> anyhow::Result<ExitCode> {
    let old = programs_of(&from).await?;
    suite("rolling::", OLD_PROGRAMS, old.to_string_lossy().into_owned(), say).await
}

async fn suite(filter: &str, name: &str, value: String, say: &Say) -> anyhow::Result<ExitCode> {
    let mut command = cargo("test")?;
    command.args(["--package", "tests", "--test", "chaos", "--", "--nocapture", filter]).env(name, value);
    on_servers(command, true, Durability::Lost, say).await
}
