//! What the services verify of the database themselves, by commands that change nothing.
use super::{Finding, mind, well, wrong};
use crate::places::binaries;
use crate::secrets::Secrets;
use crate::service::Service;
use std::time::Duration;
use tokio::process::Command;

/// Longest time for looking at everything.
const PATIENCE: Duration = Duration::from_secs(120);

/// Of what is not needed to look.
const NOWHERE: [(&str, &str); 6] = [
    ("RABBITMQ_URL", "amqp://127.0.0.1:1/%2f"),
    ("AUTH_URL", "http://127.0.0.1:1"),
    ("PATIENT_URL", "http://127.0.0.1:1"),
    ("DOCTOR_URL", "http://127.0.0.1:1"),
    ("APPOINTMENT_URL", "http://127.0.0.1:1"),
    ("LOG_LEVEL", "error"),
];

/// As whoever `database_url` is.
pub(super) async fn look(database_url: &str, secrets: Option<&Secrets>) -> Vec<Finding> {
    let Some(secrets) = secrets else {
        let advice =
            "run `appointment-svc verify` and `patient-svc audit-verify` with the services' settings";
        return vec![mind("visits and audit log were not verified, for want of SECRET_KEY", advice)];
    };
    let (visits, log) = tokio::join!(
        verify(Service::Appointment, "verify", database_url, secrets),
        verify(Service::Patient, "audit-verify", database_url, secrets),
    );
    let visits =
        outcome("visits", visits, "see README, `appointment-svc verify`; tell whoever maintains this");
    let log = outcome("audit log", log, "see README, `patient-svc audit-verify`; find out who changed it");
    [visits, log].concat()
}

/// All lines that a service says, or why it says nothing.
pub(crate) async fn verify(
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

fn outcome(what: &str, verified: Result<(bool, String), String>, advice: &str) -> Vec<Finding> {
    let (is_well, said) = match verified {
        Ok(verified) => verified,
        Err(error) => {
            return vec![wrong(format!("{what}: not verified: {error}"), "build it by `cargo build`")];
        }
    };
    let failed: Vec<Finding> = said
        .lines()
        .filter_map(|line| line.strip_prefix("FAIL "))
        .map(|line| wrong(format!("{what}: {line}"), advice))
        .collect();
    match (is_well, failed.is_empty()) {
        (true, _) => vec![well(format!("{what}: verified, nothing is wrong"))],
        (false, false) => failed,
        (false, true) => vec![wrong(format!("{what}: not verified: {}", said.trim()), advice)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Grade::{Well, Wrong};

    #[test]
    fn each_promise_that_is_broken_is_told() {
        let judged = |is_well, said: &str| outcome("visits", Ok((is_well, said.to_owned())), "");
        assert_eq!(judged(true, "ok   a: 3 looked at\n")[0].grade, Well);
        let broken = judged(false, "ok   a\nFAIL b: 1 wrong: id\nFAIL c\n{\"level\":\"ERROR\"}\n");
        assert_eq!(
            broken.iter().map(|found| found.what.as_str()).collect::<Vec<_>>(),
            ["visits: b: 1 wrong: id", "visits: c"]
        );
        assert_eq!(judged(false, "cannot connect")[0].grade, Wrong);
        assert_eq!(outcome("visits", Err("no such file".to_owned()), "")[0].grade, Wrong);
    }
}
