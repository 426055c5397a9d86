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

    /// For how long a doctor who breaks the glass may read.
    #[arg(long, env, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=480))]
    pub break_glass_minutes: u32,

    /// A doctor whose broken glass nobody has reviewed for longer than this breaks no other.
    #[arg(long, env, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=90))]
    pub break_glass_review_days: u32,
}

impl AsRef<Process> for Config {
    fn as_ref(&self) -> &Process {
        &self.process
    }
}
