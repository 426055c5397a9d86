//! Settings, all from the environment; `--help` is their manual.
use lettre::Address;
use lettre::message::Mailbox;
use platform::config::{Broker, Grpc, Postgres, Process};
use secrecy::SecretString;

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

    #[command(flatten)]
    pub smtp: Smtp,

    /// Where people reach the gateway, for instance `https://clinic.example`: links in mails lead there.
    #[arg(long, env)]
    pub public_url: String,

    /// Addresses that are told when a doctor breaks the glass, separated by commas. When unset, the auditors are; when
    /// there is none, the admins.
    #[arg(long, env, value_delimiter = ',')]
    pub security_alert_email: Vec<Address>,

    /// Whether webhooks may also go to addresses of this network, and by `http`: for tries on one machine. Whoever
    /// registers a webhook then reaches whatever this process reaches.
    #[arg(long, env, action = clap::ArgAction::Set, default_value_t = false)]
    pub webhook_allow_private: bool,

    /// Where auth-svc answers; several replicas are separated by commas.
    #[arg(long, env)]
    pub auth_url: String,

    /// Where patient-svc answers; several replicas are separated by commas.
    #[arg(long, env)]
    pub patient_url: String,

    /// Where doctor-svc answers; several replicas are separated by commas.
    #[arg(long, env)]
    pub doctor_url: String,

    /// Where appointment-svc answers; several replicas are separated by commas.
    #[arg(long, env)]
    pub appointment_url: String,
}

/// The server that takes our mail.
#[derive(Clone, Debug, clap::Args)]
pub struct Smtp {
    /// Name or address of the mail server.
    #[arg(long, env)]
    pub smtp_server: String,

    /// Port of the mail server.
    #[arg(long, env, default_value_t = 587)]
    pub smtp_port: u16,

    /// Name to log in to the mail server with; no log-in when unset.
    #[arg(long, env, requires = "smtp_password")]
    pub smtp_username: Option<String>,

    /// Password to log in to the mail server with.
    #[arg(long, env, requires = "smtp_username", hide_env_values = true)]
    pub smtp_password: Option<SecretString>,

    /// How the connection to the mail server is encrypted.
    #[arg(long, env, value_enum, default_value_t = SmtpTls::Starttls)]
    pub smtp_tls: SmtpTls,

    /// Seconds that the mail server may take to let us in, and again to agree to take a message.
    #[arg(long, env, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=300))]
    pub smtp_timeout_seconds: u64,

    /// Seconds that the mail server may take to accept a message that it was given. A server that accepts later
    /// than this gets the message again and again.
    #[arg(long, env, default_value_t = 600, value_parser = clap::value_parser!(u64).range(60..=3600))]
    pub smtp_acceptance_timeout_seconds: u64,

    /// Sender of every message, for instance `Clinic <noreply@clinic.example>`.
    #[arg(long, env)]
    pub email_from: Mailbox,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum SmtpTls {
    /// Not at all: for a server on this machine.
    None,
    /// By STARTTLS, and never without.
    Starttls,
    /// From the first byte.
    Tls,
}

impl AsRef<Process> for Config {
    fn as_ref(&self) -> &Process {
        &self.process
    }
}
