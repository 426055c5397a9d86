//! Settings of this service; `--help` is their manual.
use jiff::SignedDuration;
use platform::config::{Broker, Grpc, Postgres, Process};
use secrecy::SecretString;
use uuid::Uuid;

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

    /// Where patient-svc answers; replicas separated by commas.
    #[arg(long, env)]
    pub patient_url: String,

    #[command(flatten)]
    pub lifetimes: Lifetimes,

    /// A new signing key is published for this long before it signs: longer than whoever keeps the published keys keeps
    /// them.
    #[arg(long, env, default_value = "5m", value_parser = positive)]
    pub key_ripening: SignedDuration,

    /// Fewest characters of a new password.
    #[arg(long, env, default_value_t = 15, value_parser = clap::value_parser!(u8).range(8..=64))]
    pub password_min_length: u8,

    /// When those who register themselves can log in.
    #[arg(long, env, value_enum, default_value_t = Registration::Immediate)]
    pub registration: Registration,

    /// Roles that may do nothing but set up a second factor until they have one, out of staff, doctor, admin and auditor,
    /// separated by commas. All of them in production.
    #[arg(long, env, value_delimiter = ',', value_parser = ["staff", "doctor", "admin", "auditor"])]
    pub require_second_factor: Vec<String>,

    /// What authenticators show beside the codes of the second factor: the name of the clinic.
    #[arg(long, env, default_value = "Healthcare", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub totp_issuer: String,

    #[command(flatten)]
    pub bootstrap: Bootstrap,
}

/// When those who register themselves can log in, and what they learn of those who are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Registration {
    /// At once; whose address has an account is told so.
    Immediate,
    /// Once they have proven their address; whether it has an account is told by mail only, to its owner.
    Verify,
}

/// What else the binary does.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Show or change the keys that access tokens are signed with.
    #[command(subcommand)]
    Keys(KeyCommand),
    /// Seal by `SECRET_KEY` what is sealed by `SECRET_KEY_ACCEPTED`, while everything goes on; exits with 1 when something
    /// still needs another secret than `SECRET_KEY`.
    Reseal,
}

#[derive(Clone, Copy, Debug, clap::Subcommand)]
pub enum KeyCommand {
    /// List the keys that tokens are verified with, oldest first.
    List,
    /// Make the next key at once; it signs after `KEY_RIPENING`, and the tokens of the one before stay valid.
    Rotate,
    /// Have every process refuse what a key has signed, within seconds: for one that leaked.
    Revoke {
        /// As `list` shows it.
        id: Uuid,
    },
}

/// How long tokens and sessions last.
#[derive(Clone, Debug, clap::Args)]
pub struct Lifetimes {
    /// Life of an access token, for instance `15m`.
    #[arg(long, env, default_value = "15m", value_parser = positive)]
    pub access_token_life: SignedDuration,

    /// A patient's session ends when it was not used for this long.
    #[arg(long, env, default_value = "168h", value_parser = positive)]
    pub patient_session_idle: SignedDuration,

    /// A patient's session ends this long after the log-in.
    #[arg(long, env, default_value = "720h", value_parser = positive)]
    pub patient_session_life: SignedDuration,

    /// Anyone else's session ends when it was not used for this long.
    #[arg(long, env, default_value = "30m", value_parser = positive)]
    pub staff_session_idle: SignedDuration,

    /// Anyone else's session ends this long after the log-in.
    #[arg(long, env, default_value = "12h", value_parser = positive)]
    pub staff_session_life: SignedDuration,
}

/// Who the first administrator is. Looked at only while there is none.
#[derive(Clone, Debug, clap::Args)]
pub struct Bootstrap {
    /// E-mail address of the first administrator.
    #[arg(long, env)]
    pub bootstrap_admin_email: Option<String>,

    /// Password of the first administrator.
    #[arg(long, env, hide_env_values = true)]
    pub bootstrap_admin_password: Option<SecretString>,
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

fn positive(text: &str) -> Result<SignedDuration, String> {
    let duration: SignedDuration = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    if duration.is_positive() { Ok(duration) } else { Err("must be more than nothing".to_owned()) }
}
