//! `cargo dev check`: whether all is well, and what to do where it is not.
use local::check::{Finding, Grade, Target};
use local::places::Places;
use local::running::Running;
use local::say::Say;
use std::cell::Cell;
use std::process::ExitCode;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Port that the gateway has, or is to have.
    #[arg(long, default_value_t = 8000)]
    port: u16,

    /// PostgreSQL to look at instead of the one of this checkout's system, as its administrator.
    #[arg(long, env, hide_env_values = true, value_name = "URL")]
    database_url: Option<String>,

    /// Redis to look at instead.
    #[arg(long, env, hide_env_values = true, value_name = "URL")]
    redis_url: Option<String>,

    /// RabbitMQ to look at instead.
    #[arg(long, env, hide_env_values = true, value_name = "URL")]
    rabbitmq_url: Option<String>,
}

pub(crate) async fn run(arguments: Arguments, say: &Say) -> ExitCode {
    let Arguments { port, database_url, redis_url, rabbitmq_url } = arguments;
    let places = Places::of_system();
    let running = Running::find(&places);
    let target = Target { places, running, database_url, redis_url, rabbitmq_url, port };
    let wrong = Cell::new(0);
    target
        .look(|part, found| {
            say.line(format_args!("\n{part}"));
            for finding in found {
                tell(finding, say);
            }
            wrong.set(wrong.get() + found.iter().filter(|finding| finding.grade == Grade::Wrong).count());
        })
        .await;
    match wrong.get() {
        0 => say.line("\nNothing is wrong."),
        wrong => say.line(format_args!("\n{wrong} wrong.")),
    }
    if wrong.get() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(finding: &Finding, say: &Say) {
    let Finding { grade, what, advice } = finding;
    match grade {
        Grade::Well => say.done(what),
        Grade::Mind => say.line(format_args!("! {what}")),
        Grade::Wrong => say.failure(what),
    }
    if *grade != Grade::Well {
        say.line(format_args!("  → {advice}"));
    }
}
