//! Holds a running mesh against its document: schemathesis makes up thousands of requests from
//! `gateway/openapi.json` and sends them as each role. Run by `cargo dev conform`, which says where schemathesis is.
#![expect(clippy::unwrap_used, reason = "what cannot be prepared fails the run")]
#![expect(clippy::print_stdout, reason = "people and CI read it")]

mod clinic; // people, and something of everything
mod rules; // what schemathesis is told

use clinic::Clinic;
use futures::StreamExt as _;
use std::path::Path;
use std::process::{ExitCode, Output};
use std::time::Instant;
use tests::mesh::Mesh;
use tokio::process::Command;

/// Operations that end the session that asks, so that all after them would be refused: tried when the others are done.
const LAST: [&str; 5] =
    ["Logout", "RevokeAllSessions", "RevokeSession", "RevokeUserSessions", "ChangePassword"];

/// Each value of each parameter, its bounds and what lies beyond, is tried as these. The others may do little, and most
/// of what they ask is refused before it is looked at: what schemathesis makes up at random must do for them.
const THOROUGH: [&str; 3] = ["admin", "doctor", "patient"];

/// Runs at once; each takes the better part of a core.
const AT_ONCE: usize = 2;

/// What all runs have in common.
struct Run<'a> {
    program: &'a str,
    examples: &'a str,
    seed: &'a str,
    rules: &'a Path,
    url: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [program, examples, seed] = words.as_slice() else {
        panic!("a program, a number of examples and a seed")
    };
    let mesh = Mesh::start(rules::lenient).await;
    let clinic = Clinic::open(&mesh).await;
    let rules = mesh.ground.places.local.join("schemathesis.toml");
    std::fs::write(&rules, rules::of(&clinic)).unwrap();
    let run =
        Run { program, examples, seed, rules: &rules, url: mesh.processes.gateway_urls().swap_remove(0) };
    let runs = clinic.roles().map(|(role, token)| run.of(role, token));
    let outcomes: Vec<bool> = futures::stream::iter(runs).buffer_unordered(AT_ONCE).collect().await;
    if outcomes.into_iter().all(|went_well| went_well) {
        return ExitCode::SUCCESS;
    }
    println!("\nthe mesh is not as documented; `cargo dev conform --seed {seed}` asks the same again");
    ExitCode::FAILURE
}

impl Run<'_> {
    /// Whether the mesh is as documented for one role.
    async fn of(&self, role: &str, token: &str) -> bool {
        let started = Instant::now();
        let phases = if THOROUGH.contains(&role) {
            "examples,coverage,fuzzing,stateful"
        } else {
            "examples,fuzzing,stateful"
        };
        let first = self.part(token, "--exclude-operation-id", phases).await;
        let last = self.part(token, "--include-operation-id", "examples,fuzzing").await;
        println!("\n== {role}, seed {}: {} s", self.seed, started.elapsed().as_secs());
        let parts = [first, last];
        for part in &parts {
            println!("{}{}", String::from_utf8_lossy(&part.stdout), String::from_utf8_lossy(&part.stderr));
        }
        parts.iter().all(|part| part.status.success())
    }

    async fn part(&self, token: &str, which: &str, phases: &str) -> Output {
        let mut command = Command::new(self.program);
        command.args(["--no-color", "--config-file"]).arg(self.rules).args(["run", rules::DOCUMENT]);
        command.args(["--url", &self.url, "--seed", self.seed, "--max-examples", self.examples]);
        command.args(["--phases", phases]);
        command.args(LAST.iter().flat_map(|operation| [which, operation]));
        // Not among the arguments, which everybody on this machine can read.
        command.env(rules::TOKEN, token).kill_on_drop(true);
        command.current_dir(self.rules.parent().unwrap());
        command.output().await.expect("schemathesis runs")
    }
}
