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

    /// Where auth-svc answers; several replicas are separated by commas.
    #[arg(long, env)]
    pub auth_url: String,

    /// Where patient-svc answers; several replicas are separated by commas.
    #[arg(long, env)]
    pub patient_url: String,

    /// Where doctor-svc answers; several replicas are separated by commas.
    #[arg(long, env)]
    pub doctor_url: String,
}

impl AsRef<Process> for Config {
    fn as_ref(&self) -> &Process {
        &self.process
    }
}
