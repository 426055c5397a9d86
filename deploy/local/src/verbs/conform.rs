//! `cargo dev conform`: holds the running mesh against gateway/openapi.json.
use crate::verbs::build::cargo;
use crate::verbs::test::on_servers;
use local::say::Say;
use local::stores::Durability;
use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Where schemathesis is; on the search path when not given.
    #[arg(long, value_name = "PATH", default_value = "schemathesis")]
    program: PathBuf,

    /// Requests to every operation, of each kind and role.
    #[arg(long, value_name = "N", default_value_t = 10)]
    examples: u16,

    /// Makes the same requests again; a new one when not given.
    #[arg(long, value_name = "N")]
    seed: Option<u32>,
}

pub(crate) async fn run(arguments: Arguments, say: &Say) -> anyhow::Result<ExitCode> {
    let Arguments { program, examples, seed } = arguments;
    let seed =
        seed.unwrap_or_else(|| u32::try_from(RandomState::new().hash_one(()) >> 32).unwrap_or_default());
    say.line(format_args!("Requests are made up from seed {seed}"));
    let mut command = cargo("run")?;
    command.args(["--quiet", "--package", "tests", "--example", "conformance", "--"]).arg(program);
    command.args([examples.to_string(), seed.to_string()]);
    on_servers(command, true, Durability::Lost, say).await
}
