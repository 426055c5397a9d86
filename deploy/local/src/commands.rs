//! What a service does with the database when told to by a word, instead of serving.
use crate::places::binaries;
use crate::secrets::Secrets;
use crate::service::Service;
use std::time::Duration;
use tokio::process::Command;

/// Longest time for one of them.
const PATIENCE: Duration = Duration::from_secs(120);

/// Settings that must be there, of what is not needed for it.
const NOWHERE: [(&str, &str); 10] = [
    ("RABBITMQ_URL", "amqp://127.0.0.1:1/%2f"),
    ("REDIS_URL", "redis://127.0.0.1:1"),
    ("SMTP_SERVER", "127.0.0.1"),
    ("EMAIL_FROM", "nobody@localhost"),
    ("PUBLIC_URL", "http://127.0.0.1:1"),
    ("AUTH_URL", "http://127.0.0.1:1"),
    ("PATIENT_URL", "http://127.0.0.1:1"),
    ("DOCTOR_URL", "http://127.0.0.1:1"),
    ("APPOINTMENT_URL", "http://127.0.0.1:1"),
    ("LOG_LEVEL", "error"),
];

/// Whether it succeeded, and all lines that it said; or why it could not be run. It works as whoever `database_url` is.
pub async fn run(
    service: Service,
    word: &str,
    database_url: &str,
    secrets: &Secrets,
) -> Result<(bool, String), String> {
    let program = binaries().map_err(|error| error.to_string())?.join(service.name());
    let mut command = Command::new(&program);
    command.arg(word).env_clear().envs(NOWHERE).kill_on_drop(true);
    command.env("SECRET_KEY", &secrets.secret_key).env("DATABASE_URL", database_url);
    match tokio::time::timeout(PATIENCE, command.output()).await {
        Err(_) => Err(format!("{service} {word} takes longer than {} s", PATIENCE.as_secs())),
        Ok(Err(error)) => Err(format!("{}: {error}", program.display())),
        Ok(Ok(ended)) => {
            let said = [ended.stdout, ended.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
            Ok((ended.status.success(), said.concat()))
        }
    }
}
