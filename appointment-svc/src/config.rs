//! Settings, all from the environment; `--help` is their manual.
use crate::domain::waitlist::{BadQuietHours, QuietHours};
use platform::config::{Broker, Grpc, Postgres, Process, Reads};
use std::str::FromStr;

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

    /// How long a free time stands on offer to whoever waits for one, unless the visit is near.
    #[arg(long, env, default_value_t = 1800, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub waitlist_offer_ttl_seconds: u32,

    /// When those who wait are not asked to answer, by the clock of the place; `none` for never.
    #[arg(long, env, default_value = "21:00-08:00")]
    pub waitlist_quiet_hours: Quiet,

    /// To how many who wait a free time is offered at once: 1, and it is kept for them; more, and the first who accepts
    /// has it.
    #[arg(long, env, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=20))]
    pub waitlist_broadcast: u16,

    /// How many days before and after a visit its doctor treats the patient, and reads their records.
    #[arg(long, env, default_value_t = 365, value_parser = clap::value_parser!(i32).range(1..=3650))]
    pub care_relationship_days: i32,
}

/// Quiet hours, or none.
#[derive(Clone, Copy, Debug)]
pub struct Quiet(pub Option<QuietHours>);

impl FromStr for Quiet {
    type Err = BadQuietHours;

    fn from_str(text: &str) -> Result<Self, BadQuietHours> {
        Ok(Self(if text == "none" { None } else { Some(text.parse()?) }))
    }
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

impl AsMut<Postgres> for Config {
    fn as_mut(&mut self) -> &mut Postgres {
        &mut self.postgres
    }
}
