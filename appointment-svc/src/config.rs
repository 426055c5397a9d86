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

    /// How long a time is kept for whoever is about to book it.
    #[arg(long, env, default_value_t = 300, value_parser = clap::value_parser!(u32).range(30..=900))]
    pub hold_ttl_seconds: u32,
}

/// What else the binary does.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Check, read-only, that the database keeps what is promised of visits; exits with 1 when it does not.
    Verify,
    /// List, read-only, the visits ahead that begin at another instant by the time zones of this release than by those
    /// that they were booked with; exits with 1 when there are any.
    RecheckZones,
}

impl AsRef<Process> for Config {
    fn as_ref(&self) -> &Process {
        &self.process
    }
}
