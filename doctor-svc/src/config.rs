//! Settings of this service.
use platform::config::{Broker, Grpc, Postgres, Process, Redis};

#[derive(Clone, Debug, clap::Args)]
pub struct Config {
    #[command(flatten)]
    pub process: Process,

    #[command(flatten)]
    pub grpc: Grpc,

    #[command(flatten)]
    pub postgres: Postgres,

    #[command(flatten)]
    pub redis: Redis,

    #[command(flatten)]
    pub broker: Broker,

    /// Where auth-svc answers, which has the keys of access tokens; replicas separated by commas.
    #[arg(long, env)]
    pub auth_url: String,

    /// Where appointment-svc answers, which keeps the calendars; replicas separated by commas.
    #[arg(long, env)]
    pub appointment_url: String,
}

impl AsRef<Process> for Config {
    fn as_ref(&self) -> &Process {
        &self.process
    }
}

impl AsMut<Postgres> for Config {
    fn as_mut(&mut self) -> &mut Postgres {
        &mut self.postgres
    }
}
