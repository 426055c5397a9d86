//! Settings, all from the environment; `--help` is their manual.
use crate::domain::webhook::{Host, Reach, Target};
use crate::domain::{BadQuietHours, Language, QuietHours};
use lettre::Address;
use lettre::message::Mailbox;
use platform::config::{Broker, Grpc, Postgres, Process};
use proto::scalars::{BadText, Label};
use secrecy::SecretString;
use std::path::PathBuf;
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
    pub broker: Broker,

    #[command(flatten)]
    pub smtp: Smtp,

    #[command(flatten)]
    pub sms: Sms,

    /// Where people reach the gateway, for instance `https://clinic.example`: links in mails lead there.
    #[arg(long, env)]
    pub public_url: String,

    /// The name of the clinic, as messages give it.
    #[arg(long, env, default_value = "Clinic", value_parser = clinic_name)]
    pub clinic_name: Label,

    /// The language of messages to whoever is not known to speak another that there is: en, es, de or fr.
    #[arg(long, env, default_value = "en")]
    pub default_language: Language,

    /// Addresses that are told when a doctor breaks the glass, separated by commas. When unset, the auditors are; when
    /// there is none, the admins.
    #[arg(long, env, value_delimiter = ',')]
    pub security_alert_email: Vec<Address>,

    /// Whether webhooks may also go to addresses of this network, and by `http`: for tries on one machine. Whoever
    /// registers a webhook then reaches whatever this process reaches.
    #[arg(long, env, action = clap::ArgAction::Set, default_value_t = false)]
    pub webhook_allow_private: bool,
    /// How long before visits patients are reminded of them, in minutes, unless the visit type says otherwise: up to 5,
    /// of 15 to 43200 each, separated by commas; `none` for never.
    #[arg(long, env, default_value = "1440,120")]
    pub reminder_offsets_minutes: Offsets,

    /// When nobody is reminded of anything, by the clock of the patient, unless they say otherwise; `none` for never.
    #[arg(long, env, default_value = "21:00-08:00")]
    pub quiet_hours: Usual,

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

/// What else the binary does.
#[derive(Clone, Copy, Debug, clap::Subcommand)]
pub enum Command {
    /// Seal by `SECRET_KEY` what is sealed by `SECRET_KEY_ACCEPTED`, and keep what tells that links in mails are ours, while
    /// everything goes on; exits with 1 when something still needs another secret than `SECRET_KEY`.
    Reseal {
        /// Let the links in all mails end that another secret than `SECRET_KEY` has signed: for one that leaked. They end
        /// when `SECRET_KEY_ACCEPTED` is taken away, whether this is run without it again or not.
        #[arg(long)]
        end_links: bool,
    },
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

/// Who sends short messages for us. None are sent without a provider or a file.
#[derive(Clone, Debug, clap::Args)]
pub struct Sms {
    /// Where the provider of SMS takes messages, as `docs/sms.md` says: by `https`, or on this machine.
    #[arg(long, env, requires = "sms_provider_token", conflicts_with = "sms_file", value_parser = provider)]
    pub sms_provider_url: Option<Target>,

    /// What the provider knows us by.
    #[arg(long, env, requires = "sms_provider_url", hide_env_values = true)]
    pub sms_provider_token: Option<SecretString>,

    /// Whom an SMS says that it is from, a number or a name; as the provider has it when unset.
    #[arg(long, env, requires = "sms_provider_url")]
    pub sms_from: Option<String>,

    /// A file that gets each SMS as a line of JSON, in place of a provider: for tries on one machine.
    #[arg(long, env)]
    pub sms_file: Option<PathBuf>,
}

fn provider(text: &str) -> Result<Target, String> {
    let target = Target::parse(text, Reach::Anywhere).map_err(|error| error.to_string())?;
    let is_here = match target.host() {
        Host::Name(name) => name == "localhost",
        Host::Address(address) => address.is_loopback(),
    };
    if target.is_encrypted() || is_here {
        Ok(target)
    } else {
        Err("must begin with https:// unless it is on this machine".to_owned())
    }
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

/// How long before visits, in minutes, the longest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offsets(pub Vec<i32>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be up to 5 different numbers, 15 to 43200, separated by commas, or none")]
pub struct BadOffsets;

impl FromStr for Offsets {
    type Err = BadOffsets;

    fn from_str(text: &str) -> Result<Self, BadOffsets> {
        if text == "none" {
            return Ok(Self(Vec::new()));
        }
        let minutes = text.split(',').map(|minutes| minutes.trim().parse());
        let mut minutes: Vec<i32> = minutes.collect::<Result<_, _>>().map_err(|_| BadOffsets)?;
        minutes.sort_unstable_by(|one, other| other.cmp(one));
        let are_different = minutes.windows(2).all(|pair| pair[0] != pair[1]);
        let fit = minutes.len() <= 5 && minutes.iter().all(|offset| (15..=43_200).contains(offset));
        if are_different && fit { Ok(Self(minutes)) } else { Err(BadOffsets) }
    }
}

/// Quiet hours, or none.
#[derive(Clone, Copy, Debug)]
pub struct Usual(pub Option<QuietHours>);

impl FromStr for Usual {
    type Err = BadQuietHours;

    fn from_str(text: &str) -> Result<Self, BadQuietHours> {
        Ok(Self(if text == "none" { None } else { Some(text.parse()?) }))
    }
}

fn clinic_name(text: &str) -> Result<Label, BadText> {
    text.to_owned().try_into()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_elsewhere_is_reached_by_https() {
        for fits in [
            "https://sms.example/v1/messages",
            "http://127.0.0.1:9000/sms",
            "http://localhost/",
            "http://[::1]/",
        ] {
            assert!(provider(fits).is_ok(), "{fits}");
        }
        for wrong in
            ["http://sms.example/", "http://10.0.0.7/", "https://me:secret@sms.example/", "sms.example", ""]
        {
            assert!(provider(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn offsets_are_different_numbers_within_bounds_and_the_longest_comes_first() {
        let offsets = |text: &str| text.parse::<Offsets>().map(|Offsets(minutes)| minutes);
        assert_eq!(offsets("120, 1440"), Ok(vec![1440, 120]));
        assert_eq!(offsets("none"), Ok(Vec::new()));
        for wrong in ["", "14", "43201", "60,60", "1,2", "15,16,17,18,19,20", "a day"] {
            assert_eq!(offsets(wrong), Err(BadOffsets), "{wrong}");
        }
    }
}
