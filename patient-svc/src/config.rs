//! Settings, all from the environment; `--help` is their manual.
use platform::config::{Broker, Grpc, Postgres, Process};

#[derive(Clone, Debug, clap::Args)]
pub struct Config {
    #[command(flatten)]
    pub process: Process,

    #[command(flatten)]
    pub grpc: Grpc,

    #[command(flatten)]
    pub postgres: Postgres,

    #[command(flatten)]
    pub broker: Broker,

    /// Where auth-svc answers, for instance `http://localhost:50051`; replicas separated by commas.
    #[arg(long, env)]
    pub auth_url: String,

    /// Where appointment-svc answers; replicas separated by commas.
    #[arg(long, env)]
    pub appointment_url: String,
}

impl AsRef<Process> for Config {
    fn as_ref(&self) -> &Process {
        &self.process
    }
}
