//! `cargo dev up`: starts everything, tells where it is, and stops it when asked to.
mod system; // everything that runs
mod summary; // what a person wants to know of it

use crate::verbs::build;
use crate::verbs::interrupt::{INTERRUPTED, Interrupts};
use anyhow::bail;
use local::places::Places;
use local::running::Running;
use local::say::Say;
use local::{install, ports};
use std::process::ExitCode;
use system::System;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Port of the gateway on 127.0.0.1.
    #[arg(long, default_value_t = 8000, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,

    /// Processes of every service and of the gateway; further gateways listen on the next ports.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=20))]
    replicas: u16,

    /// Encrypt everything, by certificates of authorities of this checkout: HTTPS outside, mTLS inside, TLS to private stores.
    #[arg(long)]
    tls: bool,

    /// Leave the clinic empty.
    #[arg(long)]
    no_demo: bool,

    /// PostgreSQL to use instead of a private one; its role must be allowed to create roles.
    #[arg(long, env, hide_env_values = true, value_name = "URL")]
    database_url: Option<String>,

    /// Redis to use instead of a private one.
    #[arg(long, env, hide_env_values = true, value_name = "URL")]
    redis_url: Option<String>,

    /// RabbitMQ to use instead of a private one.
    #[arg(long, env, hide_env_values = true, value_name = "URL")]
    rabbitmq_url: Option<String>,
}

pub(crate) async fn run(arguments: Arguments, say: &Say) -> anyhow::Result<ExitCode> {
    let mut interrupts = Interrupts::catch()?;
    let places = Places::of_system();
    let _lock = places.lock()?;
    let started = tokio::select! {
        started = start(&arguments, &places, say) => started,
        () = interrupts.next() => {
            say.line("Interrupted; what had been started was stopped.");
            return Ok(ExitCode::from(INTERRUPTED));
        }
    };
    let system = started?;
    summary::tell(&system, &arguments, &places, say);

    let died = tokio::select! {
        death = system.death() => Some(death),
        () = interrupts.next() => None,
    };
    if let Some((server, status)) = &died {
        let how = status.map_or("for an unknown reason".to_owned(), |status| format!("with {status}"));
        say.failure(format_args!("{} stopped {how}:\n{}", server.name(), server.last_words()));
    }
    say.line("\nStopping…");
    Running::forget(&places);
    tokio::select! {
        () = system.stop(say) => {}
        () = interrupts.next() => say.line("Interrupted again; ended at once."),
    }
    Ok(if died.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn start(arguments: &Arguments, places: &Places, say: &Say) -> anyhow::Result<System> {
    for folder in places.runs() {
        let stopped = local::process::stop_leftovers(&folder)?;
        for name in stopped {
            say.done(format_args!("{name} was left over from an earlier run, and is stopped"));
        }
    }
    check_ports(arguments)?;
    let secrets = system::secrets(places, say)?;
    install::ensure(&system::programs(arguments), say).await?;
    build::programs().await?;
    places.prepare()?;
    System::start(arguments, places, &secrets, say).await
}

/// Better told now than after a minute of building.
fn check_ports(arguments: &Arguments) -> anyhow::Result<()> {
    let Some(last) = arguments.port.checked_add(arguments.replicas - 1) else {
        bail!(
            "there are not {} ports from {} on; choose a lower one by --port",
            arguments.replicas,
            arguments.port
        );
    };
    for port in arguments.port..=last {
        if !ports::is_free(port) {
            bail!(
                "port {port} is taken by another program; choose another one, for instance: cargo dev --port 8100"
            );
        }
    }
    Ok(())
}
