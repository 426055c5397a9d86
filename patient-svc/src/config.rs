//! Settings, all from the environment; `--help` is their manual.
use crate::domain::chain::Told;
use platform::config::{Broker, Grpc, Postgres, Process, Reads};
use proto::ids::PatientId;

#[derive(Clone, Debug, clap::Args)]
pub struct Config {
    #[command(flatten)]
    pub process: Process,

    #[command(flatten)]
    pub grpc: Grpc,

    #[command(flatten)]
    pub postgres: Postgres,

    #[command(flatten)]
    pub reads: Reads,

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

/// What else the binary does.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Check, read-only, that the audit log is as it was written; names what is not and exits with 1 then.
    AuditVerify {
        /// A checkpoint as a process has logged it, which must be there: `17:5f…`.
        #[arg(long)]
        checkpoint: Option<Told>,
    },
    /// Exchange keys.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Seal by `SECRET_KEY` what is sealed by `SECRET_KEY_ACCEPTED`, and vouch for the checkpoints that this has signed if
    /// the audit log verifies, while everything goes on; exits with 1 when it does not, or something still needs another
    /// secret than `SECRET_KEY`.
    Reseal,
}

#[derive(Clone, Debug, clap::Subcommand)]
pub enum KeysCommand {
    /// Give one patient another data key for what is written from now on.
    Renew {
        /// Which patient.
        patient_id: PatientId,
    },
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
