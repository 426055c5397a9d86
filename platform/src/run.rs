//! The body of every `main`: settings, telemetry, signals, serve, drain, flush.
use crate::admin::{self, Readiness};
use crate::config::{Postgres, Process, secrets_in_files};
use crate::mtls::Mtls;
use crate::secrets::RootSecret;
use crate::shutdown::{self, Shutdown};
use crate::telemetry::{self, LogLevel};
use std::convert::Infallible;
use std::process::ExitCode;
use std::time::Duration;
use tokio::net::TcpListener;

// Not a doc comment: that would be the first line of `--help`.
#[derive(clap::Parser)]
#[command(
    version,
    about = "Serves gRPC until SIGINT or SIGTERM. Every option is an environment variable, too; secrets may be in files, \
             whose paths are in the variables of that name with _FILE behind."
)]
struct Arguments<C: clap::Args, O: clap::Subcommand> {
    #[command(flatten)]
    config: C,

    #[command(subcommand)]
    command: Option<Command<O>>,
}

#[derive(clap::Subcommand)]
enum Command<O: clap::Subcommand> {
    /// Migrate the database, then exit.
    Migrate,
    /// Of the service itself.
    #[command(flatten)]
    Own(O),
}

/// Runs a service: `migrate` first, which makes its tables or waits for them, then `serve` on the configured address,
/// until SIGINT or SIGTERM. Exits with 0 after a clean stop, 1 after a failure, 2 when settings are missing or wrong.
pub async fn service<C, M, S>(
    name: &'static str,
    migrate: impl FnOnce(C) -> M + Send + 'static,
    serve: impl FnOnce(C, TcpListener, Readiness, Shutdown) -> S + Send + 'static,
) -> ExitCode
where
    C: clap::Args + Clone + AsRef<Process> + AsMut<Postgres> + Send + 'static,
    M: Future<Output = anyhow::Result<()>> + Send + 'static,
    S: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let none = async |_: C, never: Infallible| match never {};
    service_with(name, migrate, serve, none).await
}

/// Runs a service that has commands of its own. These do their work on the database as it is, and exit.
pub async fn service_with<C, O, M, S>(
    name: &'static str,
    migrate: impl FnOnce(C) -> M + Send + 'static,
    serve: impl FnOnce(C, TcpListener, Readiness, Shutdown) -> S + Send + 'static,
    own: impl AsyncFnOnce(C, O) -> anyhow::Result<()>,
) -> ExitCode
where
    C: clap::Args + Clone + AsRef<Process> + AsMut<Postgres> + Send + 'static,
    O: clap::Subcommand,
    M: Future<Output = anyhow::Result<()>> + Send + 'static,
    S: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let matches = secrets_in_files(<Arguments<C, O> as clap::CommandFactory>::command()).get_matches();
    let arguments = <Arguments<C, O> as clap::FromArgMatches>::from_arg_matches(&matches);
    let Arguments { mut config, command } = arguments.unwrap_or_else(|error| error.exit());
    let mut process = config.as_ref().clone();
    if command.is_some() {
        // That port is the one of the process that serves.
        process.admin_listen = None;
    }
    run(name, &process, async |readiness, shutdown| {
        match command {
            Some(Command::Own(command)) => return own(config, command).await,
            Some(Command::Migrate) => {
                config.as_mut().migrate = true;
                return migrate(config).await;
            }
            None => in_private(config.as_ref(), Mtls::of_process().is_some())?,
        }
        let stopping = shutdown.clone();
        tell_root_secret(config.as_ref())?;
        let serving = async move {
            tokio::select! {
                migrated = migrate(config.clone()) => migrated?,
                () = stopping.requested() => return Ok(()),
            }
            let listener = TcpListener::bind(config.as_ref().listen).await?;
            tracing::info!(address = %listener.local_addr()?, "serving");
            serve(config, listener, readiness, stopping).await
        };
        supervise(serving, &shutdown).await
    })
    .await
}

/// Runs `body` with telemetry and the private port, and stops everything in time.
pub async fn run(
    name: &'static str,
    process: &Process,
    body: impl AsyncFnOnce(Readiness, Shutdown) -> anyhow::Result<()>,
) -> ExitCode {
    let started = RootSecret::of(process).map_err(anyhow::Error::from);
    let telemetry = match started.and_then(|_strong| telemetry::start(name, process)) {
        Ok(telemetry) => telemetry,
        Err(error) => {
            eprintln!("{name}: {error:#}");
            return ExitCode::from(2);
        }
    };
    let shutdown = Shutdown::default();
    let outcome = with_private_port(process, telemetry.log_level.clone(), &shutdown, body).await;
    let grace = Duration::from_secs(process.shutdown_grace_seconds);
    if !shutdown.complete(grace).await {
        tracing::warn!("gave up on unfinished work");
    }
    if let Err(error) = &outcome {
        tracing::error!(error = error.as_ref() as &dyn std::error::Error, "failed");
    }
    telemetry.flush();
    if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn with_private_port(
    process: &Process,
    log_level: LogLevel,
    shutdown: &Shutdown,
    body: impl AsyncFnOnce(Readiness, Shutdown) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    Mtls::install(process, shutdown)?;
    let readiness = Readiness::default();
    if let Some(address) = process.admin_listen {
        admin::serve(address, readiness.clone(), log_level, shutdown).await?;
    }
    body(readiness, shutdown.clone()).await
}

/// Says by which root secret this process works, so that it is seen when all have exchanged it; commands do not, whose
/// output is what was asked for.
pub fn tell_root_secret(process: &Process) -> anyhow::Result<()> {
    let root = RootSecret::of(process)?;
    let (own, accepted) = root.names();
    tracing::info!(secret_key.name = own, secret_key.accepted = accepted, "has its root secret");
    Ok(())
}

/// Refuses to serve in the clear where others can listen in.
pub fn in_private(process: &Process, is_encrypted: bool) -> anyhow::Result<()> {
    let is_open = !process.listen.ip().to_canonical().is_loopback();
    anyhow::ensure!(
        is_encrypted || process.network_is_private || !is_open,
        "{} can be reached from elsewhere: set certificates, or NETWORK_IS_PRIVATE=true when only the mesh and its \
         proxies are on that network",
        process.listen
    );
    Ok(())
}

/// Waits until `serving` ends by itself, or asks it to at the first signal.
pub async fn supervise(
    serving: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    shutdown: &Shutdown,
) -> anyhow::Result<()> {
    let mut serving = std::pin::pin!(serving);
    tokio::select! {
        outcome = &mut serving => return outcome,
        signal = shutdown::signal() => signal?,
    }
    tracing::info!("stopping");
    shutdown.request();
    serving.await
}
